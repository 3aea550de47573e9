//! Aggregates: who agrees is counted, once; an hour is published once; and nothing tells of a small group.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::{
    config::Config,
    domain::{
        disclosure::limit::{LimitKind, LimitScope},
        purpose::{PersonalDataClass, Purpose},
        time::Timestamp,
    },
    server,
    services::{
        notices::Campaigns,
        policies::PolicyService,
        reports::{ReportService, skip_hours},
        vault::Vault,
    },
};

use crate::support::{Answer, App, Desk, Person, is_postgres};

fn entry(class: &str, name: &str) -> Value {
    json!({
        "recipient_class": class, "name": name, "country": "NZ", "agreement": "Agreement of 1 March 2026",
        "contact": "data@ads.example", "policy_url": "https://ads.example/privacy",
    })
}

/// A recipient of counts, with a client that reads them.
pub struct Reader {
    recipient_id: String,
    client: String,
    secret: String,
}

pub async fn reader(desk: &Desk, class: &str, name: &str) -> Reader {
    let client = crate::partners::client(&desk.admins[0], &json!(["reports.read"]), 100_000).await;
    let (_, secret) = crate::partners::secret(&desk.admins[0], &client).await;
    let mut entry = entry(class, name);
    entry["partner_client_id"] = json!(client);
    Reader { recipient_id: desk.registers(&entry).await, client, secret }
}

pub async fn advertisement(desk: &Desk, of: &Reader, label: &str) -> String {
    let asked = json!({ "recipient_id": of.recipient_id, "label": label });
    let registered = desk.legal.posts("/v1/staff/advertisements", &asked).await;
    assert_eq!(registered.status, 201, "{}", registered.text);
    registered.json()["advertisement_id"].as_str().unwrap().to_owned()
}

/// People who agree to be counted.
async fn crowd(app: &App, count: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for n in 0..count {
        let person = app.person(&format!("person{n}@example.org")).await;
        assert_eq!(person.decides("advertising", true).await.status, 200);
        people.push(person);
    }
    people
}

fn click(advertisement: &str, at: Timestamp) -> Value {
    json!({ "events": [{ "advertisement_id": advertisement, "clicked_at": at.to_string() }] })
}

fn outcome(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["results"][0]["outcome"].as_str().unwrap().to_owned()
}

pub async fn clicks(person: &Person, app: &App, advertisement: &str) -> String {
    let body = click(advertisement, app.clock.now());
    outcome(&person.sends(Method::POST, "/v1/ad-events", &[], Some(&body)).await)
}

/// A device that agrees to be counted, by its cookie.
async fn device(app: &App) -> String {
    let path = "/v1/devices/current/consents";
    let seen = app.get(path).await;
    let cookie = seen.header("set-cookie").split(';').next().unwrap().to_owned();
    let asked = seen.json();
    let all = asked["consents"].as_array().unwrap();
    let own = all.iter().find(|consent| consent["definition"]["purpose"] == "advertising").unwrap();
    let hash = &own["definition"]["definition_hash"];
    let choice =
        json!({ "consents": [{ "purpose": "advertising", "granted": true, "definition_hash": hash }] });
    let chosen = app.send(Method::PUT, path, &[("cookie", &cookie)], Some(&choice)).await;
    assert_eq!(chosen.status, 200, "{}", chosen.text);
    cookie
}

async fn clicks_on(app: &App, cookie: &str, headers: &[(&str, &str)], advertisement: &str) -> String {
    let headers = [&[("cookie", cookie)], headers].concat();
    let body = click(advertisement, app.clock.now());
    outcome(&app.send(Method::POST, "/v1/ad-events", &headers, Some(&body)).await)
}

impl Reader {
    async fn reads(&self, app: &App) -> String {
        let bearer = format!("Bearer {}", crate::partners::bearer(app, &self.client, &self.secret).await);
        let headers = [("authorization", bearer.as_str())];
        let page = app.send(Method::GET, "/v1/partner/reports/ad-clicks", &headers, None).await;
        assert_eq!(page.status, 200, "{}", page.text);
        page.json()["data"].to_string()
    }

