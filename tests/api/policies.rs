//! The policy: written by one and published by another, public for ever, with what changed.

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use smart_mining::domain::{encoding::hex, policy::clauses::CLAUSES};

use crate::support::{App, PolicyTeam, purpose};

#[tokio::test]
async fn two_people_make_a_version_and_it_never_changes() {
    let app = App::start().await;
    let team = app.policy_team().await;
    let first = app.get("/v1/policy-versions/1").await.text;
    let mut draft = app.as_draft().await;
    draft["clauses"][0]["text"] = json!("Personal data is everything that tells who you are.");
    draft["summary"] = json!("Shorter words.");
    let drafted = team.legal.posts("/v1/staff/policy-versions", &draft).await;
    assert_eq!(drafted.status, 201, "{}", drafted.text);
    let drafted = drafted.json();
    assert_eq!((&drafted["version"], &drafted["revision"]), (&json!(2), &json!(1)));
    assert_eq!(drafted["changes"]["clauses"][0]["clause_id"], "0.1");
    assert_eq!(app.get("/v1/policy-versions/2").await.status, 404, "a draft is nobody's policy");
    let again = team.legal.posts("/v1/staff/policy-versions", &draft).await;
    assert_eq!(again.problem(), (409, "policy_draft_exists".to_owned()));
    let own = team.publishes(&team.legal, &drafted).await;
    assert_eq!(own.problem(), (403, "second_person_required".to_owned()));

    let path = "/v1/staff/policy-versions/2";
    draft["summary"] = json!("Other words.");
    let rewritten = team.legal.sends(Method::PUT, path, Some(&draft)).await;
    assert_eq!((rewritten.status, rewritten.header("etag")), (200, "\"v2\""), "{}", rewritten.text);
    draft["clauses"][0]["text"] = json!("Personal data is whatever tells who you are.");
    let rewritten = team.legal.sends(Method::PUT, path, Some(&draft)).await.json();
    let stale = team.publishes(&team.admin, &drafted).await;
    assert_eq!(stale.problem(), (412, "stale_version".to_owned()), "not the words that were read");
    let published = team.publishes(&team.admin, &rewritten).await;
    assert_eq!(published.status, 201, "{}", published.text);
    let twice = team.publishes(&team.admin, &rewritten).await;
    assert_eq!(twice.status, 404);
    assert_eq!(app.get("/v1/policy-versions/1").await.text, first, "what was published stays");
    let current = app.get("/v1/policy-versions/current").await.json();
    assert_eq!((&current["version"], &current["summary"]), (&json!(2), &json!("Other words.")));
    let listed = app.get("/v1/policy-versions").await.json();
    assert_eq!(
        listed["data"].as_array().unwrap().iter().map(|v| v["version"].clone()).collect::<Vec<_>>(),
        [2, 1]
    );
    let page = app.get("/v1/policy-versions?limit=1").await.json();
    let next = format!("/v1/policy-versions?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(app.get(&next).await.json()["data"][0]["version"], 1);
}

#[tokio::test]
async fn whoever_ever_wrote_on_a_draft_does_not_publish_it_and_its_summary_is_read_too() {
    let app = App::start().await;
    let admins = app.admins().await;
    let first = app.member(&admins, "legal").await;
    let second = admins[0].brings_in("legal-too@staff.example.org").await;
    let grant = admins[0].proposes(&second, "legal").await;
    assert_eq!(admins[1].decides(&grant, "approve").await.status, 201);
    let [admin, _] = admins;
    let team = PolicyTeam { legal: first, admin };
    let mut draft = app.as_draft().await;
    let read = team.legal.posts("/v1/staff/policy-versions", &draft).await.json();
    draft["summary"] = json!("Nothing changes.");
    let path = "/v1/staff/policy-versions/2";
    let rewritten = second.sends(Method::PUT, path, Some(&draft)).await.json();
    assert_eq!(read["content_hash"], rewritten["content_hash"]);
    let stale = team.publishes(&team.admin, &read).await;
    assert_eq!(stale.problem(), (412, "stale_version".to_owned()), "not the summary that was read");
    for writer in [&team.legal, &second] {
        let own = team.publishes(writer, &rewritten).await;
        assert_eq!(own.problem(), (403, "second_person_required".to_owned()));
    }
    assert_eq!(team.publishes(&team.admin, &rewritten).await.status, 201);
}

#[tokio::test]
async fn a_draft_can_be_thrown_away_and_its_number_is_free_again() {
    let app = App::start().await;
    let team = app.policy_team().await;
    let draft = app.as_draft().await;
    assert_eq!(team.legal.posts("/v1/staff/policy-versions", &draft).await.status, 201);
    let path = "/v1/staff/policy-versions/2";
    assert_eq!(team.admin.gets(path).await.json()["version"], 2);
    assert_eq!(team.legal.sends(Method::DELETE, path, None).await.status, 200);
    assert_eq!(team.admin.gets(path).await.status, 404);
    assert_eq!(app.publishes(&team, |_| {}).await["version"], 2);
}

#[tokio::test]
async fn two_publications_at_once_make_one_version() {
    let app = App::start().await;
    let team = app.policy_team().await;
    let draft = app.as_draft().await;
    let drafted = team.legal.posts("/v1/staff/policy-versions", &draft).await.json();
    let answers = futures_util::future::join_all((0..8).map(|_| team.publishes(&team.admin, &drafted))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses[0], 201);
    assert!(statuses[1..].iter().all(|status| [404, 412].contains(status)), "{statuses:?}");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM policy_versions"), 2);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM notice_campaigns"), 1);
}

