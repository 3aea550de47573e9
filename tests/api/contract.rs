//! The contract: current, whole, and true.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use smart_mining::{
    domain::{
        account::{AccountState, ProfileField, StateReason},
        consent::{ConsentMethod, ConsentState, ConsequenceCode},
        factor::{FactorMethod, StepUpMethod},
        notice::{MailState, NoticeKind},
        operation::{Audience, OPERATIONS, operation_page},
        policy::ChangeKind,
        purpose::{LawfulBasis, PersonalDataClass, Purpose, RecipientClass},
    },
    openapi,
    problem::codes::{self, FieldCode, ProblemCode},
};

use crate::support::{App, Desk, Form, Member, Partner, Person, PolicyTeam, company};

fn document() -> Value {
    openapi::document().expect("the contract is whole")
}

fn committed(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|_| panic!("{path} is committed"))
}

#[test]
fn the_committed_contract_is_current() {
    assert!(committed("openapi.yaml") == openapi::yaml().unwrap(), "run `just openapi`");
}

#[test]
fn the_committed_pages_are_current() {
    assert!(committed("docs/errors.md") == codes::errors_page(), "run `just openapi`");
    assert!(committed("docs/operation-table.md") == operation_page(), "run `just openapi`");
    assert!(committed(".env.example") == smart_mining::config::env_example(), "run `just openapi`");
}

#[test]
fn the_contract_and_the_operation_table_are_one() {
    let document = document();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            described.insert((id.to_owned(), method.to_uppercase(), path.clone()));
            let public = operation["security"] == json!([]) || operation["security"][0] == json!({});
            let table = OPERATIONS.iter().find(|known| known.id == id).unwrap();
            assert_eq!(public, table.audience == Audience::Public, "{id}");
            assert_eq!(
                operation["responses"].get("401").is_some(),
                !public
                    || [
                        "create_session",
                        "refresh_session",
                        "create_staff_session",
                        "create_access_token",
                        "report_ad_events"
                    ]
                    .contains(&id),
                "{id}"
            );
        }
    }
    let table: BTreeSet<_> = OPERATIONS
        .iter()
        .map(|known| (known.id.to_owned(), known.method.to_owned(), known.path.to_owned()))
        .collect();
    assert_eq!(described, table);
}

#[test]
fn every_link_gives_its_operation_parameters_that_it_has_and_needs() {
    let document = document();
    let resolved = |node: &Value| match node["$ref"].as_str() {
        Some(to) => document.pointer(&to[1..]).unwrap().clone(),
        None => node.clone(),
    };
    let operations: Vec<&Value> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .collect();
    let mut links = 0;
    for from in &operations {
        for answer in from["responses"].as_object().unwrap().values() {
            for link in answer["links"].as_object().into_iter().flat_map(serde_json::Map::values) {
                let to = operations.iter().find(|operation| operation["operationId"] == link["operationId"]);
                let to = to.unwrap_or_else(|| panic!("{link} leads to an operation"));
                let parameters: Vec<Value> =
                    to["parameters"].as_array().into_iter().flatten().map(&resolved).collect();
                let given = link["parameters"].as_object().cloned().unwrap_or_default();
                for name in given.keys() {
                    assert!(parameters.iter().any(|one| one["name"] == name.as_str()), "{link}: {name}");
                }
                for one in parameters.iter().filter(|one| one["required"] == true && one["in"] == "path") {
                    assert!(given.contains_key(one["name"].as_str().unwrap()), "{link}: {one}");
                }
                links += 1;
            }
        }
    }
    assert!(links >= 30, "{links}");
}

#[test]
fn every_reference_resolves_and_nothing_lies_unused() {
    let document = document();
    let mut referred = BTreeSet::new();
    collect(&document, &mut referred);
    for reference in &referred {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for group in ["schemas", "responses", "parameters", "headers"] {
        for name in document["components"][group].as_object().unwrap().keys() {
            assert!(referred.contains(&format!("#/components/{group}/{name}")), "{group} {name} is unused");
        }
    }
}

fn collect(value: &Value, referred: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            referred.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, referred));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, referred)),
        _ => {}
    }
}

