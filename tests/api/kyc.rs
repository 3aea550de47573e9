//! Verification of identity: asked for with a clause and a day, answered by the person, its reason told to nobody.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Member, Person};

const EMAIL: &str = "ada@example.org";
const REASON: &str = "Withdrawals from three countries, says CANARY-REASON.";

async fn asks(support: &Member, ada: &Person, change: impl FnOnce(&mut Value)) -> Answer {
    let mut body = json!({ "account_id": ada.account_id, "ground": "activity", "private_reason": REASON });
    change(&mut body);
    support.posts("/v1/staff/kyc-cases", &body).await
}

fn details() -> Value {
    json!({
        "birth_date": "1990-12-10",
        "residence": { "line": "12 Queen Street", "postal_code": "1010", "city": "Auckland", "country": "NZ" },
    })
}

async fn tells(ada: &Person, details: &Value) -> Answer {
    ada.sends(Method::PUT, "/v1/kyc/personal-details", &[], Some(details)).await
}

fn state_of<'a>(kyc: &'a Value, item: &str) -> &'a Value {
    let all = kyc["requirements"].as_array().unwrap();
    &all.iter().find(|requirement| requirement["item"] == item).unwrap()["state"]
}

#[tokio::test]
async fn a_person_is_asked_with_the_clause_and_the_day_and_never_learns_the_reason() {
    let app = App::start().await;
    let (ada, admins) = (app.person(EMAIL).await, app.admins().await);
    let support = app.member(&admins, "support").await;
    let nothing = ada.gets("/v1/kyc").await.json();
    assert_eq!((&nothing["state"], &nothing["requirements"]), (&json!("not_required"), &json!([])));

    let leaves = app.database.number("SELECT count(*) AS n FROM log_leaves");
    let asked = asks(&support, &ada, |_| {}).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM log_leaves"), leaves + 1);
    assert!(!asked.text.contains("CANARY"), "not even to who asked");
    let again = asks(&support, &ada, |_| {}).await;
    assert_eq!(again.problem(), (409, "kyc_already_asked".to_owned()));

    let kyc = ada.gets("/v1/kyc").await;
    let told = kyc.json();
    assert_eq!((&told["state"], &told["clause"]), (&json!("requested"), &json!("1.8")));
    assert_eq!(told["due_at"], asked.json()["due_at"]);
    assert_eq!(state_of(&told, "verified_email"), "provided");
    assert_eq!(state_of(&told, "verified_phone"), "missing");
    let mail = app.mail_saying(EMAIL, "verify your identity").await;
    assert!(mail.contains("clause 1.8"), "{mail}");
    let notices = ada.gets("/v1/notices").await;
    assert_eq!(notices.json()["data"][0]["kind"], "kyc_requested_after_activity");
    assert_eq!(notices.json()["data"][0]["clause"], "1.8");
    let views =
        ["/v1/account", "/v1/account/security", "/v1/account/changes", "/v1/access-log", "/v1/support-cases"];
    for view in views {
        assert!(!ada.gets(view).await.text.contains("CANARY"), "{view}");
    }
    for text in [&mail, &kyc.text, &notices.text] {
        assert!(!text.contains("CANARY"), "{text}");
    }
    let eve = app.person("eve@example.org").await;
    assert_eq!(eve.gets("/v1/kyc").await.json()["state"], "not_required");
}