#[tokio::test]
async fn a_draft_obeys_the_rules() {
    let app = App::start().await;
    let team = app.policy_team().await;
    let refused = |edit: fn(&mut Value)| {
        let (app, team) = (&app, &team);
        async move {
            let mut draft = app.as_draft().await;
            edit(&mut draft);
            let answer = team.legal.posts("/v1/staff/policy-versions", &draft).await;
            assert_eq!(answer.problem(), (422, "validation_failed".to_owned()), "{}", answer.text);
            answer.first_error()
        }
    };
    let error = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(
        refused(|d| d["clauses"][0]["clause_id"] = json!("10.1")).await,
        error("/clauses/0/clause_id", "clause_without_rule")
    );
    assert_eq!(
        refused(|d| purpose(d, "service")["lawful_basis"] = json!("consent")).await,
        error("/purposes/0/lawful_basis", "not_of_this_purpose")
    );
    assert_eq!(
        refused(|d| purpose(d, "analytics")["retention"] = json!("for ever")).await,
        error("/purposes/7/retention", "invalid_period")
    );
    assert_eq!(
        refused(|d| drop(d["clauses"].as_array_mut().unwrap().remove(3))).await,
        error("/clauses", "clause_missing")
    );
    assert_eq!(
        refused(|d| purpose(d, "innovations")["recipients"] = json!(["advertiser"])).await,
        error("/purposes/10/recipients", "aggregates_only")
    );
    assert_eq!(
        refused(|d| {
            d["change_kind"] = json!("editorial");
            purpose(d, "analytics")["retention"] = json!("P30D");
        })
        .await,
        error("/change_kind", "not_editorial")
    );
    assert_eq!(refused(|d| d["purposes"] = json!([])).await, error("/purposes", "out_of_range"));
    assert_eq!(refused(|d| d["summary"] = json!("  ")).await, error("/summary", "not_one_line"));
    assert_eq!(
        refused(|d| d["storage_places"][0]["country"] = json!("XX")).await.0,
        "/storage_places/0/country"
    );
}

