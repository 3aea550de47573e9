//! The transfer to a buyer of the company: announced, open to objections, approved as a whole, and carried out person by
//! person through the gate.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use smart_mining::{
    config::Config,
    domain::disclosure::limit::{LimitKind, LimitScope},
    server,
    services::{
        disclosures::DisclosureService, notices::Campaigns, outbox::OutboxService, policies::PolicyService,
        transports::Transport, vault::Vault,
    },
};

use crate::support::{Answer, App, Desk, Member, Partner, Person, company, eventually};

fn buyer() -> Value {
    json!({
        "recipient_class": "acquirer", "name": "Ocean Holdings", "country": "NZ", "agreement": "Share purchase of 1 March 2026",
        "contact": "deal@ocean.example", "policy_url": "https://ocean.example/privacy",
    })
}

fn path(id: &str, act: &str) -> String {
    format!("/v1/staff/transfers/{id}/{act}")
}

async fn drafted(desk: &Desk, buyer: &Partner, days: i32) -> String {
    let asked =
        json!({ "recipient_id": buyer.recipient_id, "fields": ["email", "real_name"], "notice_days": days });
    let drafted = desk.processor.posts("/v1/staff/transfers", &asked).await;
    assert_eq!(drafted.status, 201, "{}", drafted.text);
    drafted.json()["transfer_id"].as_str().unwrap().to_owned()
}

async fn seen(by: &Member, id: &str) -> Value {
    by.gets(&format!("/v1/staff/transfers/{id}")).await.json()
}

async fn approves(by: &Member, id: &str, hash: &Value) -> Answer {
    by.posts(&path(id, "approvals"), &json!({ "cohort_hash": hash })).await
}

/// Once the service has done what it does in the background.
async fn in_state(by: &Member, id: &str, state: &str) -> Value {
    eventually(state, || async {
        let transfer = seen(by, id).await;
        (transfer["state"] == state).then_some(transfer)
    })
    .await
}

async fn own(person: &Person) -> Value {
    person.gets("/v1/transfers").await.json()["transfers"].clone()
}

