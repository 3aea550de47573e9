//! Retention: what is held goes when its time has come and not before, and staff reads what went.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::server::Services;

use crate::{
    erasure::approved,
    orders::walk,
    rights::services,
    support::{App, Person, company, eventually, is_postgres},
};

const EMAIL: &str = "ada@example.org";
const KEPT: TimeDelta = TimeDelta::days(30);

/// Closes an account whose time to take that back has passed.
async fn closed(app: &App, services: &Services, ada: &Person) {
    assert_eq!(ada.sends(Method::POST, "/v1/account/closure", &[], None).await.status, 201);
    app.advance(TimeDelta::days(14));
    assert_eq!(services.accounts.complete_closures(10).await.unwrap(), 1);
}

/// How many accounts' erasure is asked for by now.
async fn asked_for(app: &App, services: &Services) -> usize {
    services.rights.erase_closed(app.clock.now().minus(KEPT), 10).await.unwrap()
}

#[tokio::test]
async fn a_closed_account_is_erased_after_its_days_but_for_what_a_law_keeps() {
    let app = App::start().await;
    let (desk, ada, services) = (app.desk().await, app.person(EMAIL).await, services(&app).await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let shared = desk.discloses(&ada, &pool, &json!(["email"])).await;
    assert_eq!(pool.pulls(&app, &shared).await.status, 201);
    approved(&app, ada.account_id.trim_start_matches("acc_"));
    closed(&app, &services, &ada).await;
    app.advance(KEPT - TimeDelta::seconds(1));
    assert_eq!(asked_for(&app, &services).await, 0, "a day is a day");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM profiles WHERE email IS NOT NULL"), 1);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(asked_for(&app, &services).await, 1);
    assert_eq!(asked_for(&app, &services).await, 0, "once");
    assert_eq!(services.rights.carry_out(10).await.unwrap(), 1);

    let left = "SELECT count(*) AS n FROM profiles WHERE email IS NOT NULL OR real_name IS NOT NULL";
    assert_eq!(app.database.number(left), 0);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_records WHERE record IS NOT NULL"), 1);
    app.mail_saying(EMAIL, "You closed your account some time ago").await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM obligations WHERE kind = 'erase'"), 1);
    // The five years are those since the account ended, not since its data went.
    app.advance(TimeDelta::days(5 * 365 + 1) - KEPT - TimeDelta::hours(1));
    assert_eq!(services.rights.release(10).await.unwrap(), 0);
    app.advance(TimeDelta::hours(1));
    assert_eq!(services.rights.release(10).await.unwrap(), 1);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_records"), 0);
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn what_is_still_under_way_about_a_closed_account_is_waited_for() {
    let app = App::start().await;
    let (ada, eve, services) =
        (app.person(EMAIL).await, app.person("eve@example.org").await, services(&app).await);
    let objection = ada.asks_for("objection", Some("group_sharing"), None).await;
    closed(&app, &services, &ada).await;
    app.advance(KEPT);
    assert_eq!(asked_for(&app, &services).await, 0, "its evidence is still needed");
    let id = &objection["rrq_".len()..];
    let own = if is_postgres() { format!("'{id}'::uuid") } else { format!("x'{id}'") };
    app.database
        .sql(&format!("UPDATE rights_requests SET state = 'granted' WHERE rights_request_id = {own}"));
    assert_eq!(asked_for(&app, &services).await, 1);
    assert_eq!(services.rights.carry_out(10).await.unwrap(), 1);
    let eve = app.signs_in("eve@example.org", &eve.cookie.clone()).await;
    assert_eq!(eve.gets("/v1/account").await.status, 200, "and nobody else's");
}

#[tokio::test]
async fn what_an_order_says_goes_five_years_after_it_ended() {
    let app = App::start().await;
    let (desk, services) = (app.desk().await, services(&app).await);
    let (_, order) = desk.court_order(&app, "real_name,email", None).await;
    let seen = desk.legal.gets(&format!("/v1/staff/instruments/{order}")).await.json();
    let until: chrono::DateTime<chrono::Utc> = seen["valid_until"].as_str().unwrap().parse().unwrap();
    let files = || walk(&app.database.folder.path().join("files")).len();
    assert_eq!(files(), 1);
    let now = app.clock.now();
    let now: chrono::DateTime<chrono::Utc> = now.to_string().parse().unwrap();
    let five_years = until.checked_add_months(chrono::Months::new(60)).unwrap();
    app.advance(five_years - now - TimeDelta::microseconds(1));
    assert_eq!(services.instruments.erase_past(10).await.unwrap(), 0);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(services.instruments.erase_past(10).await.unwrap(), 1);
    assert_eq!(services.instruments.erase_past(10).await.unwrap(), 0);
    assert_eq!(files(), 0);
    let left = "SELECT count(*) AS n FROM instruments WHERE reference IS NOT NULL OR named IS NOT NULL";
    assert_eq!(app.database.number(left), 0);
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn staff_reads_by_which_rule_everything_goes_and_what_went() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let outbox = "SELECT count(*) AS n FROM outbox";
    let waiting = "SELECT count(*) AS n FROM outbox WHERE state <> 'sent'";
    eventually("the mails", || async { (app.database.number(waiting) == 0).then_some(()) }).await;
    let mails = app.database.number(outbox);
    assert!(mails > 0);
    drop(ada);
    app.advance(TimeDelta::days(31));
    let app = app.restart().await;
    eventually("the first round", || async { (app.database.number(outbox) == 0).then_some(()) }).await;
    let desk = app.desk().await;
    let of = |report: &Value, rule: &str| {
        let rules = report["rules"].as_array().unwrap();
        rules.iter().find(|one| one["rule"] == rule).unwrap().clone()
    };
    let report = eventually("a report of everything", || async {
        let report = desk.legal.gets("/v1/staff/retention-report").await.json();
        (of(&report, "orders")["last_run_at"].is_string()).then_some(report)
    })
    .await;
    assert_eq!(of(&report, "settled_messages")["days"][0]["removed"], mails);
    assert_eq!(of(&report, "blocks")["days"][0]["removed"], 0, "that nothing went is told, too");
    let values =
        report["rules"].as_array().unwrap().iter().flat_map(|rule| rule["values"].as_array().unwrap());
    assert_eq!(values.count(), smart_mining::domain::data_dictionary::ENTRIES.len());
}
