//! Consent: the table of when it stands, the ledger, races, receipts, the gate of clause 0.4.

use std::fs;

use chrono::TimeDelta;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, PASSWORD, Person, purpose, registration_body};

const EMAIL: &str = "ada@example.org";

/// The rows of the table in `docs/consent.md`: three facts, and what stands.
fn table() -> Vec<[String; 5]> {
    let page = fs::read_to_string("docs/consent.md").unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(|line| cells(line).try_into().unwrap()).collect()
}

/// The row that speaks of these facts.
fn row<'a>(rows: &'a [[String; 5]], accepted: &str, definition: &str, newer: &str) -> &'a [String; 5] {
    let says = |cell: &String, fact: &str| cell == "any" || cell == fact;
    let mut found =
        rows.iter().filter(|row| row[0] == accepted && says(&row[1], definition) && says(&row[2], newer));
    let row = found.next().unwrap_or_else(|| panic!("no row for {accepted}, {definition}, {newer}"));
    assert!(found.next().is_none(), "two rows for {accepted}, {definition}, {newer}");
    row
}

/// Registers with these choices for `analytics` and `innovations`.
async fn registered(app: &App, email: &str, choice: Option<bool>) -> Person {
    let mut body = registration_body(app, email).await;
    body["consents"] = match choice {
        Some(granted) => json!([
            { "purpose": "analytics", "granted": granted }, { "purpose": "innovations", "granted": granted },
        ]),
        None => json!([]),
    };
    app.registers(body).await
}

#[tokio::test]
async fn a_consent_stands_as_the_table_says() {
    let app = App::start().await;
    let mut team = app.policy_team().await;
    let expired = registered(&app, "expired@example.org", Some(true)).await;
    app.advance(TimeDelta::days(731));
    let again = expired.signs_in("expired@example.org", PASSWORD).await.json();
    let mut people = vec![("no: expired", expired.with(&again["session"]))];
    people.push(("yes", registered(&app, "granted@example.org", Some(true)).await));
    people.push(("no: never asked", registered(&app, "never@example.org", None).await));
    people.push(("no: declined", registered(&app, "declined@example.org", Some(false)).await));
    let withdrawn = registered(&app, "withdrawn@example.org", Some(true)).await;
    for purpose in ["analytics", "innovations"] {
        assert_eq!(withdrawn.decides(purpose, false).await.status, 200);
    }
    people.push(("no: withdrawn", withdrawn));
    let refused = registered(&app, "refused@example.org", Some(true)).await;
    team.legal.signs_in().await;
    team.admin.signs_in().await;

    let rows = table();
    let mut checked = 0;
    let mut check = |facts: [&str; 3], consent: Value| {
        let row = row(&rows, facts[0], facts[1], facts[2]);
        let stands = |cell: &str| json!(cell == "yes");
        assert_eq!(consent["stands_for_existing"], stands(&row[3]), "{row:?}: {consent}");
        assert_eq!(consent["counts_for_new"], stands(&row[4]), "{row:?}: {consent}");
        checked += 1;
    };
    for (accepted, person) in &people {
        check([accepted, "unchanged", "no"], person.consent("analytics").await);
    }
    app.publishes(&team, |draft| {
        purpose(draft, "innovations")["text"] = json!("Tell of innovations, twice a year at most.");
    })
    .await;
    for (accepted, person) in &people {
        check([accepted, "unchanged", "yes"], person.consent("analytics").await);
        check([accepted, "changed", "yes"], person.consent("innovations").await);
        assert_eq!(person.answers_policy(true).await.status, 201);
        check([accepted, "unchanged", "no"], person.consent("analytics").await);
        check([accepted, "changed", "no"], person.consent("innovations").await);
    }
    assert_eq!(refused.answers_policy(false).await.status, 201);
    let again = refused.signs_in("refused@example.org", PASSWORD).await.json();
    let refused = refused.with(&again["session"]);
    check(["no: policy refused", "unchanged", "yes"], refused.consent("analytics").await);
    check(["no: policy refused", "changed", "yes"], refused.consent("innovations").await);
    println!("truth table: {} rows, {checked} situations", rows.len());
    assert_eq!((rows.len(), checked), (8, 27));
}

