//! Rectifications: at once where nobody vouches for a value, after a look where a verification does, and a statement beside
//! what stays.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    disclosures::answers,
    kyc_review::Review,
    rights::{jobs, services},
    support::{Answer, App, Desk, Form, Member, Partner, Person, company, pictures::picture},
};

const EMAIL: &str = "ada@example.org";
const PREVIEWS: &str = "/v1/rights-request-previews";

/// Files a correction with the preview of it.
pub async fn corrects(ada: &Person, field: &str, value: &Value) -> Answer {
    let mut asked = json!({ "kind": "rectification", "field": field });
    let preview = ada.sends(Method::POST, PREVIEWS, &[], Some(&asked)).await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    asked["preview"] = preview.json()["preview"].clone();
    asked["correction"] = json!({ field: value });
    ada.sends(Method::POST, "/v1/rights-requests", &[], Some(&asked)).await
}

pub fn id_of(filed: &Answer) -> String {
    assert_eq!(filed.status, 201, "{}", filed.text);
    filed.json()["request"]["rights_request_id"].as_str().unwrap().to_owned()
}

async fn own(ada: &Person, id: &str) -> Value {
    ada.gets(&format!("/v1/rights-requests/{id}")).await.json()
}

fn steps(request: &Value) -> Vec<&str> {
    request["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect()
}

pub async fn hands_in(ada: &Person, id: &str, form: &Form) -> Answer {
    let path = format!("{}/v1/rights-requests/{id}/evidence", ada.url);
    let request = ada.client.post(path).bearer_auth(&ada.access_token);
    let request = request.header("content-type", Form::content_type()).body(form.body());
    Answer::of(&Method::POST, request.send().await.unwrap()).await
}

pub fn certificate() -> Form {
    Form::default().file("file", "birth.jpg", &picture(image::ImageFormat::Jpeg))
}

fn staff_path(id: &str, act: &str) -> String {
    format!("/v1/staff/rights-requests/{id}/{act}")
}

async fn opens(by: &Member, id: &str) -> Answer {
    by.sends(Method::POST, &staff_path(id, "correction-reads"), None).await
}

async fn decides(by: &Member, id: &str, body: &Value) -> Answer {
    by.posts(&staff_path(id, "corrections"), body).await
}

/// A person whose verification was approved, and a company that fetched the day of birth.
struct Verified {
    review: Review,
    desk: Desk,
    pool: Partner,
    shared: String,
}

impl Verified {
    async fn begins() -> Self {
        let review = Review::begins().await;
        assert_eq!(review.assigns(&review.alan).await.status, 200);
        assert_eq!(review.approves(&review.alan).await.status, 201);
        let desk = review.app.desk_of(review.admins.clone(), review.alan.clone()).await;
        let pool = desk.partner(&review.app, company("Harbour Pool")).await;
        let shared = desk.submits(&review.ada, &pool.recipient_id, &json!(["real_name", "birth_date"])).await;
        desk.approves(&shared).await;
        assert_eq!(answers(&review.ada, true).await.status, 201);
        desk.releases(&shared).await;
        let verified = Self { review, desk, pool, shared };
        let package = verified.pulled().await;
        assert_eq!(package["fields"]["birth_date"], "1990-12-10");
        assert_eq!(package["contested"], json!({}));
        verified
    }

    async fn pulled(&self) -> Value {
        let pulled = self.pool.pulls(&self.review.app, &self.shared).await;
        self.pool.opens(&self.review.app, &pulled).await
    }

    async fn told(&self) -> Vec<Value> {
        let duties = self.pool.gets(&self.review.app, "/v1/partner/obligations").await.json();
        duties["data"].as_array().unwrap().iter().map(|duty| json!([duty["kind"], duty["fields"]])).collect()
    }
}

#[tokio::test]
async fn what_nobody_vouches_for_is_corrected_at_once_and_told_to_whoever_has_it() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    assert_eq!(ada.changes_profile(json!({ "display_name": "countes" })).await.status, 200);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let shared = desk.discloses(&ada, &pool, &json!(["display_name"])).await;
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    let asked = json!({ "kind": "rectification", "field": "display_name" });
    let preview = ada.sends(Method::POST, PREVIEWS, &[], Some(&asked)).await.json();
    assert_eq!(preview["consequences"], json!([{ "code": "value_contested", "clause": "7.2" }]));
    assert_eq!(preview["recipients"][0]["name"], "Harbour Pool");

    let filed = corrects(&ada, "display_name", &json!("countess")).await;
    let request = own(&ada, &id_of(&filed)).await;
    assert_eq!((&request["state"], &request["clause"]), (&json!("completed"), &json!("7.2")));
    assert_eq!((steps(&request), &request["rectification"]), (vec!["filed", "completed"], &Value::Null));
    assert_eq!(ada.gets("/v1/account").await.json()["display_name"], "countess");
    let changes = ada.gets("/v1/account/changes").await.json();
    assert_eq!(changes["data"][0]["old_value"], "countes");
    let duties = pool.gets(&app, "/v1/partner/obligations").await.json();
    assert_eq!(duties["data"][0]["kind"], "correct");
    app.mail_saying(EMAIL, "were corrected").await;

    let unborn = corrects(&ada, "birth_date", &json!("2999-01-01")).await;
    assert_eq!(unborn.first_error(), ("/correction/birth_date".to_owned(), "in_the_future".to_owned()));
    for (field, value) in [
        ("display_name", json!("countess")),
        ("birth_date", json!("1990-12-10")),
        ("residence", json!({ "line": "1 Road", "postal_code": "1010", "city": "Town", "country": "NZ" })),
    ] {
        let refused = corrects(&ada, field, &value).await;
        assert_eq!(refused.problem(), (409, "nothing_to_correct".to_owned()), "{field}");
    }
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn a_correction_is_about_one_value_and_other_requests_about_none() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let preview = |body: Value| {
        let ada = ada.clone();
        async move { ada.sends(Method::POST, PREVIEWS, &[], Some(&body)).await }
    };
    for (body, error) in [
        (json!({ "kind": "rectification" }), ("/field", "missing_field")),
        (json!({ "kind": "erasure", "field": "real_name" }), ("/field", "invalid_value")),
        (
            json!({ "kind": "rectification", "field": "real_name", "purpose": "support" }),
            ("/purpose", "invalid_value"),
        ),
    ] {
        let (pointer, code) = preview(body).await.first_error();
        assert_eq!((pointer.as_str(), code.as_str()), error);
    }
    let asked = json!({ "kind": "rectification", "field": "real_name" });
    let good = preview(asked.clone()).await.json()["preview"].clone();
    for (correction, error) in [
        (Value::Null, ("/correction", "missing_field")),
        (json!({}), ("/correction", "correction_mismatch")),
        (json!({ "display_name": "x" }), ("/correction", "correction_mismatch")),
        (json!({ "real_name": "Ada King", "display_name": "x" }), ("/correction", "correction_mismatch")),
        (json!({ "real_name": "" }), ("/correction/real_name", "invalid_real_name")),
    ] {
        let mut body = asked.clone();
        body["preview"] = good.clone();
        body["correction"] = correction;
        let refused = ada.sends(Method::POST, "/v1/rights-requests", &[], Some(&body)).await;
        let (pointer, code) = refused.first_error();
        assert_eq!((pointer.as_str(), code.as_str()), error, "{}", refused.text);
    }
    assert_eq!(app.database.number("SELECT count(*) AS n FROM rights_requests"), 0);
}

