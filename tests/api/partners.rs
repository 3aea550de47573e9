//! Partners: clients with narrow tokens, proved by a secret or a key, rotated with an overlap.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::TimeDelta;
use ed25519_dalek::{Signer, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::domain::{
    operation::{Audience, OPERATIONS},
    partner::Scope,
};

use crate::support::{Answer, App, Member};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

pub async fn client(admin: &Member, scopes: &Value, per_minute: i32) -> String {
    let asked = json!({ "name": "Harbour", "scopes": scopes, "requests_per_minute": per_minute });
    let made = admin.posts("/v1/staff/partner-clients", &asked).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["partner_client_id"].as_str().unwrap().to_owned()
}

/// Adds a secret; gives the credential's id and the secret.
pub async fn secret(admin: &Member, client: &str) -> (String, String) {
    let path = format!("/v1/staff/partner-clients/{client}/credentials");
    let added = admin.posts(&path, &json!({ "kind": "client_secret" })).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let added = added.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&added["credential"]["partner_credential_id"]), text(&added["client_secret"]))
}

async fn token(app: &App, form: &str, basic: Option<(&str, &str)>) -> Answer {
    let mut request = app.client.post(format!("{}/oauth/token", app.url));
    if let Some((id, secret)) = basic {
        request =
            request.header("authorization", format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))));
    }
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    Answer::of(&Method::POST, request.send().await.unwrap()).await
}

const GRANT: &str = "grant_type=client_credentials";

pub async fn bearer(app: &App, id: &str, secret: &str) -> String {
    let issued = token(app, GRANT, Some((id, secret))).await;
    assert_eq!(issued.status, 200, "{}", issued.text);
    issued.json()["access_token"].as_str().unwrap().to_owned()
}

async fn own(app: &App, token: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    app.send(Method::GET, "/v1/partner/client", &[("authorization", &bearer)], None).await
}

fn error(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_client_gets_a_token_by_its_secret_and_its_errors_are_those_of_the_rfc() {
    let app = App::start().await;
    let admins = app.admins().await;
    let id = client(&admins[0], &json!(["reports.read", "signals.write"]), 600).await;
    let (_, secret) = secret(&admins[0], &id).await;
    let issued = token(&app, GRANT, Some((&id, &secret))).await;
    assert_eq!(issued.status, 200, "{}", issued.text);
    assert_eq!(issued.header("cache-control"), "no-store");
    let body = issued.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&json!("Bearer"), &json!(600), &json!("signals.write reports.read"))
    );
    let seen = own(&app, body["access_token"].as_str().unwrap()).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(seen.json()["partner_client_id"], id);
    assert!(!seen.text.contains(&secret));

    let in_form = format!("{GRANT}&client_id={id}&client_secret={secret}&scope=reports.read");
    let narrow = token(&app, &in_form, None).await;
    assert_eq!(narrow.json()["scope"], "reports.read", "{}", narrow.text);
    let seen = own(&app, narrow.json()["access_token"].as_str().unwrap()).await;
    assert_eq!(seen.json()["scopes"], json!(["reports.read"]));

    let wrong = "A".repeat(71);
    for (form, basic, expected) in [
        (GRANT, Some((id.as_str(), wrong.as_str())), (401, "invalid_client")),
        (GRANT, Some(("cli_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", secret.as_str())), (401, "invalid_client")),
        (GRANT, None, (401, "invalid_client")),
        ("grant_type=password", Some((id.as_str(), secret.as_str())), (400, "unsupported_grant_type")),
        ("scope=x", Some((id.as_str(), secret.as_str())), (400, "invalid_request")),
        (
            "grant_type=client_credentials&scope=a&scope=b",
            Some((id.as_str(), secret.as_str())),
            (400, "invalid_request"),
        ),
        (
            "grant_type=client_credentials&scope=disclosures.pull",
            Some((id.as_str(), secret.as_str())),
            (400, "invalid_scope"),
        ),
        (
            "grant_type=client_credentials&scope=",
            Some((id.as_str(), secret.as_str())),
            (400, "invalid_scope"),
        ),
        (in_form.as_str(), Some((id.as_str(), secret.as_str())), (400, "invalid_request")),
    ] {
        let refused = token(&app, form, basic).await;
        assert_eq!(error(&refused), (expected.0, expected.1.to_owned()), "{form}");
        assert!(!refused.text.contains(&wrong) && !refused.text.contains(&secret));
        if expected.0 == 401 {
            assert!(refused.header("www-authenticate").starts_with("Basic"));
        }
    }
    let json = app.post("/oauth/token", &json!({ "grant_type": "client_credentials" })).await;
    assert_eq!(error(&json), (400, "invalid_request".to_owned()));
    app.advance(TimeDelta::minutes(11));
    assert_eq!(own(&app, body["access_token"].as_str().unwrap()).await.status, 401, "it lives ten minutes");
}

