//! The log: every act has its leaf, every leaf its place, and whoever changes either is found out.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};
use smart_mining::{
    config::Config,
    domain::evidence::LOG_RESTORED,
    repositories::log::append_unpromised,
    server,
    services::{
        log::{LeafDraft, copy::LogCopy, sequencer::Sequencer},
        vault::kms::Kms,
    },
};

use crate::support::{Answer, App, Inner, Process, eventually, is_postgres};

const EMAIL: &str = "ada@example.org";

/// The hashes of the leaves that an answer promises.
pub fn promised(answer: &Answer) -> Vec<String> {
    let promise = answer.header("log-promise");
    let payload = promise.split('.').nth(1).unwrap_or_else(|| panic!("a promise came: {}", answer.text));
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    payload["leaf_hashes"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().to_owned()).collect()
}

/// The proof of a leaf, once it has its place.
pub async fn placed(app: &Inner, leaf: &str) -> Value {
    let path = format!("/v1/log/proofs/inclusion?leaf_hash={leaf}");
    let ask = || async {
        let answer = app.get(&path).await;
        (answer.status == 200).then(|| answer.json())
    };
    eventually("the leaf's place", ask).await
}

/// All leaves that were written have their place and are signed.
async fn settled(app: &Inner) {
    let all = "SELECT (SELECT count(*) FROM log_leaves) - (SELECT coalesce(max(size), 0) FROM log_checkpoints) AS n";
    eventually("all leaves are signed", || async { (app.database.number(all) == 0).then_some(()) }).await;
}

