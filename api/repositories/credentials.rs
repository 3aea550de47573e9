//! Password hashes, sealed under the pepper.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{accounts, credentials},
    },
    domain::{
        account::{Account, AccountState, StateReason},
        ids::AccountId,
        time::Timestamp,
    },
};

#[derive(Queryable)]
struct Row {
    id: AccountId,
    state: String,
    reason: String,
    epoch: i64,
    accepted_policy_version: i32,
    created_at: Timestamp,
    password: Vec<u8>,
    version: i64,
    changed_at: Timestamp,
}

/// The password of an account as it rests.
#[derive(Clone)]
pub struct Credential {
    /// The hash, sealed under the pepper.
    pub sealed: Vec<u8>,
    /// Rises with every password that the person chooses; a fresh hash of the same one leaves it.
    pub version: i64,
    /// When the person chose it.
    pub changed_at: Timestamp,
}

/// An account with its password.
pub fn find_with_account(c: &mut Conn, id: AccountId) -> Result<Option<(Account, Credential)>, StorageError> {
    let row: Option<Row> = accounts::table
        .inner_join(credentials::table)
        .filter(accounts::account_id.eq(id))
        .select((
            accounts::account_id,
            accounts::state,
            accounts::state_reason,
            accounts::epoch,
            accounts::accepted_policy_version,
            accounts::created_at,
            credentials::password,
            credentials::version,
            credentials::changed_at,
        ))
        .get_result(c)
        .optional()?;
    row.map(|row| {
        let account = Account {
            id: row.id,
            state: AccountState::parse(&row.state).ok_or(corrupt("accounts", "an unknown state"))?,
            reason: StateReason::parse(&row.reason).ok_or(corrupt("accounts", "an unknown reason"))?,
            epoch: row.epoch,
            accepted_policy_version: row.accepted_policy_version,
            created_at: row.created_at,
        };
        Ok((account, Credential { sealed: row.password, version: row.version, changed_at: row.changed_at }))
    })
    .transpose()
}

pub fn insert(c: &mut Conn, id: AccountId, password: &[u8], now: Timestamp) -> Result<(), StorageError> {
    diesel::insert_into(credentials::table)
        .values((
            credentials::account_id.eq(id),
            credentials::password.eq(password.to_vec()),
            credentials::changed_at.eq(now),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Puts a new password in the place of the one of version `expected`; `false` if another was chosen
/// meanwhile. `reset_at` is kept where it is `None`.
pub fn change(
    c: &mut Conn,
    id: AccountId,
    expected: i64,
    password: &[u8],
    now: Timestamp,
    reset_at: Option<Timestamp>,
) -> Result<bool, StorageError> {
    let changed = diesel::update(credentials::table.find(id))
        .filter(credentials::version.eq(expected))
        .set((
            credentials::password.eq(password),
            credentials::changed_at.eq(now),
            credentials::version.eq(expected + 1),
        ))
        .execute(c)?;
    if let Some(reset_at) = reset_at {
        diesel::update(credentials::table.find(id))
            .set(credentials::reset_at.eq(Some(reset_at)))
            .execute(c)?;
    }
    Ok(changed == 1)
}

/// Which version of the password stands.
pub fn find_version(c: &mut Conn, id: AccountId) -> Result<Option<i64>, StorageError> {
    Ok(credentials::table.find(id).select(credentials::version).get_result(c).optional()?)
}

/// When the password was chosen, and when it was last reset.
pub fn find_instants(
    c: &mut Conn,
    id: AccountId,
) -> Result<Option<(Timestamp, Option<Timestamp>)>, StorageError> {
    Ok(credentials::table
        .find(id)
        .select((credentials::changed_at, credentials::reset_at))
        .get_result(c)
        .optional()?)
}

/// Puts a fresh hash of the same password in the place of `old`, if that still stands.
pub fn replace_hash(c: &mut Conn, id: AccountId, old: &[u8], new: &[u8]) -> Result<(), StorageError> {
    diesel::update(credentials::table.find(id))
        .filter(credentials::password.eq(old))
        .set(credentials::password.eq(new))
        .execute(c)?;
    Ok(())
}
