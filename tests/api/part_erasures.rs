//! Erasures of a class of data: it is gone as if the account had ended, and the account goes on.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::services::rights::RightsService;

use crate::{
    archives::{is_prepared, prepares},
    disclosures::answers,
    kyc_documents::asks,
    kyc_review::{Review, tells_everything, usual},
    rights::{jobs, services},
    support::{App, Desk, Partner, Person, company, eventually, is_postgres},
};

const EMAIL: &str = "ada@example.org";

async fn own(ada: &Person, id: &str) -> Value {
    ada.gets(&format!("/v1/rights-requests/{id}")).await.json()
}

async fn certificate(app: &App, token: &str) -> Value {
    eventually("the certificate", || async {
        let result = app.post("/v1/rights-request-results", &json!({ "result_token": token })).await.json();
        let found = result["certificate"].clone();
        (!found.is_null()).then_some(found)
    })
    .await
}

/// Carries out what is due; whether nothing is left to be carried out.
async fn carries_out(jobs: &RightsService, ada: &Person, id: &str) -> String {
    jobs.carry_out(5).await.unwrap();
    own(ada, id).await["state"].as_str().unwrap().to_owned()
}

/// What `table.column` holds in every row that holds something, in hexadecimal digits.
fn cells(app: &App, table: &str, column: &str) -> Vec<String> {
    let hex =
        if is_postgres() { format!("encode({column}, 'hex')") } else { format!("lower(hex({column}))") };
    app.database.texts(&format!("SELECT {hex} AS t FROM {table} WHERE {column} IS NOT NULL"))
}

/// Discloses what its person is asked about first; gives the disclosure.
async fn shares(desk: &Desk, ada: &Person, to: &Partner, fields: &Value) -> String {
    let id = desk.submits(ada, &to.recipient_id, fields).await;
    desk.approves(&id).await;
    assert_eq!(answers(ada, true).await.status, 201);
    desk.releases(&id).await;
    id
}

#[tokio::test]
async fn an_address_goes_with_its_key_and_the_account_goes_on_with_another() {
    let app = App::start().await;
    let desk = app.desk().await;
    let support = app.member(&desk.admins, "support").await;
    let (ada, jobs) = (app.person(EMAIL).await, jobs(&app).await);
    asks(&support, &ada).await;
    tells_everything(&ada, "1990-12-10", usual()).await;
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let shared = shares(&desk, &ada, &pool, &json!(["email", "residence"])).await;
    let pulled = pool.pulls(&app, &shared).await;
    assert_eq!(pool.opens(&app, &pulled).await["fields"]["residence"]["city"], "Auckland");
    // The day of birth is told beside the address, and goes with it.
    let lake = desk.partner(&app, company("Lake Pool")).await;
    let born = shares(&desk, &ada, &lake, &json!(["birth_date"])).await;
    assert_eq!(lake.pulls(&app, &born).await.status, 201);
    let before = cells(&app, "kyc_details", "residence");
    assert_eq!(before.len(), 1);

    let asked = json!({ "kind": "erasure", "data_class": "address" });
    let preview = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await.json();
    assert_eq!(preview["entries"].as_array().unwrap().len(), 1, "{preview}");
    assert_eq!(preview["entries"][0]["category"], "address");
    assert!(!preview["consequences"].to_string().contains("service_ends"));
    let told: Vec<&Value> =
        preview["recipients"].as_array().unwrap().iter().map(|recipient| &recipient["name"]).collect();
    assert_eq!(told, [&json!("Harbour Pool"), &json!("Lake Pool")], "whoever is told is named before");
    let (id, token) = ada.asks_for_erasure_of(Some("address"), "now").await;
    app.mail_saying(EMAIL, "Some of your data").await;
    assert_eq!(pool.pulls(&app, &shared).await.problem(), (423, "disclosure_held".to_owned()));
    // Nothing goes while somebody may still seal under the key that goes.
    assert_eq!(carries_out(&jobs, &ada, &id).await, "executing");
    assert_eq!(ada.takes_back(&id).await.problem().1, "rights_request_state_conflict");
    app.advance(TimeDelta::minutes(5) - TimeDelta::seconds(1));
    assert_eq!(carries_out(&jobs, &ada, &id).await, "executing");
    assert_eq!(cells(&app, "kyc_details", "residence"), before);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(carries_out(&jobs, &ada, &id).await, "completed");

    assert_eq!(cells(&app, "kyc_details", "residence"), [""; 0]);
    assert_eq!(ada.gets("/v1/kyc").await.json()["personal_details"], Value::Null);
    let duties = pool.gets(&app, "/v1/partner/obligations").await.json();
    let duty = duties["data"].as_array().unwrap().iter().find(|duty| duty["kind"] == "erase").unwrap();
    assert_eq!(duty["fields"], json!(["residence"]));
    let duties = lake.gets(&app, "/v1/partner/obligations").await.json();
    let duty = duties["data"].as_array().unwrap().iter().find(|duty| duty["kind"] == "erase").unwrap();
    assert_eq!(duty["fields"], json!(["birth_date"]));
    let pulled = pool.pulls(&app, &shared).await;
    let fields = pool.opens(&app, &pulled).await["fields"].clone();
    assert_eq!(fields, json!({ "email": EMAIL, "residence": null }), "what it restricted is over");
    app.mail_saying(EMAIL, "were erased that you named").await;
    assert_eq!(ada.gets("/v1/notices").await.json()["data"][0]["kind"], "part_erased");
    let outcome = certificate(&app, &token).await;
    let claims = crate::erasure::says(&app, &outcome).await;
    assert_eq!(claims["entries"].as_array().unwrap().len(), 1);
    assert_eq!(claims["entries"][0]["key_versions"], json!([1]));
    crate::erasure::proves(&app, &outcome);

    // What is told anew rests under a key of its own.
    tells(&ada).await;
    let now = cells(&app, "kyc_details", "residence");
    assert_eq!((now.len(), now == before), (1, false));
    let versions = "SELECT CAST(max(version) AS BIGINT) AS n FROM subject_keys WHERE category = 'address'";
    assert_eq!(app.database.keys_number(versions), 2);
    crate::log::verifies(&app).await;

    a_backup_brings_nothing_back(&app, &jobs, &before[0]).await;
}

