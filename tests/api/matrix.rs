//! Every operation of the table, called as every kind of principal.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::domain::operation::{Assurance, Audience, OPERATIONS, Operation, PolicyGate};

use crate::support::{Answer, App, Form, PASSWORD, Person, challenge_of, is_postgres, registration_body};

/// Who calls.
const PRINCIPALS: [&str; 6] = [
    "no token",
    "expired token",
    "token of an ended session",
    "token of the wrong audience",
    "other person's token, not stepped up",
    "other person's token, stepped up",
];

/// What another person, just registered, gets for calling an operation with the owner's ids: what the
/// operation does to the own account, or to nothing.
fn outcome(operation: &Operation) -> u16 {
    match operation.id {
        "confirm_email_change" | "confirm_phone_change" | "confirm_totp" => 410,
        "remove_totp"
        | "get_consent_receipt"
        | "acknowledge_notice"
        | "end_session"
        | "get_support_case"
        | "send_support_message"
        | "close_support_case"
        | "get_kyc_document"
        | "delete_kyc_document"
        | "get_kyc_document_image"
        | "get_disclosure"
        | "get_disclosure_proof"
        | "get_consent_request"
        | "answer_consent_request"
        | "withdraw_consent_answer"
        | "object_to_transfer"
        | "get_rights_request"
        | "get_rights_request_result"
        | "complain_about_rights_request"
        | "upload_rights_evidence"
        | "attach_statement_of_correction"
        | "withdraw_rights_request" => 404,
        "create_recovery_codes"
        | "reopen_account"
        | "set_kyc_details"
        | "upload_kyc_document"
        | "submit_kyc" => 409,
        "preview_rights_request" => 200,
        // The preview is another's.
        "step_up_session" | "file_rights_request" => 422,
        "request_email_change" | "request_phone_change" | "send_step_up_code" => 202,
        _ if operation.method == "POST" => 201,
        _ => 200,
    }
}

struct Fixture {
    owner: Person,
    elsewhere: Person,
    /// What stands in the place of a parameter: the owner's own things.
    parameters: BTreeMap<&'static str, String>,
    challenge: Value,
    dead_tokens: BTreeMap<&'static str, Option<String>>,
}

/// The last part of a path that ends in `/confirmation`.
fn id_in(path: &str) -> String {
    path.rsplit('/').nth(1).unwrap().to_owned()
}

/// An event of the person's ledger.
pub async fn event_of(person: &Person) -> String {
    let events = person.gets("/v1/consent-events").await.json();
    events["data"][0]["consent_event_id"].as_str().unwrap().to_owned()
}

/// A notice of the person: of a choice that was made on the device before signing in on it again.
async fn notice_of(app: &App, person: &Person) -> String {
    let choice = json!({ "consents": [{ "purpose": "troubleshooting", "granted": false }] });
    let cookie = [("cookie", person.cookie.as_str())];
    let path = "/v1/devices/current/consents";
    assert_eq!(app.send(Method::PUT, path, &cookie, Some(&choice)).await.status, 200);
    let email = person.gets("/v1/account").await.json()["email"].as_str().unwrap().to_owned();
    assert_eq!(person.signs_in(&email, PASSWORD).await.status, 201);
    let notices = person.gets("/v1/notices").await.json();
    notices["data"][0]["notice_id"].as_str().unwrap().to_owned()
}

async fn policy_of(app: &App) -> Value {
    let policy = app.get("/v1/policy-versions/current").await.json();
    json!({ "policy_version": policy["version"], "policy_content_hash": policy["content_hash"] })
}

async fn case_of(person: &Person) -> String {
    let asked = json!({ "category": "other", "message": "hello" });
    let opened = person.sends(Method::POST, "/v1/support-cases", &[], Some(&asked)).await.json();
    opened["support_case"]["support_case_id"].as_str().unwrap().to_owned()
}

/// Everybody who was not is asked for a verification.
pub fn ask_everybody(app: &App) {
    app.database.sql(
        "INSERT INTO kyc_cases \
         (account_id, kyc_case_id, state, ground, requested_at, due_at, rejections, revision) \
         SELECT account_id, account_id, 'requested', 'activity', created_at, \
                (SELECT max(expires_at) FROM sessions), '[]', 1 FROM accounts \
         WHERE account_id NOT IN (SELECT account_id FROM kyc_cases)",
    );
}

