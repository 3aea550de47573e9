//! Bans: whoever abused the service is recognised until the ban ends, by a mark alone.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::{
    domain::ban::{Ban, BanGround},
    server::Services,
};

use crate::{
    erasure::says,
    kyc_documents::asked,
    rights::services,
    support::{
        App, Form, Inner, PASSWORD, Person, Process, TestDatabase, eventually, registration_body, settings,
    },
};

const EMAIL: &str = "ada@example.org";

/// Bans a person as an operator does, for so many days.
async fn bans(app: &App, whom: &Person, days: i64) -> Ban {
    let services = services(app).await;
    let id = whom.account_id.parse().unwrap();
    let documents = services.kyc.document_keys(id).await.unwrap();
    services.accounts.ban(id, (BanGround::Fraud, TimeDelta::days(days)), &documents).await.unwrap()
}

/// Erases a banned person after the time to think: what is suspected stands against doing it at once.
async fn erased(app: &App, services: &Services, whom: &Person) -> String {
    let (_, token) = whom.asks_for_erasure("now").await;
    assert_eq!(services.rights.carry_out(2).await.unwrap(), 0);
    app.advance(TimeDelta::days(15));
    assert_eq!(services.rights.carry_out(2).await.unwrap(), 1);
    token
}

async fn registers(app: &Inner, email: &str) {
    let answer = app.post("/v1/accounts", &registration_body(app, email).await).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
}

/// How many mails to an address say something.
fn mails_saying(app: &App, email: &str, words: &str) -> usize {
    app.mails_to(email).iter().filter(|mail| mail.contains(words)).count()
}

#[tokio::test]
async fn an_operator_bans_and_the_person_is_told_keeps_the_rights_and_can_be_freed() {
    let database = TestDatabase::fresh();
    let settings = settings(&database, &[]);
    let process = Process::serve(&settings);
    let service = Inner::of_process(database, settings.clone(), &process);
    let ada = service.person(EMAIL).await;
    let run = |arguments: &[&str]| Process::run(&settings, &[&["accounts"], arguments].concat());
    let ban = ["ban", &ada.account_id, "--ground", "fraud", "--days", "30"];
    assert!(!run(&["ban", &ada.account_id, "--ground", "fraud", "--days", "0"]).status.success());

    let banned = run(&ban);
    assert!(banned.status.success(), "{}", String::from_utf8_lossy(&banned.stderr));
    let told = service.mail_saying(EMAIL, "You are banned from Smart-mining").await;
    assert!(told.contains("clause 6.3") && told.contains("fraud"), "{told}");
    assert_eq!(ada.gets("/v1/account").await.status, 401, "sessions end at once");
    let back = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    let security = back.gets("/v1/account/security").await.json();
    assert_eq!((&security["state"], &security["state_reason"]), (&json!("restricted"), &json!("banned")));
    assert_eq!(back.changes_profile(json!({ "display_name": "ada" })).await.status, 423);
    assert_eq!(back.steps_up_by_mail(EMAIL).await.status, 201);
    let preview = json!({ "kind": "access" });
    let preview = back.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&preview)).await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    assert!(!run(&ban).status.success(), "once");
    assert!(!run(&["restrict", &ada.account_id]).status.success(), "a lesser restriction is no way out");

    let listed = String::from_utf8(run(&["bans"]).stdout).unwrap();
    assert!(listed.contains(&ada.account_id) && listed.contains("fraud"), "{listed}");
    let id = listed.split_whitespace().next().unwrap();
    assert!(run(&["end-ban", id]).status.success());
    assert!(!run(&["end-ban", id]).status.success());
    assert_eq!(back.gets("/v1/account").await.json()["state"], "active");
    assert!(run(&ban).status.success(), "it can come again");
    assert!(run(&["lift", &ada.account_id]).status.success());
    assert_eq!(run(&["bans"]).stdout, b"");
    process.kill();
}

