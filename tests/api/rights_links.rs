//! Rights without signing in: a mailbox restricts, and no more, until somebody has seen who asks.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    archives::prepares,
    rights::services,
    support::{Answer, App, Form, Member, Person, company},
};

const EMAIL: &str = "ada@example.org";

/// The token of the link that was mailed last.
async fn link_mailed_to(app: &App, email: &str) -> String {
    let asked = app.post("/v1/rights-request-links", &json!({ "email": email })).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let mail = app.mail_saying(email, "#rights-request=").await.replace("=\r\n", "");
    let (_, token) = mail.split_once("#rights-request=").unwrap_or_else(|| panic!("{mail}"));
    let token = token.trim_start_matches("3D");
    token.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()
}

async fn previews(app: &App, token: &str, kind: &str) -> Answer {
    app.post("/v1/rights-request-links/previews", &json!({ "token": token, "kind": kind })).await
}

async fn files(app: &App, token: &str, kind: &str) -> Answer {
    let preview = previews(app, token, kind).await.json()["preview"].clone();
    let body = json!({ "token": token, "kind": kind, "preview": preview });
    app.post("/v1/rights-request-links/filings", &body).await
}

/// The id of a request and the token of its result.
fn parts(filed: &Answer) -> (String, Value) {
    assert_eq!(filed.status, 201, "{}", filed.text);
    let filed = filed.json();
    (
        filed["request"]["rights_request_id"].as_str().unwrap().to_owned(),
        json!({ "result_token": filed["result_token"] }),
    )
}

async fn result(app: &App, token: &Value) -> Value {
    app.post("/v1/rights-request-results", token).await.json()["request"].clone()
}

async fn hands_in(app: &App, token: &Value) -> Answer {
    let form = Form::default().text("result_token", token["result_token"].as_str().unwrap());
    let form = form.file("file", "passport.png", &crate::support::pictures::picture(image::ImageFormat::Png));
    app.post_raw("/v1/rights-request-results/evidence", &Form::content_type(), form.body()).await
}

async fn answers(by: &Member, id: &str, body: &Value) -> Answer {
    by.posts(&format!("/v1/staff/rights-requests/{id}/answers"), body).await
}

async fn decides(by: &Member, id: &str, body: &Value) -> Answer {
    by.posts(&format!("/v1/staff/rights-requests/{id}/identity-decisions"), body).await
}

/// Somebody who may opens every file, and then the person.
async fn is_seen(app: &App, by: &Member, id: &str, files: usize) {
    let path = format!("/v1/staff/rights-requests/{id}");
    let seen = by.gets(&path).await.json();
    assert_eq!((&seen["by_link"], seen["evidence"].as_array().unwrap().len()), (&json!(true), files));
    for file in seen["evidence"].as_array().unwrap() {
        let look = json!({ "document_id": file["document_id"] });
        assert_eq!(by.posts(&format!("{path}/evidence-reads"), &look).await.status, 201);
    }
    let person = by.sends(Method::POST, &format!("{path}/identity-reads"), None).await;
    assert_eq!(person.json()["real_name"], "Ada Lovelace", "{}", person.text);
    let reads =
        app.database.number("SELECT count(*) AS n FROM staff_reads WHERE rights_request_id IS NOT NULL");
    assert!(reads > 0);
}

#[tokio::test]
async fn a_link_ends_when_the_account_moves_to_another_mailbox() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let token = link_mailed_to(&app, EMAIL).await;
    assert_eq!(previews(&app, &token, "access").await.status, 200);
    let confirmation = ada.asks_for_email("ada.new@example.org").await;
    let code = json!({ "code": app.code_mailed_to("ada.new@example.org").await });
    assert_eq!(ada.sends(Method::POST, &confirmation, &[], Some(&code)).await.status, 201);
    for kind in ["access", "restriction"] {
        assert_eq!(previews(&app, &token, kind).await.problem(), (410, "rights_link_ended".to_owned()));
    }
}