fn assertion(app: &App, key: &SigningKey, id: &str, audience: &str, seconds: i64, jti: &str) -> String {
    let claims = json!({
        "iss": id, "sub": id, "aud": audience, "jti": jti, "exp": app.clock.now().as_seconds() + seconds,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "EdDSA", "typ": "JWT" })), part(&claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()).to_bytes()))
}

#[tokio::test]
async fn a_client_gets_a_token_by_a_signed_assertion_once() {
    let app = App::start().await;
    let admins = app.admins().await;
    let id = client(&admins[0], &json!(["reports.read"]), 600).await;
    let key = SigningKey::from_bytes(&[7; 32]);
    let path = format!("/v1/staff/partner-clients/{id}/credentials");
    let public = URL_SAFE_NO_PAD.encode(key.verifying_key().to_bytes());
    for wrong in [
        json!({ "kind": "private_key_jwt" }),
        json!({ "kind": "private_key_jwt", "public_key": "A".repeat(42) }),
        json!({ "kind": "client_secret", "public_key": public }),
    ] {
        assert_eq!(admins[0].posts(&path, &wrong).await.status, 422, "{wrong}");
    }
    let added = admins[0].posts(&path, &json!({ "kind": "private_key_jwt", "public_key": public })).await;
    assert_eq!((added.status, &added.json()["client_secret"]), (201, &json!(null)), "{}", added.text);

    let endpoint = "http://127.0.0.1:8080/oauth/token";
    let ask = |assertion: String| {
        let form = format!("{GRANT}&client_assertion_type={ASSERTION_TYPE}&client_assertion={assertion}");
        let app = &app;
        async move { token(app, &form, None).await }
    };
    let good = assertion(&app, &key, &id, endpoint, 60, "one");
    let issued = ask(good.clone()).await;
    assert_eq!(issued.status, 200, "{}", issued.text);
    assert_eq!(own(&app, issued.json()["access_token"].as_str().unwrap()).await.status, 200);
    let other = SigningKey::from_bytes(&[8; 32]);
    for (what, wrong) in [
        ("used before", good),
        ("another key", assertion(&app, &other, &id, endpoint, 60, "two")),
        ("another audience", assertion(&app, &key, &id, "https://elsewhere.example/token", 60, "three")),
        ("lapsed", assertion(&app, &key, &id, endpoint, -1, "four")),
        ("too long", assertion(&app, &key, &id, endpoint, 301, "five")),
        ("no id of its own", assertion(&app, &key, &id, endpoint, 60, "")),
        (
            "another client",
            assertion(&app, &key, "cli_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", endpoint, 60, "six"),
        ),
        ("none at all", "a.b.c".to_owned()),
    ] {
        assert_eq!(error(&ask(wrong).await), (401, "invalid_client".to_owned()), "{what}");
    }
}

#[tokio::test]
async fn secrets_rotate_with_an_overlap_and_a_client_ends_at_once() {
    let app = App::start().await;
    let admins = app.admins().await;
    let id = client(&admins[0], &json!(["reports.read"]), 600).await;
    let (old_id, old) = secret(&admins[0], &id).await;
    let (_, new) = secret(&admins[0], &id).await;
    let old_token = bearer(&app, &id, &old).await;
    let retire = format!("/v1/staff/partner-clients/{id}/credentials/{old_id}/retirement");
    assert_eq!(admins[0].posts(&retire, &json!({ "overlap_hours": 169 })).await.status, 422);
    let mut admin = admins[0].clone();
    let retired = admin.posts(&retire, &json!({ "overlap_hours": 1 })).await;
    assert_eq!(retired.status, 201, "{}", retired.text);
    assert_eq!(own(&app, &old_token).await.status, 200, "both work meanwhile");
    bearer(&app, &id, &old).await;
    bearer(&app, &id, &new).await;
    app.advance(TimeDelta::hours(1));
    assert_eq!(error(&token(&app, GRANT, Some((&id, &old))).await), (401, "invalid_client".to_owned()));
    let new_token = bearer(&app, &id, &new).await;
    admin.signs_in().await;
    let again = admin.posts(&retire, &json!({ "overlap_hours": 2 })).await;
    assert_eq!(
        again.problem(),
        (409, "partner_state_conflict".to_owned()),
        "what has ended does not live again"
    );

    secret(&admin, &id).await;
    secret(&admin, &id).await;
    let path = format!("/v1/staff/partner-clients/{id}/credentials");
    let fourth = admin.posts(&path, &json!({ "kind": "client_secret" })).await;
    assert_eq!(fourth.problem(), (409, "partner_state_conflict".to_owned()));

    assert_eq!(own(&app, &new_token).await.status, 200);
    let end = format!("/v1/staff/partner-clients/{id}/deactivation");
    assert_eq!(admin.sends(Method::POST, &end, None).await.status, 201);
    assert_eq!(own(&app, &new_token).await.status, 401, "at once");
    assert_eq!(error(&token(&app, GRANT, Some((&id, &new))).await), (401, "invalid_client".to_owned()));
    let listed = admin.gets("/v1/staff/partner-clients").await;
    assert_eq!(listed.json()["data"][0]["active"], false);
    assert!(!listed.text.contains(&new));
}

