//! After an erasure the person is found nowhere: not in a row, not in a file in any form, and not in yesterday's backup
//! opened with today's keys. Every value of the data dictionary is written before, or the test fails.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use diesel::{Connection, PgConnection, SqliteConnection, connection::SimpleConnection};
use memchr::memmem;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::{
    domain::{
        data_dictionary::{Category, ENTRIES, Entry, Protection},
        ids::AccountId,
    },
    server::Services,
    services::vault::SubjectKeys,
};

use crate::{
    archives::is_prepared,
    kyc_review::{tells_everything, usual},
    orders::compelled,
    rights::services,
    support::{
        App, Desk, Form, PASSWORD, Person, Process, company, eventually, is_postgres, pictures::picture,
        texts_of, variable,
    },
};

const EMAIL: &str = "canary.yellow@example.org";
/// What the person tells, and what is told of them, in words that stand nowhere else.
const CANARIES: &[&str] = &[
    EMAIL,
    "canary.green@example.org",
    "Ada Lovelace",
    "LOVELACE ADA",
    "CanaryDisplay",
    "CanaryBefore",
    "+64211234567",
    "Pacific/Chatham",
    "12 Queen Street",
    "1990-12-10",
    "LH99CANARY1",
    "DL99CANARY2",
    "CANARY-REASON",
    "CANARY-NOTE",
    "LINNET-GROUND",
    "The canary sings at noon",
    "CanaryBrowser/9.1",
    "203.0.113.7",
    "NZ, Auckland",
    "Ada Contested",
    "9 Canary Right Road",
    "The canary was hatched in October",
];
/// What is about nobody who is erased: an order names persons under keys of its own, a block is of an address, a ban of
/// whoever was banned, and staff is staff.
const OF_OTHERS: &[&str] =
    &["instruments", "blocks", "ban_marks", "throttles", "staff_members", "staff_emails"];

/// Which values of the dictionary were ever seen written.
#[derive(Default)]
struct Seen(BTreeSet<(&'static str, &'static str)>);

impl Seen {
    fn look(&mut self, app: &App) {
        for entry in ENTRIES {
            let (table, column) = (entry.table, entry.column);
            if !self.0.contains(&(table, column))
                && app
                    .database
                    .number(&format!("SELECT count(*) AS n FROM {table} WHERE {column} IS NOT NULL"))
                    > 0
            {
                self.0.insert((table, column));
            }
        }
    }

    fn missing(&self) -> Vec<String> {
        let all = ENTRIES.iter().filter(|entry| !self.0.contains(&(entry.table, entry.column)));
        all.map(|entry| format!("{}.{}", entry.table, entry.column)).collect()
    }
}

