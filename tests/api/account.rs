//! The person's own account (contract: accounts; clauses 3.8, 3.9).

use futures_util::future::join_all;
use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::App;

#[tokio::test]
async fn a_profile_changes_and_keeps_what_it_was() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    assert_eq!(ada.gets("/v1/account").await.header("etag"), "\"v1\"");

    let updated = ada
        .changes_profile(
            json!({ "real_name": "Ada King", "display_name": "ada", "time_zone": "Pacific/Auckland" }),
        )
        .await;
    assert_eq!((updated.status, updated.header("etag")), (200, "\"v2\""));
    let cleared = ada.changes_profile(json!({ "display_name": null })).await;
    assert_eq!(cleared.json()["display_name"], json!(null));

    let changes = ada.gets("/v1/account/changes").await;
    assert_json_snapshot!(changes.json(), @r#"
    {
      "data": [
        {
          "sequence": 12,
          "field": "display_name",
          "old_value": "ada",
          "changed_at": "2026-03-01T09:30:00.000000Z"
        },
        {
          "sequence": 11,
          "field": "time_zone",
          "old_value": null,
          "changed_at": "2026-03-01T09:30:00.000000Z"
        },
        {
          "sequence": 10,
          "field": "display_name",
          "old_value": null,
          "changed_at": "2026-03-01T09:30:00.000000Z"
        },
        {
          "sequence": 9,
          "field": "real_name",
          "old_value": "Ada Lovelace",
          "changed_at": "2026-03-01T09:30:00.000000Z"
        }
      ],
      "next_cursor": null
    }
    "#);
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_no_trace() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let leaves = app.database.number("SELECT count(*) AS n FROM log_leaves");

    for body in [json!({}), json!({ "real_name": "Ada Lovelace" }), json!({ "display_name": null })] {
        let answer = ada.changes_profile(body).await;
        assert_eq!((answer.status, answer.header("etag")), (200, "\"v1\""));
    }

    assert_eq!(app.database.number("SELECT count(*) AS n FROM log_leaves"), leaves);
}

#[tokio::test]
async fn every_change_has_its_leaf() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let leaves = app.database.number("SELECT count(*) AS n FROM log_leaves");

    ada.changes_profile(json!({ "real_name": "Ada King", "language": "de" })).await;

    assert_eq!(
        app.database.number("SELECT count(*) AS n FROM log_leaves"),
        leaves + 3,
        "and who is told of it"
    );
    let attested = "SELECT count(*) AS n FROM account_changes c JOIN log_details d \
                    ON d.leaf_id = c.leaf_id AND d.account_id = c.account_id";
    assert_eq!(app.database.number(attested), 2);
}

#[tokio::test]
async fn if_match_lets_exactly_one_of_many_through() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;

    let answers =
        join_all(
            (0..16).map(|n| {
                let (ada, body) = (ada.clone(), json!({ "display_name": format!("ada{n}") }));
                async move {
                    ada.sends(Method::PATCH, "/v1/account", &[("if-match", "\"v1\"")], Some(&body)).await
                }
            }),
        )
        .await;

    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM account_changes"), 1);
}

#[tokio::test]
async fn changes_in_parallel_are_all_kept_in_one_order() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;

    let answers = join_all((0..24).map(|n| {
        let ada = ada.clone();
        async move { ada.changes_profile(json!({ "display_name": format!("ada{n}") })).await.status }
    }))
    .await;

    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM account_changes"), 24);
    assert_eq!(app.database.number("SELECT version AS n FROM profiles"), 25);
    let (first, last) = (
        app.database.number("SELECT min(sequence) AS n FROM account_changes"),
        app.database.number("SELECT max(sequence) AS n FROM account_changes"),
    );
    assert_eq!((first, last), (9, 32));
}

#[tokio::test]
async fn history_comes_in_pages_that_only_their_owner_can_turn() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let eve = app.person("eve@example.org").await;
    for n in 0..5 {
        ada.changes_profile(json!({ "display_name": format!("ada{n}") })).await;
    }

    let mut seen = Vec::new();
    let mut path = "/v1/account/changes?limit=2".to_owned();
    loop {
        let page = ada.gets(&path).await.json();
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|change| change["sequence"].as_i64().unwrap()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/account/changes?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, [13, 12, 11, 10, 9]);

    let cursor =
        ada.gets("/v1/account/changes?limit=2").await.json()["next_cursor"].as_str().unwrap().to_owned();
    let stolen = eve.gets(&format!("/v1/account/changes?cursor={cursor}")).await;
    assert_eq!(stolen.problem(), (400, "invalid_cursor".to_owned()));
    let misplaced = ada.gets(&format!("/v1/sessions?cursor={cursor}")).await;
    assert_eq!(misplaced.problem(), (400, "invalid_cursor".to_owned()));
    let mut forged = cursor.into_bytes();
    forged[40] = if forged[40] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    assert_eq!(ada.gets(&format!("/v1/account/changes?cursor={forged}")).await.status, 400);

    for query in ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "page=2", "limit"] {
        let answer = ada.gets(&format!("/v1/account/changes?{query}")).await;
        assert_eq!(answer.problem(), (400, "malformed_request".to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_confirmation_is_answered_with_the_same_bytes_again() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let key = [("idempotency-key", "3c59dc04-8e88-4024-8be8-079a5c74d079")];
    let path = "/v1/account/data-confirmations";

    let first = ada.sends(Method::POST, path, &key, None).await;
    app.advance(chrono::TimeDelta::minutes(1));
    let again = ada.sends(Method::POST, path, &key, None).await;

    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("location"), "/v1/account");
    assert_eq!(ada.gets("/v1/account").await.json()["confirmed_at"], "2026-03-01T09:30:00.000000Z");
    assert_eq!(app.database.number("SELECT count(*) AS n FROM data_confirmations"), 1);

    let eve = app.person("eve@example.org").await;
    let hers = eve.sends(Method::POST, path, &key, None).await;
    assert_eq!(hers.status, 201);
    assert_ne!(hers.text, first.text);
}

#[tokio::test]
async fn fields_that_must_not_change_here_are_unknown_here() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    for field in ["email", "phone", "state", "account_id", "confirmed_at", "version"] {
        let answer = ada.changes_profile(json!({ field: "x" })).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.first_error(), (format!("/{field}"), "unknown_field".to_owned()));
    }
    for field in ["real_name", "language"] {
        let answer = ada.changes_profile(json!({ field: null })).await;
        assert_eq!(answer.first_error(), (format!("/{field}"), "wrong_type".to_owned()));
    }
    let answer = ada.changes_profile(json!({ "time_zone": "Mars/Olympus" })).await;
    assert_eq!(answer.first_error(), ("/time_zone".to_owned(), "invalid_time_zone".to_owned()));
}
