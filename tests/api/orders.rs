//! Orders of courts and state bodies: nothing beyond them, read on the log, and no word to the person for as long as
//! they forbid it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use smart_mining::domain::operation::{Audience, OPERATIONS};

use crate::support::{Answer, App, Desk, Form, Person, eventually, order, pictures};

const EMAIL: &str = "ada@example.org";

pub fn compelled(ada: &Person, court: &str, instrument: &str, fields: &Value) -> Value {
    json!({
        "account_id": ada.account_id, "recipient_id": court, "instrument_id": instrument, "fields": fields,
    })
}

fn gate(answer: &Answer) -> String {
    assert_eq!(answer.problem().1, "disclosure_refused", "{}", answer.text);
    answer.json()["errors"][0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_is_compelled_beyond_the_order_or_after_it() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let (court, instrument) = desk.court_order(&app, "real_name,email", None).await;
    let (other, _) = desk.court_order(&app, "real_name", None).await;
    let draft = |court: &str, fields: &Value| compelled(&ada, court, &instrument, fields);
    let outside = desk.tries_to_draft(&draft(&court.recipient_id, &json!(["email", "phone"]))).await;
    assert_eq!(outside.first_error(), ("/fields/1".to_owned(), "outside_the_order".to_owned()));
    assert_eq!(outside.json()["clause"], "4.8");
    let strange = desk.tries_to_draft(&draft(&other.recipient_id, &json!(["email"]))).await;
    assert_eq!(strange.first_error(), ("/instrument_id".to_owned(), "order_missing".to_owned()));

    let id = desk.submits_as(draft(&court.recipient_id, &json!(["email"]))).await;
    assert_eq!(desk.approves(&id).await["disclosure"]["state"], "ready");
    desk.releases(&id).await;
    let claims = court.opens(&app, &court.pulls(&app, &id).await).await;
    assert_eq!(
        (&claims["purpose"], &claims["fields"]),
        (&json!("court_decision"), &json!({ "email": EMAIL }))
    );
    let entry = ada.gets(&format!("/v1/disclosures/{id}")).await;
    assert_eq!(
        (&entry.json()["clause"], &entry.json()["consent_kind"]),
        (&json!("4.5"), &json!("policy_clause"))
    );
    assert!(!entry.text.contains("CIV-2026"), "never the text of the case");

    // A person who withdrew is disclosed to nobody, to a court neither: people see the conflict and resolve it.
    let next = desk.submits_as(draft(&court.recipient_id, &json!(["real_name"]))).await;
    desk.approves(&next).await;
    assert_eq!(ada.decides("compelled_disclosure", false).await.status, 200);
    assert_eq!(gate(&desk.tries_to_release(&next).await), "gate_consent_withdrawn");
    assert_eq!(desk.sees(&next).await["gate"]["clause"], "4.8");
    assert_eq!(ada.decides("compelled_disclosure", true).await.status, 200);

    let path = format!("/v1/staff/instruments/{instrument}/withdrawal");
    assert_eq!(desk.legal.sends(Method::POST, &path, None).await.status, 201);
    assert_eq!(desk.legal.sends(Method::POST, &path, None).await.problem().1, "instrument_state_conflict");
    assert_eq!(gate(&desk.tries_to_release(&next).await), "gate_instrument_lapsed");
    assert_eq!(court.pulls(&app, &id).await.problem().0, 410, "what was withdrawn does not come back");
}

#[tokio::test]
async fn an_order_rests_sealed_and_every_reading_is_on_the_log() {
    let app = App::start().await;
    let desk = app.desk().await;
    let (court, instrument) = desk.court_order(&app, "real_name", None).await;
    let path = format!("/v1/staff/instruments/{instrument}");
    let seen = desk.processor.gets(&path).await;
    assert!(!seen.text.contains("CIV-2026") && !seen.text.contains("Whoever"), "{}", seen.text);
    let leaves = || app.database.number("SELECT count(*) AS n FROM log_leaves");
    let before = leaves();
    let opened = desk.processor.sends(Method::POST, &format!("{path}/reads"), None).await;
    assert_eq!(opened.json()["named"], "Whoever has the address in the order.");
    assert_eq!(opened.json()["reference"], "CIV-2026-404-1234");
    let file = format!("{path}/file");
    assert_eq!(desk.processor.gets(&file).await.problem().1, "role_required");
    let (status, headers, picture) = desk.legal.fetches(&file).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (200, "image/jpeg"));
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(leaves(), before + 3, "and the refusal");
    for entry in std::fs::read_dir(app.database.folder.path().join("files")).unwrap().filter_map(Result::ok) {
        for kept in walk(&entry.path()) {
            assert!(!pictures::holds(&kept, &picture[64..112]), "{entry:?}");
        }
    }
    let kept = app.database.texts("SELECT issuer AS t FROM instruments");
    assert_eq!(kept, ["District Court of Auckland"]);

    for (form, expected) in [
        (Form::default().text("recipient_id", "x"), "/recipient_id"),
        (order(&court.recipient_id, "real_name,everything"), "/fields"),
        (order(&court.recipient_id, "real_name,real_name"), "/fields"),
        (order(&court.recipient_id, "real_name").text("gag_until", "2030-01-01T00:00:00Z"), "/gag_until"),
        (order(&desk.registers(&crate::support::company("Pool")).await, "real_name"), "/recipient_id"),
    ] {
        let refused = desk.legal.uploads("/v1/staff/instruments", &form).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        assert_eq!(refused.first_error().0, expected, "{}", refused.text);
    }
}

