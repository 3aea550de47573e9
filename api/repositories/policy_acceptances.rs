//! The ledger of decisions about the policy; rows are only ever added.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, StorageError, schema::policy_acceptances as t},
    domain::{
        consent::{ConsentMethod, PolicyAcceptance, PolicyDecision},
        ids::{AccountId, DeviceRef, LeafId},
        time::Timestamp,
    },
};

const TABLE: &str = "policy_acceptances";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    sequence: i64,
    version: i32,
    content_hash: Vec<u8>,
    method: String,
    given_at: Timestamp,
    recorded_at: Timestamp,
    leaf_id: LeafId,
    decision: String,
    device_ref: Option<DeviceRef>,
}

impl TryFrom<Row> for PolicyAcceptance {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            sequence: row.sequence,
            version: row.version,
            content_hash: hash32(TABLE, &row.content_hash)?,
            decision: PolicyDecision::parse(&row.decision).ok_or(corrupt(TABLE, "an unknown decision"))?,
            method: ConsentMethod::parse(&row.method).ok_or(corrupt(TABLE, "an unknown method"))?,
            device_ref: row.device_ref,
            given_at: row.given_at,
            recorded_at: row.recorded_at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, acceptance: &PolicyAcceptance) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(acceptance.account_id),
            t::sequence.eq(acceptance.sequence),
            t::policy_version.eq(acceptance.version),
            t::content_hash.eq(acceptance.content_hash.to_vec()),
            t::method.eq(acceptance.method.as_str()),
            t::given_at.eq(acceptance.given_at),
            t::recorded_at.eq(acceptance.recorded_at),
            t::leaf_id.eq(acceptance.leaf_id),
            t::decision.eq(acceptance.decision.as_str()),
            t::device_ref.eq(acceptance.device_ref),
        ))
        .dispatch(c)?;
    Ok(())
}

/// What the person decided last.
pub fn find_last(c: &mut Conn, owner: AccountId) -> Result<Option<PolicyAcceptance>, StorageError> {
    let row: Option<Row> = t::table
        .filter(t::account_id.eq(owner))
        .order(t::sequence.desc())
        .limit(1)
        .get_result(c)
        .optional()?;
    row.map(PolicyAcceptance::try_from).transpose()
}

/// The person's decisions before the one numbered `before`, newest first.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    before: i64,
    limit: i64,
) -> Result<Vec<PolicyAcceptance>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::sequence.lt(before))
        .order(t::sequence.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(PolicyAcceptance::try_from).collect()
}

/// Rows of all persons after a place, in the order of the key.
pub fn list_all(
    c: &mut Conn,
    (account, sequence): (AccountId, i64),
    limit: i64,
) -> Result<Vec<PolicyAcceptance>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(PolicyAcceptance::try_from).collect()
}
