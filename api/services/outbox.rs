//! The outbox: messages are sealed rows written with their cause, and leave with retries.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::Notify;

use crate::{
    db::{Db, StorageError},
    domain::{
        data_dictionary::{Category, OUTBOX_CONTENT, OUTBOX_RECIPIENT},
        ids::MessageId,
        message::{Channel, Message},
        personal::{Personal, PersonalText},
        sealed::Sealed,
        time::Timestamp,
    },
    messages,
    repositories::outbox::{self, Claim, SealedMessage},
    services::{
        clock::Clock,
        transports::{Failure, Outgoing, Transport},
        vault::{Row, SubjectKeys, Vault, VaultError},
    },
    telemetry::metrics,
};

/// After so many attempts a message is given up.
const MAX_ATTEMPTS: i32 = 10;
/// The longest that handing a message over may take.
const SENDING: Duration = Duration::from_secs(25);
/// A claimed message comes again after this, should its sender have died.
const LEASE: TimeDelta = TimeDelta::seconds(40);
const BATCH: i64 = 16;

/// Seals messages, and sends what is due.
#[derive(Clone)]
pub struct OutboxService {
    db: Db,
    vault: Vault,
    clock: Clock,
    mail: Arc<Transport>,
    sms: Arc<Transport>,
    wake: Arc<Notify>,
}

/// Seals a message for `recipient`; the caller inserts it in the transaction of its cause.
///
/// # Errors
///
/// [`VaultError::NoKey`] if the person's messages were erased.
pub fn seal<T: Personal>(
    keys: &SubjectKeys,
    channel: Channel,
    recipient: &T,
    message: &Message,
    now: Timestamp,
) -> Result<SealedMessage, VaultError> {
    let id = MessageId::generate(now);
    let row = Row(id.as_bytes());
    let broken = VaultError::Broken { table: "outbox", column: "content", why: "does not write" };
    let content = serde_json::to_string(message).map_err(|_| broken)?;
    // Spaces behind JSON mean nothing: whichever template it is, the envelope has one length.
    let content = PersonalText::new(format!("{content:<200}"));
    Ok(SealedMessage {
        account_id: keys.account_id(),
        id,
        channel,
        recipient: keys.seal_bytes(&OUTBOX_RECIPIENT, row, recipient.expose().as_bytes())?,
        content: keys.seal(&OUTBOX_CONTENT, row, &content)?.into_envelope(),
        attempts: 0,
        created_at: now,
        bulk: false,
        courier: false,
    })
}

impl OutboxService {
    pub fn new(db: Db, vault: Vault, clock: Clock, mail: Transport, sms: Transport) -> Self {
        Self { db, vault, clock, mail: Arc::new(mail), sms: Arc::new(sms), wake: Arc::default() }
    }

    /// Tells the sender that a message was committed; without it the message waits a moment longer.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until a message was committed, here.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Sends what is due; gives the number of messages that it took up.
    ///
    /// # Errors
    ///
    /// Storage trouble. What was sent and not noted is sent again, with the same id.
    pub async fn send_due(&self) -> Result<usize, StorageError> {
        let now = self.clock.now();
        let claimed = self.db.write_guarded(move |c| outbox::claim_due(c, now, LEASE, BATCH)).await?;
        let count = claimed.len();
        let sendings = claimed.into_iter().map(|message| self.send(message));
        futures_util::future::join_all(sendings).await.into_iter().collect::<Result<(), _>>()?;
        Ok(count)
    }

    /// Tells the metrics how many messages wait. Counting a long queue takes a while, so it is not done at
    /// every batch.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn observe(&self) -> Result<(), StorageError> {
        let waiting = self.db.read_long(outbox::count_waiting).await?;
        metrics().outbox_queued.set(waiting);
        Ok(())
    }

    async fn send(&self, message: SealedMessage) -> Result<(), StorageError> {
        let claim = Claim { account_id: message.account_id, id: message.id, attempt: message.attempts };
        let outcome = match self.open(&message).await {
            Ok(outgoing) => {
                let way = match message.channel {
                    Channel::Mail => &self.mail,
                    Channel::Sms => &self.sms,
                };
                let sent = tokio::time::timeout(SENDING, way.send(&outgoing)).await;
                sent.unwrap_or(Err(Failure::Passing("too_slow")))
            }
            Err(VaultError::Storage(error)) => return Err(error),
            Err(VaultError::Kms(_)) => Err(Failure::Passing("key_management")),
            Err(VaultError::NoKey(_) | VaultError::Broken { .. }) => Err(Failure::Final("unreadable")),
        };
        let now = self.clock.now();
        let (label, failure) = match outcome {
            Ok(()) => ("sent", None),
            Err(Failure::Passing(why)) if message.attempts < MAX_ATTEMPTS => {
                metrics().outbox_messages.with_label_values(&[message.channel.as_str(), "postponed"]).inc();
                let at = now.plus(pause_after(message.attempts));
                return self.db.write_guarded(move |c| outbox::postpone(c, &claim, why, at)).await;
            }
            Err(Failure::Passing(why) | Failure::Final(why)) => ("failed", Some(why)),
        };
        if let Some(why) = failure {
            tracing::warn!(message.id = %message.id, why, "a message was given up");
        }
        metrics().outbox_messages.with_label_values(&[message.channel.as_str(), label]).inc();
        let is_courier = message.courier;
        self.db.write_guarded(move |c| outbox::settle(c, &claim, failure, now)).await?;
        if is_courier {
            // Where that fails, the sweep of keys without a person does it.
            if let Err(error) = self.vault.destroy(claim.account_id, Category::Messages, now).await {
                tracing::warn!(%error, "the key of a last message is left for the sweep");
            }
        }
        Ok(())
    }

    async fn open(&self, message: &SealedMessage) -> Result<Outgoing, VaultError> {
        let keys = self.vault.keys_to_open(message.account_id, &OUTBOX_CONTENT, &message.content).await?;
        let row = Row(message.id.as_bytes());
        let recipient: PersonalText =
            keys.open(&OUTBOX_RECIPIENT, row, &Sealed::from_envelope(message.recipient.clone()))?;
        let content: PersonalText =
            keys.open(&OUTBOX_CONTENT, row, &Sealed::from_envelope(message.content.clone()))?;
        let unreadable = || VaultError::Broken { table: "outbox", column: "content", why: "does not read" };
        let content: Message = serde_json::from_str(content.expose()).map_err(|_| unreadable())?;
        let language = messages::negotiate(&content.language);
        let text =
            messages::text(language, content.body.key(), &content.body.arguments()).ok_or_else(unreadable)?;
        Ok(Outgoing {
            id: message.id,
            channel: message.channel,
            recipient: recipient.expose().to_owned(),
            subject: text.subject,
            body: text.body,
        })
    }
}

/// Half a minute, doubling, at most two hours.
fn pause_after(attempts: i32) -> TimeDelta {
    TimeDelta::seconds(15 << attempts.clamp(1, 9))
}
