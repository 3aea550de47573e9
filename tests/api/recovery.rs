//! Getting back in and moving on: password, email, phone, and the account's own state.

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Inner, PASSWORD, Person, Process, TestDatabase, challenge_of, eventually, settings,
};

const EMAIL: &str = "ada@example.org";
const NEW_PASSWORD: &str = "nine cellos before dusk";

pub async fn asks_for_reset(app: &App, email: &str) -> String {
    let answer = app.post("/v1/password-resets", &json!({ "email": email })).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["password_reset_token"].as_str().unwrap().to_owned()
}

async fn resets(app: &App, token: &str, code: &str, password: &str) -> Answer {
    let body = json!({ "password_reset_token": token, "code": code, "new_password": password });
    app.post("/v1/password-resets/confirmation", &body).await
}

async fn code_of_reset(app: &App, email: &str) -> String {
    app.mail_saying(email, "reset your Smart-mining password").await;
    app.code_mailed_to(email).await
}

#[tokio::test]
async fn a_forgotten_password_is_reset_and_every_session_ends() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let token = asks_for_reset(&app, EMAIL).await;
    let code = code_of_reset(&app, EMAIL).await;

    let weak = resets(&app, &token, &code, "short").await;
    assert_eq!(weak.problem(), (422, "validation_failed".to_owned()));
    assert_eq!(weak.first_error(), ("/new_password".to_owned(), "password_too_short".to_owned()));
    let done = resets(&app, &token, &code, NEW_PASSWORD).await;
    assert_eq!(done.status, 201, "{}", done.text);
    assert_eq!(done.json()["waits_until"], "2026-03-04T09:30:00.000000Z", "72 hours");

    assert_eq!(ada.gets("/v1/account").await.status, 401);
    assert_eq!(ada.refreshes().await.status, 401);
    assert_eq!(ada.signs_in(EMAIL, PASSWORD).await.status, 401);
    let ada = ada.with(&ada.signs_in(EMAIL, NEW_PASSWORD).await.json()["session"]);
    let wait = || async { ada.gets("/v1/account/security").await.json()["data_rights_wait_until"].clone() };
    assert_eq!(wait().await, "2026-03-04T09:30:00.000000Z");
    app.mail_saying(EMAIL, "nothing is erased before 2026-03-04 09:30 UTC").await;
    assert_eq!(
        resets(&app, &token, &code, NEW_PASSWORD).await.problem(),
        (410, "reset_expired".to_owned()),
        "once"
    );
    app.advance(TimeDelta::hours(72));
    let ada = ada.with(&ada.signs_in(EMAIL, NEW_PASSWORD).await.json()["session"]);
    assert_eq!(ada.gets("/v1/account/security").await.json()["data_rights_wait_until"], json!(null));
}

#[tokio::test]
async fn a_reset_leaves_the_second_factor_as_it_is() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let totp = ada.enrols_totp().await;
    let token = asks_for_reset(&app, EMAIL).await;
    assert_eq!(resets(&app, &token, &code_of_reset(&app, EMAIL).await, NEW_PASSWORD).await.status, 201);

    app.advance(TimeDelta::minutes(1));
    let challenge = challenge_of(&ada.signs_in(EMAIL, NEW_PASSWORD).await);
    assert_eq!(app.answers(&challenge, "totp", &totp.code(&app), &ada.cookie).await.status, 201);
}

#[tokio::test]
async fn a_reset_calls_off_the_earlier_ones_and_makes_every_device_a_stranger() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        let seen = app.codes_mailed_to(EMAIL).len();
        let token = asks_for_reset(&app, EMAIL).await;
        asked.push((token, app.code_mailed_after(seen, EMAIL).await));
        app.advance(TimeDelta::seconds(1));
    }
    assert_eq!(resets(&app, &asked[1].0, &asked[1].1, NEW_PASSWORD).await.status, 201);

    let earlier = resets(&app, &asked[0].0, &asked[0].1, "somebody else's choice").await;
    assert_eq!(earlier.problem(), (410, "reset_expired".to_owned()));
    assert_eq!(ada.signs_in(EMAIL, NEW_PASSWORD).await.status, 201);
    app.mail_saying(EMAIL, "signed in on a device that your account was not used on before").await;
}

