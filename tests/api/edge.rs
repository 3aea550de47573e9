//! The HTTP edge (contract: conventions; security.md A, C, E.12).

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use actix_web::{
    App as WebApp, HttpResponse, HttpServer,
    middleware::from_fn,
    web::{self, Data},
};
use insta::assert_json_snapshot;
use reqwest::Method;
use serde_json::json;
use smart_mining::{
    config::Config,
    handlers::{Edge, guard},
};

use crate::support::{Answer, App, registration_body};

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let app = App::start().await;

    let unknown = app.get("/v1/nowhere").await;
    assert_eq!(unknown.problem(), (404, "not_found".to_owned()));
    assert_json_snapshot!(unknown.json(), { ".instance" => "[request]" }, @r#"
    {
      "type": "urn:smart-mining:problem:not_found",
      "title": "Not found",
      "status": 404,
      "detail": "Not found",
      "instance": "[request]",
      "code": "not_found",
      "clause": null,
      "errors": []
    }
    "#);
    assert_eq!(unknown.json()["instance"], unknown.header("x-request-id"));

    for (method, path, allow) in [
        (Method::PUT, "/v1/account", "GET, PATCH"),
        (Method::GET, "/v1/accounts", "POST"),
        (Method::DELETE, "/v1/sessions", "POST, GET"),
        (Method::GET, "/v1/sessions/current", "DELETE"),
        // Ids of sessions stand in the same place, where `DELETE` ends one.
        (Method::DELETE, "/v1/sessions/refresh", "POST"),
        (Method::TRACE, "/v1/account", "GET, PATCH"),
        (Method::HEAD, "/v1/account", ""),
    ] {
        let answer = app.send(method.clone(), path, &[], None).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        if method != Method::HEAD {
            assert_eq!(answer.problem().1, "method_not_allowed");
            assert_eq!(answer.header("allow"), allow, "{path}");
        }
    }
}

#[tokio::test]
async fn every_answer_is_dressed() {
    let app = App::start().await;
    for answer in [
        app.get("/v1/policy-versions/current").await,
        app.get("/v1/account").await,
        app.get("/v1/nowhere").await,
        app.get("/health/live").await,
        app.get("/docs/").await,
        app.post_raw("/v1/accounts", "text/plain", "x").await,
    ] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(answer.header("x-request-id").starts_with("req_"));
        assert!(!answer.header("cache-control").is_empty());
        assert_eq!(answer.header("server"), "");
    }
    let personal = app.person("ada@example.org").await.gets("/v1/account").await;
    assert_eq!(personal.header("cache-control"), "no-store");
    assert!(personal.header("ratelimit").starts_with("\"ordinary\";r="));
    assert_eq!(personal.header("strict-transport-security"), "", "only with https");
}

#[tokio::test]
async fn bodies_are_json_objects_of_the_right_type_and_size() {
    let app = App::start().await;
    let json_type = "application/json";
    for (content_type, body, status, code) in [
        ("text/plain", "{}", 415, "unsupported_media_type"),
        ("application/json; charset=utf-16", "{}", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", "email=a", 415, "unsupported_media_type"),
        (json_type, "", 400, "malformed_json"),
        (json_type, "[]", 400, "malformed_json"),
        (json_type, "\"text\"", 400, "malformed_json"),
        (json_type, "[\"ada@example.org\",\"hunter2secret\"]", 400, "malformed_json"),
        (json_type, "{\"email\":1e999,\"password\":\"x\"}", 400, "malformed_json"),
        (json_type, "{\"email\":\"\\ud800\",\"password\":\"x\"}", 400, "malformed_json"),
        (json_type, "\u{feff}{}", 400, "malformed_json"),
        (json_type, "{\"email\":\"a@b.example\",\"email\":\"c@d.example\"}", 400, "malformed_json"),
        (json_type, "{\"email\":{\"$ne\":\"hunter2secret\"},\"password\":\"x\"}", 422, "validation_failed"),
    ] {
        let answer = app.post_raw("/v1/sessions", content_type, body).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{content_type} {body}");
        assert!(!answer.text.contains("hunter2secret"));
    }
    let charset = app.post_raw("/v1/sessions", "application/json; charset=\"UTF-8\"", "{}").await;
    assert_eq!(charset.problem(), (422, "validation_failed".to_owned()));

    let stream = |size: usize| {
        let chunks = (0..size / 1_024).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_024]));
        reqwest::Body::wrap_stream(futures_util::stream::iter(chunks))
    };
    let chunked = app.post_raw("/v1/sessions", json_type, stream(64 * 1_024)).await;
    assert_eq!(chunked.problem(), (413, "body_too_large".to_owned()));

    let packed = app
        .client
        .post(format!("{}/v1/sessions", app.url))
        .header("content-type", json_type)
        .header("content-encoding", "gzip")
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(Answer::of(&Method::POST, packed).await.status, 415);
}

