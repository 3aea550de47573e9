//! Webhooks: messages to partners' endpoints are written with their cause, and leave signed, with retries.

mod post;

use std::sync::Arc;

use chrono::TimeDelta;
use zeroize::Zeroizing;

pub use post::WebhookClient;

use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        ids::{AccountId, PartnerClientId, WebhookMessageId, WebhookSecretId},
        time::Timestamp,
        webhook::{
            SECRET_OVERLAP, SealedWebhookSecret, WebhookEndpoint, WebhookEndpointState, WebhookEvent,
            WebhookFailure, WebhookMessage, WebhookState, parse_url, pause_after, sign, write_secret,
        },
    },
    repositories::{partners, webhooks},
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        idempotency::{Draft, IdempotencyError, Recording},
        vault::{
            Vault, VaultError,
            kms::{KeyPurpose, random_key},
        },
    },
    telemetry::metrics,
};
use post::{ANSWER, Answer};

/// Why something about webhooks was refused.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("no such endpoint or message")]
    NotFound,
    #[error("its state does not allow it")]
    StateConflict,
    #[error("nothing is sent to this address")]
    Url,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(WebhookError, storage in Idempotency, Vault);

/// A secret, shown once.
pub struct NewWebhookSecret {
    pub id: WebhookSecretId,
    pub secret: Zeroizing<String>,
    pub created_at: Timestamp,
    /// Until when the one before it signs, too.
    pub others_until: Timestamp,
}

/// A page of messages, newest first.
pub struct WebhookPage {
    pub messages: Vec<WebhookMessage>,
    pub next_cursor: Option<String>,
}

const LIST: &str = "webhook_messages";
const BATCH: i64 = 16;
/// A claimed message comes again after this, should its sender have died.
const LEASE: TimeDelta = TimeDelta::seconds(40);
/// What an endpoint answers that wants to hear nothing more.
const GONE: u16 = 410;

/// Looks after endpoints, and sends.
#[derive(Clone)]
pub struct WebhookService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub client: Arc<WebhookClient>,
}

/// Writes a message to a client, in the transaction of what it tells; nothing where the client has no endpoint.
///
/// # Errors
///
/// Storage trouble only.
pub fn announce(
    c: &mut Conn,
    client: Option<PartnerClientId>,
    event: WebhookEvent,
    now: Timestamp,
) -> Result<(), StorageError> {
    let Some(client) = client else { return Ok(()) };
    let endpoint = webhooks::find_endpoint(c, client)?;
    if endpoint.is_none_or(|endpoint| endpoint.state != WebhookEndpointState::Active) {
        return Ok(());
    }
    webhooks::insert_message(c, &message_of(client, event, now))
}

fn message_of(client: PartnerClientId, event: WebhookEvent, now: Timestamp) -> WebhookMessage {
    WebhookMessage {
        id: WebhookMessageId::generate(now),
        partner_client_id: client,
        event_type: event.event_type(),
        content: event.content(now),
        state: WebhookState::Queued,
        attempts: 0,
        created_at: now,
        next_attempt_at: Some(now),
        last_attempt_at: None,
        last_status: None,
        failure: None,
    }
}

const fn subject(client: PartnerClientId) -> AccountId {
    AccountId::from_uuid(client.as_uuid())
}

impl WebhookService {
    /// The endpoint of a client.
    ///
    /// # Errors
    ///
    /// [`WebhookError::NotFound`] if it has none.
    pub async fn endpoint(&self, client: PartnerClientId) -> Result<WebhookEndpoint, WebhookError> {
        let found = self.db.read(move |c| webhooks::find_endpoint(c, client)).await?;
        found.ok_or(WebhookError::NotFound)
    }

    /// Sets where a client is told; it has a secret to sign with already.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Url`], [`WebhookError::StateConflict`] without a secret.
    #[tracing::instrument(skip_all)]
    pub async fn set_endpoint(
        &self,
        client: PartnerClientId,
        url: &str,
    ) -> Result<WebhookEndpoint, WebhookError> {
        let now = self.clock.now();
        let url = parse_url(url, self.client.to_private).ok_or(WebhookError::Url)?;
        let endpoint = WebhookEndpoint {
            partner_client_id: client,
            url: url.to_string(),
            state: WebhookEndpointState::Active,
            set_at: now,
        };
        self.db
            .write(move |c| {
                if webhooks::list_secrets(c, client, now)?.is_empty() {
                    return Err(WebhookError::StateConflict);
                }
                webhooks::put_endpoint(c, &endpoint)?;
                Ok(endpoint.clone())
            })
            .await
    }