#[tokio::test]
async fn parallel_grants_and_withdrawals_end_in_one_order() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let hash = ada.consent("innovations").await["definition"]["definition_hash"].clone();
    // Which of a pair comes first takes turns, or connections would deal all grants to one worker.
    let bodies: Vec<Value> = (0..200)
        .flat_map(|n| {
            let mut pair = [json!({ "granted": true, "definition_hash": hash }), json!({ "granted": false })];
            pair.rotate_left(n % 2);
            pair
        })
        .collect();
    let answers = join_all(
        bodies.iter().map(|body| ada.sends(Method::PUT, "/v1/consents/innovations", &[], Some(body))),
    )
    .await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    for answer in &refused {
        assert_eq!(answer.status, 409, "{answer:?}");
    }
    let events: Vec<Value> = ada.consent_events().await;
    let sequences: Vec<i64> = events.iter().map(|event| event["sequence"].as_i64().unwrap()).collect();
    assert!(sequences.windows(2).all(|pair| pair[0] < pair[1]));
    let own: Vec<&str> = events
        .iter()
        .filter(|event| event["purpose"] == "innovations")
        .map(|event| event["action"].as_str().unwrap())
        .collect();
    assert!(own.windows(2).all(|pair| pair[0] != pair[1]), "each event changed something");
    let written = taken.iter().filter(|answer| answer.json()["consent_event_id"].is_string()).count();
    assert_eq!(own.len(), written + 1, "one event per change, beside that of the registration");
    let consent = ada.consent("innovations").await;
    assert_eq!(consent["event"]["action"], json!(own.last().unwrap()), "the ledger's order is the state");
    let metrics = reqwest::get(format!("{}/metrics", app.operator_url)).await.unwrap().text().await.unwrap();
    let retries = metrics.lines().find(|line| line.starts_with("db_write_retries_total")).unwrap();
    println!(
        "200 pairs: {} answers 200, {} answers 409, {} events, {retries}",
        taken.len(),
        refused.len(),
        own.len()
    );
}

#[tokio::test]
async fn after_a_publication_the_very_next_call_waits_for_acceptance() {
    let app = App::start().await;
    let (ada, team) = (app.person(EMAIL).await, app.policy_team().await);
    let change = json!({ "display_name": "ada" });
    assert_eq!(ada.changes_profile(change.clone()).await.status, 200);

    let published = app.publishes(&team, |_| {}).await;
    assert_eq!(published["version"], 2);
    let refused = ada.changes_profile(change.clone()).await;
    assert_eq!(refused.problem(), (403, "policy_acceptance_required".to_owned()));
    assert_eq!(ada.gets("/v1/account").await.status, 200, "reading own data stays open");
    let old = json!({ "policy_version": 1, "policy_content_hash": published["content_hash"] });
    let superseded = ada.sends(Method::POST, "/v1/policy-acceptances", &[], Some(&old)).await;
    assert_eq!(superseded.problem(), (409, "policy_version_superseded".to_owned()));
    let other = json!({ "policy_version": 2, "policy_content_hash": "0".repeat(64) });
    let superseded = ada.sends(Method::POST, "/v1/policy-acceptances", &[], Some(&other)).await;
    assert_eq!(superseded.problem(), (409, "policy_version_superseded".to_owned()));
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(ada.changes_profile(change.clone()).await.status, 200);
    let leaves = app.database.number("SELECT count(*) AS n FROM log_leaves");
    assert_eq!(ada.answers_policy(true).await.status, 201, "accepted already");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM log_leaves"), leaves);
}

#[tokio::test]
async fn a_refusal_ends_the_sessions_and_signing_in_again_reaches_what_is_open() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    assert_eq!(ada.consent("group_sharing").await["counts_for_new"], true);
    assert_eq!(ada.answers_policy(false).await.json()["decision"], "refused");
    assert_eq!(ada.gets("/v1/account").await.status, 401);
    assert_eq!(ada.refreshes().await.status, 401);
    let ada = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    assert_eq!(ada.gets("/v1/account").await.status, 200);
    assert_eq!(
        ada.changes_profile(json!({ "display_name": "ada" })).await.problem(),
        (403, "policy_acceptance_required".to_owned())
    );
    let consent = ada.consent("group_sharing").await;
    assert_eq!(
        (&consent["state"], &consent["stands_for_existing"]),
        (&json!("policy_refused"), &json!(false))
    );
    assert_eq!(ada.decides("innovations", false).await.status, 200, "narrowing is open");
    assert_eq!(
        ada.decides("innovations", true).await.problem(),
        (403, "policy_acceptance_required".to_owned())
    );
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(ada.consent("group_sharing").await["counts_for_new"], true);
}

