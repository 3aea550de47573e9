//! Sessions (contract: sessions; security.md T5 to T8).

use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{App, PASSWORD};

const EMAIL: &str = "ada@example.org";

#[tokio::test]
async fn email_and_password_open_a_session() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;

    let answer = ada.signs_in("Ada@Example.org ", PASSWORD).await;

    assert_eq!(answer.status, 201);
    let body = answer.json();
    assert_eq!(body["result"], "signed_in");
    let id = body["session"]["session_id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/v1/sessions/{id}"));
    assert_eq!(ada.with(&body["session"]).gets("/v1/account").await.status, 200);
    assert_eq!(app.database.number("SELECT count(*) AS n FROM account_devices"), 1);
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_one_answer() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let blank = |answer: crate::support::Answer| {
        let mut body = answer.json();
        body["instance"] = json!("");
        (answer.status, body)
    };

    let wrong = blank(ada.signs_in(EMAIL, "another long password").await);
    let unknown = blank(ada.signs_in("eve@example.org", "another long password").await);

    assert_eq!(wrong, unknown);
    assert_eq!((wrong.0, &wrong.1["code"]), (401, &json!("invalid_credentials")));
}

#[tokio::test]
async fn an_access_token_lives_ten_minutes() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;

    app.advance(TimeDelta::minutes(10) + TimeDelta::seconds(4));
    assert_eq!(ada.gets("/v1/account").await.status, 200, "within the tolerated difference of clocks");
    app.advance(TimeDelta::seconds(1));
    assert_eq!(ada.gets("/v1/account").await.problem(), (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_once() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;

    let renewed = ada.refreshes().await;
    assert_eq!(renewed.status, 201);
    let next = ada.with(&renewed.json());
    assert_eq!(next.session_id, ada.session_id);
    assert_eq!(next.gets("/v1/account").await.status, 200);

    assert_eq!(ada.refreshes().await.problem(), (401, "invalid_refresh_token".to_owned()));
    assert_eq!(
        next.gets("/v1/account").await.problem(),
        (401, "unauthenticated".to_owned()),
        "the family has ended"
    );
    assert_eq!(next.refreshes().await.status, 401);
    let reasons = app.database.texts("SELECT end_reason AS t FROM sessions WHERE end_reason IS NOT NULL");
    assert_eq!(reasons, ["refresh_reused"]);
}

#[tokio::test]
async fn one_of_many_parallel_exchanges_wins_and_the_family_ends() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;

    let answers = join_all((0..50).map(|_| ada.refreshes())).await;

    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(won.len(), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 401)), "{answers:?}");
    let next = ada.with(&won[0].json());
    assert_eq!(next.gets("/v1/account").await.status, 401);
    assert_eq!(next.refreshes().await.status, 401);
    println!("one refresh token, 50 exchanges at once: 1 won, 49 refused, the family has ended");
}

#[tokio::test]
async fn an_unused_refresh_token_lapses_after_two_weeks_and_a_session_after_thirty_days() {
    let app = App::start().await;
    let idle = app.person("idle@example.org").await;
    let mut busy = app.person("busy@example.org").await;

    app.advance(TimeDelta::days(13));
    busy = busy.with(&busy.refreshes().await.json());
    app.advance(TimeDelta::days(1));
    assert_eq!(idle.refreshes().await.status, 401);
    app.advance(TimeDelta::days(12));
    busy = busy.with(&busy.refreshes().await.json());
    app.advance(TimeDelta::days(4));
    assert_eq!(busy.refreshes().await.status, 401, "thirty days are over");
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let elsewhere = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);

    let ended = ada.sends(Method::DELETE, "/v1/sessions/current", &[], None).await;

    assert_eq!((ended.status, &ended.json()["session_id"]), (200, &json!(ada.session_id)));
    assert_eq!(ada.gets("/v1/account").await.status, 401);
    assert_eq!(ada.refreshes().await.status, 401);
    assert_eq!(elsewhere.gets("/v1/account").await.status, 200);
}

