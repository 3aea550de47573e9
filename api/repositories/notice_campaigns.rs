//! How far telling everybody of a version has come.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{accounts, notice_campaigns as t, notices},
    },
    domain::{account::AccountState, ids::AccountId, notice::NoticeKind, time::Timestamp},
};

/// A publication that everybody is being told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Campaign {
    pub policy_version: i32,
    /// Counts batches: whoever writes the next one names the last.
    pub batch: i64,
    pub told_until: Option<AccountId>,
    pub told: i64,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// Begins to tell of a version.
pub fn insert(c: &mut Conn, policy_version: i32, now: Timestamp) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((t::policy_version.eq(policy_version), t::batch.eq(0), t::told.eq(0), t::started_at.eq(now)))
        .dispatch(c)?;
    Ok(())
}

/// The campaign of a version.
pub fn find(c: &mut Conn, policy_version: i32) -> Result<Option<Campaign>, StorageError> {
    Ok(t::table.find(policy_version).get_result(c).optional()?)
}

/// The oldest campaign that has not ended.
pub fn find_running(c: &mut Conn) -> Result<Option<Campaign>, StorageError> {
    Ok(t::table
        .filter(t::finished_at.is_null())
        .order(t::policy_version)
        .limit(1)
        .get_result(c)
        .optional()?)
}

/// Some accounts that are still to be told, in the order of their ids. Whoever accepted the version
/// while opening the account knows of it.
pub fn list_untold(c: &mut Conn, campaign: &Campaign, limit: i64) -> Result<Vec<AccountId>, StorageError> {
    let after = campaign.told_until.unwrap_or(AccountId::from_uuid(uuid::Uuid::nil()));
    Ok(accounts::table
        .filter(accounts::account_id.gt(after))
        .filter(accounts::state.ne(AccountState::Closed.as_str()))
        .filter(
            accounts::created_at
                .le(campaign.started_at)
                .or(accounts::accepted_policy_version.lt(campaign.policy_version)),
        )
        .select(accounts::account_id)
        .order(accounts::account_id)
        .limit(limit)
        .load(c)?)
}

/// Those of `ids` that have neither been told of it meanwhile, as whoever opens an account under an
/// older version is, nor closed their account.
pub fn list_still_untold(
    c: &mut Conn,
    campaign: &Campaign,
    ids: &[AccountId],
) -> Result<HashSet<AccountId>, StorageError> {
    let told: Vec<AccountId> = notices::table
        .filter(notices::account_id.eq_any(ids))
        .filter(notices::kind.eq(NoticeKind::PolicyPublished.as_str()))
        .filter(notices::policy_version.eq(campaign.policy_version).assume_not_null())
        .select(notices::account_id)
        .load(c)?;
    let mut untold: HashSet<AccountId> = accounts::table
        .filter(accounts::account_id.eq_any(ids))
        .filter(accounts::state.ne(AccountState::Closed.as_str()))
        .select(accounts::account_id)
        .load(c)?
        .into_iter()
        .collect();
    for id in told {
        untold.remove(&id);
    }
    Ok(untold)
}

/// Notes a batch, which ends the campaign if there is nobody after it; `false` if somebody else wrote one
/// since `campaign` was read.
pub fn advance(
    c: &mut Conn,
    campaign: &Campaign,
    told_until: Option<AccountId>,
    told: i64,
    finished_at: Option<Timestamp>,
) -> Result<bool, StorageError> {
    let advanced = diesel::update(t::table.find(campaign.policy_version))
        .filter(t::batch.eq(campaign.batch))
        .set((
            t::batch.eq(campaign.batch + 1),
            t::told_until.eq(told_until),
            t::told.eq(campaign.told + told),
            t::finished_at.eq(finished_at),
        ))
        .execute(c)?;
    Ok(advanced == 1)
}