#[tokio::test]
async fn a_reset_asked_for_before_a_change_of_password_or_mailbox_is_void() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let (token, code) = (asks_for_reset(&app, EMAIL).await, code_of_reset(&app, EMAIL).await);
    app.advance(TimeDelta::seconds(1));
    let body = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    assert_eq!(ada.sends(Method::PUT, "/v1/account/password", &[], Some(&body)).await.status, 200);
    let late = resets(&app, &token, &code, "somebody else's choice").await;
    assert_eq!(late.problem(), (410, "reset_expired".to_owned()));

    app.advance(TimeDelta::seconds(1));
    let seen = app.codes_mailed_to(EMAIL).len();
    let token = asks_for_reset(&app, EMAIL).await;
    let code = app.code_mailed_after(seen, EMAIL).await;
    let path = ada.asks_for_email("new@example.org").await;
    let answer = json!({ "code": app.code_mailed_to("new@example.org").await });
    assert_eq!(ada.sends(Method::POST, &path, &[], Some(&answer)).await.status, 201);
    let moved = resets(&app, &token, &code, "somebody else's choice").await;
    assert_eq!(moved.problem(), (410, "reset_expired".to_owned()));
    assert_eq!(ada.signs_in("new@example.org", NEW_PASSWORD).await.status, 201);
}

#[tokio::test]
async fn an_unknown_address_gets_the_same_answer_and_another_mail() {
    let app = App::start().await;
    app.person(EMAIL).await;
    let known = app.post("/v1/password-resets", &json!({ "email": EMAIL })).await;
    let unknown = app.post("/v1/password-resets", &json!({ "email": "eve@example.org" })).await;

    assert_eq!((known.status, unknown.status), (202, 202));
    let fields = |answer: &Answer| answer.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields(&known), fields(&unknown));
    app.mail_saying("eve@example.org", "There is none").await;
    let token = unknown.json()["password_reset_token"].as_str().unwrap().to_owned();
    assert_eq!(
        resets(&app, &token, "00000000", NEW_PASSWORD).await.problem(),
        (422, "wrong_code".to_owned())
    );
    assert_eq!(app.database.number("SELECT count(*) AS n FROM password_resets"), 2);
}

#[tokio::test]
async fn a_reset_has_five_tries_fifteen_minutes_and_lapses_without_a_trace() {
    let app = App::start().await;
    app.person(EMAIL).await;
    let token = asks_for_reset(&app, EMAIL).await;
    let code = code_of_reset(&app, EMAIL).await;
    let wrong = if code == "00000000" { "00000001" } else { "00000000" };
    let tries = join_all((0..20).map(|_| resets(&app, &token, wrong, NEW_PASSWORD))).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == 422).count(), 5);
    assert_eq!(resets(&app, &token, &code, NEW_PASSWORD).await.problem(), (410, "reset_expired".to_owned()));

    let late = asks_for_reset(&app, EMAIL).await;
    app.advance(TimeDelta::minutes(15));
    assert_eq!(resets(&app, &late, "00000000", NEW_PASSWORD).await.status, 410);
    let keys = app.database.keys_number("SELECT count(*) AS n FROM subject_keys");
    let app = app.restart().await;
    let gone = || async {
        (app.database.number("SELECT count(*) AS n FROM password_resets") == 0
            && app.database.keys_number("SELECT count(*) AS n FROM subject_keys") == keys - 4)
            .then_some(())
    };
    eventually("the end of lapsed resets and their keys", gone).await;
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions_and_is_told() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let elsewhere = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let ada = ada.clone();
        async move { ada.sends(Method::PUT, "/v1/account/password", &[], Some(&body)).await }
    };

    assert_eq!(
        change("wrong and long enough", NEW_PASSWORD).await.problem(),
        (422, "wrong_password".to_owned())
    );
    let weak = change(PASSWORD, "Ada Lovelace").await;
    assert_eq!(weak.first_error().0, "/new_password", "{}", weak.text);
    assert_eq!(change(PASSWORD, NEW_PASSWORD).await.status, 200);

    assert_eq!(elsewhere.gets("/v1/account").await.status, 401);
    assert_eq!(elsewhere.refreshes().await.status, 401);
    assert_eq!(ada.gets("/v1/account").await.status, 200, "the one that changed it goes on");
    assert_eq!(ada.signs_in(EMAIL, PASSWORD).await.status, 401);
    assert_eq!(ada.signs_in(EMAIL, NEW_PASSWORD).await.status, 201);
    app.mail_saying(EMAIL, "The password of your account was changed").await;
    assert_eq!(elsewhere.sends(Method::PUT, "/v1/account/password", &[], Some(&json!({}))).await.status, 401);
}

