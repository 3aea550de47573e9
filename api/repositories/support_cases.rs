//! Support cases and their messages.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{support_cases as t, support_messages as m},
    },
    domain::{
        ids::{AccountId, StaffId, SupportCaseId},
        support::{CaseCategory, CaseState, SupportCase},
        time::Timestamp,
    },
};

const TABLE: &str = "support_cases";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: SupportCaseId,
    category: String,
    state: String,
    opened_by_staff: Option<StaffId>,
    opened_at: Timestamp,
    due_at: Timestamp,
    updated_at: Timestamp,
    closed_at: Option<Timestamp>,
    messages: i64,
}

impl TryFrom<Row> for SupportCase {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            id: row.id,
            category: CaseCategory::parse(&row.category).ok_or(corrupt(TABLE, "an unknown category"))?,
            state: CaseState::parse(&row.state).ok_or(corrupt(TABLE, "an unknown state"))?,
            opened_by_staff: row.opened_by_staff,
            opened_at: row.opened_at,
            due_at: row.due_at,
            updated_at: row.updated_at,
            closed_at: row.closed_at,
            messages: row.messages,
        })
    }
}

pub fn insert(c: &mut Conn, case: &SupportCase) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(case.account_id),
            t::support_case_id.eq(case.id),
            t::category.eq(case.category.as_str()),
            t::state.eq(case.state.as_str()),
            t::opened_by_staff.eq(case.opened_by_staff),
            t::opened_at.eq(case.opened_at),
            t::due_at.eq(case.due_at),
            t::updated_at.eq(case.updated_at),
            t::closed_at.eq(case.closed_at),
            t::messages.eq(case.messages),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Writes a case as it stands now; `false` if somebody else wrote it since `was` was read.
pub fn update(c: &mut Conn, was: &SupportCase, case: &SupportCase) -> Result<bool, StorageError> {
    let written = diesel::update(t::table.find((case.account_id, case.id)))
        .filter(t::state.eq(was.state.as_str()))
        .filter(t::messages.eq(was.messages))
        .set((
            t::state.eq(case.state.as_str()),
            t::due_at.eq(case.due_at),
            t::updated_at.eq(case.updated_at),
            t::closed_at.eq(case.closed_at),
            t::messages.eq(case.messages),
        ))
        .execute(c)?;
    Ok(written == 1)
}

/// Closes whatever is open of a person who was erased: there is nobody to answer.
pub fn close_all(c: &mut Conn, owner: AccountId, now: Timestamp) -> Result<(), StorageError> {
    diesel::update(t::table.filter(t::account_id.eq(owner)))
        .filter(t::state.ne(CaseState::Closed.as_str()))
        .set((t::state.eq(CaseState::Closed.as_str()), t::updated_at.eq(now), t::closed_at.eq(Some(now))))
        .execute(c)?;
    Ok(())
}

/// The case, if it is the owner's.
pub fn find_owned(
    c: &mut Conn,
    owner: AccountId,
    id: SupportCaseId,
) -> Result<Option<SupportCase>, StorageError> {
    let row: Option<Row> = t::table.find((owner, id)).get_result(c).optional()?;
    row.map(SupportCase::try_from).transpose()
}

/// The case, whoever it is about.
pub fn find(c: &mut Conn, id: SupportCaseId) -> Result<Option<SupportCase>, StorageError> {
    let row: Option<Row> = t::table.filter(t::support_case_id.eq(id)).get_result(c).optional()?;
    row.map(SupportCase::try_from).transpose()
}

/// How many of the person's cases wait.
pub fn count_open(c: &mut Conn, owner: AccountId) -> Result<i64, StorageError> {
    Ok(t::table
        .filter(t::account_id.eq(owner))
        .filter(t::state.ne(CaseState::Closed.as_str()))
        .count()
        .get_result(c)?)
}

/// The person's cases before `cursor`, newest first.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    cursor: Option<SupportCaseId>,
    limit: i64,
) -> Result<Vec<SupportCase>, StorageError> {
    let before = cursor.unwrap_or(SupportCaseId::from_uuid(uuid::Uuid::max()));
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::support_case_id.lt(before))
        .order(t::support_case_id.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(SupportCase::try_from).collect()
}

/// Cases that wait for the support, the next to answer first.
pub fn list_waiting(
    c: &mut Conn,
    after: Option<(Timestamp, SupportCaseId)>,
    limit: i64,
) -> Result<Vec<SupportCase>, StorageError> {
    let (due, id) = after.unwrap_or((
        Timestamp::from_micros(0).ok_or(corrupt(TABLE, "no beginning of time"))?,
        SupportCaseId::from_uuid(uuid::Uuid::nil()),
    ));
    let rows: Vec<Row> = t::table
        .filter(t::state.eq(CaseState::Open.as_str()))
        .filter(t::due_at.gt(due).or(t::due_at.eq(due).and(t::support_case_id.gt(id))))
        .order((t::due_at, t::support_case_id))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(SupportCase::try_from).collect()
}

/// A message as it rests.
#[derive(Clone, Queryable)]
pub struct SealedCaseMessage {
    pub number: i64,
    pub staff_id: Option<StaffId>,
    pub body: Option<Vec<u8>>,
    pub sent_at: Timestamp,
}

pub fn insert_message(
    c: &mut Conn,
    owner: AccountId,
    id: SupportCaseId,
    message: &SealedCaseMessage,
) -> Result<(), StorageError> {
    diesel::insert_into(m::table)
        .values((
            m::account_id.eq(owner),
            m::support_case_id.eq(id),
            m::number.eq(message.number),
            m::staff_id.eq(message.staff_id),
            m::body.eq(message.body.clone()),
            m::sent_at.eq(message.sent_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The messages of a case, oldest first.
pub fn list_messages(
    c: &mut Conn,
    owner: AccountId,
    id: SupportCaseId,
) -> Result<Vec<SealedCaseMessage>, StorageError> {
    Ok(m::table
        .filter(m::account_id.eq(owner))
        .filter(m::support_case_id.eq(id))
        .select((m::number, m::staff_id, m::body, m::sent_at))
        .order(m::number)
        .load(c)?)
}