fn verify(settings: &BTreeMap<String, String>, arguments: &[&str]) -> (bool, String) {
    let output = Process::run(settings, &[&["log", "verify"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.success(), text)
}

/// The log holds against everything that it can be held against.
pub async fn verifies(app: &Inner) {
    settled(app).await;
    let key = public_key(&app.settings);
    let (right, said) = verify(&app.settings, &["--public-key", &key]);
    assert!(right, "{said}");
}

fn public_key(settings: &BTreeMap<String, String>) -> String {
    let output = Process::run(settings, &["log", "keys"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn an_act_promises_its_leaf_and_keeps_the_promise() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let changed = ada.changes_profile(json!({ "display_name": "ada", "language": "de" })).await;
    let leaves = promised(&changed);
    assert_eq!(leaves.len(), 2, "one for each field");
    let proof = placed(&app, &leaves[1]).await;
    assert!(ada.gets("/v1/account").await.headers.get("log-promise").is_none(), "a read leaves nothing");

    let checkpoint = app.get("/v1/log/checkpoint").await.json();
    assert!(proof["leaf_index"].as_u64() < checkpoint["tree_size"].as_u64());
    let grew = app.get("/v1/log/proofs/consistency?from_size=1").await.json();
    assert_eq!(grew["from_size"], 1);

    let unknown = app.get(&format!("/v1/log/proofs/inclusion?leaf_hash={}", "0".repeat(64))).await;
    assert_eq!(unknown.problem(), (404, "not_found".to_owned()));
    let in_capitals = format!("inclusion?leaf_hash={}", leaves[1].to_uppercase());
    for query in [
        &in_capitals,
        "inclusion",
        "inclusion?leaf_hash=xyz",
        "inclusion?leaf_hash=00&leaf_hash=00",
        "consistency",
        "consistency?from_size=0",
        "consistency?from_size=1&to_size=1000000",
        "consistency?from_size=2&to_size=1",
        "consistency?from_size=01",
        "consistency?from_size=1&until=2",
    ] {
        let refused = app.get(&format!("/v1/log/proofs/{query}")).await;
        assert_eq!(refused.problem(), (400, "malformed_request".to_owned()), "{query}");
    }
}

/// Proof and checkpoint are what RFC 6962, RFC 8032 and C2SP say, for an implementation that is not
/// ours: Python's hashes, and the algorithms of the RFCs.
#[tokio::test]
async fn another_implementation_verifies_proof_checkpoint_and_promise() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    for n in 0..9 {
        ada.changes_profile(json!({ "display_name": format!("ada{n}") })).await;
    }
    let changed = ada.changes_profile(json!({ "display_name": "ada" })).await;
    let proof = placed(&app, &promised(&changed)[0]).await;
    settled(&app).await;
    let checkpoint = app.get("/v1/log/checkpoint").await.json();
    let newest = app
        .get(&format!("/v1/log/proofs/inclusion?leaf_hash={}", proof["leaf_hash"].as_str().unwrap()))
        .await
        .json();
    let older = app.get("/v1/log/proofs/consistency?from_size=3").await.json();
    let small = app.get("/v1/log/proofs/consistency?from_size=3&to_size=3").await.json();
    assert_eq!(small["hashes"], json!([]));
    let all = json!({
        "checkpoint": checkpoint,
        "inclusion": newest,
        "consistency": older,
        "promise": changed.header("log-promise"),
        "jwks": app.get("/.well-known/jwks.json").await.json(),
    });
    let file = app.database.folder.path().join("proofs.json");
    let run = |all: &Value| {
        fs::write(&file, serde_json::to_vec(all).unwrap()).unwrap();
        let output = Command::new("python3").arg("tests/api/verify_log.py").arg(&file).output().unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (right, said) = run(&all);
    assert!(right, "{said}");
    println!("{}", said.trim());
    for (pointer, what) in [
        ("/inclusion/audit_path/0", "proof"),
        ("/inclusion/leaf_hash", "leaf"),
        ("/checkpoint/note", "note"),
        ("/promise", "promise"),
    ] {
        let mut wrong = all.clone();
        let text = wrong.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let place = text.len() / 2;
        let other = if text.as_bytes()[place] == b'1' { "2" } else { "1" };
        let mut changed = text.clone();
        changed.replace_range(place..=place, other);
        *wrong.pointer_mut(pointer).unwrap() = json!(changed);
        let (right, said) = run(&wrong);
        assert!(!right, "{what}: {said}");
    }
}

#[tokio::test]
async fn a_rotated_key_is_vouched_for_by_the_old_one() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    settled(&app).await;
    let old_key = public_key(&app.settings);
    drop(ada);
    let app = app.stop_and_keep().await;
    assert!(Process::run(&app.settings, &["keys", "rotate", "log"]).status.success());
    let app = app.restart().await;
    settled(&app).await;
    let note = app.get("/v1/log/checkpoint").await.json()["note"].as_str().unwrap().to_owned();
    assert_eq!(note.matches("\u{2014} ").count(), 2, "{note}");
    let (right, said) = verify(&app.settings, &["--public-key", &old_key]);
    assert!(right, "whoever knows the old key alone follows: {said}");
    app.person("eve@example.org").await;
    settled(&app).await;
    let note = app.get("/v1/log/checkpoint").await.json()["note"].as_str().unwrap().to_owned();
    assert_eq!(note.matches("\u{2014} ").count(), 1, "{note}");
    let keys = public_key(&app.settings);
    let both: Vec<&str> = keys.lines().flat_map(|key| ["--public-key", key]).collect();
    assert!(verify(&app.settings, &both).0);
}

/// What an auditor has: a stopped service's database, and what was kept outside it.
struct Audited {
    app: App,
    key: String,
    earlier: PathBuf,
    receipt: PathBuf,
}

impl Audited {
    /// A service that two people used, and that somebody kept a checkpoint of in between.
    async fn left_behind(unplaced: bool) -> Self {
        let app = App::start().await;
        let ada = app.person(EMAIL).await;
        app.person("eve@example.org").await;
        for n in 0..10 {
            ada.changes_profile(json!({ "display_name": format!("ada{n}") })).await;
        }
        settled(&app).await;
        let kept = |name: &str| app.database.folder.path().join(name);
        let (earlier, receipt) = (kept("earlier"), kept("receipt"));
        fs::write(&earlier, app.get("/v1/log/checkpoint").await.json()["note"].as_str().unwrap()).unwrap();
        ada.changes_profile(json!({ "display_name": "ada" })).await;
        settled(&app).await;
        if unplaced {
            // The sequencer stumbles, as it would over a full disk; acts go on.
            app.database.sql("ALTER TABLE log_entries RENAME TO log_entries_gone");
        }
        let confirmed = ada.sends(reqwest::Method::POST, "/v1/account/data-confirmations", &[], None).await;
        fs::write(&receipt, confirmed.header("log-promise")).unwrap();
        if !unplaced {
            settled(&app).await;
        }
        let key = public_key(&app.settings);
        drop(ada);
        let app = app.stop_and_keep().await;
        if unplaced {
            app.database.sql("ALTER TABLE log_entries_gone RENAME TO log_entries");
        }
        Self { app, key, earlier, receipt }
    }

    fn verify(&self) -> (bool, String) {
        let (earlier, receipt) = (self.earlier.display().to_string(), self.receipt.display().to_string());
        let copy = self.app.database.folder.path().join("log").display().to_string();
        let mut words = vec!["--public-key", &self.key, "--checkpoint", &earlier, "--receipt", &receipt];
        words.extend(["--copy", &copy]);
        verify(&self.app.settings, &words)
    }

    fn tamper(&self, statements: &str) {
        tamper(&self.app, statements);
    }

    fn size(&self) -> u64 {
        self.app.database.number("SELECT count(*) AS n FROM log_entries").try_into().unwrap()
    }

    /// Leaves nothing of the log beyond so many entries.
    fn cut_to(&self, size: u64) {
        let stored = smart_mining::services::log::tree::stored(size);
        self.tamper(&format!(
            "DELETE FROM log_checkpoints WHERE size > {size}; DELETE FROM log_nodes WHERE node >= {stored}; \
             DELETE FROM log_entries WHERE seq >= {size};"
        ));
    }

    /// Builds the whole tree anew over what the database holds, and signs it with a key of one's own.
    async fn forge(&self) {
        self.cut_to(0);
        self.tamper("INSERT INTO log_pending SELECT leaf_id FROM log_leaves WHERE NOT EXISTS (SELECT 1 FROM log_pending)");
        let config = Config::from_vars(self.app.settings.clone()).unwrap();
        let stores = server::open_stores(&config, &self.app.clock).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kms = Arc::new(Kms::open(&folder.path().join("keys"), self.app.clock.now()).unwrap());
        let copy = LogCopy::open(folder.path()).unwrap();
        let forger = Sequencer::new(stores.data, kms, self.app.clock.clone(), copy, "forged".to_owned());
        assert!(forger.advance().await.unwrap() > 10);
    }
}

/// Runs statements past every trigger and key, as whoever owns the machine can.
fn tamper(app: &App, statements: &str) {
    if is_postgres() {
        app.database.sql(&format!("SET session_replication_role = replica; {statements}"));
        return;
    }
    for trigger in app.database.texts("SELECT name AS t FROM sqlite_master WHERE type = 'trigger'") {
        app.database.sql(&format!("DROP TRIGGER {trigger}"));
    }
    app.database.sql(&format!("PRAGMA foreign_keys = OFF; {statements}"));
}

fn blob(hex: &str) -> String {
    if is_postgres() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
}

#[tokio::test]
async fn a_tampered_database_does_not_verify() {
    let whole = Audited::left_behind(false).await;
    let (right, said) = whole.verify();
    assert!(right, "{said}");
    println!("untouched: {}", said.trim());

    let edit = format!(
        "UPDATE log_leaves SET bytes = {} WHERE leaf_id = (SELECT leaf_id FROM log_entries WHERE seq = 7)",
        blob("00")
    );
    let reorder = "UPDATE log_entries SET seq = -1 WHERE seq = 10; UPDATE log_entries SET seq = 10 WHERE seq = 11; \
                   UPDATE log_entries SET seq = 11 WHERE seq = -1;";
    let decline = "UPDATE consent_events SET action = 'declined' WHERE action = 'granted' AND sequence = 4";
    let vanish = "DELETE FROM policy_acceptances";
    for (what, statements, expected) in [
        ("a leaf edited", edit.as_str(), "entry 7: the leaf's bytes are not those of its hash"),
        (
            "a leaf deleted",
            "DELETE FROM log_entries WHERE seq = 9",
            "entry 9: the entry, or its leaf, is missing",
        ),
        ("leaves reordered", reorder, "entry 10: the stored tree has another hash in its place"),
        ("a row changed under its leaf", decline, "a row of consent_events is not what its leaf commits to"),
        ("rows deleted under their leaves", vanish, "the row that policy.accepted attests is missing"),
    ] {
        let audited = Audited::left_behind(false).await;
        audited.tamper(statements);
        let (right, said) = audited.verify();
        assert!(!right && said.contains(expected), "{what}: {said}");
        println!("{what}: {}", said.lines().next().unwrap());
    }
}

#[tokio::test]
async fn a_restore_excuses_no_rows_that_came_after_it() {
    for (when, order, excused) in [("before it", "ASC", true), ("after it", "DESC", false)] {
        let app = App::start().await;
        drop(app.person(EMAIL).await);
        settled(&app).await;
        // Whoever runs the service claims that rows of all entries were lost, those to come included.
        let facts = vec![("lost_from", "0".to_owned()), ("lost_until", i64::MAX.to_string())];
        let leaf = LeafDraft::new(app.clock.now()).unwrap().of_service(&LOG_RESTORED, &facts);
        let config = Config::from_vars(app.settings.clone()).unwrap();
        let stores = server::open_stores(&config, &app.clock).await.unwrap();
        stores.data.write_guarded(move |c| append_unpromised(c, &leaf)).await.unwrap();
        settled(&app).await;
        // Leaves are told apart by the time in their ids.
        app.advance(TimeDelta::minutes(1));
        drop(app.person("eve@example.org").await);
        settled(&app).await;
        let app = app.stop_and_keep().await;
        let (right, said) = verify_with_keys(&app.settings, &[]);
        assert!(right, "{said}");

        let row = format!("SELECT leaf_id FROM policy_acceptances ORDER BY leaf_id {order} LIMIT 1");
        tamper(&app, &format!("DELETE FROM policy_acceptances WHERE leaf_id = ({row})"));
        let (right, said) = verify_with_keys(&app.settings, &[]);
        // The person's own count misses the row either way.
        assert!(!right && said.contains("has counted 8 events, and 7 are there"), "{said}");
        let missed = said.contains("the row that policy.accepted attests is missing");
        assert_eq!(missed, !excused, "a row of {when}: {said}");
    }
}

/// A disclosure that was reviewed, released and fetched, left behind.
async fn disclosed() -> (App, String) {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, crate::support::company("Harbour Pool")).await;
    let id = desk.discloses(&ada, &pool, &json!(["email"])).await;
    assert_eq!(pool.pulls(&app, &id).await.status, 201);
    settled(&app).await;
    let key = public_key(&app.settings);
    drop((ada, desk, pool));
    (app.stop_and_keep().await, key)
}

#[tokio::test]
async fn a_tampered_disclosure_does_not_verify() {
    let hash = blob(&"00".repeat(32));
    for (what, statements, expected) in [
        ("nothing", String::new(), "whole"),
        (
            "a reviewer exchanged",
            "UPDATE disclosure_events SET staff_id = account_id WHERE step = 'approved'".to_owned(),
            "a row of disclosure_events is not what its leaf commits to",
        ),
        (
            "a pull that never was",
            "DELETE FROM disclosure_events WHERE step = 'pulled'".to_owned(),
            "the row that disclosure.pulled attests is missing",
        ),
        (
            "fields exchanged",
            format!("UPDATE disclosures SET scope_hash = {hash}"),
            "is about something else",
        ),
        (
            "a state of its own",
            "UPDATE disclosures SET state = 'ready'".to_owned(),
            "is not where its steps left it",
        ),
        ("a count that does not hold", "UPDATE disclosures SET steps = 9".to_owned(), "has not the steps"),
        (
            "another agreement",
            "UPDATE recipient_events SET terms = replace(terms, '1 March', '2 March')".to_owned(),
            "a row of recipient_events is not what its leaf commits to",
        ),
    ] {
        let (app, key) = disclosed().await;
        tamper(&app, &statements);
        let (right, said) = verify(&app.settings, &["--public-key", &key]);
        assert!(right == (what == "nothing") && said.contains(expected), "{what}: {said}");
    }
}

#[tokio::test]
async fn the_log_checks_itself_and_raises_the_alarm() {
    for (tampered, expected) in [(false, "log_verified 1"), (true, "log_verified 0")] {
        let audited = Audited::left_behind(false).await;
        if tampered {
            audited.tamper(
                "UPDATE consent_events SET action = 'declined' WHERE action = 'granted' AND sequence = 4",
            );
        }
        let process = Process::serve(&audited.app.settings);
        let told = || async {
            let metrics = reqwest::get(format!("{}/metrics", process.operator_url)).await.ok()?;
            metrics.text().await.ok()?.contains(expected).then_some(())
        };
        eventually(expected, told).await;
        process.kill();
    }
}

#[tokio::test]
async fn a_log_that_was_cut_forged_or_emptied_does_not_verify() {
    let cut = Audited::left_behind(false).await;
    cut.cut_to(cut.size() - 4);
    let (right, said) = cut.verify();
    assert!(!right && said.contains("the checkpoint given was signed over"), "{said}");
    println!("the tail cut off: {}", said.lines().next().unwrap());

    // With all hashes computed anew, over one leaf less, and signed by somebody.
    let forged = Audited::left_behind(false).await;
    forged.tamper(
        "DELETE FROM data_confirmations; \
         DELETE FROM log_leaves WHERE leaf_id = (SELECT leaf_id FROM log_entries ORDER BY seq DESC LIMIT 1)",
    );
    forged.forge().await;
    let (right, said) = forged.verify();
    assert!(!right && said.contains("a checkpoint: no key that is known has signed it"), "{said}");
    assert!(
        said.contains("contradicts the tree") || said.contains("the checkpoint given was signed over"),
        "{said}"
    );
    println!("forged: {}", said.lines().next().unwrap());

    let unplaced = Audited::left_behind(true).await;
    assert_eq!(unplaced.app.database.number("SELECT count(*) AS n FROM log_pending"), 1);
    unplaced.tamper(
        "DELETE FROM data_confirmations; DELETE FROM log_details WHERE leaf_id IN (SELECT leaf_id FROM log_pending); \
         DELETE FROM log_leaves WHERE leaf_id IN (SELECT leaf_id FROM log_pending); DELETE FROM log_pending;",
    );
    let (right, said) = unplaced.verify();
    assert!(!right && said.contains("was promised and is not in the tree"), "{said}");
    assert!(said.contains("events, and"), "the person's count has a hole: {said}");
    println!("an unplaced leaf deleted with its row: {}", said.lines().next().unwrap());
}

/// A service whose database died after a backup, and all that was kept.
struct TurnedBack {
    app: App,
    /// Another copy of the backup.
    twin: String,
    /// Settings that name the backup.
    settings: BTreeMap<String, String>,
    /// The last checkpoint that was signed, in a file.
    later: String,
    /// The leaves that were promised since the backup.
    promised: Vec<String>,
}

impl TurnedBack {
    async fn begin() -> Self {
        let app = App::start().await;
        let ada = app.person(EMAIL).await;
        settled(&app).await;
        drop(ada);
        let app = app.stop_and_keep().await;
        let (backup, twin) = (app.database.snapshot("backup"), app.database.snapshot("twin"));
        let app = app.restart().await;
        let eve = app.person("eve@example.org").await;
        let changed = eve.changes_profile(json!({ "display_name": "eve" })).await;
        settled(&app).await;
        let note = app.get("/v1/log/checkpoint").await.json()["note"].as_str().unwrap().to_owned();
        drop(eve);
        let app = app.stop_and_keep().await;
        let later = app.database.folder.path().join("later");
        fs::write(&later, &note).unwrap();
        let settings = with_database(&app.settings, &backup);
        Self { settings, later: later.display().to_string(), promised: promised(&changed), twin, app }
    }

    fn leaves(&self) -> PathBuf {
        PathBuf::from(&self.app.settings["SMART_MINING_DATA_DIR"]).join("log/leaves-1.jsonl")
    }

    /// Loses the last leaf of the copy.
    fn loses_a_leaf(&self) {
        let kept = fs::read_to_string(self.leaves()).unwrap();
        let (but_last, _) = kept.trim_end().rsplit_once('\n').unwrap();
        fs::write(self.leaves(), format!("{but_last}\n")).unwrap();
    }
}

fn with_database(settings: &BTreeMap<String, String>, url: &str) -> BTreeMap<String, String> {
    let mut settings = settings.clone();
    settings.insert("SMART_MINING_DATABASE_URL".to_owned(), url.to_owned());
    settings
}

/// What `log reopen` says, once the start was refused.
fn reopened(settings: &BTreeMap<String, String>, reason: &str) -> String {
    let refused = Process::run(settings, &["serve"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("log reopen"), "quarantine: {said}");
    let reopened = Process::run(settings, &["log", "reopen", "--reason", reason]);
    assert!(reopened.status.success(), "{}", String::from_utf8_lossy(&reopened.stderr));
    let again = Process::run(settings, &["log", "reopen", "--reason", "twice"]);
    assert!(!again.status.success(), "a whole log is not reopened");
    String::from_utf8_lossy(&reopened.stdout).into_owned()
}

/// `log verify` with all keys that `log keys` prints, and more arguments.
fn verify_with_keys(settings: &BTreeMap<String, String>, more: &[&str]) -> (bool, String) {
    let keys = public_key(settings);
    let trusted: Vec<&str> = keys.lines().flat_map(|key| ["--public-key", key]).collect();
    verify(settings, &[&trusted[..], more].concat())
}

async fn origin_served(settings: &BTreeMap<String, String>) -> String {
    let process = Process::serve(settings);
    let checkpoint = reqwest::get(format!("{}/v1/log/checkpoint", process.url)).await.unwrap();
    let checkpoint: Value = checkpoint.json().await.unwrap();
    process.kill();
    checkpoint["origin"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_database_that_was_turned_back_is_found_out_and_the_copy_gives_its_leaves_back() {
    let lost = TurnedBack::begin().await;
    let (settings, later) = (&lost.settings, ["--checkpoint", lost.later.as_str()]);
    assert!(verify_with_keys(settings, &[]).0, "by itself the backup is whole");
    let (right, said) = verify_with_keys(settings, &later);
    assert!(!right && said.contains("the checkpoint given was signed over"), "{said}");
    println!("rolled back: {}", said.lines().next().unwrap());

    // Nothing is signed on top of it until somebody says why.
    let said = reopened(settings, "restored from the backup of Monday");
    assert!(said.contains("/log/1 goes on") && !said.contains(" 0 leaves"), "{said}");
    let copy = lost.leaves();
    let copy = ["--copy", copy.parent().unwrap().to_str().unwrap()];
    let (right, said) = verify_with_keys(settings, &[later, copy].concat());
    assert!(right, "what was signed is in the tree: {said}");
    assert!(said.contains("rows of evidence") && !said.contains(" 0 lost"), "the rows are gone: {said}");

    let process = Process::serve(settings);
    for hash in &lost.promised {
        let proof = format!("{}/v1/log/proofs/inclusion?leaf_hash={hash}", process.url);
        assert_eq!(reqwest::get(proof).await.unwrap().status(), 200, "what was promised is kept");
    }
    process.kill();
    assert!(origin_served(settings).await.ends_with("/log/1"));
}

#[tokio::test]
async fn what_the_copy_lost_too_is_closed_off_by_a_new_lineage() {
    let lost = TurnedBack::begin().await;
    lost.loses_a_leaf();
    let said = reopened(&lost.settings, "the disk died, and its copy");
    assert!(said.contains("does not lead to what was signed") && said.contains("/log/2 goes on"), "{said}");
    let (right, said) = verify_with_keys(&lost.settings, &[]);
    assert!(right, "{said}");
    let (right, _) = verify_with_keys(&lost.settings, &["--checkpoint", &lost.later]);
    assert!(!right, "what was lost stays lost");
    assert!(origin_served(&lost.settings).await.ends_with("/log/2"));

    // The same backup once more: it is from before the second lineage, which was told to everybody.
    let settings = with_database(&lost.settings, &lost.twin);
    let said = reopened(&settings, "and died again");
    assert!(said.contains("/log/2 goes on") && !said.contains(" 0 leaves"), "{said}");
    let (right, said) = verify_with_keys(&settings, &[]);
    assert!(right, "{said}");
    assert!(origin_served(&settings).await.ends_with("/log/2"));
}

#[tokio::test]
async fn a_copy_that_was_changed_is_not_replayed() {
    let lost = TurnedBack::begin().await;
    let kept = fs::read_to_string(lost.leaves()).unwrap();
    let mut lines: Vec<&str> = kept.lines().collect();
    let (end, before) = (lines.len() - 1, lines.len() - 2);
    // Each is still a leaf of ours, in the place of another.
    let (one, other) = (
        lines[end].replace(&format!(":{end},"), &format!(":{before},")),
        lines[before].replace(&format!(":{before},"), &format!(":{end},")),
    );
    assert_ne!((one.as_str(), other.as_str()), (lines[end], lines[before]));
    (lines[before], lines[end]) = (&one, &other);
    fs::write(lost.leaves(), lines.join("\n") + "\n").unwrap();
    let said = reopened(&lost.settings, "the disk died");
    assert!(said.contains("does not lead to what was signed") && said.contains("/log/2 goes on"), "{said}");
}

#[tokio::test]
async fn leaves_that_nobody_signed_are_not_put_into_the_log() {
    let lost = TurnedBack::begin().await;
    let checkpoints = lost.leaves().with_file_name("checkpoints-1.jsonl");
    let kept = fs::read_to_string(&checkpoints).unwrap();
    // The signature is the last word of a note: of each, its last bytes are others now.
    let forged = kept.lines().map(|line| {
        let mut note: Value = serde_json::from_str(line).unwrap();
        let text = note["note"].as_str().unwrap().trim_end().to_owned();
        let (said, signed) = text.split_at(text.len() - 8);
        let other = if signed.starts_with("AAAA") { "BBBBBBA=" } else { "AAAAAAA=" };
        note["note"] = json!(format!("{said}{other}\n"));
        note.to_string()
    });
    let forged = forged.collect::<Vec<_>>().join("\n") + "\n";
    fs::write(&checkpoints, forged).unwrap();
    let said = reopened(&lost.settings, "the disk died");
    assert!(said.contains("does not lead to what was signed") && said.contains("/log/2 goes on"), "{said}");
}

#[tokio::test]
async fn who_was_erased_after_a_backup_does_not_come_back_with_it() {
    let app = App::start().await;
    let (ada, eve) = (app.person(EMAIL).await, app.person("eve@example.org").await);
    ada.changes_profile(serde_json::json!({ "display_name": "The Countess" })).await;
    let access = ada.asks_for("access", None, None).await;
    settled(&app).await;
    drop((ada, eve));
    let app = app.stop_and_keep().await;
    let backup = app.database.snapshot("backup");
    let app = app.restart().await;
    let ada = app.signs_in(EMAIL, "").await;
    assert_eq!(ada.steps_up_by_mail(EMAIL).await.status, 201);
    ada.asks_for_erasure("now").await;
    let services = crate::rights::services(&app).await;
    // The service's own job may be first.
    let completed =
        "SELECT count(*) AS n FROM rights_requests WHERE kind = 'erasure' AND state = 'completed'";
    crate::support::eventually("the erasure", || async {
        let _ = services.rights.carry_out(10).await;
        (app.database.number(completed) == 1).then_some(())
    })
    .await;
    settled(&app).await;
    drop((ada, services, access));
    let app = app.stop_and_keep().await;

    let settings = with_database(&app.settings, &backup);
    let count = |what: &str| {
        crate::support::texts_of(&backup, &format!("SELECT CAST(count(*) AS TEXT) AS t FROM {what}"))
    };
    assert_eq!(count("profiles WHERE email IS NOT NULL"), ["2"], "the backup has her");
    let said = reopened(&settings, "the disk died");
    assert!(said.contains("1 persons erased anew"), "{said}");
    assert_eq!(count("profiles WHERE email IS NOT NULL"), ["1"], "before anybody is served");
    assert_eq!(count("accounts WHERE state = 'closed'"), ["1"]);
    assert_eq!(count("account_emails"), ["1"]);
    assert_eq!(
        count("rights_requests WHERE state IN ('scheduled', 'executing')"),
        ["0"],
        "nothing waits for nobody"
    );

    let process = Process::serve(&settings);
    let signs_in = |email: &str| {
        let body = serde_json::json!({ "email": email, "password": crate::support::PASSWORD });
        let to = format!("{}/v1/sessions", process.url);
        async move { reqwest::Client::new().post(to).json(&body).send().await.unwrap().status().as_u16() }
    };
    assert_eq!(signs_in(EMAIL).await, 401);
    assert_eq!(signs_in("eve@example.org").await, 201);
    process.kill();
    let keys = public_key(&settings);
    let trusted: Vec<&str> = keys.lines().flat_map(|key| ["--public-key", key]).collect();
    let (right, said) = verify(&settings, &trusted);
    assert!(right, "{said}");
}

#[tokio::test]
async fn without_the_log_nothing_is_done() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    for table in ["log_leaves", "log_details"] {
        app.database.sql(&format!("ALTER TABLE {table} RENAME TO {table}_gone"));
        let answer = ada.sends(reqwest::Method::POST, "/v1/account/data-confirmations", &[], None).await;
        assert_eq!(answer.problem(), (503, "try_again".to_owned()), "{table}");
        app.database.sql(&format!("ALTER TABLE {table}_gone RENAME TO {table}"));
        assert_eq!(app.database.number("SELECT count(*) AS n FROM data_confirmations"), 0, "{table}");
    }
    let answer = ada.sends(reqwest::Method::POST, "/v1/account/data-confirmations", &[], None).await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn leaves_of_many_writers_stand_in_one_tree_without_a_gap() {
    let app = App::start().await;
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(app.person(&format!("p{n}@example.org")).await);
    }
    let writes = people.iter().flat_map(|person| (0..8).map(move |n| (person, n)));
    let answers = join_all(writes.map(|(person, n)| async move {
        person.changes_profile(json!({ "display_name": format!("n{n}") })).await
    }))
    .await;
    let written = answers.iter().filter(|answer| answer.status == 200);
    let leaves: Vec<String> = written.flat_map(promised).collect();
    assert!(leaves.len() >= 32, "{}", leaves.len());
    settled(&app).await;
    for leaf in &leaves {
        placed(&app, leaf).await;
    }
    let (right, said) = verify(&app.settings, &["--public-key", &public_key(&app.settings)]);
    assert!(right, "{said}");
}