#[test]
fn enums_are_written_as_the_contract_says() {
    let document = document();
    let listed = |name: &str| document["components"]["schemas"][name]["enum"].clone();
    let states =
        [AccountState::Active, AccountState::Restricted, AccountState::Closing, AccountState::Closed];
    assert_eq!(listed("AccountState"), json!(states));
    assert_eq!(
        states.map(AccountState::as_str).to_vec(),
        serde_json::from_value::<Vec<String>>(json!(states)).unwrap()
    );
    assert_eq!(listed("ProfileField"), json!(ProfileField::ALL));
    assert_eq!(listed("StateReason"), json!(StateReason::ALL));
    assert_eq!(listed("FactorMethod"), json!(FactorMethod::ALL));
    assert_eq!(listed("StepUpMethod"), json!(StepUpMethod::ALL));
    let same = |wire: serde_json::Value, stored: &[&str]| assert_eq!(wire, json!(stored));
    same(json!(ProfileField::ALL), &ProfileField::ALL.map(ProfileField::as_str));
    same(json!(StateReason::ALL), &StateReason::ALL.map(StateReason::as_str));
    same(json!(FactorMethod::ALL), &FactorMethod::ALL.map(FactorMethod::as_str));
    same(json!(StepUpMethod::ALL), &StepUpMethod::ALL.map(StepUpMethod::as_str));
    assert_eq!(listed("Purpose"), json!(Purpose::ALL));
    assert_eq!(listed("LawfulBasis"), json!(LawfulBasis::ALL));
    assert_eq!(listed("PersonalDataClass"), json!(PersonalDataClass::ALL));
    assert_eq!(listed("RecipientClass"), json!(RecipientClass::ALL));
    assert_eq!(listed("ChangeKind"), json!(ChangeKind::ALL));
    assert_eq!(listed("ConsentState"), json!(ConsentState::ALL));
    assert_eq!(listed("ConsentMethod"), json!(ConsentMethod::ALL));
    assert_eq!(listed("ConsequenceCode"), json!(ConsequenceCode::ALL));
    assert_eq!(listed("NoticeKind"), json!(NoticeKind::ALL));
    assert_eq!(listed("MailState"), json!(MailState::ALL));
}

/// Codes that clients have seen. A line may be added here and none removed.
const RELEASED_CODES: &str = "
    malformed_json malformed_request invalid_cursor unauthenticated invalid_credentials invalid_refresh_token
    policy_acceptance_required not_found method_not_allowed request_timeout email_taken policy_version_superseded
    idempotency_key_in_use idempotency_key_reused already_done registration_expired stale_version body_too_large
    unsupported_media_type host_not_allowed validation_failed wrong_code account_restricted too_many_requests
    internal try_again
    missing_field unknown_field duplicate_field wrong_type invalid_value out_of_range unacceptable_character
    invalid_id invalid_email invalid_phone invalid_real_name invalid_display_name invalid_language
    step_up_required origin_not_allowed blocked method_not_available factor_exists no_second_factor
    account_state_conflict challenge_expired reset_expired change_expired enrolment_expired link_expired
    wrong_password too_many_attempts
    invalid_time_zone invalid_hash invalid_code password_too_short password_too_long password_breached
    password_like_person password_guessable purpose_twice purpose_by_policy
";

#[test]
fn codes_are_only_ever_added() {
    let today: BTreeSet<&str> = ProblemCode::ALL
        .iter()
        .map(|code| code.slug())
        .chain(FieldCode::ALL.iter().map(|code| code.slug()))
        .collect();
    for code in RELEASED_CODES.split_whitespace() {
        assert!(today.contains(code), "{code} has gone");
    }
}

