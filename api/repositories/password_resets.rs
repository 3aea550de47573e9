//! Password resets that wait for their code. Each is a subject of its own, whether or not its address
//! has an account.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, Fetch, StorageError, schema::password_resets},
    domain::{email::Email, ids::AccountId, sealed::Sealed, time::Timestamp},
};

const TABLE: &str = "password_resets";

/// A reset as it rests.
#[derive(Clone)]
pub struct PasswordReset {
    /// The reset's own subject, not the account's.
    pub subject: AccountId,
    pub token_mac: [u8; 32],
    pub code_mac: [u8; 32],
    pub mac_version: u32,
    pub email: Sealed<Email>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

pub fn insert(c: &mut Conn, reset: &PasswordReset) -> Result<(), StorageError> {
    let version = i32::try_from(reset.mac_version).map_err(|_| corrupt(TABLE, "a version out of range"))?;
    diesel::insert_into(password_resets::table)
        .values((
            password_resets::account_id.eq(reset.subject),
            password_resets::token_mac.eq(reset.token_mac.to_vec()),
            password_resets::code_mac.eq(reset.code_mac.to_vec()),
            password_resets::mac_version.eq(version),
            password_resets::tries.eq(0),
            password_resets::email.eq(reset.email.envelope().to_vec()),
            password_resets::created_at.eq(reset.created_at),
            password_resets::expires_at.eq(reset.expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// What a try is compared with.
pub struct StoredReset {
    pub code_mac: [u8; 32],
    pub mac_version: u32,
    pub email: Sealed<Email>,
    pub created_at: Timestamp,
}

/// Counts one try and gives the reset, if it is live and has tries left.
///
/// The caller commits this before it compares any code.
pub fn count_try(
    c: &mut Conn,
    subject: AccountId,
    token_mac: &[u8; 32],
    max_tries: i32,
    now: Timestamp,
) -> Result<Option<StoredReset>, StorageError> {
    let rows: Vec<(Vec<u8>, i32, Vec<u8>, Timestamp)> = diesel::update(
        password_resets::table
            .filter(password_resets::account_id.eq(subject))
            .filter(password_resets::token_mac.eq(token_mac.to_vec()))
            .filter(password_resets::tries.lt(max_tries))
            .filter(password_resets::expires_at.gt(now)),
    )
    .set(password_resets::tries.eq(password_resets::tries + 1))
    .returning((
        password_resets::code_mac,
        password_resets::mac_version,
        password_resets::email,
        password_resets::created_at,
    ))
    .fetch(c)?;
    rows.into_iter()
        .next()
        .map(|(code_mac, version, email, created_at)| {
            Ok(StoredReset {
                code_mac: hash32(TABLE, &code_mac)?,
                mac_version: u32::try_from(version).map_err(|_| corrupt(TABLE, "a negative version"))?,
                email: Sealed::from_envelope(email),
                created_at,
            })
        })
        .transpose()
}

/// Uses the reset up; `false` if somebody did before. It lapses with that, and so goes with its keys.
pub fn consume(c: &mut Conn, subject: AccountId, now: Timestamp) -> Result<bool, StorageError> {
    let used = diesel::update(password_resets::table.find(subject))
        .filter(password_resets::expires_at.gt(now))
        .set(password_resets::expires_at.eq(now))
        .execute(c)?;
    Ok(used == 1)
}

/// Takes a reset away that lapsed before `now`; `false` if it was used meanwhile.
pub fn delete_lapsed(c: &mut Conn, subject: AccountId, now: Timestamp) -> Result<bool, StorageError> {
    let lapsed = password_resets::table.find(subject).filter(password_resets::expires_at.le(now));
    Ok(diesel::delete(lapsed).execute(c)? == 1)
}

/// Some resets that lapsed before `now`.
pub fn list_lapsed(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<AccountId>, StorageError> {
    Ok(password_resets::table
        .filter(password_resets::expires_at.le(now))
        .select(password_resets::account_id)
        .order(password_resets::expires_at)
        .limit(limit)
        .load(c)?)
}

/// The addresses of those that wait, as they are sealed, under whom they stand.
pub fn list_emails(c: &mut Conn, limit: i64) -> Result<Vec<(AccountId, Sealed<Email>)>, StorageError> {
    let rows: Vec<(AccountId, Vec<u8>)> = password_resets::table
        .select((password_resets::account_id, password_resets::email))
        .limit(limit)
        .load(c)?;
    Ok(rows.into_iter().map(|(id, email)| (id, Sealed::from_envelope(email))).collect())
}

/// Which of `ids` wait.
pub fn filter_existing(c: &mut Conn, ids: &[AccountId]) -> Result<Vec<AccountId>, StorageError> {
    let waiting = password_resets::table.filter(password_resets::account_id.eq_any(ids));
    Ok(waiting.select(password_resets::account_id).load(c)?)
}
