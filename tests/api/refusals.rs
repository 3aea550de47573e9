//! What every operation refuses alike, whatever it is about, provoked of each one. What the tests of the whole suite
//! provoke is counted by `scripts/refusals`.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::{
    config::Config,
    domain::{
        ids::AccountId,
        operation::{Assurance, Audience, OPERATIONS, Operation, PolicyGate, Shape},
        partner::Scope,
    },
    openapi, server,
    services::idempotency::{Begin, Request},
};

use crate::support::{App, Form, Process, eventually, note, pictures};

const EMAIL: &str = "ada@example.org";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A request as the contract shows it.
struct Shown {
    operation: &'static Operation,
    /// With the example of every parameter.
    path: String,
    /// The raw ids in the path.
    ids: Vec<[u8; 16]>,
    /// Content type and bytes, for an operation that takes a body.
    body: Option<(String, Vec<u8>)>,
    token: Option<String>,
}

/// Operations, and who may call them.
struct Callers {
    app: App,
    account_id: String,
    person: String,
    staff: BTreeMap<&'static str, (String, String)>,
    partner: String,
    partner_id: String,
    document: Value,
}

impl Callers {
    async fn new(app: App) -> Self {
        let admins = app.admins().await;
        let mut staff =
            BTreeMap::from([("admin", (admins[0].staff_id.clone(), admins[0].access_token.clone()))]);
        for role in ["data_processor", "legal", "support", "auditor"] {
            let member = app.member(&admins, role).await;
            staff.insert(role, (member.staff_id, member.access_token));
        }
        let scopes = json!(Scope::ALL.map(Scope::as_str));
        let partner_id = crate::partners::client(&admins[0], &scopes, 10_000).await;
        let (_, secret) = crate::partners::secret(&admins[0], &partner_id).await;
        let partner = crate::partners::bearer(&app, &partner_id, &secret).await;
        let ada = app.person(EMAIL).await;
        assert_eq!(ada.steps_up_by_mail(EMAIL).await.status, 201);
        let (account_id, person) = (ada.account_id.clone(), ada.access_token.clone());
        let document = openapi::document().unwrap();
        Self { app, account_id, person, staff, partner, partner_id, document }
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        node["$ref"].as_str().map_or(node, |to| self.document.pointer(&to[1..]).unwrap())
    }

