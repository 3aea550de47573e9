//! Notices: everybody is told of a publication, once, in the service and by mail.

use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::json;

use crate::support::{App, Inner, Process, TestDatabase, eventually, http_sink, settings};

const EMAIL: &str = "ada@example.org";

async fn told(app: &Inner) {
    let running = "SELECT count(*) AS n FROM notice_campaigns WHERE finished_at IS NULL";
    eventually("everybody is told", || async { (app.database.number(running) == 0).then_some(()) }).await;
}

#[tokio::test]
async fn a_publication_is_told_in_the_service_and_by_mail() {
    let app = App::start().await;
    let (ada, team) = (app.person(EMAIL).await, app.policy_team().await);
    app.publishes(&team, |draft| draft["summary"] = json!("Fewer words, same meaning.")).await;
    let mail = app.mail_saying(EMAIL, "Fewer words, same meaning.").await;
    assert!(mail.contains("/policy?version=2"), "{mail}");
    let notice = || async {
        let notices = ada.gets("/v1/notices").await.json();
        (notices["data"][0]["mail"] == "sent").then(|| notices["data"][0].clone())
    };
    let notice = eventually("the mail is sent", notice).await;
    assert_eq!((&notice["kind"], &notice["policy_version"]), (&json!("policy_published"), &json!(2)));
    assert_eq!((&notice["clause"], &notice["acknowledged_at"]), (&json!("9.2"), &json!(null)));
    let path = format!("/v1/notices/{}/acknowledgement", notice["notice_id"].as_str().unwrap());
    let acknowledged = ada.sends(Method::POST, &path, &[], None).await;
    assert_eq!(acknowledged.status, 201, "{}", acknowledged.text);
    let first = acknowledged.json()["acknowledged_at"].clone();
    assert!(first.is_string());
    app.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(ada.sends(Method::POST, &path, &[], None).await.json()["acknowledged_at"], first);
    let eve = app.person("eve@example.org").await;
    assert_eq!(eve.sends(Method::POST, &path, &[], None).await.status, 404);
    told(&app).await;
    assert_eq!(eve.gets("/v1/notices").await.json()["data"], json!([]), "who registered since knows of it");
}

#[tokio::test]
async fn whoever_restricted_it_is_told_in_the_service_and_not_by_mail() {
    let app = App::start().await;
    let (ada, bob, team) =
        (app.person(EMAIL).await, app.person("bob@example.org").await, app.policy_team().await);
    let asked = json!({ "kind": "restriction", "purpose": "notices" });
    let preview = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await.json();
    assert_eq!(preview["consequences"], json!([{ "code": "mails_stop", "clause": "9.2" }]));
    let id = ada.asks_for("restriction", Some("notices"), None).await;
    app.publishes(&team, |draft| draft["summary"] = json!("Fewer words, same meaning.")).await;
    app.mail_saying("bob@example.org", "Fewer words, same meaning.").await;
    told(&app).await;
    let notice = ada.gets("/v1/notices").await.json()["data"][0].clone();
    assert_eq!((&notice["kind"], &notice["mail"]), (&json!("policy_published"), &json!("none")));
    assert!(!app.mails_to(EMAIL).iter().any(|mail| mail.contains("Fewer words")));
    // Taken back, the next is mailed again.
    assert_eq!(ada.takes_back(&id).await.status, 201);
    app.publishes(&team, |draft| draft["summary"] = json!("More words, same meaning.")).await;
    app.mail_saying(EMAIL, "More words, same meaning.").await;
    drop(bob);
}

#[tokio::test]
async fn who_verifies_an_older_acceptance_is_told_too() {
    let app = App::start().await;
    let team = app.policy_team().await;
    let waiting = app.register(EMAIL).await;
    let code = app.code_mailed_to(EMAIL).await;
    app.publishes(&team, |_| {}).await;
    told(&app).await;
    let ada = waiting.verify(&code).await;
    let notices = ada.gets("/v1/notices").await.json();
    assert_eq!(notices["data"][0]["policy_version"], 2);
    assert_eq!(
        ada.changes_profile(json!({ "display_name": "ada" })).await.problem(),
        (403, "policy_acceptance_required".to_owned())
    );
}

