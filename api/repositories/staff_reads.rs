//! Which member of staff opened which fields of whom; rows are only ever added.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::staff_reads as t},
    domain::{
        ids::{AccountId, LeafId, StaffId, StaffReadId, SupportCaseId},
        staff::{ReadPurpose, StaffRead},
        time::Timestamp,
    },
};

const TABLE: &str = "staff_reads";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    sequence: i64,
    id: StaffReadId,
    staff_id: StaffId,
    fields: String,
    purpose: String,
    support_case_id: SupportCaseId,
    read_at: Timestamp,
    leaf_id: LeafId,
}

impl TryFrom<Row> for StaffRead {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            sequence: row.sequence,
            id: row.id,
            staff_id: row.staff_id,
            fields: Self::parse_fields(&row.fields).ok_or(corrupt(TABLE, "an unknown field"))?,
            purpose: ReadPurpose::parse(&row.purpose).ok_or(corrupt(TABLE, "an unknown purpose"))?,
            support_case_id: row.support_case_id,
            read_at: row.read_at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, read: &StaffRead) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(read.account_id),
            t::sequence.eq(read.sequence),
            t::staff_read_id.eq(read.id),
            t::staff_id.eq(read.staff_id),
            t::fields.eq(read.field_names()),
            t::purpose.eq(read.purpose.as_str()),
            t::support_case_id.eq(read.support_case_id),
            t::read_at.eq(read.read_at),
            t::leaf_id.eq(read.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The reads of the person's data before `before`, newest first.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    before: i64,
    limit: i64,
) -> Result<Vec<StaffRead>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::sequence.lt(before))
        .order(t::sequence.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(StaffRead::try_from).collect()
}

/// Reads of everybody's data after a place, in order.
pub fn list_all(
    c: &mut Conn,
    (account, sequence): (AccountId, i64),
    limit: i64,
) -> Result<Vec<StaffRead>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(StaffRead::try_from).collect()
}