#[tokio::test]
async fn queries_and_headers_mean_one_thing() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    assert_eq!(ada.gets("/v1/account?verbose=1").await.problem(), (400, "malformed_request".to_owned()));

    for (name, value) in [("if-match", "v1"), ("if-match", "\"a\", \"b\"")] {
        let answer = ada.sends(Method::PATCH, "/v1/account", &[(name, value)], Some(&json!({}))).await;
        assert_eq!(answer.problem(), (400, "malformed_request".to_owned()), "{name}: {value}");
    }
    let foreign =
        ada.sends(Method::PATCH, "/v1/account", &[("if-match", "\"other\"")], Some(&json!({}))).await;
    assert_eq!(foreign.problem(), (412, "stale_version".to_owned()));
    let any = ada.sends(Method::PATCH, "/v1/account", &[("if-match", "*")], Some(&json!({}))).await;
    assert_eq!(any.status, 200);

    for key in ["short", "has a space in it somewhere", &"x".repeat(129)] {
        let path = "/v1/account/data-confirmations";
        let answer = ada.sends(Method::POST, path, &[("idempotency-key", key)], None).await;
        assert_eq!(answer.problem(), (400, "malformed_request".to_owned()), "{key}");
    }
}

#[tokio::test]
async fn only_known_hosts_are_answered() {
    let app = App::start_with(&[("ALLOWED_HOSTS", "127.0.0.1, api.example.org")]).await;
    let path = "/v1/policy-versions/current";
    for host in ["api.example.org", "API.example.org:443"] {
        assert_eq!(app.send(Method::GET, path, &[("host", host)], None).await.status, 200, "{host}");
    }
    for host in ["evil.example", "api.example.org.evil.example", "localhost"] {
        let answer = app.send(Method::GET, path, &[("host", host)], None).await;
        assert_eq!(answer.problem(), (421, "host_not_allowed".to_owned()), "{host}");
        assert!(!answer.text.contains("evil"));
    }
}

#[tokio::test]
async fn only_known_origins_may_script() {
    let app = App::start_with(&[("CORS_ORIGINS", "https://app.example.org")]).await;
    let preflight = |origin: &'static str| {
        let headers = [("origin", origin), ("access-control-request-method", "PATCH")];
        let app = &app;
        async move { app.send(Method::OPTIONS, "/v1/account", &headers, None).await }
    };

    let known = preflight("https://app.example.org").await;
    assert_eq!(known.header("access-control-allow-origin"), "https://app.example.org");
    assert!(known.header("access-control-allow-methods").contains("PATCH"));
    for origin in ["https://evil.example", "null", "https://app.example.org.evil.example"] {
        assert_eq!(preflight(origin).await.header("access-control-allow-origin"), "", "{origin}");
    }
    // A script reads what it is refused for, and when to come back.
    let origin = ("origin", "https://app.example.org");
    for (method, path, headers, status) in [
        (Method::GET, "/v1/account", vec![origin], 401),
        (Method::PUT, "/v1/account", vec![origin], 405),
        (Method::GET, "/v1/nowhere", vec![origin], 404),
        (Method::POST, "/v1/sessions", vec![origin, ("content-type", "application/json")], 400),
        (Method::GET, "/v1/policy-versions/current", vec![origin, ("host", "evil.example")], 421),
    ] {
        let refused = app.send(method, path, &headers, None).await;
        assert_eq!(refused.problem().0, status, "{path}");
        assert_eq!(refused.header("access-control-allow-origin"), origin.1, "{path}");
        assert!(refused.header("access-control-expose-headers").contains("retry-after"), "{path}");
    }
}

