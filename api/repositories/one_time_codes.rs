//! Codes that were mailed or sent, by keyed hash: one for each thing that waits for one.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, Fetch, StorageError, schema::one_time_codes},
    domain::{ids::AccountId, time::Timestamp},
};

const TABLE: &str = "one_time_codes";

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    SignInBySms,
    StepUpBySms,
    StepUpByMail,
    EmailChange,
    PhoneChange,
}

impl CodePurpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignInBySms => "sign_in_by_sms",
            Self::StepUpBySms => "step_up_by_sms",
            Self::StepUpByMail => "step_up_by_mail",
            Self::EmailChange => "email_change",
            Self::PhoneChange => "phone_change",
        }
    }
}

/// The one place where a code of a person can rest.
#[derive(Clone, Copy, Debug)]
pub struct CodePlace {
    pub account_id: AccountId,
    pub purpose: CodePurpose,
    /// The challenge, session or change that it is for.
    pub bound_to: [u8; 16],
}

impl CodePlace {
    fn key(&self) -> (AccountId, &'static str, Vec<u8>) {
        (self.account_id, self.purpose.as_str(), self.bound_to.to_vec())
    }
}

/// A code as it rests.
#[derive(Clone, Copy)]
pub struct StoredCode {
    pub mac: [u8; 32],
    pub mac_version: u32,
}

/// Puts a code into its place, instead of any earlier one.
pub fn put(
    c: &mut Conn,
    place: &CodePlace,
    code: &StoredCode,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StorageError> {
    let version = i32::try_from(code.mac_version).map_err(|_| corrupt(TABLE, "a version out of range"))?;
    delete(c, place)?;
    diesel::insert_into(one_time_codes::table)
        .values((
            one_time_codes::account_id.eq(place.account_id),
            one_time_codes::purpose.eq(place.purpose.as_str()),
            one_time_codes::bound_to.eq(place.bound_to.to_vec()),
            one_time_codes::code_mac.eq(code.mac.to_vec()),
            one_time_codes::mac_version.eq(version),
            one_time_codes::tries.eq(0),
            one_time_codes::created_at.eq(now),
            one_time_codes::expires_at.eq(expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Counts one try and gives the code, if it is live and has tries left.
///
/// The caller commits this before it compares.
pub fn count_try(
    c: &mut Conn,
    place: &CodePlace,
    max_tries: i32,
    now: Timestamp,
) -> Result<Option<StoredCode>, StorageError> {
    let rows: Vec<(Vec<u8>, i32)> = diesel::update(
        one_time_codes::table
            .filter(one_time_codes::account_id.eq(place.account_id))
            .filter(one_time_codes::purpose.eq(place.purpose.as_str()))
            .filter(one_time_codes::bound_to.eq(place.bound_to.to_vec()))
            .filter(one_time_codes::tries.lt(max_tries))
            .filter(one_time_codes::expires_at.gt(now)),
    )
    .set(one_time_codes::tries.eq(one_time_codes::tries + 1))
    .returning((one_time_codes::code_mac, one_time_codes::mac_version))
    .fetch(c)?;
    rows.first()
        .map(|(mac, version)| {
            let mac_version = u32::try_from(*version).map_err(|_| corrupt(TABLE, "a negative version"))?;
            Ok(StoredCode { mac: hash32(TABLE, mac)?, mac_version })
        })
        .transpose()
}

/// Takes the code away; `false` if it was used, replaced or called off before.
pub fn spend(c: &mut Conn, place: &CodePlace, code: &StoredCode) -> Result<bool, StorageError> {
    let same = one_time_codes::table.find(place.key()).filter(one_time_codes::code_mac.eq(code.mac.to_vec()));
    Ok(diesel::delete(same).execute(c)? == 1)
}

pub fn delete(c: &mut Conn, place: &CodePlace) -> Result<(), StorageError> {
    diesel::delete(one_time_codes::table.find(place.key())).execute(c)?;
    Ok(())
}

/// Calls off every code of a person.
pub fn delete_all(c: &mut Conn, owner: AccountId) -> Result<(), StorageError> {
    diesel::delete(one_time_codes::table.filter(one_time_codes::account_id.eq(owner))).execute(c)?;
    Ok(())
}

/// Deletes some codes that lapsed before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(AccountId, String, Vec<u8>)> = one_time_codes::table
        .filter(one_time_codes::expires_at.lt(before))
        .select((one_time_codes::account_id, one_time_codes::purpose, one_time_codes::bound_to))
        .limit(limit)
        .load(c)?;
    for (account, purpose, bound_to) in &past {
        // A fresh code may stand in the same place by now.
        diesel::delete(one_time_codes::table.find((*account, purpose, bound_to)))
            .filter(one_time_codes::expires_at.lt(before))
            .execute(c)?;
    }
    Ok(past.len())
}