/// Everybody who was not is asked before a disclosure; the same one stands for what was released, too.
pub fn disclose_everybody(app: &App) {
    let hex = if is_postgres() { "replace(account_id::text, '-', '')" } else { "lower(hex(account_id))" };
    app.database.sql(&format!(
        "INSERT INTO recipients \
         (recipient_id, class, name, country, agreement, contact, state, version, feed, changed_by, \
          registered_at, changed_at) \
         SELECT account_id, 'group_company', 'Pool', 'NZ', 'none', 'x@y', 'active', 1, 0, account_id, \
                created_at, created_at FROM accounts \
         WHERE account_id NOT IN (SELECT recipient_id FROM recipients); \
         INSERT INTO disclosures \
         (account_id, disclosure_id, recipient_id, purpose, fields, consent_kind, revision, scope_hash, state, \
          requested_by, requested_at, changed_at, ends_at, released_at, reviews_needed, pulls, steps) \
         SELECT account_id, account_id, account_id, 'group_sharing', 'email', 'specific', 1, \
                (SELECT content_hash FROM policy_versions WHERE version = 1), 'awaiting_consent', account_id, \
                created_at, created_at, (SELECT max(expires_at) FROM sessions), created_at, 1, 0, 1 FROM accounts \
         WHERE account_id NOT IN (SELECT account_id FROM disclosures); \
         INSERT INTO disclosure_events \
         (account_id, disclosure_id, number, disclosure_event_id, step, revision, scope, scope_hash, \
          person_sequence, occurred_at, leaf_id) \
         SELECT account_id, account_id, 1, account_id, 'asked', 1, \
                'recipient=rcp_' || {hex} || ' class=group_company country=NZ purpose=group_sharing fields=email \
consent=specific instrument=', (SELECT content_hash FROM policy_versions WHERE version = 1), sequence, created_at, \
                (SELECT leaf_id FROM log_leaves ORDER BY leaf_id LIMIT 1) FROM accounts \
         WHERE account_id NOT IN (SELECT account_id FROM disclosure_events); \
         INSERT INTO consent_requests \
         (account_id, consent_request_id, number, disclosure_id, revision, state, asked_at, expires_at) \
         SELECT account_id, account_id, 1, account_id, 1, 'open', created_at, \
                (SELECT max(expires_at) FROM sessions) FROM accounts \
         WHERE account_id NOT IN (SELECT account_id FROM consent_requests)"
    ));
}

/// What was made for everybody is part of a transfer of their own.
fn transfer_everybody(app: &App) {
    disclose_everybody(app);
    app.database.sql(
        "INSERT INTO transfers \
         (transfer_id, recipient_id, fields, notice_days, state, drafted_by, drafted_at, cohort, released) \
         SELECT account_id, account_id, 'email', 30, 'announced', account_id, created_at, 1, 0 FROM accounts \
         WHERE account_id NOT IN (SELECT transfer_id FROM transfers); \
         UPDATE disclosures SET transfer_id = account_id WHERE transfer_id IS NULL",
    );
}

/// What [`disclose_everybody`] made for a person, by the prefix of its ids.
fn made_for(person: &Person, prefix: &str) -> String {
    person.account_id.replace("acc_", prefix)
}

async fn document_of(app: &App, person: &Person) -> String {
    ask_everybody(app);
    let there = person.gets("/v1/kyc").await.json();
    if let Some(id) = there["documents"][0]["document_id"].as_str() {
        return id.to_owned();
    }
    let uploaded = person.uploads(&Form::passport("LH123456")).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text);
    uploaded.json()["document_id"].as_str().unwrap().to_owned()
}

/// Everything that a verification asks for.
async fn hand_everything_in(app: &App, person: &Person) {
    ask_everybody(app);
    if person.gets("/v1/kyc").await.json()["documents"] != json!([]) {
        return;
    }
    person.verifies_phone(&new_number()).await;
    crate::kyc_review::tells_everything(person, "1990-12-10", crate::kyc_review::usual()).await;
}

