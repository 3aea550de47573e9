//! What reviewers write to each other about a verification, sealed.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::kyc_notes as t},
    domain::{
        ids::{AccountId, KycCaseId, StaffId},
        time::Timestamp,
    },
};

/// A note as it rests.
#[derive(Clone, Queryable)]
pub struct SealedNote {
    pub number: i64,
    pub staff_id: StaffId,
    pub body: Option<Vec<u8>>,
    pub written_at: Timestamp,
}

/// The number that the next note of a case bears.
pub fn next_number(c: &mut Conn, owner: AccountId, case: KycCaseId) -> Result<i64, StorageError> {
    let last: Option<i64> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::kyc_case_id.eq(case))
        .select(diesel::dsl::max(t::number))
        .get_result(c)?;
    Ok(last.unwrap_or(0) + 1)
}

pub fn insert(
    c: &mut Conn,
    owner: AccountId,
    case: KycCaseId,
    note: &SealedNote,
) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(owner),
            t::kyc_case_id.eq(case),
            t::number.eq(note.number),
            t::staff_id.eq(note.staff_id),
            t::body.eq(note.body.clone()),
            t::written_at.eq(note.written_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The notes of a case, oldest first.
pub fn list(c: &mut Conn, owner: AccountId, case: KycCaseId) -> Result<Vec<SealedNote>, StorageError> {
    Ok(t::table
        .filter(t::account_id.eq(owner))
        .filter(t::kyc_case_id.eq(case))
        .select((t::number, t::staff_id, t::body, t::written_at))
        .order(t::number)
        .load(c)?)
}