/// Registers, and signs in from an address that can be placed.
async fn arrives(app: &App, seen: &mut Seen) -> Person {
    let mut body = crate::support::registration_body(app, EMAIL).await;
    body["language"] = json!("en-NZ");
    let answer = app.post("/v1/accounts", &body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    seen.look(app);
    let code = app.code_mailed_to(EMAIL).await;
    let verification = json!({ "registration_id": answer.json()["registration_id"], "code": code });
    let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let headers = [
        ("x-forwarded-for", "203.0.113.7"),
        ("user-agent", "CanaryBrowser/9.1"),
        ("cookie", cookie.as_str()),
    ];
    let verified = app.send(Method::POST, "/v1/accounts/verification", &headers, Some(&verification)).await;
    assert_eq!(verified.status, 201, "{}", verified.text);
    let signing = json!({ "email": EMAIL, "password": PASSWORD });
    let signed_in = app.send(Method::POST, "/v1/sessions", &headers, Some(&signing)).await;
    assert_eq!(signed_in.status, 201, "{}", signed_in.text);
    app.person_of(&verified.json()["session"], cookie)
}

/// Uses every capability that writes something personal.
async fn lives(app: &App, seen: &mut Seen) -> (Person, Desk, String) {
    let ada = arrives(app, seen).await;
    ada.verifies_phone("+64211234567").await;
    for change in [
        json!({ "display_name": "CanaryBefore", "time_zone": "Pacific/Auckland" }),
        json!({ "display_name": "CanaryDisplay", "time_zone": "Pacific/Chatham" }),
    ] {
        let changed = ada.changes_profile(change).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
    }
    let desk = app.desk().await;
    is_verified(app, &desk, &ada).await;
    contests(&ada, &desk).await;
    let silent = is_disclosed(app, &desk, &ada).await;
    let case = json!({ "category": "payments", "message": "The canary sings at noon." });
    let opened = ada.sends(
        Method::POST,
        "/v1/support-cases",
        &[("idempotency-key", "3c59dc04-8e88-4024-8be8-079a5c74d079")],
        Some(&case),
    );
    assert_eq!(opened.await.status, 201);
    let reader = crate::reports::reader(&desk, "advertiser", "Harbour Ads").await;
    let advertisement = crate::reports::advertisement(&desk, &reader, "banner").await;
    assert_eq!(ada.decides("advertising", true).await.status, 200);
    assert_eq!(crate::reports::clicks(&ada, app, &advertisement).await, "counted");
    drop(ada.enrols_totp().await);
    (ada, desk, silent)
}

/// What stands about somebody for a while, or about an address that is theirs; gives the request for an archive.
async fn lingers(app: &App, ada: &Person) -> String {
    assert!(
        Process::run(&app.settings, &["blocks", "add", "198.51.100.9", "--reason", "spam", "--hours", "9"])
            .status
            .success()
    );
    let banned = app.person("banned@example.org").await;
    let ban = ["accounts", "ban", &banned.account_id, "--ground", "abuse", "--days", "9"];
    assert!(Process::run(&app.settings, &ban).status.success());
    crate::recovery::asks_for_reset(app, EMAIL).await;
    ada.asks_for_email("canary.green@example.org").await;
    ada.asks_for("access", None, None).await
}

/// Says that values are wrong, hands in what shows it, and has words put beside what was not changed.
async fn contests(ada: &Person, desk: &Desk) {
    let corrects = crate::rectifications::corrects;
    let road =
        json!({ "line": "9 Canary Right Road", "postal_code": "1010", "city": "Auckland", "country": "NZ" });
    assert_eq!(corrects(ada, "residence", &road).await.status, 201);
    let id = crate::rectifications::id_of(&corrects(ada, "real_name", &json!("Ada Contested")).await);
    let form = Form::default().file("file", "name.png", &picture(image::ImageFormat::Png));
    assert_eq!(crate::rectifications::hands_in(ada, &id, &form).await.status, 201);
    let path = format!("/v1/staff/rights-requests/{id}");
    let opened = desk.processor.sends(Method::POST, &format!("{path}/correction-reads"), None).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let refusal = json!({ "outcome": "refused", "ground": "not_shown" });
    assert_eq!(desk.processor.posts(&format!("{path}/corrections"), &refusal).await.status, 201);
    let words = json!({ "statement": "The canary was hatched in October." });
    let path = format!("/v1/rights-requests/{id}/statement");
    assert_eq!(ada.sends(Method::POST, &path, &[], Some(&words)).await.status, 201);
}

async fn is_verified(app: &App, desk: &Desk, ada: &Person) {
    let support = app.member(&desk.admins, "support").await;
    let asks =
        json!({ "account_id": ada.account_id, "ground": "activity", "private_reason": "CANARY-REASON." });
    let asked = support.posts("/v1/staff/kyc-cases", &asks).await;
    let path = format!("/v1/staff/kyc-cases/{}", asked.json()["kyc_case_id"].as_str().unwrap());
    let [_, _, bill] = usual();
    let forms = [Form::passport("LH99CANARY1"), Form::licence("DL99CANARY2"), bill];
    tells_everything(ada, "1990-12-10", forms).await;
    let submitted = ada.sends(Method::POST, "/v1/kyc/submission", &[], None).await;
    assert_eq!(submitted.status, 201, "{}", submitted.text);
    let own = json!({ "staff_id": desk.processor.staff_id });
    let assigned = desk.processor.sends(Method::PUT, &format!("{path}/assignment"), Some(&own)).await;
    assert_eq!(assigned.status, 200, "{}", assigned.text);
    let note = json!({ "note": "CANARY-NOTE: look at the bill." });
    assert_eq!(desk.processor.posts(&format!("{path}/notes"), &note).await.status, 201);
    let purpose = json!({ "purpose": "identity_verification" });
    assert_eq!(desk.processor.posts(&format!("{path}/detail-reads"), &purpose).await.status, 201);
    let decided = desk.processor.posts(&format!("{path}/decisions"), &json!({ "outcome": "approved" })).await;
    assert_eq!(decided.status, 201, "{}", decided.text);
}

/// Disclosed to a company, and in silence to a court; gives the silent one.
async fn is_disclosed(app: &App, desk: &Desk, ada: &Person) -> String {
    let pool = desk.partner(app, company("Harbour Pool")).await;
    let draft = json!({
        "account_id": ada.account_id, "recipient_id": pool.recipient_id, "fields": ["email", "real_name"],
        "ground": "LINNET-GROUND: to pay out.",
    });
    let shared = desk.submits_as(draft).await;
    desk.approves(&shared).await;
    let (court, order) = desk.court_order(app, "real_name,email", Some("2026-04-01T00:00:00Z")).await;
    let silent = desk.submits_as(compelled(ada, &court.recipient_id, &order, &json!(["email"]))).await;
    desk.approves(&silent).await;
    desk.releases(&silent).await;
    assert_eq!(court.pulls(app, &silent).await.status, 201);
    silent
}

/// A value in every form in which it could have been left.
fn forms(value: &[u8]) -> Vec<Vec<u8>> {
    let hex = smart_mining::domain::encoding::hex(value);
    let url: String = url::form_urlencoded::byte_serialize(value).collect();
    let mut forms =
        vec![value.to_vec(), hex.clone().into_bytes(), hex.to_uppercase().into_bytes(), url.into_bytes()];
    for shift in 0..3 {
        let coded = STANDARD.encode([vec![0; shift], value.to_vec()].concat());
        // The characters that other bytes before and after take part in are cut off.
        let from = if shift == 0 { 0 } else { 4 };
        forms.push(coded.as_bytes()[from..coded.len() - 4].to_vec());
    }
    forms
}

fn files_of(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files_of(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// What of the values is in a file of the service: its databases, keys, objects and copies, and the server's own folder. What
/// was mailed is out of its reach.
fn found(app: &App, values: &[Vec<u8>]) -> Vec<(PathBuf, String)> {
    let own = app.database.folder.path();
    let mut files = Vec::new();
    files_of(own, &mut files);
    files.retain(|path| !path.starts_with(app.outbox()));
    if let Some(server) = variable("TEST_POSTGRES_DATA") {
        files_of(Path::new(&server), &mut files);
    }
    let needles: Vec<(String, Vec<u8>)> = values
        .iter()
        .flat_map(|value| {
            forms(value).into_iter().map(|form| (String::from_utf8_lossy(value).into_owned(), form))
        })
        .collect();
    let mut found = Vec::new();
    for path in files {
        let Ok(content) = std::fs::read(&path) else { continue };
        for (name, needle) in &needles {
            if memmem::find(&content, needle).is_some() {
                found.push((path.clone(), name.clone()));
            }
        }
    }
    found
}

/// The sealed cells of a person in some data, by entry.
fn cells(url: &str, ada: &str) -> Vec<(&'static Entry, Vec<u8>)> {
    let hex = ada.trim_start_matches("acc_");
    let mut cells = Vec::new();
    let of_person =
        |entry: &&&'static Entry| entry.protection == Protection::Sealed && !OF_OTHERS.contains(&entry.table);
    for entry in ENTRIES.iter().filter(of_person) {
        let (table, column) = (entry.table, entry.column);
        let query = if is_postgres() {
            format!(
                "SELECT encode({column}, 'hex') AS t FROM {table} WHERE account_id = '{hex}'::uuid AND {column} IS NOT NULL"
            )
        } else {
            format!(
                "SELECT lower(hex({column})) AS t FROM {table} WHERE account_id = x'{hex}' AND {column} IS NOT NULL"
            )
        };
        cells.extend(texts_of(url, &query).iter().map(|cell| (*entry, unhex(cell))));
    }
    cells
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The entries of which some cell still opens by these keys.
fn opening(keys: &SubjectKeys, cells: &[(&'static Entry, Vec<u8>)]) -> BTreeSet<String> {
    let opens = cells.iter().filter(|(entry, cell)| keys.can_open(entry, cell));
    opens.map(|(entry, _)| format!("{}.{}", entry.table, entry.column)).collect()
}

/// What opens, of the data as they are and of a copy, and what is in files: nothing after an erasure, but for what a law
/// keeps.
async fn left(
    app: &App,
    services: &Services,
    ada: &str,
    backup: &str,
    values: &[Vec<u8>],
) -> BTreeSet<String> {
    let id: AccountId = ada.parse().unwrap();
    let keys = services.vault.fresh_keys_of(id).await.unwrap();
    let mut left = opening(&keys, &cells(&app.database.data_url, ada));
    left.extend(opening(&keys, &cells(backup, ada)));
    left.extend(found(app, values).into_iter().map(|(path, value)| format!("{value} in {}", path.display())));
    left
}

/// Holds what it sees of the data until it is told to let go.
fn reads(app: &App) -> Box<dyn FnOnce()> {
    let url = app.database.data_url.clone();
    if is_postgres() {
        let mut reader = PgConnection::establish(&url).unwrap();
        reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM profiles").unwrap();
        return Box::new(move || reader.batch_execute("COMMIT").unwrap());
    }
    let mut reader = SqliteConnection::establish(url.trim_start_matches("sqlite:")).unwrap();
    reader.batch_execute("BEGIN; CREATE TEMP TABLE seen AS SELECT count(*) AS n FROM profiles").unwrap();
    Box::new(move || reader.batch_execute("COMMIT").unwrap())
}

#[tokio::test]
async fn nothing_of_a_person_is_found_after_an_erasure() {
    let app =
        App::start_with(&[("TRUSTED_PROXIES", "127.0.0.0/8"), ("PLACES", "tests/fixtures/places.mmdb")])
            .await;
    let mut seen = Seen::default();
    let (ada, _desk, _silent) = lives(&app, &mut seen).await;
    let archive = lingers(&app, &ada).await;
    let services = services(&app).await;
    let picture = picture_of(&app, &ada).await;
    is_prepared(&services, &ada, &archive).await;
    seen.look(&app);
    assert_eq!(seen.missing(), Vec::<String>::new(), "a value that is never written is never looked for");
    let values: Vec<Vec<u8>> =
        CANARIES.iter().map(|canary| canary.as_bytes().to_vec()).chain([picture]).collect();
    // Files in which something is planted show that the search finds each form.
    let planted = app.database.folder.path().join("planted");
    for value in &values {
        for form in forms(value) {
            std::fs::write(&planted, [b"xx", form.as_slice(), b"yy"].concat()).unwrap();
            assert!(found(&app, std::slice::from_ref(value)).iter().any(|(path, _)| *path == planted));
        }
    }
    std::fs::remove_file(&planted).unwrap();

    let backup = app.database.backup();
    let before = left(&app, &services, &ada.account_id, &backup, &values).await;
    assert!(
        before.len() >= 20 && before.iter().all(|one| one.contains('.')),
        "without an erasure: {before:?}"
    );
    let let_go = reads(&app);
    let (_, token) = ada.asks_for_erasure("now").await;
    let carried_out = services.rights.carry_out(10).await;
    if !is_postgres() {
        assert!(carried_out.is_err(), "its pages are still there for the reader");
    }
    let_go();
    let done = || async {
        let _ = services.rights.carry_out(10).await;
        let result = app.post("/v1/rights-request-results", &json!({ "result_token": token })).await.json();
        (result["request"]["state"] == "partly_completed").then_some(())
    };
    eventually("the erasure", done).await;
    // The last mail goes, and its key with it.
    eventually("the last mail", || async {
        (app.database.number("SELECT count(*) AS n FROM outbox WHERE courier = 1 AND state <> 'sent'") == 0)
            .then_some(())
    })
    .await;

    let after = left(&app, &services, &ada.account_id, &backup, &values).await;
    let kept: BTreeSet<String> = ["kyc_records.record".to_owned()].into();
    assert_eq!(after, kept, "only what a law keeps");
    let categories = Category::ALL.iter().filter(|category| **category != Category::Statutory);
    let keys = services.vault.fresh_keys_of(ada.account_id.parse().unwrap()).await.unwrap();
    assert!(categories.into_iter().all(|category| !keys.holds(*category)));
    assert_eq!(
        app.database.number("SELECT count(*) AS n FROM password_resets"),
        0,
        "nor what asked about the address"
    );
    app.advance(TimeDelta::days(5 * 365 + 2));
    assert_eq!(services.rights.release(10).await.unwrap(), 1);
    assert_eq!(left(&app, &services, &ada.account_id, &backup, &values).await, BTreeSet::new());
}

/// Some bytes of a picture as the person sees it.
async fn picture_of(app: &App, ada: &Person) -> Vec<u8> {
    let documents: Value = ada.gets("/v1/kyc").await.json()["documents"].clone();
    let id = documents[0]["document_id"].as_str().unwrap();
    let url = format!("{}/v1/kyc/documents/{id}/images/front", app.url);
    let bytes =
        app.client.get(url).bearer_auth(&ada.access_token).send().await.unwrap().bytes().await.unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 24].to_vec()
}