    /// Tells a client nothing any more.
    ///
    /// # Errors
    ///
    /// [`WebhookError::NotFound`] if there is no endpoint.
    #[tracing::instrument(skip_all)]
    pub async fn remove_endpoint(&self, client: PartnerClientId) -> Result<WebhookEndpoint, WebhookError> {
        self.db
            .write(move |c| {
                let endpoint = webhooks::find_endpoint(c, client)?.ok_or(WebhookError::NotFound)?;
                webhooks::delete_endpoint(c, client)?;
                Ok(endpoint)
            })
            .await
    }

    /// Makes a secret; the one before it signs along for a day.
    ///
    /// # Errors
    ///
    /// As [`Draft::record_secret`].
    #[tracing::instrument(skip_all)]
    pub async fn add_secret(
        &self,
        client: PartnerClientId,
        repeatable: Option<Draft>,
    ) -> Result<NewWebhookSecret, WebhookError> {
        let now = self.clock.now();
        let (id, others_until) = (WebhookSecretId::generate(now), now.plus(SECRET_OVERLAP));
        let secret = random_key()?;
        let kms = self.vault.kms();
        let (version, wrapped) =
            kms.wrap(KeyPurpose::System, &[b"webhook-secret", id.as_bytes()], secret.as_slice())?;
        let sealed = SealedWebhookSecret {
            partner_client_id: client,
            id,
            secret: [&version.to_be_bytes()[..], &wrapped].concat(),
            created_at: now,
            expires_at: None,
        };
        self.db
            .write(move |c| {
                if let Some(draft) = &repeatable {
                    draft.refuse_if_done(c)?;
                    draft.record_secret(c, subject(client), 201)?;
                }
                webhooks::add_secret(c, &sealed, others_until)?;
                Ok::<_, WebhookError>(())
            })
            .await?;
        Ok(NewWebhookSecret { id, secret: write_secret(&secret), created_at: now, others_until })
    }