#[tokio::test]
async fn whoever_was_banned_and_erased_is_recognised_until_the_ban_ends_and_by_nothing_else() {
    let app = App::start().await;
    let (ada, eve) = (app.person(EMAIL).await, app.person("eve@example.org").await);
    let ban = bans(&app, &ada, 45).await;
    let services = services(&app).await;
    let ada = app.signs_in(EMAIL, &ada.cookie).await;
    assert_eq!(ada.steps_up_by_mail(EMAIL).await.status, 201);
    let preview = json!({ "kind": "erasure" });
    let preview = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&preview)).await.json();
    let kept = |entries: &Value| -> Vec<Value> {
        let entries = entries.as_array().unwrap();
        entries.iter().filter(|entry| entry["fate"] == "kept").cloned().collect()
    };
    let shown = kept(&preview["entries"]);
    assert_eq!((shown.len(), &shown[0]["category"]), (1, &json!("ban_mark")), "{preview}");
    let token = erased(&app, &services, &ada).await;
    let certificate = eventually("the certificate", || async {
        let result = app.post("/v1/rights-request-results", &json!({ "result_token": token })).await.json();
        let found = result["certificate"].clone();
        (!found.is_null()).then_some(found)
    })
    .await;
    let certified = kept(&says(&app, &certificate).await["entries"]);
    assert_eq!(certified.len(), 1);
    let law = certified[0]["law"].as_str().unwrap();
    assert!(law.contains("clause 6.3") && law.contains("art. 17"), "{law}");
    assert_eq!(certified[0]["until"], ban.ends_at.to_string());
    assert!(certified[0].get("key_id").is_none(), "no key of hers seals it");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM bans WHERE account_id IS NOT NULL"), 0);

    // Alike for everybody who looks on; the reader of the mailbox alone learns why.
    registers(&app, EMAIL).await;
    let told = app.mail_saying(EMAIL, "cannot have a Smart-mining account now").await;
    assert!(told.contains("clause 6.3") && told.contains("complain"), "{told}");
    registers(&app, "carl@example.org").await;
    app.code_mailed_to("carl@example.org").await;
    let eve = app.signs_in("eve@example.org", &eve.cookie).await;
    assert_eq!(eve.steps_up_by_mail("eve@example.org").await.status, 201);
    let change = json!({ "email": EMAIL });
    let change = eve.sends(Method::POST, "/v1/account/email-changes", &[], Some(&change)).await;
    assert_eq!(change.status, 202, "{}", change.text);
    let refusals = || mails_saying(&app, EMAIL, "cannot have a Smart-mining account now");
    eventually("the second refusal", || async { (refusals() == 2).then_some(()) }).await;

    app.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    assert_eq!(services.accounts.end_past_bans(5).await.unwrap(), 0);
    registers(&app, EMAIL).await;
    eventually("the third refusal", || async { (refusals() == 3).then_some(()) }).await;
    app.advance(TimeDelta::seconds(1));
    assert_eq!(services.accounts.end_past_bans(5).await.unwrap(), 1);
    let left = "SELECT (SELECT count(*) FROM bans) + (SELECT count(*) FROM ban_marks) AS n";
    assert_eq!(app.database.number(left), 0, "the mark goes with the ban");
    let codes = || mails_saying(&app, EMAIL, "Your code to open a Smart-mining account");
    let before = codes();
    registers(&app, EMAIL).await;
    eventually("a code as for anybody", || async { (codes() == before + 1).then_some(()) }).await;
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn a_banned_person_with_another_address_is_recognised_by_the_document() {
    let app = App::start().await;
    let admins = app.admins().await;
    let support = app.member(&admins, "support").await;
    let ada = asked(&app, &support, EMAIL).await;
    let carl = asked(&app, &support, "carl@example.org").await;
    let back = asked(&app, &support, "countess@example.org").await;
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    bans(&app, &ada, 30).await;
    let services = services(&app).await;
    let ada = app.signs_in(EMAIL, &ada.cookie).await;
    assert_eq!(ada.steps_up_by_mail(EMAIL).await.status, 201);
    erased(&app, &services, &ada).await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_document_numbers"), 0);

    let flags = || app.database.texts("SELECT kind AS t FROM kyc_flags");
    let carl = app.signs_in("carl@example.org", &carl.cookie).await;
    assert_eq!(carl.uploads(&Form::passport("LH654321")).await.status, 201);
    assert!(flags().is_empty(), "another person");
    let back = app.signs_in("countess@example.org", &back.cookie).await;
    let same = back.uploads(&Form::passport("lh 123-456")).await;
    assert_eq!((same.status, same.header("log-promise")), (201, ""), "nothing tells: {}", same.text);
    assert_eq!(flags(), ["banned_person"]);
    for view in ["/v1/kyc", "/v1/notices", "/v1/access-log"] {
        assert!(!back.gets(view).await.text.contains("banned"), "{view}");
    }
}

#[tokio::test]
async fn a_ban_that_ends_frees_the_account_that_is_still_there() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    bans(&app, &ada, 7).await;
    let services = services(&app).await;
    app.advance(TimeDelta::days(7));
    assert_eq!(services.accounts.end_past_bans(5).await.unwrap(), 1);
    assert_eq!(services.accounts.end_past_bans(5).await.unwrap(), 0);
    app.mail_saying(EMAIL, "no longer restricted").await;
    let back = app.signs_in(EMAIL, &ada.cookie).await;
    assert_eq!(back.gets("/v1/account").await.json()["state"], "active");
}