#[tokio::test]
async fn a_person_ends_own_sessions_and_nobody_elses() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let eve = app.person("eve@example.org").await;
    let elsewhere = ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]);
    let path = format!("/v1/sessions/{}", elsewhere.session_id);

    assert_eq!(eve.sends(Method::DELETE, &path, &[], None).await.problem(), (404, "not_found".to_owned()));
    assert_eq!(elsewhere.gets("/v1/account").await.status, 200);
    assert_eq!(ada.sends(Method::DELETE, &path, &[], None).await.status, 200);
    assert_eq!(elsewhere.gets("/v1/account").await.status, 401);
    assert_eq!(ada.sends(Method::DELETE, &path, &[], None).await.status, 404);
    for id in ["ses_x", "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "%00", "..%2fcurrent"] {
        let answer = ada.sends(Method::DELETE, &format!("/v1/sessions/{id}"), &[], None).await;
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{id}");
    }
}

#[tokio::test]
async fn sessions_are_listed_in_pages_newest_first() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let mut expected = vec![ada.session_id.clone()];
    for _ in 0..4 {
        app.advance(TimeDelta::seconds(1));
        let session = ada.signs_in(EMAIL, PASSWORD).await.json()["session"].clone();
        expected.insert(0, session["session_id"].as_str().unwrap().to_owned());
    }

    let mut seen = Vec::new();
    let mut path = "/v1/sessions?limit=2".to_owned();
    loop {
        let page = ada.gets(&path).await.json();
        for session in page["data"].as_array().unwrap() {
            seen.push(session["session_id"].as_str().unwrap().to_owned());
            assert_eq!(session["current"], json!(session["session_id"] == json!(ada.session_id)));
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/sessions?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn tokens_that_are_not_quite_ours_are_refused() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let parts: Vec<&str> = ada.access_token.split('.').collect();
    let recoded = |part: &str, from: &str, to: &str| {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert!(text.contains(from), "{text}");
        URL_SAFE_NO_PAD.encode(text.replace(from, to))
    };
    let header = |from, to| format!("{}.{}.{}", recoded(parts[0], from, to), parts[1], parts[2]);
    let claims = |from, to| format!("{}.{}.{}", parts[0], recoded(parts[1], from, to), parts[2]);
    let forged = [
        header("EdDSA", "none"),
        header("EdDSA", "HS256"),
        header("at+jwt;person", "at+jwt;staff"),
        header("person-1", "person-2"),
        header("\"kid\"", "\"crit\":[\"x\"],\"kid\""),
        claims("smart-mining:person", "smart-mining:staff"),
        claims("\"aal\":1", "\"aal\":3"),
        claims("\"aal\":1", "\"aal\":1,\"aal\":3"),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        ada.refresh_token.clone(),
        "x".repeat(5_000),
    ];
    for token in forged {
        let bearer = format!("Bearer {token}");
        let answer = app.send(Method::GET, "/v1/account", &[("authorization", &bearer)], None).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{token}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    for header in ["", "Bearer", "Basic YTpi", &format!("Token {}", ada.access_token)] {
        let answer = app.send(Method::GET, "/v1/account", &[("authorization", header)], None).await;
        assert_eq!(answer.status, 401, "{header}");
    }
    let bearer = format!("bearer {}", ada.access_token);
    assert_eq!(app.send(Method::GET, "/v1/account", &[("authorization", &bearer)], None).await.status, 200);
}

#[tokio::test]
async fn a_dearer_hash_takes_over_at_the_next_sign_in() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    drop(ada);
    let stored = |app: &App| {
        app.database.texts(
            "SELECT CAST(length(password) AS text) || ' ' || CAST(changed_at AS text) AS t FROM credentials",
        )
    };
    let hash = |app: &App| {
        let hex = if crate::support::is_postgres() { "encode(password, 'hex')" } else { "hex(password)" };
        app.database.texts(&format!("SELECT {hex} AS t FROM credentials"))
    };
    let (before, facts) = (hash(&app), stored(&app));

    let app = app.restart_with(&[("ARGON2_MEMORY_KIB", "128")]).await;
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD });
    assert_eq!(app.post("/v1/sessions", &sign_in).await.status, 201);

    let after = hash(&app);
    assert_ne!(before, after);
    assert_eq!(app.post("/v1/sessions", &sign_in).await.status, 201);
    assert_eq!(hash(&app), after, "once is enough");
    assert_eq!(
        stored(&app)[0].split(' ').nth(1),
        facts[0].split(' ').nth(1),
        "the password itself did not change"
    );
}

