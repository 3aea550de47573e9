//! New emails and phones that have not answered yet.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::contact_changes},
    domain::{
        account::ProfileField,
        ids::{AccountId, ContactChangeId},
        time::Timestamp,
    },
};

/// A change as it rests.
#[derive(Clone)]
pub struct ContactChange {
    pub account_id: AccountId,
    pub id: ContactChangeId,
    /// `Email` or `Phone`.
    pub field: ProfileField,
    pub new_value: Vec<u8>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

pub fn insert(c: &mut Conn, change: &ContactChange) -> Result<(), StorageError> {
    diesel::insert_into(contact_changes::table)
        .values((
            contact_changes::account_id.eq(change.account_id),
            contact_changes::contact_change_id.eq(change.id),
            contact_changes::field.eq(change.field.as_str()),
            contact_changes::new_value.eq(change.new_value.clone()),
            contact_changes::created_at.eq(change.created_at),
            contact_changes::expires_at.eq(change.expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The sealed new value of a live change of `owner`.
pub fn find_owned(
    c: &mut Conn,
    owner: AccountId,
    id: ContactChangeId,
    field: ProfileField,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(contact_changes::table
        .filter(contact_changes::account_id.eq(owner))
        .filter(contact_changes::contact_change_id.eq(id))
        .filter(contact_changes::field.eq(field.as_str()))
        .filter(contact_changes::expires_at.gt(now))
        .select(contact_changes::new_value)
        .get_result(c)
        .optional()?)
}

/// Calls off all changes of this field that wait.
pub fn delete_all(c: &mut Conn, owner: AccountId, field: ProfileField) -> Result<(), StorageError> {
    diesel::delete(
        contact_changes::table
            .filter(contact_changes::account_id.eq(owner))
            .filter(contact_changes::field.eq(field.as_str())),
    )
    .execute(c)?;
    Ok(())
}

/// Deletes some changes that lapsed before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(AccountId, ContactChangeId)> = contact_changes::table
        .filter(contact_changes::expires_at.lt(before))
        .select((contact_changes::account_id, contact_changes::contact_change_id))
        .limit(limit)
        .load(c)?;
    for id in &past {
        diesel::delete(contact_changes::table.find(*id)).execute(c)?;
    }
    Ok(past.len())
}