    /// Sends a message that tells nothing, to try an endpoint.
    ///
    /// # Errors
    ///
    /// [`WebhookError::StateConflict`] without an endpoint that takes messages.
    #[tracing::instrument(skip_all)]
    pub async fn test(
        &self,
        client: PartnerClientId,
        recording: Recording<WebhookMessage>,
    ) -> Result<WebhookMessage, WebhookError> {
        let message = message_of(client, WebhookEvent::Test, self.clock.now());
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                takes_messages(c, client)?;
                webhooks::insert_message(c, &message)?;
                recording.record_without_answer(c, subject(client))?;
                Ok(message.clone())
            })
            .await
    }

    /// The messages to a client, newest first.
    ///
    /// # Errors
    ///
    /// [`WebhookError::Cursor`].
    pub async fn messages(
        &self,
        client: PartnerClientId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<WebhookPage, WebhookError> {
        let (kms, owner) = (self.vault.kms(), subject(client));
        let before = cursors::id(kms, LIST, owner, cursor, WebhookMessageId::from_uuid)?;
        let wanted = i64::from(limit) + 1;
        let rows = self.db.read(move |c| webhooks::list_messages(c, client, before, wanted)).await?;
        let (messages, next_cursor) =
            cursors::page(kms, LIST, owner, rows, limit, |message| message.id.as_bytes().to_vec())?;
        Ok(WebhookPage { messages, next_cursor })
    }

    /// Sends a message again, under the id that it had.
    ///
    /// # Errors
    ///
    /// [`WebhookError::NotFound`] also for another client's, [`WebhookError::StateConflict`] while it is on its way or
    /// without an endpoint that takes messages.
    #[tracing::instrument(skip_all)]
    pub async fn replay(
        &self,
        client: PartnerClientId,
        id: WebhookMessageId,
        recording: Recording<WebhookMessage>,
    ) -> Result<WebhookMessage, WebhookError> {
        let now = self.clock.now();
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                let was = webhooks::find_message(c, client, id)?.ok_or(WebhookError::NotFound)?;
                takes_messages(c, client)?;
                let again = WebhookMessage {
                    state: WebhookState::Queued,
                    attempts: 0,
                    next_attempt_at: Some(now),
                    failure: None,
                    ..was.clone()
                };
                if !was.state.is_settled() || !webhooks::update_message(c, &was, &again)? {
                    return Err(WebhookError::StateConflict);
                }
                recording.record_without_answer(c, subject(client))?;
                Ok(again)
            })
            .await
    }

    /// Sends what is due; gives the number of messages that it took up.
    ///
    /// # Errors
    ///
    /// Storage trouble. What was sent and not noted is sent again, with the same id.
    pub async fn send_due(&self) -> Result<usize, WebhookError> {
        let now = self.clock.now();
        if !self.db.read(move |c| webhooks::is_any_due(c, now)).await? {
            return Ok(0);
        }
        let claimed = self.db.write_guarded(move |c| webhooks::claim_due(c, now, LEASE, BATCH)).await?;
        let count = claimed.len();
        let sendings = claimed.into_iter().map(|message| self.send(message));
        futures_util::future::join_all(sendings).await.into_iter().collect::<Result<(), _>>()?;
        Ok(count)
    }

    async fn send(&self, claimed: WebhookMessage) -> Result<(), WebhookError> {
        let (now, client) = (self.clock.now(), claimed.partner_client_id);
        let (endpoint, secrets, is_active) = self
            .db
            .read(move |c| {
                let is_active = partners::find(c, client)?.is_some_and(|client| client.active);
                Ok::<_, StorageError>((
                    webhooks::find_endpoint(c, client)?,
                    webhooks::list_secrets(c, client, now)?,
                    is_active,
                ))
            })
            .await?;
        let endpoint =
            endpoint.filter(|endpoint| is_active && endpoint.state == WebhookEndpointState::Active);
        let answer = match &endpoint {
            None => Answer { status: None, failure: Some(WebhookFailure::NoEndpoint) },
            Some(endpoint) => {
                let Ok(signatures) = self.signatures(&secrets, &claimed, now) else {
                    return self.give_up(claimed).await;
                };
                let posted = self.client.post(&endpoint.url, &claimed, now, &signatures);
                let late = Answer { status: None, failure: Some(WebhookFailure::Unreachable) };
                tokio::time::timeout(ANSWER * 2, posted).await.unwrap_or(late)
            }
        };
        let is_gone = answer.status == Some(GONE);
        let again = pause_after(claimed.attempts).filter(|_| !is_gone && endpoint.is_some());
        let (state, next, label) = match (answer.failure, again) {
            (None, _) => (WebhookState::Delivered, None, "delivered"),
            (Some(_), Some(pause)) => (WebhookState::Queued, Some(self.clock.now().plus(pause)), "postponed"),
            (Some(_), None) => (WebhookState::Failed, None, "failed"),
        };
        metrics().webhook_messages.with_label_values(&[label]).inc();
        let settled = WebhookMessage {
            state,
            next_attempt_at: next,
            last_status: answer.status.map(i32::from),
            failure: answer.failure,
            ..claimed.clone()
        };
        self.db
            .write_guarded(move |c| {
                if let Some(endpoint) = endpoint.as_ref().filter(|_| is_gone) {
                    webhooks::disable_endpoint(c, client, endpoint.set_at)?;
                }
                webhooks::update_message(c, &claimed, &settled)
            })
            .await?;
        Ok(())
    }

    /// What cannot be signed is not sent; the client makes a new secret and replays it.
    async fn give_up(&self, claimed: WebhookMessage) -> Result<(), WebhookError> {
        metrics().webhook_messages.with_label_values(&["failed"]).inc();
        metrics().vault_failures.inc();
        let (state, failure) = (WebhookState::Failed, Some(WebhookFailure::NotSigned));
        let failed = WebhookMessage { state, failure, next_attempt_at: None, ..claimed.clone() };
        self.db.write_guarded(move |c| webhooks::update_message(c, &claimed, &failed)).await?;
        Ok(())
    }

    /// The signatures of an attempt, one by each secret that lives.
    fn signatures(
        &self,
        secrets: &[SealedWebhookSecret],
        message: &WebhookMessage,
        now: Timestamp,
    ) -> Result<String, WebhookError> {
        let id = message.id.to_string();
        let signatures = secrets.iter().map(|sealed| {
            let secret = self.open(sealed)?;
            sign(&secret, &id, now, &message.content).ok_or_else(unreadable)
        });
        Ok(signatures.collect::<Result<Vec<_>, VaultError>>()?.join(" "))
    }

    fn open(&self, sealed: &SealedWebhookSecret) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (version, wrapped) = sealed.secret.split_first_chunk::<4>().ok_or_else(unreadable)?;
        let version = u32::from_be_bytes(*version);
        let context: [&[u8]; 2] = [b"webhook-secret", sealed.id.as_bytes()];
        Ok(self.vault.kms().unwrap_bytes(KeyPurpose::System, version, &context, wrapped)?)
    }
}

fn unreadable() -> VaultError {
    VaultError::Broken { table: "webhook_secrets", column: "secret", why: "does not open" }
}

fn takes_messages(c: &mut Conn, client: PartnerClientId) -> Result<(), WebhookError> {
    match webhooks::find_endpoint(c, client)? {
        Some(endpoint) if endpoint.state == WebhookEndpointState::Active => Ok(()),
        _ => Err(WebhookError::StateConflict),
    }
}