#[tokio::test]
async fn a_device_keeps_its_cookie_and_a_forged_one_is_replaced() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let cookie =
        |answer: &crate::support::Answer| answer.header("set-cookie").split(';').next().unwrap().to_owned();

    let same = cookie(&ada.signs_in(EMAIL, PASSWORD).await);
    assert_eq!(same, ada.cookie);

    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let forged = format!("{}AAAA", &ada.cookie[..ada.cookie.len() - 4]);
    let fresh = app.send(Method::POST, "/v1/sessions", &[("cookie", &forged)], Some(&body)).await;
    assert_ne!(cookie(&fresh), forged);
    assert_ne!(cookie(&fresh), ada.cookie);
    assert!(fresh.header("set-cookie").contains("HttpOnly; SameSite=Lax; Path=/"));
}

#[tokio::test]
async fn a_repeated_exchange_under_one_key_does_not_end_the_session() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let key = [("idempotency-key", "c4ca4238a0b923820dcc509a6f75849b")];
    let body = json!({ "refresh_token": ada.refresh_token });
    let exchange = || app.send(Method::POST, "/v1/sessions/refresh", &key, Some(&body));

    let renewed = exchange().await;
    assert_eq!(renewed.status, 201);
    assert_eq!(exchange().await.problem(), (409, "already_done".to_owned()));

    // Another process does not see the first one's memory, only its record.
    let renewed = ada.with(&renewed.json());
    let (access, next) = (renewed.access_token.clone(), renewed.refresh_token.clone());
    drop((ada, renewed));
    let app = app.restart().await;
    assert_eq!(app.send(Method::POST, "/v1/sessions/refresh", &key, Some(&body)).await.status, 409);
    let bearer = format!("Bearer {access}");
    assert_eq!(app.send(Method::GET, "/v1/account", &[("authorization", &bearer)], None).await.status, 200);
    assert_eq!(app.post("/v1/sessions/refresh", &json!({ "refresh_token": next })).await.status, 201);
}