#[tokio::test]
async fn an_acceptance_revives_no_withdrawal() {
    let app = App::start().await;
    let (ada, team) = (app.person(EMAIL).await, app.policy_team().await);
    let withdrawn = ada.decides("group_sharing", false).await.json();
    assert_eq!(withdrawn["consequences"], json!([{ "code": "disclosures_refused", "clause": "4.8" }]));
    assert_eq!(ada.decides("rights_protection", false).await.status, 200);
    assert_eq!(ada.decides("rights_protection", true).await.status, 200);

    app.publishes(&team, |draft| purpose(draft, "group_sharing")["text"] = json!("Other words.")).await;
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(ada.consent("group_sharing").await["state"], "withdrawn");
    let own = ada.consent("rights_protection").await;
    assert_eq!((&own["state"], &own["event"]["kind"]), (&json!("granted"), &json!("specific")));
    let by_policy = ada.consent("compelled_disclosure").await;
    assert_eq!(
        (&by_policy["event"]["kind"], &by_policy["event"]["policy_version"]),
        (&json!("policy_clause"), &json!(2))
    );
}

#[tokio::test]
async fn a_withdrawal_tells_what_follows_and_a_dry_run_writes_nothing() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let before = ada.consent_events().await.len();
    let body = json!({ "granted": false });
    let dry = ada.sends(Method::PUT, "/v1/consents/service?dry_run=true", &[], Some(&body)).await.json();
    assert_eq!(dry["dry_run"], true);
    assert_eq!(dry["consequences"], json!([{ "code": "service_restricted", "clause": "2.5" }]));
    assert_eq!((&dry["consent"]["state"], &dry["consent_event_id"]), (&json!("withdrawn"), &json!(null)));
    assert_eq!(ada.consent_events().await.len(), before);
    assert_eq!(ada.changes_profile(json!({ "display_name": "a" })).await.status, 200);

    let done = ada.decides("service", false).await.json();
    assert_eq!(done["consequences"], dry["consequences"]);
    let refused = ada.changes_profile(json!({ "display_name": "b" })).await;
    assert_eq!(refused.problem(), (423, "account_restricted".to_owned()));
    assert_eq!(refused.json()["clause"], "2.5");
    assert_eq!(ada.gets("/v1/account").await.status, 200);
    assert_eq!(ada.decides("notices", false).await.status, 200);
    assert_eq!(ada.decides("service", true).await.status, 200);
    assert_eq!(ada.changes_profile(json!({ "display_name": "b" })).await.status, 423, "the other one");
    assert_eq!(ada.decides("notices", true).await.status, 200);
    assert_eq!(ada.changes_profile(json!({ "display_name": "b" })).await.status, 200);
    assert_eq!(ada.consent("service").await["stands_for_existing"], true);
}

