//! Documents: taken in bounded, kept sealed, given back bare, gone with their person.

use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use image::ImageFormat;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    App, BUCKET_SECRET, Form, Member, PASSWORD, Person, TestDatabase, is_postgres,
    pictures::{exif, holds, jpeg_with, pdf, picture},
    s3,
};

const EMAIL: &str = "ada@example.org";

pub async fn asked(app: &App, support: &Member, email: &str) -> Person {
    let person = app.person(email).await;
    asks(support, &person).await;
    person
}

pub async fn asks(support: &Member, person: &Person) {
    let body = json!({ "account_id": person.account_id, "ground": "full_verification", "private_reason": "A test." });
    let asked = support.posts("/v1/staff/kyc-cases", &body).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
}

async fn person_asked(app: &App) -> Person {
    let admins = app.admins().await;
    let support = app.member(&admins, "support").await;
    asked(app, &support, EMAIL).await
}

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries.map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

/// What lies where sealed files lie: names of 32 hexadecimal digits.
fn sealed_files(folder: &Path) -> Vec<Vec<u8>> {
    let is_ours = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 32);
    files_below(folder).iter().filter(|path| is_ours(path)).map(|path| std::fs::read(path).unwrap()).collect()
}

fn item<'a>(kyc: &'a Value, item: &str) -> &'a Value {
    let all = kyc["requirements"].as_array().unwrap();
    all.iter().find(|requirement| requirement["item"] == item).unwrap()
}

/// The search finds a control file, and nothing of the picture in what is kept.
fn nothing_of_it_is_kept_in_plain(kept_in: &Path, bare: &[u8]) {
    let control = kept_in.join("c".repeat(32));
    std::fs::write(&control, bare).unwrap();
    let pieces: Vec<&[u8]> = bare.chunks(64).collect();
    let found = |files: &[Vec<u8>]| {
        files.iter().filter(|file| pieces.iter().any(|piece| piece.len() == 64 && holds(file, piece))).count()
    };
    assert_eq!(found(&sealed_files(kept_in)), 1, "the control file");
    std::fs::remove_file(control).unwrap();
    let kept = sealed_files(kept_in);
    assert_eq!((kept.len(), found(&kept)), (1, 0));
    assert!(!holds(&kept[0], b"JFIF") && kept[0].len() > bare.len());
}

fn is_saved_and_never_shown(headers: &reqwest::header::HeaderMap) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/jpeg");
    assert!(header("content-disposition").starts_with("attachment"));
    assert_eq!(
        (header("x-content-type-options").as_str(), header("cache-control").as_str()),
        ("nosniff", "no-store")
    );
}

async fn others_do_not_reach_it(app: &App, ada: &Person, path: &str) {
    let eve = app.person("eve@example.org").await;
    assert_eq!(eve.gets(path).await.problem(), (404, "not_found".to_owned()));
    assert_eq!(eve.fetches(&format!("{path}/images/front")).await.0, 404);
    let stale = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    let refused = stale.gets(&format!("{path}/images/front")).await;
    assert_eq!(refused.problem(), (403, "step_up_required".to_owned()));
}

