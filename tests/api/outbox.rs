//! Messages on their way out: sealed, once, with retries, and gone when sent.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use crate::support::{App, eventually, http_sink, is_postgres, smtp_sink};

#[tokio::test]
async fn mail_goes_by_smtp_is_tried_again_and_keeps_its_id() {
    let (port, caught) = smtp_sink().await;
    caught.refuses.store(true, Ordering::SeqCst);
    let url = format!("smtp://127.0.0.1:{port}");
    let app = App::start_with(&[("MAIL", "smtp"), ("SMTP_URL", &url)]).await;
    app.register("ada@example.org").await;
    let state = |app: &App, state: &str| {
        app.database
            .number(&format!("SELECT count(*) AS n FROM outbox WHERE state = '{state}' AND attempts = 1"))
    };
    eventually("the first attempt", || async { (state(&app, "queued") == 1).then_some(()) }).await;
    let id = app.database.texts(&format!("SELECT {} AS t FROM outbox", hex("message_id")))[0].clone();

    caught.refuses.store(false, Ordering::SeqCst);
    app.advance(TimeDelta::minutes(1));
    let mail = eventually("the mail", || async { caught.all().first().cloned() }).await;

    assert!(
        mail.contains(&format!("Message-ID: <msg_{}@smart-mining.example>", id.to_lowercase())),
        "{mail}"
    );
    assert!(mail.contains("To: ada@example.org") && mail.contains("Your code is "), "{mail}");
    let sent = || async {
        let gone =
            "SELECT count(*) AS n FROM outbox WHERE state = 'sent' AND recipient IS NULL AND content IS NULL";
        (app.database.number(gone) == 1).then_some(())
    };
    eventually("the end of its words", sent).await;
    assert_eq!(caught.all().len(), 1);
}

fn hex(column: &str) -> String {
    if is_postgres() { format!("replace({column}::text, '-', '')") } else { format!("hex({column})") }
}

#[tokio::test]
async fn mail_goes_by_a_gateway_with_its_id_as_idempotency_key() {
    let (port, caught) = http_sink().await;
    let url = format!("http://127.0.0.1:{port}/messages");
    let app = App::start_with(&[
        ("MAIL", "gateway"),
        ("MAIL_GATEWAY_URL", &url),
        ("MAIL_GATEWAY_TOKEN", "a-token"),
    ])
    .await;
    app.register("ada@example.org").await;

    let request = eventually("the post", || async { caught.all().first().cloned() }).await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert!(head.starts_with("POST /messages"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("authorization: bearer a-token"), "{head}");
    assert!(head.contains(&format!("idempotency-key: {}", body["id"].as_str().unwrap())), "{head}");
    assert_eq!((&body["channel"], &body["to"]), (&"mail".into(), &"ada@example.org".into()));
    assert!(body["text"].as_str().unwrap().contains("Your code is "));
}

#[tokio::test]
async fn a_gateway_out_of_order_is_tried_again_with_growing_pauses_and_given_up() {
    let (port, caught) = http_sink().await;
    caught.refuses.store(true, Ordering::SeqCst);
    let url = format!("http://127.0.0.1:{port}");
    let app = App::start_with(&[
        ("MAIL", "gateway"),
        ("MAIL_GATEWAY_URL", &url),
        ("MAIL_GATEWAY_TOKEN", "a-token"),
    ])
    .await;
    app.register("ada@example.org").await;

    for attempt in 1..=10 {
        let tried = || async {
            let query =
                format!("SELECT count(*) AS n FROM outbox WHERE attempts = {attempt} AND state <> 'sending'");
            (app.database.number(&query) == 1).then_some(())
        };
        eventually(&format!("attempt {attempt}"), tried).await;
        app.advance(TimeDelta::hours(3));
    }

    let given_up = "SELECT failure AS t FROM outbox WHERE state = 'failed' AND content IS NULL";
    let reason = || async { app.database.texts(given_up).first().cloned() };
    assert_eq!(eventually("the end", reason).await, "gateway_unavailable");
    assert!(caught.all().is_empty());
}

#[tokio::test]
async fn a_message_whose_sender_died_comes_again() {
    let app = App::start().await;
    app.register("ada@example.org").await;
    app.code_mailed_to("ada@example.org").await;
    app.register("eve@example.org").await;
    let eves = app.code_mailed_to("eve@example.org").await;
    assert!(!eves.is_empty());

    // As a sender leaves it that was killed between claim and delivery: the words are still there.
    let app = {
        let (port, caught) = smtp_sink().await;
        caught.refuses.store(true, Ordering::SeqCst);
        let url = format!("smtp://127.0.0.1:{port}");
        app.restart_with(&[("MAIL", "smtp"), ("SMTP_URL", &url)]).await
    };
    app.register("zoe@example.org").await;
    let waits = || async {
        (app.database.number("SELECT count(*) AS n FROM outbox WHERE state = 'queued' AND attempts = 1") == 1)
            .then_some(())
    };
    eventually("zoe's mail to wait", waits).await;
    app.database.sql("UPDATE outbox SET state = 'sending' WHERE state = 'queued'");

    // Its time comes only once the refused way is gone, or the old sender might take it up again.
    let app = app.restart_with(&[("MAIL", "file")]).await;
    app.advance(TimeDelta::minutes(2));
    assert!(!app.code_mailed_to("zoe@example.org").await.is_empty());
    assert_eq!(app.mails_to("zoe@example.org").len(), 1);
}

#[tokio::test]
async fn a_sender_that_came_late_changes_nothing() {
    let (port, caught) = http_sink().await;
    caught.refuses.store(true, Ordering::SeqCst);
    let url = format!("http://127.0.0.1:{port}");
    let app = App::start_with(&[
        ("MAIL", "gateway"),
        ("MAIL_GATEWAY_URL", &url),
        ("MAIL_GATEWAY_TOKEN", "a-token"),
    ])
    .await;
    app.register("ada@example.org").await;
    let waits = || async {
        (app.database.number("SELECT count(*) AS n FROM outbox WHERE state = 'queued' AND attempts = 1") == 1)
            .then_some(())
    };
    eventually("the first attempt", waits).await;

    // As it stands when another sender delivered meanwhile, and this one puts its message back.
    app.database.sql("UPDATE outbox SET recipient = NULL, content = NULL");
    caught.refuses.store(false, Ordering::SeqCst);
    app.advance(TimeDelta::minutes(1));
    app.register("eve@example.org").await;

    let delivered =
        || async { caught.all().iter().any(|post| post.contains("eve@example.org")).then_some(()) };
    eventually("eve's mail, whatever became of ada's", delivered).await;
    let given_up = || async {
        app.database.texts("SELECT failure AS t FROM outbox WHERE state = 'failed'").first().cloned()
    };
    assert_eq!(eventually("the end of ada's", given_up).await, "unreadable");
}
