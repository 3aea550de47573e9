//! Who discloses, and who receives.

use std::io::Read as _;

use age::x25519;
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, App, Form, Member, Person};

/// The members of staff that a disclosure takes.
pub struct Desk {
    pub admins: [Member; 2],
    pub processor: Member,
    pub legal: Member,
    pub second: Member,
}

/// A recipient with a client and a key of its own.
pub struct Partner {
    pub recipient_id: String,
    pub bearer: String,
    /// The client and its secret, if it has one.
    client: Option<(String, String)>,
    identity: x25519::Identity,
}

/// What a company of the group is, in the register.
pub fn company(name: &str) -> Value {
    json!({
        "recipient_class": "group_company", "name": name, "country": "NZ",
        "agreement": "Agreement of 1 March 2026", "contact": "privacy@pool.example",
    })
}

/// The form of an order.
pub fn order(recipient: &str, fields: &str) -> Form {
    Form::default()
        .text("recipient_id", recipient)
        .text("issuer", "District Court of Auckland")
        .text("reference", "CIV-2026-404-1234")
        .text("issued_on", "2026-02-10")
        .text("valid_until", "2026-08-10T00:00:00Z")
        .text("fields", fields)
        .text("named", "Whoever has the address in the order.")
        .file("file", "order.jpg", &super::pictures::picture(image::ImageFormat::Jpeg))
}

impl App {
    pub async fn desk(&self) -> Desk {
        let admins = self.admins().await;
        let processor = self.member(&admins, "data_processor").await;
        self.desk_of(admins, processor).await
    }

    /// The same, where some of them are there already.
    pub async fn desk_of(&self, admins: [Member; 2], processor: Member) -> Desk {
        let legal = self.member(&admins, "legal").await;
        let second = self.member_called(&admins, "second.legal", "legal").await;
        Desk { admins, processor, legal, second }
    }
}

impl Desk {
    /// Enters a recipient and activates it.
    pub async fn registers(&self, entry: &Value) -> String {
        let entered = self.legal.posts("/v1/staff/recipients", entry).await;
        assert_eq!(entered.status, 201, "{}", entered.text);
        let id = entered.json()["recipient_id"].as_str().expect("an id").to_owned();
        self.activates(&id).await;
        id
    }

    pub async fn activates(&self, recipient: &str) {
        let activated = self.tries_to_activate(&self.admins[0], recipient).await;
        assert_eq!(activated.status, 201, "{}", activated.text);
    }

    pub async fn tries_to_activate(&self, by: &Member, recipient: &str) -> Answer {
        let path = format!("/v1/staff/recipients/{recipient}");
        let version = self.legal.gets(&path).await.json()["version"].clone();
        by.posts(&format!("{path}/activation"), &json!({ "version": version })).await
    }

    /// A recipient without a client, whose packages are handed over.
    pub async fn absent(&self, mut entry: Value) -> Partner {
        let identity = x25519::Identity::generate();
        entry["package_key"] = json!(identity.to_public().to_string());
        Partner { recipient_id: self.registers(&entry).await, bearer: String::new(), client: None, identity }
    }

    /// A recipient of this kind, with a client that fetches and a key that opens.
    pub async fn partner(&self, app: &App, mut entry: Value) -> Partner {
        let scopes = json!([
            "disclosures.read",
            "disclosures.pull",
            "obligations.write",
            "webhooks.write",
            "reports.read"
        ]);
        let client_id = crate::partners::client(&self.admins[0], &scopes, 100_000).await;
        let (_, secret) = crate::partners::secret(&self.admins[0], &client_id).await;
        let bearer = format!("Bearer {}", crate::partners::bearer(app, &client_id, &secret).await);
        let identity = x25519::Identity::generate();
        entry["package_key"] = json!(identity.to_public().to_string());
        entry["partner_client_id"] = json!(client_id);
        let recipient_id = self.registers(&entry).await;
        Partner { recipient_id, bearer, client: Some((client_id, secret)), identity }
    }

    /// A court with a client, and its order for these fields; gives the court, and the id of the order.
    pub async fn court_order(&self, app: &App, fields: &str, gag_until: Option<&str>) -> (Partner, String) {
        let court = json!({
            "recipient_class": "court", "name": "District Court", "country": "NZ", "agreement": "Senior Courts Act 2016",
            "contact": "registry@court.example", "policy_url": "https://court.example/privacy",
        });
        let court = self.partner(app, court).await;
        let form = order(&court.recipient_id, fields);
        let form = match gag_until {
            Some(until) => form.text("gag_until", until),
            None => form,
        };
        let entered = self.legal.uploads("/v1/staff/instruments", &form).await;
        assert_eq!(entered.status, 201, "{}", entered.text);
        let id = entered.json()["instrument_id"].as_str().expect("an id").to_owned();
        (court, id)
    }