    /// The example of a parameter, which may stand with what it is.
    fn example_of(&self, parameter: &Value) -> String {
        let schema = self.resolved(&parameter["schema"]);
        let first = [&parameter["example"], &schema["example"], &schema["examples"][0], &schema["enum"][0]];
        let example = first.into_iter().find(|example| !example.is_null());
        match example.unwrap_or_else(|| panic!("{parameter} has an example")) {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    fn parameters(&self, operation: &Operation) -> impl Iterator<Item = &Value> {
        let described = &self.document["paths"][operation.path][operation.method.to_lowercase()];
        let parameters = described["parameters"].as_array().into_iter().flatten();
        parameters.map(|parameter| self.resolved(parameter))
    }

    fn shown(&self, operation: &'static Operation) -> Shown {
        let described = &self.document["paths"][operation.path][operation.method.to_lowercase()];
        let (mut path, mut query, mut ids) = (operation.path.to_owned(), Vec::new(), Vec::new());
        for parameter in self.parameters(operation) {
            let name = parameter["name"].as_str().unwrap();
            if parameter["in"] == "path" {
                let example = self.example_of(parameter);
                let hex = example.rsplit('_').next().unwrap();
                ids.extend(
                    u128::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 32).map(u128::to_be_bytes),
                );
                path = path.replace(&format!("{{{name}}}"), &example);
            } else if parameter["required"] == true {
                query.push(format!("{name}={}", self.example_of(parameter)));
            }
        }
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let content = described["requestBody"]["content"].as_object();
        let body = content.map(|content| self.body(content.iter().next().unwrap()));
        let token = match operation.audience {
            Audience::Public => None,
            Audience::Person => Some(self.person.clone()),
            Audience::Partner => Some(self.partner.clone()),
            Audience::Staff => Some(self.staff[role_of(operation)].1.clone()),
        };
        Shown { operation, path, ids, body, token }
    }

    fn body(&self, (kind, media): (&String, &Value)) -> (String, Vec<u8>) {
        let example = &media["example"];
        match kind.as_str() {
            JSON => (kind.clone(), serde_json::to_vec(example).unwrap()),
            FORM => (kind.clone(), b"grant_type=client_credentials".to_vec()),
            _ => {
                let properties = &self.resolved(&media["schema"])["properties"];
                let form =
                    example.as_object().unwrap().iter().fold(Form::default(), |form, (name, value)| {
                        if properties[name]["format"] == "binary" {
                            form.file(name, "a.jpg", &pictures::picture(image::ImageFormat::Jpeg))
                        } else {
                            form.text(name, value.as_str().unwrap())
                        }
                    });
                (Form::content_type(), form.body())
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = Shown> {
        OPERATIONS.iter().map(|operation| self.shown(operation))
    }

    fn documents(&self, operation: &Operation, status: u16) -> bool {
        let described = &self.document["paths"][operation.path][operation.method.to_lowercase()];
        described["responses"].get(status.to_string()).is_some()
    }

    /// The status of the answer, and the code of its problem.
    async fn send(&self, shown: &Shown, headers: &[(&str, &str)]) -> (u16, String) {
        let method = Method::from_bytes(shown.operation.method.as_bytes()).unwrap();
        let mut request = self.app.client.request(method, format!("{}{}", self.app.url, shown.path));
        if let Some(token) = &shown.token {
            request = request.bearer_auth(token);
        }
        if let Some((kind, body)) = &shown.body {
            request = request.header("content-type", kind).body(body.clone());
        }
        let headed = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = headed.send().await.expect("the server answers");
        let (status, path) = (answer.status().as_u16(), shown.path.split('?').next().unwrap());
        note(shown.operation.method, path, status);
        let said: Value = answer.json().await.unwrap_or_default();
        (status, said["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Every operation that `spoilt` has to do with documents the status, and answers with it.
    async fn each_refuses(&self, status: u16, headers: &[(&str, &str)], spoilt: impl Fn(&mut Shown) -> bool) {
        let (mut others, mut refused) = (Vec::new(), 0);
        for mut shown in self.all() {
            if spoilt(&mut shown) {
                let (answered, _) = self.send(&shown, headers).await;
                if answered == status && self.documents(shown.operation, status) {
                    refused += 1;
                } else {
                    others.push((shown.operation.id, answered));
                }
            }
        }
        assert!(refused > 0 && others.is_empty(), "{status} was awaited, and documented: {others:?}");
        println!("{status}: {refused} operations");
    }
}

/// Forms of OAuth are refused by its own rules (RFC 6749).
fn is_oauth(shown: &Shown) -> bool {
    shown.operation.id == "create_access_token"
}

fn role_of(operation: &Operation) -> &'static str {
    operation.roles.first().map_or("support", |role| role.as_str())
}

#[tokio::test]
async fn every_operation_looks_at_host_query_token_and_block() {
    let callers = Callers::new(App::start_with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await).await;
    callers.each_refuses(421, &[("host", "evil.example")], |_| true).await;
    callers
        .each_refuses(400, &[], |shown| {
            let sign = if shown.path.contains('?') { '&' } else { '?' };
            shown.path = format!("{}{sign}nonsense=1", shown.path);
            !is_oauth(shown)
        })
        .await;
    callers.each_refuses(401, &[], |shown| shown.token.take().is_some()).await;
    let add = ["blocks", "add", "203.0.113.9", "--reason", "denial_of_service", "--hours", "1"];
    assert!(Process::run(&callers.app.settings, &add).status.success());
    let from = [("x-forwarded-for", "203.0.113.9")];
    let is_known = || async {
        let answer = callers.app.send(Method::GET, "/v1/policy-versions/current", &from, None).await;
        (answer.status == 403).then_some(())
    };
    eventually("the service to know of the block", is_known).await;
    callers.each_refuses(403, &from, |_| true).await;
}

#[tokio::test]
async fn every_body_has_a_type_a_size_and_a_form() {
    let callers = Callers::new(App::start().await).await;
    callers
        .each_refuses(415, &[], |shown| {
            let takes_a_body = shown.body.take().is_some() && !is_oauth(shown);
            shown.body = Some(("text/plain".to_owned(), b"x".to_vec()));
            takes_a_body
        })
        .await;
    callers
        .each_refuses(413, &[], |shown| {
            let most = shown.operation.most_body_bytes();
            shown.body.as_mut().is_some_and(|(_, body)| {
                *body = vec![b' '; most + 1];
                true
            })
        })
        .await;
    callers
        .each_refuses(422, &[], |shown| {
            let is_oauth = is_oauth(shown);
            shown.body.as_mut().is_some_and(|(kind, body)| {
                *body = if kind == JSON { br#"{"nonsense":1}"#.to_vec() } else { Form::default().body() };
                !is_oauth
            })
        })
        .await;
}

const SHORT: [(&str, &str); 3] = [("BODY_SECONDS", "1"), ("UPLOAD_SECONDS", "1"), ("UPLOADS_AT_ONCE", "20")];

/// Whether a schema takes `null`.
fn takes_null(schema: &Value) -> bool {
    let is_null = |kind: &Value| *kind == "null" || kind["type"] == "null";
    let any = |kinds: &Value| kinds.as_array().is_some_and(|kinds| kinds.iter().any(is_null));
    any(&schema["type"]) || any(&schema["oneOf"]) || any(&schema["anyOf"])
}

#[tokio::test]
async fn null_is_no_value_where_the_contract_names_none() {
    let callers = Callers::new(App::start().await).await;
    let mut tried = 0;
    for mut shown in callers.all() {
        let Some((kind, body)) = shown.body.clone().filter(|(kind, _)| kind == JSON) else { continue };
        let example: Value = serde_json::from_slice(&body).unwrap();
        let described =
            &callers.document["paths"][shown.operation.path][shown.operation.method.to_lowercase()];
        let schema = callers.resolved(&described["requestBody"]["content"][JSON]["schema"]);
        for (name, property) in schema["properties"].as_object().unwrap() {
            let mut spoilt = example.clone();
            spoilt[name] = Value::Null;
            shown.body = Some((kind.clone(), serde_json::to_vec(&spoilt).unwrap()));
            if !takes_null(callers.resolved(property)) {
                let (status, _) = callers.send(&shown, &[]).await;
                assert_eq!(status, 422, "{} of {}", name, shown.operation.id);
                tried += 1;
            }
        }
    }
    println!("null refused: {tried} properties");
    assert!(tried > 100, "{tried}");
}

#[tokio::test]
async fn a_verification_is_given_back_in_so_many_words() {
    let callers = Callers::new(App::start().await).await;
    let assign = OPERATIONS.iter().find(|operation| operation.id == "assign_kyc_case").unwrap();
    let mut shown = callers.shown(assign);
    shown.body = Some((JSON.to_owned(), b"{}".to_vec()));
    assert_eq!(callers.send(&shown, &[]).await.0, 422, "nothing said is not `null`");
}

#[tokio::test]
async fn every_body_that_does_not_come_is_given_up() {
    let callers = Callers::new(App::start_with(&SHORT).await).await;
    let address = callers.app.url.trim_start_matches("http://").to_owned();
    let waits = callers.all().filter(|shown| shown.body.is_some()).map(|shown| {
        assert!(callers.documents(shown.operation, 408), "{}", shown.operation.id);
        let (to, id, path) = (address.clone(), shown.operation.id, shown.path.clone());
        let (kind, _) = shown.body.unwrap();
        let bearer =
            shown.token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let method = shown.operation.method;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\ncontent-type: {kind}\r\n{bearer}");
        let silent = tokio::task::spawn_blocking(move || falls_silent(&to, &head));
        async move { (id, method, path, silent.await.unwrap()) }
    });
    for (id, method, path, answer) in futures_util::future::join_all(waits).await {
        assert!(answer.starts_with("HTTP/1.1 408"), "{id}: {answer}");
        note(method, &path, 408);
    }
}

/// Announces a body, sends nothing of it, and reads the answer.
fn falls_silent(address: &str, head: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(format!("{head}content-length: 10\r\n\r\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_key_that_belongs_to_another_request_is_refused_everywhere() {
    let callers = Callers::new(App::start().await).await;
    let config = Config::from_vars(callers.app.settings.clone()).unwrap();
    let services = server::open_services(&config, callers.app.clock.clone()).await.unwrap();
    let stores = server::open_stores(&config, &callers.app.clock).await.unwrap();
    let raw = |id: &str| u128::from_str_radix(id.rsplit('_').next().unwrap(), 16).unwrap().to_be_bytes();
    let subject: AccountId = serde_json::from_value(json!(callers.account_id)).unwrap();
    for shown in callers.all().filter(|shown| callers.documents(shown.operation, 409)) {
        let own = match shown.operation.audience {
            Audience::Public => Vec::new(),
            Audience::Person => raw(&callers.account_id).to_vec(),
            Audience::Partner => raw(&callers.partner_id).to_vec(),
            Audience::Staff => raw(&callers.staff[role_of(shown.operation)].0).to_vec(),
        };
        // A key is one of a caller, and of what is acted upon: a thing, or a version of the policy.
        let of_all = [own.clone(), shown.ids.concat()].concat();
        let of_first = [own.clone(), shown.ids.iter().take(1).flatten().copied().collect()].concat();
        let version = shown.path.split('/').find_map(|part| part.parse::<i32>().ok()).unwrap_or_default();
        let of_version = [own.as_slice(), &version.to_be_bytes()].concat();
        for caller in [own, of_first, of_all, of_version] {
            let digest = [7; 32];
            let request = Request {
                caller: &caller,
                key: &format!("a-key-of-{}", shown.operation.id),
                operation: "another",
                body_digest: &digest,
            };
            if let Ok(Begin::Fresh(ticket)) = services.idempotency.begin(request).await {
                let draft = ticket.draft();
                let write = move |c: &mut smart_mining::db::Conn| draft.record_secret(c, subject, 201);
                stores.data.write(write).await.unwrap();
            }
        }
    }
    for shown in callers.all().filter(|shown| callers.documents(shown.operation, 409)) {
        if callers.parameters(shown.operation).any(|one| one["name"] == "Idempotency-Key") {
            let key = format!("a-key-of-{}", shown.operation.id);
            let answered = callers.send(&shown, &[("idempotency-key", &key)]).await;
            assert_eq!(answered, (409, "idempotency_key_reused".to_owned()), "{}", shown.operation.id);
        }
    }
}

#[tokio::test]
async fn nothing_is_found_that_is_not_there() {
    let callers = Callers::new(App::start().await).await;
    // By a name that none is called by; by one that something could have, the examples are.
    callers
        .each_refuses(404, &[], |shown| {
            let named = shown.operation.path.find('{').is_some();
            let parts = shown.operation.path.split('/');
            let path = parts.map(|part| if part.starts_with('{') { "nonsense" } else { part });
            shown.path = path.collect::<Vec<_>>().join("/");
            named
        })
        .await;
    // There is one of these, or none.
    callers.each_refuses(404, &[], |shown| shown.operation.id == "remove_webhook_endpoint").await;
}

#[tokio::test]
async fn every_example_is_understood_and_answered_as_documented() {
    let mut callers = Callers::new(App::start().await).await;
    let mut answers = BTreeMap::<u16, Vec<&str>>::new();
    // A session that ends is the last that is heard of it.
    let ends = |operation: &&Operation| operation.path.contains("/sessions/current");
    let (last, first): (Vec<_>, Vec<_>) = OPERATIONS.iter().partition(ends);
    for (n, operation) in first.into_iter().chain(last).enumerate() {
        if operation.audience == Audience::Person {
            let email = format!("person{n}@example.org");
            let ada = callers.app.person(&email).await;
            assert_eq!(ada.steps_up_by_mail(&email).await.status, 201);
            callers.person = ada.access_token.clone();
        }
        let (answered, _) = callers.send(&callers.shown(operation), &[]).await;
        assert!(callers.documents(operation, answered), "{}: {answered}", operation.id);
        answers.entry(answered).or_default().push(operation.id);
    }
    let counts: BTreeMap<_, _> = answers.iter().map(|(status, of)| (status, of.len())).collect();
    println!("examples sent: {} operations, answered {counts:?}", OPERATIONS.len());
    // The log is not as large as in the example, and nobody has these credentials.
    assert_eq!(answers.remove(&400).unwrap(), ["get_log_consistency_proof"]);
    assert_eq!(
        answers.remove(&401).unwrap(),
        ["refresh_session", "create_staff_session", "create_access_token"]
    );
    // What these rest on is signed, known or guessed by nobody here.
    assert_eq!(
        answers.remove(&422).unwrap(),
        [
            "step_up_session",
            "file_rights_request",
            "draft_policy_version",
            "rewrite_policy_draft",
            "register_instrument",
            "register_advertisement",
            "step_up_staff_session",
        ]
    );
    for misunderstood in [403, 408, 413, 415, 421, 500, 503] {
        assert_eq!(answers.get(&misunderstood), None, "{misunderstood}");
    }
}

#[tokio::test]
async fn what_a_restricted_person_may_not_is_locked() {
    let callers = Callers::new(App::start().await).await;
    crate::matrix::ask_everybody(&callers.app);
    crate::matrix::disclose_everybody(&callers.app);
    // Who is restricted may still say who they are, until they leave.
    callers.app.database.sql("UPDATE accounts SET state = 'closing'");
    callers.each_refuses(423, &[], |shown| shown.operation.policy_gate == PolicyGate::ToVerify).await;
    callers.app.database.sql("UPDATE accounts SET state = 'restricted'");
    callers
        .each_refuses(423, &[], |shown| {
            if shown.operation.id == "answer_consent_request" {
                let own = callers.account_id.replace("acc_", "crq_");
                shown.path = shown.operation.path.replace("{consent_request_id}", &own);
                shown.body = Some((JSON.to_owned(), br#"{"granted":true}"#.to_vec()));
            }
            let gate = shown.operation.policy_gate;
            shown.operation.audience == Audience::Person
                && !matches!(gate, PolicyGate::Open | PolicyGate::ToVerify)
        })
        .await;
}

#[tokio::test]
async fn what_is_old_is_not_changed() {
    let callers = Callers::new(App::start().await).await;
    let old = [("if-match", "\"v999\"")];
    let is_versioned = |shown: &mut Shown| {
        shown.operation.audience == Audience::Person && shown.operation.shape == Shape::Versioned
    };
    callers.each_refuses(412, &old, is_versioned).await;

    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person("eve@example.org").await);
    let pool = desk.partner(&app, crate::support::company("Harbour Pool")).await;
    let asked =
        json!({ "account_id": ada.account_id, "recipient_id": pool.recipient_id, "fields": ["email"] });
    let drafted = desk.tries_to_draft(&asked).await.json();
    let disclosure = drafted["disclosure"]["disclosure_id"].as_str().unwrap().to_owned();
    let policy = app.as_draft().await;
    assert_eq!(desk.legal.posts("/v1/staff/policy-versions", &policy).await.status, 201);
    let changed = json!({ "recipient_id": pool.recipient_id, "fields": ["real_name"] });
    for (by, path, body) in [
        (&desk.processor, format!("/v1/staff/disclosures/{disclosure}"), changed),
        (
            &desk.legal,
            format!("/v1/staff/recipients/{}", pool.recipient_id),
            crate::support::company("Harbour Pool"),
        ),
        (&desk.legal, "/v1/staff/policy-versions/2".to_owned(), policy),
    ] {
        let bearer = format!("Bearer {}", by.access_token);
        let headers = [("authorization", bearer.as_str()), old[0]];
        let stale = app.send(Method::PUT, &path, &headers, Some(&body)).await;
        assert_eq!(stale.problem(), (412, "stale_version".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_device_consents_to_the_words_that_stand() {
    let app = App::start().await;
    let choice = json!({ "purpose": "analytics", "granted": true, "definition_hash": "0".repeat(64) });
    let path = "/v1/devices/current/consents";
    let refused = app.send(Method::PUT, path, &[], Some(&json!({ "consents": [choice] }))).await;
    assert_eq!(refused.problem(), (409, "purpose_definition_superseded".to_owned()));
}

#[tokio::test]
async fn who_has_not_stepped_up_is_asked_to() {
    let callers = Callers::new(App::start().await).await;
    let ada = callers.app.signs_in(EMAIL, "").await;
    callers
        .each_refuses(403, &[], |shown| {
            shown.token = Some(ada.access_token.clone());
            shown.operation.audience == Audience::Person && shown.operation.assurance == Assurance::SteppedUp
        })
        .await;
}
