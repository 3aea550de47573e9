//! Accounts: state, epoch, and the person's own count of events.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, Fetch, StorageError, schema::accounts},
    domain::{account::Account, ids::AccountId},
};

/// Adds an account whose count of events stands at `sequence`.
pub fn insert(c: &mut Conn, account: &Account, sequence: i64) -> Result<(), StorageError> {
    diesel::insert_into(accounts::table)
        .values((
            accounts::account_id.eq(account.id),
            accounts::state.eq(account.state.as_str()),
            accounts::epoch.eq(account.epoch),
            accounts::sequence.eq(sequence),
            accounts::accepted_policy_version.eq(account.accepted_policy_version),
            accounts::created_at.eq(account.created_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Takes the next `count` numbers of the person's events and gives the first of them.
///
/// The update holds the person's row until the transaction ends, so numbers are given in commit order.
pub fn take_sequence(c: &mut Conn, id: AccountId, count: i64) -> Result<Option<i64>, StorageError> {
    let taken: Vec<i64> = diesel::update(accounts::table.find(id))
        .set(accounts::sequence.eq(accounts::sequence + count))
        .returning(accounts::sequence)
        .fetch(c)?;
    Ok(taken.first().map(|last| last - count + 1))
}

/// Which of `ids` have an account.
pub fn filter_existing(c: &mut Conn, ids: &[AccountId]) -> Result<Vec<AccountId>, StorageError> {
    let existing = accounts::table.filter(accounts::account_id.eq_any(ids));
    Ok(existing.select(accounts::account_id).load(c)?)
}

/// Some accounts after `cursor`, in the order of their ids.
pub fn list_ids(c: &mut Conn, cursor: Option<AccountId>, limit: i64) -> Result<Vec<AccountId>, StorageError> {
    let after = cursor.unwrap_or(AccountId::from_uuid(uuid::Uuid::nil()));
    Ok(accounts::table
        .filter(accounts::account_id.gt(after))
        .select(accounts::account_id)
        .order(accounts::account_id)
        .limit(limit)
        .load(c)?)
}