#[tokio::test]
async fn the_fate_of_a_mail_outlives_its_row_in_the_outbox() {
    let app = App::start().await;
    let (ada, team) = (app.person(EMAIL).await, app.policy_team().await);
    app.publishes(&team, |_| {}).await;
    let sent = || async { (ada.gets("/v1/notices").await.json()["data"][0]["mail"] == "sent").then_some(()) };
    eventually("the mail is sent", sent).await;
    drop(team);
    app.advance(chrono::TimeDelta::days(31));
    let app = {
        drop(ada);
        app.restart().await
    };
    let gone = || async {
        (app.database.number("SELECT count(*) AS n FROM outbox WHERE state = 'sent'") == 0).then_some(())
    };
    eventually("the outbox is tidy", gone).await;
    assert_eq!(app.database.texts("SELECT mail_state AS t FROM notices"), ["sent"]);
}

#[tokio::test]
async fn what_somebody_waits_for_overtakes_what_goes_to_everybody() {
    let (port, caught) = http_sink().await;
    caught.refuses.store(true, Ordering::SeqCst);
    let url = format!("http://127.0.0.1:{port}");
    let gateway = [("MAIL", "gateway"), ("MAIL_GATEWAY_URL", &url), ("MAIL_GATEWAY_TOKEN", "a-token")];
    let app = App::start_with(&gateway).await;
    let wait = async |count: i64| {
        let waiting = "SELECT count(*) AS n FROM outbox WHERE state = 'queued' AND attempts = 1";
        eventually("the first attempt", || async { (app.database.number(waiting) == count).then_some(()) })
            .await;
    };
    for n in 0..40 {
        app.register(&format!("p{n}@example.org")).await;
    }
    wait(40).await;
    app.database.sql("UPDATE outbox SET bulk = 1");
    // Asked for last, and due last.
    app.register(EMAIL).await;
    wait(41).await;

    caught.refuses.store(false, Ordering::SeqCst);
    app.advance(chrono::TimeDelta::hours(1));
    eventually("everything", || async { (caught.all().len() == 41).then_some(()) }).await;
    let place = caught.all().iter().position(|post| post.contains(EMAIL)).unwrap();
    assert!(place < 16, "the code left in place {place}, behind the first batch");
}

#[tokio::test]
async fn whoever_opens_an_account_under_an_older_version_is_told_once_and_stops_nobody() {
    let app = App::start().await;
    let (ada, team) = (app.register(EMAIL).await, app.policy_team().await);
    let early = app.person("early@example.org").await;
    app.publishes(&team, |_| {}).await;
    told(&app).await;
    let ada = ada.verify(&app.code_mailed_to(EMAIL).await).await;
    assert!(app.mail_saying(EMAIL, "/policy?version=2").await.contains("A change."));
    // As if the walk had not come by yet.
    app.database.sql("UPDATE notice_campaigns SET finished_at = NULL, told_until = NULL, told = 0");
    app.publishes(&team, |_| {}).await;
    told(&app).await;
    for person in [&ada, &early] {
        let notices = person.gets("/v1/notices").await.json();
        let versions: Vec<i64> = notices["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|notice| notice["policy_version"].as_i64().unwrap())
            .collect();
        assert_eq!(versions, [3, 2]);
        assert_ne!(notices["data"][1]["mail"], "none");
    }
}

/// Ten people, and a process that is killed again and again while it tells them.
#[tokio::test]
async fn a_killed_process_leaves_nobody_out_and_tells_nobody_twice() {
    let database = TestDatabase::fresh();
    let settings = settings(&database, &[]);
    let process = Process::serve(&settings);
    let service = Inner::of_process(database, settings.clone(), &process);
    for n in 0..10 {
        service.person(&format!("p{n}@example.org")).await;
    }
    process.kill();
    // As a publication leaves it.
    service.database.sql(
        "INSERT INTO policy_versions (version, clauses, purposes, storage_places, content_hash, published_at, leaf_id) \
         SELECT 2, clauses, purposes, storage_places, content_hash, published_at, leaf_id FROM policy_versions; \
         INSERT INTO notice_campaigns (policy_version, batch, told, started_at) \
         SELECT 2, 0, 0, max(created_at) FROM accounts;",
    );
    for _ in 0..3 {
        let process = Process::serve(&settings);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        process.kill();
    }
    let process = Process::serve(&settings);
    told(&service).await;
    assert_eq!(service.database.number("SELECT count(*) AS n FROM notices WHERE policy_version = 2"), 10);
    let mails = "SELECT count(*) AS n FROM outbox o JOIN notices n ON n.message_id = o.message_id";
    assert_eq!(service.database.number(mails), 10);
    process.kill();
}
