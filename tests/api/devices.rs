//! Devices: asked before anybody signs in, Global Privacy Control, and what an account takes over.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, App, PASSWORD, Person, registration_body};

const EMAIL: &str = "ada@example.org";
const PATH: &str = "/v1/devices/current/consents";
const GPC: (&str, &str) = ("sec-gpc", "1");

/// A browser: its cookie and what it asks for.
struct Browser<'a> {
    app: &'a App,
    cookie: String,
    gpc: bool,
}

fn cookie_of(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}

impl<'a> Browser<'a> {
    async fn new(app: &'a App, gpc: bool) -> Self {
        let mut browser = Self { app, cookie: String::new(), gpc };
        browser.cookie = cookie_of(&browser.sends(Method::GET, PATH, None).await);
        assert!(browser.cookie.starts_with("device="), "{}", browser.cookie);
        browser
    }

    async fn sends(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut headers = vec![("cookie", self.cookie.as_str())];
        headers.retain(|(_, value)| !value.is_empty());
        headers.extend(self.gpc.then_some(GPC));
        self.app.send(method, path, &headers, body).await
    }

    async fn consents(&self) -> Value {
        self.sends(Method::GET, PATH, None).await.json()
    }

    async fn state(&self, purpose: &str) -> String {
        let consents = self.consents().await;
        let all = consents["consents"].as_array().unwrap();
        let consent = all.iter().find(|consent| consent["definition"]["purpose"] == purpose).unwrap();
        consent["state"].as_str().unwrap().to_owned()
    }

    async fn chooses(&self, purpose: &str, granted: bool) -> Answer {
        let consents = self.consents().await;
        let all = consents["consents"].as_array().unwrap();
        let consent = all.iter().find(|consent| consent["definition"]["purpose"] == purpose).unwrap();
        let hash = &consent["definition"]["definition_hash"];
        let choice = json!({ "purpose": purpose, "granted": granted, "definition_hash": hash });
        self.sends(Method::PUT, PATH, Some(&json!({ "consents": [choice] }))).await
    }

    async fn signs_in(&self, email: &str) -> Answer {
        let body = json!({ "email": email, "password": PASSWORD });
        self.sends(Method::POST, "/v1/sessions", Some(&body)).await
    }
}

/// Somebody who registered and was asked nothing.
async fn unasked(app: &App, email: &str) -> Person {
    let mut body = registration_body(app, email).await;
    body["consents"] = json!([]);
    app.registers(body).await
}

fn events_of(app: &App) -> i64 {
    app.database.number("SELECT count(*) AS n FROM device_consent_events")
}

#[tokio::test]
async fn a_device_is_asked_before_anybody_signs_in() {
    let app = App::start().await;
    let browser = Browser::new(&app, false).await;
    assert_eq!(events_of(&app), 0, "looking says nothing");
    assert_eq!(browser.state("analytics").await, "unset");
    assert_eq!(browser.chooses("analytics", true).await.status, 200);
    assert_eq!(browser.state("analytics").await, "granted");
    assert_eq!(browser.chooses("analytics", true).await.status, 200);
    assert_eq!(events_of(&app), 1, "the same again changes nothing");
    assert_eq!(browser.chooses("analytics", false).await.status, 200);
    assert_eq!(browser.state("analytics").await, "withdrawn");
    assert_eq!(browser.state("advertising").await, "unset");
    assert_eq!(Browser::new(&app, false).await.state("analytics").await, "unset", "another device");

    let wrong = |body: Value| {
        let browser = &browser;
        async move { browser.sends(Method::PUT, PATH, Some(&body)).await.first_error() }
    };
    let error = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    let of_account = json!({ "consents": [{ "purpose": "innovations", "granted": false }] });
    assert_eq!(wrong(of_account).await, error("/consents/0/purpose", "purpose_not_of_devices"));
    let twice = json!({ "consents": [
        { "purpose": "analytics", "granted": false }, { "purpose": "analytics", "granted": false },
    ] });
    assert_eq!(wrong(twice).await, error("/consents/1/purpose", "purpose_twice"));
    let wordless = json!({ "consents": [{ "purpose": "analytics", "granted": true }] });
    assert_eq!(wrong(wordless).await, error("/consents/0/definition_hash", "missing_field"));
    assert_eq!(wrong(json!({ "consents": [] })).await, error("/consents", "out_of_range"));
}