/// Hands a photograph in that tells where it was taken, and looks for it everywhere.
async fn a_photograph_is_kept_sealed_and_comes_back_bare(app: &App, kept_in: &Path) {
    let ada = person_asked(app).await;
    let photograph = jpeg_with(&exif());
    assert!(holds(&photograph, b"GPS-CANARY"));
    let form = Form::card("passport", "LH123456").file("front", "../../etc/passwd", &photograph);
    let uploaded = ada.uploads(&form).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text);
    let document = uploaded.json();
    assert_eq!(
        (&document["item"], &document["number"]),
        (&json!("first_identity_document"), &json!("LH123456"))
    );
    assert_eq!(document["images"][0]["width"], 300, "it was held sideways");
    let kyc = ada.gets("/v1/kyc").await.json();
    assert_eq!(
        (&kyc["state"], &item(&kyc, "first_identity_document")["state"]),
        (&json!("in_progress"), &json!("provided"))
    );

    let path = format!("/v1/kyc/documents/{}", document["document_id"].as_str().unwrap());
    assert_eq!(ada.gets(&path).await.json(), document);
    let (status, headers, bare) = ada.fetches(&format!("{path}/images/front")).await;
    assert_eq!(status, 200);
    is_saved_and_never_shown(&headers);
    assert_eq!(image::load_from_memory(&bare).unwrap().height(), 400);
    assert!([b"GPS-CANARY".as_slice(), b"Exif", b"passwd"].iter().all(|mark| !holds(&bare, mark)));
    assert_eq!(ada.fetches(&format!("{path}/images/back")).await.0, 404);
    assert_eq!(ada.fetches(&format!("{path}/images/inside")).await.0, 404);

    nothing_of_it_is_kept_in_plain(kept_in, &bare);
    others_do_not_reach_it(app, &ada, &path).await;

    // Taken back, it is gone from where it was kept.
    let gone = ada.sends(Method::DELETE, &path, &[], None).await;
    assert_eq!(item(&gone.json(), "first_identity_document")["state"], "missing", "{}", gone.text);
    assert_eq!(sealed_files(kept_in).len(), 0);
    assert_eq!(ada.gets(&path).await.status, 404);
}

#[tokio::test]
async fn in_a_folder_a_photograph_is_kept_sealed_and_comes_back_bare() {
    let app = App::start().await;
    let folder = app.database.folder.path().join("files");
    a_photograph_is_kept_sealed_and_comes_back_bare(&app, &folder).await;
}

#[tokio::test]
async fn in_a_bucket_a_photograph_is_kept_sealed_and_comes_back_bare() {
    let database = TestDatabase::fresh();
    let root = database.folder.path().join("s3");
    std::fs::create_dir(&root).unwrap();
    let endpoint = s3(&root).await;
    let bucket = [
        ("FILES", "s3"),
        ("S3_ENDPOINT", &endpoint),
        ("S3_BUCKET", "documents"),
        ("S3_ACCESS_KEY_ID", "keeper"),
        ("S3_SECRET_ACCESS_KEY", BUCKET_SECRET),
    ];
    let app = App::start_on(database, &bucket).await;
    a_photograph_is_kept_sealed_and_comes_back_bare(&app, &root).await;
}

