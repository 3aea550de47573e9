//! Staff as it works here: two first admins, members by invitation, roles by two.

use std::sync::Arc;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Authenticator, PASSWORD, Process, app::Inner};

/// A signed-in member of staff.
#[derive(Clone)]
pub struct Member {
    app: Arc<Inner>,
    pub email: String,
    pub staff_id: String,
    pub access_token: String,
    pub totp: Authenticator,
}

/// A member of staff while the service is down.
pub struct Away {
    email: String,
    staff_id: String,
    totp: Authenticator,
}

impl Away {
    pub(super) async fn comes_back(self, app: &Arc<Inner>) -> Member {
        let Self { email, staff_id, totp } = self;
        let mut member = Member { app: Arc::clone(app), email, staff_id, access_token: String::new(), totp };
        member.signs_in().await;
        member
    }
}

impl Member {
    /// Lets go of the service, which is about to restart.
    pub fn away(self) -> Away {
        Away { email: self.email, staff_id: self.staff_id, totp: self.totp }
    }

    /// Signs in anew, after a session has ended.
    pub async fn comes_again(self) -> Self {
        let app = Arc::clone(&self.app);
        self.away().comes_back(&app).await
    }

    /// Takes an invitation up and signs in.
    pub async fn joins(app: &Arc<Inner>, email: &str, token: &str) -> Self {
        let asked = json!({ "invitation_token": token, "real_name": "Grace Hopper", "password": PASSWORD });
        let proposed = app.post("/v1/staff/invitation-acceptances", &asked).await;
        assert_eq!(proposed.status, 201, "{}", proposed.text);
        let totp = Authenticator::of(&proposed.json());
        let confirm = json!({ "invitation_token": token, "code": totp.code(app) });
        let joined = app.post("/v1/staff/invitation-confirmations", &confirm).await;
        assert_eq!(joined.status, 201, "{}", joined.text);
        let staff_id = joined.json()["staff_id"].as_str().expect("an id").to_owned();
        let mut member = Self {
            app: Arc::clone(app),
            email: email.to_owned(),
            staff_id,
            access_token: String::new(),
            totp,
        };
        member.signs_in().await;
        member
    }

    /// Signs in anew, with the next code: each works once.
    pub async fn signs_in(&mut self) {
        let answer = self.tries_to_sign_in().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["access_token"].as_str().expect("a token").clone_into(&mut self.access_token);
    }

    pub async fn tries_to_sign_in(&self) -> Answer {
        // The machine's clock does not move by hand; there the code of the next step is taken.
        let due = self.app.clock.now().plus(TimeDelta::seconds(30));
        self.app.advance(TimeDelta::seconds(30));
        let ahead = i64::from(self.app.clock.now() < due);
        let body = json!({
            "email": self.email, "password": PASSWORD, "code": self.totp.code_at(&self.app, ahead),
        });
        self.app.post("/v1/staff/sessions", &body).await
    }

    pub async fn sends(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.access_token);
        self.app.send(method, path, &[("authorization", &bearer)], body).await
    }

    pub async fn gets(&self, path: &str) -> Answer {
        self.sends(Method::GET, path, None).await
    }

    /// The bytes of an answer that is no text.
    pub async fn fetches(&self, path: &str) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
        super::form::fetch(&self.app, path, &self.access_token).await
    }

    /// Sends a form.
    pub async fn uploads(&self, path: &str, form: &super::Form) -> Answer {
        let request = self.app.client.post(format!("{}{path}", self.app.url)).bearer_auth(&self.access_token);
        let request = request.header("content-type", super::Form::content_type());
        Answer::of(&Method::POST, request.body(form.body()).send().await.expect("the server answers")).await
    }

    pub async fn posts(&self, path: &str, body: &Value) -> Answer {
        self.sends(Method::POST, path, Some(body)).await
    }

    /// Invites somebody, who joins at once.
    pub async fn brings_in(&self, email: &str) -> Self {
        let invited = self.posts("/v1/staff/members", &json!({ "email": email })).await;
        assert_eq!(invited.status, 201, "{}", invited.text);
        let mail = self.app.mail_saying(email, "You are invited to work").await;
        let token = mail.split_whitespace().find(|word| word.len() == 71).expect("a token").to_owned();
        Self::joins(&self.app, email, &token).await
    }

    /// Asks for a role for a member.
    pub async fn proposes(&self, member: &Self, role: &str) -> Answer {
        let path = format!("/v1/staff/members/{}/role-grants", member.staff_id);
        self.posts(&path, &json!({ "role": role })).await
    }

    pub async fn decides(&self, grant: &Answer, decision: &str) -> Answer {
        let id = grant.json()["role_grant_id"].as_str().expect("a grant").to_owned();
        let path = format!("/v1/staff/role-grants/{id}/decision");
        self.posts(&path, &json!({ "decision": decision })).await
    }
}

impl Inner {
    /// The two first admins.
    pub async fn admins(self: &Arc<Self>) -> [Member; 2] {
        let emails = ["first@staff.example.org", "second@staff.example.org"];
        let output = Process::run(&self.settings, &["staff", "bootstrap", emails[0], emails[1]]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).expect("text");
        let tokens: Vec<&str> = said.split_whitespace().filter(|word| word.len() == 71).collect();
        let first = Member::joins(self, emails[0], tokens[0]).await;
        let second = Member::joins(self, emails[1], tokens[1]).await;
        [first, second]
    }

    /// A member in one role.
    pub async fn member(self: &Arc<Self>, admins: &[Member; 2], role: &str) -> Member {
        self.member_called(admins, role, role).await
    }

    /// A member of this name in one role.
    pub async fn member_called(self: &Arc<Self>, admins: &[Member; 2], name: &str, role: &str) -> Member {
        let member = admins[0].brings_in(&format!("{name}@staff.example.org")).await;
        let grant = admins[0].proposes(&member, role).await;
        assert_eq!(grant.status, 201, "{}", grant.text);
        if grant.json()["state"] == "proposed" {
            assert_eq!(admins[1].decides(&grant, "approve").await.status, 201);
        }
        member
    }
}