#[tokio::test]
async fn the_answer_tells_nobody_whether_there_is_an_account() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let known = app.post("/v1/rights-request-links", &json!({ "email": EMAIL })).await;
    let unknown = app.post("/v1/rights-request-links", &json!({ "email": "nobody@example.org" })).await;
    assert_eq!((known.status, unknown.status), (202, 202));
    assert_eq!(known.json(), unknown.json());
    app.mail_saying("nobody@example.org", "we hold nothing under it").await;
    let mail = app.mail_saying(EMAIL, "#rights-request=").await;
    assert!(!mail.contains("Lovelace"), "{mail}");
    // A link that was made for nobody leads nowhere.
    for token in ["A".repeat(92), link_mailed_to(&app, EMAIL).await.chars().rev().collect()] {
        assert_eq!(previews(&app, &token, "access").await.problem(), (410, "rights_link_ended".to_owned()));
    }
    let token = link_mailed_to(&app, EMAIL).await;
    assert_eq!(previews(&app, &token, "rectification").await.first_error().0, "/kind");
    app.advance(TimeDelta::hours(24));
    assert_eq!(previews(&app, &token, "access").await.problem(), (410, "rights_link_ended".to_owned()));
    drop(ada);
}

#[tokio::test]
async fn what_is_asked_by_a_link_restricts_at_once_and_shows_nothing() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let shared = desk.discloses(&ada, &pool, &json!(["email"])).await;
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    let token = link_mailed_to(&app, EMAIL).await;
    let preview = previews(&app, &token, "restriction").await.json();
    assert_eq!(preview["recipients"], json!([]), "who has the data is for the person");
    let (id, own) = parts(&files(&app, &token, "restriction").await);
    assert_eq!(pool.pulls(&app, &shared).await.problem(), (423, "disclosure_held".to_owned()));
    // Whoever lost the answer files again: the same request, and another token.
    let (same, another) = parts(&files(&app, &token, "restriction").await);
    assert_eq!((&same, own == another), (&id, false));
    assert_eq!(app.post("/v1/rights-request-results", &own).await.status, 404);
    let own = another;
    // Its person sees it, and takes it back; so does whoever holds the token.
    assert_eq!(ada.gets(&format!("/v1/rights-requests/{id}")).await.json()["state"], "in_review");
    app.mail_saying(EMAIL, "has arrived").await;
    let back = app.post("/v1/rights-request-results/withdrawal", &own).await;
    assert_eq!((back.status, &back.json()["state"]), (201, &json!("withdrawn")), "{}", back.text);
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    // What was filed signed in is taken back signed in, and its archive is fetched so.
    let signed_in = ada.files("access", None, None).await.json();
    let token = json!({ "result_token": signed_in["result_token"] });
    for path in ["/v1/rights-request-results/withdrawal", "/v1/rights-request-results/archive"] {
        assert_eq!(app.post(path, &token).await.problem(), (404, "not_found".to_owned()), "{path}");
    }
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn data_are_handed_over_once_somebody_has_seen_who_asks() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let services = services(&app).await;
    let (id, token) = parts(&files(&app, &link_mailed_to(&app, EMAIL).await, "access").await);
    assert_eq!(prepares(&services).await, 0);
    let archive = || app.post("/v1/rights-request-results/archive", &token);
    assert_eq!(archive().await.problem(), (409, "archive_not_ready".to_owned()));
    let asks = format!("/v1/staff/rights-requests/{id}/proof-requests");
    assert_eq!(desk.legal.sends(Method::POST, &asks, None).await.status, 201);
    assert_eq!(hands_in(&app, &token).await.status, 201);
    let granted = json!({ "outcome": "granted" });
    assert_eq!(answers(&desk.legal, &id, &granted).await.problem().1, "rights_request_state_conflict");
    assert_eq!(
        decides(&desk.processor, &id, &granted).await.problem(),
        (409, "identity_not_seen".to_owned())
    );
    is_seen(&app, &desk.processor, &id, 1).await;
    // Nobody is spoken for: not by the person, who may have asked for nothing, nor by whoever else reads the mailbox.
    let path = format!("{}/v1/rights-requests/{id}/evidence", app.url);
    let form =
        Form::default().file("file", "x.png", &crate::support::pictures::picture(image::ImageFormat::Png));
    let request = app.client.post(path).bearer_auth(&ada.access_token);
    let request = request.header("content-type", Form::content_type()).body(form.body());
    assert_eq!(request.send().await.unwrap().status(), 409);
    let again = files(&app, &link_mailed_to(&app, EMAIL).await, "access").await;
    assert_eq!(again.problem(), (409, "rights_request_duplicate".to_owned()));
    // What came since has to be seen, too.
    app.advance(TimeDelta::seconds(1));
    assert_eq!(hands_in(&app, &token).await.status, 201);
    assert_eq!(decides(&desk.processor, &id, &granted).await.problem().1, "identity_not_seen");
    is_seen(&app, &desk.processor, &id, 2).await;
    let decided = decides(&desk.processor, &id, &granted).await;
    assert_eq!((decided.status, &decided.json()["state"]), (201, &json!("scheduled")), "{}", decided.text);
    crate::support::eventually("the archive", || async {
        prepares(&services).await;
        (result(&app, &token).await["state"] == "completed").then_some(())
    })
    .await;
    let bytes = app.client.post(format!("{}/v1/rights-request-results/archive", app.url)).json(&token);
    let bytes = bytes.send().await.unwrap();
    assert_eq!(
        (bytes.status().as_u16(), &bytes.headers()["content-type"]),
        (200, &"application/zip".parse().unwrap())
    );
    assert_eq!(&bytes.bytes().await.unwrap()[..2], b"PK");
    app.advance(TimeDelta::days(7));
    assert_eq!(archive().await.problem(), (410, "archive_expired".to_owned()));
    let ada = app.signs_in(EMAIL, &ada.cookie.clone()).await;
    let log = ada.gets("/v1/access-log").await.json();
    assert_eq!(log["data"][0]["rights_request_id"], id.as_str());
    assert_eq!(log["data"][0]["fields"], json!(["real_name", "email", "phone", "birth_date"]));
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn who_is_not_shown_to_be_the_person_gets_nothing_and_is_told_why() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let granted = json!({ "outcome": "granted" });
    let (id, token) = parts(&files(&app, &link_mailed_to(&app, EMAIL).await, "portability").await);
    assert_eq!(
        decides(&desk.processor, &id, &granted).await.problem().1,
        "identity_not_seen",
        "nothing came"
    );
    let wrong = json!({ "outcome": "refused", "ground": "not_shown" });
    assert_eq!(decides(&desk.processor, &id, &wrong).await.first_error().1, "ground_not_for_kind");
    let refusal = json!({ "outcome": "refused", "ground": "identity_not_shown" });
    assert_eq!(decides(&desk.processor, &id, &refusal).await.json()["state"], "refused");
    let refused = result(&app, &token).await["refusal"].clone();
    assert_eq!(refused["clause"], "7.4");
    assert!(refused["law"].as_str().unwrap().contains("section 57"), "{refused}");
    app.mail_saying(EMAIL, "not carried out").await;
    assert_eq!(hands_in(&app, &token).await.status, 409);
    // That ground is for nobody else.
    let own = ada.asks_for("restriction", Some("support"), None).await;
    assert_eq!(answers(&desk.legal, &own, &refusal).await.problem().1, "rights_request_state_conflict");
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn an_erasure_by_a_link_waits_for_who_asks_and_then_for_its_day() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let services = services(&app).await;
    let (id, token) = parts(&files(&app, &link_mailed_to(&app, EMAIL).await, "erasure").await);
    assert_eq!(result(&app, &token).await["state"], "in_review");
    assert_eq!(services.rights.carry_out(5).await.unwrap(), 0);
    assert_eq!(hands_in(&app, &token).await.status, 201);
    is_seen(&app, &desk.processor, &id, 1).await;
    let granted = decides(&desk.processor, &id, &json!({ "outcome": "granted" })).await;
    assert_eq!(granted.json()["state"], "scheduled", "{}", granted.text);
    app.mail_saying(EMAIL, "will be erased").await;
    assert_eq!(services.rights.carry_out(5).await.unwrap(), 0, "its person has time to notice");
    app.advance(TimeDelta::days(14));
    assert_eq!(services.rights.carry_out(5).await.unwrap(), 1);
    assert_eq!(result(&app, &token).await["state"], "completed");
    assert_eq!(ada.gets("/v1/account").await.status, 401);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM rights_evidence"), 0);

    // Refused, what it restricts ends as it was told.
    let bob: Person = app.person("bob@example.org").await;
    let (id, token) = parts(&files(&app, &link_mailed_to(&app, "bob@example.org").await, "erasure").await);
    let mut processor = desk.processor.clone();
    processor.signs_in().await;
    let refusal = json!({ "outcome": "refused", "ground": "identity_not_shown" });
    let refused = decides(&processor, &id, &refusal).await;
    assert_eq!(refused.json()["state"], "lifting", "{}", refused.text);
    app.advance(TimeDelta::days(7));
    assert_eq!(services.rights.lift(5).await.unwrap(), 1);
    assert_eq!(result(&app, &token).await["state"], "lifted");
    assert_eq!(services.rights.carry_out(5).await.unwrap(), 0);
    drop(bob);
    crate::log::verifies(&app).await;
}
