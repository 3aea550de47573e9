//! Which account a mailbox belongs to, by the blind index of its address.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::account_emails},
    domain::ids::AccountId,
};

/// The account behind any of `indexes`, which all stand for one address; one statement, found or not.
pub fn find_account(c: &mut Conn, indexes: &[(u32, [u8; 32])]) -> Result<Option<AccountId>, StorageError> {
    let indexes: Vec<Vec<u8>> = indexes.iter().map(|(_, index)| index.to_vec()).collect();
    Ok(account_emails::table
        .filter(account_emails::blind_index.eq_any(indexes))
        .select(account_emails::account_id)
        .limit(1)
        .get_result(c)
        .optional()?)
}

/// Gives the address to the account; [`StorageError::Duplicate`] if it is another's.
pub fn insert(c: &mut Conn, id: AccountId, indexes: &[(u32, [u8; 32])]) -> Result<(), StorageError> {
    for (version, index) in indexes {
        let version =
            i32::try_from(*version).map_err(|_| corrupt("account_emails", "a version out of range"))?;
        diesel::insert_into(account_emails::table)
            .values((
                account_emails::blind_index.eq(index.to_vec()),
                account_emails::key_version.eq(version),
                account_emails::account_id.eq(id),
            ))
            .dispatch(c)?;
    }
    Ok(())
}

/// Takes every address from the account.
pub fn delete_all(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::delete(account_emails::table.filter(account_emails::account_id.eq(id))).execute(c)?;
    Ok(())
}

/// Whether the account has a row under this version of the index key.
pub fn has_version(c: &mut Conn, id: AccountId, version: u32) -> Result<bool, StorageError> {
    let version = i32::try_from(version).map_err(|_| corrupt("account_emails", "a version out of range"))?;
    let rows: i64 = account_emails::table
        .filter(account_emails::account_id.eq(id))
        .filter(account_emails::key_version.eq(version))
        .count()
        .get_result(c)?;
    Ok(rows > 0)
}
