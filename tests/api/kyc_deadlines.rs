//! Asked at any time, by signals and rules; due by a day; and gone once nobody may keep it.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, Form, Member, Person, eventually};

const EMAIL: &str = "ada@example.org";

/// Somebody asked for a verification, and the member who asked.
async fn asked(app: &App) -> (Person, Member) {
    let admins = app.admins().await;
    let support = app.member(&admins, "support").await;
    let ada = app.person(EMAIL).await;
    crate::kyc_documents::asks(&support, &ada).await;
    (ada, support)
}

/// Lets time pass and the jobs run, and signs both in again.
async fn later(app: App, by: TimeDelta, ada: Person, member: Member) -> (App, Person, Member) {
    app.advance(by);
    let (cookie, away) = (ada.cookie.clone(), member.away());
    drop(ada);
    let app = app.restart().await;
    let member = app.welcomes(away).await;
    let ada = app.signs_in(EMAIL, &cookie).await;
    (app, ada, member)
}

async fn kinds(ada: &Person) -> Vec<String> {
    let notices = ada.gets("/v1/notices").await.json();
    let kinds = notices["data"].as_array().unwrap().iter();
    kinds.map(|notice| notice["kind"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the newest notice is of a kind.
async fn is_told(ada: &Person, kind: &str) {
    let look = || async { (kinds(ada).await.first().map(String::as_str) == Some(kind)).then_some(()) };
    eventually(kind, look).await;
}

async fn state_of(ada: &Person) -> Value {
    ada.gets("/v1/account").await.json()["state"].clone()
}

#[tokio::test]
async fn reminders_come_seven_days_and_one_day_before_and_the_account_is_restricted_after() {
    let app = App::start().await;
    let (ada, support) = asked(&app).await;
    let (app, ada, support) = later(app, TimeDelta::days(6), ada, support).await;
    assert_eq!(kinds(&ada).await, ["kyc_requested"], "eight days before");
    let (app, ada, support) = later(app, TimeDelta::days(1), ada, support).await;
    is_told(&ada, "kyc_reminder").await;
    let (app, ada, support) = later(app, TimeDelta::days(3), ada, support).await;
    assert_eq!(kinds(&ada).await.len(), 2, "one is enough for a while");
    let (app, ada, support) = later(app, TimeDelta::days(3), ada, support).await;
    let twice = || async { (kinds(&ada).await.len() == 3).then_some(()) };
    eventually("the second reminder", twice).await;
    app.mail_saying(EMAIL, "is due soon").await;
    assert_eq!(state_of(&ada).await, "active");

    let (app, ada, support) = later(app, TimeDelta::days(1), ada, support).await;
    is_told(&ada, "kyc_overdue").await;
    let mail = app.mail_saying(EMAIL, "your account is restricted").await;
    assert!(!mail.contains("A test."), "{mail}");
    let security = ada.gets("/v1/account/security").await.json();
    assert_eq!(
        (&security["state"], &security["state_reason"]),
        (&json!("restricted"), &json!("verification_overdue"))
    );
    assert_eq!(security["state_clause"], "1.3");
    assert_eq!(ada.gets("/v1/kyc").await.json()["state"], "expired");
    let change = ada.changes_profile(json!({ "display_name": "ada" })).await;
    assert_eq!(change.problem(), (423, "account_restricted".to_owned()));
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201, "what is missing is handed in");

    // A member gives more time, and the restriction ends.
    let id = ada.gets("/v1/kyc").await.json()["kyc_case_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/staff/kyc-cases/{id}/extensions");
    let more = json!({ "days": 7, "private_reason": "CANARY: the office is on strike." });
    let extended = support.posts(&path, &more).await;
    assert_eq!(
        (extended.status, &extended.json()["state"]),
        (201, &json!("in_progress")),
        "{}",
        extended.text
    );
    assert_eq!(state_of(&ada).await, "active");
    assert_eq!(kinds(&ada).await[0], "kyc_eased");
    assert!(!app.mail_saying(EMAIL, "more time").await.contains("CANARY"));
    let (_app, ada, _) = later(app, TimeDelta::days(8), ada, support).await;
    is_told(&ada, "kyc_overdue").await;
    assert_eq!(state_of(&ada).await, "restricted");
}

#[tokio::test]
async fn what_is_asked_no_longer_is_destroyed_and_restricts_nobody() {
    let app = App::start().await;
    let (ada, support) = asked(&app).await;
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    let (app, ada, support) = later(app, TimeDelta::days(15), ada, support).await;
    is_told(&ada, "kyc_overdue").await;
    let id = ada.gets("/v1/kyc").await.json()["kyc_case_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/staff/kyc-cases/{id}/withdrawal");
    let sly = support.posts(&path, &json!({ "private_reason": "She is a Catholic." })).await;
    assert_eq!(sly.first_error(), ("/private_reason".to_owned(), "special_category".to_owned()));
    let withdrawn = support.posts(&path, &json!({ "private_reason": "It was another account." })).await;
    assert_eq!(
        (withdrawn.status, &withdrawn.json()["state"]),
        (201, &json!("not_required")),
        "{}",
        withdrawn.text
    );
    assert_eq!(state_of(&ada).await, "active");
    let kyc = ada.gets("/v1/kyc").await.json();
    assert_eq!((&kyc["state"], &kyc["requirements"]), (&json!("not_required"), &json!([])));
    let again = support.posts(&path, &json!({ "private_reason": "Again." })).await;
    assert_eq!(again.problem(), (409, "kyc_not_open".to_owned()));
    let (app, ada, support) = later(app, TimeDelta::minutes(1), ada, support).await;
    let gone =
        || async { (app.database.number("SELECT count(*) AS n FROM kyc_documents") == 0).then_some(()) };
    eventually("the documents are gone", gone).await;
    let keys = "SELECT count(*) AS n FROM subject_keys WHERE category = 'documents'";
    assert_eq!(app.database.keys_number(keys), 0);
    // A later verification has a key of its own.
    crate::kyc_documents::asks(&support, &ada).await;
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    assert_eq!(app.database.keys_number(keys), 1);
}

#[tokio::test]
async fn whoever_leaves_is_asked_for_nothing_any_more() {
    let app = App::start().await;
    let (ada, support) = asked(&app).await;
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    assert_eq!(ada.sends(Method::POST, "/v1/account/closure", &[], None).await.status, 201);
    app.advance(TimeDelta::days(15));
    let away = support.away();
    drop(ada);
    let app = app.restart().await;
    let support = app.welcomes(away).await;
    let states = || app.database.texts("SELECT state AS t FROM kyc_cases");
    eventually("nothing is asked", || async { (states() == ["not_required"]).then_some(()) }).await;
    assert_eq!(app.database.texts("SELECT kind AS t FROM notices"), ["kyc_requested"], "nobody was pressed");
    let id = app.database.texts("SELECT state AS t FROM accounts");
    assert_eq!(id, ["closed"]);
    assert_eq!(support.gets("/v1/staff/kyc-cases").await.json()["data"], json!([]));
}

#[tokio::test]
async fn documents_die_on_schedule_and_those_of_a_later_verification_live() {
    let app = App::start_with(&[("KYC_FILES_DAYS", "30")]).await;
    let (ada, support) = asked(&app).await;
    assert_eq!(ada.uploads(&Form::licence("DL999888")).await.status, 201);
    // As after a decision of today.
    let now = app.clock.now();
    let today = if crate::support::is_postgres() {
        format!("to_timestamp({})", now.as_seconds())
    } else {
        now.as_micros().to_string()
    };
    app.database.sql(&format!("UPDATE kyc_cases SET state = 'approved', decided_at = {today}"));
    crate::kyc_documents::asks(&support, &ada).await;
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    let (app, ada, support) = later(app, TimeDelta::days(29), ada, support).await;
    is_told(&ada, "kyc_overdue").await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_files"), 3, "a day before");
    let (app, ada, _) = later(app, TimeDelta::days(2), ada, support).await;
    let gone = || async { (app.database.number("SELECT count(*) AS n FROM kyc_files") == 1).then_some(()) };
    eventually("the old pictures are gone", gone).await;
    let document =
        ada.gets("/v1/kyc").await.json()["documents"][0]["document_id"].as_str().unwrap().to_owned();
    assert_eq!(ada.gets(&format!("/v1/kyc/documents/{document}")).await.json()["number"], "LH123456");
    assert_eq!(app.database.keys_number("SELECT count(*) AS n FROM key_version_tombstones"), 1);
}

async fn reports(app: &App, token: &str, signals: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let body = json!({ "signals": signals });
    app.send(Method::POST, "/v1/partner/signals", &[("authorization", &bearer)], Some(&body)).await
}

fn signal(app: &App, reference: &str, account: &str, kind: &str) -> Value {
    json!({
        "reference": reference, "account_id": account, "kind": kind,
        "occurred_at": app.clock.now().to_string(),
    })
}

/// A token of the platform, which reports what accounts do.
async fn platform(app: &App, admin: &Member) -> String {
    let client = crate::partners::client(admin, &json!(["signals.write"]), 600).await;
    let (_, secret) = crate::partners::secret(admin, &client).await;
    crate::partners::bearer(app, &client, &secret).await
}

#[tokio::test]
async fn a_signal_is_of_the_closed_list_and_of_these_days() {
    let app = App::start().await;
    let (admins, ada) = (app.admins().await, app.person(EMAIL).await);
    let (token, id) = (platform(&app, &admins[0]).await, ada.account_id.clone());
    for (field, value, code) in [
        ("kind", json!("religious_gathering"), "invalid_value"),
        ("kind", json!("new_country"), "invalid_value"),
        ("occurred_at", json!("2025-01-01T00:00:00Z"), "out_of_range"),
        ("occurred_at", json!("2026-03-01T10:30:00+01:00"), "invalid_instant"),
        ("comment", json!("free words"), "unknown_field"),
    ] {
        let mut wrong = signal(&app, "e9", &id, "large_withdrawal");
        wrong[field] = value;
        let refused = reports(&app, &token, &json!([wrong])).await;
        assert_eq!(
            refused.first_error(),
            (format!("/signals/0/{field}"), code.to_owned()),
            "{}",
            refused.text
        );
    }
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_signals"), 0);
}

#[tokio::test]
async fn enough_activity_raises_a_flag_and_asks_and_nobody_sees_why() {
    let app = App::start().await;
    let admins = app.admins().await;
    let support = app.member(&admins, "support").await;
    let ada = app.person(EMAIL).await;
    let token = platform(&app, &admins[0]).await;
    drop(admins);

    let id = ada.account_id.clone();
    let first = json!([signal(&app, "e1", &id, "large_withdrawal")]);
    assert_eq!(reports(&app, &token, &first).await.json()["results"][0]["outcome"], "recorded");
    let nobody = "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    let second = json!([
        signal(&app, "e1", &id, "large_withdrawal"),
        signal(&app, "e2", nobody, "large_withdrawal"),
        signal(&app, "e3", &id, "many_countries"),
    ]);
    let told = reports(&app, &token, &second).await.json();
    let outcomes: Vec<&str> = told["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["duplicate", "unknown_account", "recorded"]);
    let (app, ada, support) = later(app, TimeDelta::minutes(1), ada, support).await;
    is_told(&ada, "kyc_requested_after_activity").await;
    let kyc = ada.gets("/v1/kyc").await.json();
    assert_eq!(
        (&kyc["state"], &kyc["clause"], &kyc["ground"]),
        (&json!("requested"), &json!("1.8"), &json!("activity"))
    );
    let flags = support.gets("/v1/staff/kyc-flags").await.json();
    assert_eq!(
        (&flags["data"][0]["kind"], &flags["data"][0]["account_id"]),
        (&json!("activity"), &json!(id))
    );
    for view in ["/v1/kyc", "/v1/notices", "/v1/access-log", "/v1/account", "/v1/account/security"] {
        let seen = ada.gets(view).await.text;
        assert!(!seen.contains("withdrawal") && !seen.contains("countries"), "{view}: {seen}");
    }
    assert!(!app.mail_saying(EMAIL, "verify your identity").await.contains("withdrawal"));
    let flag = flags["data"][0]["kyc_flag_id"].as_str().unwrap();
    let path = format!("/v1/staff/kyc-flags/{flag}/dismissal");
    let wrong_role = support.sends(Method::POST, &path, None).await;
    assert_eq!(wrong_role.problem(), (403, "role_required".to_owned()));
}

#[tokio::test]
async fn unusual_sign_ins_are_signals_of_the_services_own() {
    let app =
        App::start_with(&[("TRUSTED_PROXIES", "127.0.0.0/8"), ("PLACES", "tests/fixtures/places.mmdb")])
            .await;
    let ada = app.person(EMAIL).await;
    let kinds = || app.database.texts("SELECT kind AS t FROM kyc_signals ORDER BY kind");
    let from = |address: &'static str, password: &'static str| {
        let headers = [("x-forwarded-for", address), ("cookie", ada.cookie.as_str())];
        let body = json!({ "email": EMAIL, "password": password });
        let app = &app;
        async move { app.send(Method::POST, "/v1/sessions", &headers, Some(&body)).await.status }
    };
    assert_eq!(from("203.0.113.7", crate::support::PASSWORD).await, 201);
    assert_eq!(from("2001:db8::7", crate::support::PASSWORD).await, 201, "another town of the same country");
    assert_eq!(kinds(), [""; 0]);
    assert_eq!(from("198.51.100.7", crate::support::PASSWORD).await, 201);
    assert_eq!(kinds(), ["new_country"]);
    for _ in 0..5 {
        assert_eq!(from("198.51.100.7", "wrong and long enough").await, 401);
    }
    assert_eq!(kinds(), ["new_country"], "what fails alone is no signal of the person's");
    assert_eq!(from("198.51.100.7", crate::support::PASSWORD).await, 201);
    assert_eq!(kinds(), ["failed_sign_ins", "new_country"]);
    for _ in 0..6 {
        assert_eq!(from("203.0.113.7", crate::support::PASSWORD).await, 201);
    }
    assert_eq!(kinds(), ["failed_sign_ins", "new_country", "rapid_sign_ins"]);
}

#[tokio::test]
async fn a_new_name_after_a_verification_asks_for_another() {
    let app = App::start().await;
    let (ada, _) = asked(&app).await;
    let renames = |name: &str| ada.changes_profile(json!({ "real_name": name }));
    assert_eq!(renames("Augusta Ada King").await.status, 200);
    assert_eq!(kinds(&ada).await, ["kyc_requested"], "nothing was verified yet");
    app.database.sql("UPDATE kyc_cases SET state = 'approved', decided_at = requested_at");
    assert_eq!(renames("Augusta Ada King").await.status, 200);
    assert_eq!(ada.changes_profile(json!({ "display_name": "ada" })).await.status, 200);
    assert_eq!(ada.gets("/v1/kyc").await.json()["state"], "approved", "the name is the same");
    assert_eq!(renames("Ada Lovelace").await.status, 200);
    let kyc = ada.gets("/v1/kyc").await.json();
    assert_eq!(
        (&kyc["state"], &kyc["ground"], &kyc["clause"]),
        (&json!("requested"), &json!("name_changed"), &json!("3.9"))
    );
    assert_eq!(kinds(&ada).await[0], "kyc_requested_after_name_change");
}

#[tokio::test]
async fn a_new_name_asks_also_after_a_later_verification_was_withdrawn() {
    let app = App::start().await;
    let (ada, support) = asked(&app).await;
    app.database.sql("UPDATE kyc_cases SET state = 'approved', decided_at = requested_at");
    crate::kyc_documents::asks(&support, &ada).await;
    let id = ada.gets("/v1/kyc").await.json()["kyc_case_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/staff/kyc-cases/{id}/withdrawal");
    assert_eq!(support.posts(&path, &json!({ "private_reason": "x" })).await.status, 201);
    assert_eq!(ada.changes_profile(json!({ "real_name": "Augusta Ada King" })).await.status, 200);
    assert_eq!(ada.gets("/v1/kyc").await.json()["ground"], "name_changed");
}

#[tokio::test]
async fn no_way_leads_around_a_restriction_that_a_verification_brought() {
    let app = App::start().await;
    let (ada, support) = asked(&app).await;
    let (app, ada, _) = later(app, TimeDelta::days(15), ada, support).await;
    is_told(&ada, "kyc_overdue").await;
    let operator = |verb: &str| {
        crate::support::Process::run(&app.settings, &["accounts", verb, &ada.account_id]).status.success()
    };
    assert!(operator("restrict"), "a review of the security is the stricter one");
    assert_eq!(app.database.texts("SELECT state_reason AS t FROM accounts"), ["security_review"]);
    assert!(operator("lift"));
    let standing = || app.database.texts("SELECT state_reason AS t FROM accounts");
    assert_eq!(standing(), ["verification_overdue"], "what is overdue is so still");
    app.database.sql("UPDATE accounts SET state = 'closing', state_reason = 'closure_requested'");
    let ada = app.signs_in(EMAIL, &ada.cookie).await;
    assert_eq!(ada.sends(Method::DELETE, "/v1/account/closure", &[], None).await.status, 200);
    assert_eq!(standing(), ["verification_overdue"]);
}

#[tokio::test]
async fn documents_of_what_was_given_up_go_and_new_ones_may_come() {
    let app = App::start().await;
    let (ada, support) = asked(&app).await;
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    let (app, ada, support) = later(app, TimeDelta::days(15), ada, support).await;
    is_told(&ada, "kyc_overdue").await;
    let (app, ada, support) = later(app, TimeDelta::days(88), ada, support).await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_files"), 1, "within ninety days");
    let (app, ada, _) = later(app, TimeDelta::days(3), ada, support).await;
    let gone = || async { (app.database.number("SELECT count(*) AS n FROM kyc_files") == 0).then_some(()) };
    eventually("the documents are gone", gone).await;
    assert_eq!(ada.gets("/v1/kyc").await.json()["state"], "expired");
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    let keys = "SELECT count(*) AS n FROM subject_keys WHERE category = 'documents'";
    assert_eq!(app.database.keys_number(keys), 1);
}
