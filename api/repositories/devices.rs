//! Devices: whose they were last, what ledgers call them, how many events they have.

use diesel::prelude::*;

use super::accounts;
use crate::{
    db::{Conn, Dispatch, Fetch, StorageError, schema::devices as t},
    domain::{
        device::Device,
        ids::{AccountId, DeviceId, DeviceRef},
        time::Timestamp,
    },
};

#[derive(Queryable)]
struct Row {
    id: DeviceId,
    reference: DeviceRef,
    account_id: Option<AccountId>,
    sequence: i64,
    merged_sequence: i64,
    gpc_seen_at: Option<Timestamp>,
    _last_seen_at: Timestamp,
}

impl From<Row> for Device {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            reference: row.reference,
            account_id: row.account_id,
            sequence: row.sequence,
            merged_sequence: row.merged_sequence,
            gpc_seen_at: row.gpc_seen_at,
        }
    }
}

pub fn find(c: &mut Conn, id: DeviceId) -> Result<Option<Device>, StorageError> {
    let row: Option<Row> = t::table.find(id).get_result(c).optional()?;
    Ok(row.map(Device::from))
}

/// The device, which begins to be known under `reference` if it was not.
pub fn find_or_insert(
    c: &mut Conn,
    id: DeviceId,
    reference: DeviceRef,
    now: Timestamp,
) -> Result<Device, StorageError> {
    if let Some(device) = find(c, id)? {
        return Ok(device);
    }
    diesel::insert_into(t::table)
        .values((
            t::device_id.eq(id),
            t::device_ref.eq(reference),
            t::sequence.eq(0),
            t::merged_sequence.eq(0),
            t::last_seen_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    // Where two requests of a device that was never seen before meet, one of them names it.
    find(c, id)?.ok_or(StorageError::Conflict)
}

/// Notes that the account signed in on the device and took over its events up to `merged`; `false` if another
/// account did so meanwhile.
pub fn link(
    c: &mut Conn,
    id: DeviceId,
    account: AccountId,
    merged: i64,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let linked = diesel::update(t::table.find(id))
        .filter(t::account_id.is_null().or(t::account_id.eq(account).assume_not_null()))
        .set((t::account_id.eq(Some(account)), t::merged_sequence.eq(merged), t::last_seen_at.eq(now)))
        .execute(c)?;
    Ok(linked == 1)
}

/// Takes the next `count` numbers of the device's events and gives the first of them.
pub fn take_sequence(
    c: &mut Conn,
    id: DeviceId,
    count: i64,
    now: Timestamp,
) -> Result<Option<i64>, StorageError> {
    let taken: Vec<i64> = diesel::update(t::table.find(id))
        .set((t::sequence.eq(t::sequence + count), t::last_seen_at.eq(now)))
        .returning(t::sequence)
        .fetch(c)?;
    Ok(taken.first().map(|last| last - count + 1))
}

/// Holds the row of the device until the transaction ends, as [`take_sequence`] does, and takes no number; and before it
/// that of the person whom it is used with, as whoever signs in holds them.
pub fn hold(c: &mut Conn, id: DeviceId) -> Result<Option<AccountId>, StorageError> {
    let used_with = find(c, id)?.and_then(|known| known.account_id);
    if let Some(account) = used_with {
        accounts::hold(c, account)?;
    }
    let held: Vec<Option<AccountId>> = diesel::update(t::table.find(id))
        .set(t::sequence.eq(t::sequence))
        .returning(t::account_id)
        .fetch(c)?;
    // Somebody else signed in on it meanwhile.
    if held.first().copied().flatten() == used_with { Ok(used_with) } else { Err(StorageError::Conflict) }
}

/// Notes that the device asks for Global Privacy Control; `true` the first time.
pub fn note_gpc(c: &mut Conn, id: DeviceId, now: Timestamp) -> Result<bool, StorageError> {
    let first = diesel::update(t::table.find(id))
        .filter(t::gpc_seen_at.is_null())
        .set(t::gpc_seen_at.eq(Some(now)))
        .execute(c)?;
    Ok(first == 1)
}

/// What ledgers call the next device that the account is used with, after another.
pub fn find_next_of(
    c: &mut Conn,
    account: AccountId,
    after: DeviceRef,
) -> Result<Option<DeviceRef>, StorageError> {
    Ok(t::table
        .filter(t::account_id.eq(account).assume_not_null())
        .filter(t::device_ref.gt(after))
        .select(t::device_ref)
        .order(t::device_ref)
        .first(c)
        .optional()?)
}

/// Forgets some devices that were last seen before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<DeviceId> =
        t::table.filter(t::last_seen_at.lt(before)).select(t::device_id).limit(limit).load(c)?;
    for id in &past {
        diesel::delete(t::table.find(*id)).filter(t::last_seen_at.lt(before)).execute(c)?;
    }
    Ok(past.len())
}
