//! Master keys: looked after by command, rotated under a running service, never mistaken.

use std::{fs, os::unix::fs::PermissionsExt};

use chrono::TimeDelta;
use serde_json::json;
use smart_mining::{
    config::Config,
    domain::time::Timestamp,
    server,
    services::{clock::Clock, vault::epochs},
};

use crate::support::{App, PASSWORD, Process};

const EMAIL: &str = "ada@example.org";

fn keys(app: &App, arguments: &[&str]) -> String {
    let output = Process::run(&app.settings, &[&["keys"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn every_purpose_rotates_and_what_was_sealed_still_opens() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let (access, refresh) = (ada.access_token.clone(), ada.refresh_token.clone());
    drop(ada);
    let status = keys(&app, &["status"]);
    assert_eq!(status.lines().count(), 15, "{status}");
    assert!(status.lines().any(|line| line.starts_with("kek") && line.ends_with(" 6")), "{status}");

    // A service that runs is given time to learn of a new index key; here it is stopped instead.
    let mut app = app.stop_and_keep().await;
    for purpose in ["kek", "pepper", "token_mac", "person_token", "email_index", "log", "receipt", "package"]
    {
        let said = keys(&app, &["rotate", purpose]);
        assert!(said.contains(&format!("{purpose} is at version 2")), "{said}");
    }
    let status = keys(&app, &["status"]);
    let kek = |version: &str| {
        status.lines().find(|line| line.starts_with("kek") && line.contains(version)).unwrap().to_owned()
    };
    assert!(kek(" 1  decrypt_only").ends_with('-'), "{status}");
    assert!(kek(" 2  active").ends_with(" 6"), "{status}");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM account_emails"), 2);

    app = app.restart().await;
    let bearer = format!("Bearer {access}");
    let account = app.send(reqwest::Method::GET, "/v1/account", &[("authorization", &bearer)], None).await;
    assert_eq!((account.status, &account.json()["email"]), (200, &json!(EMAIL)));
    assert_eq!(app.post("/v1/sessions/refresh", &json!({ "refresh_token": refresh })).await.status, 201);
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    for _ in 0..2 {
        assert_eq!(app.post("/v1/sessions", &sign_in).await.status, 201);
    }
    let versions = app.get("/.well-known/jwks.json").await.json();
    let kids: Vec<&str> =
        versions["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(
        kids,
        ["person-2", "person-1", "log-2", "log-1", "receipt-2", "receipt-1", "package-2", "package-1"]
    );

    // Still one mailbox, one account.
    let registrant = app.register(EMAIL).await;
    let told =
        || async { app.mails_to(EMAIL).iter().any(|mail| mail.contains("already have")).then_some(()) };
    crate::support::eventually("the mail to the owner", told).await;
    drop(registrant);
    assert_eq!(
        app.database.number(
            "SELECT count(*) AS n FROM log_leaves WHERE leaf_id IN (SELECT leaf_id FROM log_public_details)"
        ),
        9,
        "one for each rotation, and the first policy version"
    );
}

#[tokio::test]
async fn a_running_service_opens_what_a_rotation_wrapped_anew() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;

    keys(&app, &["rotate", "kek"]);

    // A restart forgets the keys in memory, as a minute would.
    let access = ada.access_token.clone();
    drop(ada);
    let app = app.restart().await;
    let bearer = format!("Bearer {access}");
    assert_eq!(
        app.send(reqwest::Method::GET, "/v1/account", &[("authorization", &bearer)], None).await.status,
        200
    );
    assert_eq!(app.person("eve@example.org").await.gets("/v1/account").await.status, 200);
}

#[tokio::test]
async fn a_wrong_lost_or_exposed_key_file_stops_the_start() {
    let app = App::start().await;
    app.person(EMAIL).await;
    let app = app.stop_and_keep().await;
    let file = app.database.folder.path().join("keys/master.keys");
    let kept = fs::read(&file).unwrap();
    let refused = |app: &App| {
        let output = Process::run(&app.settings, &["keys", "status"]);
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };

    fs::remove_file(&file).unwrap();
    assert!(refused(&app).contains("not the one that this database was sealed under"));
    assert!(!file.exists(), "no new key is made beside old data");

    let other = App::start().await;
    fs::copy(other.database.folder.path().join("keys/master.keys"), &file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refused(&app).contains("not the one that this database was sealed under"));

    let damaged = String::from_utf8(kept.clone()).unwrap().replacen("|1|", "|2|", 1);
    fs::write(&file, damaged).unwrap();
    assert!(refused(&app).contains("damaged"));

    fs::write(&file, &kept).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refused(&app).contains("others than its owner may read it"));

    let elsewhere = app.database.folder.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert!(refused(&app).contains("is a link"));

    fs::remove_file(&file).unwrap();
    fs::rename(&elsewhere, &file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(keys(&app, &["status"]).contains("token_mac"));
}

#[tokio::test]
async fn keys_of_another_installation_are_not_opened() {
    let app = App::start().await;
    app.person(EMAIL).await;
    let other = App::start().await;
    other.person("eve@example.org").await;
    let keys_before = other.database.keys_number("SELECT count(*) AS n FROM subject_keys");

    for (name, url) in
        [("KEY_STORE_URL", &other.database.keys_url), ("DATABASE_URL", &other.database.data_url)]
    {
        let mut settings = app.settings.clone();
        settings.insert(format!("SMART_MINING_{name}"), url.clone());
        let output = Process::run(&settings, &["keys", "status"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("not of one installation"), "{said}");
    }
    let mut settings = app.settings.clone();
    let empty = crate::support::TestDatabase::fresh();
    settings.insert("SMART_MINING_DATABASE_URL".to_owned(), empty.data_url.clone());
    let said = String::from_utf8(Process::run(&settings, &["keys", "status"]).stderr).unwrap();
    assert!(said.contains("not of one installation"), "an empty database beside keys: {said}");

    assert_eq!(other.database.keys_number("SELECT count(*) AS n FROM subject_keys"), keys_before);
}

#[tokio::test]
async fn a_replaced_signing_key_verifies_for_an_hour_more() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    drop(ada);
    let app = app.stop_and_keep().await;
    keys(&app, &["rotate", "person_token"]);
    let app = app.restart().await;
    let kids = |body: serde_json::Value| body["keys"].as_array().unwrap().len();

    // The command's clock is the machine's; the service's is moved to just after it.
    let since = chrono::TimeDelta::microseconds(
        i64::try_from(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros(),
        )
        .unwrap()
            - app.clock.now().as_micros(),
    );
    app.advance(since);
    assert_eq!(kids(app.get("/.well-known/jwks.json").await.json()), 5);
    app.advance(chrono::TimeDelta::hours(1));
    assert_eq!(
        kids(app.get("/.well-known/jwks.json").await.json()),
        4,
        "and the keys of the log, of receipts and of packages"
    );
}

#[tokio::test]
async fn a_key_that_wraps_nothing_dies_once_no_copy_of_the_store_may_be_left() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    drop(ada);
    let app = app.stop_and_keep().await;
    assert!(keys(&app, &["rotate", "kek"]).contains("version 2"));
    assert!(keys(&app, &["destroy-past"]).contains("none"), "copies of its time may be left for days");
    let config = Config::from_vars(app.settings.clone()).unwrap();
    let clock = Clock::system();
    let stores = server::open_stores(&config, &clock).await.unwrap();
    let kms = server::open_kms(&config, &stores.data, &clock).await.unwrap();
    let destroy = |now: Timestamp| {
        let (stores, kms) = (stores.clone(), kms.clone());
        async move {
            let before = now.minus(TimeDelta::days(7));
            epochs::destroy_past((&stores.data, &stores.keys), &kms, before, now).await.unwrap()
        }
    };
    // As if a key of a person had been left behind by a rotation that was cut off.
    app.database.keys_sql("UPDATE subject_keys SET kek_version = 1 WHERE category = 'contact'");
    let later = clock.now().plus(TimeDelta::days(8));
    assert_eq!(destroy(later).await, Vec::<u32>::new(), "it is still needed");
    app.database.keys_sql("UPDATE subject_keys SET kek_version = 2");
    assert_eq!(destroy(clock.now()).await, Vec::<u32>::new());
    assert_eq!(destroy(later).await, [1]);
    assert_eq!(destroy(later).await, Vec::<u32>::new());
    let status = keys(&app, &["status"]);
    assert!(!status.lines().any(|line| line.starts_with("kek") && line.contains(" 1  ")), "{status}");
    drop((stores, kms));
    // What lives still opens, and the start finds nothing amiss.
    let app = app.restart().await;
    let ada = app.signs_in(EMAIL, "").await;
    assert_eq!(ada.gets("/v1/account").await.json()["email"], EMAIL);
}