/// The bytes of a file, or of all files in a folder.
pub fn walk(path: &std::path::Path) -> Vec<Vec<u8>> {
    if path.is_file() {
        return vec![std::fs::read(path).unwrap()];
    }
    std::fs::read_dir(path).unwrap().filter_map(Result::ok).flat_map(|entry| walk(&entry.path())).collect()
}

/// Everything that a person can look at, as it is answered.
async fn every_view(ada: &Person, ids: &[(&str, String)]) -> BTreeMap<&'static str, (u16, String)> {
    let mut views = BTreeMap::new();
    for operation in OPERATIONS
        .iter()
        .filter(|operation| operation.audience == Audience::Person && operation.method == "GET")
    {
        let path = ids.iter().fold(operation.path.to_owned(), |path, (name, id)| path.replace(name, id));
        if path.contains('{') {
            continue;
        }
        let answer = ada.gets(&path).await;
        let mut body: Value = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
        // The id of the request is its own.
        body.as_object_mut().map(|body| body.remove("instance"));
        views.insert(operation.id, (answer.status, body.to_string()));
    }
    assert!(views.len() > 15, "{}", views.len());
    views
}

/// A disclosure on its way to the court, released and fetched; gives its id.
pub async fn goes_to_court(app: &App, desk: &Desk, ada: &Person, gag: &str) -> String {
    let (court, instrument) = desk.court_order(app, "real_name,email", Some(gag)).await;
    let draft = compelled(ada, &court.recipient_id, &instrument, &json!(["email"]));
    let asks = json!({ "ask": true });
    let mut asked = draft.clone();
    asked["ask"] = asks["ask"].clone();
    let refused = desk.tries_to_draft(&asked).await;
    assert_eq!(refused.first_error(), ("/ask".to_owned(), "compelled_question".to_owned()));
    let id = desk.submits_as(draft).await;
    desk.approves(&id).await;
    desk.releases(&id).await;
    assert_eq!(court.pulls(app, &id).await.status, 201);
    id
}

/// A disclosure to the police about which telling would warn somebody.
async fn goes_to_the_police(app: &App, desk: &Desk, ada: &Person) -> String {
    let police = json!({
        "recipient_class": "law_enforcement", "name": "Police", "country": "NZ", "agreement": "Policing Act 2008",
        "contact": "fiu@police.example", "policy_url": "https://police.example/privacy",
    });
    let police = desk.partner(app, police).await;
    let id = desk
        .submits_as(json!({
            "account_id": ada.account_id, "recipient_id": police.recipient_id, "fields": ["email"],
            "ground": "Layers of transfers without a purpose.",
        }))
        .await;
    let hold = json!({ "kind": "money_laundering_hold", "until": "2026-04-01T00:00:00Z" });
    let path = format!("/v1/staff/disclosures/{id}/silence");
    let silenced = desk.legal.sends(Method::PUT, &path, Some(&hold)).await;
    assert_eq!(silenced.status, 200, "{}", silenced.text);
    desk.approves(&id).await;
    desk.releases(&id).await;
    assert_eq!(police.pulls(app, &id).await.status, 201);
    id
}

