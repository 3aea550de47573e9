//! Finishes the contract: what is the same everywhere is said once, here.

#![expect(
    clippy::indexing_slicing,
    reason = "the document is made by this code alone; a test proves it whole, and no request reaches it"
)]

use serde_json::{Map, Value, json};

use super::{ContractError, responses};
use crate::{
    domain::{
        operation::{Audience, Operation, PolicyGate, Shape},
        partner::Scope,
    },
    problem::{FieldCode, FieldProblem, Problem, ProblemCode, ProblemView},
};

const DESCRIPTION: &str = "\
Keeps the promises of a crypto-mining platform's privacy policy: accounts, KYC, consent, a disclosure log and \
rights requests.

Every refusal is a problem document (RFC 9457) with a stable `code`. Instants are RFC 3339 in UTC. Lists are \
`{data, next_cursor}`. A `POST` that lists it can carry an `Idempotency-Key`: the same key and body within 24 hours get the same \
answer, or `already_done` where the answer held a secret.";

const TAGS: &[(&str, &str)] = &[
    ("Policy", "The privacy policy, in numbered versions."),
    ("Devices", "What is asked of a device before anybody signs in on it, and its cookies."),
    ("Accounts", "Opening an account."),
    ("Account", "The person's own account: profile, history, confirmation."),
    ("Security", "What keeps an account its owner's: password, email and phone, second factors, closure."),
    ("Sessions", "Signing in, with a second factor where there is one, staying in, signing out."),
    ("Consent", "What the person agreed to, in which words, and what stands."),
    ("Notices", "What the person was told."),
    ("Verification", "The verification of the person's identity: what is asked for, and how it stands."),
    ("Disclosures", "What is disclosed about the person, to whom, and what the person is asked before."),
    ("Access log", "Which staff opened which data of the person."),
    ("Support", "Asking the support, and its answers."),
    ("Staff members", "Who works here, and in which roles."),
    ("Staff sessions", "Signing in as staff."),
    ("Staff reads", "Opening personal data, narrowly."),
    ("Staff support", "Answering persons."),
    ("Staff verification", "Asking persons for a verification of their identity."),
    ("Staff policy", "The next version of the policy, written by one and published by another."),
    ("Orders", "Orders of courts and state bodies, which compel disclosures."),
    ("Recipients", "The register of those whom data may go to."),
    (
        "Staff disclosures",
        "Drafting, reviewing and releasing disclosures, without a look at anybody's values.",
    ),
    ("Rights without signing in", "Rights by a link in a mail, for whoever cannot sign in."),
    ("Rights requests", "What persons ask about their own data, and what holds meanwhile."),
    ("Staff rights requests", "Answering them in time."),
    ("Transfers", "The data of all persons on their way to a buyer of the company."),
    ("Advertisements", "The advertisements whose clicks are counted."),
    ("Partner clients", "The systems of partners, and what they prove themselves by."),
    ("Partner", "What partners call, with tokens by scope."),
    ("Webhook endpoints", "Where partners are told that something waits for them."),
    ("Webhooks", "What partners are told, in the form of Standard Webhooks."),
    ("Log", "The tamper-evident log, for anybody to verify."),
    ("Keys", "Public keys that verify what the service signs."),
];