#[tokio::test]
async fn sign_ins_that_race_a_changed_password_leave_no_session_behind() {
    let app = App::start().await;
    let mut ada = app.person(EMAIL).await;
    for round in 0..5 {
        let (old, new) =
            (format!("the violin of round {round}"), format!("the violin of round {}", round + 1));
        let old = if round == 0 { PASSWORD.to_owned() } else { old };
        let body = json!({ "current_password": old, "new_password": new });
        let sign_ins = join_all((0..12).map(|_| ada.signs_in(EMAIL, &old)));
        let change = ada.sends(Method::PUT, "/v1/account/password", &[], Some(&body));
        let (sign_ins, change) = tokio::join!(sign_ins, change);
        assert_eq!(change.status, 200, "{}", change.text);
        for answer in sign_ins.iter().filter(|answer| answer.status == 201) {
            let session = ada.with(&answer.json()["session"]);
            assert_eq!(session.gets("/v1/account").await.status, 401, "a session of the old password lives");
        }
        ada = ada.with(&ada.signs_in(EMAIL, &new).await.json()["session"]);
        let code = ada.steps_up_with(&new).await;
        assert_eq!(code.status, 201, "{}", code.text);
    }
}

impl Person {
    /// Steps up by mail, with a password that is no longer the first one.
    async fn steps_up_with(&self, password: &str) -> Answer {
        let before =
            self.mails_to(EMAIL).iter().filter(|mail| mail.contains("confirm that it is you")).count();
        let method = json!({ "method": "password_and_email" });
        let sent = self.sends(Method::POST, "/v1/sessions/step-up/code", &[], Some(&method)).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let newest = || async {
            let mails: Vec<String> = self
                .mails_to(EMAIL)
                .into_iter()
                .filter(|mail| mail.contains("confirm that it is you"))
                .collect();
            (mails.len() > before).then(|| mails.last().cloned()).flatten()
        };
        let mail = eventually("the code of the step-up", newest).await;
        let code: String =
            mail.split_once("Your code is ").unwrap().1.chars().take_while(char::is_ascii_digit).collect();
        let body = json!({ "method": "password_and_email", "code": code, "password": password });
        self.sends(Method::POST, "/v1/sessions/step-up", &[], Some(&body)).await
    }
}