async fn fixture(app: &App) -> Fixture {
    let past = app.person("past@example.org").await;
    app.advance(TimeDelta::minutes(11));
    let guarded = app.person("guarded@example.org").await;
    guarded.enrols_totp().await;
    let challenge = challenge_of(&guarded.signs_in("guarded@example.org", PASSWORD).await);
    let owner = app.person("owner@example.org").await;
    let elsewhere = owner.with(&owner.signs_in("owner@example.org", PASSWORD).await.json()["session"]);
    let ended = app.person("ended@example.org").await;
    assert_eq!(ended.sends(Method::DELETE, "/v1/sessions/current", &[], None).await.status, 200);
    disclose_everybody(app);
    let parameters = BTreeMap::from([
        ("{version}", "1".to_owned()),
        ("{purpose}", "innovations".to_owned()),
        ("{consent_event_id}", event_of(&owner).await),
        ("{notice_id}", "ntc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{support_case_id}", case_of(&owner).await),
        ("{document_id}", document_of(app, &owner).await),
        ("{side}", "front".to_owned()),
        ("{disclosure_id}", made_for(&owner, "dsc_")),
        ("{consent_request_id}", made_for(&owner, "crq_")),
        ("{rights_request_id}", owner.asks_for("restriction", None, Some("documents")).await),
        ("{advertisement_id}", "adv_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{transfer_id}", "tra_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{obligation_id}", "obl_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{webhook_message_id}", "whm_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{instrument_id}", "itr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{recipient_id}", "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{kyc_case_id}", "kyc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{kyc_flag_id}", "flg_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{staff_read_id}", "srd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{staff_id}", "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{role_grant_id}", "rgr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{factor_reset_id}", "fcr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{role}", "support".to_owned()),
        ("{partner_client_id}", "cli_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{partner_credential_id}", "crd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".to_owned()),
        ("{session_id}", elsewhere.session_id.clone()),
        ("{challenge_id}", challenge["challenge_id"].as_str().unwrap().to_owned()),
        ("{email_change_id}", id_in(&owner.asks_for_email("owner.new@example.org").await)),
        ("{phone_change_id}", id_in(&owner.asks_for_phone("+64217654321").await)),
    ]);
    let dead_tokens = BTreeMap::from([
        ("no token", None),
        ("expired token", Some(past.access_token.clone())),
        ("token of an ended session", Some(ended.access_token.clone())),
        ("token of the wrong audience", Some(for_another_audience(&owner.access_token))),
    ]);
    Fixture { owner, elsewhere, parameters, challenge, dead_tokens }
}

/// The owner's own token, said to be for staff.
fn for_another_audience(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let parts: Vec<&str> = token.split('.').collect();
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let claims = URL_SAFE_NO_PAD.encode(claims.replace("smart-mining:person", "smart-mining:staff"));
    format!("{}.{claims}.{}", parts[0], parts[2])
}

/// A new name for each use: mailboxes and names have few tries.
fn new_address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("new{}@example.org", COUNT.fetch_add(1, Ordering::SeqCst))
}

fn new_number() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("+6421{:07}", COUNT.fetch_add(1, Ordering::SeqCst))
}

/// The body that an operation takes.
async fn body_of(app: &App, operation: &Operation, challenge: &Value) -> Option<Value> {
    let token = &challenge["challenge_token"];
    Some(match operation.id {
        "register_account" => registration_body(app, &new_address()).await,
        "verify_account" => json!({ "registration_id": "A".repeat(71), "code": "00000000" }),
        "accept_policy" | "refuse_policy" => policy_of(app).await,
        "set_consent" | "answer_consent_request" => json!({ "granted": false }),
        "preview_rights_request" => json!({ "kind": "objection" }),
        "attach_statement_of_correction" => json!({ "statement": "It is as I said." }),
        "preview_rights_request_by_link" => json!({ "token": "A".repeat(92), "kind": "access" }),
        "file_rights_request_by_link" => {
            json!({ "token": "A".repeat(92), "kind": "access", "preview": "e30.e30.c2ln" })
        }
        "withdraw_rights_request_by_token"
        | "download_rights_archive_by_token"
        | "read_rights_request_result" => json!({ "result_token": "A".repeat(71) }),
        "file_rights_request" => json!({ "kind": "objection", "preview": "e30.e30.c2ln" }),
        "report_ad_events" => json!({ "events": [{
            "advertisement_id": "adv_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "clicked_at": app.clock.now().to_string(),
        }] }),
        "set_device_consents" => json!({ "consents": [{ "purpose": "analytics", "granted": false }] }),
        "open_support_case" => json!({ "category": "other", "message": "hello" }),
        "send_support_message" => json!({ "message": "hello" }),
        "accept_staff_invitation" => {
            json!({ "invitation_token": "A".repeat(71), "real_name": "Eve", "password": PASSWORD })
        }
        "confirm_staff_invitation" => json!({ "invitation_token": "A".repeat(71), "code": "000000" }),
        "create_staff_session" => json!({ "email": new_address(), "password": PASSWORD, "code": "000000" }),
        "create_session" => json!({ "email": new_address(), "password": PASSWORD }),
        "refresh_session" => json!({ "refresh_token": "A".repeat(71) }),
        "update_account" => json!({ "display_name": "mallory" }),
        "set_kyc_details" => json!({
            "birth_date": "1990-12-10",
            "residence": { "line": "1 Road", "postal_code": "10", "city": "Town", "country": "NZ" },
        }),
        "change_password" => {
            json!({ "current_password": PASSWORD, "new_password": "nine cellos before dusk" })
        }
        "request_phone_change" => json!({ "phone": "+64219999999" }),
        "confirm_email_change" | "confirm_phone_change" => json!({ "code": "00000000" }),
        "confirm_totp" => json!({ "code": "000000" }),
        "request_email_change" | "request_password_reset" | "request_rights_link" => {
            json!({ "email": new_address() })
        }
        "confirm_password_reset" => json!({
            "password_reset_token": "A".repeat(71), "code": "00000000", "new_password": "nine cellos before dusk",
        }),
        "send_sign_in_code" | "request_factor_reset" => json!({ "challenge_token": token }),
        "answer_sign_in_challenge" => {
            json!({ "challenge_token": "A".repeat(71), "method": "totp", "code": "000000" })
        }
        "cancel_factor_reset" | "revoke_session_by_link" => json!({ "token": "A".repeat(92) }),
        "send_step_up_code" => json!({ "method": "password_and_email" }),
        "step_up_session" => {
            json!({ "method": "password_and_email", "code": "00000000", "password": PASSWORD })
        }
        _ => return None,
    })
}