/// Where an answer leads: operation, status, name, target operation, its parameters.
type LinkRow =
    (&'static str, &'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The number of a draft, or of a version.
const DRAFT: &[(&str, &str)] = &[("version", "$response.body#/version")];

const LINKS: &[LinkRow] = &[
    ("register_account", "202", "verify", "verify_account", &[]),
    ("verify_account", "201", "account", "get_account", &[]),
    ("verify_account", "201", "end", "end_session", &[("session_id", "$response.body#/session/session_id")]),
    ("create_session", "201", "end", "end_session", &[("session_id", "$response.body#/session/session_id")]),
    ("create_session", "201", "list", "list_sessions", &[]),
    (
        "request_email_change",
        "202",
        "confirm",
        "confirm_email_change",
        &[("email_change_id", "$response.body#/email_change_id")],
    ),
    (
        "request_phone_change",
        "202",
        "confirm",
        "confirm_phone_change",
        &[("phone_change_id", "$response.body#/phone_change_id")],
    ),
    ("enrol_totp", "201", "confirm", "confirm_totp", &[]),
    ("confirm_totp", "201", "codes", "create_recovery_codes", &[]),
    ("confirm_totp", "201", "remove", "remove_totp", &[]),
    ("confirm_phone_change", "201", "remove", "remove_phone", &[]),
    ("create_recovery_codes", "201", "security", "get_account_security", &[]),
    ("close_account", "201", "reopen", "reopen_account", &[]),
    ("request_password_reset", "202", "confirm", "confirm_password_reset", &[]),
    ("confirm_password_reset", "201", "sign_in", "create_session", &[]),
    (
        "create_session",
        "201",
        "answer",
        "answer_sign_in_challenge",
        &[("challenge_id", "$response.body#/challenge_id")],
    ),
    (
        "create_session",
        "201",
        "send_code",
        "send_sign_in_code",
        &[("challenge_id", "$response.body#/challenge_id")],
    ),
    (
        "answer_sign_in_challenge",
        "201",
        "end",
        "end_session",
        &[("session_id", "$response.body#/session/session_id")],
    ),
    ("send_step_up_code", "202", "step_up", "step_up_session", &[]),
    ("refresh_session", "201", "end", "end_session", &[("session_id", "$response.body#/session_id")]),
    ("confirm_account_data", "201", "account", "get_account", &[]),
    (
        "get_log_checkpoint",
        "200",
        "consistency",
        "get_log_consistency_proof",
        &[("from_size", "$response.body#/tree_size")],
    ),
    (
        "get_log_inclusion_proof",
        "200",
        "again",
        "get_log_inclusion_proof",
        &[("leaf_hash", "$response.body#/leaf_hash"), ("tree_size", "$response.body#/tree_size")],
    ),
    ("accept_policy", "201", "consents", "list_consents", &[]),
    ("refuse_policy", "201", "sign_in", "create_session", &[]),
    (
        "set_consent",
        "200",
        "receipt",
        "get_consent_receipt",
        &[("consent_event_id", "$response.body#/consent_event_id")],
    ),
    ("acknowledge_notice", "201", "notices", "list_notices", &[]),
    ("draft_policy_version", "201", "draft", "get_policy_draft", DRAFT),
    ("draft_policy_version", "201", "rewrite", "rewrite_policy_draft", DRAFT),
    ("draft_policy_version", "201", "discard", "discard_policy_draft", DRAFT),
    ("draft_policy_version", "201", "publish", "publish_policy_version", DRAFT),
    ("publish_policy_version", "201", "version", "get_policy_version", DRAFT),
    (
        "get_current_policy_version",
        "200",
        "version",
        "get_policy_version",
        &[("version", "$response.body#/version")],
    ),
];

pub(super) fn finish(mut document: Value) -> Result<Value, ContractError> {
    document["info"] = json!({
        "title": "Smart-mining privacy service",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Accounts, KYC, consent, disclosure log and rights requests.",
        "description": DESCRIPTION,
        "contact": {"name": "API support", "url": "https://smart-mining.dev/support", "email": "api@smart-mining.dev"},
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    });
    document["servers"] = json!([{
        "url": "/",
        "description": "The host that serves this document, local or production.",
        "x-internal": false,
    }]);
    document["tags"] =
        TAGS.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect();
    document["security"] = json!([{ "person": [] }]);
    let examples = super::examples::examples();
    if let Some(paths) = document["paths"].as_object_mut() {
        for operation in
            paths.values_mut().filter_map(Value::as_object_mut).flat_map(|path| path.values_mut())
        {
            finish_operation(operation, &examples)?;
        }
    }
    finish_components(&mut document["components"]);
    // In the order in which a reader wants to meet them.
    document["webhooks"] = super::webhooks::webhooks();
    let keys = ["openapi", "info", "servers", "security", "tags", "paths", "webhooks", "components"];
    Ok(Value::Object(keys.into_iter().map(|key| (key.to_owned(), document[key].take())).collect()))
}

fn finish_operation(described: &mut Value, examples: &Map<String, Value>) -> Result<(), ContractError> {
    let id = described["operationId"].as_str().unwrap_or_default().to_owned();
    let operation = Operation::find(&id).ok_or(ContractError::UnknownOperation(id))?;
    match operation.audience {
        Audience::Public if operation.takes_a_persons_token() => {
            described["security"] = json!([{}, { "person": [] }]);
        }
        Audience::Public => described["security"] = json!([]),
        Audience::Person => {}
        Audience::Staff => described["security"] = json!([{ "staff": [] }]),
        Audience::Partner => {
            let scopes: Vec<&str> = operation.scopes.iter().map(|scope| scope.as_str()).collect();
            described["security"] = json!([{ "partner": scopes }]);
        }
    }
    if !operation.roles.is_empty() {
        let roles: Vec<String> = operation.roles.iter().map(|role| format!("`{role}`")).collect();
        let words = described["description"].as_str().unwrap_or_default();
        described["description"] = json!(format!("{words}\n\nRoles: {}.", roles.join(", ")));
    }
    add_parameters(described, operation);
    add_refusals(described, operation);
    if let Some(body) = described.get_mut("requestBody") {
        add_examples(body, examples);
    }
    if let Some(answers) = described["responses"].as_object_mut() {
        for (status, answer) in answers.iter_mut().filter(|(status, _)| status.starts_with('2')) {
            add_examples(answer, examples);
            answer["headers"] = headers_of(operation, status);
            let links = links_of(operation, status);
            if !links.is_empty() {
                answer["links"] = Value::Object(links);
            }
        }
    }
    Ok(())
}

fn add_parameters(described: &mut Value, operation: &Operation) {
    let mut names = Vec::new();
    match operation.shape {
        Shape::Page => names.extend(["Cursor", "Limit"]),
        Shape::Versioned => names.push("IfMatch"),
        Shape::Single | Shape::Query => {}
    }
    if takes_a_key(operation) {
        names.push("IdempotencyKey");
    }
    if names.is_empty() {
        return;
    }
    let shared = names.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
    let own = described["parameters"].as_array().cloned().unwrap_or_default();
    described["parameters"] = own.into_iter().chain(shared).collect();
}

/// Whether it takes an `Idempotency-Key`, which may belong to another request.
fn takes_a_key(operation: &Operation) -> bool {
    // A signal's own reference tells a repeat, people are counted once, and looking changes nothing.
    let tells_repeats_itself = [
        "create_access_token",
        "report_signals",
        "report_ad_events",
        "preview_rights_request",
        "preview_rights_request_by_link",
        "read_rights_request_result",
        "download_rights_archive_by_token",
    ]
    .contains(&operation.id);
    operation.method == "POST" && !tells_repeats_itself
}

fn add_refusals(described: &mut Value, operation: &Operation) {
    let mut statuses = vec![400, 403, 421, 429, 500, 503];
    if operation.audience != Audience::Public || operation.takes_a_persons_token() {
        statuses.push(401);
    }
    if operation.policy_gate != PolicyGate::Open {
        statuses.push(423);
    }
    if takes_a_key(operation) {
        statuses.push(409);
    }
    if described["requestBody"].is_object() {
        statuses.extend([408, 413, 415, 422]);
    }
    if operation.id == "create_access_token" {
        // Its own refusals are those of RFC 6749, and a form is read by other rules than JSON.
        statuses.retain(|status| ![400, 401, 415, 422].contains(status));
    }
    for (name, status, _) in responses::ALL.iter().filter(|(_, status, _)| statuses.contains(status)) {
        described["responses"][status.to_string()] =
            json!({ "$ref": format!("#/components/responses/{name}") });
    }
}

/// The example of a body in each of its forms.
fn add_examples(body: &mut Value, examples: &Map<String, Value>) {
    let forms = body.get_mut("content").and_then(Value::as_object_mut);
    for media in forms.into_iter().flat_map(|forms| forms.values_mut()) {
        add_example(media, examples);
    }
}

fn add_example(media: &mut Value, examples: &Map<String, Value>) {
    let name = media["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
    if let Some(example) = name.and_then(|name| examples.get(name)) {
        media["example"] = example.clone();
    }
}

fn headers_of(operation: &Operation, status: &str) -> Value {
    let mut names = vec!["X-Request-Id", "RateLimit", "RateLimit-Policy"];
    if matches!(status, "201" | "202") {
        names.push("Location");
    }
    if matches!(operation.id, "get_account" | "update_account" | "get_policy_draft" | "rewrite_policy_draft")
    {
        names.push("ETag");
    }
    if operation.promises_leaf {
        names.push("Log-Promise");
    }
    let reference = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    Value::Object(names.into_iter().map(|name| (name.to_owned(), reference(name))).collect())
}

fn links_of(operation: &Operation, status: &str) -> Map<String, Value> {
    let own = LINKS.iter().filter(|(from, at, ..)| *from == operation.id && *at == status);
    own.map(|(_, _, name, to, parameters)| {
        let parameters: Map<String, Value> =
            parameters.iter().map(|(name, at)| ((*name).to_owned(), json!(at))).collect();
        let mut link = json!({ "operationId": to });
        if !parameters.is_empty() {
            link["parameters"] = Value::Object(parameters);
        }
        ((*name).to_owned(), link)
    })
    .collect()
}

fn finish_components(components: &mut Value) {
    components["securitySchemes"] = json!({
        "person": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of a person, from a session; it lives ten minutes at most (RFC6750; issued and checked as RFC8725 advises).",
        },
        "staff": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of a member of staff, of its own audience and key; it lives ten minutes at most (RFC6750; issued and checked as RFC8725 advises).",
        },
        "partner": {
            "type": "oauth2",
            "description": "An access token of a partner's client (RFC6749, section 4.4), of its own audience and key; it lives ten minutes at most (RFC6750; issued and checked as RFC8725 advises).",
            // There is no refresh token: a fresh token comes from the same address.
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "/oauth/token",
                    "refreshUrl": "/oauth/token",
                    "scopes": scopes(),
                },
            },
        },
    });
    let text = |description: &str, max: usize, example: &str| json!({ "description": description, "schema": { "type": "string", "maxLength": max }, "example": example });
    components["headers"] = json!({
        "X-Request-Id": text("The id of the request; quote it to support.", 64, "req_0198c8f2b1d07c3f9e21a4b7c6d5e4f3"),
        "RateLimit": text("Requests left, and seconds until more (draft-ietf-httpapi-ratelimit-headers).", 64, "\"ordinary\";r=59;t=0"),
        "RateLimit-Policy": text("Requests per window of seconds, for this class of operation.", 64, "\"ordinary\";q=600;w=60"),
        "Location": text("Where what was made is found, or where the next step is taken.", 256, "/v1/account"),
        "ETag": text("The version of what was sent, for `If-Match`.", 64, "\"v1\""),
        "Log-Promise": text("The hashes of the act's leaves and by when they are in the log, as a signed JWS (RFC 7515).", 2_048, "eyJhbGciOiJFZERTQSIsImtpZCI6ImxvZy0xIiwidHlwIjoibG9nLXByb21pc2UrandzIn0.e30.c2ln"),
        "WWW-Authenticate": text("The scheme that is expected (RFC 6750).", 64, "Bearer"),
        "Retry-After": {
            "description": "Seconds to wait.",
            "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 86_400 },
            "example": 2,
        },
    });
    for schema in components["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for property in properties.into_iter().flat_map(Map::values_mut) {
            hoist_description(property);
        }
    }
    components["parameters"] = parameters();
    components["responses"] = Value::Object(
        responses::ALL
            .iter()
            .map(|(name, status, words)| ((*name).to_owned(), refusal(*status, words)))
            .collect(),
    );
}