/// What a backup brings back opens no more, and goes again.
async fn a_backup_brings_nothing_back(app: &App, jobs: &RightsService, cell: &str) {
    let old = if is_postgres() { format!(r"'\x{cell}'::bytea") } else { format!("x'{cell}'") };
    app.database.sql(&format!("UPDATE kyc_details SET residence = {old}"));
    assert_eq!(jobs.replay_erasures().await.unwrap(), (1, 0));
    assert_eq!(cells(app, "kyc_details", "residence"), [""; 0]);
    assert_eq!(jobs.replay_erasures().await.unwrap(), (0, 0));
}

async fn tells(ada: &Person) {
    let residence =
        json!({ "line": "1 Custom Street", "postal_code": "1010", "city": "Auckland", "country": "NZ" });
    let details = json!({ "birth_date": "1990-12-10", "residence": residence });
    let told = ada.sends(Method::PUT, "/v1/kyc/personal-details", &[], Some(&details)).await;
    assert_eq!(told.status, 200, "{}", told.text);
}

#[tokio::test]
async fn documents_wait_for_whoever_looks_at_them_and_what_a_law_keeps_is_for_that_law_alone() {
    let review = Review::begins().await;
    let (app, ada) = (&review.app, &review.ada);
    let jobs = jobs(app).await;
    let asked = ada.files("erasure", None, Some("documents")).await;
    assert_eq!(asked.problem(), (409, "verification_under_way".to_owned()));
    assert_eq!(asked.json()["clause"], "6.1");
    assert_eq!(review.assigns(&review.alan).await.status, 200);
    let approved = review.approves(&review.alan).await;
    assert_eq!(approved.status, 201, "{}", approved.text);
    let desk = app.desk_of(review.admins.clone(), review.alan.clone()).await;
    let mut police = company("Police");
    police["recipient_class"] = json!("law_enforcement");
    police["policy_url"] = json!("https://police.example/privacy");
    let pool = desk.partner(app, police).await;
    let shared = desk
        .submits_as(json!({
            "account_id": ada.account_id, "recipient_id": pool.recipient_id, "ground": "A theft of payouts.",
            "fields": ["identity_documents", "verification_status"],
        }))
        .await;
    desk.approves(&shared).await;
    assert_eq!(answers(ada, true).await.status, 201);
    desk.releases(&shared).await;
    let pulled = pool.pulls(app, &shared).await;
    assert!(pool.opens(app, &pulled).await["fields"]["identity_documents"].is_array());

    let (id, token_now) = ada.asks_for_erasure_of(Some("documents"), "now").await;
    // Copies of documents could still be sealed under the key that goes.
    assert_eq!(carries_out(&jobs, ada, &id).await, "executing");
    app.advance(TimeDelta::minutes(5));
    assert_eq!(carries_out(&jobs, ada, &id).await, "partly_completed");
    for table in ["kyc_documents", "kyc_files", "kyc_document_numbers"] {
        assert_eq!(app.database.number(&format!("SELECT count(*) AS n FROM {table}")), 0, "{table}");
    }
    let outcome = certificate(app, &token_now).await;
    let claims = crate::erasure::says(app, &outcome).await;
    let kept = &claims["entries"][1];
    assert_eq!((&kept["category"], &kept["fate"]), (&json!("statutory"), &json!("kept")));
    assert!(kept["law"].as_str().unwrap().contains("section 50") && kept["until"].is_null());
    let pulled = pool.pulls(app, &shared).await;
    let fields = pool.opens(app, &pulled).await["fields"].clone();
    assert_eq!(fields["identity_documents"], Value::Null, "the record is for the law that keeps it");
    assert_eq!(fields["verification_status"]["verified"], true);
    app.advance(TimeDelta::days(6 * 365));
    assert_eq!(jobs.release(5).await.unwrap(), 0, "the account goes on, and so does the record");
    crate::log::verifies(app).await;
}

