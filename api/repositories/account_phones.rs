//! Which accounts have a number, by its blind index: verified ones only, and one number may be several
//! people's.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::account_phones as t},
    domain::ids::AccountId,
};

/// Gives the account a number in the place of the one before, or none.
pub fn replace(c: &mut Conn, id: AccountId, indexes: &[(u32, [u8; 32])]) -> Result<(), StorageError> {
    diesel::delete(t::table.filter(t::account_id.eq(id))).execute(c)?;
    for (version, index) in indexes {
        let version =
            i32::try_from(*version).map_err(|_| corrupt("account_phones", "a version out of range"))?;
        diesel::insert_into(t::table)
            .values((t::account_id.eq(id), t::key_version.eq(version), t::blind_index.eq(index.to_vec())))
            .dispatch(c)?;
    }
    Ok(())
}

/// The account behind any of `indexes`, which all stand for one number; the newest, if it is several's.
pub fn find_account(c: &mut Conn, indexes: &[(u32, [u8; 32])]) -> Result<Option<AccountId>, StorageError> {
    let indexes: Vec<Vec<u8>> = indexes.iter().map(|(_, index)| index.to_vec()).collect();
    Ok(t::table
        .filter(t::blind_index.eq_any(indexes))
        .select(t::account_id)
        .order(t::account_id.desc())
        .limit(1)
        .get_result(c)
        .optional()?)
}
