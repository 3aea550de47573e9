//! The schema: the same on both databases, wholly described, and append-only where it says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use secrecy::SecretString;
use smart_mining::{
    config::Config,
    db::{Settings, migrate},
    domain::{
        data_dictionary::{Category, ENTRIES, NOT_PERSONAL},
        ids::AccountId,
    },
    server,
    services::{clock::Clock, erasure::ErasureService, files::FileStore, vault::Vault},
};

use crate::support::{App, Form, is_postgres};

const PAIRS: [(&str, &str); 2] =
    [("migrations/sqlite", "migrations/postgres"), ("migrations/keys_sqlite", "migrations/keys_postgres")];

fn versions(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().filter_map(Result::ok);
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// Table by table, the columns that a folder's migrations create.
fn tables(folder: &str) -> BTreeMap<String, Vec<String>> {
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for version in versions(folder) {
        let sql = fs::read_to_string(format!("{folder}/{version}/up.sql")).unwrap();
        for create in sql.split("CREATE TABLE ").skip(1) {
            let (name, body) = create.split_once(" (\n").unwrap();
            let body = body.split("\n)").next().unwrap();
            let columns = body
                .lines()
                .filter_map(|line| line.strip_prefix("    "))
                .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
                .map(|line| line.split(' ').next().unwrap().to_owned());
            tables.insert(name.to_owned(), columns.collect());
        }
        for alter in sql.split("ALTER TABLE ").skip(1) {
            let mut words = alter.split_whitespace();
            let table = words.next().unwrap();
            if (words.next(), words.next()) == (Some("ADD"), Some("COLUMN")) {
                tables.get_mut(table).unwrap().push(words.next().unwrap().to_owned());
            }
        }
    }
    tables
}

#[test]
fn both_databases_have_the_same_migrations_tables_and_columns() {
    for (sqlite, postgres) in PAIRS {
        assert_eq!(versions(sqlite), versions(postgres));
        assert_eq!(tables(sqlite), tables(postgres));
        for folder in [sqlite, postgres] {
            for version in versions(folder) {
                assert!(fs::exists(format!("{folder}/{version}/down.sql")).unwrap(), "{folder}/{version}");
            }
        }
    }
}

#[test]
fn every_column_is_in_the_data_dictionary_or_marked_not_personal() {
    let personal: BTreeSet<String> =
        ENTRIES.iter().map(|entry| format!("{}.{}", entry.table, entry.column)).collect();
    let marked: BTreeSet<&str> =
        NOT_PERSONAL.iter().flat_map(|(_, columns)| columns.iter().copied()).collect();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut all = BTreeSet::new();
    for folder in PAIRS.iter().flat_map(|(sqlite, postgres)| [*sqlite, *postgres]) {
        for (table, columns) in tables(folder) {
            for column in columns {
                let exact = format!("{table}.{column}");
                let anywhere = format!("*.{column}");
                let marks = [exact.as_str(), anywhere.as_str()];
                let is_marked = marks.iter().any(|mark| marked.contains(*mark));
                assert!(
                    personal.contains(&exact) != is_marked,
                    "{exact}: in the dictionary or marked, not both"
                );
                used.extend(marks.iter().filter_map(|mark| marked.iter().find(|known| *known == mark)));
                all.insert(exact);
            }
        }
    }
    assert_eq!(personal.difference(&all).count(), 0, "{:?}", personal.difference(&all));
    assert_eq!(marked.difference(&used).count(), 0, "{:?}", marked.difference(&used));
}

fn sql(folder: &str) -> String {
    versions(folder).iter().map(|v| fs::read_to_string(format!("{folder}/{v}/up.sql")).unwrap()).collect()
}

#[test]
fn every_table_of_persons_carries_their_id_in_its_key() {
    for create in sql("migrations/postgres").split("CREATE TABLE ").skip(1) {
        let table = create.split(' ').next().unwrap();
        let body = create.split("\n)").next().unwrap();
        // Small tables of global uniqueness, keyed by a hash or a cookie, find their person the other way; a ban outlives
        // what it knows of its person.
        if !body.contains("account_id uuid")
            || ["account_emails", "bans", "devices", "idempotency_keys"].contains(&table)
        {
            continue;
        }
        let inline = body
            .lines()
            .any(|line| line.trim_start().starts_with("account_id") && line.contains("PRIMARY KEY"));
        let composite = body.contains("PRIMARY KEY (account_id");
        assert!(inline || composite, "{table}");
    }
}

#[tokio::test]
async fn every_table_loads() {
    let app = App::start().await;
    app.person("ada@example.org").await.changes_profile(serde_json::json!({ "display_name": "ada" })).await;
    for (table, columns) in tables("migrations/postgres") {
        let query = format!("SELECT count({}) AS n FROM {table}", columns[0]);
        assert!(app.database.number(&query) >= 0, "{table}");
    }
    for (table, columns) in tables("migrations/keys_postgres") {
        assert!(app.database.keys_number(&format!("SELECT count({}) AS n FROM {table}", columns[0])) >= 0);
    }
}

#[tokio::test]
async fn ledgers_and_leaves_are_written_once() {
    let app = App::start().await;
    app.person("ada@example.org").await;
    let choice = serde_json::json!({ "consents": [{ "purpose": "analytics", "granted": false }] });
    let path = "/v1/devices/current/consents";
    assert_eq!(app.send(reqwest::Method::PUT, path, &[], Some(&choice)).await.status, 200);
    for (table, column) in [
        ("log_leaves", "hash"),
        ("log_public_details", "detail"),
        ("policy_versions", "version"),
        ("policy_acceptances", "method"),
        ("consent_events", "action"),
        ("device_consent_events", "action"),
    ] {
        let rows = app.database.number(&format!("SELECT count(*) AS n FROM {table}"));
        assert!(rows > 0, "{table}");
        assert!(app.database.try_sql(&format!("UPDATE {table} SET {column} = {column}")).is_err(), "{table}");
        assert!(app.database.try_sql(&format!("DELETE FROM {table}")).is_err(), "{table}");
        assert_eq!(app.database.number(&format!("SELECT count(*) AS n FROM {table}")), rows);
    }
}

#[tokio::test]
async fn erasing_every_category_empties_every_personal_column() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    ada.changes_profile(
        serde_json::json!({ "display_name": "ada", "time_zone": "Pacific/Auckland", "language": "de" }),
    )
    .await;
    ada.changes_profile(serde_json::json!({ "display_name": "ada2", "time_zone": null })).await;
    let key = [("idempotency-key", "0123456789abcdef0123")];
    ada.sends(reqwest::Method::POST, "/v1/account/data-confirmations", &key, None).await;
    let admins = app.admins().await;
    let support = app.member(&admins, "support").await;
    let asks = serde_json::json!({ "account_id": ada.account_id, "ground": "activity", "private_reason": "A test." });
    assert_eq!(support.posts("/v1/staff/kyc-cases", &asks).await.status, 201);
    assert_eq!(ada.uploads(&Form::licence("LH123456")).await.status, 201);
    let pictures = || std::fs::read_dir(app.database.folder.path().join("files")).unwrap().count();
    assert!(pictures() > 0);
    let eve = app.person("eve@example.org").await;
    let id: AccountId = ada.account_id.parse().unwrap();

    let config = Config::from_vars(app.settings.clone()).unwrap();
    let stores = server::open_stores(&config, &Clock::system()).await.unwrap();
    let kms = server::open_kms(&config, &stores.data, &Clock::system()).await.unwrap();
    let vault = Vault::new(kms, stores.keys.clone());
    let files = FileStore::open(&config.files).unwrap();
    let erasure = ErasureService::new(stores.data.clone(), vault.clone(), files, Clock::system());
    for category in Category::ALL {
        erasure.erase(id, *category).await.unwrap();
        erasure.erase(id, *category).await.unwrap();
    }

    let uuid = ada.account_id.trim_start_matches("acc_");
    let id_text = if is_postgres() { format!("'{uuid}'") } else { format!("x'{uuid}'") };
    let keyed_otherwise =
        ["blocks", "ban_marks", "throttles", "staff_members", "staff_emails", "instruments", "ad_clicks"];
    for entry in ENTRIES.iter().filter(|entry| !keyed_otherwise.contains(&entry.table)) {
        let query = format!(
            "SELECT count(*) AS n FROM {} WHERE account_id = {id_text} AND {} IS NOT NULL",
            entry.table, entry.column
        );
        assert_eq!(app.database.number(&query), 0, "{}.{}", entry.table, entry.column);
    }
    assert_eq!(pictures(), 0, "files go with the rows that name them");
    let keys = format!("SELECT count(*) AS n FROM subject_keys WHERE account_id = {id_text}");
    assert_eq!(app.database.keys_number(&keys), 0);
    assert!(
        vault.create(id, Category::AT_REGISTRATION, Clock::system().now()).await.is_err(),
        "nothing makes a key again that was destroyed",
    );
    assert_eq!(ada.gets("/v1/account").await.status, 401);
    assert_eq!(eve.gets("/v1/account").await.status, 200);
}

