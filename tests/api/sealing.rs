//! What rests is sealed, and opens nowhere but where it was sealed (clauses 0.3, 5.1).

use std::{fs, path::Path};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;

use crate::support::{App, is_postgres, postgres_data_directory};

/// A value in each form in which it could lie somewhere.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let hex = smart_mining::domain::encoding::hex(value.as_bytes());
    let url: Vec<u8> =
        value
            .bytes()
            .flat_map(|byte| {
                if byte.is_ascii_alphanumeric() { vec![byte] } else { format!("%{byte:02X}").into_bytes() }
            })
            .collect();
    // Base64 depends on where the value begins within three bytes; the middle of it does not.
    let shifted = (0..3).flat_map(|shift| {
        let padded = [vec![b'x'; shift], value.as_bytes().to_vec()].concat();
        [STANDARD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)].map(|text| {
            let text = text.trim_end_matches('=').as_bytes();
            text[4..text.len() - 2].to_vec()
        })
    });
    let plain = [value.as_bytes().to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes(), url];
    plain.into_iter().chain(shifted).collect()
}

/// The files below `folder` that hold any of `needles`.
fn search(folder: &Path, needles: &[Vec<u8>], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "outbox") {
            search(&path, needles, found);
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            let holds = |needle: &Vec<u8>| memchr::memmem::find(&bytes, needle).is_some();
            found.extend(needles.iter().any(holds).then(|| path.display().to_string()));
        }
    }
}

#[tokio::test]
async fn nothing_personal_rests_in_the_clear() {
    let app = App::start().await;
    let email = "canary.q7x9@zebra-post.example";
    let mut body = crate::support::registration_body(&app, email).await;
    body["real_name"] = json!("Quillon Zebrastone");
    body["phone"] = json!("+64217739914");
    let registered = app.post("/v1/accounts", &body).await;
    assert_eq!(registered.status, 202);
    let code = app.code_mailed_to(email).await;
    let verification = json!({ "registration_id": registered.json()["registration_id"], "code": code });
    let opened = app.post("/v1/accounts/verification", &verification).await;
    assert_eq!(opened.status, 201);
    let bearer = format!("Bearer {}", opened.json()["session"]["access_token"].as_str().unwrap());
    let change = json!({ "real_name": "Quillon Formerlystone", "display_name": "zebraquill" });
    let headers = [("authorization", bearer.as_str()), ("user-agent", "CanaryBrowser/7731")];
    assert_eq!(app.send(reqwest::Method::PATCH, "/v1/account", &headers, Some(&change)).await.status, 200);
    let sign_in = json!({ "email": email, "password": crate::support::PASSWORD });
    assert_eq!(app.send(reqwest::Method::POST, "/v1/sessions", &headers, Some(&sign_in)).await.status, 201);

    let mut folders = vec![app.database.folder.path().to_owned()];
    if is_postgres() {
        app.database.sql("CHECKPOINT");
        folders.push(postgres_data_directory());
    }
    let canaries = [
        email,
        "canary.q7x9",
        "Quillon Zebrastone",
        "Zebrastone",
        "+64217739914",
        "64217739914",
        "Quillon Formerlystone",
        "zebraquill",
        "CanaryBrowser/7731",
        crate::support::PASSWORD,
        &code,
    ];
    for canary in canaries {
        let needles = forms(canary);
        for folder in &folders {
            let mut found = Vec::new();
            search(folder, &needles, &mut found);
            assert!(found.is_empty(), "{canary} lies in {found:?}");
        }
    }

    // The search can find: what is planted, in each form, is found.
    for form in forms("Zebrastone") {
        let planted = app.database.folder.path().join("planted");
        fs::write(&planted, [b"before ".as_slice(), &form, b" after"].concat()).unwrap();
        let mut found = Vec::new();
        search(app.database.folder.path(), &forms("Zebrastone"), &mut found);
        assert_eq!(found.len(), 1, "{}", String::from_utf8_lossy(&form));
    }
}

/// Tampers with ada's sealed name; reading then fails closed, and eve's reading does not.
async fn fails_closed(tampering: &str) {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let eve = app.person("eve@example.org").await;
    assert_eq!(ada.gets("/v1/account").await.status, 200);
    let uuid = ada.account_id.trim_start_matches("acc_");
    let (id, bytes) =
        if is_postgres() { (format!("'{uuid}'"), "bytea") } else { (format!("x'{uuid}'"), "blob") };
    app.database.sql(&tampering.replace("$ada", &id).replace("$bytes", bytes));

    let answer = ada.gets("/v1/account").await;

    assert_eq!(answer.problem(), (500, "internal".to_owned()), "{tampering}");
    for word in ["real_name", "profiles", "open", "seal"] {
        assert!(!answer.json()["detail"].as_str().unwrap().contains(word));
    }
    assert_eq!(app.get("/health/live").await.status, 200);
    assert_eq!(eve.gets("/v1/account").await.status, 200);
    let failures = reqwest::get(format!("{}/metrics", app.operator_url)).await.unwrap().text().await.unwrap();
    assert!(failures.lines().any(|line| line.starts_with("vault_failures_total") && !line.ends_with(" 0")));
}

#[tokio::test]
async fn a_cell_of_another_row_does_not_open() {
    fails_closed(
        "UPDATE profiles SET real_name = (SELECT o.real_name FROM profiles o WHERE o.account_id <> $ada) \
         WHERE account_id = $ada",
    )
    .await;
}

#[tokio::test]
async fn a_cell_of_another_column_does_not_open() {
    fails_closed("UPDATE profiles SET real_name = email WHERE account_id = $ada").await;
}

#[tokio::test]
async fn a_truncated_cell_does_not_open() {
    fails_closed(
        "UPDATE profiles SET real_name = CAST(substr(real_name, 1, length(real_name) - 1) AS $bytes) \
         WHERE account_id = $ada",
    )
    .await;
    fails_closed(
        "UPDATE profiles SET real_name = CAST(substr(real_name, 1, 3) AS $bytes) WHERE account_id = $ada",
    )
    .await;
}

#[tokio::test]
async fn a_cell_under_another_key_version_does_not_open() {
    let change = if is_postgres() {
        "UPDATE profiles SET real_name = set_byte(real_name, 5, 2) WHERE account_id = $ada"
    } else {
        "UPDATE profiles SET real_name = CAST(substr(real_name, 1, 5) || x'02' || substr(real_name, 7) AS blob) \
         WHERE account_id = $ada"
    };
    fails_closed(change).await;
}

#[tokio::test]
async fn a_password_hash_of_another_account_lets_nobody_in() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    app.person("eve@example.org").await;
    app.database.sql("UPDATE credentials SET password = (SELECT o.password FROM credentials o ORDER BY o.password LIMIT 1)");
    let statuses = [
        ada.signs_in("ada@example.org", crate::support::PASSWORD).await.status,
        ada.signs_in("eve@example.org", crate::support::PASSWORD).await.status,
    ];
    let mut sorted = statuses;
    sorted.sort_unstable();
    assert_eq!(sorted, [201, 500]);
}

#[tokio::test]
async fn an_older_cell_of_the_same_place_does_not_open() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    app.database.sql("CREATE TABLE kept AS SELECT real_name FROM profiles");
    assert_eq!(ada.changes_profile(json!({ "real_name": "Ada King" })).await.status, 200);
    app.database.sql("UPDATE profiles SET real_name = (SELECT real_name FROM kept)");
    assert_eq!(ada.gets("/v1/account").await.problem(), (500, "internal".to_owned()));
}