/// Files, as many as are taken.
async fn hands_everything_in(app: &App, ada: &Person, id: &str) {
    let broken = Form::default().file("file", "birth.jpg", b"no picture");
    assert_eq!(hands_in(ada, id, &broken).await.first_error().0, "/file");
    for _ in 0..5 {
        let taken = hands_in(ada, id, &certificate()).await;
        assert_eq!(taken.status, 201, "{}", taken.text);
    }
    assert_eq!(hands_in(ada, id, &certificate()).await.problem(), (409, "evidence_full".to_owned()));
    let eve = app.person("eve@example.org").await;
    assert_eq!(hands_in(&eve, id, &certificate()).await.status, 404);
}

/// Somebody who may looks at what was told and at a file; gives where that was fetched from.
async fn is_looked_at(verified: &Verified, id: &str) -> String {
    let ada = &verified.review.ada;
    let (alan, grace, legal) = (&verified.review.alan, &verified.review.grace, &verified.desk.legal);
    let seen = legal.gets(&format!("/v1/staff/rights-requests/{id}")).await;
    assert_eq!(seen.json()["evidence"].as_array().unwrap().len(), 5);
    assert!(!seen.text.contains("1990"), "{}", seen.text);
    assert_eq!(opens(legal, id).await.status, 403);
    let granted = json!({ "outcome": "granted" });
    assert_eq!(legal.posts(&staff_path(id, "answers"), &granted).await.status, 409);
    assert_eq!(decides(alan, id, &granted).await.problem(), (409, "correction_not_opened".to_owned()));
    let opened = opens(alan, id).await.json();
    assert_eq!(opened["correction"]["birth_date"], "1990-10-12");
    assert_eq!(opened["standing"]["birth_date"], "1990-12-10");
    let document = json!({ "document_id": opened["evidence"][0]["document_id"] });
    let look = alan.posts(&staff_path(id, "evidence-reads"), &document).await;
    let image =
        format!("/v1/staff/rights-evidence-reads/{}/image", look.json()["staff_read_id"].as_str().unwrap());
    let (status, _, jpeg) = alan.fetches(&image).await;
    assert_eq!((status, &jpeg[..2]), (200, &[0xff, 0xd8][..]));
    assert_eq!(grace.fetches(&image).await.0, 404, "whoever opened it");
    let log = ada.gets("/v1/access-log").await.json();
    assert_eq!(log["data"][0]["rights_request_id"], id);
    assert_eq!(log["data"][0]["fields"], json!(["evidence_picture"]));
    assert_eq!(log["data"][1]["fields"], json!(["birth_date", "correction"]));
    image
}

