//! Endpoints of partners, what messages to them are signed with, and the messages.

use std::collections::HashMap;

use chrono::TimeDelta;
use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{webhook_endpoints as e, webhook_messages as m, webhook_secrets as s},
    },
    domain::{
        ids::{PartnerClientId, WebhookMessageId, WebhookSecretId},
        time::Timestamp,
        webhook::{
            SealedWebhookSecret, WebhookEndpoint, WebhookEndpointState, WebhookEventType, WebhookFailure,
            WebhookMessage, WebhookState,
        },
    },
};

/// How many messages of one client are sent at a time.
const AT_ONCE: usize = 2;

type EndpointRow = (PartnerClientId, String, String, Timestamp);

pub fn find_endpoint(c: &mut Conn, client: PartnerClientId) -> Result<Option<WebhookEndpoint>, StorageError> {
    let row: Option<EndpointRow> = e::table.find(client).get_result(c).optional()?;
    row.map(|(partner_client_id, url, state, set_at)| {
        let state = WebhookEndpointState::parse(&state);
        let state = state.ok_or(corrupt("webhook_endpoints", "an unknown state"))?;
        Ok(WebhookEndpoint { partner_client_id, url, state, set_at })
    })
    .transpose()
}

pub fn put_endpoint(c: &mut Conn, endpoint: &WebhookEndpoint) -> Result<(), StorageError> {
    diesel::insert_into(e::table)
        .values((
            e::partner_client_id.eq(endpoint.partner_client_id),
            e::url.eq(&endpoint.url),
            e::state.eq(endpoint.state.as_str()),
            e::set_at.eq(endpoint.set_at),
        ))
        .on_conflict(e::partner_client_id)
        .do_update()
        .set((e::url.eq(&endpoint.url), e::state.eq(endpoint.state.as_str()), e::set_at.eq(endpoint.set_at)))
        .dispatch(c)?;
    Ok(())
}

/// Sends nothing there any more, if it is still the endpoint that was set at an instant.
pub fn disable_endpoint(
    c: &mut Conn,
    client: PartnerClientId,
    set_at: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(e::table.find(client))
        .filter(e::set_at.eq(set_at))
        .set(e::state.eq(WebhookEndpointState::Disabled.as_str()))
        .execute(c)?;
    Ok(())
}

pub fn delete_endpoint(c: &mut Conn, client: PartnerClientId) -> Result<bool, StorageError> {
    Ok(diesel::delete(e::table.find(client)).execute(c)? == 1)
}

type SecretRow = (PartnerClientId, WebhookSecretId, Vec<u8>, Timestamp, Option<Timestamp>);

/// What signs at an instant, newest first.
pub fn list_secrets(
    c: &mut Conn,
    client: PartnerClientId,
    now: Timestamp,
) -> Result<Vec<SealedWebhookSecret>, StorageError> {
    let rows: Vec<SecretRow> = s::table
        .filter(s::partner_client_id.eq(client))
        .filter(s::expires_at.is_null().or(s::expires_at.gt(now).assume_not_null()))
        .order((s::created_at.desc(), s::webhook_secret_id.desc()))
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(partner_client_id, id, secret, created_at, expires_at)| SealedWebhookSecret {
            partner_client_id,
            id,
            secret,
            created_at,
            expires_at,
        })
        .collect())
}

/// Adds a secret; the one before it signs until an instant, and older ones are gone.
pub fn add_secret(
    c: &mut Conn,
    secret: &SealedWebhookSecret,
    others_until: Timestamp,
) -> Result<(), StorageError> {
    let others = s::table.filter(s::partner_client_id.eq(secret.partner_client_id));
    diesel::delete(others).filter(s::expires_at.is_not_null()).execute(c)?;
    diesel::update(others).set(s::expires_at.eq(Some(others_until))).execute(c)?;
    diesel::insert_into(s::table)
        .values((
            s::partner_client_id.eq(secret.partner_client_id),
            s::webhook_secret_id.eq(secret.id),
            s::secret.eq(&secret.secret),
            s::created_at.eq(secret.created_at),
        ))
        .dispatch(c)?;
    Ok(())
}

#[derive(Queryable)]
struct MessageRow {
    id: WebhookMessageId,
    partner_client_id: PartnerClientId,
    event_type: String,
    content: String,
    state: String,
    attempts: i32,
    created_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    last_attempt_at: Option<Timestamp>,
    last_status: Option<i32>,
    failure: Option<String>,
}

impl TryFrom<MessageRow> for WebhookMessage {
    type Error = StorageError;

