//! Every operation of the table, called as every kind of principal.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::domain::operation::{Audience, OPERATIONS, Operation};

use crate::support::{Answer, App, PASSWORD, Person, registration_body};

/// Who calls, and what becomes of it on an operation for persons.
const PRINCIPALS: [(&str, u16); 5] = [
    ("no token", 401),
    ("other person's token", 0),
    ("expired token", 401),
    ("token of an ended session", 401),
    ("token of the wrong audience", 401),
];

struct Fixture {
    owner: Person,
    elsewhere: Person,
    other: Person,
    tokens: BTreeMap<&'static str, Option<String>>,
}

async fn fixture(app: &App) -> Fixture {
    let past = app.person("past@example.org").await;
    app.advance(TimeDelta::minutes(11));
    let owner = app.person("owner@example.org").await;
    let elsewhere = owner.with(&owner.signs_in("owner@example.org", PASSWORD).await.json()["session"]);
    let other = app.person("other@example.org").await;
    let ended = app.person("ended@example.org").await;
    assert_eq!(ended.sends(Method::DELETE, "/v1/sessions/current", &[], None).await.status, 200);
    let tokens = BTreeMap::from([
        ("no token", None),
        ("other person's token", Some(other.access_token.clone())),
        ("expired token", Some(past.access_token.clone())),
        ("token of an ended session", Some(ended.access_token.clone())),
        ("token of the wrong audience", Some(for_another_audience(&owner.access_token))),
    ]);
    Fixture { owner, elsewhere, other, tokens }
}

/// The owner's own token, said to be for staff.
fn for_another_audience(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let parts: Vec<&str> = token.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let claims = URL_SAFE_NO_PAD.encode(claims.replace("smart-mining:person", "smart-mining:staff"));
    format!("{}.{claims}.{}", parts[0], parts[2])
}

/// A request of the operation that its owner could make, with the ids of the owner's own things.
async fn request(app: &App, operation: &Operation, fixture: &Fixture) -> (String, Option<Value>) {
    let path =
        operation.path.replace("{version}", "1").replace("{session_id}", &fixture.elsewhere.session_id);
    let body = match operation.id {
        "register_account" => Some(registration_body(app, "new@example.org").await),
        "verify_account" => Some(json!({ "registration_id": "A".repeat(71), "code": "00000000" })),
        "create_session" => Some(json!({ "email": "nobody@example.org", "password": PASSWORD })),
        "refresh_session" => Some(json!({ "refresh_token": "A".repeat(71) })),
        "update_account" => Some(json!({ "display_name": "mallory" })),
        _ => None,
    };
    (path, body)
}

async fn call(
    app: &App,
    operation: &Operation,
    path: &str,
    body: Option<&Value>,
    token: Option<&str>,
) -> Answer {
    let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|value| ("authorization", value.as_str())).collect();
    app.send(method, path, &headers, body).await
}

#[tokio::test]
async fn every_operation_refuses_every_wrong_principal() {
    let app = App::start().await;
    let fixture = fixture(&app).await;
    let before = fixture.owner.gets("/v1/account").await.text;
    let (mut cells, mut skipped) = (0, 0);
    for operation in OPERATIONS {
        for (principal, refused_as) in PRINCIPALS {
            let Some(token) = fixture.tokens.get(principal) else {
                skipped += 1;
                continue;
            };
            let (path, body) = request(&app, operation, &fixture).await;
            // Some operations end the session that calls them, so the other person comes afresh.
            let fresh = fixture.other.signs_in("other@example.org", PASSWORD).await.json();
            let token = match refused_as {
                0 => fresh["session"]["access_token"].as_str(),
                _ => token.as_deref(),
            };
            let answer = call(&app, operation, &path, body.as_ref(), token).await;
            let cell = format!("{} as {principal}: {answer:?}", operation.id);
            match (operation.audience, refused_as) {
                // A token on a public operation is not looked at: the answer is anybody's.
                (Audience::Public, _) => {
                    let anybodys = call(&app, operation, &path, body.as_ref(), None).await;
                    assert_eq!(answer.status, anybodys.status, "{cell}");
                }
                (Audience::Person, 0) if operation.path.contains('{') => {
                    assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{cell}");
                }
                (Audience::Person, 0) => {
                    assert!((200..300).contains(&answer.status), "{cell}");
                    assert!(!answer.text.contains(&fixture.owner.account_id), "{cell}");
                    assert!(!answer.text.contains("owner@example.org"), "{cell}");
                }
                (Audience::Person, status) => {
                    assert_eq!(answer.problem(), (status, "unauthenticated".to_owned()), "{cell}");
                }
            }
            cells += 1;
        }
    }
    assert_eq!(fixture.owner.gets("/v1/account").await.text, before, "nobody changed the owner's account");
    assert_eq!(fixture.elsewhere.gets("/v1/account").await.status, 200, "nobody ended the owner's session");
    println!(
        "matrix: {} operations x {} principals = {cells} cells, skipped = {skipped}",
        OPERATIONS.len(),
        PRINCIPALS.len()
    );
    assert_eq!((cells, skipped), (OPERATIONS.len() * PRINCIPALS.len(), 0));
}