#[tokio::test]
async fn an_email_changes_once_the_new_one_answers_and_the_old_one_is_told() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let new = "ada.king@example.org";
    let path = ada.asks_for_email(new).await;
    assert_eq!(ada.gets("/v1/account").await.json()["email"], EMAIL, "nothing before the answer");
    let code = app.code_mailed_to(new).await;
    let confirm = |code: String| {
        let (ada, path) = (ada.clone(), path.clone());
        async move { ada.sends(Method::POST, &path, &[], Some(&json!({ "code": code }))).await }
    };
    let eve = app.person("eve@example.org").await;
    let foreign = eve.sends(Method::POST, &path, &[], Some(&json!({ "code": code }))).await;
    assert_eq!(foreign.problem(), (410, "change_expired".to_owned()), "another person's");

    let changed = confirm(code.clone()).await;
    assert_eq!(changed.status, 201, "{}", changed.text);
    assert_eq!(confirm(code).await.status, 410, "once");
    let account = ada.gets("/v1/account").await;
    assert_eq!((account.json()["email"].clone(), account.header("etag")), (json!(new), "\"v2\""));
    let history = ada.gets("/v1/account/changes").await.json()["data"][0].clone();
    assert_eq!((&history["field"], &history["old_value"]), (&json!("email"), &json!(EMAIL)));
    app.mail_saying(EMAIL, "Your account has another email address since").await;
    assert_eq!(ada.signs_in(new, PASSWORD).await.status, 201);
    assert_eq!(ada.signs_in(EMAIL, PASSWORD).await.status, 401);
    assert_eq!(app.register(EMAIL).await.registration_id.len(), 71, "the old address is free");
}

#[tokio::test]
async fn an_address_with_an_account_gets_no_code_and_nobody_learns() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    app.person("eve@example.org").await;
    let path = ada.asks_for_email("eve@example.org").await;
    app.mail_saying("eve@example.org", "It has an account already").await;
    let guess = ada.sends(Method::POST, &path, &[], Some(&json!({ "code": "00000000" }))).await;
    assert_eq!(guess.problem(), (422, "wrong_code".to_owned()));

    // Two people at once for one free address: one gets it.
    let zoe = app.person("zoe@example.org").await;
    let free = "free@example.org";
    let mut confirmations = Vec::new();
    for person in [&ada, &zoe] {
        let seen = app.codes_mailed_to(free).len();
        let path = person.asks_for_email(free).await;
        confirmations.push((person, path, app.code_mailed_after(seen, free).await));
    }
    let answers = join_all(confirmations.iter().map(|(person, path, code)| async move {
        person.sends(Method::POST, path, &[], Some(&json!({ "code": code }))).await
    }))
    .await;
    let mut outcomes: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [201, 409], "{answers:?}");
}

#[tokio::test]
async fn a_phone_changes_once_the_new_one_answers_and_the_old_one_is_told() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let (old, new) = ("+64211111111", "+64212222222");
    ada.verifies_phone(old).await;
    ada.verifies_phone(new).await;
    eventually("the SMS to the old number", || async {
        app.sms_to(old).iter().any(|sms| sms.contains("no longer the second factor")).then_some(())
    })
    .await;
    let fields: Vec<Value> = ada.gets("/v1/account/changes").await.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| json!([change["field"], change["old_value"]]))
        .collect();
    assert_eq!(fields, [json!(["phone", old]), json!(["phone", "+64211234567"])]);

    let removed = ada.sends(Method::DELETE, "/v1/account/phone", &[], None).await;
    assert_eq!(removed.status, 200, "{}", removed.text);
    assert_eq!(ada.gets("/v1/account").await.json()["phone"], json!(null));
    let again = ada.sends(Method::DELETE, "/v1/account/phone", &[], None).await;
    assert_eq!(again.problem(), (404, "not_found".to_owned()));
    assert_eq!(ada.signs_in(EMAIL, PASSWORD).await.json()["result"], "signed_in");
}