#[tokio::test]
async fn a_refusal_of_the_policy_ends_what_was_granted_for_good() {
    let app = App::start().await;
    let ada = registered(&app, EMAIL, Some(true)).await;
    assert_eq!(ada.decides("rights_protection", false).await.status, 200);
    assert_eq!(ada.decides("rights_protection", true).await.status, 200);
    assert_eq!(ada.answers_policy(false).await.status, 201);
    let ada = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    assert_eq!(ada.answers_policy(true).await.status, 201);
    let analytics = ada.consent("analytics").await;
    assert_eq!(
        (&analytics["state"], &analytics["stands_for_existing"]),
        (&json!("policy_refused"), &json!(false))
    );
    assert_eq!(ada.consent("rights_protection").await["counts_for_new"], true, "expressed anew");
    assert_eq!(ada.decides("analytics", true).await.json()["consent"]["counts_for_new"], true);
    let decided = ada.gets("/v1/policy-acceptances").await.json();
    let decisions: Vec<&Value> =
        decided["data"].as_array().unwrap().iter().map(|decided| &decided["decision"]).collect();
    assert_eq!(decisions, ["accepted", "refused", "accepted"]);
    let page = ada.gets("/v1/policy-acceptances?limit=2").await.json();
    let next = format!("/v1/policy-acceptances?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(ada.gets(&next).await.json()["data"][0], decided["data"][2]);
}

#[tokio::test]
async fn words_that_changed_and_changed_back_are_asked_anew() {
    let app = App::start().await;
    let (ada, team) = (registered(&app, EMAIL, Some(true)).await, app.policy_team().await);
    let words = app.as_draft().await;
    app.publishes(&team, |draft| purpose(draft, "analytics")["text"] = json!("Other words.")).await;
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(ada.consent("analytics").await["state"], "asked_anew");
    app.publishes(&team, |draft| *draft = words).await;
    assert_eq!(ada.answers_policy(true).await.status, 201);
    let analytics = ada.consent("analytics").await;
    assert_eq!((&analytics["state"], &analytics["counts_for_new"]), (&json!("asked_anew"), &json!(false)));
    assert_eq!(ada.decides("analytics", true).await.json()["consent"]["counts_for_new"], true);
}

#[tokio::test]
async fn a_withdrawal_is_about_the_words_that_were_agreed_to() {
    let app = App::start().await;
    let (ada, team) = (registered(&app, EMAIL, Some(true)).await, app.policy_team().await);
    let granted = ada.consent("analytics").await["event"].clone();
    app.publishes(&team, |draft| purpose(draft, "analytics")["text"] = json!("Words nobody saw.")).await;
    let withdrawn = ada.decides("analytics", false).await.json()["consent"]["event"].clone();
    assert_eq!(withdrawn["action"], "withdrawn");
    for member in ["policy_version", "definition_hash"] {
        assert_eq!(withdrawn[member], granted[member], "{member}");
    }
}

#[tokio::test]
async fn what_the_policy_speaks_of_no_more_can_be_withdrawn() {
    let app = App::start().await;
    let (ada, team) = (registered(&app, EMAIL, Some(true)).await, app.policy_team().await);
    let words = app.as_draft().await;
    app.publishes(&team, |draft| {
        draft["purposes"].as_array_mut().unwrap().retain(|purpose| purpose["purpose"] != "analytics");
    })
    .await;
    let gone = ada.consent("analytics").await;
    assert_eq!((&gone["state"], &gone["stands_for_existing"]), (&json!("asked_anew"), &json!(false)));
    let body = json!({ "granted": true, "definition_hash": gone["definition"]["definition_hash"] });
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(ada.sends(Method::PUT, "/v1/consents/analytics", &[], Some(&body)).await.status, 404);
    assert_eq!(ada.decides("analytics", false).await.json()["consent"]["state"], "withdrawn");
    app.publishes(&team, |draft| *draft = words).await;
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(ada.consent("analytics").await["state"], "withdrawn", "a withdrawal is not lost");
}

#[tokio::test]
async fn nothing_is_granted_while_the_service_is_withdrawn() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    assert_eq!(ada.decides("service", false).await.status, 200);
    let refused = ada.decides("innovations", true).await;
    assert_eq!(refused.problem(), (423, "account_restricted".to_owned()));
    assert_eq!(refused.json()["clause"], "2.5");
    assert_eq!(ada.decides("service", true).await.status, 200);
    assert_eq!(ada.decides("innovations", true).await.status, 200);
}

#[tokio::test]
async fn a_grant_names_the_words_and_only_what_rests_on_consent_is_answered() {
    let app = App::start().await;
    let (ada, team) = (app.person(EMAIL).await, app.policy_team().await);
    let put = |purpose: &'static str, body: Value| {
        let ada = &ada;
        async move { ada.sends(Method::PUT, &format!("/v1/consents/{purpose}"), &[], Some(&body)).await }
    };
    let missing = put("analytics", json!({ "granted": true })).await;
    assert_eq!(missing.problem(), (422, "validation_failed".to_owned()));
    assert_eq!(missing.first_error(), ("/definition_hash".to_owned(), "missing_field".to_owned()));
    let hash = ada.consent("analytics").await["definition"]["definition_hash"].clone();
    app.publishes(&team, |draft| purpose(draft, "analytics")["retention"] = json!("P30D")).await;
    assert_eq!(ada.answers_policy(true).await.status, 201);
    let stale = put("analytics", json!({ "granted": true, "definition_hash": hash })).await;
    assert_eq!(stale.problem(), (409, "purpose_definition_superseded".to_owned()));
    let objected = put("security", json!({ "granted": false })).await;
    assert_eq!(objected.problem(), (409, "purpose_rests_on_no_consent".to_owned()));
    assert_eq!(objected.json()["clause"], "3.6");
    assert_eq!(put("espionage", json!({ "granted": false })).await.status, 404);
}