    async fn reports(&self, app: &App) -> Vec<Value> {
        serde_json::from_str(&self.reads(app).await).unwrap()
    }
}

/// The service's own job, run when the test wants it.
async fn job(app: &App) -> ReportService {
    let config = Config::from_vars(app.settings.clone()).unwrap();
    let stores = server::open_stores(&config, &app.clock).await.unwrap();
    let kms = server::open_kms(&config, &stores.data, &app.clock).await.unwrap();
    let (db, vault, clock) = (stores.data, Vault::new(kms, stores.keys), app.clock.clone());
    let policies =
        PolicyService::new(db.clone(), vault.clone(), clock.clone(), Campaigns::default(), String::new());
    ReportService { db, vault, clock, policies, minimum: config.smallest_group }
}

/// To the beginning of the next hour.
fn on_the_hour(app: &App) {
    let now = app.clock.now();
    app.advance(TimeDelta::hours(1) - TimeDelta::microseconds(now.as_micros() - now.hour().as_micros()));
}

/// People by advertisement, and the sum.
fn told(report: &Value) -> (BTreeMap<String, i64>, Option<i64>) {
    let count = |count: &Value| {
        (count["advertisement_id"].as_str().unwrap().to_owned(), count["people"].as_i64().unwrap())
    };
    (report["counts"].as_array().unwrap().iter().map(count).collect(), report["total"].as_i64())
}

#[tokio::test]
async fn an_hour_is_published_once_and_nothing_tells_of_fewer_than_twenty() {
    let app = App::start().await;
    let desk = app.desk().await;
    let (harbour, ocean) =
        (reader(&desk, "advertiser", "Harbour").await, reader(&desk, "advertiser", "Ocean").await);
    let search = reader(&desk, "search_provider", "Search").await;
    let group = reader(&desk, "group_company", "Pool").await;
    let (many, few, none) = (
        advertisement(&desk, &harbour, "many").await,
        advertisement(&desk, &harbour, "few").await,
        advertisement(&desk, &harbour, "none").await,
    );
    let alone = advertisement(&desk, &ocean, "alone").await;
    let job = job(&app).await;
    let people = crowd(&app, 21).await;
    on_the_hour(&app);
    let people = signed_in(&app, &people).await;
    for (n, person) in people.iter().enumerate() {
        assert_eq!(clicks(person, &app, &many).await, "counted");
        assert_eq!(clicks(person, &app, &many).await, "counted", "people are counted, not clicks");
        assert_eq!(clicks(person, &app, &alone).await, "counted");
        if n < 19 {
            assert_eq!(clicks(person, &app, &few).await, "counted");
        }
    }
    // Devices can be made up at will: they make no group, and are counted in one that there is.
    for _ in 0..5 {
        let cookie = device(&app).await;
        assert_eq!(clicks_on(&app, &cookie, &[], &few).await, "counted");
        assert_eq!(clicks_on(&app, &cookie, &[], &many).await, "counted");
    }
    app.advance(TimeDelta::minutes(69));
    while job.publish_next(|| false).await.unwrap() {}
    let hour = app.clock.now().hour().minus(TimeDelta::hours(1)).to_string();
    assert!(harbour.reports(&app).await.iter().all(|report| report["hour"] != hour), "it is not closed yet");
    app.advance(TimeDelta::minutes(1));
    while job.publish_next(|| false).await.unwrap() {}
    assert!(!job.publish_next(|| false).await.unwrap());

    let of_hour =
        |reports: Vec<Value>| reports.into_iter().filter(|report| report["hour"] == hour).collect::<Vec<_>>();
    let own = of_hour(harbour.reports(&app).await);
    assert_eq!(own.len(), 1);
    assert_eq!(told(&own[0]), (BTreeMap::from([(many.clone(), 26)]), None), "a sum would tell of the few");
    assert!(
        !own[0].to_string().contains(&few) && !own[0].to_string().contains(&none),
        "too few look like none"
    );
    let others = of_hour(ocean.reports(&app).await);
    assert_eq!(told(&others[0]), (BTreeMap::from([(alone.clone(), 21)]), Some(21)));
    assert_eq!(of_hour(search.reports(&app).await).len(), 2, "a search provider reads all");
    assert_eq!(group.reports(&app).await.len(), 0, "who gets personal data gets no counts");

    // It never changes: whoever is erased or withdraws was counted when it was published.
    let before = (harbour.reads(&app).await, ocean.reads(&app).await, search.reads(&app).await);
    let ended = desk.legal.sends(Method::POST, &format!("/v1/staff/advertisements/{few}/end"), None).await;
    assert_eq!(ended.status, 401, "an hour is longer than a staff token: {}", ended.text);
    app.database.sql("DELETE FROM ad_clicks");
    while job.publish_next(|| false).await.unwrap() {}
    assert_eq!((harbour.reads(&app).await, ocean.reads(&app).await, search.reads(&app).await), before);
    for table in ["ad_reports", "ad_report_cells"] {
        assert!(app.database.try_sql(&format!("DELETE FROM {table}")).is_err(), "{table}");
        assert!(app.database.try_sql(&format!("UPDATE {table} SET number = number")).is_err(), "{table}");
    }
    crate::log::verifies(&app).await;
}

