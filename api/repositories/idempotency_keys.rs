//! Answers to repeated requests, recorded in the transaction of the first one's effect.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::idempotency_keys},
    domain::{ids::AccountId, time::Timestamp},
};

/// What a repeat is held against.
#[derive(Clone)]
pub struct IdempotencyRecord {
    pub caller_mac: [u8; 32],
    pub key_mac: [u8; 32],
    pub operation: &'static str,
    pub fingerprint: [u8; 32],
    pub account_id: AccountId,
    pub status: u16,
    /// `None` if the answer held a secret: a repeat then learns only that it was done.
    pub answer: Option<Vec<u8>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A record as a repeat finds it.
#[derive(Queryable)]
pub struct StoredAnswer {
    pub fingerprint: Vec<u8>,
    pub account_id: AccountId,
    pub status: i16,
    pub answer: Option<Vec<u8>>,
}

/// Records the answer; `false` if the key was taken meanwhile.
pub fn insert(c: &mut Conn, record: &IdempotencyRecord) -> Result<bool, StorageError> {
    let added = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::caller_mac.eq(record.caller_mac.to_vec()),
            idempotency_keys::key_mac.eq(record.key_mac.to_vec()),
            idempotency_keys::operation.eq(record.operation),
            idempotency_keys::fingerprint.eq(record.fingerprint.to_vec()),
            idempotency_keys::account_id.eq(record.account_id),
            idempotency_keys::status.eq(i16::try_from(record.status).unwrap_or(0)),
            idempotency_keys::answer.eq(record.answer.clone()),
            idempotency_keys::created_at.eq(record.created_at),
            idempotency_keys::expires_at.eq(record.expires_at),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// The record of a key, unless it has lapsed.
pub fn find(
    c: &mut Conn,
    caller_mac: &[u8; 32],
    key_mac: &[u8; 32],
    now: Timestamp,
) -> Result<Option<StoredAnswer>, StorageError> {
    Ok(idempotency_keys::table
        .find((caller_mac.to_vec(), key_mac.to_vec()))
        .filter(idempotency_keys::expires_at.gt(now))
        .select((
            idempotency_keys::fingerprint,
            idempotency_keys::account_id,
            idempotency_keys::status,
            idempotency_keys::answer,
        ))
        .get_result(c)
        .optional()?)
}

/// Deletes a lapsed record of this key, so that the key can be used again.
pub fn delete_lapsed(
    c: &mut Conn,
    caller_mac: &[u8; 32],
    key_mac: &[u8; 32],
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::delete(
        idempotency_keys::table
            .find((caller_mac.to_vec(), key_mac.to_vec()))
            .filter(idempotency_keys::expires_at.le(now)),
    )
    .execute(c)?;
    Ok(())
}

/// Deletes some lapsed records.
pub fn delete_some_lapsed(c: &mut Conn, now: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let lapsed: Vec<(Vec<u8>, Vec<u8>)> = idempotency_keys::table
        .filter(idempotency_keys::expires_at.le(now))
        .select((idempotency_keys::caller_mac, idempotency_keys::key_mac))
        .limit(limit)
        .load(c)?;
    for (caller, key) in &lapsed {
        diesel::delete(idempotency_keys::table.find((caller, key))).execute(c)?;
    }
    Ok(lapsed.len())
}