fn path_of(operation: &Operation, parameters: &BTreeMap<&'static str, String>) -> String {
    parameters.iter().fold(operation.path.to_owned(), |path, (name, value)| path.replace(name, value))
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
    let form = match operation.id {
        "upload_kyc_document" => Some(Form::passport("LH123456")),
        "upload_rights_evidence" => Some(crate::rectifications::certificate()),
        _ => None,
    };
    if let Some(form) = form {
        let request =
            app.client.post(format!("{}{path}", app.url)).header("content-type", Form::content_type());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        return Answer::of(&Method::POST, request.body(form.body()).send().await.unwrap()).await;
    }
    app.send(method, path, &headers, body).await
}

#[tokio::test]
async fn every_operation_refuses_every_wrong_principal() {
    let app = App::start().await;
    let fixture = fixture(&app).await;
    let before = fixture.owner.gets("/v1/account").await.text;
    let mut cells = 0;
    for operation in OPERATIONS {
        let path = path_of(operation, &fixture.parameters);
        for principal in PRINCIPALS {
            let body = body_of(&app, operation, &fixture.challenge).await;
            let other = match fixture.dead_tokens.get(principal) {
                Some(_) => None,
                None => Some(another(&app, principal.ends_with("not stepped up")).await),
            };
            let token = match &other {
                Some(other) => Some(other.access_token.clone()),
                None => fixture.dead_tokens[principal].clone(),
            };
            let answer = call(&app, operation, &path, body.as_ref(), token.as_deref()).await;
            let cell = format!("{} as {principal}: {answer:?}", operation.id);
            assert!(!answer.text.contains(&fixture.owner.account_id), "{cell}");
            assert!(!answer.text.contains("owner@example.org"), "{cell}");
            match (operation.audience, other.is_some()) {
                (Audience::Public, false) if token.is_some() && operation.takes_a_persons_token() => {
                    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{cell}");
                }
                // A token on another public operation is not looked at: the answer is anybody's.
                (Audience::Public, _) => {
                    let body = body_of(&app, operation, &fixture.challenge).await;
                    let anybodys = call(&app, operation, &path, body.as_ref(), None).await;
                    assert_eq!(answer.status, anybodys.status, "{cell}");
                }
                // Whoever is a person is none of the staff, whatever the token says of itself.
                (Audience::Person, false) | (Audience::Staff | Audience::Partner, _) => {
                    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{cell}");
                }
                (Audience::Person, true)
                    if operation.assurance == Assurance::SteppedUp
                        && principal.ends_with("not stepped up") =>
                {
                    assert_eq!(answer.problem(), (403, "step_up_required".to_owned()), "{cell}");
                }
                (Audience::Person, true) => assert_eq!(answer.status, outcome(operation), "{cell}"),
            }
            cells += 1;
        }
    }
    assert_eq!(fixture.owner.gets("/v1/account").await.text, before, "nobody changed the owner's account");
    assert_eq!(fixture.elsewhere.gets("/v1/account").await.status, 200, "nobody ended the owner's session");
    println!(
        "matrix: {} operations x {} principals = {cells} cells, skipped = {}",
        OPERATIONS.len(),
        PRINCIPALS.len(),
        OPERATIONS.len() * PRINCIPALS.len() - cells,
    );
    assert_eq!(cells, OPERATIONS.len() * PRINCIPALS.len());
}