#[tokio::test]
async fn who_calls_is_asked_before_what() {
    let app = App::start().await;
    let nobody = [("authorization", "Bearer nobody"), ("if-match", "malformed")];
    let answer = app.send(Method::PATCH, "/v1/account", &nobody, Some(&json!({ "role": "admin" }))).await;
    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
    for path in ["/v1/sessions?limit=x", "/v1/account/changes?cursor=x"] {
        assert_eq!(app.get(path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_is_told_and_ended_with_one_click() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let notices = || app.mails_to(EMAIL).iter().filter(|mail| mail.contains("New sign-in")).count();
    ada.signs_in(EMAIL, PASSWORD).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let headers = [("user-agent", "Mallory's browser")];
    let stranger = app.send(Method::POST, "/v1/sessions", &headers, Some(&body)).await;
    let mail = app.mail_saying(EMAIL, "signed in on a device that your account was not used on before").await;
    assert!(
        mail.contains("With: Mallory's browser") && mail.contains("When: 2026-03-01 09:30 UTC"),
        "{mail}"
    );
    assert_eq!(notices(), 1, "a device that is known is not told of");
    let session = ada.with(&stranger.json()["session"]);
    assert_eq!(session.gets("/v1/account").await.status, 200);
    // Once the device is known, a second sign-in on it is not told of.
    let known = stranger.header("set-cookie").split(';').next().unwrap().to_owned();
    let second = app.send(Method::POST, "/v1/sessions", &[("cookie", &known)], Some(&body)).await;
    let second = ada.with(&second.json()["session"]);

    let token = json!({ "token": crate::factors::token_in(&mail, "revoke-session") });
    let click = || app.post("/v1/session-revocations", &token);
    let ended = click().await;
    assert_eq!((ended.status, &ended.json()["session_id"]), (201, &json!(session.session_id)));
    assert_eq!(session.gets("/v1/account").await.status, 401);
    assert_eq!(session.refreshes().await.status, 401);
    assert_eq!(second.gets("/v1/account").await.status, 401, "every session on that device has ended");
    assert_eq!(click().await.problem(), (410, "link_expired".to_owned()));
    let back = app.send(Method::POST, "/v1/sessions", &[("cookie", &known)], Some(&body)).await;
    crate::support::eventually("another notice", || async { (notices() == 2).then_some(()) }).await;
    let back = ada.with(&back.json()["session"]);
    assert_eq!(click().await.problem(), (410, "link_expired".to_owned()), "it has done its work for good");
    assert_eq!(back.gets("/v1/account").await.status, 200);
    for forged in ["A".repeat(92), token["token"].as_str().unwrap().replace('B', "C")] {
        let answer = app.post("/v1/session-revocations", &json!({ "token": forged })).await;
        assert_eq!(answer.problem(), (410, "link_expired".to_owned()));
    }
    assert_eq!(ada.gets("/v1/account").await.status, 200);
}

#[tokio::test]
async fn a_person_ends_all_other_sessions() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(ada.with(&ada.signs_in(EMAIL, PASSWORD).await.json()["session"]));
    }
    let ended = ada.sends(Method::POST, "/v1/sessions/revoke-others", &[], None).await;
    assert_eq!((ended.status, &ended.json()["count"]), (201, &json!(3)));
    for other in &others {
        assert_eq!(other.gets("/v1/account").await.status, 401);
        assert_eq!(other.refreshes().await.status, 401);
    }
    assert_eq!(ada.gets("/v1/account").await.status, 200);
}

#[tokio::test]
async fn a_browser_keeps_its_refresh_token_in_a_cookie_that_other_sites_cannot_use() {
    let app = App::start_with(&[("CORS_ORIGINS", "https://app.smart-mining.example")]).await;
    let ada = app.person(EMAIL).await;
    let sign_in = json!({ "email": EMAIL, "password": PASSWORD, "refresh_delivery": "cookie" });
    let answer = app.post("/v1/sessions", &sign_in).await;
    assert_eq!(answer.json()["session"]["refresh_token"], json!(null));
    let cookie_of = |answer: &crate::support::Answer| {
        let all = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
        all.into_iter().find(|cookie| cookie.starts_with("refresh=")).expect("a refresh cookie")
    };
    let cookie = cookie_of(&answer);
    assert!(cookie.contains("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    let jar = cookie.split(';').next().unwrap().to_owned();
    let refresh = |origin: Option<&'static str>, jar: String| {
        let app = &app;
        async move {
            let mut headers = vec![("cookie", jar.as_str())];
            headers.extend(origin.map(|origin| ("origin", origin)));
            app.send(Method::POST, "/v1/sessions/refresh", &headers, Some(&json!({}))).await
        }
    };

    for origin in [None, Some("https://evil.example"), Some("null")] {
        let refused = refresh(origin, jar.clone()).await;
        assert_eq!(refused.problem(), (403, "origin_not_allowed".to_owned()), "{origin:?}");
    }
    let simple = app
        .client
        .post(format!("{}/v1/sessions/refresh", app.url))
        .header("cookie", &jar)
        .header("origin", "https://app.smart-mining.example")
        .header("content-type", "text/plain")
        .body("{}");
    assert_eq!(simple.send().await.unwrap().status(), 415, "no form of another site reaches it");
    let renewed = refresh(Some("https://app.smart-mining.example"), jar.clone()).await;
    assert_eq!((renewed.status, &renewed.json()["refresh_token"]), (201, &json!(null)));
    assert_eq!(renewed.header("access-control-allow-credentials"), "true");
    let next = cookie_of(&renewed);
    assert_ne!(next, cookie);
    let none = refresh(Some("https://app.smart-mining.example"), String::new()).await;
    assert_eq!(none.first_error(), ("/refresh_token".to_owned(), "missing_field".to_owned()));

    let session = ada.with(&renewed.json());
    let out = session.sends(Method::DELETE, "/v1/sessions/current", &[], None).await;
    assert!(cookie_of(&out).contains("Max-Age=0"), "{}", cookie_of(&out));
    let jar = next.split(';').next().unwrap().to_owned();
    assert_eq!(refresh(Some("https://app.smart-mining.example"), jar).await.status, 401);
}

#[tokio::test]
async fn sessions_tell_a_coarse_place_where_a_database_has_it() {
    let app =
        App::start_with(&[("TRUSTED_PROXIES", "127.0.0.0/8"), ("PLACES", "tests/fixtures/places.mmdb")])
            .await;
    let ada = app.person(EMAIL).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    for (address, place) in [
        ("203.0.113.7", json!("NZ, Auckland")),
        ("198.51.100.7", json!("DE")),
        ("192.0.2.1", json!(null)),
        ("2001:db8::7", json!("NZ, Wellington")),
    ] {
        app.advance(TimeDelta::seconds(1));
        let headers = [("x-forwarded-for", address), ("cookie", ada.cookie.as_str())];
        let session = app.send(Method::POST, "/v1/sessions", &headers, Some(&body)).await;
        let session = ada.with(&session.json()["session"]);
        assert_eq!(session.gets("/v1/sessions?limit=1").await.json()["data"][0]["place"], place, "{address}");
    }
}