#[tokio::test]
async fn what_is_told_of_a_document_is_held_against_its_kind_at_once() {
    let app = App::start().await;
    let ada = person_asked(&app).await;
    let front = picture(ImageFormat::Png);
    let card = |kind: &str| Form::card(kind, "LH123456");
    let with = |form: Form| form.file("front", "f", &front);
    let cases: [(&str, Form, &str, &str); 13] = [
        ("no back", with(card("national_id")), "/back", "missing_field"),
        (
            "a back of a passport",
            with(card("passport")).file("back", "b", &front),
            "/back",
            "not_of_this_kind",
        ),
        ("no front", card("passport"), "/front", "missing_field"),
        ("a text for a file", card("passport").text("front", "0"), "/front", "wrong_type"),
        ("a file for a text", with(card("passport")).file("address", "a", b"x"), "/address", "wrong_type"),
        ("an unknown field", with(card("passport")).text("religion", "x"), "/religion", "unknown_field"),
        ("an unknown kind", with(card("library_card")), "/kind", "invalid_value"),
        (
            "a zone whose check digits do not hold",
            with(card("passport")).text("machine_readable_zone", "short"),
            "/machine_readable_zone",
            "invalid_machine_readable_zone",
        ),
        ("SVG", card("passport").file("front", "f.png", b"<svg/>"), "/front", "file_format"),
        (
            "a PDF of a passport",
            card("passport").file("front", "f.png", &pdf(1, "595 842")),
            "/front",
            "file_format",
        ),
        (
            "half a picture",
            card("passport").file("front", "f", &front[..front.len() / 2]),
            "/front",
            "file_broken",
        ),
        (
            "a large file",
            card("passport").file("front", "f", &vec![0; 10 * 1024 * 1024 + 1]),
            "/front",
            "file_too_large",
        ),
        (
            "a long text",
            with(card("passport")).text("address", &"x".repeat(2_000)),
            "/address",
            "out_of_range",
        ),
    ];
    for (what, form, pointer, code) in cases {
        let refused = ada.uploads(&form).await;
        assert_eq!(refused.status, 422, "{what}: {}", refused.text);
        assert_eq!(refused.first_error(), (pointer.to_owned(), code.to_owned()), "{what}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_day_of_a_document_is_one_and_in_a_year_that_it_can_bear() {
    let app = App::start().await;
    let ada = person_asked(&app).await;
    let days = [
        ("2026-02-30", "invalid_day"),
        ("2026-2-3", "invalid_day"),
        ("1899-12-31", "out_of_range"),
        ("7544-05-25", "out_of_range"),
    ];
    for (day, code) in days {
        let refused = ada.uploads(&Form::passport("LH123456").text("issued_on", day)).await;
        assert_eq!(refused.status, 422, "{day}: {}", refused.text);
        assert_eq!(refused.first_error(), ("/issued_on".to_owned(), code.to_owned()), "{day}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once() {
    let app = App::start().await;
    let ada = person_asked(&app).await;
    let several = Form::default()
        .text("kind", "address_proof")
        .text("issuer_class", "state")
        .text("country", "NZ")
        .text("name", "Ada Lovelace")
        .text("number", "LH123456")
        .text("issued_on", "2025-11-27");
    let refused = ada.uploads(&several.file("front", "f", &picture(ImageFormat::Png))).await.json();
    let errors: Vec<(&str, &str)> = refused["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [
            ("/number", "not_of_this_kind"),
            ("/address", "missing_field"),
            ("/issuer_class", "issuer_not_taken"),
            ("/issued_on", "document_too_old"),
        ]
    );
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_documents"), 0);
    assert_eq!(files_below(&app.database.folder.path().join("files")).len(), 0);
}

#[tokio::test]
async fn a_form_that_no_browser_sends_is_refused() {
    let app = App::start().await;
    let ada = person_asked(&app).await;
    let card = || Form::card("passport", "LH123456");
    let front = picture(ImageFormat::Png);
    let mut many = Form::default();
    for n in 0..5_000 {
        many = many.text(&format!("field_{n}"), "x");
    }
    let encoded = card().part(
        "form-data; name=\"front\"; filename=\"f\"",
        "Content-Transfer-Encoding: base64\r\n",
        b"iVBORw0KGgo=",
    );
    let nameless = card().part("form-data", "", b"x");
    let nested =
        card().part("attachment; filename=\"x\"", "Content-Type: multipart/mixed; boundary=x\r\n", b"--x--");
    let twice = card().file("front", "f", &front).text("kind", "passport");
    let binary = card().file("front", "f", &front).part("form-data; name=\"address\"", "", b"\xFF\xFE");
    for (what, form) in [
        ("5,000 parts", many),
        ("an encoding of the transfer", encoded),
        ("no name", nameless),
        ("multipart in multipart", nested),
        ("a field twice", twice),
        ("a text that is none", binary),
    ] {
        let refused = ada.uploads(&form).await;
        assert_eq!(refused.problem(), (400, "malformed_request".to_owned()), "{what}");
        assert!(!refused.text.contains("field_"), "{what}");
    }
    let form = card().file("front", "f", &front);
    let cut = form.body();
    let cut = ada.uploads_as(&Form::content_type(), cut[..cut.len() - 40].to_vec(), &[]).await;
    assert_eq!(cut.problem(), (400, "malformed_request".to_owned()));
    for content_type in ["multipart/mixed; boundary=x", "application/json", "text/plain"] {
        let refused = ada.uploads_as(content_type, form.body(), &[]).await;
        assert_eq!(refused.problem(), (415, "unsupported_media_type".to_owned()), "{content_type}");
    }
    let no_boundary = ada.uploads_as("multipart/form-data", form.body(), &[]).await;
    assert_eq!(no_boundary.problem(), (400, "malformed_request".to_owned()));
    let packed = ada.uploads_as(&Form::content_type(), form.body(), &[("content-encoding", "gzip")]).await;
    assert_eq!(packed.problem(), (415, "unsupported_media_type".to_owned()));
    let too_large = ada.uploads_as(&Form::content_type(), vec![b'-'; 22 * 1024 * 1024], &[]).await;
    assert_eq!(too_large.problem(), (413, "body_too_large".to_owned()));
    let parts =
        (0..4).fold(card(), |form, n| form.file(&format!("file_{n}"), "f", &vec![0; 9 * 1024 * 1024]));
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(parts.body())]);
    let chunked = app.client.post(format!("{}/v1/kyc/documents", app.url)).bearer_auth(&ada.access_token);
    let chunked =
        chunked.header("content-type", Form::content_type()).body(reqwest::Body::wrap_stream(chunks));
    assert_eq!(chunked.send().await.unwrap().status(), 413, "without a length declared");
    // Left empty, as a browser sends what was not filled in.
    let form = form.text("address", "").file("back", "", b"");
    assert_eq!(ada.uploads(&form).await.status, 201);
}

#[tokio::test]
async fn each_place_takes_one_document_and_the_two_kinds_differ() {
    let app = App::start().await;
    let ada = person_asked(&app).await;
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.status, 201);
    let same = ada.uploads(&Form::passport("LH123457")).await;
    assert_eq!(same.problem(), (409, "kyc_document_exists".to_owned()));
    assert_eq!(same.json()["clause"], "1.6");
    // The same request twice is one document.
    let key = [("idempotency-key", "a-key-of-an-upload")];
    let form = Form::licence("DL999888").body();
    let first = ada.uploads_as(&Form::content_type(), form.clone(), &key).await;
    assert_eq!((first.status, &first.json()["item"]), (201, &json!("second_identity_document")));
    let again = ada.uploads_as(&Form::content_type(), form, &key).await;
    assert_eq!((again.status, again.text), (201, first.text));
    let other = ada.uploads_as(&Form::content_type(), Form::licence("DL1111").body(), &key).await;
    assert_eq!(other.problem(), (409, "idempotency_key_reused".to_owned()));
    let third = Form::card("national_id", "ID123456").file("front", "f", &picture(ImageFormat::Png)).file(
        "back",
        "f",
        &picture(ImageFormat::Png),
    );
    assert_eq!(ada.uploads(&third).await.problem(), (409, "kyc_document_exists".to_owned()));
    assert_eq!(ada.uploads(&Form::bill()).await.status, 201);
    assert_eq!(ada.uploads(&Form::bill()).await.problem(), (409, "kyc_document_exists".to_owned()));
    let kyc = ada.gets("/v1/kyc").await.json();
    assert_eq!(kyc["documents"].as_array().unwrap().len(), 3);
    for name in ["first_identity_document", "second_identity_document", "address_proof"] {
        assert_eq!(item(&kyc, name)["state"], "provided", "{name}");
    }
    // Only what was refused was put away again: four pictures of three documents are kept.
    assert_eq!(sealed_files(&app.database.folder.path().join("files")).len(), 4);
    // A restriction does not keep anybody from handing in what lifts it.
    app.database.sql("UPDATE accounts SET state = 'restricted'");
    let first = kyc["documents"][0]["document_id"].as_str().unwrap();
    assert_eq!(ada.sends(Method::DELETE, &format!("/v1/kyc/documents/{first}"), &[], None).await.status, 200);
    let again = ada.uploads(&Form::passport("LH123456")).await;
    assert_eq!((again.status, &again.json()["item"]), (201, &json!("first_identity_document")));
}

