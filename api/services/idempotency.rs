//! Idempotency: a repeated request finds the answer of the first, or learns that it was done.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::{
    db::{Conn, Db, StorageError},
    domain::{data_dictionary::IDEMPOTENCY_ANSWER, ids::AccountId, time::Timestamp},
    repositories::idempotency_keys::{self, IdempotencyRecord},
    services::{
        clock::Clock,
        vault::{
            Row, SubjectKeys, Vault, VaultError,
            kms::{KeyPurpose, KmsError},
        },
    },
};

/// How long a key is remembered.
const REMEMBERED: TimeDelta = TimeDelta::hours(24);

/// Why a request with a key is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum IdempotencyError {
    #[error("the first request with this key is under way")]
    InUse,
    #[error("the key was used for another request")]
    Reused,
    #[error("the first request was carried out; its answer held a secret")]
    AlreadyDone,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(IdempotencyError, storage in Vault);

/// A request that may be repeated.
pub struct Request<'a> {
    /// The account that calls, or the device of a caller without a token; empty if neither is known.
    pub caller: &'a [u8],
    pub key: &'a str,
    pub operation: &'static str,
    pub body_digest: &'a [u8; 32],
}

/// What to do with the request.
pub enum Begin {
    /// Carry it out, and record it with the ticket.
    Fresh(Ticket),
    /// Answer with these bytes again.
    Replay { status: u16, answer: Vec<u8> },
}

/// The right to carry out a request; while it lives, repeats are told to wait.
pub struct Ticket {
    draft: Draft,
    under_way: Arc<Mutex<HashSet<[u8; 32]>>>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.draft.key_mac);
    }
}

impl Ticket {
    /// What a transaction needs to record the request.
    pub fn draft(&self) -> Draft {
        self.draft.clone()
    }
}

/// The record of a request before its answer is known.
#[derive(Clone)]
pub struct Draft {
    caller_mac: [u8; 32],
    key_mac: [u8; 32],
    operation: &'static str,
    fingerprint: [u8; 32],
    now: Timestamp,
}

impl Draft {
    /// Refuses a request whose first sending was carried out, by whichever process; for acts that do
    /// harm when they begin a second time.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::AlreadyDone`], or [`IdempotencyError::Reused`] for another request's key.
    pub fn refuse_if_done(&self, c: &mut Conn) -> Result<(), IdempotencyError> {
        match idempotency_keys::find(c, &self.caller_mac, &self.key_mac, self.now)? {
            None => Ok(()),
            Some(stored) if stored.fingerprint == self.fingerprint => Err(IdempotencyError::AlreadyDone),
            Some(_) => Err(IdempotencyError::Reused),
        }
    }

    /// Records, in the transaction of the effect, that the request was carried out, and that its
    /// answer holds a secret which is not kept.
    ///
    /// # Errors
    ///
    /// [`IdempotencyError::InUse`] if another process was faster.
    pub fn record_secret(
        &self,
        c: &mut Conn,
        subject: AccountId,
        status: u16,
    ) -> Result<(), IdempotencyError> {
        self.insert(c, subject, status, None)
    }

    /// Records the answer itself, sealed under the subject's key.
    ///
    /// # Errors
    ///
    /// As [`record_secret`](Self::record_secret).
    pub fn record_answer(
        &self,
        c: &mut Conn,
        keys: &SubjectKeys,
        status: u16,
        answer: &[u8],
    ) -> Result<(), IdempotencyError> {
        // Whose account is older than this key has a repeat refused, and not done again.
        let sealed = match keys.seal_bytes(&IDEMPOTENCY_ANSWER, Row(&self.key_mac), answer) {
            Ok(sealed) => Some(sealed),
            Err(VaultError::NoKey(_)) => None,
            Err(error) => return Err(error.into()),
        };
        self.insert(c, keys.account_id(), status, sealed)
    }

    fn insert(
        &self,
        c: &mut Conn,
        account_id: AccountId,
        status: u16,
        answer: Option<Vec<u8>>,
    ) -> Result<(), IdempotencyError> {
        idempotency_keys::delete_lapsed(c, &self.caller_mac, &self.key_mac, self.now)?;
        let record = IdempotencyRecord {
            caller_mac: self.caller_mac,
            key_mac: self.key_mac,
            operation: self.operation,
            fingerprint: self.fingerprint,
            account_id,
            status,
            answer,
            created_at: self.now,
            expires_at: self.now.plus(REMEMBERED),
        };
        if idempotency_keys::insert(c, &record)? { Ok(()) } else { Err(IdempotencyError::InUse) }
    }
}

/// How an act's answer is recorded, so that a repeat gets the same bytes.
pub struct Recording<T> {
    draft: Option<Draft>,
    status: u16,
    present: fn(&T) -> Vec<u8>,
}