#[tokio::test]
async fn what_cannot_be_taken_back_needs_a_step_up_that_lasts_ten_minutes() {
    let app = App::start().await;
    let fresh = app.person(EMAIL).await;
    let ada = fresh.with(&fresh.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    let close = || ada.sends(Method::POST, "/v1/account/totp", &[], None);
    assert_eq!(close().await.problem(), (403, "step_up_required".to_owned()));

    let wrong = json!({ "method": "password_and_email", "code": "00000000", "password": PASSWORD });
    let answer = ada.sends(Method::POST, "/v1/sessions/step-up", &[], Some(&wrong)).await;
    assert_eq!(answer.problem(), (422, "wrong_code".to_owned()));
    assert_eq!(ada.steps_up("totp", "000000").await.problem(), (409, "method_not_available".to_owned()));
    assert_eq!(ada.steps_up_by_mail(EMAIL).await.status, 201);
    assert_eq!(close().await.status, 201);
    app.advance(TimeDelta::minutes(10) - TimeDelta::seconds(1));
    assert_eq!(close().await.status, 201);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(close().await.problem(), (403, "step_up_required".to_owned()));
}

#[tokio::test]
async fn password_and_mail_are_no_way_around_a_second_factor() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let totp = ada.enrols_totp().await;
    let method = json!({ "method": "password_and_email" });
    let sent = ada.sends(Method::POST, "/v1/sessions/step-up/code", &[], Some(&method)).await;
    assert_eq!(sent.problem(), (409, "method_not_available".to_owned()));

    app.advance(TimeDelta::minutes(9));
    let code = totp.code(&app);
    let answers = join_all((0..20).map(|_| ada.steps_up("totp", &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "one code, one step-up");
    assert_eq!(ada.gets("/v1/sessions").await.json()["data"][0]["assurance_level"], 2);
}

#[tokio::test]
async fn an_account_closes_after_two_weeks_unless_it_is_taken_back() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let elsewhere = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    let close = || ada.sends(Method::POST, "/v1/account/closure", &[], None);

    let closing = close().await;
    assert_eq!(closing.status, 201, "{}", closing.text);
    let body = closing.json();
    assert_eq!(
        (&body["state"], &body["state_reason"], &body["state_clause"], &body["closes_at"]),
        (
            &json!("closing"),
            &json!("closure_requested"),
            &json!("7.6"),
            &json!("2026-03-15T09:30:00.000000Z")
        )
    );
    assert_eq!(elsewhere.gets("/v1/account").await.status, 401);
    assert_eq!(close().await.problem(), (409, "account_state_conflict".to_owned()));
    let change = ada.changes_profile(json!({ "display_name": "ada" })).await;
    assert_eq!(change.problem(), (423, "account_restricted".to_owned()), "nothing new begins");

    let reopened = ada.sends(Method::DELETE, "/v1/account/closure", &[], None).await;
    assert_eq!((reopened.status, &reopened.json()["state"]), (200, &json!("active")));
    app.mail_saying(EMAIL, "The closure of your account was taken back").await;
    assert_eq!(close().await.status, 201);

    app.advance(TimeDelta::days(14));
    let token = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]).access_token.clone();
    drop((ada, elsewhere));
    let app = app.restart().await;
    app.mail_saying(EMAIL, "Your account was closed").await;
    let bearer = format!("Bearer {token}");
    assert_eq!(app.send(Method::GET, "/v1/account", &[("authorization", &bearer)], None).await.status, 401);
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(app.post("/v1/sessions", &sign_in).await.problem(), (401, "invalid_credentials".to_owned()));
    let reasons = app.database.texts("SELECT state_reason AS t FROM accounts");
    assert_eq!(reasons, ["closure_completed"]);
}

#[tokio::test]
async fn an_account_that_does_not_open_keeps_no_other_from_its_closure_or_reminder() {
    let app = App::start().await;
    let mut emails = Vec::new();
    for n in 0..4 {
        let email = format!("p{n}@example.org");
        let person = app.person(&email).await;
        if n < 2 {
            assert_eq!(person.sends(Method::POST, "/v1/account/closure", &[], None).await.status, 201);
        }
        emails.push(email);
        app.advance(TimeDelta::seconds(1));
    }
    // The older of each pair no longer opens; it comes first.
    for broken in [0, 2] {
        let id = format!(
            "(SELECT account_id FROM accounts ORDER BY created_at, account_id LIMIT 1 OFFSET {broken})"
        );
        app.database.sql(&format!("UPDATE profiles SET language = email WHERE account_id = {id}"));
    }
    app.advance(TimeDelta::days(365));
    let app = app.restart().await;

    app.mail_saying(&emails[1], "Your account was closed").await;
    app.mail_saying(&emails[3], "Are your Smart-mining data still true?").await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM accounts WHERE state = 'closing'"), 1);
}

