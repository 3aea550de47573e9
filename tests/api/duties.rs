//! Who got a person's data is told when they are corrected, erased or restricted, and says that it is done; partners
//! learn by webhook that something waits for them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use smart_mining::{
    config::Config,
    domain::{
        data_dictionary::Category,
        disclosure::limit::{LimitKind, LimitScope},
        ids::AccountId,
        purpose::{PersonalDataClass, Purpose},
    },
    server,
    services::{clock::Clock, erasure::ErasureService, files::FileStore, vault::Vault},
};
use standardwebhooks::Webhook;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::support::{Answer, App, Desk, Partner, Person, company, eventually, http_sink};

const EMAIL: &str = "ada@example.org";

/// A partner that has fetched these fields about a person.
async fn knows(app: &App, desk: &Desk, about: &Person, name: &str, fields: &Value) -> Partner {
    let partner = desk.partner(app, company(name)).await;
    let id = desk.discloses(about, &partner, fields).await;
    assert_eq!(partner.pulls(app, &id).await.status, 201);
    partner
}

/// What a partner has to do, as it is listed.
async fn duties(app: &App, partner: &Partner) -> Vec<Value> {
    let listed = partner.gets(app, "/v1/partner/obligations").await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    listed.json()["data"].as_array().unwrap().clone()
}

/// Kind and fields of each.
fn told(duties: &[Value]) -> Vec<(String, Value)> {
    duties.iter().map(|duty| (duty["kind"].as_str().unwrap().to_owned(), duty["fields"].clone())).collect()
}

async fn own(ada: &Person) -> Vec<Value> {
    ada.gets("/v1/obligations").await.json()["data"].as_array().unwrap().clone()
}

async fn acknowledges(app: &App, partner: &Partner, duty: &Value) -> Answer {
    let id = duty["obligation_id"].as_str().unwrap();
    partner.posts(app, &format!("/v1/partner/obligations/{id}/acknowledgement")).await
}

#[tokio::test]
async fn whoever_fetched_what_is_corrected_is_told_once_and_says_that_it_is_done() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let eve = app.person("eve@example.org").await;
    let both = knows(&app, &desk, &ada, "Harbour Pool", &json!(["real_name", "email"])).await;
    let mail = knows(&app, &desk, &ada, "Ocean Pool", &json!(["email"])).await;
    let others = knows(&app, &desk, &eve, "Lake Pool", &json!(["real_name"])).await;
    let idle = desk.partner(&app, company("River Pool")).await;
    desk.discloses(&ada, &idle, &json!(["real_name"])).await;

    ada.changes_profile(json!({ "time_zone": "Pacific/Auckland" })).await;
    assert_eq!(ada.changes_profile(json!({ "real_name": "Ada King" })).await.status, 200);
    assert_eq!(told(&duties(&app, &both).await), [("correct".to_owned(), json!(["real_name"]))]);
    for partner in [&mail, &others, &idle] {
        assert!(duties(&app, partner).await.is_empty(), "nothing of theirs changed, or nothing was fetched");
    }
    assert!(own(&eve).await.is_empty());
    let seen = own(&ada).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["recipient"]["name"], "Harbour Pool");
    assert_eq!((&seen[0]["overdue"], &seen[0]["acknowledged_at"]), (&json!(false), &Value::Null));

    let duty = duties(&app, &both).await.remove(0);
    let path = format!("/v1/partner/obligations/{}", duty["obligation_id"].as_str().unwrap());
    assert_eq!(both.gets(&app, &path).await.json(), duty);
    assert_eq!(mail.gets(&app, &path).await.status, 404, "it is another's");
    assert_eq!(acknowledges(&app, &mail, &duty).await.status, 404);
    let done = acknowledges(&app, &both, &duty).await;
    assert_eq!(done.status, 201, "{}", done.text);
    assert_eq!(
        acknowledges(&app, &both, &duty).await.problem(),
        (409, "obligation_state_conflict".to_owned())
    );
    assert_eq!(own(&ada).await[0]["acknowledged_at"], done.json()["acknowledged_at"]);

    // The corrected value is fetched as long as the disclosure lasts.
    let again = both.pulls(&app, duty["disclosure_ids"][0].as_str().unwrap()).await;
    assert_eq!(both.opens(&app, &again).await["fields"]["real_name"], "Ada King");
    crate::log::verifies(&app).await;
}