#[tokio::test]
async fn uploads_at_once_fill_each_place_once() {
    let app = App::start_with(&[("IMAGES_AT_ONCE", "4")]).await;
    let ada = person_asked(&app).await;
    let form = Form::passport("LH123456");
    let answers = futures_util::future::join_all((0..8).map(|_| ada.uploads(&form))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| [409, 412, 503].contains(status)), "{statuses:?}");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM kyc_documents"), 1);
    assert_eq!(sealed_files(&app.database.folder.path().join("files")).len(), 1);
}

#[tokio::test]
async fn one_network_takes_half_of_the_places_for_uploads() {
    let app = App::start_with(&[("UPLOADS_AT_ONCE", "4"), ("TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    let ada = person_asked(&app).await;
    let form = Form::passport("LH123456");
    let slow = |address: &'static str| {
        let head = form.body()[..100].to_vec();
        let never = futures_util::stream::once(async { Ok::<_, std::io::Error>(head) })
            .chain(futures_util::stream::pending());
        let request = app.client.post(format!("{}/v1/kyc/documents", app.url)).bearer_auth(&ada.access_token);
        let request = request.header("content-type", Form::content_type()).header("x-forwarded-for", address);
        tokio::spawn(request.body(reqwest::Body::wrap_stream(never)).send())
    };
    let slow_ones = [slow("203.0.113.7"), slow("203.0.113.7")];
    let refused = || async {
        let from_there = [("x-forwarded-for", "203.0.113.7")];
        let answer = ada.uploads_as(&Form::content_type(), b"nothing".to_vec(), &from_there).await;
        (answer.status == 503).then_some(())
    };
    crate::support::eventually("its share is taken", refused).await;
    let elsewhere = [("x-forwarded-for", "198.51.100.7")];
    let answer = ada.uploads_as(&Form::content_type(), form.body(), &elsewhere).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    slow_ones.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn one_number_on_two_accounts_raises_a_flag_and_tells_neither() {
    let app = App::start().await;
    let admins = app.admins().await;
    let support = app.member(&admins, "support").await;
    let ada = asked(&app, &support, EMAIL).await;
    let eve = asked(&app, &support, "eve@example.org").await;
    let flags = || app.database.number("SELECT count(*) AS n FROM kyc_flags WHERE kind = 'same_document'");
    assert_eq!(ada.uploads(&Form::passport("LH 123-456")).await.status, 201);
    assert_eq!(eve.uploads(&Form::licence("LH123456")).await.status, 201);
    assert_eq!(flags(), 0, "the number of another kind of document is another number");
    let same = eve.uploads(&Form::passport("lh123456")).await;
    assert_eq!(same.status, 201, "{}", same.text);
    assert_eq!(same.header("log-promise"), "", "a promise would tell that there is something to promise");
    assert_eq!(flags(), 1);
    assert_eq!(app.database.texts("SELECT state AS t FROM kyc_flags"), ["open"]);
    for view in ["/v1/kyc", "/v1/notices", "/v1/access-log"] {
        assert!(!eve.gets(view).await.text.contains("same_document"), "{view}");
    }
    let plain = if is_postgres() {
        "position('LH123456'::bytea IN blind_index)"
    } else {
        "instr(blind_index, 'LH123456')"
    };
    let query = format!(
        "SELECT count(*) AS n FROM kyc_document_numbers WHERE {plain} > 0 OR length(blind_index) <> 32"
    );
    assert_eq!(app.database.number(&query), 0);
}

#[tokio::test]
async fn nothing_is_taken_that_nobody_asks_for() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    assert_eq!(ada.uploads(&Form::passport("LH123456")).await.problem(), (409, "kyc_not_open".to_owned()));
    assert_eq!(files_below(&app.database.folder.path().join("files")).len(), 0);
}

#[tokio::test]
async fn a_restored_database_that_numbers_a_verification_as_one_before_takes_documents_all_the_same() {
    let app = App::start().await;
    let ada = person_asked(&app).await;
    let hex = ada.account_id.trim_start_matches("acc_");
    let account = if is_postgres() { format!("'{hex}'::uuid") } else { format!("x'{hex}'") };
    // The key store never goes back: it knows of verifications that the database does not know any more.
    let erased_at = if is_postgres() { "now()" } else { "0" };
    app.database.keys_sql(&format!(
        "INSERT INTO key_version_tombstones (account_id, category, version, erased_at) \
         VALUES ({account}, 'documents', 1, {erased_at}), ({account}, 'documents', 2, {erased_at})"
    ));
    let uploaded = ada.uploads(&Form::passport("LH123456")).await;
    assert_eq!(uploaded.status, 201, "{}", uploaded.text);
    let versions = "SELECT CAST(max(version) AS BIGINT) AS n FROM subject_keys WHERE category = 'documents'";
    assert_eq!(app.database.keys_number(versions), 3);
    assert_eq!(app.database.number("SELECT CAST(number AS BIGINT) AS n FROM kyc_cases"), 3);
}
