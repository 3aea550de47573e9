//! Accounts: state, epoch, and the person's own count of events.

use std::collections::{HashMap, HashSet};

use diesel::{prelude::*, sql_types::Bool};

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, Fetch, StorageError, schema::accounts},
    domain::{
        account::{Account, AccountState, Standing, StateReason},
        consent::PolicyStanding,
        ids::AccountId,
        time::Timestamp,
    },
};

/// Adds an account whose count of events stands at `sequence`.
pub fn insert(c: &mut Conn, account: &Account, sequence: i64) -> Result<(), StorageError> {
    diesel::insert_into(accounts::table)
        .values((
            accounts::account_id.eq(account.id),
            accounts::state.eq(account.state.as_str()),
            accounts::state_reason.eq(account.reason.as_str()),
            accounts::state_since.eq(Some(account.created_at)),
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

/// Holds the person's row until the transaction ends, as [`take_sequence`] does, and takes no number; gives the
/// last that was taken.
pub fn hold(c: &mut Conn, id: AccountId) -> Result<Option<i64>, StorageError> {
    let held: Vec<i64> = diesel::update(accounts::table.find(id))
        .set(accounts::sequence.eq(accounts::sequence))
        .returning(accounts::sequence)
        .fetch(c)?;
    Ok(held.first().copied())
}

/// When the account was opened.
pub fn find_created_at(c: &mut Conn, id: AccountId) -> Result<Option<Timestamp>, StorageError> {
    Ok(accounts::table.find(id).select(accounts::created_at).get_result(c).optional()?)
}

/// The account's state and what is to be said of it.
pub fn find_standing(c: &mut Conn, id: AccountId) -> Result<Option<Standing>, StorageError> {
    #[derive(Queryable)]
    struct Row {
        state: String,
        reason: String,
        since: Option<Timestamp>,
        closes_at: Option<Timestamp>,
        created_at: Timestamp,
    }
    let row: Option<Row> = accounts::table
        .find(id)
        .select((
            accounts::state,
            accounts::state_reason,
            accounts::state_since,
            accounts::closes_at,
            accounts::created_at,
        ))
        .get_result(c)
        .optional()?;
    row.map(|row| {
        Ok(Standing {
            state: AccountState::parse(&row.state).ok_or(corrupt("accounts", "an unknown state"))?,
            reason: StateReason::parse(&row.reason).ok_or(corrupt("accounts", "an unknown reason"))?,
            since: row.since.unwrap_or(row.created_at),
            closes_at: row.closes_at,
        })
    })
    .transpose()
}

/// What a decision about policy or consent needs to know of the account.
#[derive(Clone, Copy, Debug)]
pub struct ConsentFacts {
    pub state: AccountState,
    /// The newest version that the person accepted; 0 after a refusal.
    pub accepted_policy_version: i32,
    /// The person's own number of the last refusal; 0 if there was none.
    pub policy_refused_sequence: i64,
    /// When what the service cannot do without was withdrawn.
    pub service_withdrawn_at: Option<Timestamp>,
}

impl ConsentFacts {
    pub const fn standing(&self, in_force: i32) -> PolicyStanding {
        PolicyStanding {
            accepted: self.accepted_policy_version,
            in_force,
            refused_at: self.policy_refused_sequence,
        }
    }
}

pub fn find_consent_facts(c: &mut Conn, id: AccountId) -> Result<Option<ConsentFacts>, StorageError> {
    Ok(list_consent_facts(c, &[id])?.remove(&id))
}

/// The same of some persons.
pub fn list_consent_facts(
    c: &mut Conn,
    ids: &[AccountId],
) -> Result<HashMap<AccountId, ConsentFacts>, StorageError> {
    let rows: Vec<(AccountId, String, i32, i64, Option<Timestamp>)> = accounts::table
        .filter(accounts::account_id.eq_any(ids))
        .select((
            accounts::account_id,
            accounts::state,
            accounts::accepted_policy_version,
            accounts::policy_refused_sequence,
            accounts::service_withdrawn_at,
        ))
        .load(c)?;
    rows.into_iter()
        .map(|(id, state, accepted_policy_version, policy_refused_sequence, service_withdrawn_at)| {
            let state = AccountState::parse(&state).ok_or(corrupt("accounts", "an unknown state"))?;
            let facts = ConsentFacts {
                state,
                accepted_policy_version,
                policy_refused_sequence,
                service_withdrawn_at,
            };
            Ok((id, facts))
        })
        .collect()
}

/// Notes the version that the person accepted.
pub fn set_accepted_policy(c: &mut Conn, id: AccountId, version: i32) -> Result<(), StorageError> {
    diesel::update(accounts::table.find(id)).set(accounts::accepted_policy_version.eq(version)).execute(c)?;
    Ok(())
}

/// Notes that the person refused the policy, by the event of this number.
pub fn set_policy_refused(c: &mut Conn, id: AccountId, sequence: i64) -> Result<(), StorageError> {
    diesel::update(accounts::table.find(id))
        .set((accounts::accepted_policy_version.eq(0), accounts::policy_refused_sequence.eq(sequence)))
        .execute(c)?;
    Ok(())
}

/// Notes since when the person withdraws what the service cannot do without; `None` once no more.
pub fn set_service_withdrawn(
    c: &mut Conn,
    id: AccountId,
    since: Option<Timestamp>,
) -> Result<(), StorageError> {
    diesel::update(accounts::table.find(id)).set(accounts::service_withdrawn_at.eq(since)).execute(c)?;
    Ok(())
}

/// Notes that a browser of the person asks for Global Privacy Control; `true` the first time.
pub fn note_gpc(c: &mut Conn, id: AccountId, now: Timestamp) -> Result<bool, StorageError> {
    let first = diesel::update(accounts::table.find(id))
        .filter(accounts::gpc_seen_at.is_null())
        .set(accounts::gpc_seen_at.eq(Some(now)))
        .execute(c)?;
    Ok(first == 1)
}

/// Moves an account into the state of `reason`; `false` if it cannot be entered from where it is.
pub fn change_state(
    c: &mut Conn,
    id: AccountId,
    reason: StateReason,
    closes_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    enter(c, id, reason, reason.from_states(), closes_at, now)
}

/// Moves an account into the state of `reason`, from one of these states alone; `false` if it is in another.
pub fn enter(
    c: &mut Conn,
    id: AccountId,
    reason: StateReason,
    from: &[AccountState],
    closes_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    // A closure that was taken back and asked for anew in this very moment has its own time to pass.
    let whenever = (reason != StateReason::ClosureCompleted).into_sql::<Bool>();
    let changed = diesel::update(accounts::table.find(id))
        .filter(accounts::state.eq_any(from))
        // Whoever is there already for this very reason enters nothing.
        .filter(accounts::state_reason.ne(reason.as_str()))
        .filter(whenever.or(accounts::closes_at.le(now).assume_not_null()))
        .set((
            accounts::state.eq(reason.state().as_str()),
            accounts::state_reason.eq(reason.as_str()),
            accounts::state_since.eq(Some(now)),
            accounts::closes_at.eq(closes_at),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Those of some persons who were erased.
pub fn list_erased(c: &mut Conn, ids: &[AccountId]) -> Result<HashSet<AccountId>, StorageError> {
    let erased: Vec<AccountId> = accounts::table
        .filter(accounts::account_id.eq_any(ids))
        .filter(accounts::state_reason.eq(StateReason::Erased.as_str()))
        .select(accounts::account_id)
        .load(c)?;
    Ok(erased.into_iter().collect())
}

/// Makes every session of an account that stands now a dead one.
pub fn raise_epoch(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::update(accounts::table.find(id)).set(accounts::epoch.eq(accounts::epoch + 1)).execute(c)?;
    Ok(())
}

/// Some accounts whose closure is due.
pub fn list_closing(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<AccountId>, StorageError> {
    Ok(accounts::table
        .filter(accounts::state.eq(AccountState::Closing.as_str()))
        .filter(accounts::closes_at.le(now).assume_not_null())
        .select(accounts::account_id)
        .limit(limit)
        .load(c)?)
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
