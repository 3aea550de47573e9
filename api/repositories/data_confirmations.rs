//! When a person confirmed that the data held are complete and true (clause 3.8).

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::data_confirmations},
    domain::{account::DataConfirmation, ids::AccountId, time::Timestamp},
};

pub fn insert(c: &mut Conn, confirmation: &DataConfirmation) -> Result<(), StorageError> {
    diesel::insert_into(data_confirmations::table)
        .values((
            data_confirmations::account_id.eq(confirmation.account_id),
            data_confirmations::sequence.eq(confirmation.sequence),
            data_confirmations::data_confirmation_id.eq(confirmation.id),
            data_confirmations::profile_version.eq(confirmation.profile_version),
            data_confirmations::confirmed_at.eq(confirmation.confirmed_at),
            data_confirmations::leaf_id.eq(confirmation.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The person's confirmations, by their number, with when they were given.
pub fn list_owned(c: &mut Conn, id: AccountId) -> Result<Vec<(i64, Timestamp)>, StorageError> {
    Ok(data_confirmations::table
        .filter(data_confirmations::account_id.eq(id))
        .select((data_confirmations::sequence, data_confirmations::confirmed_at))
        .order(data_confirmations::sequence)
        .load(c)?)
}
