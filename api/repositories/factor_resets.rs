//! Requests to remove lost second factors: approved by two, carried out after a delay, cancelled by
//! the person at any time before.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::factor_resets},
    domain::{
        ids::{AccountId, FactorResetId, StaffId},
        time::Timestamp,
    },
};

const PENDING: [&str; 2] = ["requested", "approved"];

pub fn insert(c: &mut Conn, owner: AccountId, id: FactorResetId, now: Timestamp) -> Result<(), StorageError> {
    diesel::insert_into(factor_resets::table)
        .values((
            factor_resets::account_id.eq(owner),
            factor_resets::factor_reset_id.eq(id),
            factor_resets::state.eq("requested"),
            factor_resets::requested_at.eq(now),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The request of `owner` that waits, and since when.
pub fn find_pending(
    c: &mut Conn,
    owner: AccountId,
) -> Result<Option<(FactorResetId, Timestamp)>, StorageError> {
    Ok(factor_resets::table
        .filter(factor_resets::account_id.eq(owner))
        .filter(factor_resets::state.eq_any(PENDING))
        .select((factor_resets::factor_reset_id, factor_resets::requested_at))
        .get_result(c)
        .optional()?)
}

/// Ends a request that waits; `false` if it has ended.
pub fn cancel(
    c: &mut Conn,
    owner: AccountId,
    id: FactorResetId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let ended = diesel::update(factor_resets::table.find((owner, id)))
        .filter(factor_resets::state.eq_any(PENDING))
        .set((factor_resets::state.eq("cancelled"), factor_resets::ended_at.eq(Some(now))))
        .execute(c)?;
    Ok(ended == 1)
}

/// Some approved requests whose delay has passed.
pub fn list_due(
    c: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(AccountId, FactorResetId)>, StorageError> {
    Ok(factor_resets::table
        .filter(factor_resets::state.eq("approved"))
        .filter(factor_resets::executes_at.le(now).assume_not_null())
        .select((factor_resets::account_id, factor_resets::factor_reset_id))
        .limit(limit)
        .load(c)?)
}

/// Marks a due request as carried out; `false` if it was cancelled in this very moment.
pub fn execute(
    c: &mut Conn,
    owner: AccountId,
    id: FactorResetId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let done = diesel::update(factor_resets::table.find((owner, id)))
        .filter(factor_resets::state.eq("approved"))
        .filter(factor_resets::executes_at.le(now).assume_not_null())
        .set((factor_resets::state.eq("executed"), factor_resets::ended_at.eq(Some(now))))
        .execute(c)?;
    Ok(done == 1)
}

/// A request as staff decides on it.
#[derive(Clone, Copy, Queryable)]
pub struct WaitingReset {
    pub account_id: AccountId,
    pub id: FactorResetId,
    pub first_approver: Option<StaffId>,
}

/// The request, if it waits; its id alone names it to staff.
pub fn find(c: &mut Conn, id: FactorResetId) -> Result<Option<WaitingReset>, StorageError> {
    Ok(factor_resets::table
        .filter(factor_resets::factor_reset_id.eq(id))
        .filter(factor_resets::state.eq_any(PENDING))
        .select((factor_resets::account_id, factor_resets::factor_reset_id, factor_resets::first_approver))
        .get_result(c)
        .optional()?)
}

/// Records an approval, the second with the instant that it is carried out at; `false` if the request
/// has moved on since it was read.
pub fn approve(
    c: &mut Conn,
    reset: &WaitingReset,
    by: StaffId,
    executes_at: Option<Timestamp>,
) -> Result<bool, StorageError> {
    let waiting = diesel::update(factor_resets::table.find((reset.account_id, reset.id)))
        .filter(factor_resets::state.eq("requested"));
    let approved = if reset.first_approver.is_none() {
        waiting
            .filter(factor_resets::first_approver.is_null())
            .set(factor_resets::first_approver.eq(Some(by)))
            .execute(c)?
    } else {
        waiting
            .filter(factor_resets::first_approver.is_not_null())
            .set((
                factor_resets::second_approver.eq(Some(by)),
                factor_resets::state.eq("approved"),
                factor_resets::executes_at.eq(executes_at),
            ))
            .execute(c)?
    };
    Ok(approved == 1)
}