/// Somebody else, with an account and a session of their own.
async fn another(app: &App, not_stepped_up: bool) -> Person {
    let email = new_address();
    let person = app.person(&email).await;
    if not_stepped_up {
        return person.with(&person.signs_in(&email, PASSWORD).await.json()["session"]);
    }
    person
}

/// A proof of the right person, for a step-up.
async fn step_up_of(app: &App, ada: &Person) -> Value {
    let email = ada.gets("/v1/account").await.json()["email"].as_str().unwrap().to_owned();
    let method = json!({ "method": "password_and_email" });
    ada.sends(Method::POST, "/v1/sessions/step-up/code", &[], Some(&method)).await;
    app.mail_saying(&email, "confirm that it is you").await;
    let code = app.code_mailed_to(&email).await;
    json!({ "method": "password_and_email", "code": code, "password": PASSWORD })
}

/// A request, with the preview of it.
async fn filing_of(ada: &Person) -> Value {
    let asked = json!({ "kind": "objection" });
    let preview = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await;
    json!({ "kind": "objection", "preview": preview.json()["preview"] })
}

/// Does whatever an operation needs done before, and gives the request that succeeds then.
/// A request that the operation is for.
async fn request_of(app: &App, operation: &str, ada: &Person) -> String {
    if operation == "attach_statement_of_correction" {
        ask_everybody(app);
        let hex = ada.account_id.trim_start_matches("acc_");
        let account = if is_postgres() { format!("'{hex}'::uuid") } else { format!("x'{hex}'") };
        app.database.sql(&format!("UPDATE kyc_cases SET state = 'approved' WHERE account_id = {account}"));
        let filed = crate::rectifications::corrects(ada, "real_name", &json!("Ada King")).await;
        app.database.sql("UPDATE rights_requests SET state = 'refused' WHERE kind = 'rectification'");
        return crate::rectifications::id_of(&filed);
    }
    if operation != "get_rights_request_result" {
        return ada.asks_for("objection", None, None).await;
    }
    let id = ada.asks_for("access", None, None).await;
    crate::archives::is_prepared(&crate::rights::services(app).await, ada, &id).await;
    id
}

async fn prepare(app: &App, operation: &Operation, ada: &Person) -> (String, Option<Value>) {
    let mut body = body_of(app, operation, &Value::Null).await;
    let mut path = operation.path.replace("{version}", "1").replace("{purpose}", "innovations");
    match operation.id {
        "get_consent_receipt" => path = path.replace("{consent_event_id}", &event_of(ada).await),
        "acknowledge_notice" => path = path.replace("{notice_id}", &notice_of(app, ada).await),
        // As after a refusal: an acceptance that stands is not written twice.
        "accept_policy" => app.database.sql("UPDATE accounts SET accepted_policy_version = 0"),
        "confirm_email_change" => {
            let address = new_address();
            path = ada.asks_for_email(&address).await;
            body = Some(json!({ "code": app.code_mailed_to(&address).await }));
        }
        "confirm_phone_change" => {
            let number = new_number();
            path = ada.asks_for_phone(&number).await;
            body = Some(json!({ "code": app.code_sent_to(&number).await }));
        }
        "confirm_totp" => {
            let proposed = ada.sends(Method::POST, "/v1/account/totp", &[], None).await.json();
            body = Some(json!({ "code": crate::support::Authenticator::of(&proposed).code(app) }));
        }
        "get_support_case" | "send_support_message" | "close_support_case" => {
            path = path.replace("{support_case_id}", &case_of(ada).await);
        }
        "set_kyc_details" | "upload_kyc_document" => ask_everybody(app),
        "submit_kyc" => hand_everything_in(app, ada).await,
        "get_kyc_document" | "delete_kyc_document" | "get_kyc_document_image" => {
            path = path.replace("{document_id}", &document_of(app, ada).await).replace("{side}", "front");
        }
        id if ["disclosure", "consent_request", "consent_answer"].iter().any(|part| id.contains(part)) => {
            disclose_everybody(app);
            path = path.replace("{disclosure_id}", &made_for(ada, "dsc_"));
            path = path.replace("{consent_request_id}", &made_for(ada, "crq_"));
            if id == "withdraw_consent_answer" {
                app.database.sql("UPDATE consent_requests SET state = 'granted'");
            }
        }
        "file_rights_request" => body = Some(filing_of(ada).await),
        id if operation.path.contains("{rights_request_id}") => {
            path = path.replace("{rights_request_id}", &request_of(app, id, ada).await);
        }
        "object_to_transfer" => {
            transfer_everybody(app);
            path = path.replace("{transfer_id}", &made_for(ada, "tra_"));
        }
        "remove_totp" | "create_recovery_codes" => drop(ada.enrols_totp().await),
        "remove_phone" => ada.verifies_phone(&new_number()).await,
        "reopen_account" => {
            assert_eq!(ada.sends(Method::POST, "/v1/account/closure", &[], None).await.status, 201);
        }
        "step_up_session" => body = Some(step_up_of(app, ada).await),
        "end_session" => {
            let email = ada.gets("/v1/account").await.json()["email"].as_str().unwrap().to_owned();
            let elsewhere = ada.signs_in(&email, PASSWORD).await.json()["session"]["session_id"].clone();
            path = format!("/v1/sessions/{}", elsewhere.as_str().unwrap());
        }
        _ => {}
    }
    (path, body)
}

