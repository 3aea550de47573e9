//! Erasures: taken back while there is time, carried out to the end, and proven to whoever holds the token.

use chrono::TimeDelta;
use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_query};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use smart_mining::{
    domain::{data_dictionary::Category, ids::AccountId},
    services::rights::RightsService,
};

use crate::{
    rights::jobs,
    support::{App, PASSWORD, Person, Process, company, eventually, is_postgres},
};

const EMAIL: &str = "ada@example.org";

async fn own(ada: &Person, id: &str) -> Value {
    ada.gets(&format!("/v1/rights-requests/{id}")).await.json()
}

async fn result(app: &App, token: &str) -> Value {
    app.post("/v1/rights-request-results", &json!({ "result_token": token })).await.json()
}

/// The certificate, once the log has attested it.
async fn certificate(app: &App, token: &str) -> Value {
    eventually("the certificate", || async {
        let found = result(app, token).await["certificate"].clone();
        (!found.is_null()).then_some(found)
    })
    .await
}

/// What a certificate says, verified with the published key alone.
pub async fn says(app: &App, certificate: &Value) -> Value {
    let text = certificate["certificate"].as_str().unwrap();
    let kid = jsonwebtoken::decode_header(text).unwrap().kid.unwrap();
    let keys = app.get("/.well-known/jwks.json").await.json();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    let key = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(text, &key, &validation).unwrap().claims
}