impl<T> Clone for Recording<T> {
    fn clone(&self) -> Self {
        Self { draft: self.draft.clone(), ..*self }
    }
}

impl<T> Recording<T> {
    /// Records what `present` makes of a result, under `status`; nothing without a draft.
    pub const fn new(draft: Option<Draft>, status: u16, present: fn(&T) -> Vec<u8>) -> Self {
        Self { draft, status, present }
    }

    /// Records nothing, for what no request asked for or a repeat does no harm.
    pub const fn none() -> Self {
        Self::new(None, 200, |_| Vec::new())
    }

    /// Refuses a request whose first sending was carried out.
    ///
    /// # Errors
    ///
    /// As [`Draft::refuse_if_done`].
    pub fn refuse_if_done(&self, c: &mut Conn) -> Result<(), IdempotencyError> {
        self.draft.as_ref().map_or(Ok(()), |draft| draft.refuse_if_done(c))
    }

    /// Records that it was carried out, and nothing of the answer.
    ///
    /// # Errors
    ///
    /// As [`Draft::record_secret`].
    pub fn record_without_answer(&self, c: &mut Conn, subject: AccountId) -> Result<(), IdempotencyError> {
        self.draft.as_ref().map_or(Ok(()), |draft| draft.record_secret(c, subject, self.status))
    }

    /// Records the answer in the transaction of the effect.
    ///
    /// # Errors
    ///
    /// As [`Draft::record_answer`].
    pub fn record(&self, c: &mut Conn, keys: &SubjectKeys, result: &T) -> Result<(), IdempotencyError> {
        match &self.draft {
            Some(draft) => draft.record_answer(c, keys, self.status, &(self.present)(result)),
            None => Ok(()),
        }
    }
}

/// Remembers requests by their key.
#[derive(Clone)]
pub struct IdempotencyService {
    db: Db,
    vault: Vault,
    clock: Clock,
    under_way: Arc<Mutex<HashSet<[u8; 32]>>>,
}

impl IdempotencyService {
    pub fn new(db: Db, vault: Vault, clock: Clock) -> Self {
        Self { db, vault, clock, under_way: Arc::default() }
    }

    /// Looks the request up.
    ///
    /// # Errors
    ///
    /// Each refusal of [`IdempotencyError`].
    pub async fn begin(&self, request: Request<'_>) -> Result<Begin, IdempotencyError> {
        let draft = self.draft(&request)?;
        let fresh = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).insert(draft.key_mac);
        if !fresh {
            return Err(IdempotencyError::InUse);
        }
        let ticket = Ticket { draft, under_way: Arc::clone(&self.under_way) };
        let (caller_mac, key_mac, now) = (ticket.draft.caller_mac, ticket.draft.key_mac, ticket.draft.now);
        let stored = self.db.read(move |c| idempotency_keys::find(c, &caller_mac, &key_mac, now)).await?;
        let Some(stored) = stored else { return Ok(Begin::Fresh(ticket)) };
        if stored.fingerprint != ticket.draft.fingerprint {
            return Err(IdempotencyError::Reused);
        }
        let sealed = stored.answer.ok_or(IdempotencyError::AlreadyDone)?;
        let keys = self.vault.keys_to_open(stored.account_id, &IDEMPOTENCY_ANSWER, &sealed).await?;
        if !keys.can_open(&IDEMPOTENCY_ANSWER, &sealed) {
            // It went with an erasure, and is not done again.
            return Err(IdempotencyError::AlreadyDone);
        }
        let answer = keys.open_bytes(&IDEMPOTENCY_ANSWER, Row(&key_mac), &sealed)?;
        Ok(Begin::Replay { status: u16::try_from(stored.status).unwrap_or(200), answer: answer.to_vec() })
    }

    /// Keyed, so that a leaked table tells neither keys nor bodies. The oldest live key is used:
    /// a rotation then forgets nobody's request within its day.
    fn draft(&self, request: &Request<'_>) -> Result<Draft, KmsError> {
        let kms = self.vault.kms();
        let version = kms.live_versions(KeyPurpose::TokenMac).last().copied().unwrap_or(1);
        let mac = |parts: &[&[u8]]| kms.mac(KeyPurpose::TokenMac, version, parts);
        let caller = request.caller;
        Ok(Draft {
            caller_mac: mac(&[b"idempotency-caller", caller])?,
            key_mac: mac(&[b"idempotency-key", caller, request.key.as_bytes()])?,
            operation: request.operation,
            fingerprint: mac(&[
                b"idempotency-body",
                caller,
                request.operation.as_bytes(),
                request.body_digest,
            ])?,
            now: self.clock.now(),
        })
    }
}

/// The digest that stands for a request's body.
pub fn digest(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}
