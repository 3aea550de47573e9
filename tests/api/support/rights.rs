//! Rights requests, as persons file them.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Person};

impl Person {
    /// Files a request with the preview of what it leads to.
    pub async fn files(&self, kind: &str, purpose: Option<&str>, data_class: Option<&str>) -> Answer {
        let mut asked = json!({ "kind": kind, "purpose": purpose, "data_class": data_class });
        let previewed = self.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await;
        assert_eq!(previewed.status, 200, "{}", previewed.text);
        asked["preview"] = previewed.json()["preview"].clone();
        self.sends(Method::POST, "/v1/rights-requests", &[], Some(&asked)).await
    }

    /// Files an erasure; gives its id, and the token of its result.
    pub async fn asks_for_erasure(&self, when: &str) -> (String, String) {
        self.asks_for_erasure_of(None, when).await
    }

    /// The same of a class of data alone.
    pub async fn asks_for_erasure_of(&self, data_class: Option<&str>, when: &str) -> (String, String) {
        let mut asked = json!({ "kind": "erasure", "data_class": data_class });
        let previewed = self.sends(Method::POST, "/v1/rights-request-previews", &[], Some(&asked)).await;
        asked["preview"] = previewed.json()["preview"].clone();
        asked["when"] = json!(when);
        let filed = self.sends(Method::POST, "/v1/rights-requests", &[], Some(&asked)).await;
        assert_eq!(filed.status, 201, "{}", filed.text);
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let filed = filed.json();
        (text(&filed["request"]["rights_request_id"]), text(&filed["result_token"]))
    }

    /// The same, and gives its id.
    pub async fn asks_for(&self, kind: &str, purpose: Option<&str>, data_class: Option<&str>) -> String {
        let filed = self.files(kind, purpose, data_class).await;
        assert_eq!(filed.status, 201, "{}", filed.text);
        filed.json()["request"]["rights_request_id"].as_str().expect("an id").to_owned()
    }

    /// Takes a request back.
    pub async fn takes_back(&self, id: &str) -> Answer {
        let path = format!("/v1/rights-requests/{id}/withdrawal");
        self.sends(Method::POST, &path, &[], None::<&Value>).await
    }
}