/// What showed it goes thirty days after the last of it was decided.
async fn evidence_goes(app: &App, ada: &Person) {
    let jobs = jobs(app).await;
    let before = app.clock.now().plus(TimeDelta::microseconds(1));
    assert_eq!(jobs.forget_evidence(app.clock.now(), 10).await.unwrap(), 0);
    assert_eq!(jobs.forget_evidence(before, 10).await.unwrap(), 1);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM rights_evidence"), 0);
    assert_eq!(
        app.database.keys_number("SELECT count(*) AS n FROM subject_keys WHERE category = 'proofs'"),
        0
    );
    // And what comes later rests under another key.
    let id = id_of(&corrects(ada, "real_name", &json!("Ada King")).await);
    assert_eq!(hands_in(ada, &id, &certificate()).await.status, 201);
    let versions = "SELECT CAST(max(version) AS BIGINT) AS n FROM subject_keys WHERE category = 'proofs'";
    assert_eq!(app.database.keys_number(versions), 2);
    assert_eq!(jobs.forget_evidence(before.plus(TimeDelta::days(365)), 10).await.unwrap(), 0, "it waits");
}

#[tokio::test]
async fn what_a_verification_vouches_for_is_marked_until_somebody_has_looked_at_what_shows_it() {
    let verified = Verified::begins().await;
    let (app, ada) = (&verified.review.app, &verified.review.ada);
    let filed = corrects(ada, "birth_date", &json!("1990-10-12")).await;
    let id = id_of(&filed);
    let request = own(ada, &id).await;
    assert_eq!(request["state"], "in_review");
    assert_eq!(request["rectification"]["correction"]["birth_date"], "1990-10-12");
    app.mail_saying(EMAIL, "correction has arrived").await;
    let again = corrects(ada, "birth_date", &json!("1990-10-13")).await;
    assert_eq!(again.problem(), (409, "rights_request_duplicate".to_owned()));
    let package = verified.pulled().await;
    assert_eq!(package["fields"]["birth_date"], "1990-12-10", "what stands until then");
    assert_eq!(package["contested"]["birth_date"]["statement"], Value::Null);

    hands_everything_in(app, ada, &id).await;
    let image = is_looked_at(&verified, &id).await;
    let (alan, granted) = (&verified.review.alan, json!({ "outcome": "granted" }));
    let decided = decides(alan, &id, &granted).await;
    assert_eq!((decided.status, &decided.json()["state"]), (201, &json!("completed")), "{}", decided.text);
    assert_eq!(alan.fetches(&image).await.0, 404);
    assert_eq!(decides(alan, &id, &granted).await.problem().1, "rights_request_state_conflict");
    let kyc = ada.gets("/v1/kyc").await.json();
    assert_eq!(
        (&kyc["personal_details"]["birth_date"], &kyc["state"]),
        (&json!("1990-10-12"), &json!("approved"))
    );
    let package = verified.pulled().await;
    assert_eq!((&package["fields"]["birth_date"], &package["contested"]), (&json!("1990-10-12"), &json!({})));
    assert_eq!(verified.told().await, [json!(["correct", ["birth_date"]])]);
    app.mail_saying(EMAIL, "were corrected").await;
    let left = "SELECT count(*) AS n FROM rights_corrections WHERE told_identity IS NOT NULL";
    assert_eq!(app.database.number(left), 0, "what was told is over");
    crate::log::verifies(app).await;

    evidence_goes(app, ada).await;
}

