//! Recovery codes, by keyed hash; each works once.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::recovery_codes},
    domain::{ids::AccountId, time::Timestamp},
};

/// Puts new codes in the place of all old ones.
pub fn replace(c: &mut Conn, id: AccountId, macs: &[[u8; 32]], now: Timestamp) -> Result<(), StorageError> {
    delete_all(c, id)?;
    for mac in macs {
        diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::account_id.eq(id),
                recovery_codes::code_mac.eq(mac.to_vec()),
                recovery_codes::created_at.eq(now),
            ))
            .dispatch(c)?;
    }
    Ok(())
}

/// Uses a code up, under whichever of its keyed hashes it rests; `false` if it is unknown or used.
pub fn spend(c: &mut Conn, id: AccountId, macs: &[[u8; 32]], now: Timestamp) -> Result<bool, StorageError> {
    let macs: Vec<Vec<u8>> = macs.iter().map(|mac| mac.to_vec()).collect();
    let spent = diesel::update(recovery_codes::table)
        .filter(recovery_codes::account_id.eq(id))
        .filter(recovery_codes::code_mac.eq_any(macs))
        .filter(recovery_codes::used_at.is_null())
        .set(recovery_codes::used_at.eq(Some(now)))
        .execute(c)?;
    Ok(spent == 1)
}

pub fn delete_all(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::account_id.eq(id))).execute(c)?;
    Ok(())
}
