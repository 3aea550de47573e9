//! What gave rise to a closer look at an account; of each kind one is open at a time.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::kyc_flags as t},
    domain::{
        ids::{AccountId, KycFlagId},
        kyc::flag::{FlagKind, FlagState, KycFlag},
        time::Timestamp,
    },
};

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: KycFlagId,
    kind: String,
    state: String,
    raised_at: Timestamp,
    settled_at: Option<Timestamp>,
}

impl TryFrom<Row> for KycFlag {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            id: row.id,
            kind: FlagKind::parse(&row.kind).ok_or(corrupt("kyc_flags", "an unknown kind"))?,
            state: FlagState::parse(&row.state).ok_or(corrupt("kyc_flags", "an unknown state"))?,
            raised_at: row.raised_at,
            settled_at: row.settled_at,
        })
    }
}

/// Raises a flag; `false` if one of its kind is up.
pub fn raise(c: &mut Conn, flag: &KycFlag) -> Result<bool, StorageError> {
    let raised = diesel::insert_into(t::table)
        .values((
            t::account_id.eq(flag.account_id),
            t::kyc_flag_id.eq(flag.id),
            t::kind.eq(flag.kind.as_str()),
            t::state.eq(flag.state.as_str()),
            t::raised_at.eq(flag.raised_at),
            t::settled_at.eq(flag.settled_at),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(raised == 1)
}

/// The flags of an account that are up, oldest first.
pub fn list_open(c: &mut Conn, owner: AccountId) -> Result<Vec<KycFlag>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::settled_at.is_null())
        .order((t::raised_at, t::kyc_flag_id))
        .load(c)?;
    rows.into_iter().map(KycFlag::try_from).collect()
}

/// Takes every flag of an account down, as `state` says.
pub fn settle_all(
    c: &mut Conn,
    owner: AccountId,
    state: FlagState,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(t::table.filter(t::account_id.eq(owner)).filter(t::settled_at.is_null()))
        .set((t::state.eq(state.as_str()), t::settled_at.eq(Some(now))))
        .execute(c)?;
    Ok(())
}

/// A flag, whoever it is about.
pub fn find(c: &mut Conn, id: KycFlagId) -> Result<Option<KycFlag>, StorageError> {
    let row: Option<Row> = t::table.filter(t::kyc_flag_id.eq(id)).get_result(c).optional()?;
    row.map(KycFlag::try_from).transpose()
}

/// The flags that are up, in the order of their ids, which is that of time.
pub fn list_all_open(
    c: &mut Conn,
    after: Option<KycFlagId>,
    limit: i64,
) -> Result<Vec<KycFlag>, StorageError> {
    let after = after.unwrap_or(KycFlagId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> = t::table
        .filter(t::settled_at.is_null())
        .filter(t::kyc_flag_id.gt(after))
        .order(t::kyc_flag_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(KycFlag::try_from).collect()
}

/// Takes a flag down; `false` if it is not up.
pub fn settle(c: &mut Conn, flag: &KycFlag, state: FlagState, now: Timestamp) -> Result<bool, StorageError> {
    let settled = diesel::update(t::table.find((flag.account_id, flag.id)))
        .filter(t::settled_at.is_null())
        .set((t::state.eq(state.as_str()), t::settled_at.eq(Some(now))))
        .execute(c)?;
    Ok(settled == 1)
}

/// When a flag of an account was last taken down.
pub fn last_settled(c: &mut Conn, owner: AccountId) -> Result<Option<Timestamp>, StorageError> {
    Ok(t::table.filter(t::account_id.eq(owner)).select(diesel::dsl::max(t::settled_at)).get_result(c)?)
}
