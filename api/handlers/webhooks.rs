//! Webhooks, as partners look after them.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post, put,
    web::{Data, Json},
};

use super::{
    extract::{
        ByPartner, IdempotencyKey, NoBody, Page, Partner, StrictJson, Success, Turn, TypedPath, draft, once,
    },
    views::{
        SetWebhookEndpoint, WebhookDeliveryPageView, WebhookDeliveryView, WebhookEndpointView,
        WebhookSecretView,
    },
};
use crate::{
    domain::ids::WebhookMessageId,
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::idempotency,
};

const ENDPOINT: &str = "/v1/partner/webhook-endpoint";
const DELIVERIES: &str = "/v1/partner/webhook-deliveries";

/// Set the webhook endpoint
///
/// Where the partner is told that something waits for it, signed after Standard Webhooks. Make a secret first
/// (`webhook_state_conflict`). Only what is written from now on goes there.
#[utoipa::path(
    tag = "Webhook endpoints",
    request_body = SetWebhookEndpoint,
    responses((status = OK, description = "The endpoint.", body = WebhookEndpointView), Conflict)
)]
#[put("/v1/partner/webhook-endpoint")]
pub(super) async fn set_webhook_endpoint(
    ByPartner(client, body): ByPartner<StrictJson<SetWebhookEndpoint>>,
    services: Data<Services>,
) -> Result<Json<WebhookEndpointView>, Problem> {
    Ok(Json(services.webhooks.set_endpoint(client.id, &body.value.url).await?.into()))
}

/// Get the webhook endpoint
///
/// And whether messages go there.
#[utoipa::path(
    tag = "Webhook endpoints",
    responses((status = OK, description = "The endpoint.", body = WebhookEndpointView), NotFound)
)]
#[get("/v1/partner/webhook-endpoint")]
pub(super) async fn get_webhook_endpoint(
    Partner(client): Partner,
    services: Data<Services>,
) -> Result<Json<WebhookEndpointView>, Problem> {
    Ok(Json(services.webhooks.endpoint(client.id).await?.into()))
}

/// Remove the webhook endpoint
///
/// Nothing is told any more; what waits for the partner is still listed.
#[utoipa::path(
    tag = "Webhook endpoints",
    responses((status = OK, description = "The endpoint that was.", body = WebhookEndpointView), NotFound)
)]
#[delete("/v1/partner/webhook-endpoint")]
pub(super) async fn remove_webhook_endpoint(
    Partner(client): Partner,
    services: Data<Services>,
) -> Result<Json<WebhookEndpointView>, Problem> {
    Ok(Json(services.webhooks.remove_endpoint(client.id).await?.into()))
}

/// Create a webhook secret
///
/// What messages are signed with, shown this once. The secret before it signs along for a day.
#[utoipa::path(
    tag = "Webhook endpoints",
    responses((status = CREATED, description = "The secret.", body = WebhookSecretView), Conflict)
)]
#[post("/v1/partner/webhook-secrets")]
pub(super) async fn create_webhook_secret(
    ByPartner(client, (key, _)): ByPartner<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.id.as_bytes(), &idempotency::digest(&[])).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let added = services.webhooks.add_secret(client.id, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, ENDPOINT))
        .json(WebhookSecretView::from(&added)))
}

/// Send a test webhook
///
/// A message that tells nothing (`webhook.test`), to try the endpoint.
#[utoipa::path(
    tag = "Webhook endpoints",
    responses((status = CREATED, description = "The message.", body = WebhookDeliveryView), Conflict)
)]
#[post("/v1/partner/webhook-tests")]
pub(super) async fn send_test_webhook(
    ByPartner(client, (key, _)): ByPartner<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (client, digest) = (client.id, idempotency::digest(&[]));
    let place = Success::created(DELIVERIES);
    once::<_, WebhookDeliveryView, _, _>(key, client.as_bytes(), &digest, place, |recording| async move {
        services.webhooks.test(client, recording).await
    })
    .await
}

/// List webhook deliveries
///
/// What was sent to the endpoint in the last 30 days, and what became of it.
#[utoipa::path(
    tag = "Webhook endpoints",
    responses((status = OK, description = "A page of messages.", body = WebhookDeliveryPageView))
)]
#[get("/v1/partner/webhook-deliveries")]
pub(super) async fn list_webhook_deliveries(
    ByPartner(client, page): ByPartner<Page>,
    services: Data<Services>,
) -> Result<Json<WebhookDeliveryPageView>, Problem> {
    Ok(Json(services.webhooks.messages(client.id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Replay a webhook
///
/// Sends a message again under the id that it had, whether it was delivered or given up.
#[utoipa::path(
    tag = "Webhook endpoints",
    params(("webhook_message_id" = WebhookMessageId, Path, description = "The message.")),
    responses((status = CREATED, description = "The message.", body = WebhookDeliveryView), NotFound, Conflict)
)]
#[post("/v1/partner/webhook-deliveries/{webhook_message_id}/replays")]
pub(super) async fn replay_webhook(
    ByPartner(client, (id, key, _)): ByPartner<(TypedPath<WebhookMessageId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (client, id) = (client.id, id.0);
    let who = [client.as_bytes().as_slice(), id.as_bytes()].concat();
    let (place, digest) = (Success::created(DELIVERIES), idempotency::digest(&[]));
    once::<_, WebhookDeliveryView, _, _>(key, &who, &digest, place, |recording| async move {
        services.webhooks.replay(client, id, recording).await
    })
    .await
}