#[tokio::test]
async fn global_privacy_control_refuses_once_and_a_later_grant_stands() {
    let app = App::start().await;
    assert_eq!(app.get("/.well-known/gpc.json").await.json()["gpc"], true);
    let browser = Browser::new(&app, true).await;
    assert_eq!(events_of(&app), 2, "analytics and advertising, at first sight");
    assert_eq!(browser.state("analytics").await, "declined");
    assert_eq!(browser.state("troubleshooting").await, "unset");
    assert_eq!(events_of(&app), 2, "once");
    let granted = browser.chooses("analytics", true).await.json();
    assert_eq!((&granted["gpc"], &granted["consents"][0]["gpc"]), (&json!(true), &json!(true)));
    assert_eq!(browser.state("analytics").await, "granted", "a later explicit grant stands");

    let ada = unasked(&app, EMAIL).await;
    let seen = ada.sends(Method::GET, "/v1/consents", &[GPC], None).await.json();
    assert_eq!(seen["policy_version"], 1);
    let analytics = ada.consent("analytics").await;
    assert_eq!(
        (&analytics["state"], &analytics["event"]["method"], &analytics["event"]["gpc"]),
        (&json!("declined"), &json!("gpc"), &json!(true))
    );
    let hash = &analytics["definition"]["definition_hash"];
    let body = json!({ "granted": true, "definition_hash": hash });
    let granted = ada.sends(Method::PUT, "/v1/consents/analytics", &[GPC], Some(&body)).await.json();
    assert_eq!(
        (&granted["consent"]["state"], &granted["consent"]["event"]["gpc"]),
        (&json!("granted"), &json!(true))
    );
    let events = ada.consent_events().await.len();
    assert_eq!(ada.sends(Method::GET, "/v1/account", &[GPC], None).await.status, 200);
    assert_eq!(ada.consent_events().await.len(), events, "remembered for the account");
}

