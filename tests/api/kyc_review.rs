//! Reviewing verifications: who may look, what is held again at the decision, and that one decision stands.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Form, Member, PASSWORD, Person, challenge_of, company, eventually, pictures::picture,
};

const EMAIL: &str = "ada@example.org";

/// What a review takes: who asks, who looks, and the verification.
pub struct Review {
    pub app: App,
    pub admins: [Member; 2],
    pub support: Member,
    pub grace: Member,
    pub alan: Member,
    pub ada: Person,
    pub path: String,
}

async fn reviewer(admins: &[Member; 2], email: &str) -> Member {
    let member = admins[0].brings_in(email).await;
    let grant = admins[0].proposes(&member, "data_processor").await;
    assert_eq!(admins[1].decides(&grant, "approve").await.status, 201);
    member
}

fn details(birth_date: &str) -> Value {
    json!({
        "birth_date": birth_date,
        "residence": { "line": "12 Queen Street", "postal_code": "1010", "city": "Auckland", "country": "NZ" },
    })
}

/// Tells everything that is asked for.
pub async fn tells_everything(ada: &Person, birth_date: &str, forms: [Form; 3]) {
    let told = ada.sends(Method::PUT, "/v1/kyc/personal-details", &[], Some(&details(birth_date))).await;
    assert_eq!(told.status, 200, "{}", told.text);
    for form in &forms {
        let uploaded = ada.uploads(form).await;
        assert_eq!(uploaded.status, 201, "{}", uploaded.text);
    }
}

async fn submits(ada: &Person) -> Answer {
    ada.sends(Method::POST, "/v1/kyc/submission", &[], None).await
}

pub fn usual() -> [Form; 3] {
    [Form::passport("LH123456"), Form::licence("DL999888"), Form::bill()]
}

impl Review {
    pub async fn begins() -> Self {
        Self::with("1990-12-10", usual()).await
    }

    /// Everything is handed in and nobody has looked yet.
    async fn with(birth_date: &str, forms: [Form; 3]) -> Self {
        let app = App::start().await;
        let admins = app.admins().await;
        let support = app.member(&admins, "support").await;
        let grace = reviewer(&admins, "grace@staff.example.org").await;
        let alan = reviewer(&admins, "alan@staff.example.org").await;
        let ada = app.person(EMAIL).await;
        ada.verifies_phone("+64211234567").await;
        let asks =
            json!({ "account_id": ada.account_id, "ground": "activity", "private_reason": "CANARY-REASON." });
        let asked = support.posts("/v1/staff/kyc-cases", &asks).await;
        let path = format!("/v1/staff/kyc-cases/{}", asked.json()["kyc_case_id"].as_str().unwrap());
        tells_everything(&ada, birth_date, forms).await;
        let submitted = submits(&ada).await;
        assert_eq!((submitted.status, &submitted.json()["state"]), (201, &json!("submitted")));
        Self { app, admins, support, grace, alan, ada, path }
    }

    pub async fn assigns(&self, to: &Member) -> Answer {
        let body = json!({ "staff_id": to.staff_id });
        self.grace.sends(Method::PUT, &format!("{}/assignment", self.path), Some(&body)).await
    }

    async fn decides(&self, by: &Member, body: &Value) -> Answer {
        by.posts(&format!("{}/decisions", self.path), body).await
    }

    async fn opens(&self, by: &Member) -> Answer {
        let purpose = json!({ "purpose": "identity_verification" });
        by.posts(&format!("{}/detail-reads", self.path), &purpose).await
    }

    /// Looks at what was told, and approves it.
    pub async fn approves(&self, by: &Member) -> Answer {
        self.opens(by).await;
        self.decides(by, &json!({ "outcome": "approved" })).await
    }

    async fn kyc(&self) -> Value {
        self.ada.gets("/v1/kyc").await.json()
    }
}

fn rejection(item: &str, reason: &str) -> Value {
    json!([{ "item": item, "reason": reason }])
}

