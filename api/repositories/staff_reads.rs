//! Which member of staff opened which fields of whom; rows are only ever added.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::staff_reads as t},
    domain::{
        ids::{
            AccountId, DocumentId, KycCaseId, LeafId, RightsRequestId, StaffId, StaffReadId, SupportCaseId,
        },
        staff::{ReadCase, ReadPurpose, StaffRead},
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
    support_case_id: Option<SupportCaseId>,
    read_at: Timestamp,
    leaf_id: LeafId,
    kyc_case_id: Option<KycCaseId>,
    document_id: Option<DocumentId>,
    rights_request_id: Option<RightsRequestId>,
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
            case: match (row.support_case_id, row.kyc_case_id, row.rights_request_id) {
                (Some(case), None, None) => ReadCase::Support(case),
                (None, Some(case), None) => ReadCase::Kyc(case, row.document_id),
                (None, None, Some(request)) => ReadCase::Rights(request, row.document_id),
                _ => return Err(corrupt(TABLE, "a read for no case, or for two")),
            },
            read_at: row.read_at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, read: &StaffRead) -> Result<(), StorageError> {
    let (support_case, kyc_case, request, document) = match read.case {
        ReadCase::Support(case) => (Some(case), None, None, None),
        ReadCase::Kyc(case, document) => (None, Some(case), None, document),
        ReadCase::Rights(request, document) => (None, None, Some(request), document),
    };
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(read.account_id),
            t::sequence.eq(read.sequence),
            t::staff_read_id.eq(read.id),
            t::staff_id.eq(read.staff_id),
            t::fields.eq(read.field_names()),
            t::purpose.eq(read.purpose.as_str()),
            t::support_case_id.eq(support_case),
            t::read_at.eq(read.read_at),
            t::leaf_id.eq(read.leaf_id),
            t::kyc_case_id.eq(kyc_case),
            t::document_id.eq(document),
            t::rights_request_id.eq(request),
        ))
        .dispatch(c)?;
    Ok(())
}

/// A read, whoever it is about.
pub fn find(c: &mut Conn, id: StaffReadId) -> Result<Option<StaffRead>, StorageError> {
    let row: Option<Row> = t::table.filter(t::staff_read_id.eq(id)).get_result(c).optional()?;
    row.map(StaffRead::try_from).transpose()
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

/// Whether a member opened what was told for a verification at or after an instant.
pub fn has_opened(
    c: &mut Conn,
    owner: AccountId,
    by: StaffId,
    case: KycCaseId,
    since: Timestamp,
) -> Result<bool, StorageError> {
    let opened: i64 = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::staff_id.eq(by))
        .filter(t::kyc_case_id.eq(case))
        .filter(t::document_id.is_null())
        .filter(t::read_at.ge(since))
        .count()
        .get_result(c)?;
    Ok(opened > 0)
}

/// Whether a member opened what was told for a rights request at or after an instant.
pub fn has_opened_request(
    c: &mut Conn,
    owner: AccountId,
    by: StaffId,
    request: RightsRequestId,
    since: Timestamp,
) -> Result<bool, StorageError> {
    let opened: i64 = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::staff_id.eq(by))
        .filter(t::rights_request_id.eq(request))
        .filter(t::document_id.is_null())
        .filter(t::read_at.ge(since))
        .count()
        .get_result(c)?;
    Ok(opened > 0)
}

/// Which files a member opened for a rights request.
pub fn list_opened_evidence(
    c: &mut Conn,
    owner: AccountId,
    by: StaffId,
    request: RightsRequestId,
) -> Result<Vec<DocumentId>, StorageError> {
    let opened: Vec<Option<DocumentId>> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::staff_id.eq(by))
        .filter(t::rights_request_id.eq(request))
        .select(t::document_id)
        .load(c)?;
    Ok(opened.into_iter().flatten().collect())
}