/// The same people, with new tokens.
async fn signed_in(app: &App, people: &[Person]) -> Vec<Person> {
    let mut again = Vec::new();
    for (n, person) in people.iter().enumerate() {
        again.push(app.signs_in(&format!("person{n}@example.org"), &person.cookie).await);
    }
    again
}

#[tokio::test]
async fn only_who_agrees_when_the_hour_is_published_is_counted() {
    let app = App::start().await;
    let desk = app.desk().await;
    let harbour = reader(&desk, "advertiser", "Harbour").await;
    let banner = advertisement(&desk, &harbour, "banner").await;
    let (job, limits) = (job(&app).await, crate::disclosures::limits(&app).await);
    let eve = app.person("eve@example.org").await;
    assert_eq!(clicks(&eve, &app, &banner).await, "no_consent");
    let people = crowd(&app, 27).await;
    on_the_hour(&app);
    let people = signed_in(&app, &people).await;
    for person in &people {
        assert_eq!(clicks(person, &app, &banner).await, "counted");
    }
    let rows = || app.database.number("SELECT count(*) AS n FROM ad_clicks");
    assert_eq!(rows(), 27);
    // A withdrawal, an objection, a restriction, Global Privacy Control: it is forgotten at once.
    people[0].decides("advertising", false).await;
    let limit = |n: usize, kind, purpose, data_class| {
        limits.begin(people[n].account_id.parse().unwrap(), LimitScope { kind, purpose, data_class })
    };
    limit(1, LimitKind::Objection, Some(Purpose::Advertising), None).await.unwrap();
    limit(2, LimitKind::Restriction, None, None).await.unwrap();
    limit(3, LimitKind::Restriction, Some(Purpose::Service), None).await.unwrap();
    limit(4, LimitKind::Restriction, None, Some(PersonalDataClass::Documents)).await.unwrap();
    let gpc = people[5].sends(Method::GET, "/v1/account", &[("sec-gpc", "1")], None).await;
    assert_eq!(gpc.status, 200);
    assert_eq!(rows(), 23);
    for n in [0, 1, 2, 5] {
        assert_eq!(clicks(&people[n], &app, &banner).await, "no_consent", "{n}");
    }
    // What lapses by itself, or is changed behind the scenes, is left out when the hour is published.
    let of = |n: usize| {
        let hex = people[n].account_id.trim_start_matches("acc_");
        if is_postgres() { format!("'{hex}'") } else { format!("x'{hex}'") }
    };
    app.database.sql(&format!("UPDATE accounts SET state = 'restricted' WHERE account_id = {}", of(6)));
    app.database
        .sql(&format!("UPDATE accounts SET accepted_policy_version = 0 WHERE account_id = {}", of(7)));
    app.advance(TimeDelta::minutes(70));
    while job.publish_next(|| false).await.unwrap() {}
    let reports = harbour.reports(&app).await;
    assert_eq!(told(reports.last().unwrap()).0[&banner], 21);
}