#[tokio::test]
async fn what_is_refused_names_its_law_and_the_persons_words_go_wherever_the_value_goes() {
    let verified = Verified::begins().await;
    let (app, ada) = (&verified.review.app, &verified.review.ada);
    let id = id_of(&corrects(ada, "birth_date", &json!("1990-10-12")).await);
    let place = format!("/v1/rights-requests/{id}/statement");
    let words = json!({ "statement": "I was born in October; the register is wrong." });
    let early = ada.sends(Method::POST, &place, &[], Some(&words)).await;
    assert_eq!(early.problem(), (409, "rights_request_state_conflict".to_owned()));
    let alan = &verified.review.alan;
    assert_eq!(opens(alan, &id).await.status, 201);
    let wrong = json!({ "outcome": "refused", "ground": "legal_claims" });
    assert_eq!(decides(alan, &id, &wrong).await.first_error().1, "ground_not_for_kind");
    let refusal = json!({ "outcome": "refused", "ground": "not_shown" });
    assert_eq!(decides(alan, &id, &refusal).await.json()["state"], "refused");
    let refused = own(ada, &id).await["refusal"].clone();
    assert_eq!(refused["clause"], "7.4");
    assert!(refused["law"].as_str().unwrap().contains("IPP 7"), "{refused}");
    app.mail_saying(EMAIL, "statement of correction").await;
    assert_eq!(
        verified.pulled().await["contested"],
        json!({}),
        "settled, as long as nothing stands beside it"
    );

    let bad = ada.sends(Method::POST, &place, &[], Some(&json!({ "statement": "..." }))).await;
    assert_eq!(bad.first_error(), ("/statement".to_owned(), "invalid_statement".to_owned()));
    let stated = ada.sends(Method::POST, &place, &[], Some(&words)).await;
    assert_eq!(stated.status, 201, "{}", stated.text);
    assert_eq!(steps(&stated.json()), ["filed", "refused", "stated"]);
    assert_eq!(stated.json()["rectification"]["statement"], words["statement"]);
    assert_eq!(ada.sends(Method::POST, &place, &[], Some(&words)).await.status, 409, "once");
    assert_eq!(verified.told().await, [json!(["correct", ["birth_date"]])]);
    let package = verified.pulled().await;
    assert_eq!(package["fields"]["birth_date"], "1990-12-10");
    assert_eq!(package["contested"]["birth_date"]["statement"], words["statement"]);
    // And staff reads what is contested with the value.
    let name = id_of(&corrects(ada, "real_name", &json!("Ada King")).await);
    let asked = json!({ "category": "payments", "message": "Where is my payout?" });
    let case = ada.sends(Method::POST, "/v1/support-cases", &[], Some(&asked)).await.json();
    let read = json!({
        "account_id": ada.account_id, "fields": ["real_name", "email"], "purpose": "support_case",
        "support_case_id": case["support_case"]["support_case_id"],
    });
    let read = alan.posts("/v1/staff/personal-data-reads", &read).await.json();
    let contested: Vec<&Value> =
        read["contested"].as_array().unwrap().iter().map(|contest| &contest["field"]).collect();
    assert_eq!(contested, [&json!("real_name")], "{read}");
    assert_eq!(ada.takes_back(&name).await.status, 201);
    // The statement stands while the next correction waits.
    let next = id_of(&corrects(ada, "birth_date", &json!("1990-10-13")).await);
    assert_eq!(verified.pulled().await["contested"]["birth_date"]["statement"], words["statement"]);
    assert_eq!(ada.takes_back(&next).await.status, 201);

    // Another value ends what stood beside the one before.
    let id = id_of(&corrects(ada, "birth_date", &json!("1990-10-12")).await);
    assert_eq!(opens(alan, &id).await.status, 201);
    assert_eq!(decides(alan, &id, &json!({ "outcome": "granted" })).await.status, 201);
    assert_eq!(verified.pulled().await["contested"], json!({}));
    crate::log::verifies(app).await;
}