#[tokio::test]
async fn a_new_country_is_asked_anew() {
    let app = App::start().await;
    let (ada, team) = (app.person(EMAIL).await, app.policy_team().await);
    let places = ada.gets("/v1/storage-places").await.json();
    assert_eq!(places["places"][0]["abroad"], false);
    let abroad = |draft: &mut Value| {
        draft["change_kind"] = json!("material");
        let mut place = draft["storage_places"][0].clone();
        (place["country"], place["holder"]) = (json!("AU"), json!("A provider in Sydney"));
        draft["storage_places"].as_array_mut().unwrap().push(place);
    };
    let mut draft = app.as_draft().await;
    abroad(&mut draft);
    let refused = team.legal.posts("/v1/staff/policy-versions", &draft).await;
    let wrong = ("/purposes/15/countries".to_owned(), "not_the_storage_places".to_owned());
    assert_eq!(refused.first_error(), wrong);
    app.publishes(&team, |draft| {
        abroad(draft);
        purpose(draft, "cross_border_transfer")["countries"] = json!(["AU"]);
    })
    .await;
    assert_eq!(ada.consent("cross_border_transfer").await["state"], "asked_anew");
    assert_eq!(ada.answers_policy(true).await.status, 201);
    assert_eq!(ada.consent("cross_border_transfer").await["counts_for_new"], true);
    let places = ada.gets("/v1/storage-places").await.json();
    assert_eq!(places["places"][1]["abroad"], true);
}

/// The payload of a receipt, as a JOSE library verifies it with nothing but the published keys.
fn verified(keys: &JwkSet, jws: &str) -> Option<Value> {
    let header = decode_header(jws).ok()?;
    let key = DecodingKey::from_jwk(keys.find(&header.kid?)?).ok()?;
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    Some(decode::<Value>(jws, &key, &rules).ok()?.claims)
}

#[tokio::test]
async fn a_receipt_is_verified_by_an_independent_library_and_refused_once_changed() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let decided = ada.decides("analytics", true).await.json();
    let id = decided["consent_event_id"].as_str().unwrap();
    let receipt = ada.gets(&format!("/v1/consent-events/{id}/receipt")).await.json();
    let again = ada.gets(&format!("/v1/consent-events/{id}/receipt")).await.json();
    assert_eq!(receipt, again, "a receipt is the same at every call");
    let keys: JwkSet = serde_json::from_value(app.get("/.well-known/jwks.json").await.json()).unwrap();
    let receipt = receipt["receipt"].as_str().unwrap();
    let payload = verified(&keys, receipt).unwrap();
    assert_eq!(payload["@type"], "dpv:ConsentReceipt");
    let record = &payload["dpv:hasRecordOfActivity"];
    assert_eq!(record["dpv:hasConsentStatus"][0]["@type"], "dpv:ConsentGiven");
    assert_eq!(record["dpv:hasProcess"]["dpv:hasPurpose"]["@id"], "analytics");
    assert_eq!(record["dpv:hasDataSubject"]["@id"], json!(ada.account_id));
    let policy = app.get("/v1/policy-versions/1").await.json();
    assert_eq!(record["dpv:hasNotice"]["schema:sha256"], policy["content_hash"]);

    let payload_begins = receipt.find('.').unwrap() + 1;
    let mut refused = 0;
    for at in (payload_begins..receipt.len()).step_by(7) {
        let mut changed = receipt.as_bytes().to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(verified(&keys, &String::from_utf8(changed).unwrap()), None, "changed at {at}");
        refused += 1;
    }
    println!("a receipt verified, and refused {refused} times with one byte changed");

    let eve = app.person("eve@example.org").await;
    assert_eq!(eve.gets(&format!("/v1/consent-events/{id}/receipt")).await.status, 404);
}
