//! Bodies of webhooks.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::Example;
use crate::{
    domain::{
        ids::{WebhookMessageId, WebhookSecretId},
        time::Timestamp,
        webhook::{
            WebhookEndpoint, WebhookEndpointState, WebhookEventType, WebhookFailure, WebhookMessage,
            WebhookState,
        },
    },
    services::webhooks::{NewWebhookSecret, WebhookPage},
};

/// Where a client wants to be told.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SetWebhookEndpoint {
    /// An https URL at a public address, without credentials and fragment. Redirects are not followed.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "https://pool.example/hooks/privacy")]
    pub url: String,
}

/// Where a client is told.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct WebhookEndpointView {
    /// The URL.
    #[schema(max_length = 1000, example = "https://pool.example/hooks/privacy")]
    pub url: String,
    /// Whether messages go there. An endpoint that answers 410 is disabled until it is set anew.
    pub state: WebhookEndpointState,
    /// When it was set.
    pub set_at: Timestamp,
}

impl From<WebhookEndpoint> for WebhookEndpointView {
    fn from(endpoint: WebhookEndpoint) -> Self {
        Self { url: endpoint.url, state: endpoint.state, set_at: endpoint.set_at }
    }
}

/// What messages are signed with from now on.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookSecret)]
pub struct WebhookSecretView {
    /// Identifies it.
    pub webhook_secret_id: WebhookSecretId,
    /// The secret of Standard Webhooks, shown this once.
    #[schema(
        min_length = 50,
        max_length = 50,
        example = "whsec_3q2+78r+ur6Lrfr+ur6t3q2+78r+ur6Lrfr+ur6t3q0="
    )]
    pub secret: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when the secret before it signs, too.
    pub previous_until: Timestamp,
}

impl From<&NewWebhookSecret> for WebhookSecretView {
    fn from(new: &NewWebhookSecret) -> Self {
        Self {
            webhook_secret_id: new.id,
            secret: new.secret.to_string(),
            created_at: new.created_at,
            previous_until: new.others_until,
        }
    }
}

/// A message to a client, and what became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct WebhookDeliveryView {
    /// Identifies the message: its `webhook-id`, at every attempt.
    pub webhook_message_id: WebhookMessageId,
    /// What it tells.
    pub event_type: WebhookEventType,
    /// How far it has come.
    pub state: WebhookState,
    /// How often it was sent since it was written, or replayed.
    #[schema(minimum = 0, maximum = 1_000, example = 1)]
    pub attempts: i32,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was sent last.
    #[schema(required)]
    pub last_attempt_at: Option<Timestamp>,
    /// When it is sent next; `null` if it is not.
    #[schema(required)]
    pub next_attempt_at: Option<Timestamp>,
    /// What the endpoint answered last.
    #[schema(required, minimum = 100, maximum = 999, example = 200)]
    pub last_status: Option<i32>,
    /// Why the last attempt came to nothing.
    #[schema(required)]
    pub failure: Option<WebhookFailure>,
}

impl From<&WebhookMessage> for WebhookDeliveryView {
    fn from(message: &WebhookMessage) -> Self {
        Self {
            webhook_message_id: message.id,
            event_type: message.event_type,
            state: message.state,
            attempts: message.attempts,
            created_at: message.created_at,
            last_attempt_at: message.last_attempt_at,
            next_attempt_at: message.next_attempt_at,
            last_status: message.last_status,
            // Which names there are inside is not told.
            failure: message.failure.map(|failure| match failure {
                WebhookFailure::AddressNotAllowed => WebhookFailure::Unreachable,
                told => told,
            }),
        }
    }
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDeliveryPage)]
pub struct WebhookDeliveryPageView {
    /// Newest first.
    #[schema(max_items = 100)]
    pub data: Vec<WebhookDeliveryView>,
    /// Leads to the next page; `null` on the last.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<WebhookPage> for WebhookDeliveryPageView {
    fn from(page: WebhookPage) -> Self {
        Self {
            data: page.messages.iter().map(WebhookDeliveryView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

impl Example for SetWebhookEndpoint {
    fn example() -> Value {
        json!({ "url": "https://pool.example/hooks/privacy" })
    }
}

impl Example for WebhookEndpointView {
    fn example() -> Value {
        json!({
            "url": "https://pool.example/hooks/privacy",
            "state": "active",
            "set_at": "2026-03-01T09:12:00.000000Z",
        })
    }
}

impl Example for WebhookSecretView {
    fn example() -> Value {
        json!({
            "webhook_secret_id": "whs_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "secret": "whsec_3q2+78r+ur6Lrfr+ur6t3q2+78r+ur6Lrfr+ur6t3q0=",
            "created_at": "2026-03-01T09:12:00.000000Z",
            "previous_until": "2026-03-02T09:12:00.000000Z",
        })
    }
}

impl Example for WebhookDeliveryView {
    fn example() -> Value {
        json!({
            "webhook_message_id": "whm_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "event_type": "disclosure_released",
            "state": "delivered",
            "attempts": 1,
            "created_at": "2026-03-02T09:12:00.000000Z",
            "last_attempt_at": "2026-03-02T09:12:01.000000Z",
            "next_attempt_at": null,
            "last_status": 204,
            "failure": null,
        })
    }
}

impl Example for WebhookDeliveryPageView {
    fn example() -> Value {
        json!({ "data": [WebhookDeliveryView::example()], "next_cursor": null })
    }
}
