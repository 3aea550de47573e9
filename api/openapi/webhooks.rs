//! What partners' endpoints are sent: one webhook for each type of message.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::domain::{
    ids::{DisclosureId, ObligationId},
    time::Timestamp,
    webhook::WebhookEvent,
};

/// Standard Webhooks (standardwebhooks.com): what a receiver verifies a message by.
fn headers() -> Value {
    let header = |name: &str, max: u32, description: &str, example: &str| {
        json!({
            "name": name, "in": "header", "required": true, "description": description,
            "schema": { "type": "string", "maxLength": max }, "example": example,
        })
    };
    json!([
        header(
            "webhook-id",
            64,
            "Identifies the message, at every attempt: what came once is not done twice.",
            "whm_0198c8f2b1d07c3f9e21a4b7c6d5e4f3"
        ),
        header(
            "webhook-timestamp",
            16,
            "When it was sent, in seconds since 1970: one that is older than five minutes is no message.",
            "1772359200"
        ),
        header(
            "webhook-signature",
            512,
            "HMAC-SHA256 over id, timestamp and body with the secret, as `v1,BASE64`; several while a secret is replaced.",
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        ),
    ])
}

/// The webhooks of the contract, by the type of the message.
pub(super) fn webhooks() -> Value {
    let id = Uuid::from_u128(0x0198_c8f2_b1d0_7c3f_9e21_a4b7_c6d5_e4f3);
    let Some(at) = Timestamp::from_micros(1_772_359_200_000_000) else { return Value::Null };
    let events = [
        (
            WebhookEvent::DisclosureReleased(DisclosureId::from_uuid(id)),
            "DisclosureReleasedMessage",
            "Take a released disclosure",
            "Something was released to the partner: `pull_disclosure` fetches it.",
        ),
        (
            WebhookEvent::DisclosureRevoked(DisclosureId::from_uuid(id)),
            "DisclosureRevokedMessage",
            "Take a revoked disclosure",
            "What was released is given out no more.",
        ),
        (
            WebhookEvent::ObligationOpened(ObligationId::from_uuid(id)),
            "ObligationOpenedMessage",
            "Take an obligation",
            "The partner has to correct, erase or restrict what it fetched: `get_partner_obligation` says what.",
        ),
        (
            WebhookEvent::ReportPublished(at),
            "ReportPublishedMessage",
            "Take a report",
            "Counts of an hour were published: `list_ad_click_reports` has them.",
        ),
        (
            WebhookEvent::Test,
            "TestMessage",
            "Take a test",
            "The partner asked for it with `send_test_webhook`.",
        ),
    ];
    let hooks = events.into_iter().map(|(event, schema, summary, description)| {
        let name = event.event_type().as_str();
        let example: Value = serde_json::from_str(&event.content(at)).unwrap_or_default();
        (name.replace('_', "-"), webhook(name, (schema, &example), (summary, description)))
    });
    Value::Object(hooks.collect::<Map<_, _>>())
}

fn webhook(name: &str, (schema, example): (&str, &Value), (summary, description): (&str, &str)) -> Value {
    json!({ "post": {
        "tags": ["Webhooks"],
        "summary": summary,
        "description": format!("{description} Nothing personal stands in a message. What is not answered so within fifteen seconds is sent again, with growing pauses; 410 ends it, and disables the endpoint until it is set anew."),
        "operationId": format!("on_{name}"),
        "security": [],
        "parameters": headers(),
        "requestBody": {
            "required": true,
            "content": { "application/json": {
                "schema": { "$ref": format!("#/components/schemas/{schema}") },
                "example": example,
            } },
        },
        "responses": {
            "204": { "description": "It was taken." },
        },
    } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::webhook::WebhookEventType;

    #[test]
    fn every_type_of_message_has_its_webhook_and_names_its_type() {
        let hooks = webhooks();
        for kind in WebhookEventType::ALL {
            let body =
                &hooks[kind.as_str().replace('_', "-")]["post"]["requestBody"]["content"]["application/json"];
            let (group, what) = kind.as_str().split_once('_').unwrap();
            assert_eq!(body["example"]["type"], format!("{group}.{what}"));
        }
        assert_eq!(hooks.as_object().unwrap().len(), WebhookEventType::ALL.len());
    }
}
