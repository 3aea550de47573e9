//! What accounts were seen to do, each once.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::kyc_signals as t},
    domain::{
        ids::{AccountId, KycSignalId},
        kyc::signal::{Signal, SignalKind},
        time::Timestamp,
    },
};

/// Keeps a signal; `false` if it is known already.
pub fn insert(
    c: &mut Conn,
    signal: &Signal,
    reference: &[u8; 32],
    now: Timestamp,
) -> Result<bool, StorageError> {
    let added = diesel::insert_into(t::table)
        .values((
            t::account_id.eq(signal.account_id),
            t::kyc_signal_id.eq(signal.id),
            t::kind.eq(signal.kind.as_str()),
            t::reference_mac.eq(reference.to_vec()),
            t::occurred_at.eq(signal.occurred_at),
            t::received_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// The signals of an account that occurred after an instant, and were received after another, if one is given.
pub fn list_since(
    c: &mut Conn,
    owner: AccountId,
    since: Timestamp,
    received_after: Option<Timestamp>,
) -> Result<Vec<Signal>, StorageError> {
    let rows: Vec<(KycSignalId, String, Timestamp)> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::occurred_at.gt(since))
        .filter(t::received_at.gt(received_after.unwrap_or(since)))
        .select((t::kyc_signal_id, t::kind, t::occurred_at))
        .load(c)?;
    rows.into_iter()
        .map(|(id, kind, occurred_at)| {
            let kind = SignalKind::parse(&kind).ok_or(corrupt("kyc_signals", "an unknown kind"))?;
            Ok(Signal { account_id: owner, id, kind, occurred_at })
        })
        .collect()
}

/// Some accounts with signals that nobody weighed.
pub fn list_waiting(c: &mut Conn, limit: i64) -> Result<Vec<AccountId>, StorageError> {
    Ok(t::table.filter(t::weighed_at.is_null()).select(t::account_id).distinct().limit(limit).load(c)?)
}

/// Notes that an account's signals were weighed; `false` if none waited.
pub fn note_weighed(c: &mut Conn, owner: AccountId, now: Timestamp) -> Result<bool, StorageError> {
    let weighed = diesel::update(t::table.filter(t::account_id.eq(owner)).filter(t::weighed_at.is_null()))
        .set(t::weighed_at.eq(Some(now)))
        .execute(c)?;
    Ok(weighed > 0)
}

/// Deletes some signals that were received before an instant.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(AccountId, KycSignalId)> = t::table
        .filter(t::received_at.lt(before))
        .select((t::account_id, t::kyc_signal_id))
        .limit(limit)
        .load(c)?;
    for id in &past {
        diesel::delete(t::table.find(*id)).execute(c)?;
    }
    Ok(past.len())
}
