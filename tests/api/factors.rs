//! Second factors (clause 1.2; security.md T3 and T4): enrolled, asked for, used once, lost.

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Authenticator, Inner, PASSWORD, Person, Process, TestDatabase, challenge_of, settings,
};

const EMAIL: &str = "ada@example.org";
const NUMBER: &str = "+64217654321";

/// A person with an authenticator app, and a moment whose code was not used yet.
async fn with_totp(app: &App) -> (Person, Authenticator) {
    let ada = app.person(EMAIL).await;
    let totp = ada.enrols_totp().await;
    app.advance(TimeDelta::minutes(2));
    (ada, totp)
}

async fn challenged(ada: &Person) -> Value {
    challenge_of(&ada.signs_in(EMAIL, PASSWORD).await)
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn an_app_is_a_factor_from_its_first_code_on() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let elsewhere = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);

    let proposed = ada.sends(Method::POST, "/v1/account/totp", &[], None).await;
    assert_eq!(proposed.status, 201);
    let body = proposed.json();
    let (url, secret) = (body["otpauth_url"].as_str().unwrap(), body["secret"].as_str().unwrap());
    assert!(url.starts_with("otpauth://totp/Smart-mining:ada%40example.org?"), "{url}");
    assert!(url.contains(&format!("secret={secret}")) && url.contains("issuer=Smart-mining"), "{url}");
    assert!(body["qr_image"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    assert_eq!(ada.signs_in(EMAIL, PASSWORD).await.json()["result"], "signed_in", "not in force yet");

    assert_eq!(ada.confirms_totp("000000").await.problem(), (422, "wrong_code".to_owned()));
    let totp = ada.enrols_totp().await;
    assert_eq!(elsewhere.gets("/v1/account").await.status, 401, "every other session has ended");
    assert_eq!(ada.gets("/v1/account/security").await.json()["totp_since"], "2026-03-01T09:30:00.000000Z");
    app.mail_saying(EMAIL, "An authenticator app is a second factor").await;
    let again = ada.sends(Method::POST, "/v1/account/totp", &[], None).await;
    assert_eq!(again.problem(), (409, "factor_exists".to_owned()));

    app.advance(TimeDelta::minutes(1));
    let challenge = challenged(&ada).await;
    assert_eq!(challenge["methods"], json!(["totp"]));
    let answer = app.answers(&challenge, "totp", &totp.code(&app), &ada.cookie).await;
    assert_eq!((answer.status, &answer.json()["result"]), (201, &json!("signed_in")));
    let session = ada.with(&answer.json()["session"]);
    let listed = session.gets("/v1/sessions").await.json()["data"][0].clone();
    assert_eq!((&listed["assurance_level"], &listed["current"]), (&json!(2), &json!(true)));
}

#[tokio::test]
async fn a_proposal_lapses_and_a_newer_one_replaces_it() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let propose = || ada.sends(Method::POST, "/v1/account/totp", &[], None);
    let first = propose().await.json()["secret"].clone();
    let second = propose().await.json()["secret"].clone();
    assert_ne!(first, second);

    app.advance(TimeDelta::minutes(15));
    let ada = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    assert_eq!(ada.steps_up_by_mail(EMAIL).await.status, 201);
    assert_eq!(ada.confirms_totp("000000").await.problem(), (410, "enrolment_expired".to_owned()));
}

#[tokio::test]
async fn a_code_of_the_app_works_once_and_within_a_step() {
    let app = App::start().await;
    let (ada, totp) = with_totp(&app).await;
    for (steps, status) in [(-2, 422), (2, 422), (-1, 201), (0, 201), (1, 201), (0, 422), (1, 422)] {
        let challenge = challenged(&ada).await;
        let answer = app.answers(&challenge, "totp", &totp.code_at(&app, steps), &ada.cookie).await;
        assert_eq!(answer.status, status, "{steps}: {}", answer.text);
    }
}

#[tokio::test]
async fn fifty_at_once_with_one_code_of_the_app_are_one() {
    let app = App::start().await;
    let (ada, totp) = with_totp(&app).await;
    let mut challenges = Vec::new();
    for _ in 0..50 {
        challenges.push(challenged(&ada).await);
    }
    let code = totp.code(&app);

    let answers =
        join_all(challenges.iter().map(|challenge| app.answers(challenge, "totp", &code, &ada.cookie))).await;

    let (won, wrong, throttled) = (count(&answers, 201), count(&answers, 422), count(&answers, 429));
    println!("one totp step, 50 challenges at once: {won} won, {wrong} wrong_code, {throttled} throttled");
    assert_eq!((won, won + wrong + throttled), (1, 50));
}

