//! The policy as a company changes it: written by legal, published by an admin.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, App, Member, Person};

/// Who changes the policy.
pub struct PolicyTeam {
    pub legal: Member,
    pub admin: Member,
}

impl App {
    pub async fn policy_team(&self) -> PolicyTeam {
        let admins = self.admins().await;
        let legal = self.member(&admins, "legal").await;
        let [admin, _] = admins;
        PolicyTeam { legal, admin }
    }

    /// The policy in force as a draft has it.
    pub async fn as_draft(&self) -> Value {
        let policy = self.get("/v1/policy-versions/current").await.json();
        let mut purposes = policy["purposes"].clone();
        for purpose in purposes.as_array_mut().expect("purposes") {
            let purpose = purpose.as_object_mut().expect("a purpose");
            purpose.retain(|name, value| {
                name != "definition_hash"
                    && name != "by_policy"
                    && !(name == "consent_days" && value.is_null())
            });
        }
        json!({
            "change_kind": "material",
            "summary": "A change.",
            "clauses": policy["clauses"],
            "purposes": purposes,
            "storage_places": policy["storage_places"],
        })
    }

    /// Changes the policy in force and publishes it.
    pub async fn publishes(&self, team: &PolicyTeam, edit: impl FnOnce(&mut Value)) -> Value {
        let mut draft = self.as_draft().await;
        edit(&mut draft);
        let drafted = team.legal.posts("/v1/staff/policy-versions", &draft).await;
        assert_eq!(drafted.status, 201, "{}", drafted.text);
        let published = team.publishes(&team.admin, &drafted.json()).await;
        assert_eq!(published.status, 201, "{}", published.text);
        published.json()
    }
}

impl PolicyTeam {
    pub async fn publishes(&self, by: &Member, draft: &Value) -> Answer {
        let path = format!("/v1/staff/policy-versions/{}/publication", draft["version"]);
        by.posts(&path, &json!({ "content_hash": draft["content_hash"], "revision": draft["revision"] }))
            .await
    }
}

/// The definition of a purpose in a draft or a version.
pub fn purpose<'a>(policy: &'a mut Value, name: &str) -> &'a mut Value {
    let purposes = policy["purposes"].as_array_mut().expect("purposes");
    purposes.iter_mut().find(|purpose| purpose["purpose"] == name).expect("the purpose")
}

impl Person {
    /// Where the consent to a purpose stands.
    pub async fn consent(&self, purpose: &str) -> Value {
        let overview = self.gets("/v1/consents").await.json();
        let consents = overview["consents"].as_array().expect("consents");
        consents
            .iter()
            .find(|consent| consent["definition"]["purpose"] == purpose)
            .expect("the purpose")
            .clone()
    }

    /// Grants in the words in force, or withdraws.
    pub async fn decides(&self, purpose: &str, granted: bool) -> Answer {
        let body = if granted {
            let hash = self.consent(purpose).await["definition"]["definition_hash"].clone();
            json!({ "granted": true, "definition_hash": hash })
        } else {
            json!({ "granted": false })
        };
        self.sends(Method::PUT, &format!("/v1/consents/{purpose}"), &[], Some(&body)).await
    }

    /// Accepts or refuses the policy in force.
    pub async fn answers_policy(&self, accepts: bool) -> Answer {
        let policy = self.get("/v1/policy-versions/current").await.json();
        let body =
            json!({ "policy_version": policy["version"], "policy_content_hash": policy["content_hash"] });
        let path = if accepts { "/v1/policy-acceptances" } else { "/v1/policy-refusals" };
        self.sends(Method::POST, path, &[], Some(&body)).await
    }

    /// All events of the person's ledger, oldest first.
    pub async fn consent_events(&self) -> Vec<Value> {
        let (mut events, mut next) = (Vec::new(), "/v1/consent-events?limit=100".to_owned());
        loop {
            let page = self.gets(&next).await.json();
            events.extend(page["data"].as_array().expect("events").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("/v1/consent-events?limit=100&cursor={cursor}"),
                None => break,
            }
        }
        events.reverse();
        events
    }
}