#[tokio::test]
async fn global_privacy_control_at_registration_refuses_what_was_not_chosen() {
    let app = App::start().await;
    let mut body = registration_body(&app, EMAIL).await;
    let purposes = app.get("/v1/purposes").await.json();
    assert_eq!(purposes["policy_version"], 1);
    body["consents"] = json!([{ "purpose": "analytics", "granted": true }]);
    let answer = app.send(Method::POST, "/v1/accounts", &[GPC], Some(&body)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let ada = app.registrant(&answer).verify(&app.code_mailed_to(EMAIL).await).await;
    assert_eq!(ada.sends(Method::GET, "/v1/account", &[GPC], None).await.status, 200);
    let analytics = ada.consent("analytics").await;
    assert_eq!((&analytics["state"], &analytics["event"]["gpc"]), (&json!("granted"), &json!(true)));
    let advertising = ada.consent("advertising").await;
    assert_eq!((&advertising["state"], &advertising["event"]["method"]), (&json!("declined"), &json!("gpc")));
}

#[tokio::test]
async fn an_account_takes_over_what_its_device_says_and_is_told() {
    let app = App::start().await;
    let ada = unasked(&app, EMAIL).await;
    assert_eq!(ada.decides("troubleshooting", true).await.status, 200);
    assert_eq!(ada.decides("advertising", false).await.status, 200);
    let browser = Browser::new(&app, false).await;
    assert_eq!(browser.chooses("analytics", true).await.status, 200);
    assert_eq!(browser.chooses("troubleshooting", false).await.status, 200);
    assert_eq!(browser.chooses("advertising", true).await.status, 200);

    let signed_in = browser.signs_in(EMAIL).await;
    assert_eq!(signed_in.status, 201, "{}", signed_in.text);
    assert_eq!(cookie_of(&signed_in), browser.cookie, "the device stays what it is");
    let analytics = ada.consent("analytics").await;
    assert_eq!(
        (&analytics["state"], &analytics["event"]["method"]),
        (&json!("granted"), &json!("device_merge"))
    );
    assert_eq!(ada.consent("troubleshooting").await["state"], "withdrawn", "a refusal narrows");
    assert_eq!(ada.consent("advertising").await["state"], "declined", "a yes overrides no refusal");
    let notices = ada.gets("/v1/notices").await.json();
    assert_eq!(notices["data"][0]["kind"], "device_choices_merged");
    assert!(app.mail_saying(EMAIL, "choices about cookies").await.contains("a no always"));

    let events = ada.consent_events().await.len();
    assert_eq!(browser.signs_in(EMAIL).await.status, 201);
    assert_eq!(ada.consent_events().await.len(), events, "taken over once");
    assert_eq!(ada.gets("/v1/notices").await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn unset_is_no_refusal() {
    let app = App::start().await;
    let ada = unasked(&app, EMAIL).await;
    assert_eq!(ada.decides("analytics", true).await.status, 200);
    let browser = Browser::new(&app, false).await;
    assert_eq!(browser.signs_in(EMAIL).await.status, 201);
    assert_eq!(ada.consent("analytics").await["state"], "granted");
    assert_eq!(ada.gets("/v1/notices").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_device_of_somebody_else_gets_a_fresh_identity() {
    let app = App::start().await;
    let ada = unasked(&app, EMAIL).await;
    let eve = unasked(&app, "eve@example.org").await;
    let browser = Browser::new(&app, false).await;
    assert_eq!(browser.chooses("analytics", true).await.status, 200);
    assert_eq!(browser.signs_in(EMAIL).await.status, 201);
    assert_eq!(ada.consent("analytics").await["state"], "granted");

    let signed_in = browser.signs_in("eve@example.org").await;
    assert_eq!(signed_in.status, 201);
    assert_ne!(cookie_of(&signed_in), browser.cookie, "a fresh identity");
    assert_eq!(eve.consent("analytics").await["state"], "unset", "nothing of somebody else's");
    let fresh = Browser { app: &app, cookie: cookie_of(&signed_in), gpc: false };
    assert_eq!(fresh.state("analytics").await, "unset");
    assert_eq!(browser.signs_in(EMAIL).await.status, 201, "the old cookie is still the first one's");
}

#[tokio::test]
async fn every_cookie_that_is_set_stands_in_the_register() {
    let app = App::start().await;
    let register = app.get("/v1/cookies").await.json();
    let names: Vec<&str> =
        register["cookies"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    let _ada = app.person(EMAIL).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD, "refresh_delivery": "cookie" });
    let signed_in = app.post("/v1/sessions", &body).await;
    let set: Vec<String> = signed_in
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap().split('=').next().unwrap().to_owned())
        .collect();
    assert_eq!(set.len(), 2, "{set:?}");
    for name in &set {
        assert!(names.contains(&name.as_str()), "{name} is not in {names:?}");
    }
}

/// Registers on a browser, with a yes to `analytics`.
async fn registers_on(browser: &Browser<'_>, email: &str) -> Person {
    let mut body = registration_body(browser.app, email).await;
    body["consents"] = json!([{ "purpose": "analytics", "granted": true }]);
    let answer = browser.sends(Method::POST, "/v1/accounts", Some(&body)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    browser.app.registrant(&answer).verify(&browser.app.code_mailed_to(email).await).await
}

#[tokio::test]
async fn a_later_yes_stands_against_what_a_browser_asks_for_by_itself() {
    let app = App::start().await;
    let browser = Browser::new(&app, true).await;
    assert_eq!(browser.state("analytics").await, "declined");
    app.advance(TimeDelta::minutes(1));
    let ada = registers_on(&browser, EMAIL).await;
    assert_eq!(ada.consent("analytics").await["state"], "granted", "granted after the browser's signal");
    assert_eq!(ada.consent("advertising").await["state"], "declined");

    // Another browser with the same signal tells the account nothing new.
    app.advance(TimeDelta::minutes(1));
    let other = Browser::new(&app, true).await;
    assert_eq!(other.signs_in(EMAIL).await.status, 201);
    assert_eq!(ada.consent("analytics").await["state"], "granted");

    // A no by hand, and later than the yes, does.
    app.advance(TimeDelta::minutes(1));
    assert_eq!(other.chooses("analytics", true).await.status, 200);
    assert_eq!(other.chooses("analytics", false).await.status, 200);
    assert_eq!(other.signs_in(EMAIL).await.status, 201);
    assert_eq!(ada.consent("analytics").await["state"], "withdrawn");
}

#[tokio::test]
async fn a_signal_seen_on_a_device_that_had_said_no_reaches_the_account() {
    let app = App::start().await;
    let mut browser = Browser::new(&app, false).await;
    assert_eq!(browser.chooses("analytics", false).await.status, 200);
    app.advance(TimeDelta::minutes(1));
    let ada = registers_on(&browser, EMAIL).await;
    assert_eq!(ada.consent("analytics").await["state"], "granted", "a later yes of the account");
    app.advance(TimeDelta::minutes(1));
    browser.gpc = true;
    assert_eq!(browser.state("analytics").await, "declined");
    browser.gpc = false;
    assert_eq!(browser.signs_in(EMAIL).await.status, 201);
    let analytics = ada.consent("analytics").await;
    assert_eq!((&analytics["state"], &analytics["event"]["gpc"]), (&json!("withdrawn"), &json!(true)));
}

#[tokio::test]
async fn signing_in_extends_nothing_before_the_policy_is_accepted() {
    let app = App::start().await;
    let (ada, team) = (unasked(&app, EMAIL).await, app.policy_team().await);
    let browser = Browser::new(&app, false).await;
    app.publishes(&team, |_| {}).await;
    assert_eq!(browser.chooses("analytics", true).await.status, 200);
    assert_eq!(browser.chooses("troubleshooting", false).await.status, 200);
    assert_eq!(browser.signs_in(EMAIL).await.status, 201);
    assert_eq!(ada.consent("analytics").await["state"], "unset", "that would extend");
    assert_eq!(ada.consent("troubleshooting").await["state"], "declined", "that narrows");
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(browser.signs_in(EMAIL).await.status, 201);
    assert_eq!(ada.consent("analytics").await["counts_for_new"], true, "it had waited");
}

#[tokio::test]
async fn many_devices_choose_at_once_and_each_keeps_its_count() {
    let app = App::start().await;
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let browser = Browser::new(&app, false).await;
        let consents = browser.consents().await;
        let all = consents["consents"].as_array().unwrap();
        let asked = all.iter().find(|consent| consent["definition"]["purpose"] == "advertising").unwrap();
        let hash = asked["definition"]["definition_hash"].clone();
        // Two windows of one browser contradict each other while the other browsers choose.
        for first in [true, false] {
            let (client, to) = (app.client.clone(), format!("{}{PATH}", app.url));
            let (cookie, hash) = (browser.cookie.clone(), hash.clone());
            tasks.push(tokio::spawn(async move {
                for turn in 0..6 {
                    let granted = (turn % 2 == 0) == first;
                    let choice =
                        json!({ "purpose": "advertising", "granted": granted, "definition_hash": hash });
                    let body = json!({ "consents": [choice] });
                    let told = client.put(&to).header("cookie", &cookie).json(&body).send().await.unwrap();
                    let told = Answer::of(&Method::PUT, told).await;
                    assert_eq!(told.status, 200, "{}", told.text);
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let of = |what: &str| app.database.number(&format!("SELECT {what} AS n FROM device_consent_events"));
    assert_eq!(of("count(DISTINCT device_ref)"), 16);
    assert!(of("count(*)") >= 2 * 16, "each was granted and taken back");
    let counted = app.database.number("SELECT CAST(sum(sequence) AS BIGINT) AS n FROM devices");
    assert_eq!(counted, of("count(*)"), "no number was left out");
    // Two of one kind in a row would be a choice that was made without a look at the one before.
    let repeated = "SELECT count(*) AS n FROM device_consent_events one JOIN device_consent_events other
         ON other.device_ref = one.device_ref AND other.sequence = one.sequence + 1 AND other.action = one.action";
    assert_eq!(app.database.number(repeated), 0);
}