#[tokio::test]
async fn no_view_of_the_person_tips_off_and_all_of_them_tell_when_the_silence_ends() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, crate::support::company("Harbour Pool")).await;
    desk.discloses(&ada, &pool, &json!(["email"])).await;
    assert_eq!(ada.decides("analytics", true).await.status, 200);
    app.mail_saying(EMAIL, "Data about you were disclosed").await;
    // What is compared has come to rest: the notice tells how far its mail is.
    let sent = || async { (ada.gets("/v1/notices").await.json()["data"][0]["mail"] == "sent").then_some(()) };
    eventually("the mail is noted as sent", sent).await;
    let ids = |silent: &str| vec![("{disclosure_id}", silent.to_owned())];
    let nothing = "dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
    let before = every_view(&ada, &ids(nothing)).await;
    let mails = app.mails_to(EMAIL).len();

    let gagged = goes_to_court(&app, &desk, &ada, "2026-04-01T00:00:00Z").await;
    let held = goes_to_the_police(&app, &desk, &ada).await;
    for silent in [&gagged, &held] {
        let after = every_view(&ada, &ids(silent)).await;
        for (operation, view) in &before {
            assert_eq!(after[operation], *view, "{operation} tells of {silent}");
        }
    }
    // Nor do the numbers of what the person does.
    let number = || async {
        ada.consent_events().await.iter().map(|event| event["sequence"].as_i64().unwrap()).max().unwrap()
    };
    let last = number().await;
    assert_eq!(ada.decides("analytics", false).await.status, 200);
    assert_eq!(number().await, last + 1, "no number is missing");
    // Nor what an answer promises of the log: a withdrawal ends the silent ones without a word.
    let promised = |purpose: &'static str| {
        let ada = &ada;
        async move { crate::log::promised(&ada.decides(purpose, false).await).len() }
    };
    assert_eq!(promised("business_transfer").await, 1, "nothing rests on it");
    assert_eq!(promised("compelled_disclosure").await, 1);
    assert_eq!(promised("rights_protection").await, 1);
    assert_eq!(app.mails_to(EMAIL).len(), mails);

    let cookie = ada.cookie.clone();
    drop((ada, desk, pool));
    app.advance(TimeDelta::days(40));
    let app = app.restart().await;
    let ada = app.signs_in(EMAIL, &cookie).await;
    let told = || async {
        let log = ada.gets("/v1/disclosures").await.json();
        let shown: Vec<&str> =
            log["data"].as_array().unwrap().iter().map(|e| e["disclosure_id"].as_str().unwrap()).collect();
        let notices = ada.gets("/v1/notices").await.json();
        let kinds = notices["data"].as_array().unwrap().iter();
        let told = kinds.filter(|notice| notice["kind"] == "data_disclosed").count();
        (shown.contains(&gagged.as_str()) && shown.contains(&held.as_str()) && told == 3).then_some(())
    };
    eventually("the late notices", told).await;
    for silent in [&gagged, &held] {
        let entry = ada.gets(&format!("/v1/disclosures/{silent}")).await.json();
        let steps: Vec<&str> =
            entry["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
        assert_eq!(steps, ["released", "pulled", "revoked", "told"]);
    }
    eventually("three mails", || async {
        let told = app.mails_to(EMAIL).iter().filter(|mail| mail.contains("Data about you")).count();
        (told == 3).then_some(())
    })
    .await;
}

#[tokio::test]
async fn silence_is_for_whom_a_law_allows_it_has_an_end_and_can_be_lifted() {
    let app = App::start().await;
    let (desk, ada) = (app.desk().await, app.person(EMAIL).await);
    let pool = desk.partner(&app, crate::support::company("Harbour Pool")).await;
    let shared = desk.submits(&ada, &pool.recipient_id, &json!(["email"])).await;
    let path = |id: &str| format!("/v1/staff/disclosures/{id}/silence");
    let until = |day: &str| json!({ "kind": "gag", "until": format!("{day}T00:00:00Z") });
    let refused = desk.legal.sends(Method::PUT, &path(&shared), Some(&until("2026-06-01"))).await;
    assert_eq!(refused.first_error().0, "/until");
    let gagged = goes_to_court(&app, &desk, &ada, "2026-06-01T00:00:00Z").await;
    for (day, status) in [("2028-01-01", 422), ("2026-02-01", 422), ("2026-09-01", 200)] {
        let answer = desk.legal.sends(Method::PUT, &path(&gagged), Some(&until(day))).await;
        assert_eq!(answer.status, status, "{day}: {}", answer.text);
    }
    assert_eq!(ada.gets(&format!("/v1/disclosures/{gagged}")).await.status, 404);
    // Nobody ends what an order demands; the order is withdrawn first.
    let ended = desk.legal.sends(Method::DELETE, &path(&gagged), None).await;
    assert_eq!(ended.problem(), (409, "disclosure_state_conflict".to_owned()));
    let earlier = desk.legal.sends(Method::PUT, &path(&gagged), Some(&until("2026-05-01"))).await;
    assert_eq!(earlier.first_error().0, "/until");
    let order = desk.sees(&gagged).await["disclosure"]["instrument_id"].as_str().unwrap().to_owned();
    let withdrawal = format!("/v1/staff/instruments/{order}/withdrawal");
    assert_eq!(desk.legal.sends(Method::POST, &withdrawal, None).await.status, 201);
    assert_eq!(desk.legal.sends(Method::DELETE, &path(&gagged), None).await.status, 200);
    assert_eq!(ada.gets(&format!("/v1/disclosures/{gagged}")).await.status, 200);
    app.mail_saying(EMAIL, "Data about you were disclosed").await;
    let again = desk.legal.sends(Method::PUT, &path(&gagged), Some(&until("2026-09-01"))).await;
    assert_eq!(again.problem(), (409, "disclosure_state_conflict".to_owned()), "what was told stays told");
}