#[tokio::test]
async fn what_changed_is_told_to_machines_and_readers() {
    let app = App::start().await;
    let team = app.policy_team().await;
    app.publishes(&team, |draft| {
        draft["clauses"][12]["text"] = json!("We keep it for that thirty days.");
        purpose(draft, "analytics")["retention"] = json!("P30D");
        purpose(draft, "advertising")["recipients"] = json!([]);
    })
    .await;
    let changes = app.get("/v1/policy-versions/2/changes?since=1").await.json();
    assert_eq!(changes, app.get("/v1/policy-versions/2/changes").await.json());
    assert_eq!(changes["retention"], json!([{ "purpose": "analytics", "before": "P90D", "after": "P30D" }]));
    assert_eq!(
        changes["recipients"],
        json!({ "added": [], "removed": [{ "purpose": "advertising", "recipient": "advertiser" }] })
    );
    let purposes: Vec<&Value> =
        changes["purposes"].as_array().unwrap().iter().map(|c| &c["purpose"]).collect();
    assert_eq!(purposes, ["analytics", "advertising"]);
    assert_eq!(changes["clauses"][0]["change"], "changed");
    assert_eq!(app.get("/v1/policy-versions/2/changes?since=3").await.status, 404);
    assert_eq!(app.get("/v1/policy-versions/2/changes?since=0").await.status, 400);

    let page = app.get("/policy?version=2&since=1").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(
        page.text.contains("What changed since version 1") && page.text.contains("<del>"),
        "{}",
        page.text
    );
    assert!(page.text.contains("<strong>In force</strong>"));
    assert!(app.get("/policy?version=1").await.text.contains("No longer in force."));
    assert_eq!(app.get("/policy?version=1&since=").await.status, 200, "the form names nothing");
    assert_eq!(app.get("/policy?version=9").await.status, 404);
    assert_eq!(app.get("/policy.css").await.header("content-type"), "text/css; charset=utf-8");
    for outside in ["http://", "https://", "<script", "style="] {
        assert!(!page.text.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn the_hash_can_be_made_again_from_what_is_published() {
    let app = App::start().await;
    let policy = app.get("/v1/policy-versions/1").await.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| {
        value.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(",")
    };
    let hash_of = |lines: Vec<String>| hex(&Sha256::digest(lines.join("\n") + "\n"));
    let mut lines = Vec::new();
    for clause in policy["clauses"].as_array().unwrap() {
        lines.extend(["clause_id", "title", "text"].map(|name| text(&clause[name])));
    }
    for definition in policy["purposes"].as_array().unwrap() {
        let days = &definition["consent_days"];
        let own = vec![
            "purpose-definition-1".to_owned(),
            text(&definition["purpose"]),
            text(&definition["clause"]),
            text(&definition["lawful_basis"]),
            definition["required"].to_string(),
            text(&definition["text"]),
            list(&definition["data_classes"]),
            list(&definition["recipients"]),
            list(&definition["countries"]),
            text(&definition["retention"]),
            if days.is_null() { String::new() } else { days.to_string() },
        ];
        assert_eq!(definition["definition_hash"], hash_of(own), "{definition}");
        lines.push(text(&definition["definition_hash"]));
    }
    for place in policy["storage_places"].as_array().unwrap() {
        lines.push(list(&place["data_classes"]));
        lines.extend(["country", "holder", "standards", "access"].map(|name| text(&place[name])));
    }
    assert_eq!(policy["content_hash"], hash_of(lines));
}

#[tokio::test]
async fn every_clause_says_how_it_is_kept() {
    let app = App::start().await;
    let rules = app.get("/v1/policy-versions/1/clauses").await.json();
    let rules = rules["clauses"].as_array().unwrap();
    assert_eq!(rules.len(), CLAUSES.len());
    for rule in rules {
        let enforced = rule["everywhere"] == true || rule["operations"] != json!([]);
        assert!(enforced || rule["reason"].is_string(), "{rule}");
        assert!(!rule["rule"].as_str().unwrap().is_empty(), "{rule}");
    }
}

#[tokio::test]
async fn records_of_processing_name_every_stored_value() {
    let app = App::start().await;
    let team = app.policy_team().await;
    let records = team.legal.gets("/v1/staff/processing-records").await.json();
    let stored = records["stored_values"].as_array().unwrap();
    assert!(stored.iter().any(|value| value["place"] == "profiles.email" && value["protection"] == "sealed"));
    assert_eq!(records["activities"].as_array().unwrap().len(), 16);
    assert_eq!(records["controller"], "Smart-mining");
}