#[tokio::test]
async fn a_device_is_counted_as_its_consent_and_its_account_say() {
    let app = App::start().await;
    let desk = app.desk().await;
    let harbour = reader(&desk, "advertiser", "Harbour").await;
    let banner = advertisement(&desk, &harbour, "banner").await;
    let clicked =
        || app.database.texts("SELECT CAST(by_device AS text) AS t FROM ad_clicks ORDER BY by_device");
    assert_eq!(outcome(&app.post("/v1/ad-events", &click(&banner, app.clock.now())).await), "no_consent");
    let free = device(&app).await;
    assert_eq!(clicks_on(&app, &free, &[], &banner).await, "counted");
    assert_eq!(clicked(), ["1"]);
    // The first sight of Global Privacy Control refuses, and forgets.
    assert_eq!(clicks_on(&app, &free, &[("sec-gpc", "1")], &banner).await, "no_consent");
    assert!(clicked().is_empty());

    // Whoever signs in on a device is one person there and elsewhere.
    let ada = app.person("ada@example.org").await;
    let own = device(&app).await;
    assert_eq!(clicks_on(&app, &own, &[], &banner).await, "counted");
    assert_eq!(clicked(), ["1"]);
    let ada_there = app.signs_in("ada@example.org", &own).await;
    assert_eq!(clicks_on(&app, &own, &[], &banner).await, "counted", "the account took the grant over");
    assert_eq!(clicks(&ada_there, &app, &banner).await, "counted");
    assert_eq!(clicks(&ada, &app, &banner).await, "counted");
    assert_eq!(clicked(), ["0"]);
    ada.decides("advertising", false).await;
    assert_eq!(
        clicks_on(&app, &own, &[], &banner).await,
        "counted",
        "whoever has the device does not learn of it"
    );
    assert!(clicked().is_empty(), "nobody is counted");
    let stale = app
        .send(
            Method::POST,
            "/v1/ad-events",
            &[("authorization", "Bearer x")],
            Some(&click(&banner, app.clock.now())),
        )
        .await;
    assert_eq!(stale.problem(), (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn hours_without_an_advertisement_pass_and_those_after_a_restore_are_not_told_anew() {
    let app = App::start().await;
    let desk = app.desk().await;
    let harbour = reader(&desk, "advertiser", "Harbour").await;
    let first = advertisement(&desk, &harbour, "first").await;
    let job = job(&app).await;
    assert_eq!(
        desk.legal.sends(Method::POST, &format!("/v1/staff/advertisements/{first}/end"), None).await.status,
        201
    );
    app.advance(TimeDelta::hours(5));
    let mut hours = 0;
    while job.publish_next(|| false).await.unwrap() {
        hours += 1;
        assert!(hours < 10, "each hour once");
    }
    assert!(hours >= 4, "{hours}");
    assert_eq!(harbour.reports(&app).await.len(), 1, "it ran in the first hour alone");

    // As a restore leaves it: what was published is lost, and may have been read.
    let now = app.clock.now();
    job.db.write(move |c| skip_hours(c, now)).await.unwrap();
    app.advance(TimeDelta::minutes(70));
    let legal = desk.legal.comes_again().await;
    let asked = json!({ "recipient_id": harbour.recipient_id, "label": "second" });
    assert_eq!(legal.posts("/v1/staff/advertisements", &asked).await.status, 201);
    while job.publish_next(|| false).await.unwrap() {}
    let before = harbour.reports(&app).await.len();
    app.advance(TimeDelta::hours(2));
    while job.publish_next(|| false).await.unwrap() {}
    let numbers: Vec<i64> =
        harbour.reports(&app).await.iter().map(|report| report["report_number"].as_i64().unwrap()).collect();
    assert!(before <= 2 && numbers.len() > before);
    assert!(numbers[1] > numbers[0] + 3_600, "no number comes twice: {numbers:?}");
    let hours = app.database.number("SELECT count(*) AS n FROM ad_reports WHERE number > 0");
    assert_eq!(hours, i64::try_from(numbers.len()).unwrap());
}

#[tokio::test]
async fn what_is_late_early_or_unknown_is_dropped_and_the_end_of_an_hour_is_exact() {
    let app = App::start().await;
    let desk = app.desk().await;
    let harbour = reader(&desk, "advertiser", "Harbour").await;
    let group = desk.registers(&crate::support::company("Pool")).await;
    let refused =
        desk.legal.posts("/v1/staff/advertisements", &json!({ "recipient_id": group, "label": "x" })).await;
    assert_eq!(refused.first_error(), ("/recipient_id".to_owned(), "recipient_unfit".to_owned()));
    let (banner, gone) =
        (advertisement(&desk, &harbour, "banner").await, advertisement(&desk, &harbour, "gone").await);
    let path = format!("/v1/staff/advertisements/{gone}/end");
    assert_eq!(desk.legal.sends(Method::POST, &path, None).await.status, 201);
    let again = desk.legal.sends(Method::POST, &path, None).await;
    assert_eq!(again.problem(), (409, "advertisement_state_conflict".to_owned()));
    let cookie = device(&app).await;
    on_the_hour(&app);
    let (start, second) = (app.clock.now(), TimeDelta::microseconds(1));
    let tell = |advertisement: &str, at: Timestamp| {
        let (app, body, cookie) = (&app, click(advertisement, at), cookie.clone());
        async move { outcome(&app.send(Method::POST, "/v1/ad-events", &[("cookie", &cookie)], Some(&body)).await) }
    };
    let minutes = TimeDelta::minutes;
    assert_eq!(tell(&gone, start).await, "unknown_advertisement");
    assert_eq!(tell("adv_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", start).await, "unknown_advertisement");
    assert_eq!(tell(&banner, start.minus(second)).await, "counted", "the hour before closed a moment ago");
    assert_eq!(tell(&banner, start.plus(minutes(5))).await, "counted", "clocks differ");
    assert_eq!(tell(&banner, start.plus(minutes(5)).plus(second)).await, "in_the_future");
    app.advance(minutes(5) - second);
    assert_eq!(tell(&banner, start.minus(second)).await, "counted");
    app.advance(second);
    assert_eq!(tell(&banner, start.minus(second)).await, "too_late");
    // A batch says of each what became of it, in order.
    let events: Vec<Value> =
        [&gone, &banner].iter().map(|id| click(id, app.clock.now())["events"][0].clone()).collect();
    let batch = app
        .send(Method::POST, "/v1/ad-events", &[("cookie", &cookie)], Some(&json!({ "events": events })))
        .await;
    let outcomes: Vec<Value> =
        batch.json()["results"].as_array().unwrap().iter().map(|r| r["outcome"].clone()).collect();
    assert_eq!(outcomes, ["unknown_advertisement", "counted"]);
}

#[tokio::test]
async fn many_devices_at_once_are_all_counted() {
    let app = App::start().await;
    let desk = app.desk().await;
    let of = reader(&desk, "advertiser", "Harbour Ads").await;
    let mut ads = Vec::new();
    for n in 0..30 {
        ads.push(advertisement(&desk, &of, &format!("banner {n}")).await);
    }
    let mut cookies = Vec::new();
    for _ in 0..24 {
        cookies.push(device(&app).await);
    }
    let at = app.clock.now().to_string();
    let events: Vec<Value> =
        ads.iter().map(|ad| json!({ "advertisement_id": ad, "clicked_at": at })).collect();
    let body = json!({ "events": events });
    let tasks: Vec<_> = cookies
        .into_iter()
        .map(|cookie| {
            let (client, to, body) = (app.client.clone(), format!("{}/v1/ad-events", app.url), body.clone());
            tokio::spawn(async move {
                for _ in 0..6 {
                    let told = client.post(&to).header("cookie", &cookie).json(&body).send().await.unwrap();
                    let told = Answer::of(&Method::POST, told).await;
                    assert_eq!(told.status, 200, "{}", told.text);
                    let results = told.json()["results"].as_array().unwrap().clone();
                    assert!(results.iter().all(|one| one["outcome"] == "counted"), "{}", told.text);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(app.database.number("SELECT count(*) AS n FROM ad_clicks"), 24 * 30);
}