    pub async fn tries_to_draft(&self, body: &Value) -> Answer {
        self.processor.posts("/v1/staff/disclosures", body).await
    }

    /// Drafts and submits a disclosure; gives its id.
    pub async fn submits(&self, about: &Person, recipient: &str, fields: &Value) -> String {
        self.submits_as(json!({
            "account_id": about.account_id, "recipient_id": recipient, "fields": fields,
        }))
        .await
    }

    pub async fn submits_as(&self, draft: Value) -> String {
        let drafted = self.tries_to_draft(&draft).await;
        assert_eq!(drafted.status, 201, "{}", drafted.text);
        let id = drafted.json()["disclosure"]["disclosure_id"].as_str().expect("an id").to_owned();
        let path = format!("/v1/staff/disclosures/{id}/submission");
        let submitted = self.processor.sends(Method::POST, &path, None).await;
        assert_eq!(submitted.status, 201, "{}", submitted.text);
        id
    }

    pub async fn sees(&self, id: &str) -> Value {
        self.legal.gets(&format!("/v1/staff/disclosures/{id}")).await.json()
    }

    pub async fn tries_to_approve(&self, by: &Member, id: &str) -> Answer {
        let shown = self.sees(id).await;
        let review = json!({ "verdict": "approved", "scope_hash": shown["disclosure"]["scope_hash"] });
        by.posts(&format!("/v1/staff/disclosures/{id}/reviews"), &review).await
    }

    pub async fn approves(&self, id: &str) -> Value {
        let approved = self.tries_to_approve(&self.legal, id).await;
        assert_eq!(approved.status, 201, "{}", approved.text);
        approved.json()
    }

    pub async fn tries_to_release(&self, id: &str) -> Answer {
        self.processor.sends(Method::POST, &format!("/v1/staff/disclosures/{id}/release"), None).await
    }

    pub async fn releases(&self, id: &str) {
        let released = self.tries_to_release(id).await;
        assert_eq!(released.status, 201, "{}", released.text);
    }

    /// Takes a disclosure that rests on the policy the whole way to its release.
    pub async fn discloses(&self, about: &Person, to: &Partner, fields: &Value) -> String {
        let id = self.submits(about, &to.recipient_id, fields).await;
        assert_eq!(self.approves(&id).await["disclosure"]["state"], "ready");
        self.releases(&id).await;
        id
    }

    /// What the gate says of a disclosure now.
    pub async fn refusal(&self, id: &str) -> String {
        self.sees(id).await["gate"]["refusal"].as_str().unwrap_or_default().to_owned()
    }
}

impl Partner {
    /// Gets a new token, since one lives for ten minutes.
    pub async fn renews(&mut self, app: &App) {
        let (client, secret) = self.client.as_ref().expect("a client");
        self.bearer = format!("Bearer {}", crate::partners::bearer(app, client, secret).await);
    }

    pub async fn gets(&self, app: &App, path: &str) -> Answer {
        app.send(Method::GET, path, &[("authorization", &self.bearer)], None).await
    }

    pub async fn posts(&self, app: &App, path: &str) -> Answer {
        app.send(Method::POST, path, &[("authorization", &self.bearer)], None).await
    }

    pub async fn pulls(&self, app: &App, id: &str) -> Answer {
        self.posts(app, &format!("/v1/partner/disclosures/{id}/pulls")).await
    }

    /// Opens a package as its recipient does: with the own key, and the published one.
    pub async fn opens(&self, app: &App, pulled: &Answer) -> Value {
        assert_eq!(pulled.status, 201, "{}", pulled.text);
        let sealed = STANDARD.decode(pulled.json()["package"].as_str().expect("a package")).expect("base64");
        let decryptor = age::Decryptor::new(&sealed[..]).expect("an age file");
        let identity: &dyn age::Identity = &self.identity;
        let mut text = String::new();
        let mut reader = decryptor.decrypt(std::iter::once(identity)).expect("sealed to this key");
        reader.read_to_string(&mut text).expect("text");
        let header = jsonwebtoken::decode_header(&text).expect("a JWS");
        let keys = app.get("/.well-known/jwks.json").await.json();
        let kid = header.kid.expect("a key id");
        let key = keys["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == kid.as_str());
        let key = DecodingKey::from_ed_components(key.expect("published")["x"].as_str().expect("x"));
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[&self.recipient_id]);
        // The service's clock is not the machine's.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Value>(&text, &key.expect("a key"), &validation);
        claims.expect("signed for this recipient").claims
    }
}
