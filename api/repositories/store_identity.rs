//! Which installation a store belongs to; both stores have this table.

use diesel::prelude::*;

use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{store_identity, subject_keys},
    },
    domain::ids::InstallationId,
};

pub fn find(c: &mut Conn) -> Result<Option<InstallationId>, StorageError> {
    Ok(store_identity::table.select(store_identity::installation_id).get_result(c).optional()?)
}

/// Gives the store its identity, unless it has one; tells which it has now.
pub fn settle(c: &mut Conn, id: InstallationId) -> Result<InstallationId, StorageError> {
    diesel::insert_into(store_identity::table)
        .values((store_identity::singleton.eq(1_i16), store_identity::installation_id.eq(id)))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(store_identity::table.select(store_identity::installation_id).get_result(c)?)
}

/// Whether a key store holds any key.
pub fn has_keys(c: &mut Conn) -> Result<bool, StorageError> {
    let some: Option<i32> =
        subject_keys::table.select(subject_keys::version).limit(1).get_result(c).optional()?;
    Ok(some.is_some())
}