#[tokio::test]
async fn what_is_not_done_in_time_is_overdue_and_letters_are_recorded_by_staff() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = knows(&app, &desk, &ada, "Harbour Pool", &json!(["email"])).await;
    let far = desk.absent(company("Far Pool")).await;
    let id = desk.discloses(&ada, &far, &json!(["email"])).await;
    let second = app.member_called(&desk.admins, "second.processor", "data_processor").await;
    let over = format!("/v1/staff/disclosures/{id}/hand-overs");
    assert_eq!(second.sends(Method::POST, &over, None).await.status, 201);

    let change = ada.asks_for_email("countess@example.org").await;
    let code = app.code_mailed_to("countess@example.org").await;
    let confirmed = ada.sends(Method::POST, &change, &[], Some(&json!({ "code": code }))).await;
    assert_eq!(confirmed.status, 201, "{}", confirmed.text);
    let open = |by: crate::support::Member| async move {
        by.gets("/v1/staff/obligations").await.json()["data"].as_array().unwrap().clone()
    };
    let listed = open(desk.legal.clone()).await;
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|duty| duty["overdue"] == false));
    let of = |name: &str| listed.iter().find(|duty| duty["recipient_name"] == name).unwrap().clone();
    let record = |duty: &Value| {
        format!("/v1/staff/obligations/{}/acknowledgement", duty["obligation_id"].as_str().unwrap())
    };
    let refused = second.sends(Method::POST, &record(&of("Harbour Pool")), None).await;
    assert_eq!(refused.problem(), (409, "obligation_state_conflict".to_owned()), "it says so itself");
    let recorded = second.sends(Method::POST, &record(&of("Far Pool")), None).await;
    assert_eq!(recorded.status, 201, "{}", recorded.text);
    assert_eq!(recorded.json()["acknowledged_by_staff"], second.staff_id);

    let (away, cookie) = (desk.legal.away(), ada.cookie.clone());
    drop((ada, second, pool, far, desk.admins, desk.processor, desk.second));
    app.advance(TimeDelta::days(14));
    let app = app.restart().await;
    let legal = app.welcomes(away).await;
    let left = open(legal).await;
    assert_eq!(left.len(), 1, "what is done is off the list");
    assert_eq!((&left[0]["recipient_name"], &left[0]["overdue"]), (&json!("Harbour Pool"), &json!(true)));
    let ada = app.signs_in("countess@example.org", &cookie).await;
    assert_eq!(own(&ada).await.iter().filter(|duty| duty["overdue"] == true).count(), 1);
}

#[tokio::test]
async fn a_restriction_is_told_of_what_it_is_about_and_an_objection_is_not() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = knows(&app, &desk, &ada, "Harbour Pool", &json!(["real_name", "email"])).await;
    let limits = crate::disclosures::limits(&app).await;
    let owner: AccountId = ada.account_id.parse().unwrap();
    let limit = |kind, purpose, data_class| limits.begin(owner, LimitScope { kind, purpose, data_class });
    limit(LimitKind::Objection, None, None).await.unwrap();
    limit(LimitKind::Restriction, Some(Purpose::Advertising), None).await.unwrap();
    assert!(duties(&app, &pool).await.is_empty());
    let contact = limit(LimitKind::Restriction, None, Some(PersonalDataClass::Contact)).await.unwrap();
    assert_eq!(told(&duties(&app, &pool).await), [("restrict".to_owned(), json!(["email"]))]);
    limits.end(owner, contact.id).await.unwrap();
    assert_eq!(duties(&app, &pool).await.len(), 1);
}