#[tokio::test]
async fn what_the_table_says_of_the_log_is_true() {
    let app = App::start().await;
    let leaves = || app.database.number("SELECT count(*) AS n FROM log_leaves");
    let ada = app.person("ada@example.org").await;
    for operation in OPERATIONS.iter().filter(|operation| operation.audience == Audience::Person) {
        let fixture = Fixture {
            owner: ada.clone(),
            elsewhere: ada.clone(),
            other: ada.clone(),
            tokens: BTreeMap::new(),
        };
        if operation.method == "DELETE" {
            assert!(!operation.writes_log);
            continue;
        }
        let before = leaves();
        let (path, body) = request(&app, operation, &fixture).await;
        let answer = call(&app, operation, &path, body.as_ref(), Some(&ada.access_token)).await;
        assert!((200..300).contains(&answer.status), "{}: {answer:?}", operation.id);
        assert_eq!(leaves() > before, operation.writes_log, "{}", operation.id);
    }
}

#[tokio::test]
async fn before_accepting_the_policy_in_force_only_the_open_operations_answer() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    app.database.sql(
        "INSERT INTO policy_versions SELECT 2, clauses, content_hash, published_at, leaf_id FROM policy_versions",
    );
    for operation in OPERATIONS
        .iter()
        .filter(|operation| operation.audience == Audience::Person && operation.method != "DELETE")
    {
        let fixture = Fixture {
            owner: ada.clone(),
            elsewhere: ada.clone(),
            other: ada.clone(),
            tokens: BTreeMap::new(),
        };
        let (path, body) = request(&app, operation, &fixture).await;
        let answer = call(&app, operation, &path, body.as_ref(), Some(&ada.access_token)).await;
        if operation.policy_gate == smart_mining::domain::operation::PolicyGate::Open {
            assert_eq!(answer.status, 200, "{}", operation.id);
        } else {
            assert_eq!(answer.problem(), (403, "policy_acceptance_required".to_owned()), "{}", operation.id);
            assert_eq!(answer.json()["clause"], "0.4");
        }
    }
}

#[tokio::test]
async fn a_restricted_account_reads_and_a_closed_one_is_out() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let change = || ada.changes_profile(json!({ "display_name": "ada" }));

    app.database.sql("UPDATE accounts SET state = 'restricted'");
    assert_eq!(ada.gets("/v1/account").await.json()["state"], "restricted");
    assert_eq!(change().await.problem(), (423, "account_restricted".to_owned()));

    app.database.sql("UPDATE accounts SET state = 'closed'");
    assert_eq!(ada.gets("/v1/account").await.status, 401);
    assert_eq!(
        ada.signs_in("ada@example.org", PASSWORD).await.problem(),
        (401, "invalid_credentials".to_owned())
    );
    assert_eq!(ada.refreshes().await.status, 401);

    app.database.sql("UPDATE accounts SET state = 'active', epoch = epoch + 1");
    assert_eq!(ada.gets("/v1/account").await.status, 401, "sessions of an earlier epoch are dead");
}