#[tokio::test]
async fn fifty_answers_to_one_challenge_are_one() {
    let app = App::start().await;
    let (ada, totp) = with_totp(&app).await;
    let (challenge, code) = (challenged(&ada).await, totp.code(&app));

    let answers = join_all((0..50).map(|_| app.answers(&challenge, "totp", &code, &ada.cookie))).await;

    let (won, gone) = (count(&answers, 201), count(&answers, 410));
    let (wrong, throttled) = (count(&answers, 422), count(&answers, 429));
    println!(
        "one challenge, 50 answers at once: {won} won, {wrong} wrong_code, {gone} expired, {throttled} throttled"
    );
    assert_eq!((won, won + gone + wrong + throttled), (1, 50));
}

#[tokio::test]
async fn fifty_at_once_with_one_recovery_code_are_one() {
    let app = App::start().await;
    let (ada, _) = with_totp(&app).await;
    let codes = ada.makes_recovery_codes().await;
    assert_eq!(codes.len(), 10);
    let mut challenges = Vec::new();
    for _ in 0..50 {
        challenges.push(challenged(&ada).await);
    }

    let answers = join_all(
        challenges.iter().map(|challenge| app.answers(challenge, "recovery_code", &codes[3], &ada.cookie)),
    )
    .await;

    let (won, wrong, throttled) = (count(&answers, 201), count(&answers, 422), count(&answers, 429));
    println!(
        "one recovery code, 50 challenges at once: {won} won, {wrong} wrong_code, {throttled} throttled"
    );
    assert_eq!((won, won + wrong + throttled), (1, 50));
    let used = app.mail_saying(EMAIL, "A recovery code was used").await;
    assert!(used.contains("9 are left"), "{used}");
    let won = answers.iter().find(|answer| answer.status == 201).unwrap();
    let session = ada.with(&won.json()["session"]);
    assert_eq!(session.gets("/v1/account/security").await.json()["recovery_codes_left"], 9);
}

#[tokio::test]
async fn recovery_codes_need_a_factor_and_new_ones_void_the_old() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let made = ada.sends(Method::POST, "/v1/account/recovery-codes", &[], None).await;
    assert_eq!(made.problem(), (409, "no_second_factor".to_owned()));

    ada.enrols_totp().await;
    let old = ada.makes_recovery_codes().await;
    let new = ada.makes_recovery_codes().await;
    app.mail_saying(EMAIL, "New recovery codes were made").await;
    let void = app.answers(&challenged(&ada).await, "recovery_code", &old[0], &ada.cookie).await;
    assert_eq!(void.problem(), (422, "wrong_code".to_owned()));
    let typed = new[0].to_uppercase().replace('-', " ");
    assert_eq!(app.answers(&challenged(&ada).await, "recovery_code", &typed, &ada.cookie).await.status, 201);

    let removed = ada.sends(Method::DELETE, "/v1/account/totp", &[], None).await;
    assert_eq!(removed.status, 200, "{}", removed.text);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM recovery_codes"), 0, "void without a factor");
    app.mail_saying(EMAIL, "The authenticator app is no second factor").await;
    assert_eq!(ada.signs_in(EMAIL, PASSWORD).await.json()["result"], "signed_in");
}

#[tokio::test]
async fn the_verified_phone_is_a_factor_and_gets_codes() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    assert_eq!(
        ada.gets("/v1/account/security").await.json()["phone_since"],
        json!(null),
        "given, not verified"
    );
    ada.verifies_phone(NUMBER).await;
    app.mail_saying(EMAIL, "A phone number is a second factor").await;
    assert_eq!(ada.gets("/v1/account").await.json()["phone"], NUMBER);

    let challenge = challenged(&ada).await;
    assert_eq!(challenge["methods"], json!(["sms"]));
    let early = app.answers(&challenge, "sms", "00000000", &ada.cookie).await;
    assert_eq!(early.problem(), (422, "wrong_code".to_owned()), "nothing was sent");
    let path = format!("/v1/sign-in-challenges/{}/sms-code", challenge["challenge_id"].as_str().unwrap());
    let sent = app.post(&path, &json!({ "challenge_token": challenge["challenge_token"] })).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let two = || async { (app.sms_to(NUMBER).len() == 2).then_some(()) };
    crate::support::eventually("the second SMS", two).await;
    let code = app.code_sent_to(NUMBER).await;
    let answer = app.answers(&challenge, "sms", &code, &ada.cookie).await;
    assert_eq!(answer.status, 201, "{}", answer.text);

    let another = challenged(&ada).await;
    let again = app.answers(&another, "sms", &code, &ada.cookie).await;
    assert_eq!(again.problem(), (422, "wrong_code".to_owned()), "a code is for one challenge");
    let foreign = app.post(&path, &json!({ "challenge_token": another["challenge_token"] })).await;
    assert_eq!(foreign.problem(), (410, "challenge_expired".to_owned()));
}

