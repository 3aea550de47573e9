//! What persons tell for a verification, sealed.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::kyc_details as t},
    domain::{ids::AccountId, time::Timestamp},
};

/// Details as they rest.
#[derive(Clone, Queryable)]
pub struct SealedKycDetails {
    pub birth_date: Option<Vec<u8>>,
    pub residence: Option<Vec<u8>>,
    pub updated_at: Timestamp,
}

pub fn find(c: &mut Conn, owner: AccountId) -> Result<Option<SealedKycDetails>, StorageError> {
    Ok(t::table.find(owner).select((t::birth_date, t::residence, t::updated_at)).get_result(c).optional()?)
}

/// Keeps what the person told last.
pub fn put(c: &mut Conn, owner: AccountId, details: &SealedKycDetails) -> Result<(), StorageError> {
    let told = (
        t::birth_date.eq(details.birth_date.clone()),
        t::residence.eq(details.residence.clone()),
        t::updated_at.eq(details.updated_at),
    );
    if diesel::update(t::table.find(owner)).set(told.clone()).execute(c)? == 0 {
        diesel::insert_into(t::table)
            .values((t::account_id.eq(owner), told.0, told.1, told.2))
            .dispatch(c)?;
    }
    Ok(())
}

/// Forgets what the person told.
pub fn delete(c: &mut Conn, owner: AccountId) -> Result<(), StorageError> {
    diesel::delete(t::table.find(owner)).execute(c)?;
    Ok(())
}
