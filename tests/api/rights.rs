//! Rights requests: what was asked for holds at once, is answered in time, and ends only as its person was told.

use chrono::{DateTime, TimeDelta};
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::{
    config::Config,
    server::{self, Services},
    services::rights::RightsService,
};

use crate::support::{Answer, App, Desk, Member, Partner, Person, company, eventually, is_postgres};

const EMAIL: &str = "ada@example.org";

/// The service's own jobs, run when the test wants them.
pub async fn jobs(app: &App) -> RightsService {
    services(app).await.rights
}

/// All of the service beside the one that answers, whose own jobs rest from now on: otherwise either may be first.
pub async fn services(app: &App) -> Services {
    let (holder, until) = if is_postgres() {
        ("'00000000-0000-0000-0000-000000000000'::uuid", "'2100-01-01'::timestamptz")
    } else {
        ("x'00000000000000000000000000000000'", "4102444800000000")
    };
    app.database.sql(&format!(
        "DELETE FROM leases WHERE name = 'housekeeping'; \
         INSERT INTO leases (name, holder, expires_at) VALUES ('housekeeping', {holder}, {until})"
    ));
    let config = Config::from_vars(app.settings.clone()).unwrap();
    server::open_services(&config, app.clock.clone()).await.unwrap()
}

async fn own(ada: &Person, id: &str) -> Value {
    ada.gets(&format!("/v1/rights-requests/{id}")).await.json()
}

async fn answers(by: &Member, id: &str, body: &Value) -> Answer {
    by.posts(&format!("/v1/staff/rights-requests/{id}/answers"), body).await
}

