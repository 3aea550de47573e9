//! What authorities take where data are stored stands in the person's log; what is told to everybody tells of no few.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{App, Desk, Person, company, eventually, order};

const EMAIL: &str = "ada@example.org";

async fn authority(desk: &Desk, country: &str) -> String {
    desk.registers(&json!({
        "recipient_class": "state_body", "name": "Ministry", "country": country, "country_note": "Its law reaches far.",
        "agreement": "none", "contact": "desk@ministry.example", "policy_url": "https://ministry.example/privacy",
    }))
    .await
}

fn access(about: &Person, by: &str) -> Value {
    json!({
        "account_id": about.account_id, "recipient_id": by, "fields": ["email", "real_name"],
        "accessed_at": "2026-02-20T08:00:00.000000Z",
    })
}

const PATH: &str = "/v1/staff/authority-accesses";

#[tokio::test]
async fn an_authoritys_access_is_told_to_the_person_and_passes_nothing_on() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let (abroad, home) = (authority(&desk, "AU").await, authority(&desk, "NZ").await);
    let recorded = desk.processor.posts(PATH, &access(&ada, &abroad)).await;
    assert_eq!(recorded.status, 201, "{}", recorded.text);
    assert_eq!(recorded.json()["disclosure"]["state"], "recorded");
    let id = recorded.json()["disclosure"]["disclosure_id"].as_str().unwrap().to_owned();

    let entry = ada.gets(&format!("/v1/disclosures/{id}")).await.json();
    assert_eq!(
        (&entry["state"], &entry["purpose"], &entry["clause"]),
        (&json!("recorded"), &json!("authority_access"), &json!("5.5"))
    );
    assert_eq!(entry["released_at"], "2026-02-20T08:00:00.000000Z");
    assert_eq!(entry["recipient"]["name"], "Ministry");
    let steps: Vec<&Value> = entry["steps"].as_array().unwrap().iter().map(|step| &step["step"]).collect();
    assert_eq!(steps, ["accessed"]);
    app.mail_saying(EMAIL, "Data about you were disclosed").await;
    for (path, by) in [("review", &desk.legal), ("release", &desk.processor), ("hand-overs", &desk.processor)]
    {
        let body =
            json!({ "verdict": "approved", "scope_hash": recorded.json()["disclosure"]["scope_hash"] });
        let path = if path == "review" { "reviews" } else { path };
        let body = (path == "reviews").then_some(&body);
        let refused =
            by.sends(reqwest::Method::POST, &format!("/v1/staff/disclosures/{id}/{path}"), body).await;
        assert!([403, 409].contains(&refused.status), "{path}: {}", refused.text);
    }
    let mut wrong = access(&ada, &home);
    assert_eq!(
        desk.processor.posts(PATH, &wrong).await.first_error().0,
        "/recipient_id",
        "it is no foreign one"
    );
    wrong = access(&ada, &desk.registers(&company("Pool")).await);
    assert_eq!(desk.processor.posts(PATH, &wrong).await.first_error().0, "/recipient_id");
    wrong = access(&ada, &abroad);
    wrong["accessed_at"] = json!("2030-01-01T00:00:00Z");
    wrong["instrument_id"] = json!("itr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3");
    let faults = desk.processor.posts(PATH, &wrong).await.json();
    let pointers: Vec<&Value> = faults["errors"].as_array().unwrap().iter().map(|e| &e["pointer"]).collect();
    assert_eq!(pointers, ["/accessed_at", "/instrument_id"]);
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn an_access_that_must_not_be_known_is_told_when_it_may_be() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let abroad = authority(&desk, "AU").await;
    let form = order(&abroad, "email").text("gag_until", "2026-04-01T00:00:00Z");
    let entered = desk.legal.uploads("/v1/staff/instruments", &form).await;
    assert_eq!(entered.status, 201, "{}", entered.text);
    let mut silent = access(&ada, &abroad);
    silent["instrument_id"] = entered.json()["instrument_id"].clone();
    let recorded = desk.processor.posts(PATH, &silent).await;
    assert_eq!(recorded.status, 201, "{}", recorded.text);
    // A longer order keeps it longer.
    let id = recorded.json()["disclosure"]["disclosure_id"].as_str().unwrap().to_owned();
    let longer = json!({ "kind": "gag", "until": "2026-04-05T00:00:00Z" });
    let path = format!("/v1/staff/disclosures/{id}/silence");
    assert_eq!(desk.legal.sends(reqwest::Method::PUT, &path, Some(&longer)).await.status, 200);
    let shown = |ada: Person| async move {
        ada.gets("/v1/disclosures").await.json()["data"].as_array().unwrap().len()
    };
    assert_eq!(shown(ada.clone()).await, 0);
    assert_eq!(ada.gets("/v1/notices").await.json()["data"], json!([]));
    let cookie = ada.cookie.clone();
    drop((ada, desk));
    app.advance(TimeDelta::days(40));
    let app = app.restart().await;
    let ada = app.signs_in(EMAIL, &cookie).await;
    eventually("the late notice", || async {
        let notices = ada.gets("/v1/notices").await.json();
        notices["data"].as_array().unwrap().iter().any(|n| n["kind"] == "data_disclosed").then_some(())
    })
    .await;
    assert_eq!(shown(ada).await, 1);
}

#[tokio::test]
async fn a_closed_quarter_is_told_from_the_log_and_small_numbers_are_not() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    for _ in 0..21 {
        desk.discloses(&ada, &pool, &json!(["email"])).await;
    }
    for _ in 0..3 {
        desk.submits(&ada, &pool.recipient_id, &json!(["email"])).await;
    }
    let abroad = authority(&desk, "AU").await;
    assert_eq!(desk.processor.posts(PATH, &access(&ada, &abroad)).await.status, 201);
    assert_eq!(app.get("/v1/transparency").await.json()["quarters"], json!([]), "the quarter is not over");
    drop((ada, desk, pool));
    app.advance(TimeDelta::days(40));
    let app = app.restart().await;
    let counted = || async {
        let told = app.get("/v1/transparency").await.json();
        (told["quarters"].as_array().unwrap().len() == 1).then(|| told["quarters"][0].clone())
    };
    let quarter = eventually("the quarter", counted).await;
    assert_eq!(quarter["quarter"], "2026-Q1");
    let class = |name: &str| {
        quarter["classes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|class| class["recipient_class"] == name)
            .unwrap()
            .clone()
    };
    let group = class("group_company");
    let outcomes: Vec<(&str, &Value)> = group["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|outcome| (outcome["outcome"].as_str().unwrap(), &outcome["count"]))
        .collect();
    assert_eq!(outcomes[0], ("released", &json!(21)));
    assert!(outcomes[1..].iter().all(|(_, count)| count.is_null()));
    assert_eq!(group["requested"], Value::Null, "three that wait would follow from it");
    assert_eq!(class("state_body")["authority_accesses"], Value::Null);
}
