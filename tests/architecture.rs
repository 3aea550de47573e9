//! The one-way rule of the layers, held against the source.

#![expect(clippy::expect_used, reason = "a test that meets the unexpected fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every source file below `folder`, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push((path.clone(), fs::read_to_string(&path).expect("a source file")));
            }
        }
    }
    found
}

fn layer(path: &Path) -> &str {
    path.components().nth(1).and_then(|part| part.as_os_str().to_str()).unwrap_or_default()
}

/// What each layer must not name.
const FORBIDDEN: [(&str, &[&str]); 5] = [
    (
        "domain",
        &[
            "diesel",
            "actix_web",
            "crate::db",
            "crate::repositories",
            "crate::services",
            "crate::handlers",
            "crate::server",
        ],
    ),
    ("db", &["actix_web", "crate::repositories", "crate::services", "crate::handlers", "crate::server"]),
    ("repositories", &["actix_web", "crate::services", "crate::handlers", "crate::server"]),
    (
        "services",
        &["diesel", "actix_web", "crate::handlers", "crate::server", "crate::problem", "crate::config"],
    ),
    ("handlers", &["diesel", "crate::db", "crate::repositories"]),
];

#[test]
fn dependencies_point_one_way() {
    let mut looked_at = 0;
    for (path, text) in sources("api") {
        let Some((_, forbidden)) = FORBIDDEN.iter().find(|(name, _)| *name == layer(&path)) else { continue };
        looked_at += 1;
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for word in *forbidden {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
    }
    assert!(looked_at > 60, "{looked_at}");
}

#[test]
fn only_db_names_a_backend_and_only_lanes_open_transactions() {
    for (path, text) in sources("api") {
        if layer(&path) == "db" {
            continue;
        }
        for word in ["Conn::Pg", "Conn::Sqlite", ".transaction(", "sql_query"] {
            assert!(!text.contains(word), "{} names {word}", path.display());
        }
    }
}

#[test]
fn every_module_says_first_what_it_holds() {
    for (path, text) in sources("api").into_iter().chain(sources("tests")) {
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn a_feature_is_found_by_its_noun_in_every_layer() {
    for noun in ["accounts", "sessions"] {
        for layer in ["handlers", "services", "repositories"] {
            let (file, folder) = (format!("api/{layer}/{noun}.rs"), format!("api/{layer}/{noun}/mod.rs"));
            assert!(Path::new(&file).exists() || Path::new(&folder).exists(), "{layer} has no {noun}");
        }
    }
}