fn steps(request: &Value) -> Vec<&str> {
    request["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect()
}

/// A company that fetched the address, and will want it again.
async fn shared(app: &App, desk: &Desk, ada: &Person) -> (Partner, String) {
    let pool = desk.partner(app, company("Harbour Pool")).await;
    let id = desk.discloses(ada, &pool, &json!(["email"])).await;
    assert_eq!(pool.pulls(app, &id).await.status, 201);
    (pool, id)
}

#[tokio::test]
async fn a_restriction_holds_from_its_filing_and_is_told_to_whoever_fetched_the_data() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let (pool, shared) = shared(&app, &desk, &ada).await;
    let asked = json!({ "kind": "restriction", "purpose": "group_sharing" });
    let preview = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await.json();
    assert_eq!(preview["consequences"], json!([{ "code": "disclosures_refused", "clause": "4.8" }]));
    assert_eq!(preview["recipients"][0]["name"], "Harbour Pool");
    assert_eq!(pool.pulls(&app, &shared).await.status, 201, "looking changes nothing");

    let filed = ada.files("restriction", Some("group_sharing"), None).await;
    assert_eq!(filed.status, 201, "{}", filed.text);
    let request = filed.json()["request"].clone();
    assert_eq!((&request["state"], &request["clause"]), (&json!("in_review"), &json!("7.3")));
    assert_eq!(crate::log::promised(&filed).len(), 2, "the request, and what it keeps from being done");
    assert_eq!(pool.pulls(&app, &shared).await.problem(), (423, "disclosure_held".to_owned()));
    let told = pool.gets(&app, "/v1/partner/obligations").await.json();
    assert_eq!(told["data"][0]["kind"], "restrict");
    app.mail_saying(EMAIL, "has arrived").await;
    assert_eq!(ada.gets("/v1/notices").await.json()["data"][0]["kind"], "rights_request_filed");
    let again = ada.files("restriction", Some("group_sharing"), None).await;
    assert_eq!(again.problem(), (409, "rights_request_duplicate".to_owned()));

    let id = request["rights_request_id"].as_str().unwrap();
    assert_eq!(ada.takes_back(id).await.json()["state"], "withdrawn");
    assert_eq!(ada.takes_back(id).await.problem(), (409, "rights_request_state_conflict".to_owned()));
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    assert_eq!(steps(&own(&ada, id).await), ["filed", "withdrawn"]);
    // And anew, since nothing of it holds.
    app.advance(TimeDelta::seconds(1));
    ada.asks_for("restriction", Some("group_sharing"), None).await;
    let listed = ada.gets("/v1/rights-requests?limit=1").await.json();
    assert_eq!(listed["data"][0]["state"], "in_review");
    assert!(listed["next_cursor"].is_string());
    let eve = app.person("eve@example.org").await;
    assert_eq!(eve.gets(&format!("/v1/rights-requests/{id}")).await.status, 404);
    assert_eq!(eve.gets("/v1/rights-requests").await.json()["data"], json!([]));
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn a_request_is_filed_with_its_own_preview_of_the_last_hour_and_with_a_fresh_proof() {
    let app = App::start().await;
    let (ada, eve) = (app.person(EMAIL).await, app.person("eve@example.org").await);
    let preview = |person: &Person, body: Value| {
        let person = person.clone();
        async move {
            let made = person.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&body)).await;
            made.json()["preview"].as_str().unwrap().to_owned()
        }
    };
    let objection = json!({ "kind": "objection", "purpose": "advertising" });
    let file = |preview: &str| {
        let mut body = objection.clone();
        body["preview"] = json!(preview);
        let ada = ada.clone();
        async move { ada.sends(Method::POST, "/v1/rights-requests", &[], Some(&body)).await }
    };
    let of_eve = preview(&eve, objection.clone()).await;
    let of_all = preview(&ada, json!({ "kind": "objection" })).await;
    let good = preview(&ada, objection.clone()).await;
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    // A signature of the service over something else.
    let event = ada.consent_events().await[0]["consent_event_id"].as_str().unwrap().to_owned();
    let receipt = ada.gets(&format!("/v1/consent-events/{event}/receipt")).await.json();
    let receipt = receipt["receipt"].as_str().unwrap_or_default().to_owned();
    for wrong in [&of_eve, &of_all, &forged, &receipt, "a.b.c", "x"] {
        if wrong.is_empty() {
            continue;
        }
        let refused = file(wrong).await;
        assert_eq!(refused.first_error(), ("/preview".to_owned(), "invalid_preview".to_owned()), "{wrong}");
    }
    assert_eq!(app.database.number("SELECT count(*) AS n FROM rights_requests"), 0);
    assert_eq!(file(&good).await.status, 201);
    assert_eq!(file(&good).await.problem().1, "rights_request_duplicate");

    let cookie = eve.cookie.clone();
    app.advance(TimeDelta::hours(1));
    let eve = app.signs_in("eve@example.org", &cookie).await;
    let mut late = objection.clone();
    late["preview"] = json!(of_eve);
    let unproved = eve.sends(Method::POST, "/v1/rights-requests", &[], Some(&late)).await;
    assert_eq!(unproved.problem(), (403, "step_up_required".to_owned()));
    assert_eq!(eve.steps_up_by_mail("eve@example.org").await.status, 201);
    let lapsed = eve.sends(Method::POST, "/v1/rights-requests", &[], Some(&late)).await;
    assert_eq!(lapsed.first_error(), ("/preview".to_owned(), "preview_expired".to_owned()));
}