#[tokio::test]
async fn an_erasure_is_told_before_the_keys_go_and_is_acknowledged_after() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = knows(&app, &desk, &ada, "Harbour Pool", &json!(["real_name", "email"])).await;
    let config = Config::from_vars(app.settings.clone()).unwrap();
    let stores = server::open_stores(&config, &Clock::system()).await.unwrap();
    let kms = server::open_kms(&config, &stores.data, &Clock::system()).await.unwrap();
    let files = FileStore::open(&config.files).unwrap();
    let vault = Vault::new(kms, stores.keys.clone());
    let erasure = ErasureService::new(stores.data, vault, files, Clock::system());
    let owner: AccountId = ada.account_id.parse().unwrap();
    erasure.tell_recipients(owner, Category::ALL).await.unwrap();
    for category in Category::ALL {
        erasure.erase(owner, *category).await.unwrap();
    }
    let duty = duties(&app, &pool).await.remove(0);
    assert_eq!(told(std::slice::from_ref(&duty)), [("erase".to_owned(), json!(["real_name", "email"]))]);
    assert_eq!(acknowledges(&app, &pool, &duty).await.status, 201);
}

#[tokio::test]
async fn a_duty_that_rests_on_what_must_not_be_known_is_as_silent_as_that() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = knows(&app, &desk, &ada, "Harbour Pool", &json!(["email"])).await;
    let (court, order) = desk.court_order(&app, "real_name,email", Some("2026-04-01T00:00:00Z")).await;
    let id = desk
        .submits_as(json!({
            "account_id": ada.account_id, "recipient_id": court.recipient_id, "fields": ["real_name", "email"],
            "instrument_id": order,
        }))
        .await;
    desk.approves(&id).await;
    desk.releases(&id).await;
    assert_eq!(court.pulls(&app, &id).await.status, 201);

    let renamed = ada.changes_profile(json!({ "real_name": "Ada King" })).await;
    assert_eq!(renamed.status, 200);
    assert_eq!(crate::log::promised(&renamed).len(), 1, "the change alone is promised");
    assert_eq!(told(&duties(&app, &court).await), [("correct".to_owned(), json!(["real_name"]))]);
    assert!(duties(&app, &pool).await.is_empty());
    assert!(own(&ada).await.is_empty(), "what the court has to do says that it got something");

    let cookie = ada.cookie.clone();
    drop((ada, pool, court, desk));
    app.advance(TimeDelta::days(40));
    let app = app.restart().await;
    let ada = app.signs_in(EMAIL, &cookie).await;
    let late = own(&ada).await;
    assert_eq!(late.len(), 1);
    assert_eq!(late[0]["recipient"]["name"], "District Court");
}

/// A partner with an endpoint and the secret that it verifies with.
async fn listens(app: &App, partner: &Partner, url: &str) -> String {
    let made = partner.posts(app, "/v1/partner/webhook-secrets").await;
    assert_eq!(made.status, 201, "{}", made.text);
    let set = sets(app, partner, url).await;
    assert_eq!(set.status, 200, "{}", set.text);
    made.json()["secret"].as_str().unwrap().to_owned()
}

async fn sets(app: &App, partner: &Partner, url: &str) -> Answer {
    let headers = [("authorization", partner.bearer.as_str())];
    app.send(Method::PUT, "/v1/partner/webhook-endpoint", &headers, Some(&json!({ "url": url }))).await
}

/// Headers and body of a post as it came over the wire.
fn parts(post: &str) -> (HeaderMap, String) {
    let (head, body) = post.split_once("\r\n\r\n").unwrap();
    let headers =
        head.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(name, value)| {
            (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap())
        });
    (headers.collect(), body.to_owned())
}

