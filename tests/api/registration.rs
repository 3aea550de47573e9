//! Registration and verification (contract: accounts; clauses 1.1, 1.2, 4.1, 9.3).

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{App, Process, Registrant, TestDatabase, eventually, registration_body};

const WRONG: &str = "00000000";

#[tokio::test]
async fn a_person_registers_and_is_signed_in() {
    let app = App::start().await;

    let body = registration_body(&app, "ada@example.org").await;
    let answer = app.post("/v1/accounts", &body).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("location"), "/v1/accounts/verification");
    assert_json_snapshot!(answer.json(), { ".registration_id" => "[secret]" }, @r#"
    {
      "registration_id": "[secret]",
      "expires_at": "2026-03-01T09:40:00.000000Z"
    }
    "#);

    let code = app.code_mailed_to("ada@example.org").await;
    let verification = json!({ "registration_id": answer.json()["registration_id"], "code": code });
    let opened = app.post("/v1/accounts/verification", &verification).await;
    assert_eq!(opened.status, 201);
    assert_json_snapshot!(opened.json(), {
        ".account.account_id" => "[id]",
        ".session.session_id" => "[id]",
        ".session.account_id" => "[id]",
        ".session.access_token" => "[secret]",
        ".session.refresh_token" => "[secret]",
    }, @r#"
    {
      "account": {
        "account_id": "[id]",
        "state": "active",
        "real_name": "Ada Lovelace",
        "display_name": null,
        "email": "ada@example.org",
        "email_verified_at": "2026-03-01T09:30:00.000000Z",
        "phone": "+64211234567",
        "phone_verified_at": null,
        "language": "en",
        "time_zone": null,
        "confirmed_at": null,
        "updated_at": "2026-03-01T09:30:00.000000Z"
      },
      "session": {
        "session_id": "[id]",
        "account_id": "[id]",
        "access_token": "[secret]",
        "access_expires_at": "2026-03-01T09:40:00.000000Z",
        "refresh_token": "[secret]",
        "refresh_expires_at": "2026-03-15T09:30:00.000000Z"
      }
    }
    "#);
}

#[tokio::test]
async fn acceptance_and_consents_enter_the_ledger_with_both_instants() {
    let app = App::start().await;
    let registrant = app.register("ada@example.org").await;
    let code = app.code_mailed_to("ada@example.org").await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM consent_events"), 0);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM policy_acceptances"), 0);

    app.advance(TimeDelta::minutes(3));
    registrant.verify(&code).await;

    let events = app
        .database
        .texts("SELECT purpose || ' ' || action || ' ' || kind AS t FROM consent_events ORDER BY sequence");
    assert_eq!(
        events,
        [
            "analytics declined specific",
            "innovations granted specific",
            "group_sharing granted policy_clause",
            "business_transfer granted policy_clause",
            "compelled_disclosure granted policy_clause",
            "rights_protection granted policy_clause",
            "cross_border_transfer granted policy_clause",
        ]
    );
    let apart = "SELECT count(*) AS n FROM consent_events WHERE recorded_at > given_at";
    assert_eq!(app.database.number(apart), 7);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM policy_acceptances"), 1);
    // One leaf for the publication, one for the acceptance, one for each consent.
    assert_eq!(app.database.number("SELECT count(*) AS n FROM log_leaves"), 9);
    assert_eq!(app.database.number("SELECT max(sequence) AS n FROM consent_events"), 8);
    assert_eq!(app.database.number("SELECT sequence AS n FROM accounts"), 8);
}

/// How many rows each table holds, and how many keys.
fn census(database: &TestDatabase) -> BTreeMap<&'static str, i64> {
    let tables = [
        "accounts",
        "account_emails",
        "profiles",
        "credentials",
        "registrations",
        "sessions",
        "outbox",
        "idempotency_keys",
        "log_leaves",
        "consent_events",
        "policy_acceptances",
    ];
    let mut census: BTreeMap<_, _> =
        tables.map(|table| (table, database.number(&format!("SELECT count(*) AS n FROM {table}")))).into();
    census.insert("keys", database.keys_number("SELECT count(*) AS n FROM subject_keys"));
    census
}

fn growth(
    before: &BTreeMap<&'static str, i64>,
    after: &BTreeMap<&'static str, i64>,
) -> Vec<(&'static str, i64)> {
    after.iter().map(|(table, n)| (*table, n - before[table])).collect()
}

