//! Access and portability: everything that is held about a person, in one archive for them and nobody else.

use std::{
    collections::{BTreeMap, HashMap},
    io::{Cursor, Read},
    sync::atomic::{AtomicUsize, Ordering},
};

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use smart_mining::{domain::encoding::hex, handlers::archive::PersonalContents, server::Services};
use zip::ZipArchive;

use crate::{
    matrix::ask_everybody,
    orders::{goes_to_court, walk},
    rights::services,
    support::{App, Form, PASSWORD, Person, company, eventually, is_postgres},
};

const EMAIL: &str = "ada@example.org";

fn never() -> bool {
    false
}

/// Prepares what is due; says how much.
pub async fn prepares(services: &Services) -> usize {
    let contents = PersonalContents::new(services.clone());
    services.rights.hand_over(&contents, 10, &never).await.unwrap()
}

/// Prepares an archive, unless the service's own jobs are first.
pub async fn is_prepared(services: &Services, ada: &Person, id: &str) {
    eventually("the archive", || async {
        prepares(services).await;
        (own(ada, id).await["state"] == "completed").then_some(())
    })
    .await;
}

async fn own(ada: &Person, id: &str) -> Value {
    ada.gets(&format!("/v1/rights-requests/{id}")).await.json()
}

/// The bytes that the person downloads.
async fn downloads(app: &App, ada: &Person, id: &str) -> Vec<u8> {
    let path = format!("{}/v1/rights-requests/{id}/result", app.url);
    let answer = app.client.get(path).bearer_auth(&ada.access_token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let length: usize = answer.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let bytes = answer.bytes().await.unwrap().to_vec();
    assert_eq!(bytes.len(), length);
    bytes
}

fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.insert(file.name().unwrap().into_owned(), content);
    }
    files
}

/// The rows of each table, held against the schema that comes along, and as many lines of CSV.
fn tables(files: &BTreeMap<String, Vec<u8>>) -> HashMap<String, Vec<Value>> {
    let schema: Value = serde_json::from_slice(&files["schema.json"]).unwrap();
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    let mut tables = HashMap::new();
    for table in manifest["tables"].as_array().unwrap() {
        let name = table["name"].as_str().unwrap();
        let rows: Vec<Value> = serde_json::from_slice(&files[&format!("data/{name}.json")]).unwrap();
        assert_eq!(table["entries"], rows.len(), "{name}");
        let mut of_row = schema.clone();
        of_row["$ref"] = json!(format!("#/$defs/{name}"));
        let validator = jsonschema::validator_for(&of_row).unwrap();
        for row in &rows {
            let faults: Vec<String> = validator.iter_errors(row).map(|error| error.to_string()).collect();
            assert!(faults.is_empty(), "{name}: {faults:?} in {row}");
        }
        let lines = records(std::str::from_utf8(&files[&format!("tables/{name}.csv")]).unwrap());
        assert_eq!(lines.len(), rows.len() + 1, "{name}");
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{name}");
        tables.insert(name.to_owned(), rows);
    }
    tables
}

/// Reads CSV as RFC 4180 has it.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut is_quoted, mut rest) = (false, text.chars().peekable());
    while let Some(c) = rest.next() {
        match c {
            '"' if is_quoted && rest.peek() == Some(&'"') => {
                rest.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut cell)),
            '\r' if !is_quoted => {}
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            c => cell.push(c),
        }
    }
    records
}

fn files_at_rest(app: &App) -> Vec<Vec<u8>> {
    walk(&app.database.folder.path().join("files"))
}

/// Somebody about whom there is something of everything; gives what was disclosed, and what was in silence.
async fn somebody(app: &App) -> (Person, String, String) {
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(app, company("Harbour Pool")).await;
    let shared = desk.discloses(&ada, &pool, &json!(["email"])).await;
    assert_eq!(pool.pulls(app, &shared).await.status, 201);
    let court = goes_to_court(app, &desk, &ada, "2026-04-01T00:00:00Z").await;
    ask_everybody(app);
    crate::kyc_review::tells_everything(
        &ada,
        "1990-12-10",
        [Form::passport("LH123456"), Form::licence("DL999888"), Form::bill()],
    )
    .await;
    assert_eq!(ada.changes_profile(json!({ "display_name": "=Ada, \"the\" first" })).await.status, 200);
    let case = json!({ "category": "payments", "message": "Where is\nmy payout?" });
    assert_eq!(ada.sends(Method::POST, "/v1/support-cases", &[], Some(&case)).await.status, 201);
    assert_eq!(ada.decides("analytics", true).await.status, 200);
    (ada, shared, court)
}