#[tokio::test]
async fn the_examples_of_requests_are_taken_by_the_server() {
    let app = App::start().await;
    let document = document();
    let example = |path: &str, method: &str| {
        document["paths"][path][method]["requestBody"]["content"]["application/json"]["example"].clone()
    };

    let registered = app.post("/v1/accounts", &example("/v1/accounts", "post")).await;
    assert_eq!(registered.status, 202, "{}", registered.text);
    let code = app.code_mailed_to("ada@example.org").await;
    let mut verification = example("/v1/accounts/verification", "post");
    verification["registration_id"] = registered.json()["registration_id"].clone();
    verification["code"] = json!(code);
    assert_eq!(app.post("/v1/accounts/verification", &verification).await.status, 201);
    let signed_in = app.post("/v1/sessions", &example("/v1/sessions", "post")).await;
    assert_eq!(signed_in.status, 201, "{}", signed_in.text);
    let bearer = format!("Bearer {}", signed_in.json()["session"]["access_token"].as_str().unwrap());
    let change = example("/v1/account", "patch");
    let changed =
        app.send(reqwest::Method::PATCH, "/v1/account", &[("authorization", &bearer)], Some(&change)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    // A foreign token: refused for what it is, not for how it looks.
    let refresh = app.post("/v1/sessions/refresh", &example("/v1/sessions/refresh", "post")).await;
    assert_eq!(refresh.problem(), (401, "invalid_refresh_token".to_owned()));
}

/// A disclosure that was fetched, by whom, a question that waits, and an order.
async fn disclosed(app: &App, desk: &Desk, ada: &Person) -> (Partner, Vec<(&'static str, String)>) {
    let pool = desk.partner(app, company("Harbour Pool")).await;
    assert_eq!(pool.posts(app, "/v1/partner/webhook-secrets").await.status, 201);
    let headers = [("authorization", pool.bearer.as_str())];
    let hook = json!({ "url": "https://pool.invalid/" });
    let set = app.send(reqwest::Method::PUT, "/v1/partner/webhook-endpoint", &headers, Some(&hook)).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let disclosure = desk.discloses(ada, &pool, &json!(["email", "display_name"])).await;
    assert_eq!(pool.pulls(app, &disclosure).await.status, 201);
    assert_eq!(ada.changes_profile(json!({ "display_name": "countess" })).await.status, 200);
    let duty = pool.gets(app, "/v1/partner/obligations").await.json()["data"][0]["obligation_id"].clone();
    desk.approves(&desk.submits(ada, &pool.recipient_id, &json!(["residence"])).await).await;
    let proof = format!("/v1/disclosures/{disclosure}/proof");
    crate::support::eventually("the leaves in the tree", || async {
        (ada.gets(&proof).await.status == 200).then_some(())
    })
    .await;
    let request = ada.gets("/v1/consent-requests").await.json()["data"][0]["consent_request_id"].clone();
    let ids = vec![
        ("{instrument_id}", desk.court_order(app, "real_name", None).await.1),
        ("{disclosure_id}", disclosure),
        ("{obligation_id}", duty.as_str().unwrap().to_owned()),
        ("{recipient_id}", pool.recipient_id.clone()),
        ("{consent_request_id}", request.as_str().unwrap().to_owned()),
    ];
    (pool, ids)
}

/// A transfer that is about the person, too.
async fn transferred(app: &App, desk: &Desk) -> String {
    let mut entry = company("Ocean Holdings");
    entry["recipient_class"] = json!("acquirer");
    entry["policy_url"] = json!("https://ocean.example/privacy");
    let buyer = desk.registers(&entry).await;
    let asked = json!({ "recipient_id": buyer, "fields": ["email"], "notice_days": 30 });
    let drafted = desk.processor.posts("/v1/staff/transfers", &asked).await;
    assert_eq!(drafted.status, 201, "{}", drafted.text);
    app.database.sql(
        "UPDATE disclosures SET transfer_id = (SELECT transfer_id FROM transfers) \
         WHERE state = 'awaiting_consent'",
    );
    drafted.json()["transfer_id"].as_str().unwrap().to_owned()
}

/// An advertiser of whose advertisement something was published, and a quarter that is over.
async fn counted(app: &App, desk: &Desk) -> Partner {
    let mut entry = company("Harbour Ads");
    entry["recipient_class"] = json!("advertiser");
    entry["policy_url"] = json!("https://ads.example/privacy");
    let advertiser = desk.partner(app, entry).await;
    let banner = json!({ "recipient_id": advertiser.recipient_id, "label": "banner" });
    assert_eq!(desk.legal.posts("/v1/staff/advertisements", &banner).await.status, 201);
    app.database.sql(
        "INSERT INTO ad_reports (number, recipient_id, hour, minimum, published_at, leaf_id) \
         SELECT 1, recipient_id, registered_at, 20, registered_at, \
                (SELECT leaf_id FROM log_leaves ORDER BY leaf_id LIMIT 1) FROM advertisements; \
         DELETE FROM transparency_progress; \
         INSERT INTO transparency_progress (singleton, next_seq, counted_until) \
         SELECT 1, 1000000, max(valid_until) FROM instruments",
    );
    advertiser
}

/// What lists are called in answers.
const LISTS: [&str; 13] = [
    "transfers",
    "quarters",
    "recipients",
    "entries",
    "data",
    "keys",
    "clauses",
    "purposes",
    "consents",
    "places",
    "cookies",
    "activities",
    "stored_values",
];

/// A version that changes something, of which everybody is told, and a draft of the next.
async fn published(app: &App, desk: &Desk, admin: &Member) {
    let team = PolicyTeam { legal: desk.legal.clone(), admin: admin.clone() };
    app.publishes(&team, |draft| draft["clauses"][0]["text"] = json!("Other words.")).await;
    let draft = app.as_draft().await;
    assert_eq!(team.legal.posts("/v1/staff/policy-versions", &draft).await.status, 201);
    app.mail_saying("ada@example.org", "policy?version=2").await;
}

#[tokio::test]
async fn answers_have_the_fields_of_their_examples() {
    let app = App::start().await;
    let (ada, case) = crate::staff::person_with_case(&app).await;
    let admins = app.admins().await;
    let (reader, support) =
        (app.member(&admins, "data_processor").await, app.member(&admins, "support").await);
    let read = crate::staff::read(&ada, &case, &json!(["real_name"]));
    assert_eq!(reader.posts("/v1/staff/personal-data-reads", &read).await.status, 201);
    let leaf = crate::log::promised(&ada.changes_profile(json!({ "display_name": "ada" })).await)[0].clone();
    crate::log::placed(&app, &leaf).await;
    crate::kyc_documents::asks(&support, &ada).await;
    let passport = ada.uploads(&Form::passport("LH123456")).await.json()["document_id"].clone();
    // Another account with the same document raises a flag.
    let eve = app.person("eve@example.org").await;
    crate::kyc_documents::asks(&support, &eve).await;
    assert_eq!(eve.uploads(&Form::passport("LH123456")).await.status, 201);
    let desk = app.desk_of(admins.clone(), reader.clone()).await;
    let (pool, mut ids) = disclosed(&app, &desk, &ada).await;
    let advertiser = counted(&app, &desk).await;
    ids.extend([
        ("{rights_request_id}", ada.asks_for("objection", Some("content"), None).await),
        ("{transfer_id}", transferred(&app, &desk).await),
        ("{kyc_case_id}", ada.gets("/v1/kyc").await.json()["kyc_case_id"].as_str().unwrap().to_owned()),
        ("{document_id}", passport.as_str().unwrap().to_owned()),
    ]);
    published(&app, &desk, &admins[1]).await;
    ids.push(("{consent_event_id}", crate::matrix::event_of(&ada).await));
    let document = document();
    let gets = OPERATIONS.iter().filter(|operation| operation.method == "GET");
    // A picture or an archive has no fields.
    let has_fields = |id: &str| {
        !["image", "file", "request_result", "rights_evidence"].iter().any(|end| id.ends_with(end))
    };
    for operation in gets.filter(|operation| has_fields(operation.id)) {
        let query = match operation.id {
            "get_log_inclusion_proof" => format!("?leaf_hash={leaf}"),
            "list_staff_disclosures" => "?state=released".to_owned(),
            "list_staff_kyc_cases" => "?state=in_progress".to_owned(),
            "get_log_consistency_proof" => "?from_size=1".to_owned(),
            _ => String::new(),
        };
        let example = &document["paths"][operation.path]["get"]["responses"]["200"]["content"]["application/json"]
            ["example"];
        let version = if operation.audience == Audience::Staff { "3" } else { "2" };
        let path = operation.path.replace("{version}", version).replace("{support_case_id}", &case);
        let path = ids.iter().fold(path, |path, (name, id)| path.replace(name, id)) + &query;
        let answer = match operation.audience {
            Audience::Staff if operation.id.contains("support_case") || operation.id.contains("kyc") => {
                support.gets(&path).await
            }
            Audience::Staff if is_disclosing(operation.id) => reader.gets(&path).await,
            Audience::Staff => admins[0].gets(&path).await,
            Audience::Partner if operation.path.contains("/reports/") => advertiser.gets(&app, &path).await,
            Audience::Partner => pool.gets(&app, &path).await,
            Audience::Public | Audience::Person => ada.gets(&path).await,
        }
        .json();
        assert_eq!(fields(&answer), fields(example), "{}", operation.id);
        for list in LISTS.iter().filter(|list| answer[**list].is_array()) {
            assert_eq!(fields(&answer[*list][0]), fields(&example[*list][0]), "{} {list}", operation.id);
        }
    }
}

fn is_disclosing(operation: &str) -> bool {
    ["disclosure", "instrument", "obligation", "transfer", "rights_request"]
        .iter()
        .any(|about| operation.contains(about))
}

fn fields(value: &Value) -> BTreeSet<String> {
    value.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}