#[tokio::test]
async fn callers_are_limited_by_address_and_told_so() {
    let app = App::start_with(&[("RATE_ORDINARY", "20"), ("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let from = |address: &'static str| {
        let app = &app;
        async move {
            let headers = [("x-forwarded-for", address)];
            app.send(Method::GET, "/v1/policy-versions/current", &headers, None).await
        }
    };

    assert_eq!(from("192.0.2.1").await.header("ratelimit-policy"), "\"ordinary\";q=20;w=60");
    assert_eq!(from("192.0.2.1").await.header("ratelimit"), "\"ordinary\";r=0;t=0");
    let refused = from("192.0.2.1").await;
    assert_eq!(refused.problem(), (429, "too_many_requests".to_owned()));
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);

    assert_eq!(from("192.0.2.2").await.status, 200, "another address");
    assert_eq!(
        from("6.6.6.6, 192.0.2.1").await.status,
        429,
        "what a client puts in front counts for nothing"
    );
    assert_eq!(from("2001:db8:1:2::1").await.status, 200);
    assert_eq!(from("2001:db8:1:2:ffff::2").await.status, 200);
    assert_eq!(from("2001:db8:1:2:abcd::3").await.status, 429, "one /64 is one caller");
    assert_eq!(from("2001:db8:1:3::1").await.status, 200);
}

#[tokio::test]
async fn a_forwarded_address_is_believed_of_trusted_proxies_alone() {
    let app = App::start_with(&[("RATE_ORDINARY", "10")]).await;
    let from = |address: &'static str| {
        let app = &app;
        async move {
            let headers = [("x-forwarded-for", address), ("forwarded", "for=7.7.7.7")];
            app.send(Method::GET, "/v1/policy-versions/current", &headers, None).await.status
        }
    };
    assert_eq!((from("192.0.2.1").await, from("192.0.2.2").await), (200, 429));
}

#[tokio::test]
async fn an_encoded_path_takes_from_the_same_allowance() {
    let app = App::start_with(&[("RATE_COSTLY", "10")]).await;
    let url = format!("{}/v1/%73essions", app.url);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let answer = app.client.post(&url).json(&json!({})).send().await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [422, 429, 429]);
}

