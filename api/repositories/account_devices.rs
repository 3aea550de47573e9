//! Which devices an account was used on, by the identifier of their cookie.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::account_devices},
    domain::{
        ids::{AccountId, DeviceId},
        time::Timestamp,
    },
};

/// Whether the account was used on the device before.
pub fn is_linked(c: &mut Conn, id: AccountId, device: DeviceId) -> Result<bool, StorageError> {
    let found: i64 = account_devices::table
        .filter(account_devices::account_id.eq(id))
        .filter(account_devices::device_id.eq(device))
        .count()
        .get_result(c)?;
    Ok(found == 1)
}

/// The devices of the account, with when it was used on them first and last.
pub fn list_owned(
    c: &mut Conn,
    id: AccountId,
) -> Result<Vec<(DeviceId, Timestamp, Timestamp)>, StorageError> {
    Ok(account_devices::table
        .filter(account_devices::account_id.eq(id))
        .select((account_devices::device_id, account_devices::first_seen_at, account_devices::last_seen_at))
        .order(account_devices::first_seen_at)
        .load(c)?)
}

/// Forgets that the account was used on the device.
pub fn unlink(c: &mut Conn, id: AccountId, device: DeviceId) -> Result<(), StorageError> {
    diesel::delete(account_devices::table.find((id, device))).execute(c)?;
    Ok(())
}

/// Forgets every device of the account.
pub fn unlink_all(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::delete(account_devices::table.filter(account_devices::account_id.eq(id))).execute(c)?;
    Ok(())
}

/// Notes that the account was used on the device.
pub fn link(c: &mut Conn, id: AccountId, device: DeviceId, now: Timestamp) -> Result<(), StorageError> {
    diesel::insert_into(account_devices::table)
        .values((
            account_devices::account_id.eq(id),
            account_devices::device_id.eq(device),
            account_devices::first_seen_at.eq(now),
            account_devices::last_seen_at.eq(now),
        ))
        .on_conflict((account_devices::account_id, account_devices::device_id))
        .do_update()
        .set(account_devices::last_seen_at.eq(now))
        .dispatch(c)?;
    Ok(())
}

/// Forgets some devices that were last seen before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(AccountId, DeviceId)> = account_devices::table
        .filter(account_devices::last_seen_at.lt(before))
        .select((account_devices::account_id, account_devices::device_id))
        .limit(limit)
        .load(c)?;
    for id in &past {
        diesel::delete(account_devices::table.find(*id))
            .filter(account_devices::last_seen_at.lt(before))
            .execute(c)?;
    }
    Ok(past.len())
}