/// Whether a public library signs a post as it came; its clock is not the service's, so it cannot verify.
fn is_signed(secret: &str, post: &str) -> bool {
    let (headers, body) = parts(post);
    let value = |name: &str| headers[name].to_str().unwrap();
    let at = value("webhook-timestamp").parse().unwrap();
    let expected = Webhook::new(secret).unwrap().sign(value("webhook-id"), at, body.as_bytes()).unwrap();
    value("webhook-signature").split(' ').any(|signature| signature == expected)
}

fn verified(secret: &str, post: &str) -> Value {
    assert!(is_signed(secret, post), "{post}");
    serde_json::from_str(&parts(post).1).unwrap()
}

async fn deliveries(app: &App, partner: &Partner) -> Vec<Value> {
    partner.gets(app, "/v1/partner/webhook-deliveries").await.json()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_partner_is_told_by_signed_messages_that_hold_nothing_personal() {
    let app = App::start_with(&[("WEBHOOKS_TO_PRIVATE", "true")]).await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let (port, caught) = http_sink().await;
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let url = format!("http://127.0.0.1:{port}/hook");
    assert_eq!(
        sets(&app, &pool, &url).await.problem(),
        (409, "webhook_state_conflict".to_owned()),
        "there is nothing to sign with"
    );
    let secret = listens(&app, &pool, &url).await;
    let id = desk.discloses(&ada, &pool, &json!(["real_name", "email"])).await;
    assert_eq!(pool.pulls(&app, &id).await.status, 201);
    ada.changes_profile(json!({ "real_name": "Ada King" })).await;
    ada.decides("group_sharing", false).await;
    eventually("three messages", || async { (caught.all().len() == 3).then_some(()) }).await;

    let mut types = Vec::new();
    for post in caught.all() {
        let body = verified(&secret, &post);
        assert_eq!(body.as_object().unwrap().len(), 3);
        for (name, value) in body["data"].as_object().unwrap() {
            assert!(["disclosure_id", "obligation_id"].contains(&name.as_str()), "{name}");
            assert!(value.as_str().unwrap().len() == 36);
        }
        for personal in ["Ada", EMAIL, &ada.account_id] {
            assert!(!post.contains(personal));
        }
        assert!(!is_signed("whsec_AAAA", &post));
        types.push(body["type"].as_str().unwrap().to_owned());
    }
    types.sort();
    assert_eq!(types, ["disclosure.released", "disclosure.revoked", "obligation.opened"]);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM webhook_secrets"), 1);
    let at_rest = app.database.texts("SELECT url AS t FROM webhook_endpoints");
    assert_eq!(at_rest, [url]);
}

#[tokio::test]
async fn a_message_that_was_not_taken_comes_again_and_can_be_replayed() {
    let app = App::start_with(&[("WEBHOOKS_TO_PRIVATE", "true")]).await;
    let desk = app.desk().await;
    let (port, caught) = http_sink().await;
    caught.refuses.store(true, Ordering::SeqCst);
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let first = listens(&app, &pool, &format!("http://127.0.0.1:{port}/hook")).await;
    let tested = pool.posts(&app, "/v1/partner/webhook-tests").await;
    assert_eq!(tested.status, 201, "{}", tested.text);
    let attempts = |n: i64| {
        let (app, pool) = (&app, &pool);
        move || async move {
            let message = deliveries(app, pool).await.remove(0);
            (message["attempts"] == n && message["state"] != "sending").then_some(message)
        }
    };
    let waiting = eventually("a first attempt", attempts(1)).await;
    assert_eq!((&waiting["state"], &waiting["last_status"]), (&json!("queued"), &json!(503)));
    assert_eq!(waiting["failure"], "refused");
    let id = waiting["webhook_message_id"].as_str().unwrap().to_owned();
    let replay = format!("/v1/partner/webhook-deliveries/{id}/replays");
    assert_eq!(pool.posts(&app, &replay).await.problem(), (409, "webhook_state_conflict".to_owned()));

    // A new secret signs beside the old one for a day.
    let second = pool.posts(&app, "/v1/partner/webhook-secrets").await.json();
    caught.refuses.store(false, Ordering::SeqCst);
    app.advance(TimeDelta::seconds(6));
    let taken = eventually("a second attempt", attempts(2)).await;
    assert_eq!((&taken["state"], &taken["failure"]), (&json!("delivered"), &Value::Null));
    let message = caught.all().remove(0);
    verified(&first, &message);
    verified(second["secret"].as_str().unwrap(), &message);
    assert_eq!(parts(&message).0["webhook-id"], id.as_str());

    assert_eq!(pool.posts(&app, &replay).await.status, 201);
    eventually("the replay", || async { (caught.all().len() == 2).then_some(()) }).await;
    let again = caught.all().remove(1);
    assert_eq!(parts(&again).0["webhook-id"], id.as_str(), "under the id that it had");
    assert_eq!(parts(&again).1, parts(&message).1);
    let other = desk.partner(&app, company("Ocean Pool")).await;
    assert_eq!(other.posts(&app, &replay).await.status, 404, "it is another's");
}

#[tokio::test]
async fn nobody_is_reached_inside_and_a_message_is_given_up_in_the_end() {
    let app = App::start().await;
    let desk = app.desk().await;
    let pool = desk.partner(&app, company("Harbour Pool")).await;
    let url = "https://localhost:9/hook";
    listens(&app, &pool, url).await;
    for inside in [
        "http://pool.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/x",
        "https://a:b@pool.example/",
    ] {
        let refused = sets(&app, &pool, inside).await;
        assert_eq!(refused.first_error(), ("/url".to_owned(), "invalid_webhook_url".to_owned()), "{inside}");
    }
    assert_eq!(pool.gets(&app, "/v1/partner/webhook-endpoint").await.json()["url"], url);
    assert_eq!(pool.posts(&app, "/v1/partner/webhook-tests").await.status, 201);
    for attempt in 1..=10 {
        let seen = eventually("an attempt", || async {
            let message = deliveries(&app, &pool).await.remove(0);
            (message["attempts"] == attempt && message["state"] != "sending").then_some(message)
        })
        .await;
        assert_eq!(seen["failure"], "unreachable", "which names there are inside is not told");
        let noted = app.database.texts("SELECT failure AS t FROM webhook_messages");
        assert_eq!(noted, ["address_not_allowed"], "the name leads inside");
        assert_eq!(seen["state"], if attempt == 10 { "failed" } else { "queued" });
        // The token lives for ten minutes, the last pause for a day.
        app.database
            .sql("UPDATE webhook_messages SET next_attempt_at = last_attempt_at WHERE state = 'queued'");
    }
    let removed = app
        .send(Method::DELETE, "/v1/partner/webhook-endpoint", &[("authorization", &pool.bearer)], None)
        .await;
    assert_eq!(removed.status, 200);
    assert_eq!(pool.gets(&app, "/v1/partner/webhook-endpoint").await.status, 404);
    assert_eq!(pool.posts(&app, "/v1/partner/webhook-tests").await.status, 409);
}

#[tokio::test]
async fn a_slow_endpoint_holds_two_senders_and_no_more() {
    let app = App::start_with(&[("WEBHOOKS_TO_PRIVATE", "true")]).await;
    let desk = app.desk().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&open), Arc::clone(&most));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
            tokio::spawn(async move {
                peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let mut taken = [0; 8_192];
                let _ = stream.read(&mut taken).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                let answer = b"HTTP/1.1 202 Taken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer).await;
            });
        }
    });
    let slow = desk.partner(&app, company("Harbour Pool")).await;
    listens(&app, &slow, &format!("http://127.0.0.1:{port}/hook")).await;
    for _ in 0..6 {
        assert_eq!(slow.posts(&app, "/v1/partner/webhook-tests").await.status, 201);
    }
    eventually("all six", || async {
        let all = deliveries(&app, &slow).await;
        all.iter().all(|message| message["state"] == "delivered").then_some(())
    })
    .await;
    assert_eq!(most.load(Ordering::SeqCst), 2);
}