    fn try_from(row: MessageRow) -> Result<Self, StorageError> {
        let unknown = corrupt("webhook_messages", "an unknown type, state or failure");
        let failure = match row.failure {
            None => None,
            Some(failure) => match WebhookFailure::parse(&failure) {
                None => return Err(unknown),
                known => known,
            },
        };
        let kinds = WebhookEventType::parse(&row.event_type).zip(WebhookState::parse(&row.state));
        let (event_type, state) = kinds.ok_or(unknown)?;
        Ok(Self {
            id: row.id,
            partner_client_id: row.partner_client_id,
            event_type,
            content: row.content,
            state,
            attempts: row.attempts,
            created_at: row.created_at,
            next_attempt_at: row.next_attempt_at,
            last_attempt_at: row.last_attempt_at,
            last_status: row.last_status,
            failure,
        })
    }
}

pub fn insert_message(c: &mut Conn, message: &WebhookMessage) -> Result<(), StorageError> {
    diesel::insert_into(m::table)
        .values((
            m::webhook_message_id.eq(message.id),
            m::partner_client_id.eq(message.partner_client_id),
            m::event_type.eq(message.event_type.as_str()),
            m::content.eq(&message.content),
            m::state.eq(message.state.as_str()),
            m::attempts.eq(message.attempts),
            m::created_at.eq(message.created_at),
            m::next_attempt_at.eq(message.next_attempt_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// A message to a client, if it is this.
pub fn find_message(
    c: &mut Conn,
    client: PartnerClientId,
    id: WebhookMessageId,
) -> Result<Option<WebhookMessage>, StorageError> {
    let row: Option<MessageRow> =
        m::table.find(id).filter(m::partner_client_id.eq(client)).get_result(c).optional()?;
    row.map(WebhookMessage::try_from).transpose()
}

/// Messages to a client before one of them, newest first.
pub fn list_messages(
    c: &mut Conn,
    client: PartnerClientId,
    before: Option<WebhookMessageId>,
    limit: i64,
) -> Result<Vec<WebhookMessage>, StorageError> {
    let before = before.unwrap_or(WebhookMessageId::from_uuid(uuid::Uuid::max()));
    let rows: Vec<MessageRow> = m::table
        .filter(m::partner_client_id.eq(client))
        .filter(m::webhook_message_id.lt(before))
        .order(m::webhook_message_id.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(WebhookMessage::try_from).collect()
}

/// Whether a message is to be sent by `now`.
pub fn is_any_due(c: &mut Conn, now: Timestamp) -> Result<bool, StorageError> {
    let due: Vec<WebhookMessageId> = m::table
        .filter(m::next_attempt_at.le(now).assume_not_null())
        .select(m::webhook_message_id)
        .limit(1)
        .load(c)?;
    Ok(!due.is_empty())
}

/// Claims messages that are due. A claim lapses after `lease`, so a killed sender's come again.
pub fn claim_due(
    c: &mut Conn,
    now: Timestamp,
    lease: TimeDelta,
    limit: i64,
) -> Result<Vec<WebhookMessage>, StorageError> {
    // Whoever does not answer keeps the others waiting for a batch at most.
    let rows: Vec<MessageRow> = m::table
        .filter(m::next_attempt_at.le(now).assume_not_null())
        .order(m::next_attempt_at)
        .limit(limit * 32)
        .load(c)?;
    let (mut claimed, mut by_client) = (Vec::new(), HashMap::new());
    for row in rows {
        let own = by_client.entry(row.partner_client_id).or_insert(0_usize);
        if *own == AT_ONCE || claimed.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            continue;
        }
        *own += 1;
        let due = WebhookMessage::try_from(row)?;
        let message = WebhookMessage {
            state: WebhookState::Sending,
            attempts: due.attempts + 1,
            next_attempt_at: Some(now.plus(lease)),
            last_attempt_at: Some(now),
            ..due.clone()
        };
        if update_message(c, &due, &message)? {
            claimed.push(message);
        }
    }
    Ok(claimed)
}

/// Writes what became of a message over what it was; `false` if it has become something else meanwhile.
pub fn update_message(
    c: &mut Conn,
    was: &WebhookMessage,
    now: &WebhookMessage,
) -> Result<bool, StorageError> {
    let changed = diesel::update(m::table.find(was.id))
        .filter(m::state.eq(was.state.as_str()))
        .filter(m::attempts.eq(was.attempts))
        .set((
            m::state.eq(now.state.as_str()),
            m::attempts.eq(now.attempts),
            m::next_attempt_at.eq(now.next_attempt_at),
            m::last_attempt_at.eq(now.last_attempt_at),
            m::last_status.eq(now.last_status),
            m::failure.eq(now.failure.map(WebhookFailure::as_str)),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Deletes some messages that were written before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<WebhookMessageId> =
        m::table.filter(m::created_at.lt(before)).select(m::webhook_message_id).limit(limit).load(c)?;
    diesel::delete(m::table.filter(m::webhook_message_id.eq_any(&past))).execute(c)?;
    Ok(past.len())
}