#[tokio::test]
async fn an_operator_restricts_an_account_and_lifts_it_with_reason_and_clause() {
    let database = TestDatabase::fresh();
    let settings = settings(&database, &[]);
    let process = Process::serve(&settings);
    let service = Inner::of_process(database, settings.clone(), &process);
    let ada = service.person(EMAIL).await;
    let run = |verb: &str| Process::run(&settings, &["accounts", verb, &ada.account_id]).status.success();

    assert!(run("restrict"));
    assert_eq!(ada.gets("/v1/account").await.status, 401, "sessions end at once");
    let back = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    let security = back.gets("/v1/account/security").await.json();
    assert_eq!(
        (&security["state"], &security["state_reason"], &security["state_clause"]),
        (&json!("restricted"), &json!("security_review"), &json!("2.3"))
    );
    assert_eq!(back.changes_profile(json!({ "display_name": "ada" })).await.status, 423);
    assert_eq!(back.steps_up_by_mail(EMAIL).await.status, 201);
    let close = back.sends(Method::POST, "/v1/account/closure", &[], None).await;
    assert_eq!(close.problem(), (409, "account_state_conflict".to_owned()), "closing is no way out of it");
    service.mail_saying(EMAIL, "restricted under clause 2.3").await;
    assert!(!run("restrict"), "it is restricted already");
    assert!(run("lift"));
    assert_eq!(back.gets("/v1/account").await.json()["state"], "active");

    let close = back.sends(Method::POST, "/v1/account/closure", &[], None).await;
    assert_eq!(close.status, 201, "{}", close.text);
    assert!(run("restrict"), "nor is it a way around one");
    let back = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    let security = back.gets("/v1/account/security").await.json();
    assert_eq!((&security["state"], &security["closes_at"]), (&json!("restricted"), &json!(null)));
    let reopen = back.sends(Method::DELETE, "/v1/account/closure", &[], None).await;
    assert_eq!(reopen.problem(), (409, "account_state_conflict".to_owned()));
    assert!(run("lift"));
    assert_eq!(back.gets("/v1/account").await.json()["state"], "active");
    process.kill();
}

#[tokio::test]
async fn once_a_year_the_person_is_asked_three_times_to_confirm_the_data() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let cookie = ada.cookie.clone();
    drop(ada);
    let asked = |app: &App| {
        app.mails_to(EMAIL)
            .iter()
            .filter(|mail| mail.contains("Are your Smart-mining data still true?"))
            .count()
    };
    let mut app = app;
    for (days, expected) in [(364, 0), (1, 1), (13, 1), (1, 2), (16, 3), (30, 3)] {
        app.advance(TimeDelta::days(days));
        app = app.restart().await;
        let done = || async { (asked(&app) == expected).then_some(()) };
        eventually(&format!("reminder {expected}"), done).await;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(asked(&app), expected);
    }
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    let signed_in = app.send(Method::POST, "/v1/sessions", &[("cookie", &cookie)], Some(&sign_in)).await;
    let bearer = format!("Bearer {}", signed_in.json()["session"]["access_token"].as_str().unwrap());
    let confirm =
        app.send(Method::POST, "/v1/account/data-confirmations", &[("authorization", &bearer)], None).await;
    assert_eq!(confirm.status, 201);
    for (days, expected) in [(364, 3), (1, 4)] {
        app.advance(TimeDelta::days(days));
        app = app.restart().await;
        let done = || async { (asked(&app) == expected).then_some(()) };
        eventually(&format!("reminder {expected} of the next year"), done).await;
    }
}
