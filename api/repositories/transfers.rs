//! Transfers to a buyer of the company, who approved them, and whom they are about.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{transfer_approvals as a, transfers as t},
    },
    domain::{
        disclosure::{
            scope::DisclosureField,
            transfer::{Transfer, TransferApproval, TransferState},
        },
        ids::{AccountId, LeafId, RecipientId, StaffId, TransferId},
        time::Timestamp,
    },
};

const TABLE: &str = "transfers";

#[derive(Queryable)]
struct Row {
    id: TransferId,
    recipient_id: RecipientId,
    fields: String,
    notice_days: i32,
    state: String,
    drafted_by: StaffId,
    drafted_at: Timestamp,
    announced_by: Option<StaffId>,
    announced_at: Option<Timestamp>,
    window_ends_at: Option<Timestamp>,
    gathered_to: Option<AccountId>,
    cohort: i64,
    cohort_hash: Option<Vec<u8>>,
    completed_at: Option<Timestamp>,
    released: i64,
    manifest_hash: Option<Vec<u8>>,
}

impl TryFrom<Row> for Transfer {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let hash = |bytes: Option<Vec<u8>>| bytes.map(|bytes| hash32(TABLE, &bytes)).transpose();
        Ok(Self {
            id: row.id,
            recipient_id: row.recipient_id,
            fields: DisclosureField::split(&row.fields).ok_or(corrupt(TABLE, "an unknown field"))?,
            notice_days: row.notice_days,
            state: TransferState::parse(&row.state).ok_or(corrupt(TABLE, "an unknown state"))?,
            drafted_by: row.drafted_by,
            drafted_at: row.drafted_at,
            announced: row.announced_by.zip(row.announced_at),
            window_ends_at: row.window_ends_at,
            gathered_to: row.gathered_to,
            cohort: row.cohort,
            cohort_hash: hash(row.cohort_hash)?,
            completed_at: row.completed_at,
            released: row.released,
            manifest_hash: hash(row.manifest_hash)?,
        })
    }
}

pub fn insert(c: &mut Conn, transfer: &Transfer) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::transfer_id.eq(transfer.id),
            t::recipient_id.eq(transfer.recipient_id),
            t::fields.eq(DisclosureField::join(&transfer.fields)),
            t::notice_days.eq(transfer.notice_days),
            t::state.eq(transfer.state.as_str()),
            t::drafted_by.eq(transfer.drafted_by),
            t::drafted_at.eq(transfer.drafted_at),
            t::cohort.eq(transfer.cohort),
            t::released.eq(transfer.released),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Writes what is new of a transfer, if it is still in the state of `was`.
pub fn update(c: &mut Conn, was: &Transfer, transfer: &Transfer) -> Result<bool, StorageError> {
    let changed = diesel::update(t::table.find(was.id))
        .filter(t::state.eq(was.state.as_str()))
        .set((
            t::state.eq(transfer.state.as_str()),
            t::announced_by.eq(transfer.announced.map(|(by, _)| by)),
            t::announced_at.eq(transfer.announced.map(|(_, at)| at)),
            t::window_ends_at.eq(transfer.window_ends_at),
            t::gathered_to.eq(transfer.gathered_to),
            t::cohort.eq(transfer.cohort),
            t::cohort_hash.eq(transfer.cohort_hash.map(|hash| hash.to_vec())),
            t::completed_at.eq(transfer.completed_at),
            t::released.eq(transfer.released),
            t::manifest_hash.eq(transfer.manifest_hash.map(|hash| hash.to_vec())),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Holds a transfer until the transaction ends: what is done in its name is before its end or after it.
pub fn hold(c: &mut Conn, id: TransferId) -> Result<(), StorageError> {
    diesel::update(t::table.find(id)).set(t::state.eq(t::state)).execute(c)?;
    Ok(())
}

pub fn find(c: &mut Conn, id: TransferId) -> Result<Option<Transfer>, StorageError> {
    let row: Option<Row> = t::table.find(id).get_result(c).optional()?;
    row.map(Transfer::try_from).transpose()
}

/// Transfers after `cursor`, in the order of their ids.
pub fn list(c: &mut Conn, cursor: Option<TransferId>, limit: i64) -> Result<Vec<Transfer>, StorageError> {
    let after = cursor.unwrap_or(TransferId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> =
        t::table.filter(t::transfer_id.gt(after)).order(t::transfer_id).limit(limit).load(c)?;
    rows.into_iter().map(Transfer::try_from).collect()
}

/// The transfers in one of these states.
pub fn list_in_states(c: &mut Conn, states: &[TransferState]) -> Result<Vec<Transfer>, StorageError> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let rows: Vec<Row> = t::table.filter(t::state.eq_any(states)).order(t::transfer_id).load(c)?;
    rows.into_iter().map(Transfer::try_from).collect()
}

/// Adds an approval; `false` if this member approved before.
pub fn approve(c: &mut Conn, approval: &TransferApproval) -> Result<bool, StorageError> {
    let added = diesel::insert_into(a::table)
        .values((
            a::transfer_id.eq(approval.transfer_id),
            a::staff_id.eq(approval.staff_id),
            a::cohort_hash.eq(approval.cohort_hash.to_vec()),
            a::approved_at.eq(approval.approved_at),
            a::leaf_id.eq(approval.leaf_id),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

type ApprovalRow = (TransferId, StaffId, Vec<u8>, Timestamp, LeafId);

fn approval(row: ApprovalRow) -> Result<TransferApproval, StorageError> {
    let (transfer_id, staff_id, hash, approved_at, leaf_id) = row;
    let cohort_hash = hash32("transfer_approvals", &hash)?;
    Ok(TransferApproval { transfer_id, staff_id, cohort_hash, approved_at, leaf_id })
}

/// Who approved a transfer, first come first.
pub fn list_approvals(c: &mut Conn, id: TransferId) -> Result<Vec<TransferApproval>, StorageError> {
    let rows: Vec<ApprovalRow> =
        a::table.filter(a::transfer_id.eq(id)).order((a::approved_at, a::staff_id)).load(c)?;
    rows.into_iter().map(approval).collect()
}

/// All approvals; there are few.
pub fn list_all_approvals(c: &mut Conn) -> Result<Vec<TransferApproval>, StorageError> {
    let rows: Vec<ApprovalRow> = a::table.order((a::transfer_id, a::approved_at, a::staff_id)).load(c)?;
    rows.into_iter().map(approval).collect()
}
