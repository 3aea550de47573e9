//! Trouble below: answered in time, with the right status, and nothing half done.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, App, PASSWORD, Wire, company, eventually, is_postgres, registration_body};

/// An answer that says: come back later.
fn is_put_off(answer: &Answer) {
    assert_eq!(answer.problem(), (503, "try_again".to_owned()));
    assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    is_silent(answer);
}

/// Nothing of the machinery shows.
fn is_silent(answer: &Answer) {
    for word in [
        "SELECT",
        "INSERT",
        "diesel",
        "sqlite",
        "SQLite",
        "libpq",
        "postgres",
        "constraint",
        ".rs:",
        "panicked",
    ] {
        assert!(!answer.text.contains(word), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_missing_table_is_an_internal_error_without_words() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    app.database.sql("ALTER TABLE profiles RENAME TO profiles_gone");

    let answer = ada.gets("/v1/account").await;

    assert_eq!(answer.problem(), (500, "internal".to_owned()));
    is_silent(&answer);
    app.database.sql("ALTER TABLE profiles_gone RENAME TO profiles");
    assert_eq!(ada.gets("/v1/account").await.status, 200, "the service recovers by itself");
}

#[tokio::test]
async fn without_its_leaf_an_act_does_not_happen() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    app.database.sql("ALTER TABLE log_details RENAME TO log_details_gone");

    let answer = ada.changes_profile(json!({ "display_name": "ada" })).await;

    is_put_off(&answer);
    app.database.sql("ALTER TABLE log_details_gone RENAME TO log_details");
    let account = ada.gets("/v1/account").await;
    assert_eq!((account.json()["display_name"].clone(), account.header("etag")), (json!(null), "\"v1\""));
    assert_eq!(app.database.number("SELECT sequence AS n FROM accounts"), 8);
    assert_eq!(ada.changes_profile(json!({ "display_name": "ada" })).await.status, 200);
}

#[tokio::test]
async fn staff_and_partners_are_told_no_more_of_it() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person("ada@example.org").await);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["email"])).await;

    app.database.sql("ALTER TABLE log_details RENAME TO log_details_gone");
    let case = json!({ "account_id": ada.account_id, "category": "other" });
    is_put_off(&desk.processor.posts("/v1/staff/support-cases", &case).await);
    is_put_off(&pool.pulls(&app, &id).await);
    app.database.sql("ALTER TABLE log_details_gone RENAME TO log_details");

    app.database.sql("ALTER TABLE recipients RENAME TO recipients_gone");
    let bearer = [("authorization", pool.bearer.as_str())];
    let seen = app.send(Method::GET, "/v1/partner/disclosures", &bearer, None).await;
    for answer in [desk.legal.gets("/v1/staff/recipients").await, seen] {
        assert_eq!(answer.problem(), (500, "internal".to_owned()));
        is_silent(&answer);
    }
    app.database.sql("ALTER TABLE recipients_gone RENAME TO recipients");
    assert_eq!(pool.pulls(&app, &id).await.status, 201, "nothing was half done");
}

// The line needs a thread of its own: migrations hold the one that starts the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_reached_puts_callers_off_and_comes_back() {
    if is_postgres() {
        a_cut_line_to_postgres().await;
    } else {
        a_locked_sqlite_file().await;
    }
}

async fn a_locked_sqlite_file() {
    use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let mut other = SqliteConnection::establish(app.database.data_url.trim_start_matches("sqlite:")).unwrap();
    other.batch_execute("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE").unwrap();

    let begun = Instant::now();
    let write = ada.changes_profile(json!({ "display_name": "ada" })).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    is_put_off(&write);
    assert_eq!(ada.gets("/v1/account").await.status, 200, "readers of a write-ahead log go on");

    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(ada.changes_profile(json!({ "display_name": "ada" })).await.status, 200);
}

