//! Which devices an account was used on, by the identifier of their cookie.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::account_devices},
    domain::{
        ids::{AccountId, DeviceId},
        time::Timestamp,
    },
};

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