/// What became of each part, by its state.
async fn entries(by: &Member, id: &str) -> (BTreeMap<String, usize>, Vec<Value>) {
    let mut all: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = by.gets(&format!("{}?limit=2{cursor}", path(id, "entries"))).await.json();
        all.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let mut states = BTreeMap::new();
    for entry in &all {
        *states.entry(entry["state"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    (states, all)
}

/// The hash that anybody makes again from a manifest.
fn hash_of(entries: &[Value], with_states: bool) -> String {
    let unhex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|n| u8::from_str_radix(&text[n..n + 2], 16).unwrap()).collect()
    };
    let hash = entries.iter().fold([0_u8; 32], |hash, entry| {
        let id = unhex(entry["disclosure_id"].as_str().unwrap().trim_start_matches("dsc_"));
        let state = if with_states { entry["state"].as_str().unwrap() } else { "" };
        let scope = unhex(entry["scope_hash"].as_str().unwrap());
        Sha256::new()
            .chain_update(hash)
            .chain_update(id)
            .chain_update(scope)
            .chain_update(state)
            .finalize()
            .into()
    });
    hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The service's own jobs, run when the test wants them.
pub async fn jobs(app: &App) -> DisclosureService {
    let config = Config::from_vars(app.settings.clone()).unwrap();
    let stores = server::open_stores(&config, &app.clock).await.unwrap();
    let kms = server::open_kms(&config, &stores.data, &app.clock).await.unwrap();
    let (db, vault, clock) = (stores.data, Vault::new(kms, stores.keys), app.clock.clone());
    let policies =
        PolicyService::new(db.clone(), vault.clone(), clock.clone(), Campaigns::default(), String::new());
    let mail = || Transport::open(&config.mail, &config.mail_from).unwrap();
    let outbox = OutboxService::new(db.clone(), vault.clone(), clock.clone(), mail(), mail());
    DisclosureService { db, vault, clock, policies, outbox, controller: config.public_url.clone() }
}

async fn all(jobs: &DisclosureService) {
    while jobs.gather(2).await.unwrap() > 0 {}
    while jobs.carry_out(2).await.unwrap() > 0 {}
}

const NAMES: [&str; 6] = ["ada", "bob", "eve", "gil", "may", "zoe"];

async fn everybody(app: &App) -> Vec<Person> {
    let mut people = Vec::new();
    for name in NAMES {
        people.push(app.person(&format!("{name}@example.org")).await);
    }
    people
}

/// The cohort is what anybody makes of the manifest, and two of the legal team approve exactly that.
async fn is_approved_as_a_whole(desk: &Desk, id: &str, transfer: &Value) {
    let (states, parts) = entries(&desk.legal, id).await;
    assert_eq!(states, BTreeMap::from([("in_review".to_owned(), 4), ("declined".to_owned(), 1)]));
    assert_eq!(transfer["cohort_hash"], hash_of(&parts, false));
    let one = parts[0]["disclosure_id"].as_str().unwrap();
    for (act, by) in
        [("release", &desk.processor), ("submission", &desk.processor), ("cancellation", &desk.legal)]
    {
        let alone = by.sends(Method::POST, &format!("/v1/staff/disclosures/{one}/{act}"), None).await;
        assert_eq!(alone.status, 409, "{act} of one part alone: {}", alone.text);
    }
    assert_eq!(desk.tries_to_approve(&desk.legal, one).await.status, 409);
    let hash = &transfer["cohort_hash"];
    let stale = approves(&desk.legal, id, &json!("0".repeat(64))).await;
    assert_eq!(stale.problem(), (412, "stale_version".to_owned()));
    assert_eq!(approves(&desk.legal, id, hash).await.json()["state"], "announced");
    let twice = approves(&desk.legal, id, hash).await;
    assert_eq!(twice.problem(), (403, "second_person_required".to_owned()));
    assert_eq!(approves(&desk.second, id, hash).await.json()["state"], "approved");
}

/// Each person sees what became of their part, and the log of those whose data went has it.
async fn has_come_to(app: &App, cookies: &[&str]) {
    let parts = ["transferred", "objected", "withheld", "withheld", "transferred"];
    for ((name, cookie), part) in NAMES.iter().zip(cookies).zip(parts) {
        let person = app.signs_in(&format!("{name}@example.org"), cookie).await;
        assert_eq!(own(&person).await[0]["part"], part, "{name}");
        let log = person.gets("/v1/disclosures").await.json()["data"].as_array().unwrap().len();
        assert_eq!(log, usize::from(part == "transferred"), "{name}");
    }
}

#[tokio::test]
async fn a_transfer_is_told_to_everybody_and_takes_those_who_do_not_object() {
    let app = App::start().await;
    let (desk, jobs) = (app.desk().await, jobs(&app).await);
    let mut buyer = desk.partner(&app, buyer()).await;
    let people = everybody(&app).await;
    let [ada, bob, eve, gil, _, zoe] = &people[..] else { panic!("six") };
    let id = drafted(&desk, &buyer, 30).await;
    let announcement = path(&id, "announcement");
    assert_eq!(desk.processor.sends(Method::POST, &announcement, None).await.problem().1, "role_required");
    assert_eq!(desk.admins[0].sends(Method::POST, &announcement, None).await.status, 201);
    let again = desk.admins[1].sends(Method::POST, &announcement, None).await;
    assert_eq!(again.problem(), (409, "transfer_state_conflict".to_owned()));
    // Whoever is on the way out is not taken along.
    assert_eq!(zoe.sends(Method::POST, "/v1/account/closure", &[], None).await.status, 201);
    all(&jobs).await;
    all(&jobs).await;
    let transfer = in_state(&desk.legal, &id, "announced").await;
    assert_eq!(transfer["cohort"], 5, "each once, however often the jobs run");
    for name in &NAMES[..5] {
        app.mail_saying(&format!("{name}@example.org"), "are to go to a buyer").await;
    }
    assert_eq!(own(zoe).await, json!([]));
    let seen = own(ada).await;
    assert_eq!((&seen[0]["part"], &seen[0]["recipient"]["name"]), (&json!("open"), &json!("Ocean Holdings")));
    assert_eq!(seen[0]["objection_until"], transfer["window_ends_at"]);
    assert_eq!(ada.gets("/v1/disclosures").await.json()["data"], json!([]), "nothing went yet");

    // One objects, one withdraws, one restricts; nobody does it for another.
    let objection = format!("/v1/transfers/{id}/objection");
    assert_eq!(zoe.sends(Method::POST, &objection, &[], None).await.status, 404, "it is not about zoe");
    let objected = bob.sends(Method::POST, &objection, &[], None).await;
    assert_eq!(objected.json()["part"], "objected", "{}", objected.text);
    let twice = bob.sends(Method::POST, &objection, &[], None).await;
    assert_eq!(twice.problem(), (409, "transfer_state_conflict".to_owned()));
    assert_eq!(eve.decides("business_transfer", false).await.status, 200);
    let limits = crate::disclosures::limits(&app).await;
    let all_of_it = LimitScope { kind: LimitKind::Restriction, purpose: None, data_class: None };
    limits.begin(gil.account_id.parse().unwrap(), all_of_it).await.unwrap();

    is_approved_as_a_whole(&desk, &id, &transfer).await;

    // Not a moment before the window ends.
    app.advance(TimeDelta::days(30) - TimeDelta::microseconds(1));
    all(&jobs).await;
    assert_eq!(app.database.number("SELECT count(*) AS n FROM disclosures WHERE released_at IS NOT NULL"), 0);
    app.advance(TimeDelta::microseconds(1));
    all(&jobs).await;
    let cookies: Vec<&str> = people.iter().map(|person| person.cookie.as_str()).collect();
    let legal = desk.legal.comes_again().await;
    let done = in_state(&legal, &id, "completed").await;
    assert_eq!(done["released"], 2);
    let (states, parts) = entries(&legal, &id).await;
    let expected = [("cancelled", 2), ("declined", 1), ("released", 2)];
    assert_eq!(states, expected.map(|(state, count)| (state.to_owned(), count)).into());
    assert_eq!(done["manifest_hash"], hash_of(&parts, true));
    has_come_to(&app, &cookies).await;
    // What was let out is fetched like anything else, person by person.
    buyer.renews(&app).await;
    let feed = buyer.gets(&app, "/v1/partner/disclosures").await.json();
    let feed: Vec<&str> =
        feed["data"].as_array().unwrap().iter().map(|d| d["disclosure_id"].as_str().unwrap()).collect();
    assert_eq!(feed.len(), 2);
    let package = buyer.opens(&app, &buyer.pulls(&app, feed[0]).await).await;
    assert_eq!((&package["purpose"], &package["clause"]), (&json!("business_transfer"), &json!("4.4")));
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn a_transfer_that_is_given_up_takes_nobody() {
    let app = App::start().await;
    let (desk, jobs) = (app.desk().await, jobs(&app).await);
    let buyer = desk.partner(&app, buyer()).await;
    let people = everybody(&app).await;
    let company = desk.registers(&company("Pool")).await;
    for (asked, pointer) in [
        (json!({ "recipient_id": company, "fields": ["email"], "notice_days": 30 }), "/recipient_id"),
        (
            json!({ "recipient_id": buyer.recipient_id, "fields": ["identity_documents"], "notice_days": 30 }),
            "/fields/0",
        ),
        (
            json!({ "recipient_id": buyer.recipient_id, "fields": ["email"], "notice_days": 29 }),
            "/notice_days",
        ),
        (
            json!({ "recipient_id": buyer.recipient_id, "fields": ["email", "email"], "notice_days": 30 }),
            "/fields",
        ),
    ] {
        let refused = desk.processor.posts("/v1/staff/transfers", &asked).await;
        assert_eq!((refused.status, refused.first_error().0.as_str()), (422, pointer), "{}", refused.text);
    }
    let id = drafted(&desk, &buyer, 30).await;
    let early = approves(&desk.legal, &id, &json!("0".repeat(64))).await;
    assert_eq!(early.problem(), (409, "transfer_state_conflict".to_owned()), "nobody was told");
    assert_eq!(desk.admins[0].sends(Method::POST, &path(&id, "announcement"), None).await.status, 201);
    all(&jobs).await;
    let hash = in_state(&desk.legal, &id, "announced").await["cohort_hash"].clone();
    for legal in [&desk.legal, &desk.second] {
        assert_eq!(approves(legal, &id, &hash).await.status, 201);
    }
    assert_eq!(desk.legal.sends(Method::POST, &path(&id, "cancellation"), None).await.status, 201);
    let again = desk.legal.sends(Method::POST, &path(&id, "cancellation"), None).await;
    assert_eq!(again.problem(), (409, "transfer_state_conflict".to_owned()));
    all(&jobs).await;
    app.advance(TimeDelta::days(31));
    all(&jobs).await;
    let legal = desk.legal.comes_again().await;
    assert_eq!(entries(&legal, &id).await.0, BTreeMap::from([("cancelled".to_owned(), 6)]));
    let ada = app.signs_in("ada@example.org", &people[0].cookie).await;
    assert_eq!(own(&ada).await[0]["part"], "withheld");
    crate::log::verifies(&app).await;
}

/// Announced, told to all, and approved by both; gives its id.
async fn is_approved(desk: &Desk, jobs: &DisclosureService, buyer: &Partner) -> String {
    let id = drafted(desk, buyer, 30).await;
    assert_eq!(desk.admins[0].sends(Method::POST, &path(&id, "announcement"), None).await.status, 201);
    while jobs.gather(2).await.unwrap() > 0 {}
    let hash = in_state(&desk.legal, &id, "announced").await["cohort_hash"].clone();
    for legal in [&desk.legal, &desk.second] {
        assert_eq!(approves(legal, &id, &hash).await.status, 201);
    }
    id
}

#[tokio::test]
async fn a_transfer_that_is_given_up_half_way_takes_nobody_any_more() {
    let app = App::start().await;
    let (desk, jobs) = (app.desk().await, jobs(&app).await);
    let buyer = desk.partner(&app, buyer()).await;
    everybody(&app).await;
    let id = is_approved(&desk, &jobs, &buyer).await;
    app.advance(TimeDelta::days(30));
    assert_eq!(jobs.carry_out(2).await.unwrap(), 2);
    let legal = desk.legal.comes_again().await;
    assert_eq!(legal.sends(Method::POST, &path(&id, "cancellation"), None).await.status, 201);
    all(&jobs).await;
    let (states, _) = entries(&legal, &id).await;
    assert_eq!(states, [("released", 2), ("cancelled", 4)].map(|(state, n)| (state.to_owned(), n)).into());
    let transfer = seen(&legal, &id).await;
    assert_eq!((&transfer["state"], &transfer["manifest_hash"]), (&json!("cancelled"), &Value::Null));
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn whoever_is_told_last_has_as_long_to_object_as_the_first() {
    let app = App::start().await;
    let (desk, jobs) = (app.desk().await, jobs(&app).await);
    let buyer = desk.partner(&app, buyer()).await;
    everybody(&app).await;
    let id = drafted(&desk, &buyer, 30).await;
    assert_eq!(desk.admins[0].sends(Method::POST, &path(&id, "announcement"), None).await.status, 201);
    let first = seen(&desk.legal, &id).await["window_ends_at"].clone();
    jobs.gather(2).await.unwrap();
    app.advance(TimeDelta::days(3));
    while jobs.gather(2).await.unwrap() > 0 {}
    let legal = desk.legal.comes_again().await;
    let last = in_state(&legal, &id, "announced").await["window_ends_at"].clone();
    let instant = |at: &Value| chrono::DateTime::parse_from_rfc3339(at.as_str().unwrap()).unwrap();
    assert_eq!(instant(&last) - instant(&first), TimeDelta::days(3));
}

#[tokio::test]
async fn a_person_whose_data_do_not_open_holds_up_nobody_else() {
    let app = App::start().await;
    let (desk, jobs) = (app.desk().await, jobs(&app).await);
    let buyer = desk.partner(&app, buyer()).await;
    everybody(&app).await;
    let id = is_approved(&desk, &jobs, &buyer).await;
    app.database.sql(
        "UPDATE profiles SET email = real_name WHERE account_id = \
         (SELECT account_id FROM disclosures ORDER BY account_id LIMIT 1)",
    );
    app.advance(TimeDelta::days(30));
    all(&jobs).await;
    let legal = desk.legal.comes_again().await;
    assert_eq!(in_state(&legal, &id, "completed").await["released"], 5);
    let (states, _) = entries(&legal, &id).await;
    assert_eq!(states["cancelled"], 1);
}