#[tokio::test]
async fn an_address_with_an_account_is_answered_and_written_like_any_other() {
    let app = App::start().await;
    app.person("known@example.org").await;

    let at_first = census(&app.database);
    let unknown = app.post("/v1/accounts", &registration_body(&app, "unknown@example.org").await).await;
    let between = census(&app.database);
    let known = app.post("/v1/accounts", &registration_body(&app, "known@example.org").await).await;
    let at_last = census(&app.database);

    assert_eq!(growth(&at_first, &between), growth(&between, &at_last));
    assert_eq!((unknown.status, known.status), (202, 202));
    assert_eq!(unknown.json()["expires_at"], known.json()["expires_at"]);
    assert_eq!(unknown.text.len(), known.text.len());
    let names = |answer: &crate::support::Answer| {
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&unknown), names(&known));

    let told = || async {
        let mails = app.mails_to("known@example.org");
        mails.iter().any(|mail| mail.contains("You already have a Smart-mining account")).then_some(())
    };
    eventually("the mail to the owner", told).await;
}

#[tokio::test]
async fn a_known_address_cannot_be_verified_a_second_time() {
    let app = App::start().await;
    let early = app.register("ada@example.org").await;
    let code = app.code_mailed_to("ada@example.org").await;
    let late = app.register("ada@example.org").await;
    let two_codes = || async {
        let mails = app.mails_to("ada@example.org");
        (mails.len() == 2)
            .then(|| mails.iter().map(|mail| code_of(mail)).find(|other| *other != code))
            .flatten()
    };
    let other_code = eventually("the second code", two_codes).await;

    early.verify(&code).await;

    assert_eq!(late.try_code(&other_code).await.problem(), (409, "email_taken".to_owned()));
    assert_eq!(app.database.number("SELECT count(*) AS n FROM accounts"), 1);
}

fn code_of(mail: &str) -> String {
    let rest = mail.split_once("Your code is ").map(|(_, rest)| rest).unwrap_or_default();
    rest.chars().take_while(char::is_ascii_digit).collect()
}

#[tokio::test]
async fn registrations_of_one_address_in_parallel_open_one_account() {
    let app = App::start().await;
    let registrants: Vec<Registrant> = join_all((0..8).map(|_| app.register("ada@example.org"))).await;
    let all_mailed = || async {
        let codes: Vec<String> = app.mails_to("ada@example.org").iter().map(|mail| code_of(mail)).collect();
        (codes.len() == 8).then_some(codes)
    };
    let codes = eventually("eight codes", all_mailed).await;

    // Nobody knows which code is whose, so each tries until one fits; five tries do for a few.
    let attempts = join_all(registrants.iter().map(|registrant| async {
        let mut seen = Vec::new();
        for code in codes.iter().take(5) {
            seen.push(registrant.try_code(code).await.status);
        }
        seen
    }))
    .await;

    let statuses: Vec<u16> = attempts.into_iter().flatten().collect();
    let count = |status| statuses.iter().filter(|seen| **seen == status).count();
    assert_eq!(count(201), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409, 410, 422].contains(status)), "{statuses:?}");
    assert!(count(409) >= 1, "{statuses:?}");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM accounts"), 1);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM account_emails"), 1);
}

#[tokio::test]
async fn a_code_is_good_for_five_tries_also_in_parallel() {
    let app = App::start().await;
    let registrant = app.register("ada@example.org").await;
    let code = app.code_mailed_to("ada@example.org").await;

    let answers = join_all((0..20).map(|_| registrant.try_code(WRONG))).await;

    let problems: Vec<_> = answers.iter().map(crate::support::Answer::problem).collect();
    let count = |wanted: &str| problems.iter().filter(|(_, code)| code == wanted).count();
    assert_eq!((count("wrong_code"), count("registration_expired")), (5, 15), "{problems:?}");
    assert_eq!(registrant.try_code(&code).await.problem(), (410, "registration_expired".to_owned()));
}

#[tokio::test]
async fn a_code_works_once_also_in_parallel() {
    let app = App::start().await;
    let registrant = app.register("ada@example.org").await;
    let code = app.code_mailed_to("ada@example.org").await;

    let answers = join_all((0..12).map(|_| registrant.try_code(&code))).await;

    let opened = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(opened, 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 410)), "{answers:?}");
}