#[tokio::test]
async fn what_the_table_says_of_the_log_is_true() {
    let app = App::start().await;
    let leaves = || app.database.number("SELECT count(*) AS n FROM log_leaves");
    for operation in OPERATIONS.iter().filter(|operation| operation.audience == Audience::Person) {
        let ada = app.person(&new_address()).await;
        let (path, body) = prepare(&app, operation, &ada).await;
        let before = leaves();
        let answer = call(&app, operation, &path, body.as_ref(), Some(&ada.access_token)).await;
        assert!((200..300).contains(&answer.status), "{}: {answer:?}", operation.id);
        assert_eq!(answer.headers.contains_key("log-promise"), operation.promises_leaf, "{}", operation.id);
        // That recipients were told of an address is promised to nobody, since it may be kept from the person.
        let is_attested = operation.promises_leaf || operation.id == "set_kyc_details";
        assert_eq!(leaves() > before, is_attested, "{}", operation.id);
    }
}

#[tokio::test]
async fn before_accepting_the_policy_in_force_only_the_open_operations_answer() {
    let app = App::start().await;
    let mut people = Vec::new();
    let persons = || OPERATIONS.iter().filter(|operation| operation.audience == Audience::Person);
    for operation in persons() {
        let ada = app.person(&new_address()).await;
        if operation.path.contains("{document_id}") {
            document_of(&app, &ada).await;
        }
        if operation.id == "submit_kyc" {
            hand_everything_in(&app, &ada).await;
        }
        people.push((operation, ada));
    }
    app.database.sql(
        "INSERT INTO policy_versions (version, clauses, purposes, storage_places, content_hash, published_at, leaf_id) \
         SELECT 2, clauses, purposes, storage_places, content_hash, published_at, leaf_id FROM policy_versions",
    );
    for (operation, ada) in people {
        let (path, body) = prepare(&app, operation, &ada).await;
        if operation.policy_gate == PolicyGate::ToNarrow {
            let body = extending(operation);
            let extends = call(&app, operation, &path, Some(&body), Some(&ada.access_token)).await;
            assert_eq!(extends.problem(), (403, "policy_acceptance_required".to_owned()), "{}", operation.id);
            assert_eq!(extends.json()["clause"], "0.4");
        }
        let answer = call(&app, operation, &path, body.as_ref(), Some(&ada.access_token)).await;
        if matches!(operation.policy_gate, PolicyGate::NeedsAcceptance | PolicyGate::ToVerify) {
            assert_eq!(answer.problem(), (403, "policy_acceptance_required".to_owned()), "{}", operation.id);
            assert_eq!(answer.json()["clause"], "0.4");
        } else {
            assert!((200..300).contains(&answer.status), "{}: {answer:?}", operation.id);
        }
    }
}

/// A consent that extends processing.
fn extending(operation: &Operation) -> Value {
    match operation.id {
        "answer_consent_request" => json!({ "granted": true }),
        _ => json!({ "granted": true, "definition_hash": "0".repeat(64) }),
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
