//! What tells at start whether the key file is the one that this data was sealed under.

use diesel::prelude::*;

use super::corrupt;
use crate::db::{Conn, Dispatch, StorageError, schema::key_checks};

/// All recorded checks: purpose, version, check value.
pub fn list(c: &mut Conn) -> Result<Vec<(String, i32, Vec<u8>)>, StorageError> {
    Ok(key_checks::table.load(c)?)
}

pub fn insert(c: &mut Conn, purpose: &'static str, version: u32, value: &[u8]) -> Result<(), StorageError> {
    let version = i32::try_from(version).map_err(|_| corrupt("key_checks", "a version out of range"))?;
    diesel::insert_into(key_checks::table)
        .values((
            key_checks::purpose.eq(purpose),
            key_checks::version.eq(version),
            key_checks::check_value.eq(value.to_vec()),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(())
}

/// Forgets what tells of a version that was destroyed.
pub fn delete(c: &mut Conn, purpose: &'static str, version: u32) -> Result<(), StorageError> {
    let version = i32::try_from(version).map_err(|_| corrupt("key_checks", "a version out of range"))?;
    diesel::delete(
        key_checks::table.filter(key_checks::purpose.eq(purpose)).filter(key_checks::version.eq(version)),
    )
    .execute(c)?;
    Ok(())
}