/// What is in an archive of [`somebody`], in every form of it.
fn holds_everything(
    files: &BTreeMap<String, Vec<u8>>,
    tables: &HashMap<String, Vec<Value>>,
    (shared, silent): (&str, &str),
) {
    assert_eq!(tables["account"][0]["email"], EMAIL);
    assert_eq!(tables["verification"][0]["personal_details"]["residence"]["line"], "12 Queen Street");
    assert_eq!(tables["verification_documents"].len(), 3);
    assert_eq!(tables["support_cases"][0]["messages"][0]["message"], "Where is\nmy payout?");
    assert_eq!(tables["disclosures"].len(), 1);
    assert_eq!(tables["disclosures"][0]["disclosure_id"], json!(shared));
    assert!(tables["sign_ins"][0]["address"].is_string());
    assert_eq!(tables["devices"].len(), 1);
    assert!(tables["log_entries"].iter().any(|leaf| leaf["act"] == "consent.granted"));
    // What is in it opens what the leaves commit to.
    assert!(tables["log_entries"].iter().all(opens));
    assert_eq!(files.keys().filter(|name| name.starts_with("pictures/")).count(), 4);
    let csv = String::from_utf8(files["tables/account.csv"].clone()).unwrap();
    assert!(csv.contains("\"'=Ada, \"\"the\"\" first\""), "no formula is handed over: {csv}");
    let page = String::from_utf8(files["index.html"].clone()).unwrap();
    for told in ["12 Queen Street", EMAIL, "Harbour Pool", "Privacy Act 2020, section 53"] {
        assert!(page.contains(told), "{told}");
    }
    for (name, content) in files {
        let text = String::from_utf8_lossy(content);
        for quiet in [silent, "District Court", "instrument", "gag"] {
            assert!(!text.contains(quiet), "{name} tells of {quiet}");
        }
    }
}