#[tokio::test]
async fn what_the_person_tells_rests_sealed_and_comes_back() {
    let app = App::start().await;
    let (ada, admins) = (app.person(EMAIL).await, app.admins().await);
    let support = app.member(&admins, "support").await;
    assert_eq!(tells(&ada, &details()).await.problem(), (409, "kyc_not_open".to_owned()));
    assert_eq!(asks(&support, &ada, |_| {}).await.status, 201);
    let told = tells(&ada, &details()).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let told = told.json();
    assert_eq!(
        (&told["state"], state_of(&told, "personal_details")),
        (&json!("in_progress"), &json!("provided"))
    );
    assert_eq!(told["personal_details"]["birth_date"], "1990-12-10");
    assert_eq!(told["personal_details"]["residence"], details()["residence"]);
    let mut moved = details();
    moved["residence"]["city"] = json!("Wellington");
    assert_eq!(tells(&ada, &moved).await.status, 200);
    assert_eq!(ada.gets("/v1/kyc").await.json()["personal_details"]["residence"]["city"], "Wellington");
    let sealed =
        "SELECT count(*) AS n FROM kyc_details WHERE length(birth_date) > 30 AND length(residence) > 60";
    assert_eq!(app.database.number(sealed), 1);

    // It is there for a process that has no key in memory, too.
    let bearer = format!("Bearer {}", ada.access_token);
    drop((ada, support, admins));
    let app = app.restart().await;
    let again = app.send(Method::GET, "/v1/kyc", &[("authorization", &bearer)], None).await.json();
    assert_eq!(again["personal_details"]["residence"]["city"], "Wellington");
}

#[tokio::test]
async fn what_is_told_is_held_against_its_form() {
    let app = App::start().await;
    let (ada, admins) = (app.person(EMAIL).await, app.admins().await);
    let support = app.member(&admins, "support").await;
    assert_eq!(asks(&support, &ada, |_| {}).await.status, 201);
    for (pointer, value, code) in [
        ("/birth_date", json!("1990-02-30"), "invalid_birth_date"),
        ("/birth_date", json!("10.12.1990"), "invalid_birth_date"),
        ("/birth_date", json!("2999-01-01"), "invalid_birth_date"),
        ("/residence/line", json!("---"), "invalid_address_line"),
        ("/residence/postal_code", json!("1"), "invalid_postal_code"),
        ("/residence/city", json!("1234"), "invalid_city"),
        ("/residence/country", json!("XX"), "invalid_value"),
        ("/residence/religion", json!("x"), "unknown_field"),
    ] {
        let mut body = details();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[member] = value;
        let refused = tells(&ada, &body).await;
        assert_eq!(refused.first_error(), (pointer.to_owned(), code.to_owned()), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_reason_that_speaks_of_a_special_category_is_refused_and_counted() {
    let app = App::start().await;
    let (ada, admins) = (app.person(EMAIL).await, app.admins().await);
    let support = app.member(&admins, "support").await;
    let reason = |text: &str| {
        let text = text.to_owned();
        move |body: &mut Value| body["private_reason"] = json!(text)
    };
    let refused = asks(&support, &ada, reason("The card says that she is a Catholic.")).await;
    assert_eq!(refused.problem(), (422, "validation_failed".to_owned()));
    assert_eq!(refused.first_error(), ("/private_reason".to_owned(), "special_category".to_owned()));
    assert_eq!(refused.json()["clause"], "1.9");
    assert!(!refused.text.contains("Catholic"), "{}", refused.text);
    let metrics = reqwest::get(format!("{}/metrics", app.operator_url)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("special_categories_refused_total{category=\"belief\"}"), "{metrics}");
    for days in [6, 91] {
        let refused = asks(&support, &ada, |body| body["days"] = json!(days)).await;
        assert_eq!(refused.first_error(), ("/days".to_owned(), "out_of_range".to_owned()));
    }
    assert_eq!(asks(&support, &ada, |body| body["days"] = json!(7)).await.status, 201);
    let nobody = asks(&support, &ada, |body| {
        body["account_id"] = json!("acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3");
    })
    .await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn two_members_who_ask_at_once_ask_once() {
    let app = App::start().await;
    let (ada, admins) = (app.person(EMAIL).await, app.admins().await);
    let support = app.member(&admins, "support").await;
    let answers = futures_util::future::join_all((0..8).map(|_| asks(&support, &ada, |_| {}))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_cases"), 1);
    assert_eq!(ada.gets("/v1/notices").await.json()["data"].as_array().unwrap().len(), 1);
}
