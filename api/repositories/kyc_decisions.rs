//! What was decided about verifications; rows are only ever added.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{kyc_decisions as t, kyc_records as r},
        types::JsonText,
    },
    domain::{
        ids::{AccountId, KycCaseId, KycDecisionId, LeafId, StaffId},
        kyc::decision::{DecisionStep, KycDecision, KycOutcome},
        time::Timestamp,
    },
};

const TABLE: &str = "kyc_decisions";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    sequence: i64,
    id: KycDecisionId,
    case_id: KycCaseId,
    staff_id: StaffId,
    outcome: String,
    step: String,
    rejections: JsonText,
    overrides: JsonText,
    decided_at: Timestamp,
    leaf_id: LeafId,
}

impl TryFrom<Row> for KycDecision {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            sequence: row.sequence,
            id: row.id,
            case_id: row.case_id,
            staff_id: row.staff_id,
            outcome: KycOutcome::parse(&row.outcome).ok_or(corrupt(TABLE, "an unknown outcome"))?,
            step: DecisionStep::parse(&row.step).ok_or(corrupt(TABLE, "an unknown step"))?,
            rejections: read(&row.rejections)?,
            overrides: read(&row.overrides)?,
            decided_at: row.decided_at,
            leaf_id: row.leaf_id,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &JsonText) -> Result<Vec<T>, StorageError> {
    serde_json::from_str(&text.0).map_err(|_| corrupt(TABLE, "a list that does not parse"))
}

fn write<T: serde::Serialize>(list: &[T]) -> Result<JsonText, StorageError> {
    serde_json::to_string(list).map(JsonText).map_err(|_| corrupt(TABLE, "a list that does not write"))
}

pub fn append(c: &mut Conn, decision: &KycDecision) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(decision.account_id),
            t::sequence.eq(decision.sequence),
            t::kyc_decision_id.eq(decision.id),
            t::kyc_case_id.eq(decision.case_id),
            t::staff_id.eq(decision.staff_id),
            t::outcome.eq(decision.outcome.as_str()),
            t::step.eq(decision.step.as_str()),
            t::rejections.eq(write(&decision.rejections)?),
            t::overrides.eq(write(&decision.overrides)?),
            t::decided_at.eq(decision.decided_at),
            t::leaf_id.eq(decision.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The decisions about a case, oldest first.
pub fn list(c: &mut Conn, owner: AccountId, case: KycCaseId) -> Result<Vec<KycDecision>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::kyc_case_id.eq(case))
        .order(t::sequence)
        .load(c)?;
    rows.into_iter().map(KycDecision::try_from).collect()
}

/// Decisions about everybody after a place, in order.
pub fn list_all(
    c: &mut Conn,
    (account, sequence): (AccountId, i64),
    limit: i64,
) -> Result<Vec<KycDecision>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(KycDecision::try_from).collect()
}

/// Keeps what the law wants kept, sealed.
pub fn insert_record(
    c: &mut Conn,
    owner: AccountId,
    case: KycCaseId,
    sealed: &[u8],
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::insert_into(r::table)
        .values((
            r::account_id.eq(owner),
            r::kyc_case_id.eq(case),
            r::record.eq(Some(sealed.to_vec())),
            r::recorded_at.eq(now),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The last record that the law wants kept of a person: its verification, what is sealed, and since when.
pub fn find_last_record(
    c: &mut Conn,
    owner: AccountId,
) -> Result<Option<(KycCaseId, Vec<u8>, Timestamp)>, StorageError> {
    let found: Option<(KycCaseId, Option<Vec<u8>>, Timestamp)> = r::table
        .filter(r::account_id.eq(owner))
        .filter(r::record.is_not_null())
        .order((r::recorded_at.desc(), r::kyc_case_id.desc()))
        .select((r::kyc_case_id, r::record, r::recorded_at))
        .first(c)
        .optional()?;
    Ok(found.and_then(|(case, record, at)| Some((case, record?, at))))
}