#[tokio::test]
async fn more_proof_is_asked_for_three_times_at_most_and_the_day_stays() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let id = ada.asks_for("restriction", Some("group_sharing"), None).await;
    let due = own(&ada, &id).await["due_at"].clone();
    let asks = || async { desk.legal.sends(Method::POST, &staff_path(&id, "proof-requests"), None).await };
    for _ in 0..3 {
        assert_eq!(asks().await.status, 201);
    }
    assert_eq!(asks().await.problem(), (409, "proof_exhausted".to_owned()));
    app.mail_saying(EMAIL, "more proof").await;
    assert_eq!(ada.gets("/v1/notices").await.json()["data"][0]["kind"], "proof_asked");
    assert_eq!(own(&ada, &id).await["due_at"], due);
    assert_eq!(hands_in(&ada, &id, &certificate()).await.status, 201);
    // What is not about a value is not decided as one that is.
    assert_eq!(opens(&desk.processor, &id).await.status, 404);
    assert_eq!(decides(&desk.processor, &id, &json!({ "outcome": "granted" })).await.status, 404);
    assert_eq!(ada.takes_back(&id).await.status, 201);
    assert_eq!(asks().await.problem(), (409, "rights_request_state_conflict".to_owned()));
    assert_eq!(hands_in(&ada, &id, &certificate()).await.status, 409);
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn an_erasure_of_a_part_takes_what_is_about_it_along_and_nobody_decides_on_their_own() {
    let verified = Verified::begins().await;
    let (app, ada) = (&verified.review.app, &verified.review.ada);
    let id = id_of(
        &corrects(
            ada,
            "residence",
            &json!({ "line": "1 Custom Street", "postal_code": "1010", "city": "Auckland", "country": "NZ" }),
        )
        .await,
    );
    assert_eq!(hands_in(ada, &id, &certificate()).await.status, 201);
    // The same address in the register of staff.
    let admins = &verified.review.admins;
    let own_account = admins[0].brings_in(EMAIL).await;
    let grant = admins[0].proposes(&own_account, "data_processor").await;
    assert_eq!(admins[1].decides(&grant, "approve").await.status, 201);
    assert_eq!(opens(&own_account, &id).await.problem(), (403, "second_person_required".to_owned()));

    let services = services(app).await;
    let born = id_of(&corrects(ada, "birth_date", &json!("1990-10-12")).await);
    let (part, _) = ada.asks_for_erasure_of(Some("documents"), "now").await;
    services.rights.carry_out(5).await.unwrap();
    assert_eq!(own(ada, &part).await["state"], "scheduled", "what shows that a request is right is needed");
    let (part_address, _) = ada.asks_for_erasure_of(Some("address"), "now").await;
    services.rights.carry_out(5).await.unwrap();
    assert_eq!(own(ada, &part_address).await["state"], "executing");
    // What is being erased is not sealed anew beside what is corrected.
    let alan = &verified.review.alan;
    assert_eq!(opens(alan, &born).await.status, 201);
    let granted = json!({ "outcome": "granted" });
    assert_eq!(decides(alan, &born, &granted).await.problem().1, "rights_request_state_conflict");
    app.advance(TimeDelta::minutes(5));
    services.rights.carry_out(5).await.unwrap();
    assert_eq!(own(ada, &part_address).await["state"], "partly_completed");
    for gone in [&id, &born] {
        assert_eq!(own(ada, gone).await["state"], "superseded", "what was to be corrected is gone");
    }
    services.rights.carry_out(5).await.unwrap();
    app.advance(TimeDelta::minutes(5));
    services.rights.carry_out(5).await.unwrap();
    assert_eq!(app.database.number("SELECT count(*) AS n FROM rights_evidence"), 0);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM rights_requests WHERE state = 'executing'"), 0);
    crate::log::verifies(app).await;
}

#[tokio::test]
async fn an_erasure_of_everything_takes_corrections_and_evidence_along() {
    let verified = Verified::begins().await;
    let (app, ada, services) =
        (&verified.review.app, &verified.review.ada, services(&verified.review.app).await);
    let id = id_of(&corrects(ada, "real_name", &json!("Ada King")).await);
    assert_eq!(hands_in(ada, &id, &certificate()).await.status, 201);
    ada.asks_for_erasure("now").await;
    services.rights.carry_out(5).await.unwrap();
    for table in ["rights_evidence", "rights_corrections WHERE told_identity IS NOT NULL"] {
        assert_eq!(app.database.number(&format!("SELECT count(*) AS n FROM {table}")), 0, "{table}");
    }
    crate::log::verifies(app).await;
}