/// A nullable reference keeps its description inside the reference, where few readers look.
fn hoist_description(property: &mut Value) {
    let branches = property.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten();
    let inner = branches.filter_map(Value::as_object_mut).find_map(|branch| branch.remove("description"));
    if let (Some(inner), Some(property)) = (inner, property.as_object_mut()) {
        property.entry("description").or_insert(inner);
    }
}

/// The scopes of partners, each with what it is for.
fn scopes() -> Value {
    let words = |scope: Scope| match scope {
        Scope::SignalsWrite => "Report activity that may call for verification (clause 1.8).",
        Scope::DisclosuresRead => "See what is disclosed to the partner.",
        Scope::DisclosuresPull => "Fetch what was released to the partner.",
        Scope::ObligationsWrite => "Acknowledge obligations to correct, erase or restrict.",
        Scope::WebhooksWrite => "Look after the endpoint that messages go to.",
        Scope::ReportsRead => "Read aggregates.",
    };
    Value::Object(
        Scope::ALL.into_iter().map(|scope| (scope.as_str().to_owned(), json!(words(scope)))).collect(),
    )
}

fn parameters() -> Value {
    json!({
        "Cursor": {
            "name": "cursor", "in": "query", "required": false,
            "description": "Where the page begins: `next_cursor` of the page before.",
            "schema": { "type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9_-]+$" },
            "example": "AAAAAZiWyPKx0Hw_niGkt8bV5POYpZ",
        },
        "Limit": {
            "name": "limit", "in": "query", "required": false,
            "description": "The most entries of a page; 50 if absent.",
            "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 100, "default": 50 },
            "example": 50,
        },
        "IfMatch": {
            "name": "If-Match", "in": "header", "required": false,
            "description": "The `ETag` of the version that the change is meant for (RFC 9110).",
            "schema": { "type": "string", "maxLength": 64, "pattern": "^([*]|\"[^\"]*\")$" },
            "example": "\"v1\"",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A random value of the client's for this one act, such as a UUID; a repeat within 24 hours is not carried out again.",
            "schema": { "type": "string", "minLength": 16, "maxLength": 128, "pattern": "^[!-~]+$" },
            "example": "6f1c2b9e-52f1-4e0b-9d43-8a5a3c0f7e21",
        },
    })
}

/// A shared refusal, with a typical problem as its example.
fn refusal(status: u16, description: &str) -> Value {
    let code = ProblemCode::ALL.iter().copied().find(|code| code.status() == status);
    let code = code.unwrap_or(ProblemCode::Internal);
    let mut problem = Problem::new(code);
    if code == ProblemCode::ValidationFailed {
        problem.errors.push(FieldProblem { pointer: "/email".to_owned(), code: FieldCode::InvalidEmail });
    }
    let view = ProblemView::new(&problem, "req_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", code.text().to_owned());
    let mut headers = vec!["X-Request-Id"];
    match status {
        401 => headers.push("WWW-Authenticate"),
        429 => headers.extend(["Retry-After", "RateLimit", "RateLimit-Policy"]),
        503 => headers.push("Retry-After"),
        _ => {}
    }
    let headers: Map<String, Value> = headers
        .into_iter()
        .map(|name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect();
    json!({
        "description": description,
        "headers": headers,
        "content": {
            "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "example": view,
            },
        },
    })
}