#[tokio::test]
async fn what_is_refused_ends_on_the_day_that_its_person_was_told_and_not_before() {
    let app = App::start().await;
    let (desk, ada, jobs) = (app.desk().await, app.person(EMAIL).await, jobs(&app).await);
    let (mut pool, shared) = shared(&app, &desk, &ada).await;
    let id = ada.asks_for("objection", Some("group_sharing"), None).await;
    for (body, pointer) in [
        (json!({ "outcome": "refused" }), "/ground"),
        (json!({ "outcome": "granted", "ground": "legal_claims" }), "/ground"),
        (json!({ "outcome": "refused", "ground": "ground_ended" }), "/ground"),
        (json!({ "outcome": "perhaps" }), "/outcome"),
    ] {
        let wrong = answers(&desk.legal, &id, &body).await;
        assert_eq!((wrong.status, wrong.first_error().0.as_str()), (422, pointer), "{}", wrong.text);
    }
    let refusal = json!({ "outcome": "refused", "ground": "compelling_grounds" });
    let refused = answers(&desk.legal, &id, &refusal).await;
    assert_eq!((refused.status, &refused.json()["state"]), (201, &json!("lifting")), "{}", refused.text);
    let told = json!({ "ground": "compelling_grounds", "clause": "6.3", "law": "GDPR art. 21(1)" });
    assert_eq!(own(&ada, &id).await["refusal"], told);
    let mail = app.mail_saying(EMAIL, "was refused").await;
    assert!(
        mail.contains("6.3") && mail.contains("GDPR art. 21(1)") && mail.contains("privacy.org.nz"),
        "{mail}"
    );
    assert_eq!(answers(&desk.legal, &id, &refusal).await.status, 409);

    app.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    assert_eq!(jobs.lift(2).await.unwrap(), 0);
    pool.renews(&app).await;
    assert_eq!(pool.pulls(&app, &shared).await.problem(), (423, "disclosure_held".to_owned()));
    app.advance(TimeDelta::seconds(1));
    assert_eq!(jobs.lift(2).await.unwrap(), 1);
    assert_eq!(jobs.lift(2).await.unwrap(), 0);
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    let ada = app.signs_in(EMAIL, &ada.cookie).await;
    let request = own(&ada, &id).await;
    assert_eq!((&request["state"], steps(&request)), (&json!("lifted"), vec!["filed", "refused", "lifted"]));
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn the_queue_is_in_the_order_of_days_and_a_request_is_extended_once_within_the_law() {
    let app = App::start().await;
    let desk = app.desk().await;
    let (ada, eve) = (app.person(EMAIL).await, app.person("eve@example.org").await);
    let first = ada.asks_for("restriction", None, Some("address")).await;
    let second = eve.asks_for("objection", Some("content"), None).await;
    let seen = desk.legal.gets("/v1/staff/rights-requests").await;
    for secret in [EMAIL, "Lovelace", ada.account_id.as_str(), eve.account_id.as_str()] {
        assert!(!seen.text.contains(secret), "{secret}");
    }
    let queue = |by: Member| async move {
        let listed = by.gets("/v1/staff/rights-requests").await.json();
        let of = |one: &Value| one["rights_request_id"].as_str().unwrap().to_owned();
        listed["data"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let mut both = vec![first.clone(), second.clone()];
    both.sort();
    assert_eq!(queue(desk.legal.clone()).await, both, "due at the same end of a day");

    let path = format!("/v1/staff/rights-requests/{first}/extensions");
    let request = own(&ada, &first).await;
    let filed = DateTime::parse_from_rfc3339(request["filed_at"].as_str().unwrap()).unwrap();
    assert_eq!(filed.format("%F").to_string(), "2026-03-01", "a Sunday, and Monday in Auckland already");
    // Twenty working days after Sunday, or Monday as its clock has it, with no holiday among them.
    assert_eq!(
        (&request["due_at"], &request["due_law"]),
        (&json!("2026-03-27T11:00:00.000000Z"), &json!("privacy_act2020"))
    );
    for until in ["2026-03-27T11:00:00Z", "2026-06-01T12:00:00.000001Z", "2026-06-03T00:00:00Z"] {
        let wrong = desk.legal.posts(&path, &json!({ "until": until, "reason": "complexity" })).await;
        assert_eq!(wrong.first_error(), ("/until".to_owned(), "out_of_range".to_owned()), "{until}");
    }
    let longer = json!({ "until": "2026-05-20T12:00:00Z", "reason": "consultations" });
    let extended = desk.legal.posts(&path, &longer).await;
    assert_eq!((extended.status, &extended.json()["due_law"]), (201, &json!("gdpr")), "{}", extended.text);
    assert_eq!(own(&ada, &first).await["extension"], "consultations");
    app.mail_saying(EMAIL, "takes longer").await;
    let twice =
        desk.legal.posts(&path, &json!({ "until": "2026-05-25T12:00:00Z", "reason": "complexity" })).await;
    assert_eq!(twice.problem(), (409, "rights_request_state_conflict".to_owned()));
    assert_eq!(queue(desk.legal.clone()).await, [second.clone(), first.clone()], "what is due first");

    app.advance(TimeDelta::days(40));
    let legal = desk.legal.comes_again().await;
    let late = legal.gets("/v1/staff/rights-requests").await.json();
    let overdue: Vec<&Value> = late["data"].as_array().unwrap().iter().map(|one| &one["overdue"]).collect();
    assert_eq!(overdue, [true, false]);
    let late = format!("/v1/staff/rights-requests/{second}/extensions");
    let late = legal.posts(&late, &json!({ "until": "2026-05-25T12:00:00Z", "reason": "complexity" })).await;
    assert_eq!(late.problem(), (409, "rights_request_state_conflict".to_owned()), "its day has passed");
    assert_eq!(answers(&legal, &second, &json!({ "outcome": "granted" })).await.status, 201);
    assert_eq!(queue(legal.clone()).await, [first]);
    let granted = legal.gets("/v1/staff/rights-requests?state=granted").await.json();
    assert_eq!(
        (&granted["data"][0]["rights_request_id"], &granted["data"][0]["overdue"]),
        (&json!(second), &json!(false))
    );
}

#[tokio::test]
async fn staff_opens_nothing_that_is_restricted_for_what_it_is_restricted_for() {
    let app = App::start().await;
    let (ada, case) = crate::staff::person_with_case(&app).await;
    let admins = app.admins().await;
    let reader = app.member(&admins, "data_processor").await;
    let support = app.member(&admins, "support").await;
    let path = format!("/v1/staff/support-cases/{case}");
    let reads = |fields: Value, purpose: &str| {
        let mut body = crate::staff::read(&ada, &case, &fields);
        body["purpose"] = json!(purpose);
        let reader = reader.clone();
        async move { reader.posts("/v1/staff/personal-data-reads", &body).await }
    };
    let id = ada.asks_for("restriction", Some("support"), Some("contact")).await;
    let refused = reads(json!(["real_name", "email"]), "support_case").await;
    assert_eq!(refused.problem(), (423, "processing_limited".to_owned()));
    assert_eq!(refused.json()["clause"], "7.3");
    assert!(!refused.text.contains(EMAIL));
    assert_eq!(app.database.number("SELECT count(*) AS n FROM staff_reads"), 0);
    assert_eq!(reads(json!(["real_name"]), "support_case").await.status, 201, "another class");
    assert_eq!(reads(json!(["email"]), "data_quality").await.status, 201, "another purpose");
    assert_eq!(support.gets(&path).await.status, 200, "another class");
    let all = ada.asks_for("restriction", None, None).await;
    assert_eq!(reads(json!(["real_name"]), "data_quality").await.status, 423);
    let refused = support.gets(&path).await;
    assert_eq!(refused.problem(), (423, "processing_limited".to_owned()), "what the person wrote");
    assert_eq!(support.gets("/v1/staff/support-cases").await.status, 200, "that there is a case");
    assert_eq!(reads(json!(["email"]), "rights_request").await.status, 201, "to carry out what was asked");
    assert_eq!(reads(json!(["email"]), "fraud_prevention").await.status, 201, "others are protected");
    for id in [&id, &all] {
        assert_eq!(ada.takes_back(id).await.status, 201);
    }
    assert_eq!(reads(json!(["email"]), "support_case").await.status, 201);
}

#[tokio::test]
async fn of_many_filings_about_the_same_one_holds_and_of_withdrawal_and_answer_one_stands() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let filings: Vec<_> = (0..8)
        .map(|_| {
            let ada = ada.clone();
            tokio::spawn(async move { ada.files("objection", Some("advertising"), None).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for filing in filings {
        statuses.push(filing.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM processing_limit_events"), 1);

    for round in 0..6 {
        let data_class = ["identity", "contact", "address", "documents", "device", "security"][round];
        let id = ada.asks_for("restriction", None, Some(data_class)).await;
        let (person, legal, own_id) = (ada.clone(), desk.legal.clone(), id.clone());
        let back = tokio::spawn(async move { person.takes_back(&own_id).await.status });
        let answered = answers(&legal, &id, &json!({ "outcome": "granted" })).await.status;
        let taken_back = back.await.unwrap();
        let request = own(&ada, &id).await;
        assert_eq!(
            (taken_back, &request["state"]),
            (201, &json!("withdrawn")),
            "it can be taken back either way"
        );
        let expected =
            if answered == 201 { vec!["filed", "granted", "withdrawn"] } else { vec!["filed", "withdrawn"] };
        assert_eq!(steps(&request), expected);
    }
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn whoever_is_not_content_is_heard_once_and_the_request_takes_its_course() {
    let app = App::start().await;
    let (desk, ada, eve) = (app.desk().await, app.person(EMAIL).await, app.person("eve@example.org").await);
    let id = ada.asks_for("objection", Some("group_sharing"), None).await;
    let path = format!("/v1/rights-requests/{id}/complaint");
    let complains = |person: &Person| {
        let (person, path) = (person.clone(), path.clone());
        async move { person.sends(Method::POST, &path, &[], None::<&Value>).await }
    };
    assert_eq!(complains(&eve).await.status, 404);
    let heard = complains(&ada).await;
    assert_eq!(heard.status, 201, "{}", heard.text);
    assert_eq!(crate::log::promised(&heard).len(), 1);
    let said = heard.json();
    assert_eq!((&said["state"], steps(&said)), (&json!("in_review"), vec!["filed", "complained"]));
    assert_eq!(said["authority"]["name"], "Office of the Privacy Commissioner");
    assert_eq!(complains(&ada).await.problem(), (409, "rights_request_state_conflict".to_owned()));
    let queue = desk.legal.gets("/v1/staff/rights-requests").await.json();
    assert_eq!(queue["data"][0]["complained_at"], said["complained_at"]);
    let granted = answers(&desk.legal, &id, &json!({ "outcome": "granted" })).await;
    assert_eq!(granted.status, 201, "{}", granted.text);
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn whoever_answers_is_told_before_a_day_comes_and_the_admins_once_it_has_passed() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let jobs = jobs(&app).await;
    let id = ada.asks_for("restriction", Some("group_sharing"), None).await;
    let due = own(&ada, &id).await["due_at"].as_str().unwrap().parse::<DateTime<chrono::Utc>>().unwrap();
    let mails = || app.mails().into_iter().filter(|mail| mail.contains("has to be answered")).count();
    let before =
        TimeDelta::microseconds(due.timestamp_micros() - app.clock.now().as_micros()) - TimeDelta::days(5);
    app.advance(before - TimeDelta::seconds(1));
    assert_eq!(jobs.escalate(10).await.unwrap(), 0);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(jobs.escalate(10).await.unwrap(), 1);
    assert_eq!(jobs.escalate(10).await.unwrap(), 0, "once");
    eventually("the legal team is told", || async { (mails() == 2).then_some(()) }).await;
    app.advance(TimeDelta::days(5));
    assert_eq!(jobs.escalate(10).await.unwrap(), 1);
    eventually("and the admins", || async { (mails() == 6).then_some(()) }).await;
    app.advance(TimeDelta::days(5));
    assert_eq!(jobs.escalate(10).await.unwrap(), 0);
    drop(desk);
}
