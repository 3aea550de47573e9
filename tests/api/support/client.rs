//! People who use the service, and the answers that they get.

use std::{ops::Deref, sync::Arc};

use reqwest::{Method, Response, header::HeaderMap};
use serde_json::{Value, json};

use super::{PASSWORD, app::Inner};

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The answer to a request of this method.
    pub async fn of(method: &Method, response: Response) -> Self {
        super::note(method.as_str(), response.url().path(), response.status().as_u16());
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.expect("a whole answer") }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON, not {:?}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("a readable header"))
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        (self.status, self.json()["code"].as_str().expect("a code").to_owned())
    }

    /// Pointer and code of the problem's first value.
    pub fn first_error(&self) -> (String, String) {
        let problem = self.json();
        let text = |name: &str| problem["errors"][0][name].as_str().unwrap_or_default().to_owned();
        (text("pointer"), text("code"))
    }
}

/// Somebody who waits for a code.
pub struct Registrant {
    app: Arc<Inner>,
    pub registration_id: String,
    pub cookie: String,
}

impl Registrant {
    pub fn new(app: Arc<Inner>, answer: &Answer) -> Self {
        let registration_id = answer.json()["registration_id"].as_str().expect("an id").to_owned();
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        Self { app, registration_id, cookie }
    }

    pub async fn try_code(&self, code: &str) -> Answer {
        let body = json!({ "registration_id": self.registration_id, "code": code });
        self.app
            .send(Method::POST, "/v1/accounts/verification", &[("cookie", &self.cookie)], Some(&body))
            .await
    }

    pub async fn verify(&self, code: &str) -> Person {
        let answer = self.try_code(code).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        Person::new(Arc::clone(&self.app), &answer.json()["session"], self.cookie.clone())
    }
}

/// Somebody signed in.
#[derive(Clone)]
pub struct Person {
    app: Arc<Inner>,
    pub account_id: String,
    pub session_id: String,
    pub access_token: String,
    pub refresh_token: String,
    pub cookie: String,
}

impl Deref for Person {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.app
    }
}

impl Person {
    pub fn new(app: Arc<Inner>, session: &Value, cookie: String) -> Self {
        let text = |name: &str| session[name].as_str().expect("a session's field").to_owned();
        Self {
            app,
            account_id: text("account_id"),
            session_id: text("session_id"),
            access_token: text("access_token"),
            refresh_token: session["refresh_token"].as_str().unwrap_or_default().to_owned(),
            cookie,
        }
    }

    pub async fn sends(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.access_token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.app.send(method, path, &all, body).await
    }

    pub async fn gets(&self, path: &str) -> Answer {
        self.sends(Method::GET, path, &[], None).await
    }

    pub async fn changes_profile(&self, body: Value) -> Answer {
        self.sends(Method::PATCH, "/v1/account", &[], Some(&body)).await
    }

    /// Signs in once more, on the same device.
    pub async fn signs_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.app.send(Method::POST, "/v1/sessions", &[("cookie", &self.cookie)], Some(&body)).await
    }

    pub async fn refreshes(&self) -> Answer {
        let body = json!({ "refresh_token": self.refresh_token });
        self.app.post("/v1/sessions/refresh", &body).await
    }

    pub fn with(&self, session: &Value) -> Self {
        Self::new(Arc::clone(&self.app), session, self.cookie.clone())
    }
}

/// A registration that every rule accepts.
pub async fn registration_body(app: &Inner, email: &str) -> Value {
    let policy = app.get("/v1/policy-versions/current").await.json();
    json!({
        "email": email,
        "real_name": "Ada Lovelace",
        "password": PASSWORD,
        "policy_version": policy["version"],
        "policy_content_hash": policy["content_hash"],
        "phone": "+64211234567",
        "consents": [
            { "purpose": "analytics", "granted": false },
            { "purpose": "innovations", "granted": true },
        ],
    })
}