#[tokio::test]
async fn an_archive_holds_everything_in_every_form_and_nothing_that_is_kept_quiet() {
    let app = App::start().await;
    let (ada, shared, silent) = somebody(&app).await;
    let services = services(&app).await;
    let before = files_at_rest(&app).len();

    let asked = json!({ "kind": "access" });
    let preview = ada.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await.json();
    assert_eq!(preview["consequences"], json!([{ "code": "archive_prepared", "clause": "7.2" }]));
    assert!(preview["withheld"].as_array().unwrap().iter().all(|one| one["law"].as_str().unwrap().len() > 5));
    let id = ada.asks_for("access", None, None).await;
    assert_eq!(own(&ada, &id).await["state"], "scheduled");
    let path = format!("/v1/rights-requests/{id}/result");
    assert_eq!(ada.gets(&path).await.problem(), (409, "archive_not_ready".to_owned()));
    is_prepared(&services, &ada, &id).await;
    assert_eq!(prepares(&services).await, 0);

    let request = own(&ada, &id).await;
    assert_eq!((&request["state"], &request["kept_until"]), (&json!("completed"), &json!(null)));
    app.mail_saying(EMAIL, "can be downloaded until").await;
    let bytes = downloads(&app, &ada, &id).await;
    let (archive, hash) = (&request["archive"], hex(&Sha256::digest(&bytes)));
    assert_eq!((&archive["sha256"], &archive["size"]), (&json!(hash), &json!(bytes.len())));
    assert_eq!(archive["tables_written"], archive["tables_total"]);
    assert_eq!(
        (&archive["downloads"], &own(&ada, &id).await["archive"]["downloads"]),
        (&json!(0), &json!(1))
    );

    let files = unpacked(&bytes);
    let tables = tables(&files);
    let entries: usize = tables.values().map(Vec::len).sum();
    assert_eq!(archive["entries_written"], entries);
    holds_everything(&files, &tables, (&shared, &silent));
    // The log attests what was handed over.
    let events =
        app.database.number("SELECT count(*) AS n FROM rights_request_events WHERE outcome_hash IS NOT NULL");
    assert_eq!(events, 1);

    let eve = app.person("eve@example.org").await;
    assert_eq!(eve.gets(&path).await.status, 404);
    let at_rest = files_at_rest(&app);
    assert_eq!(at_rest.len(), before + 1);
    assert!(at_rest.iter().all(|file| !file.starts_with(b"PK")), "sealed");
    app.advance(TimeDelta::days(7));
    let ada = app.signs_in(EMAIL, &ada.cookie.clone()).await;
    assert_eq!(ada.gets(&path).await.problem(), (403, "step_up_required".to_owned()));
    assert_eq!(ada.steps_up_by_mail(EMAIL).await.status, 201);
    assert_eq!(ada.gets(&path).await.problem(), (410, "archive_expired".to_owned()));
    assert_eq!(services.rights.take_archives_away(10).await.unwrap(), 1);
    assert_eq!(files_at_rest(&app).len(), before);
    crate::log::verifies(&app).await;
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Whether what an entry of the log says is what its leaf commits to.
fn opens(entry: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (mut detail, leaf) = (unhex(&text(&entry["salt"])), unhex(&text(&entry["leaf"])));
    for fact in entry["facts"].as_array().unwrap() {
        for part in [text(&fact["name"]), text(&fact["value"])] {
            detail.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
            detail.extend(part.as_bytes());
        }
    }
    let commitment = Sha256::new().chain_update(b"c1").chain_update(&detail).finalize();
    let hash = Sha256::new().chain_update([0]).chain_update(&leaf).finalize();
    leaf.ends_with(&commitment) && hex(&hash) == text(&entry["leaf_hash"])
}

#[tokio::test]
async fn what_can_be_taken_elsewhere_is_what_came_from_the_person() {
    let app = App::start().await;
    let (ada, services) = (app.person(EMAIL).await, services(&app).await);
    let id = ada.asks_for("portability", None, None).await;
    // Both at once: they are different rights.
    let other = ada.asks_for("access", None, None).await;
    let again = ada.files("portability", None, None).await;
    assert_eq!(again.problem(), (409, "rights_request_duplicate".to_owned()));
    is_prepared(&services, &ada, &id).await;
    is_prepared(&services, &ada, &other).await;
    let files = unpacked(&downloads(&app, &ada, &id).await);
    let tables = tables(&files);
    assert!(tables.contains_key("account") && tables.contains_key("consent_events"));
    assert!(!tables.contains_key("disclosures") && !tables.contains_key("log_entries"));
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert_eq!((&manifest["law"], &manifest["kind"]), (&json!("GDPR art. 20"), &json!("portability")));
    assert!(unpacked(&downloads(&app, &ada, &other).await).contains_key("data/disclosures.json"));
    // Once one is there, the next can be asked for.
    ada.asks_for("portability", None, None).await;
}

#[tokio::test]
async fn an_archive_that_was_cut_off_begins_anew_and_one_of_whoever_was_erased_ends() {
    let app = App::start().await;
    let (ada, services) = (app.person(EMAIL).await, services(&app).await);
    let before = files_at_rest(&app).len();
    let id = ada.asks_for("access", None, None).await;
    let contents = PersonalContents::new(services.clone());
    for pages in [0, 3, 11] {
        let read = AtomicUsize::new(0);
        let stops = || read.fetch_add(1, Ordering::Relaxed) >= pages;
        assert_eq!(services.rights.hand_over(&contents, 10, &stops).await.unwrap(), 0);
        let request = own(&ada, &id).await;
        assert_eq!(request["state"], "executing");
        assert!(request["archive"]["tables_written"].as_i64() < request["archive"]["tables_total"].as_i64());
        assert_eq!(ada.takes_back(&id).await.problem().0, 409);
    }
    assert_eq!(files_at_rest(&app).len(), before, "nothing is left of the tries");
    is_prepared(&services, &ada, &id).await;
    assert_eq!(unpacked(&downloads(&app, &ada, &id).await).len(), 2 * 22 + 3);
    assert_eq!(files_at_rest(&app).len(), before + 1);

    // One is ready, one is being made, and one waits: nothing of them outlives the person.
    let made = ada.asks_for("access", None, None).await;
    let stops = || true;
    services.rights.hand_over(&contents, 10, &stops).await.unwrap();
    let waits = ada.asks_for("portability", None, None).await;
    let (_, token) = ada.asks_for_erasure("now").await;
    assert_eq!(services.rights.carry_out(10).await.unwrap(), 1);
    assert_eq!(files_at_rest(&app).len(), before);
    for id in [made, waits] {
        let id = &id["rrq_".len()..];
        let column = if is_postgres() {
            "replace(rights_request_id::text, '-', '')"
        } else {
            "lower(hex(rights_request_id))"
        };
        let superseded = app.database.number(&format!(
            "SELECT count(*) AS n FROM rights_request_events WHERE {column} = '{id}' AND step = 'superseded'"
        ));
        assert_eq!(superseded, 1);
    }
    assert_eq!(prepares(&services).await, 0);
    let result = app.post("/v1/rights-request-results", &json!({ "result_token": token })).await.json();
    assert_eq!(result["request"]["state"], "completed");
}

#[tokio::test]
async fn nothing_is_handed_over_for_three_days_after_a_password_was_reset() {
    let app = App::start().await;
    let (ada, services) = (app.person(EMAIL).await, services(&app).await);
    let early = ada.asks_for("access", None, None).await;
    app.database.sql("UPDATE credentials SET reset_at = changed_at");
    assert_eq!(prepares(&services).await, 0, "whoever asked may be who reset it");
    let late = ada.asks_for("portability", None, None).await;
    assert!(own(&ada, &late).await["executes_at"].as_str() > Some("2026-03-03"));
    app.advance(TimeDelta::hours(72));
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(app.post("/v1/sessions", &body).await.status, 201);
    let ada = app.signs_in(EMAIL, &ada.cookie.clone()).await;
    is_prepared(&services, &ada, &early).await;
    is_prepared(&services, &ada, &late).await;
}