/// What the application adds to and never changes.
const APPEND_ONLY: &[&str] = &[
    "log_leaves",
    "log_entries",
    "log_origins",
    "log_nodes",
    "log_checkpoints",
    "log_public_details",
    "policy_versions",
    "policy_acceptances",
    "consent_events",
    "staff_reads",
    "kyc_decisions",
    "recipient_events",
    "disclosure_events",
    "processing_limit_events",
    "obligation_rounds",
    "rights_request_events",
    "ad_reports",
    "ad_report_cells",
    "transfer_approvals",
];

#[test]
fn what_is_only_added_to_refuses_every_change_by_itself() {
    for table in APPEND_ONLY {
        let sqlite = sql("migrations/sqlite");
        for change in ["UPDATE", "DELETE"] {
            assert!(sqlite.contains(&format!("BEFORE {change} ON {table}\n")), "{change} of {table}");
        }
        let refused = format!("BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}\n");
        assert!(sql("migrations/postgres").contains(&refused), "{table}");
    }
}

#[tokio::test]
async fn the_applications_role_gets_no_more_than_it_needs() {
    if !is_postgres() {
        return;
    }
    let app = App::start().await;
    app.person("ada@example.org").await;
    let role = format!("app_{}", app.database.data_url.rsplit_once('/').unwrap().1);
    app.database.sql(&format!("CREATE ROLE {role} LOGIN"));
    let (head, name) = app.database.data_url.rsplit_once('/').unwrap();
    let address = head.rsplit_once('@').unwrap().1;
    let url = SecretString::from(format!("postgres://{role}@{address}/{name}"));
    let settings = Settings { url, connections: 1, max_mib: None, holds_keys: false };

    migrate::run(&settings, Some(&SecretString::from(app.database.data_url.clone()))).unwrap();
    assert!(!migrate::is_pending(&settings).unwrap(), "the role itself sees that nothing is pending");

    let may = |table: &str, right: &str| {
        app.database.number(&format!(
            "SELECT CAST(has_table_privilege('{role}', '{table}', '{right}') AS int)::bigint AS n"
        )) == 1
    };
    for table in tables("migrations/postgres").keys() {
        assert!(may(table, "SELECT") && may(table, "INSERT"), "{table}");
        let append_only = APPEND_ONLY.contains(&table.as_str());
        assert_eq!(may(table, "UPDATE"), !append_only, "{table}");
        assert_eq!(may(table, "DELETE"), !append_only, "{table}");
        assert!(!may(table, "TRUNCATE"), "{table}");
    }
    app.database.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