async fn a_cut_line_to_postgres() {
    let database = crate::support::TestDatabase::fresh();
    let (head, name) = database.data_url.rsplit_once('/').unwrap();
    let (user, address) = head.rsplit_once('@').unwrap();
    let wire = Wire::to(address.to_owned()).await;
    let through = format!("{user}@127.0.0.1:{}/{name}", wire.port);
    let app = App::start_on(database, &[("DATABASE_URL", &through)]).await;
    let ada = app.person("ada@example.org").await;
    wire.cut();

    let begun = Instant::now();
    is_put_off(&ada.gets("/v1/account").await);
    is_put_off(&ada.changes_profile(json!({ "display_name": "ada" })).await);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(app.get("/health/live").await.status, 200);
    is_put_off(&app.get("/health/ready").await);

    wire.mend();
    let back = || async { (ada.gets("/v1/account").await.status == 200).then_some(()) };
    eventually("the line's return", back).await;
    assert_eq!(ada.changes_profile(json!({ "display_name": "ada" })).await.status, 200);
}

#[tokio::test]
async fn a_full_database_puts_writers_off_and_loses_nothing() {
    if is_postgres() {
        return full_postgres().await;
    }
    let app = App::start_with(&[("SQLITE_MAX_MIB", "2")]).await;
    let ada = app.person("ada@example.org").await;
    let mut accepted = 0;
    let refused = loop {
        let names = format!("{}{accepted}", "n".repeat(40));
        let answer = ada.changes_profile(json!({ "display_name": names })).await;
        if answer.status != 200 {
            break answer;
        }
        accepted += 1;
        assert!(accepted < 20_000, "the file never fills");
    };
    is_put_off(&refused);
    assert!(accepted > 10, "{accepted}");
    assert_eq!(ada.gets("/v1/account").await.header("etag"), format!("\"v{}\"", accepted + 1));
    assert_eq!(app.database.number("SELECT count(*) AS n FROM account_changes"), accepted);
}

/// No disk fills on command; a server that refuses every write stands for it.
async fn full_postgres() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let name = app.database.data_url.rsplit_once('/').unwrap().1.to_owned();
    app.database.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    app.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

    let put_off = || async {
        let answer = ada.changes_profile(json!({ "display_name": "ada" })).await;
        (answer.status == 503).then_some(answer)
    };
    is_put_off(&eventually("a refusal", put_off).await);

    app.database
        .sql(&format!("BEGIN READ WRITE; ALTER DATABASE {name} RESET default_transaction_read_only; COMMIT"));
    app.database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    let back = || async {
        (ada.changes_profile(json!({ "display_name": "ada" })).await.status == 200).then_some(())
    };
    eventually("writes again", back).await;
}

#[tokio::test]
async fn a_key_store_out_of_reach_opens_no_account() {
    let app = App::start().await;
    let body = registration_body(&app, "ada@example.org").await;
    app.database.keys_sql("ALTER TABLE subject_keys RENAME TO subject_keys_gone");

    let answer = app.post("/v1/accounts", &body).await;

    assert_eq!(answer.status, 500);
    is_silent(&answer);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM registrations"), 0);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM outbox"), 0);
    app.database.keys_sql("ALTER TABLE subject_keys_gone RENAME TO subject_keys");
    assert_eq!(app.post("/v1/accounts", &body).await.status, 202);
}

#[tokio::test]
async fn a_storm_of_sign_ins_is_queued_or_put_off_and_reads_go_on() {
    let app = App::start_with(&[("ARGON2_MEMORY_KIB", "19456")]).await;
    let ada = app.person("ada@example.org").await;
    let mut others = Vec::new();
    for n in 0..15 {
        others.push((app.person(&format!("p{n}@example.org")).await, format!("p{n}@example.org")));
    }

    let storm = futures_util::future::join_all(
        others.iter().flat_map(|(person, email)| (0..8).map(move |_| person.signs_in(email, PASSWORD))),
    );
    let reads = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        futures_util::future::join_all((0..20).map(|_| ada.gets("/v1/account"))).await
    };
    let (storm, reads) = tokio::join!(storm, reads);

    assert!(reads.iter().all(|answer| answer.status == 200));
    let count = |status| storm.iter().filter(|answer| answer.status == status).count();
    assert_eq!(
        count(201) + count(503),
        120,
        "{:?}",
        storm.iter().map(|answer| answer.status).collect::<Vec<_>>()
    );
    assert!(count(201) >= 30, "{}", count(201));
    storm.iter().filter(|answer| answer.status == 503).for_each(is_put_off);
}