#[tokio::test]
async fn a_trickling_body_is_cut_off() {
    let app = App::start_with(&[("BODY_SECONDS", "1")]).await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
        let head = format!(
            "POST /v1/sessions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        for _ in 0..8 {
            let _ = stream.write_all(b" ");
            std::thread::sleep(Duration::from_millis(250));
        }
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"request_timeout\""), "{answer}");
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let config = Config::from_vars([]).unwrap();
    let edge = Data::new(Edge::new(config.http));
    let server = HttpServer::new(move || {
        WebApp::new()
            .app_data(edge.clone())
            .route("/calm", web::get().to(HttpResponse::Ok))
            .route("/panic", web::get().to(panics))
            .wrap(from_fn(guard))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let url = format!("http://{}", server.addrs()[0]);
    tokio::spawn(server.run());

    let client = reqwest::Client::new();
    for _ in 0..3 {
        let answer = Answer::of(&Method::GET, client.get(format!("{url}/panic")).send().await.unwrap()).await;
        assert_eq!(answer.problem(), (500, "internal".to_owned()));
        assert!(!answer.text.contains("hunter2secret"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(client.get(format!("{url}/calm")).send().await.unwrap().status(), 200);
}

async fn panics() -> HttpResponse {
    panic!("hunter2secret")
}

#[tokio::test]
async fn problems_speak_the_callers_language_and_codes_do_not() {
    let app = App::start().await;
    let answer = app.send(Method::GET, "/v1/account", &[("accept-language", "de-AT, en;q=0.4")], None).await;
    assert_eq!(answer.json()["title"], "Anmeldung erforderlich");
    assert_eq!(answer.header("content-language"), "de");
    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn health_is_open_and_metrics_are_the_operators() {
    let app = App::start().await;
    assert_eq!(app.get("/health/live").await.status, 200);
    assert_eq!(app.get("/health/ready").await.status, 200);
    assert_eq!(app.get("/metrics").await.status, 404);
    let ada = app.person("ada@example.org").await;
    ada.gets("/v1/account").await;

    let metrics = reqwest::get(format!("{}/metrics", app.operator_url)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("http_requests_total{operation=\"get_account\",status=\"2xx\"}"), "{metrics}");
    for personal in ["ada@example.org", "Lovelace", &ada.account_id] {
        assert!(!metrics.contains(personal));
    }
}

#[tokio::test]
async fn the_reference_comes_whole_from_the_binary_and_shows_every_operation_and_schema() {
    let app = App::start().await;
    let overview = app.get("/docs/").await;
    assert_eq!(overview.status, 200);
    assert!(!overview.text.contains("<script") && !overview.text.contains("src="), "{}", overview.text);
    for operation in smart_mining::domain::operation::OPERATIONS {
        let place = format!("#{}\"", operation.id);
        let link = overview.text.split("href=\"").find(|link| link.contains(&place));
        let page = link.unwrap_or_else(|| panic!("{} is shown", operation.id)).split('#').next().unwrap();
        assert!(app.get(page).await.text.contains(&format!("id=\"{}\"", operation.id)), "{}", operation.id);
    }
    let schemas = app.get("/docs/schemas").await;
    assert!(schemas.text.contains("id=\"RegisterAccount\"") && schemas.text.contains("id=\"Problem\""));
    assert_eq!(app.get("/docs/nothing").await.status, 404);
    let contract = app.get("/openapi.yaml").await;
    assert_eq!(contract.text, std::fs::read_to_string("openapi.yaml").unwrap());
}

#[tokio::test]
async fn nothing_personal_reaches_an_answer_that_refuses() {
    let app = App::start().await;
    let mut body = registration_body(&app, "canary-7731@example.org").await;
    body["real_name"] = json!("Canary Sevenseven");
    body["password"] = json!("hunt3r!");
    let answer = app.post("/v1/accounts", &body).await;
    assert_eq!(answer.status, 422);
    for canary in ["canary-7731", "Canary", "hunt3r"] {
        assert!(!answer.text.contains(canary), "{}", answer.text);
    }
}

/// Sends a head that announces a chunked body, sends nothing of it, and reads until the other side closes.
fn falls_silent(address: &str, method: &str, path: &str, headers: &str) -> (String, bool) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}transfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let closed = stream.read_to_end(&mut answer).is_ok();
    (String::from_utf8_lossy(&answer).into_owned(), closed)
}

#[tokio::test]
async fn a_silent_sender_keeps_no_connection() {
    let app = App::start_with(&[("BODY_SECONDS", "1")]).await;
    let address = app.url.trim_start_matches("http://").to_owned();
    let json = "content-type: application/json\r\n";
    for (method, path, headers, status) in [
        ("POST", "/nope", "", "404"),
        ("GET", "/v1/policy-versions/current", "", "200"),
        ("PATCH", "/v1/account", json, "401"),
        ("POST", "/v1/sessions", "", "415"),
        ("POST", "/v1/sessions", json, "408"),
        ("POST", "/v1/sessions", "content-type: application/json\r\nhost: evil.example\r\n", "400"),
    ] {
        let to = address.clone();
        let (answer, closed) =
            tokio::task::spawn_blocking(move || falls_silent(&to, method, path, headers)).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path}: {answer}");
        assert!(closed, "{method} {path}: the connection stays open");
    }
}

#[tokio::test]
async fn an_operation_without_a_body_takes_none() {
    let app = App::start().await;
    let ada = app.person("ada@example.org").await;
    let body = json!({ "other": 1 });
    let answer = ada.sends(Method::POST, "/v1/account/data-confirmations", &[], Some(&body)).await;
    assert_eq!(answer.problem(), (400, "malformed_request".to_owned()));
    assert_eq!(ada.sends(Method::POST, "/v1/account/data-confirmations", &[], None).await.status, 201);
}

#[tokio::test]
async fn what_a_library_refuses_is_a_problem_too() {
    let app = App::start().await;
    assert_eq!(app.get("/docs/nothing.js").await.problem(), (404, "not_found".to_owned()));
    for path in ["/health/live", "/openapi.yaml", "/"] {
        let answer = app.send(Method::POST, path, &[], None).await;
        assert_eq!((answer.problem().0, answer.header("allow")), (405, "GET"), "{path}");
    }
    for path in ["/v1/policy-versions/+1", "/v1/policy-versions/01"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn hops_are_read_whatever_stands_left_of_them() {
    let app = App::start_with(&[("RATE_ORDINARY", "10"), ("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let from = |hops: &'static [u8]| {
        let request = app
            .client
            .get(format!("{}/v1/policy-versions/current", app.url))
            .header("x-forwarded-for", reqwest::header::HeaderValue::from_bytes(hops).unwrap());
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(from(b"\xff, 192.0.2.7").await, 200);
    assert_eq!(from(b"192.0.2.7:5050").await, 429, "the same caller, with a port");
    assert_eq!(from(b"[2001:db8::1]:99").await, 200);
}