#[tokio::test]
async fn a_code_lapses_after_ten_minutes() {
    let app = App::start().await;
    let (in_time, too_late) = (app.register("a@example.org").await, app.register("b@example.org").await);
    let codes = (app.code_mailed_to("a@example.org").await, app.code_mailed_to("b@example.org").await);

    app.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
    assert_eq!(in_time.try_code(&codes.0).await.status, 201);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(too_late.try_code(&codes.1).await.problem(), (410, "registration_expired".to_owned()));
}

#[tokio::test]
async fn wrong_tries_survive_a_kill() {
    let database = TestDatabase::fresh();
    let settings = crate::support::settings(&database, &[]);
    let client = reqwest::Client::new();
    let post = |url: String, body: Value| {
        let request = client.post(url).json(&body);
        async move {
            crate::support::Answer::of(&reqwest::Method::POST, request.send().await.expect("an answer")).await
        }
    };
    let first = Process::serve(&settings);
    let policy: Value = client
        .get(format!("{}/v1/policy-versions/current", first.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let body = json!({
        "email": "ada@example.org", "real_name": "Ada Lovelace", "password": crate::support::PASSWORD,
        "policy_version": policy["version"], "policy_content_hash": policy["content_hash"],
    });
    let id = post(format!("{}/v1/accounts", first.url), body).await.json()["registration_id"].clone();
    let wrong = json!({ "registration_id": id, "code": WRONG });
    for _ in 0..4 {
        let answer = post(format!("{}/v1/accounts/verification", first.url), wrong.clone()).await;
        assert_eq!(answer.problem(), (422, "wrong_code".to_owned()));
    }
    first.kill();

    let second = Process::serve(&settings);
    let path = format!("{}/v1/accounts/verification", second.url);
    assert_eq!(post(path.clone(), wrong.clone()).await.problem(), (422, "wrong_code".to_owned()));
    assert_eq!(post(path, wrong).await.problem(), (410, "registration_expired".to_owned()));
}

#[tokio::test]
async fn only_the_policy_in_force_can_be_accepted() {
    let app = App::start().await;
    let mut body = registration_body(&app, "ada@example.org").await;
    body["policy_content_hash"] = json!("0".repeat(64));

    let other_words = app.post("/v1/accounts", &body).await;
    assert_eq!(other_words.problem(), (409, "policy_version_superseded".to_owned()));
    assert_eq!(other_words.json()["clause"], "9.3");

    let mut body = registration_body(&app, "ada@example.org").await;
    body["policy_version"] = json!(2);
    assert_eq!(
        app.post("/v1/accounts", &body).await.problem(),
        (409, "policy_version_superseded".to_owned())
    );
}

#[tokio::test]
async fn a_weak_password_is_refused_under_clause_1_1() {
    let app = App::start().await;
    for (password, code) in [
        ("fjord-mantl", "password_too_short"),
        ("passwordpassword", "password_breached"),
        ("AdaLovelace1815!", "password_like_person"),
        ("abcdefghijklmnopq", "password_guessable"),
    ] {
        let mut body = registration_body(&app, "ada@example.org").await;
        body["password"] = json!(password);
        let answer = app.post("/v1/accounts", &body).await;
        assert_eq!(answer.first_error(), ("/password".to_owned(), code.to_owned()), "{password}");
        assert_eq!((answer.status, &answer.json()["clause"]), (422, &json!("1.1")));
        assert!(!answer.text.contains(password));
    }
}

#[tokio::test]
async fn bad_input_is_named_and_never_repeated() {
    let app = App::start().await;
    let long = "x".repeat(3_000);
    let cases: [(&str, Value, u16, &str, &str); 16] = [
        ("email", json!("ada\u{0}@example.org"), 422, "/email", "unacceptable_character"),
        ("email", json!("ada\u{202e}@example.org"), 422, "/email", "unacceptable_character"),
        ("email", json!("\u{430}da@example.org"), 422, "/email", "invalid_email"),
        ("email", json!("hunter2secret"), 422, "/email", "invalid_email"),
        ("email", json!(null), 422, "/email", "wrong_type"),
        ("email", json!(["a@b.example"]), 422, "/email", "wrong_type"),
        ("real_name", json!("Ada\nLovelace"), 422, "/real_name", "invalid_real_name"),
        ("real_name", json!(long), 422, "/real_name", "invalid_real_name"),
        ("real_name", json!(""), 422, "/real_name", "invalid_real_name"),
        ("phone", json!("021 123"), 422, "/phone", "invalid_phone"),
        ("language", json!("not a tag"), 422, "/language", "invalid_language"),
        ("policy_version", json!(0), 422, "/policy_version", "out_of_range"),
        ("policy_content_hash", json!("zz"), 422, "/policy_content_hash", "invalid_hash"),
        (
            "consents",
            json!([{"purpose": "group_sharing", "granted": true}]),
            422,
            "/consents",
            "purpose_by_policy",
        ),
        (
            "consents",
            json!([{"purpose": "hunter2secret", "granted": true}]),
            422,
            "/consents/0/purpose",
            "invalid_value",
        ),
        ("role", json!("hunter2secret"), 422, "/role", "unknown_field"),
    ];
    for (field, value, status, pointer, code) in cases {
        let mut body = registration_body(&app, "ada@example.org").await;
        body[field] = value.clone();
        let answer = app.post("/v1/accounts", &body).await;
        assert_eq!(answer.status, status, "{field} {value}: {}", answer.text);
        assert_eq!(answer.first_error(), (pointer.to_owned(), code.to_owned()), "{field} {value}");
        assert!(!answer.text.contains("hunter2secret"), "{}", answer.text);
    }

    let huge = json!({ "real_name": "x".repeat(1_000_000) }).to_string();
    assert_eq!(
        app.post_raw("/v1/accounts", "application/json", huge).await.problem(),
        (413, "body_too_large".to_owned())
    );
    assert_eq!(app.database.number("SELECT count(*) AS n FROM registrations"), 0);
}

#[tokio::test]
async fn a_lapsed_registration_leaves_nothing_of_its_person() {
    let app = App::start().await;
    app.register("ada@example.org").await;
    app.code_mailed_to("ada@example.org").await;

    app.advance(TimeDelta::minutes(11));
    let app = app.restart().await;

    let left = "SELECT count(*) AS n FROM subject_keys";
    eventually("the keys' end", || async { (app.database.keys_number(left) == 0).then_some(()) }).await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM registrations"), 0);
    let tombstones = "SELECT count(*) AS n FROM key_tombstones";
    eventually("the tombstones", || async { (app.database.keys_number(tombstones) == 10).then_some(()) })
        .await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM outbox"), 0);
}

#[tokio::test]
async fn a_repeated_registration_is_not_carried_out_again() {
    let app = App::start().await;
    let body = registration_body(&app, "ada@example.org").await;
    let key = [("idempotency-key", "8f14e45f-ceea-467f-a0e6-5c1b2d3e4f50")];
    let post = |body: Value| {
        let app = &app;
        async move { app.send(reqwest::Method::POST, "/v1/accounts", &key, Some(&body)).await }
    };

    assert_eq!(post(body.clone()).await.status, 202);
    assert_eq!(post(body.clone()).await.problem(), (409, "already_done".to_owned()));
    let mut other = body.clone();
    other["real_name"] = json!("Ada King");
    assert_eq!(post(other).await.problem(), (409, "idempotency_key_reused".to_owned()));
    assert_eq!(app.database.number("SELECT count(*) AS n FROM registrations"), 1);

    app.advance(TimeDelta::hours(24));
    assert_eq!(post(body).await.status, 202);
}

#[tokio::test]
async fn duplicates_in_parallel_under_one_key_act_once() {
    let app = App::start().await;
    let body = registration_body(&app, "ada@example.org").await;
    let key = [("idempotency-key", "8f14e45f-ceea-467f-a0e6-5c1b2d3e4f51")];

    let answers =
        join_all((0..10).map(|_| app.send(reqwest::Method::POST, "/v1/accounts", &key, Some(&body)))).await;

    let done = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(done, 1);
    let refused = answers.iter().filter(|answer| answer.status != 202).map(crate::support::Answer::problem);
    for (status, code) in refused {
        assert_eq!(status, 409);
        assert!(["idempotency_key_in_use", "already_done"].contains(&code.as_str()), "{code}");
    }
    assert_eq!(app.database.number("SELECT count(*) AS n FROM registrations"), 1);
}

#[tokio::test]
async fn mails_speak_the_persons_language() {
    let app = App::start().await;
    let mut body = registration_body(&app, "ada@example.org").await;
    body["language"] = json!("de-CH");
    app.post("/v1/accounts", &body).await;

    let in_german = || async {
        app.mails_to("ada@example.org").iter().any(|mail| mail.contains("Ihr Code ist")).then_some(())
    };
    eventually("a German mail", in_german).await;
}