#[tokio::test]
async fn a_challenge_has_five_tries_ten_minutes_and_its_own_token() {
    let app = App::start().await;
    let (ada, totp) = with_totp(&app).await;

    let mut forged = challenged(&ada).await;
    let other = challenged(&ada).await;
    forged["challenge_token"] = other["challenge_token"].clone();
    let answer = app.answers(&forged, "totp", &totp.code(&app), &ada.cookie).await;
    assert_eq!(answer.problem(), (410, "challenge_expired".to_owned()));

    for _ in 0..5 {
        let wrong = app.answers(&other, "totp", "000000", &ada.cookie).await;
        assert_eq!(wrong.problem(), (422, "wrong_code".to_owned()));
    }
    let sixth = app.answers(&other, "totp", &totp.code(&app), &ada.cookie).await;
    assert_eq!(sixth.problem(), (410, "challenge_expired".to_owned()));
    app.mail_saying(EMAIL, "had your password and not your second factor").await;

    let late = challenged(&ada).await;
    app.advance(TimeDelta::minutes(10));
    let answer = app.answers(&late, "totp", &totp.code(&app), &ada.cookie).await;
    assert_eq!(answer.problem(), (410, "challenge_expired".to_owned()));
}

#[tokio::test]
async fn whoever_has_the_password_alone_is_told_of_however_the_tries_are_spread() {
    for (method, wrong) in [("totp", "000000"), ("recovery_code", "0000-0000-0000-0000")] {
        let app = App::start().await;
        let (ada, _) = with_totp(&app).await;
        ada.makes_recovery_codes().await;
        let warnings = || {
            let mails = app.mails_to(EMAIL);
            mails.iter().filter(|mail| mail.contains("knows your Smart-mining password")).count()
        };
        let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
        // One try for each challenge, twelve minutes apart: as many as a stranger has for ever.
        for n in 1..=5 {
            assert_eq!(warnings(), 0, "{method}: before try {n}");
            let challenge = challenge_of(&app.post("/v1/sessions", &sign_in).await);
            let answer = app.answers(&challenge, method, wrong, "").await;
            assert_eq!(answer.problem(), (422, "wrong_code".to_owned()));
            app.advance(TimeDelta::minutes(12));
        }
        app.mail_saying(EMAIL, "had your password and not your second factor").await;
    }
}

#[tokio::test]
async fn a_sign_in_that_races_the_first_factor_leaves_no_session_without_it() {
    let app = App::start().await;
    for round in 0..5 {
        let email = format!("p{round}@example.org");
        let person = app.person(&email).await;
        let proposed = person.sends(Method::POST, "/v1/account/totp", &[], None).await;
        let code = Authenticator::of(&proposed.json()).code(&app);
        let sign_ins = join_all((0..8).map(|_| person.signs_in(&email, PASSWORD)));
        let (sign_ins, confirmed) = tokio::join!(sign_ins, person.confirms_totp(&code));
        assert_eq!(confirmed.status, 201, "{}", confirmed.text);
        for answer in sign_ins.iter().filter(|answer| answer.json()["result"] == "signed_in") {
            let session = person.with(&answer.json()["session"]);
            assert_eq!(session.gets("/v1/account").await.status, 401, "a session without the factor lives");
        }
    }
}

#[tokio::test]
async fn wrong_factors_of_strangers_do_not_lock_the_owner_out() {
    let app = App::start().await;
    let (ada, totp) = with_totp(&app).await;
    // Somebody who knows the password, from devices that the account was never used on.
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    let mut refused = 0;
    for _ in 0..4 {
        let challenge = challenge_of(&app.post("/v1/sessions", &sign_in).await);
        for _ in 0..5 {
            let answer = app.answers(&challenge, "totp", "000000", "").await;
            refused += usize::from(answer.problem() == (429, "too_many_attempts".to_owned()));
        }
    }
    assert_eq!(refused, 10, "ten come through, whichever challenge they are for");

    let own = app.answers(&challenged(&ada).await, "totp", &totp.code(&app), &ada.cookie).await;
    assert_eq!(own.status, 201, "{}", own.text);
}