/// A fact that the proof commits to.
fn fact(certificate: &Value, name: &str) -> String {
    let facts = certificate["proof"]["entries"][0]["facts"].as_array().unwrap();
    facts.iter().find(|fact| fact["name"] == name).unwrap()["value"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_erasure_is_scheduled_and_can_be_taken_back_and_nothing_is_done_meanwhile() {
    let app = App::start().await;
    let (desk, ada, jobs) = (app.desk().await, app.person(EMAIL).await, jobs(&app).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let shared = desk.discloses(&ada, &pool, &json!(["email"])).await;
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    for (body, pointer) in [
        (json!({ "kind": "erasure", "purpose": "advertising" }), "/purpose"),
        (json!({ "kind": "erasure", "data_class": "contact" }), "/data_class"),
    ] {
        let wrong = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&body)).await;
        assert_eq!(wrong.first_error().0, pointer, "{}", wrong.text);
    }
    let asked = json!({ "kind": "erasure" });
    let preview = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await.json();
    let codes: Vec<&Value> =
        preview["consequences"].as_array().unwrap().iter().map(|consequence| &consequence["code"]).collect();
    assert!(codes.contains(&&json!("service_ends")) && codes.contains(&&json!("disclosures_refused")));
    assert!(preview["entries"].as_array().unwrap().iter().all(|entry| entry["fate"] == "erased"));
    assert_eq!(preview["recipients"][0]["name"], "Harbour Pool");

    let (id, token) = ada.asks_for_erasure("after_grace").await;
    let request = own(&ada, &id).await;
    assert_eq!((&request["state"], &request["clause"]), (&json!("scheduled"), &json!("7.1")));
    app.mail_saying(EMAIL, "will be erased").await;
    assert_eq!(pool.pulls(&app, &shared).await.problem(), (423, "disclosure_held".to_owned()));
    assert_eq!(result(&app, &token).await["request"]["state"], "scheduled");
    assert_eq!(jobs.carry_out(2).await.unwrap(), 0, "not before its day");
    assert_eq!(ada.takes_back(&id).await.json()["state"], "withdrawn");
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    app.advance(TimeDelta::days(15));
    assert_eq!(jobs.carry_out(2).await.unwrap(), 0);
    app.signs_in(EMAIL, &ada.cookie).await;
    let nobody = app.post("/v1/rights-request-results", &json!({ "result_token": "A".repeat(71) })).await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn an_erasure_leaves_nothing_and_whoever_holds_the_token_has_it_certified() {
    let app = App::start().await;
    let (desk, ada, jobs) = (app.desk().await, app.person(EMAIL).await, jobs(&app).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let shared = desk.discloses(&ada, &pool, &json!(["real_name", "email"])).await;
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    ada.verifies_phone("+64211234567").await;
    ada.changes_profile(json!({ "display_name": "countess", "real_name": "Ada King" })).await;
    ada.asks_for("objection", Some("advertising"), None).await;
    crate::log::verifies(&app).await;

    let (id, token) = ada.asks_for_erasure("now").await;
    assert_eq!(jobs.carry_out(2).await.unwrap(), 1);
    assert_eq!(jobs.carry_out(2).await.unwrap(), 0, "once");
    assert_eq!(ada.gets("/v1/account").await.status, 401);
    assert_eq!(ada.signs_in(EMAIL, PASSWORD).await.problem(), (401, "invalid_credentials".to_owned()));
    assert_eq!(pool.pulls(&app, &shared).await.status, 410);
    let duties = pool.gets(&app, "/v1/partner/obligations").await.json();
    let kinds: Vec<&Value> = duties["data"].as_array().unwrap().iter().map(|duty| &duty["kind"]).collect();
    assert!(kinds.contains(&&json!("erase")), "{kinds:?}");
    app.mail_saying(EMAIL, "are being erased").await;
    let keys = "SELECT count(*) AS n FROM subject_keys WHERE category = 'messages'";
    let left = || app.database.keys_number(keys);
    let staff = app.database.number("SELECT count(*) AS n FROM staff_members");
    eventually("the key of the last mail dies", || async { (left() <= staff).then_some(()) }).await;

    let done = result(&app, &token).await;
    assert_eq!(
        (&done["request"]["rights_request_id"], &done["request"]["state"]),
        (&json!(id), &json!("completed"))
    );
    let certificate = certificate(&app, &token).await;
    let claims = says(&app, &certificate).await;
    assert_eq!((&claims["sub"], &claims["clause"]), (&json!(id), &json!("7.1")));
    assert_eq!(claims["entries"].as_array().unwrap().len(), 10);
    let account: AccountId = ada.account_id.parse().unwrap();
    let named = Sha256::new().chain_update(account.as_bytes()).chain_update("contact").finalize();
    let named = named.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert!(claims["entries"].as_array().unwrap().iter().any(|entry| entry["key_id"] == named.as_str()));
    let hash = Sha256::digest(serde_json::to_string(&claims["entries"]).unwrap());
    let hash = hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!((&claims["outcome_hash"], fact(&certificate, "outcome_hash")), (&json!(hash), hash.clone()));
    let day = |name: &str| chrono::DateTime::parse_from_rfc3339(claims[name].as_str().unwrap()).unwrap();
    assert_eq!(day("backups_unreadable_by") - day("completed_at"), TimeDelta::days(7));
    let size =
        |name: &str| -> u64 { claims[name].as_str().unwrap().lines().nth(1).unwrap().parse().unwrap() };
    assert!(size("checkpoint_before") < size("checkpoint_after"));
    for personal in [EMAIL, "Ada", "Lovelace", "countess", &ada.account_id] {
        assert!(!claims.to_string().contains(personal), "{personal}");
    }
    let other = app.database.texts("SELECT state AS t FROM rights_requests WHERE kind = 'objection'");
    assert_eq!(other, ["superseded"], "nothing waits for an answer to nobody");
    proves(&app, &certificate);
    crate::log::verifies(&app).await;
    // The address is free, and leads to nobody.
    let seen = app.codes_mailed_to(EMAIL).len();
    let again = app.register(EMAIL).await;
    again.verify(&app.code_mailed_after(seen, EMAIL).await).await;
}

/// An outsider verifies the proof with the log's key and no database.
pub fn proves(app: &App, certificate: &Value) {
    let output = Process::run(&app.settings, &["log", "keys"]);
    let key = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let file = app.database.folder.path().join("certificate-proof.json");
    std::fs::write(&file, certificate["proof"].to_string()).unwrap();
    let output =
        Process::run(&app.settings, &["log", "verify-proof", file.to_str().unwrap(), "--public-key", &key]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("rights_request.completed"), "{said}");
}

#[tokio::test]
async fn what_a_law_keeps_is_named_kept_sealed_and_destroyed_on_its_day() {
    let app = App::start().await;
    let (ada, jobs) = (app.person(EMAIL).await, jobs(&app).await);
    let hex = ada.account_id.trim_start_matches("acc_").to_owned();
    approved(&app, &hex);
    let asked = json!({ "kind": "erasure" });
    let preview = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await.json();
    let kept = |entries: &Value| -> Vec<Value> {
        entries.as_array().unwrap().iter().filter(|entry| entry["fate"] == "kept").cloned().collect()
    };
    assert_eq!(kept(&preview["entries"])[0]["category"], "statutory");
    let (_, token) = ada.asks_for_erasure("now").await;
    assert_eq!(jobs.carry_out(2).await.unwrap(), 1);
    let done = result(&app, &token).await;
    assert_eq!(done["request"]["state"], "partly_completed");
    assert!(done["request"]["kept_until"].as_str().unwrap().starts_with("2031-03-01"), "{done}");
    let claims = says(&app, &certificate(&app, &token).await).await;
    let entry = &kept(&claims["entries"])[0];
    assert!(entry["law"].as_str().unwrap().contains("section 50"), "{entry}");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_records WHERE record IS NOT NULL"), 1);
    app.advance(TimeDelta::days(5 * 365 + 1) - TimeDelta::hours(1));
    assert_eq!(jobs.release(2).await.unwrap(), 0);
    app.advance(TimeDelta::hours(2));
    assert_eq!(jobs.release(2).await.unwrap(), 1);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_records"), 0);
    assert_eq!(result(&app, &token).await["request"]["state"], "completed");
    crate::log::verifies(&app).await;
}

/// A record that the law wants kept, as an approval leaves it.
pub fn approved(app: &App, hex: &str) {
    let account = if is_postgres() { format!("'{hex}'::uuid") } else { format!("x'{hex}'") };
    let record = if is_postgres() { r"'\x00'::bytea" } else { "x'00'" };
    app.database.sql(&format!(
        "INSERT INTO kyc_cases \
         (account_id, kyc_case_id, number, state, ground, requested_at, due_at, decided_at, rejections, revision) \
         SELECT account_id, account_id, 1, 'approved', 'activity', created_at, created_at, created_at, '[]', 1 \
         FROM accounts WHERE account_id = {account}; \
         INSERT INTO kyc_records (account_id, kyc_case_id, record, recorded_at) \
         SELECT account_id, account_id, {record}, created_at FROM accounts WHERE account_id = {account}"
    ));
}

#[tokio::test]
async fn nothing_is_erased_for_three_days_after_a_password_was_reset() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    app.database.sql("UPDATE credentials SET reset_at = changed_at");
    let (id, _) = ada.asks_for_erasure("now").await;
    let request = own(&ada, &id).await;
    let day = |name: &str| chrono::DateTime::parse_from_rfc3339(request[name].as_str().unwrap()).unwrap();
    let waits = day("executes_at") - day("filed_at");
    assert!(waits > TimeDelta::hours(71) && waits <= TimeDelta::hours(72), "{waits}");
    // Whoever is looked into does not run away with what is looked for.
    let eve = app.person("eve@example.org").await;
    app.database.sql("UPDATE accounts SET state = 'restricted', state_reason = 'security_review'");
    let (id, _) = eve.asks_for_erasure("now").await;
    let request = own(&eve, &id).await;
    assert!(request["executes_at"].as_str().unwrap() > "2026-03-14", "{request}");
}

/// Whether the rights that are due are carried out.
async fn is_carried_out(jobs: &RightsService) -> bool {
    matches!(jobs.carry_out(2).await, Ok(1))
}

#[tokio::test]
async fn an_erasure_waits_for_whoever_reads_what_is_to_be_overwritten() {
    if is_postgres() {
        return;
    }
    let app = App::start().await;
    let (ada, jobs) = (app.person(EMAIL).await, jobs(&app).await);
    let (_, token) = ada.asks_for_erasure("now").await;
    let mut reader =
        SqliteConnection::establish(app.database.data_url.trim_start_matches("sqlite:")).unwrap();
    reader.batch_execute("BEGIN").unwrap();
    sql_query("SELECT count(*) FROM profiles").execute(&mut reader).unwrap();
    assert!(!is_carried_out(&jobs).await, "its pages are still there for the reader");
    assert_eq!(result(&app, &token).await["request"]["state"], "executing");
    assert_eq!(ada.gets("/v1/account").await.status, 401, "and nobody gets in meanwhile");
    reader.batch_execute("COMMIT").unwrap();
    assert!(is_carried_out(&jobs).await);
}

#[tokio::test]
async fn a_person_whose_data_do_not_open_is_erased_all_the_same() {
    let app = App::start().await;
    let (ada, jobs) = (app.person(EMAIL).await, jobs(&app).await);
    let (_, token) = ada.asks_for_erasure("now").await;
    app.database.sql("UPDATE profiles SET email = real_name");
    assert_eq!(jobs.carry_out(2).await.unwrap(), 1);
    assert_eq!(result(&app, &token).await["request"]["state"], "completed");

    // As after a restore from before the erasure, beside today's key store.
    let eve = app.person("eve@example.org").await;
    let (_, token) = eve.asks_for_erasure("now").await;
    let id: AccountId = eve.account_id.parse().unwrap();
    for category in Category::ALL {
        jobs.vault.destroy(id, *category, app.clock.now()).await.unwrap();
    }
    assert_eq!(jobs.carry_out(2).await.unwrap(), 1);
    assert_eq!(result(&app, &token).await["request"]["state"], "completed");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM account_emails"), 0);
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn nothing_waits_for_whoever_was_erased_and_staff_finds_nobody() {
    let app = App::start().await;
    let (ada, case) = crate::staff::person_with_case(&app).await;
    let jobs = jobs(&app).await;
    let admins = app.admins().await;
    let (support, reader) =
        (app.member(&admins, "support").await, app.member(&admins, "data_processor").await);
    let answer = json!({ "message": "The wren answers at dawn." });
    let key = [("idempotency-key", "0123456789abcdef0123")];
    let bearer = format!("Bearer {}", support.access_token);
    let headers = [key[0], ("authorization", bearer.as_str())];
    let path = format!("/v1/staff/support-cases/{case}/messages");
    let answered = app.send(Method::POST, &path, &headers, Some(&answer)).await;
    assert_eq!(answered.status, 201, "{}", answered.text);
    let asked = json!({ "category": "other", "message": "And now?" });
    assert_eq!(ada.sends(Method::POST, "/v1/support-cases", &[], Some(&asked)).await.status, 201);
    ada.asks_for_erasure("now").await;
    let stored =
        || app.database.number("SELECT count(*) AS n FROM idempotency_keys WHERE answer IS NOT NULL");
    let before = stored();
    assert_eq!(jobs.carry_out(2).await.unwrap(), 1);
    assert!(stored() < before, "what was written to the person goes, whoever wrote it");
    assert_eq!(support.gets("/v1/staff/support-cases").await.json()["data"], json!([]));
    let read = crate::staff::read(&ada, &case, &json!(["real_name"]));
    assert_eq!(reader.posts("/v1/staff/personal-data-reads", &read).await.status, 404);
    let found = support.posts("/v1/staff/person-lookups", &json!({ "account_id": ada.account_id })).await;
    assert_eq!(found.status, 404, "{}", found.text);
}

#[tokio::test]
async fn a_password_that_is_reset_after_the_filing_puts_an_erasure_off() {
    let app = App::start().await;
    let (ada, jobs) = (app.person(EMAIL).await, jobs(&app).await);
    let (_, token) = ada.asks_for_erasure("now").await;
    app.database.sql("UPDATE credentials SET reset_at = changed_at");
    assert_eq!(jobs.carry_out(2).await.unwrap(), 0);
    assert_eq!(result(&app, &token).await["request"]["state"], "scheduled");
    app.advance(TimeDelta::hours(72));
    assert_eq!(jobs.carry_out(2).await.unwrap(), 1);
}
