//! Password hashes, sealed under the pepper.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{accounts, credentials},
    },
    domain::{
        account::{Account, AccountState},
        ids::AccountId,
        time::Timestamp,
    },
};

#[derive(Queryable)]
struct Row {
    id: AccountId,
    state: String,
    epoch: i64,
    accepted_policy_version: i32,
    created_at: Timestamp,
    password: Vec<u8>,
}

/// An account with the sealed hash of its password.
pub fn find_with_account(c: &mut Conn, id: AccountId) -> Result<Option<(Account, Vec<u8>)>, StorageError> {
    let row: Option<Row> = accounts::table
        .inner_join(credentials::table)
        .filter(accounts::account_id.eq(id))
        .select((
            accounts::account_id,
            accounts::state,
            accounts::epoch,
            accounts::accepted_policy_version,
            accounts::created_at,
            credentials::password,
        ))
        .get_result(c)
        .optional()?;
    row.map(|row| {
        let account = Account {
            id: row.id,
            state: AccountState::parse(&row.state).ok_or(corrupt("accounts", "an unknown state"))?,
            epoch: row.epoch,
            accepted_policy_version: row.accepted_policy_version,
            created_at: row.created_at,
        };
        Ok((account, row.password))
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

/// Puts a fresh hash of the same password in the place of `old`, if that still stands.
pub fn replace_hash(c: &mut Conn, id: AccountId, old: &[u8], new: &[u8]) -> Result<(), StorageError> {
    diesel::update(credentials::table.find(id))
        .filter(credentials::password.eq(old))
        .set(credentials::password.eq(new))
        .execute(c)?;
    Ok(())
}
