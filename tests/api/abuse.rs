//! Abuse (clause 2.4; security.md T1 and T2): guesses, floods and pumping are counted, durably, and
//! nobody is locked out of the own account by strangers.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, App, Inner, PASSWORD, Process, TestDatabase, challenge_of, settings};

const EMAIL: &str = "ada@example.org";
const WRONG: &str = "wrong and long enough";

/// A client behind a proxy that we trust.
async fn from_address(app: &App, address: &str, cookie: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    let headers = [("x-forwarded-for", address), ("cookie", cookie)];
    app.send(Method::POST, "/v1/sessions", &headers, Some(&body)).await
}

const BEHIND_A_PROXY: (&str, &str) = ("TRUSTED_PROXIES", "127.0.0.0/8");

fn attacker(n: usize) -> String {
    format!("203.{}.{}.7", n / 200, n % 200)
}

#[tokio::test]
async fn ten_thousand_wrong_passwords_from_five_hundred_addresses_do_not_lock_the_owner_out() {
    let app = App::start_with(&[BEHIND_A_PROXY]).await;
    let ada = app.person(EMAIL).await;
    let (mut compared, mut refused, mut owner_in) = (BTreeMap::new(), 0, 0);
    // Ten thousand tries over ten hours, ten at a time.
    for step in 0..1_000_usize {
        let tries = (0..10).map(|n| {
            let address = attacker((step * 10 + n) % 500);
            let app = &app;
            async move { from_address(app, &address, "", EMAIL, WRONG).await }
        });
        for answer in join_all(tries).await {
            match answer.problem() {
                (401, code) if code == "invalid_credentials" => *compared.entry(step / 100).or_insert(0) += 1,
                (429, code) if code == "too_many_attempts" => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        if step % 100 == 50 {
            let answer = from_address(&app, "198.51.100.1", &ada.cookie, EMAIL, PASSWORD).await;
            assert_eq!(answer.status, 201, "the owner with the device's cookie: {}", answer.text);
            let same_network = from_address(&app, &attacker(7), &ada.cookie, EMAIL, PASSWORD).await;
            assert_eq!(same_network.status, 201, "also from an attacker's network");
            owner_in += 2;
        }
        app.advance(TimeDelta::seconds(36));
    }
    let total: i32 = compared.values().sum();
    let (first, best_later) = (compared[&0], compared.range(1..).map(|(_, n)| *n).max().unwrap());
    println!(
        "attack: 10000 wrong passwords from 500 addresses in 10 hours: {total} compared, {refused} refused; \
         first hour {first}, best hour after {best_later}; the owner got in {owner_in} of 20 times"
    );
    assert_eq!((total + refused, owner_in), (10_000, 20));
    assert!(first <= 15 && best_later <= 6, "ten at once, then five an hour: {compared:?}");
    for n in 0..10 {
        from_address(&app, &attacker(n), "", EMAIL, WRONG).await;
    }
    // A stranger's device is put off even with the right password; the mailbox is the way in then.
    let stranger = from_address(&app, "198.51.100.1", "", EMAIL, PASSWORD).await;
    assert_eq!(stranger.status, 429);
    assert!(stranger.header("retry-after").parse::<u32>().unwrap() <= 720);
    let headers = [("x-forwarded-for", "198.51.100.1")];
    let body = json!({ "email": EMAIL });
    let asked = app.send(Method::POST, "/v1/password-resets", &headers, Some(&body)).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let device = asked.header("set-cookie").split(';').next().unwrap().to_owned();
    app.mail_saying(EMAIL, "reset your Smart-mining password").await;
    let body = json!({
        "password_reset_token": asked.json()["password_reset_token"],
        "code": app.code_mailed_to(EMAIL).await,
        "new_password": "nine cellos before dusk",
    });
    let headers = [("x-forwarded-for", "198.51.100.1"), ("cookie", device.as_str())];
    let reset = app.send(Method::POST, "/v1/password-resets/confirmation", &headers, Some(&body)).await;
    assert_eq!(reset.status, 201, "{}", reset.text);
    let owner = from_address(&app, "198.51.100.1", &device, EMAIL, "nine cellos before dusk").await;
    assert_eq!(owner.status, 201, "who reset the password is no stranger: {}", owner.text);
}

#[tokio::test]
async fn an_unknown_name_is_counted_like_a_known_one() {
    let app = App::start_with(&[BEHIND_A_PROXY]).await;
    app.person(EMAIL).await;
    let mut outcomes = Vec::new();
    for email in [EMAIL, "nobody@example.org"] {
        let mut statuses = Vec::new();
        for n in 0..14 {
            statuses.push(from_address(&app, &attacker(n), "", email, WRONG).await.status);
        }
        outcomes.push(statuses);
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(outcomes[0].iter().filter(|status| **status == 401).count(), 10);
}

#[tokio::test]
async fn many_at_once_count_as_many() {
    let app = App::start_with(&[BEHIND_A_PROXY]).await;
    app.person(EMAIL).await;
    let addresses: Vec<String> = (0..100).map(attacker).collect();
    let answers =
        join_all(addresses.iter().map(|address| from_address(&app, address, "", EMAIL, WRONG))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert!(count(401) <= 10, "{}", count(401));
    assert_eq!(count(401) + count(429) + count(503), 100);
}

#[tokio::test]
async fn one_network_tries_few_names_an_hour_and_its_neighbours_go_on() {
    let app = App::start_with(&[BEHIND_A_PROXY, ("FAILURES_PER_NETWORK", "20")]).await;
    let ada = app.person(EMAIL).await;
    let mut refused = 0;
    for n in 0..30 {
        // One /64 is one network, however many addresses of it are used.
        let address = format!("2001:db8:0:1::{n:x}");
        let answer = from_address(&app, &address, "", &format!("name{n}@example.org"), WRONG).await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 10);
    let neighbour = from_address(&app, "2001:db8:0:2::1", "", "name99@example.org", WRONG).await;
    assert_eq!(neighbour.status, 401);
    let owner = from_address(&app, "2001:db8:0:1::1", &ada.cookie, EMAIL, PASSWORD).await;
    assert_eq!(owner.status, 201, "who is known by the device does not share the network's count");
    app.advance(TimeDelta::hours(1));
    assert_eq!(from_address(&app, "2001:db8:0:1::1", "", "name98@example.org", WRONG).await.status, 401);
}

#[tokio::test]
async fn a_right_password_takes_nothing_from_the_count() {
    let app = App::start_with(&[BEHIND_A_PROXY, ("FAILURES_PER_NETWORK", "5")]).await;
    app.person(EMAIL).await;
    for _ in 0..30 {
        let answer = from_address(&app, "198.51.100.1", "", EMAIL, PASSWORD).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
}

#[tokio::test]
async fn one_browser_tries_few_names() {
    let app = App::start_with(&[BEHIND_A_PROXY]).await;
    let eve = app.person("eve@example.org").await;
    let mut refused = 0;
    for n in 0..25 {
        let email = format!("name{n}@example.org");
        let answer = from_address(&app, &attacker(n), &eve.cookie, &email, WRONG).await;
        refused += usize::from(answer.status == 429);
    }
    assert_eq!(refused, 5);
}

#[tokio::test]
async fn mails_to_one_mailbox_and_from_one_network_are_few() {
    let app = App::start_with(&[BEHIND_A_PROXY, ("MAILS_PER_NETWORK", "15")]).await;
    let ada = app.person(EMAIL).await;
    let reset = |email: String, address: String, cookie: String| {
        let app = &app;
        async move {
            let headers = [("x-forwarded-for", address.as_str()), ("cookie", cookie.as_str())];
            app.send(Method::POST, "/v1/password-resets", &headers, Some(&json!({ "email": email })))
                .await
                .status
        }
    };
    let mut to_one = Vec::new();
    for n in 0..14 {
        to_one.push(reset("victim@example.org".to_owned(), attacker(n), String::new()).await);
    }
    assert_eq!(to_one.iter().filter(|status| **status == 429).count(), 4, "{to_one:?}");
    let mut from_one = Vec::new();
    for n in 0..20 {
        from_one.push(reset(format!("name{n}@example.org"), attacker(99), String::new()).await);
    }
    assert_eq!(from_one.iter().filter(|status| **status == 429).count(), 5, "{from_one:?}");

    // Whoever floods the owner's mailbox does not take the owner's own mails.
    for n in 0..14 {
        reset(EMAIL.to_owned(), attacker(n), String::new()).await;
    }
    assert_eq!(reset(EMAIL.to_owned(), attacker(200), String::new()).await, 429);
    assert_eq!(reset(EMAIL.to_owned(), "198.51.100.1".to_owned(), ada.cookie.clone()).await, 202);
}

#[tokio::test]
async fn sms_are_few_by_account_number_network_and_altogether() {
    let app = App::start_with(&[("SMS_PER_HOUR", "12"), BEHIND_A_PROXY]).await;
    let ask = |person: crate::support::Person, number: String, address: String| async move {
        let headers = [("x-forwarded-for", address.as_str())];
        let body = json!({ "phone": number });
        person.sends(Method::POST, "/v1/account/phone-changes", &headers, Some(&body)).await.status
    };
    let (ada, eve) = (app.person(EMAIL).await, app.person("eve@example.org").await);
    let mut by_account = Vec::new();
    for n in 0..7 {
        by_account.push(ask(ada.clone(), format!("+6421765400{n}"), attacker(n)).await);
    }
    assert_eq!(by_account, [202, 202, 202, 202, 202, 429, 429]);
    let zoe = app.person("zoe@example.org").await;
    let mut to_one_number = Vec::new();
    for n in 0..6 {
        let person = if n % 2 == 0 { &eve } else { &zoe };
        to_one_number.push(ask(person.clone(), "+64219999999".to_owned(), attacker(n)).await);
    }
    assert_eq!(to_one_number, [202, 202, 202, 202, 202, 429]);
    let bob = app.person("bob@example.org").await;
    let mut altogether = Vec::new();
    for n in 0..4 {
        altogether.push(ask(bob.clone(), format!("+6421888800{n}"), attacker(n)).await);
    }
    assert_eq!(altogether, [202, 202, 429, 429], "the platform's own limit");
}

#[tokio::test]
async fn strangers_who_claim_a_number_do_not_use_up_its_owners_codes() {
    let app = App::start().await;
    let (ada, number) = (app.person(EMAIL).await, "+64217654321");
    ada.verifies_phone(number).await;
    let (eve, mut claims) = (app.person("eve@example.org").await, Vec::new());
    for _ in 0..6 {
        let body = json!({ "phone": number });
        claims.push(eve.sends(Method::POST, "/v1/account/phone-changes", &[], Some(&body)).await.status);
    }
    assert_eq!(claims.last(), Some(&429), "the number's bucket is empty: {claims:?}");

    let challenge = challenge_of(&ada.signs_in(EMAIL, PASSWORD).await);
    let path = format!("/v1/sign-in-challenges/{}/sms-code", challenge["challenge_id"].as_str().unwrap());
    let sent = app.post(&path, &json!({ "challenge_token": challenge["challenge_token"] })).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
}

#[tokio::test]
async fn blocked_addresses_networks_and_devices_are_turned_away_until_their_time() {
    let app = App::start_with(&[BEHIND_A_PROXY]).await;
    let ada = app.person(EMAIL).await;
    let run = |arguments: &[&str]| {
        let output = Process::run(&app.settings, &[&["blocks"], arguments].concat());
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let get = |address: &'static str, cookie: String| {
        let app = &app;
        async move {
            let headers = [("x-forwarded-for", address), ("cookie", cookie.as_str())];
            app.send(Method::GET, "/v1/policy-versions/current", &headers, None).await
        }
    };
    assert!(!run(&["add", "everybody", "--reason", "spam"]).0);
    let (_, said) = run(&["add", "203.0.113.0/24", "--reason", "denial_of_service", "--hours", "87"]);
    let device = ada.gets("/v1/sessions").await.json()["data"][0]["device_id"].as_str().unwrap().to_owned();
    assert!(run(&["add", &device, "--reason", "fraud", "--hours", "8760"]).0);
    let blocked = || async { (get("203.0.113.9", String::new()).await.status == 403).then_some(()) };
    crate::support::eventually("the running service to know", blocked).await;

    let refused = get("203.0.113.9", String::new()).await;
    assert_eq!((refused.problem(), &refused.json()["clause"]), ((403, "blocked".to_owned()), &json!("2.4")));
    assert_eq!(get("203.0.114.9", String::new()).await.status, 200);
    assert_eq!(get("198.51.100.1", ada.cookie.clone()).await.status, 403, "the device, wherever it is");
    let (_, list) = run(&["list"]);
    assert!(list.contains("203.0.113.0/24") && list.contains("denial_of_service"), "{list}");
    let rests = app.database.texts("SELECT reason AS t FROM blocks ORDER BY reason");
    assert_eq!(rests, ["denial_of_service", "fraud"]);

    let id = said.split(' ').next().unwrap();
    assert!(run(&["remove", id]).0 && !run(&["remove", id]).0);
    let let_in = || async { (get("203.0.113.9", String::new()).await.status == 200).then_some(()) };
    crate::support::eventually("the running service to let in", let_in).await;
}

#[tokio::test]
async fn security_data_go_when_they_have_served() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    ada.signs_in(EMAIL, WRONG).await;
    app.post("/v1/sessions", &json!({ "email": "nobody@example.org", "password": WRONG })).await;
    ada.asks_for_email("new@example.org").await;
    drop(ada);
    assert!(app.database.number("SELECT count(*) AS n FROM throttles") >= 3);
    app.advance(TimeDelta::hours(3));
    let app = app.restart().await;
    let gone = || async {
        let rows: i64 = ["throttles", "one_time_codes", "contact_changes", "sign_in_challenges"]
            .iter()
            .map(|table| app.database.number(&format!("SELECT count(*) AS n FROM {table}")))
            .sum();
        (rows == 0).then_some(())
    };
    crate::support::eventually("the end of security data", gone).await;
}

#[tokio::test]
async fn known_and_unknown_names_take_the_same_statements_and_mails() {
    let database = TestDatabase::fresh();
    let settings = settings(&database, &[]);
    // A process of its own: metrics are the process's.
    let process = Process::serve(&settings);
    let service = Inner::of_process(database, settings, &process);
    service.person(EMAIL).await;
    let policy = service.get("/v1/policy-versions/current").await.json();
    let registration = |email: &str| {
        json!({
            "email": email, "real_name": "Ada Lovelace", "password": PASSWORD,
            "policy_version": policy["version"], "policy_content_hash": policy["content_hash"],
        })
    };
    let cost = |operation: &'static str, path: &'static str, body: serde_json::Value| {
        let service = &service;
        async move {
            let count = || async {
                let url = format!("{}/metrics", service.operator_url);
                let page = service.client.get(url).send().await.unwrap().text().await.unwrap();
                let line = format!("db_statements_total{{operation=\"{operation}\"}} ");
                let found = page.lines().find_map(|text| text.strip_prefix(&line)?.parse::<i64>().ok());
                let mails = service.database.number("SELECT count(*) AS n FROM outbox");
                (found.unwrap_or(0), mails)
            };
            let before = count().await;
            let status = service.post(path, &body).await.status;
            let after = count().await;
            (status, after.0 - before.0, after.1 - before.1)
        }
    };
    let unknown = "nobody@example.org";
    for (operation, path, known, unknown) in [
        ("register_account", "/v1/accounts", registration(EMAIL), registration(unknown)),
        (
            "create_session",
            "/v1/sessions",
            json!({ "email": EMAIL, "password": WRONG }),
            json!({ "email": unknown, "password": WRONG }),
        ),
        (
            "request_password_reset",
            "/v1/password-resets",
            json!({ "email": EMAIL }),
            json!({ "email": unknown }),
        ),
    ] {
        // The first use of a bucket inserts, each further one updates: one statement either way.
        for _ in 0..2 {
            let (known, unknown) =
                (cost(operation, path, known.clone()).await, cost(operation, path, unknown.clone()).await);
            println!("{operation}: status, statements, mails: known {known:?}, unknown {unknown:?}");
            assert!(known.1 > 0, "{operation} is counted");
            assert_eq!(known, unknown, "{operation}");
        }
    }
    process.kill();
}