/// Codes of a problem's values, in their order.
fn codes(problem: &Answer) -> Vec<String> {
    let errors = problem.json()["errors"].as_array().unwrap().clone();
    errors.iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_verification_is_looked_at_in_view_of_its_person_and_approved() {
    let review = Review::begins().await;
    let (app, ada, grace) = (&review.app, &review.ada, &review.grace);
    let seen = grace.gets(&review.path).await;
    let case = seen.json();
    assert_eq!((&case["failing_rules"], &case["takes_two_reviewers"]), (&json!([]), &json!(false)));
    for secret in ["Lovelace", "LH123456", "1990", "Queen", "CANARY"] {
        assert!(!seen.text.contains(secret), "{secret} before anything was opened");
    }
    let early = review.opens(grace).await;
    assert_eq!(early.problem(), (409, "kyc_not_assigned".to_owned()));
    assert_eq!(review.approves(grace).await.problem(), (409, "kyc_not_assigned".to_owned()));
    assert_eq!(review.assigns(grace).await.json()["state"], "in_review");
    let unseen = review.decides(grace, &json!({ "outcome": "approved" })).await;
    assert_eq!(unseen.problem(), (409, "kyc_not_opened".to_owned()));
    let opened = review.opens(grace).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    assert_eq!(opened.json()["personal_details"]["birth_date"], "1990-12-10");
    assert_eq!(opened.json()["private_reason"], "CANARY-REASON.");
    assert_eq!(opened.json()["documents"][0]["number"], "LH123456");

    let leaves = app.database.number("SELECT count(*) AS n FROM log_leaves");
    let approved = review.decides(grace, &json!({ "outcome": "approved" })).await;
    assert_eq!((approved.status, &approved.json()["step"]), (201, &json!("final")), "{}", approved.text);
    assert_eq!(
        app.database.number("SELECT count(*) AS n FROM log_leaves"),
        leaves + 2,
        "and who is told of it"
    );
    let kyc = review.kyc().await;
    assert_eq!((&kyc["state"], &kyc["due_at"]), (&json!("approved"), &Value::Null));
    assert!(kyc["requirements"].as_array().unwrap().iter().all(|item| item["state"] == "accepted"));
    app.mail_saying(EMAIL, "was approved").await;
    assert_eq!(ada.gets("/v1/notices").await.json()["data"][0]["kind"], "kyc_approved");
    let log = ada.gets("/v1/access-log").await;
    let entry = &log.json()["data"][0];
    assert_eq!(
        (&entry["purpose"], &entry["kyc_case_id"]),
        (&json!("identity_verification"), &kyc["kyc_case_id"])
    );
    assert!(!log.text.contains("CANARY") && !log.text.contains(&grace.staff_id));
    // What the law wants kept rests under a key of its own.
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_records WHERE length(record) > 100"), 1);
    assert_eq!(
        app.database.keys_number("SELECT count(*) AS n FROM subject_keys WHERE category = 'statutory'"),
        1
    );
    assert_eq!(review.approves(grace).await.problem(), (409, "kyc_not_decidable".to_owned()));
    assert_eq!(review.assigns(grace).await.problem(), (409, "kyc_not_decidable".to_owned()));
    assert_eq!(submits(ada).await.problem(), (409, "kyc_not_open".to_owned()));
}

#[tokio::test]
async fn a_picture_is_opened_for_a_purpose_by_the_reviewer_alone_and_for_minutes() {
    let review = Review::begins().await;
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    let document = review.kyc().await["documents"][0]["document_id"].clone();
    let path = format!("{}/image-reads", review.path);
    let body = json!({ "document_id": document, "side": "front", "purpose": "fraud_prevention" });
    assert_eq!(review.alan.posts(&path, &body).await.problem(), (409, "kyc_not_assigned".to_owned()));
    let back = json!({ "document_id": document, "side": "back", "purpose": "fraud_prevention" });
    assert_eq!(review.grace.posts(&path, &back).await.problem(), (404, "not_found".to_owned()));
    let opened = review.grace.posts(&path, &body).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let image =
        format!("/v1/staff/kyc-image-reads/{}/image", opened.json()["staff_read_id"].as_str().unwrap());
    let (status, headers, jpeg) = review.grace.fetches(&image).await;
    assert_eq!((status, &headers["content-type"]), (200, &"image/jpeg".parse().unwrap()));
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert!(image::load_from_memory(&jpeg).is_ok());
    let entry = review.ada.gets("/v1/access-log").await.json()["data"][0].clone();
    assert_eq!(
        (&entry["fields"], &entry["purpose"]),
        (&json!(["document_front"]), &json!("fraud_prevention"))
    );
    assert_eq!(entry["document_id"], document);

    assert_eq!(review.alan.fetches(&image).await.0, 404, "another reviewer");
    assert_eq!(review.support.fetches(&image).await.0, 403);
    review.app.advance(TimeDelta::minutes(5));
    assert_eq!(review.grace.fetches(&image).await.0, 404, "five minutes later");
    let verifying = json!({ "document_id": document, "side": "front", "purpose": "identity_verification" });
    let again = review.grace.posts(&path, &verifying).await.json();
    let image = format!("/v1/staff/kyc-image-reads/{}/image", again["staff_read_id"].as_str().unwrap());
    assert_eq!(review.grace.fetches(&image).await.0, 200);
    let limit = review.ada.asks_for("restriction", Some("identity_verification"), None).await;
    assert_eq!(review.grace.fetches(&image).await.0, 423, "restricted since it was opened");
    assert_eq!(review.grace.posts(&path, &verifying).await.problem(), (423, "processing_limited".to_owned()));
    let details = path.replace("image-reads", "detail-reads");
    let details = review.grace.posts(&details, &json!({ "purpose": "identity_verification" })).await;
    assert_eq!(details.problem(), (423, "processing_limited".to_owned()));
    assert_eq!(review.ada.takes_back(&limit).await.status, 201);
    assert_eq!(review.grace.fetches(&image).await.0, 200);
    assert_eq!(review.assigns(&review.alan).await.status, 200);
    assert_eq!(review.grace.fetches(&image).await.0, 404, "the case is another's");
}

#[tokio::test]
async fn an_approval_names_every_rule_that_does_not_hold_and_only_names_are_a_matter_of_judgement() {
    let stranger = Form::bill_to("Charles Babbage");
    let review =
        Review::with("2008-03-02", [Form::passport("LH123456"), Form::licence("DL999888"), stranger]).await;
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    let refused = review.approves(&review.grace).await;
    assert_eq!(refused.problem(), (409, "kyc_rules_fail".to_owned()));
    assert_eq!(codes(&refused), ["rule_of_age", "rule_proof_name"]);
    assert_eq!(refused.json()["clause"], "1.4");
    let seen = review.grace.gets(&review.path).await.json();
    assert_eq!(seen["failing_rules"][0]["rule"], "of_age");

    // On the birthday itself the rule holds, where the person lives.
    let zone = review.ada.changes_profile(json!({ "time_zone": "Pacific/Auckland" })).await;
    assert_eq!(zone.status, 200, "{}", zone.text);
    review.app.advance(TimeDelta::days(1));
    let mut grace = review.grace.clone();
    grace.signs_in().await;
    let refused = review.approves(&grace).await;
    assert_eq!(codes(&refused), ["rule_proof_name"], "{}", refused.text);
    let kept = json!([{ "rule": "proof_name", "item": "address_proof" }]);
    let body = |overrides: Value, grounds: Option<&str>| {
        let mut wanted = json!({ "outcome": "approved", "overrides": overrides });
        if let Some(grounds) = grounds {
            wanted["grounds"] = json!(grounds);
        }
        wanted
    };
    assert_eq!(review.opens(&grace).await.status, 201);
    let silent = review.decides(&grace, &body(kept.clone(), None)).await;
    assert_eq!(silent.first_error(), ("/grounds".to_owned(), "says_not_why".to_owned()));
    let age = json!([{ "rule": "of_age", "item": "personal_details" }]);
    let never = review.decides(&grace, &body(age, Some("x"))).await;
    assert_eq!(never.first_error(), ("/overrides".to_owned(), "not_to_be_overridden".to_owned()));
    let sly = review.decides(&grace, &body(kept.clone(), Some("She is a Catholic."))).await;
    assert_eq!(sly.first_error(), ("/grounds".to_owned(), "special_category".to_owned()));
    let approved = review.decides(&grace, &body(kept, Some("Her landlord pays the bill."))).await;
    assert_eq!(approved.status, 201, "{}", approved.text);
    assert_eq!(approved.json()["overrides"][0]["rule"], "proof_name");
}

#[tokio::test]
async fn what_expires_between_submission_and_decision_does_not_pass() {
    let late = Form::card_until("passport", "LH123456", "2026-03-10").file(
        "front",
        "f",
        &picture(image::ImageFormat::Png),
    );
    let review = Review::with("1990-12-10", [late, Form::licence("DL999888"), Form::bill()]).await;
    review.app.advance(TimeDelta::days(9));
    let mut grace = review.grace.clone();
    grace.signs_in().await;
    let review = Review { grace: grace.clone(), ..review };
    assert_eq!(review.assigns(&grace).await.status, 200);
    assert_eq!(grace.gets(&review.path).await.json()["failing_rules"], json!([]), "on its last day");
    review.app.advance(TimeDelta::days(2));
    grace.signs_in().await;
    let refused = review.approves(&grace).await;
    assert_eq!(codes(&refused), ["rule_unexpired"], "{}", refused.text);
    assert_eq!(refused.json()["clause"], "1.6");
}

#[tokio::test]
async fn single_items_are_asked_for_again_and_the_others_stay() {
    let review = Review::begins().await;
    let (ada, grace) = (&review.ada, &review.grace);
    assert_eq!(review.assigns(grace).await.status, 200);
    let silent = review.decides(grace, &json!({ "outcome": "resubmission" })).await;
    assert_eq!(silent.first_error(), ("/rejections".to_owned(), "says_not_why".to_owned()));
    let again = json!({ "outcome": "resubmission", "rejections": rejection("address_proof", "unreadable") });
    assert_eq!(review.decides(grace, &again).await.status, 201);
    review.app.mail_saying(EMAIL, "could not accept everything").await;
    let kyc = review.kyc().await;
    assert_eq!(kyc["state"], "resubmission");
    let proof =
        kyc["requirements"].as_array().unwrap().iter().find(|r| r["item"] == "address_proof").unwrap();
    assert_eq!((&proof["state"], &proof["reason"]), (&json!("rejected"), &json!("unreadable")));
    let early = submits(ada).await;
    assert_eq!(early.problem(), (409, "kyc_incomplete".to_owned()));
    assert_eq!(
        (codes(&early), &early.json()["clause"]),
        (vec!["needs_address_proof".to_owned()], &json!("1.7"))
    );

    let id_of = |item: &str| {
        let all = kyc["documents"].as_array().unwrap();
        let found = all.iter().find(|document| document["item"] == item).unwrap();
        format!("/v1/kyc/documents/{}", found["document_id"].as_str().unwrap())
    };
    let passport = ada.sends(Method::DELETE, &id_of("first_identity_document"), &[], None).await;
    assert_eq!(passport.problem(), (409, "kyc_not_open".to_owned()));
    let moved = ada.sends(Method::PUT, "/v1/kyc/personal-details", &[], Some(&details("1990-12-11"))).await;
    assert_eq!(moved.problem(), (409, "kyc_not_open".to_owned()));
    assert_eq!(ada.sends(Method::DELETE, &id_of("address_proof"), &[], None).await.status, 200);
    assert_eq!(ada.uploads(&Form::bill()).await.status, 201);
    assert_eq!(submits(ada).await.status, 201);
    assert_eq!(review.assigns(&review.alan).await.status, 200);
    assert_eq!(review.approves(&review.alan).await.status, 201);
    let decisions = grace.gets(&review.path).await.json()["decisions"].clone();
    assert_eq!(
        (&decisions[0]["outcome"], &decisions[1]["outcome"]),
        (&json!("resubmission"), &json!("approved"))
    );
}

#[tokio::test]
async fn a_refusal_restricts_and_the_next_verification_begins_anew() {
    let review = Review::begins().await;
    let (ada, grace) = (&review.ada, &review.grace);
    assert_eq!(review.assigns(grace).await.status, 200);
    let body = json!({ "outcome": "rejected", "rejections": rejection("first_identity_document", "not_verifiable") });
    assert_eq!(review.decides(grace, &body).await.status, 201);
    review.app.mail_saying(EMAIL, "was refused").await;
    assert_eq!(ada.gets("/v1/account").await.json()["state"], "restricted");
    let change = ada.changes_profile(json!({ "display_name": "ada" })).await;
    assert_eq!(change.problem(), (423, "account_restricted".to_owned()));
    assert_eq!(review.kyc().await["requirements"][3]["reason"], "not_verifiable");

    let asks =
        json!({ "account_id": ada.account_id, "ground": "full_verification", "private_reason": "Again." });
    let asked = review.support.posts("/v1/staff/kyc-cases", &asks).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
    assert_eq!(review.kyc().await["documents"], json!([]));
    let extension =
        format!("/v1/staff/kyc-cases/{}/extensions", asked.json()["kyc_case_id"].as_str().unwrap());
    let more = review.support.posts(&extension, &json!({ "days": 7, "private_reason": "x" })).await;
    assert_eq!(more.status, 201, "{}", more.text);
    assert_eq!(ada.gets("/v1/account").await.json()["state"], "restricted", "more time is no approval");
    tells_everything(ada, "1990-12-10", usual()).await;
    assert_eq!(submits(ada).await.status, 201);
    let path = format!("/v1/staff/kyc-cases/{}", asked.json()["kyc_case_id"].as_str().unwrap());
    let old = review.path.clone();
    let review = Review { path, ..review };
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    assert_eq!(review.approves(&review.grace).await.status, 201);
    assert_eq!(review.ada.gets("/v1/account").await.json()["state"], "active");
    let before = review.grace.gets(&old).await;
    assert_eq!(
        (before.status, &before.json()["kyc_case"]["state"]),
        (200, &json!("rejected")),
        "{}",
        before.text
    );
    // Each verification has its own key for its documents.
    let versions = "SELECT count(*) AS n FROM subject_keys WHERE category = 'documents'";
    assert_eq!(review.app.database.keys_number(versions), 2);
}

#[tokio::test]
async fn where_fraud_is_suspected_two_reviewers_come_to_the_same() {
    let review = Review::begins().await;
    let (grace, alan) = (&review.grace, &review.alan);
    assert_eq!(review.assigns(grace).await.status, 200);
    let reject = |suspects: bool| {
        json!({
            "outcome": "rejected", "suspects_fraud": suspects,
            "rejections": rejection("first_identity_document", "not_verifiable"),
        })
    };
    let proposed = review.decides(grace, &reject(true)).await;
    assert_eq!((proposed.status, &proposed.json()["step"]), (201, &json!("proposed")), "{}", proposed.text);
    assert_eq!(review.kyc().await["state"], "submitted", "nothing is decided yet");
    assert_eq!(review.ada.gets("/v1/account").await.json()["state"], "active");
    assert_eq!(grace.gets(&review.path).await.json()["takes_two_reviewers"], true);
    assert_eq!(review.assigns(grace).await.status, 200);
    let same_hands = review.decides(grace, &reject(false)).await;
    assert_eq!(same_hands.problem(), (403, "second_person_required".to_owned()));
    // Nor does anybody take the suspicion away, or what it is about.
    let flags = grace.gets("/v1/staff/kyc-flags").await.json();
    let flag = flags["data"][0]["kyc_flag_id"].as_str().unwrap();
    let dismissed = alan.sends(Method::POST, &format!("/v1/staff/kyc-flags/{flag}/dismissal"), None).await;
    assert_eq!(dismissed.problem(), (403, "second_person_required".to_owned()));
    let withdrawal = format!("{}/withdrawal", review.path);
    let withdrawn = review.support.posts(&withdrawal, &json!({ "private_reason": "x" })).await;
    assert_eq!(withdrawn.problem(), (403, "second_person_required".to_owned()));
    // The second sees it otherwise: that is a proposal of their own, and the first may join it.
    assert_eq!(review.assigns(alan).await.status, 200);
    assert_eq!(review.approves(alan).await.json()["step"], "proposed");
    assert_eq!(review.assigns(grace).await.status, 200);
    let joined = review.approves(grace).await;
    assert_eq!((joined.status, &joined.json()["step"]), (201, &json!("final")));
    assert_eq!(review.kyc().await["state"], "approved");
    assert_eq!(review.app.database.number("SELECT count(*) AS n FROM kyc_decisions"), 3);
    assert_eq!(review.app.database.texts("SELECT state AS t FROM kyc_flags"), ["decided"]);
    for view in ["/v1/kyc", "/v1/notices", "/v1/access-log", "/v1/account"] {
        assert!(!review.ada.gets(view).await.text.contains("fraud"), "{view}");
    }
}

#[tokio::test]
async fn a_document_that_another_account_shows_takes_two_whichever_came_first() {
    let review = Review::begins().await;
    let eve = review.app.person("eve@example.org").await;
    crate::kyc_documents::asks(&review.support, &eve).await;
    assert_eq!(eve.uploads(&Form::passport("LH-123456")).await.status, 201);
    assert_eq!(review.grace.gets(&review.path).await.json()["takes_two_reviewers"], true);
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    assert_eq!(review.approves(&review.grace).await.json()["step"], "proposed");
    assert_eq!(review.assigns(&review.alan).await.status, 200);
    assert_eq!(review.approves(&review.alan).await.json()["step"], "final");
}

#[tokio::test]
async fn of_fifty_decisions_at_once_exactly_one_stands() {
    let review = Review::begins().await;
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    assert_eq!(review.opens(&review.grace).await.status, 201);
    let rejects = json!({ "outcome": "rejected", "rejections": rejection("address_proof", "too_old") });
    let approves = json!({ "outcome": "approved" });
    let bodies: Vec<&Value> = (0..50).map(|n| if n % 2 == 0 { &approves } else { &rejects }).collect();
    let answers =
        futures_util::future::join_all(bodies.iter().map(|body| review.decides(&review.grace, body))).await;
    let stands: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(stands.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for lost in answers.iter().filter(|answer| answer.status != 201) {
        assert!([409, 412, 503].contains(&lost.status), "{}", lost.text);
    }
    let state = stands[0].json()["outcome"].clone();
    assert_eq!(review.kyc().await["state"], state);
    assert_eq!(review.app.database.number("SELECT count(*) AS n FROM kyc_decisions"), 1);
    let restricted = review.ada.gets("/v1/account").await.json()["state"] == "restricted";
    assert_eq!(restricted, state == "rejected");
}

#[tokio::test]
async fn nobody_reviews_their_own_and_no_support_decides() {
    let review = Review::begins().await;
    let email = review.grace.email.clone();
    let own = review.app.person(&email).await;
    crate::kyc_documents::asks(&review.support, &own).await;
    own.verifies_phone("+64217654321").await;
    tells_everything(&own, "1990-12-10", usual()).await;
    assert_eq!(submits(&own).await.status, 201);
    let id = own.gets("/v1/kyc").await.json()["kyc_case_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/staff/kyc-cases/{id}/assignment");
    let to = |member: &Member| json!({ "staff_id": member.staff_id });
    let refused = review.grace.sends(Method::PUT, &path, Some(&to(&review.grace))).await;
    assert_eq!(refused.problem(), (403, "second_person_required".to_owned()));
    let support = review.grace.sends(Method::PUT, &path, Some(&to(&review.support))).await;
    assert_eq!(support.first_error(), ("/staff_id".to_owned(), "not_a_reviewer".to_owned()));
    assert_eq!(review.grace.sends(Method::PUT, &path, Some(&to(&review.alan))).await.status, 200);
    // Nor do they see what is thought of them, take it down, or ease what is asked of them.
    let case = format!("/v1/staff/kyc-cases/{id}");
    assert_eq!(review.grace.gets(&case).await.problem(), (403, "second_person_required".to_owned()));
    for (act, body) in [
        ("extensions", json!({ "days": 7, "private_reason": "x" })),
        ("withdrawal", json!({ "private_reason": "x" })),
        ("notes", json!({ "note": "x" })),
    ] {
        let refused = review.grace.posts(&format!("{case}/{act}"), &body).await;
        assert_eq!(refused.problem(), (403, "second_person_required".to_owned()), "{act}");
    }
    let decides = format!("/v1/staff/kyc-cases/{id}/decisions");
    let sly = review.grace.posts(&decides, &json!({ "outcome": "approved" })).await;
    assert_eq!(sly.problem(), (403, "second_person_required".to_owned()));
    let wrong_role = review.support.posts(&decides, &json!({ "outcome": "approved" })).await;
    assert_eq!(wrong_role.problem(), (403, "role_required".to_owned()));
}

#[tokio::test]
async fn the_queue_is_in_the_order_of_days_and_notes_are_screened() {
    let review = Review::begins().await;
    let mut ids = vec![review.path.rsplit('/').next().unwrap().to_owned()];
    for n in 0..2 {
        review.app.advance(TimeDelta::minutes(3));
        let person = review.app.person(&format!("p{n}@example.org")).await;
        crate::kyc_documents::asks(&review.support, &person).await;
        person.verifies_phone(&format!("+6421765430{n}")).await;
        tells_everything(&person, "1990-12-10", usual()).await;
        assert_eq!(submits(&person).await.status, 201);
        ids.push(person.gets("/v1/kyc").await.json()["kyc_case_id"].as_str().unwrap().to_owned());
    }
    let list = |answer: Answer| -> Vec<String> {
        let data = answer.json()["data"].as_array().unwrap().clone();
        data.iter().map(|case| case["kyc_case_id"].as_str().unwrap().to_owned()).collect()
    };
    let queue = "/v1/staff/kyc-cases";
    assert_eq!(list(review.support.gets(queue).await), ids);
    let first = review.grace.gets(&format!("{queue}?limit=2")).await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(list(first), ids[..2]);
    assert_eq!(list(review.grace.gets(&format!("{queue}?limit=2&cursor={cursor}")).await), ids[2..]);
    let strange = review.alan.gets(&format!("{queue}?cursor={cursor}")).await;
    assert_eq!(strange.problem(), (400, "invalid_cursor".to_owned()));
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    assert_eq!(list(review.grace.gets(&format!("{queue}?assigned_to=me")).await), ids[..1]);
    assert_eq!(list(review.grace.gets(&format!("{queue}?assigned_to=nobody")).await), ids[1..]);
    assert_eq!(list(review.grace.gets(&format!("{queue}?state=in_review")).await), ids[..1]);
    for wrong in ["state=open", "assigned_to=grace", "who=me", "limit=0"] {
        assert_eq!(review.grace.gets(&format!("{queue}?{wrong}")).await.status, 400, "{wrong}");
    }

    let notes = format!("{}/notes", review.path);
    let sly = review.grace.posts(&notes, &json!({ "note": "She is a Catholic." })).await;
    assert_eq!(sly.first_error(), ("/note".to_owned(), "special_category".to_owned()));
    let note = review.grace.posts(&notes, &json!({ "note": "NOTE-CANARY: look at the bill." })).await;
    assert_eq!((note.status, &note.json()["number"]), (201, &json!(1)));
    let opened = review.opens(&review.grace).await;
    assert_eq!(opened.json()["notes"][0]["note"], "NOTE-CANARY: look at the bill.");
    assert!(!review.kyc().await.to_string().contains("CANARY"));
}

#[tokio::test]
async fn what_is_approved_is_what_the_reviewer_saw() {
    let review = Review::begins().await;
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    assert_eq!(review.opens(&review.grace).await.status, 201);
    review.app.advance(TimeDelta::seconds(1));
    assert_eq!(review.ada.changes_profile(json!({ "real_name": "Mallory Nobody" })).await.status, 200);
    let kept = json!([
        { "rule": "document_name", "item": "first_identity_document" },
        { "rule": "document_name", "item": "second_identity_document" },
        { "rule": "proof_name", "item": "address_proof" },
    ]);
    let body = json!({ "outcome": "approved", "overrides": kept, "grounds": "The maiden name." });
    let unseen = review.decides(&review.grace, &body).await;
    assert_eq!(unseen.problem(), (409, "kyc_not_opened".to_owned()));
    assert_eq!(review.opens(&review.grace).await.json()["real_name"], "Mallory Nobody");
    let refused = review.approves(&review.grace).await;
    assert_eq!(codes(&refused), ["rule_document_name", "rule_document_name", "rule_proof_name"]);
}

#[tokio::test]
async fn what_is_opened_is_shown_once_for_each_opening() {
    let review = Review::begins().await;
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    let opens = || {
        let body = json!({ "purpose": "identity_verification" });
        let bearer = format!("Bearer {}", review.grace.access_token);
        let path = format!("{}/detail-reads", review.path);
        let app = &review.app;
        async move {
            let headers = [("authorization", bearer.as_str()), ("idempotency-key", "a-key-of-an-opening")];
            app.send(Method::POST, &path, &headers, Some(&body)).await
        }
    };
    assert_eq!(opens().await.status, 201);
    assert_eq!(opens().await.problem(), (409, "already_done".to_owned()));
    let answers = "SELECT count(*) AS n FROM idempotency_keys WHERE operation = 'open_kyc_details' AND answer IS NOT NULL";
    assert_eq!(review.app.database.number(answers), 0);
}

#[tokio::test]
async fn a_phone_that_is_asked_for_again_is_there_once_it_is_verified() {
    let review = Review::begins().await;
    assert_eq!(review.ada.sends(Method::DELETE, "/v1/account/phone", &[], None).await.status, 200);
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    assert_eq!(codes(&review.approves(&review.grace).await), ["rule_phone_verified"]);
    let email =
        json!({ "outcome": "resubmission", "rejections": rejection("verified_email", "not_verifiable") });
    let refused = review.decides(&review.grace, &email).await;
    assert_eq!(refused.first_error(), ("/rejections".to_owned(), "nothing_to_ask".to_owned()));
    let phone =
        json!({ "outcome": "resubmission", "rejections": rejection("verified_phone", "not_verifiable") });
    assert_eq!(review.decides(&review.grace, &phone).await.status, 201);
    assert_eq!(codes(&submits(&review.ada).await), ["needs_verified_phone"]);
    review.ada.verifies_phone("+64217654321").await;
    assert_eq!(submits(&review.ada).await.status, 201);
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    assert_eq!(review.approves(&review.grace).await.status, 201);
}

/// Signs in anew, by the code that comes to the phone.
async fn comes_back(review: &Review) -> Person {
    let (app, ada) = (&review.app, &review.ada);
    let challenge = challenge_of(&ada.signs_in(EMAIL, PASSWORD).await);
    let path = format!("/v1/sign-in-challenges/{}/sms-code", challenge["challenge_id"].as_str().unwrap());
    let body = json!({ "challenge_token": challenge["challenge_token"] });
    let before = app.sms_to("+64211234567").len();
    assert_eq!(app.send(Method::POST, &path, &[("cookie", &ada.cookie)], Some(&body)).await.status, 202);
    let sent = || async { (app.sms_to("+64211234567").len() > before).then_some(()) };
    eventually("the code by SMS", sent).await;
    let code = app.code_sent_to("+64211234567").await;
    let answer = app.answers(&challenge, "sms", &code, &ada.cookie).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    ada.with(&answer.json()["session"])
}

#[tokio::test]
async fn a_proof_counts_from_the_day_on_which_it_was_first_handed_in() {
    let mut review = Review::begins().await;
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    let again = json!({ "outcome": "resubmission", "rejections": rejection("first_identity_document", "unreadable") });
    assert_eq!(review.decides(&review.grace, &again).await.status, 201);
    review.app.advance(TimeDelta::days(85));
    review.grace.signs_in().await;
    let ada = comes_back(&review).await;
    let kyc = ada.gets("/v1/kyc").await.json();
    let passport = kyc["documents"][0]["document_id"].as_str().unwrap();
    let taken_back = ada.sends(Method::DELETE, &format!("/v1/kyc/documents/{passport}"), &[], None).await;
    assert_eq!(taken_back.status, 200, "{}", taken_back.text);
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    assert_eq!(submits(&ada).await.status, 201);
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    let approved = review.approves(&review.grace).await;
    assert_eq!(approved.status, 201, "{}", approved.text);
}

#[tokio::test]
async fn who_fetched_how_a_verification_stands_is_told_when_it_stands_otherwise() {
    let review = Review::begins().await;
    let (app, ada, grace) = (&review.app, &review.ada, &review.grace);
    let desk = app.desk_of(review.admins.clone(), grace.clone()).await;
    let pool = desk.partner(app, company("Harbour Pool")).await;
    let id = desk.discloses(ada, &pool, &json!(["verification_status", "email"])).await;
    let status = || async {
        pool.opens(app, &pool.pulls(app, &id).await).await["fields"]["verification_status"].clone()
    };
    let told = || async {
        let listed = pool.gets(app, "/v1/partner/obligations").await.json();
        let duties = listed["data"].as_array().unwrap().iter();
        duties.map(|duty| (duty["kind"].clone(), duty["fields"].clone())).collect::<Vec<_>>()
    };
    let duty = (json!("correct"), json!(["verification_status"]));
    assert_eq!(status().await["verified"], false);
    assert!(told().await.is_empty());
    assert_eq!(review.assigns(grace).await.status, 200);
    assert_eq!(review.approves(grace).await.status, 201);
    assert_eq!(told().await, std::slice::from_ref(&duty));
    assert_eq!(status().await["verified"], true);

    // Another name is vouched for by nobody yet.
    assert_eq!(ada.changes_profile(json!({ "real_name": "Ada King" })).await.status, 200);
    assert_eq!(told().await, [duty.clone(), duty]);
    assert_eq!(status().await["verified"], false);
    crate::log::verifies(app).await;
}

#[tokio::test]
async fn what_was_seen_before_a_restriction_is_not_decided_upon_while_it_holds() {
    let review = Review::begins().await;
    assert_eq!(review.assigns(&review.grace).await.status, 200);
    assert_eq!(review.opens(&review.grace).await.status, 201);
    let restriction = review.ada.asks_for("restriction", Some("identity_verification"), None).await;
    let approval = json!({ "outcome": "approved" });
    let held = review.decides(&review.grace, &approval).await;
    assert_eq!(held.problem(), (423, "processing_limited".to_owned()));
    assert_eq!(held.json()["clause"], "7.3");
    assert_eq!(review.kyc().await["state"], "in_review");
    assert_eq!(review.ada.takes_back(&restriction).await.status, 201);
    assert_eq!(review.decides(&review.grace, &approval).await.status, 201);
}
