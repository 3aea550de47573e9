//! Configuration: typed, known by name, and strict in production.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use smart_mining::config::{Config, ConfigError, Profile, SETTINGS};

use crate::support::{PASSWORD, Process, TestDatabase, eventually, settings};

fn read(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_vars(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn with_nothing_set_it_serves_locally() {
    let config = read(&[("PATH", "/bin"), ("HOME", "/root")]).unwrap();
    assert_eq!(config.profile, Profile::Development);
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.http.allowed_hosts, ["127.0.0.1", "localhost"]);
}

#[test]
fn an_unknown_setting_is_refused_by_name() {
    let refused = read(&[("SMART_MINING_LISTNE", "127.0.0.1:1")]).err();
    assert_eq!(refused, Some(ConfigError::Unknown("LISTNE".to_owned())));
}

#[test]
fn unusable_values_are_named_and_not_repeated() {
    for (name, value) in [
        ("LISTEN", "hunter2"),
        ("PROFILE", "hunter2"),
        ("DATABASE_URL", "mysql://hunter2"),
        ("DATABASE_CONNECTIONS", "0"),
        ("RATE_COSTLY", "hunter2"),
        ("TRUSTED_PROXIES", "hunter2"),
        ("MAIL", "pigeon"),
        ("MAIL", "smtp"),
        ("SMS", "smtp"),
        ("PUBLIC_URL", "hunter2"),
        ("LOG_FORMAT", "hunter2"),
        ("ARGON2_ITERATIONS", "99"),
    ] {
        let error = read(&[(&format!("SMART_MINING_{name}"), value)]).err().map(|error| error.to_string());
        let error = error.unwrap_or_else(|| panic!("{name}={value} is refused"));
        assert!(error.contains("SMART_MINING_") && !error.contains("hunter2"), "{error}");
    }
    let same = [("DATABASE_URL", "sqlite:/a.db"), ("SMART_MINING_KEY_STORE_URL", "sqlite:/a.db")];
    assert!(read(&same).is_err(), "keys must not lie beside the data");
}

#[test]
fn a_build_without_tls_says_what_cures_it() {
    if cfg!(feature = "postgres-tls") {
        return;
    }
    let error = read(&[("DATABASE_URL", "postgres://app@db/data?sslmode=verify-full")]).err();
    assert!(matches!(error, Some(ConfigError::Invalid("DATABASE_URL", _))));
}

#[test]
fn a_file_can_hold_settings_and_the_environment_wins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smart-mining.toml");
    fs::write(&path, "listen = \"127.0.0.1:1111\"\nrate_costly = 7\n").unwrap();
    let path = path.display().to_string();
    let config = read(&[("SMART_MINING_CONFIG", &path), ("SMART_MINING_LISTEN", "127.0.0.1:2222")]).unwrap();
    assert_eq!((config.listen.port(), config.http.rate_costly), (2222, 7));

    fs::write(&path, "listne = \"127.0.0.1:1111\"\n").unwrap();
    assert_eq!(
        read(&[("SMART_MINING_CONFIG", &path)]).err(),
        Some(ConfigError::Unknown("LISTNE".to_owned()))
    );
}

/// The environment that the compose file gives the API, with what an operator must fill in.
fn compose_environment() -> BTreeMap<String, String> {
    let compose: serde_json::Value = yaml_serde::from_str(&fs::read_to_string("docker-compose.yml").unwrap())
        .expect("the compose file is YAML");
    let environment = compose["services"]["api"]["environment"].as_object().expect("an environment");
    let filled = |value: &str| {
        let mut value = value.to_owned();
        while let Some((head, rest)) = value.split_once("${") {
            let (name, tail) = rest.split_once('}').expect("a closed variable");
            let (name, default) = name.split_once(":-").unwrap_or((name, ""));
            let name = name.split(":?").next().unwrap_or(name);
            let filling = match name {
                "PUBLIC_URL" => "https://privacy.smart-mining.nz",
                "MAIL_FROM" => "no-reply@smart-mining.nz",
                "CONTROLLER_CONTACT" => "privacy@smart-mining.nz",
                "SMTP_URL" => "smtps://mail.smart-mining.nz",
                "SMS_GATEWAY_URL" => "https://sms.smart-mining.nz",
                _ if default.is_empty() => "filled-in",
                _ => default,
            };
            value = format!("{head}{filling}{tail}");
        }
        value
    };
    environment
        .iter()
        .map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), filled(&text))
        })
        .collect()
}

#[test]
fn the_compose_file_is_fit_for_production() {
    let environment = compose_environment();
    let config = Config::from_vars(environment.clone());
    // The image is built with TLS to PostgreSQL; inside the compose network none is asked for.
    let config = config.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config.profile, Profile::Production);
    assert!(config.database_owner.is_none() && config.key_store_owner.is_none(), "it owns no schema");
    assert!(!config.migrates_itself());
    assert!(config.http.https);
    for name in environment.keys() {
        let known =
            name.strip_prefix("SMART_MINING_").is_some_and(|name| SETTINGS.iter().any(|s| s.name == name));
        assert!(known, "{name}");
    }
}