#[tokio::test]
async fn messages_go_once_nothing_of_them_is_on_its_way_and_archives_with_them() {
    let app = App::start().await;
    let (ada, services) = (app.person(EMAIL).await, services(&app).await);
    let jobs = &services.rights;
    let asked = json!({ "category": "payments", "message": "Where is my payout?" });
    let once = [("idempotency-key", "payout-0123456789")];
    let opened = ada.sends(Method::POST, "/v1/support-cases", &once, Some(&asked)).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let archive = ada.asks_for("access", None, None).await;
    is_prepared(&services, &ada, &archive).await;
    let (id, _) = ada.asks_for_erasure_of(Some("messages"), "now").await;
    let told = ada.changes_profile(json!({ "display_name": "countess" })).await;
    assert_eq!(told.status, 200, "the account goes on meanwhile");
    let second = ada.asks_for("access", None, None).await;
    assert_eq!(carries_out(jobs, &ada, &id).await, "executing");
    assert_eq!(prepares(&services).await, 0, "what is about to go is not copied");
    let cookie = ada.cookie.clone();
    app.advance(TimeDelta::minutes(5));
    eventually("everything under the old key is gone", || async {
        // The service's own jobs do it, too; while one of them reads, the log of writes is not cleaned.
        let _ = services.rights.carry_out(5).await;
        (own(&ada, &id).await["state"] == "completed").then_some(())
    })
    .await;
    // Sealed by one process under a key that the one which sends has not in its memory yet.
    app.mail_saying(EMAIL, "were erased that you named").await;
    drop((ada, services));
    let app = app.restart().await;
    let (ada, services) = (app.signs_in(EMAIL, &cookie).await, crate::rights::services(&app).await);
    let again = json!({ "category": "payments", "message": "Thank you." });
    assert_eq!(ada.sends(Method::POST, "/v1/support-cases", &[], Some(&again)).await.status, 201);
    // What was answered is not told again, and not done again.
    let repeated = ada.sends(Method::POST, "/v1/support-cases", &once, Some(&asked)).await;
    assert_eq!(repeated.problem().0, 409, "{}", repeated.text);
    let cases = ada.gets("/v1/support-cases").await.json();
    let mut said = Vec::new();
    for case in cases["data"].as_array().unwrap() {
        let path = format!("/v1/support-cases/{}", case["support_case_id"].as_str().unwrap());
        said.push(ada.gets(&path).await.json()["messages"][0]["message"].clone());
    }
    assert_eq!(said, [json!("Thank you."), Value::Null]);
    ada.steps_up_by_mail(EMAIL).await;
    let gone = ada.gets(&format!("/v1/rights-requests/{archive}/result")).await;
    assert_eq!(gone.problem(), (410, "archive_expired".to_owned()));
    app.advance(TimeDelta::seconds(1));
    is_prepared(&services, &ada, &second).await;
    crate::log::verifies(&app).await;
}