#[tokio::test]
async fn a_changed_password_or_factor_calls_waiting_challenges_off() {
    let app = App::start().await;
    let (ada, totp) = with_totp(&app).await;
    let waiting = challenged(&ada).await;
    let body = json!({ "current_password": PASSWORD, "new_password": "nine cellos before dusk" });
    let changed = ada.sends(Method::PUT, "/v1/account/password", &[], Some(&body)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);

    let answer = app.answers(&waiting, "totp", &totp.code(&app), &ada.cookie).await;
    assert_eq!(answer.problem(), (410, "challenge_expired".to_owned()));
}

#[tokio::test]
async fn counters_outlive_a_kill() {
    let database = TestDatabase::fresh();
    let settings = settings(&database, &[]);
    let process = Process::serve(&settings);
    let service = Inner::of_process(database, settings.clone(), &process);
    let ada = service.person(EMAIL).await;
    let totp = ada.enrols_totp().await;
    let (cookie, challenge) = (ada.cookie.clone(), challenged(&ada).await);
    drop(ada);
    for _ in 0..4 {
        assert_eq!(service.answers(&challenge, "totp", "000000", &cookie).await.status, 422);
    }
    let guess = json!({ "email": "nobody@example.org", "password": "wrong and long enough" });
    for _ in 0..10 {
        assert_eq!(service.post("/v1/sessions", &guess).await.status, 401);
    }
    process.kill();

    let process = Process::serve(&settings);
    let service = service.moved_to(&process);
    assert_eq!(service.post("/v1/sessions", &guess).await.problem(), (429, "too_many_attempts".to_owned()));
    let fifth = service.answers(&challenge, "totp", "000000", &cookie).await;
    assert_eq!(fifth.problem(), (422, "wrong_code".to_owned()));
    process.kill();

    let process = Process::serve(&settings);
    let service = service.moved_to(&process);
    let right = totp.code_at(&service, 1);
    let sixth = service.answers(&challenge, "totp", &right, &cookie).await;
    assert_eq!(
        sixth.problem(),
        (410, "challenge_expired".to_owned()),
        "five tries, whoever was killed between"
    );
    process.kill();
}

#[tokio::test]
async fn lost_factors_are_removed_after_approval_and_delay_unless_called_off() {
    let app = App::start().await;
    let (ada, _) = with_totp(&app).await;
    let ask = |challenge: Value| {
        let path =
            format!("/v1/sign-in-challenges/{}/factor-reset", challenge["challenge_id"].as_str().unwrap());
        let (body, app) = (json!({ "challenge_token": challenge["challenge_token"] }), &app);
        async move { app.post(&path, &body).await }
    };
    let first = ask(challenged(&ada).await).await;
    assert_eq!(first.status, 202, "{}", first.text);
    let again = ask(challenged(&ada).await).await;
    assert_eq!(again.json(), first.json(), "a request that waits is given again");

    let mail = app.mail_saying(EMAIL, "asked us to remove the second factor").await;
    let body = json!({ "token": token_in(&mail, "cancel-factor-reset") });
    let cancel = || app.post("/v1/factor-reset-cancellations", &body);
    assert_eq!(cancel().await.status, 201);
    assert_eq!(cancel().await.problem(), (410, "link_expired".to_owned()));
    app.mail_saying(EMAIL, "was called off").await;

    assert_eq!(ask(challenged(&ada).await).await.status, 202);
    approve(&app);
    app.advance(TimeDelta::days(7) - TimeDelta::minutes(1));
    let app = restart_for_jobs(app, ada).await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM totp_factors"), 1, "the delay has not passed");
    app.advance(TimeDelta::minutes(2));
    let app = app.restart().await;
    app.mail_saying(EMAIL, "second factors of your account were removed").await;
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(app.post("/v1/sessions", &sign_in).await.json()["result"], "signed_in");
}

/// As two members of staff leave it.
fn approve(app: &App) {
    let now = app.clock.now();
    let at = now.plus(TimeDelta::days(7));
    let at = if crate::support::is_postgres() { format!("'{at}'") } else { at.as_micros().to_string() };
    app.database.sql(&format!(
        "UPDATE factor_resets SET state = 'approved', executes_at = {at} WHERE state = 'requested'"
    ));
}

/// Jobs run at the start of a process.
async fn restart_for_jobs(app: App, ada: Person) -> App {
    drop(ada);
    let app = app.restart().await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    app
}

/// The token of a link in a mail.
pub fn token_in(mail: &str, act: &str) -> String {
    let (_, rest) = mail.split_once(&format!("/links#{act}=")).expect("a link");
    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}