#[tokio::test]
async fn each_client_has_a_rate_of_its_own() {
    let app = App::start().await;
    let admins = app.admins().await;
    let (slow, quick) = (
        client(&admins[0], &json!(["reports.read"]), 2).await,
        client(&admins[0], &json!(["reports.read"]), 600).await,
    );
    let (_, slows) = secret(&admins[0], &slow).await;
    let (_, quicks) = secret(&admins[0], &quick).await;
    let (slow, quick) = (bearer(&app, &slow, &slows).await, bearer(&app, &quick, &quicks).await);
    assert_eq!((own(&app, &slow).await.status, own(&app, &slow).await.status), (200, 200));
    let third = own(&app, &slow).await;
    assert_eq!(third.problem(), (429, "too_many_requests".to_owned()));
    assert!(third.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(own(&app, &quick).await.status, 200);
}

#[tokio::test]
async fn every_partner_operation_takes_its_scopes_and_no_other_token() {
    let app = App::start().await;
    let admins = app.admins().await;
    let ada = app.person("ada@example.org").await;
    let operations: Vec<_> = OPERATIONS.iter().filter(|known| known.audience == Audience::Partner).collect();
    let mut tokens = vec![
        ("no token", None, None),
        ("a person", None, Some(ada.access_token.clone())),
        ("staff", None, Some(admins[0].access_token.clone())),
    ];
    for scope in Scope::ALL {
        let id = client(&admins[0], &json!([scope.as_str()]), 600).await;
        let (_, secret) = secret(&admins[0], &id).await;
        tokens.push((scope.as_str(), Some(scope), Some(bearer(&app, &id, &secret).await)));
    }
    client(&admins[0], &json!(Scope::ALL.map(Scope::as_str)), 600).await;
    let mut cells = 0;
    for operation in &operations {
        for (name, scope, token) in &tokens {
            let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
            let bearer = token.as_ref().map(|token| format!("Bearer {token}"));
            let headers: Vec<(&str, &str)> =
                bearer.iter().map(|value| ("authorization", value.as_str())).collect();
            let body = match operation.id {
                "report_signals" => Some(json!({ "signals": [{
                    "reference": "x", "account_id": ada.account_id, "kind": "unusual_device",
                    "occurred_at": app.clock.now().to_string(),
                }] })),
                "set_webhook_endpoint" => Some(json!({ "url": "https://pool.invalid/" })),
                _ => None,
            };
            let answer = app.send(method, operation.path, &headers, body.as_ref()).await;
            let cell = format!("{} as {name}: {answer:?}", operation.id);
            match scope {
                None => assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{cell}"),
                Some(scope) if operation.scopes.is_empty() || operation.scopes.contains(scope) => {
                    // Nothing was released to any of them.
                    let expected = match operation.id {
                        _ if operation.path.contains('{') => 404,
                        "create_webhook_secret" | "send_test_webhook" => 201,
                        _ => 200,
                    };
                    assert_eq!(answer.status, expected, "{cell}");
                }
                Some(_) => assert_eq!(answer.problem(), (403, "scope_required".to_owned()), "{cell}"),
            }
            cells += 1;
        }
    }
    // Nor does a partner's token open anything else.
    let (_, _, partner) = tokens.pop().unwrap();
    let bearer = format!("Bearer {}", partner.unwrap());
    for operation in
        OPERATIONS.iter().filter(|known| matches!(known.audience, Audience::Person | Audience::Staff))
    {
        let method = Method::from_bytes(operation.method.as_bytes()).unwrap();
        let answer = app.send(method, operation.path, &[("authorization", &bearer)], None).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{}", operation.id);
        cells += 1;
    }
    println!("partner matrix: {cells} cells, skipped = 0");
}
