//! Second factors as people use them: an app that makes codes, a phone, a challenge that is answered.

use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::{Answer, PASSWORD, Person, app::Inner};

/// An authenticator app that holds one secret.
#[derive(Clone)]
pub struct Authenticator(String);

impl Authenticator {
    /// Takes a proposed secret up.
    pub fn of(proposed: &Value) -> Self {
        Self(proposed["secret"].as_str().expect("a secret").to_owned())
    }

    /// The code of this moment, as the test's clock has it.
    pub fn code(&self, app: &Inner) -> String {
        self.code_at(app, 0)
    }

    /// The code of some steps later or earlier.
    pub fn code_at(&self, app: &Inner, steps: i64) -> String {
        let secret = Secret::try_from_base32(&self.0).expect("base 32");
        let totp = Builder::new().with_secret(secret).build().expect("a secret");
        let seconds = app.clock.now().as_seconds() + steps * 30;
        totp.generate(u64::try_from(seconds).expect("after 1970")).to_string()
    }
}

impl Person {
    /// Asks for a secret and confirms it.
    pub async fn enrols_totp(&self) -> Authenticator {
        let proposed = self.sends(Method::POST, "/v1/account/totp", &[], None).await;
        assert_eq!(proposed.status, 201, "{}", proposed.text);
        let app = Authenticator::of(&proposed.json());
        let confirmed = self.confirms_totp(&app.code(self)).await;
        assert_eq!(confirmed.status, 201, "{}", confirmed.text);
        app
    }

    pub async fn confirms_totp(&self, code: &str) -> Answer {
        self.sends(Method::POST, "/v1/account/totp/confirmation", &[], Some(&json!({ "code": code }))).await
    }

    /// Makes recovery codes.
    pub async fn makes_recovery_codes(&self) -> Vec<String> {
        let made = self.sends(Method::POST, "/v1/account/recovery-codes", &[], None).await;
        assert_eq!(made.status, 201, "{}", made.text);
        serde_json::from_value(made.json()["codes"].clone()).expect("codes")
    }

    /// Asks for a new phone; gives the path of its confirmation.
    pub async fn asks_for_phone(&self, number: &str) -> String {
        let asked = self
            .sends(Method::POST, "/v1/account/phone-changes", &[], Some(&json!({ "phone": number })))
            .await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        let id = asked.json()["phone_change_id"].as_str().expect("an id").to_owned();
        format!("/v1/account/phone-changes/{id}/confirmation")
    }

    pub async fn verifies_phone(&self, number: &str) {
        let path = self.asks_for_phone(number).await;
        let code = self.code_sent_to(number).await;
        let answer = self.sends(Method::POST, &path, &[], Some(&json!({ "code": code }))).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }

    /// Asks for a new email; gives the path of its confirmation.
    pub async fn asks_for_email(&self, email: &str) -> String {
        let asked = self
            .sends(Method::POST, "/v1/account/email-changes", &[], Some(&json!({ "email": email })))
            .await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        let id = asked.json()["email_change_id"].as_str().expect("an id").to_owned();
        format!("/v1/account/email-changes/{id}/confirmation")
    }

    /// Steps the session up by password and mail.
    pub async fn steps_up_by_mail(&self, email: &str) -> Answer {
        let seen = self.codes_mailed_to(email).len();
        let method = json!({ "method": "password_and_email" });
        let sent = self.sends(Method::POST, "/v1/sessions/step-up/code", &[], Some(&method)).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        let code = self.code_mailed_after(seen, email).await;
        let body = json!({ "method": "password_and_email", "code": code, "password": PASSWORD });
        self.sends(Method::POST, "/v1/sessions/step-up", &[], Some(&body)).await
    }

    pub async fn steps_up(&self, method: &str, code: &str) -> Answer {
        let body = json!({ "method": method, "code": code });
        self.sends(Method::POST, "/v1/sessions/step-up", &[], Some(&body)).await
    }
}

/// The challenge that a sign-in was answered with.
pub fn challenge_of(answer: &Answer) -> Value {
    let body = answer.json();
    assert_eq!((answer.status, &body["result"]), (201, &json!("challenge")), "{}", answer.text);
    body
}

impl Inner {
    /// Answers a challenge, from a device that shows this cookie.
    pub async fn answers(&self, challenge: &Value, method: &str, code: &str, cookie: &str) -> Answer {
        let path =
            format!("/v1/sign-in-challenges/{}/answer", challenge["challenge_id"].as_str().expect("an id"));
        let body = json!({ "challenge_token": challenge["challenge_token"], "method": method, "code": code });
        self.send(Method::POST, &path, &[("cookie", cookie)], Some(&body)).await
    }
}