#[test]
fn production_refuses_each_development_default() {
    let fit = compose_environment();
    for (name, development) in [
        ("PUBLIC_URL", "http://privacy.smart-mining.nz"),
        ("MAIL", "file"),
        ("SMS", "file"),
        ("MAIL_FROM", "no-reply@smart-mining.example"),
        ("CONTROLLER_CONTACT", "privacy@smart-mining.example"),
        ("ARGON2_MEMORY_KIB", "4096"),
        ("KEY_STORE_URL", "sqlite:/data/keys.db"),
    ] {
        let mut environment = fit.clone();
        environment.insert(format!("SMART_MINING_{name}"), development.to_owned());
        let refused = Config::from_vars(environment).err();
        assert!(matches!(refused, Some(ConfigError::NotForProduction(..))), "{name}: {refused:?}");
    }
}

#[tokio::test]
async fn the_executable_answers_within_a_second_of_its_start() {
    let database = TestDatabase::fresh();
    let begun = Instant::now();
    let process =
        Process::serve(&settings(&database, &[("ARGON2_MEMORY_KIB", "19456"), ("ARGON2_ITERATIONS", "2")]));
    let answer = reqwest::get(format!("{}/health/ready", process.url)).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(answer.status(), 200);
    println!("start to first 200: {took:?}");
    // Far above what it takes, so that a busy machine does not fail it.
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[tokio::test]
async fn migrating_is_a_command_and_doing_it_again_is_nothing() {
    let database = TestDatabase::fresh();
    for _ in 0..2 {
        let output = Process::run(&settings(&database, &[]), &["migrate"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(database.number("SELECT count(*) AS n FROM accounts"), 0);
}

#[tokio::test]
async fn logs_at_the_loudest_name_nobody() {
    let database = TestDatabase::fresh();
    let log = database.folder.path().join("service.log");
    let settings = settings(&database, &[("LOG_LEVEL", "trace"), ("LOG_FORMAT", "json")]);
    let process = Process::serve_logging_to(&settings, &log);
    let client = reqwest::Client::new();
    let policy: serde_json::Value = client
        .get(format!("{}/v1/policy-versions/current", process.url))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    for password in [PASSWORD, "short-7731"] {
        let body = serde_json::json!({
            "email": "canary-7731@example.org", "real_name": "Canary Sevenseven", "password": password,
            "phone": "+64217739914",
            "policy_version": policy["version"], "policy_content_hash": policy["content_hash"],
        });
        let answer = client.post(format!("{}/v1/accounts", process.url)).json(&body).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 202 | 422));
        let body = serde_json::json!({ "email": "canary-7731@example.org", "password": password });
        let answer = client.post(format!("{}/v1/sessions", process.url)).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    let mail =
        || async { fs::read_dir(database.folder.path().join("outbox")).ok()?.next().is_some().then_some(()) };
    eventually("the mail", mail).await;
    drop(process);

    let text = fs::read_to_string(&log).unwrap();
    assert!(text.lines().filter(|line| line.contains("register_account")).count() >= 2, "{text}");
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    }
    for canary in ["canary-7731", "Canary", "Sevenseven", "64217739914", PASSWORD, "short-7731"] {
        assert!(!text.contains(canary), "{canary} is in the log");
    }
}

#[tokio::test]
async fn a_signal_lets_requests_under_way_finish() {
    let database = TestDatabase::fresh();
    let process =
        Process::serve(&settings(&database, &[("ARGON2_MEMORY_KIB", "262144"), ("SHUTDOWN_SECONDS", "20")]));
    let url = format!("{}/v1/sessions", process.url);
    let body = serde_json::json!({ "email": "nobody@example.org", "password": PASSWORD });
    let slow = tokio::spawn(async move { reqwest::Client::new().post(url).json(&body).send().await });
    // The attempt is counted before the password is hashed, which takes a while.
    let counted = || async { (database.number("SELECT count(*) AS n FROM throttles") > 0).then_some(()) };
    crate::support::eventually("the request is under way", counted).await;

    assert!(process.terminate_and_wait().success());

    assert_eq!(slow.await.unwrap().unwrap().status(), 401, "it was answered all the same");
}

#[tokio::test]
async fn what_is_written_is_for_the_services_user_alone() {
    let database = TestDatabase::fresh();
    fs::set_permissions(database.folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let _process = Process::serve(&settings(&database, &[]));
    let mut folders = vec![database.folder.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().filter_map(Result::ok) {
            let mode = entry.metadata().unwrap().mode();
            assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
            if entry.path().is_dir() { folders.push(entry.path()) } else { files += 1 }
        }
    }
    assert!(files > 0);
}
