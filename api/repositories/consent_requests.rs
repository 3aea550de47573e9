//! What persons are asked before a disclosure.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::consent_requests as t},
    domain::{
        disclosure::consent_request::{ConsentRequest, ConsentRequestState},
        ids::{AccountId, ConsentRequestId, DisclosureId},
        time::Timestamp,
    },
};

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: ConsentRequestId,
    number: i64,
    disclosure_id: DisclosureId,
    revision: i32,
    state: String,
    asked_at: Timestamp,
    expires_at: Timestamp,
    answered_at: Option<Timestamp>,
}

impl TryFrom<Row> for ConsentRequest {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            id: row.id,
            number: row.number,
            disclosure_id: row.disclosure_id,
            revision: row.revision,
            state: ConsentRequestState::parse(&row.state)
                .ok_or(corrupt("consent_requests", "an unknown state"))?,
            asked_at: row.asked_at,
            expires_at: row.expires_at,
            answered_at: row.answered_at,
        })
    }
}

pub fn insert(c: &mut Conn, request: &ConsentRequest) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(request.account_id),
            t::consent_request_id.eq(request.id),
            t::number.eq(request.number),
            t::disclosure_id.eq(request.disclosure_id),
            t::revision.eq(request.revision),
            t::state.eq(request.state.as_str()),
            t::asked_at.eq(request.asked_at),
            t::expires_at.eq(request.expires_at),
            t::answered_at.eq(request.answered_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The question, if it was put to the owner.
pub fn find_owned(
    c: &mut Conn,
    owner: AccountId,
    id: ConsentRequestId,
) -> Result<Option<ConsentRequest>, StorageError> {
    let row: Option<Row> = t::table.find((owner, id)).get_result(c).optional()?;
    row.map(ConsentRequest::try_from).transpose()
}

/// The owner's questions before `before`, newest first.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    before: i64,
    limit: i64,
) -> Result<Vec<ConsentRequest>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::number.lt(before))
        .order(t::number.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(ConsentRequest::try_from).collect()
}

/// The number of the last question that was put to the owner; 0 if there was none.
pub fn last_number(c: &mut Conn, owner: AccountId) -> Result<i64, StorageError> {
    let last: Option<i64> =
        t::table.filter(t::account_id.eq(owner)).select(diesel::dsl::max(t::number)).get_result(c)?;
    Ok(last.unwrap_or(0))
}

/// Moves a question on; `false` if it is in another state by now.
pub fn change_state(
    c: &mut Conn,
    request: &ConsentRequest,
    to: ConsentRequestState,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let changed = diesel::update(t::table.find((request.account_id, request.id)))
        .filter(t::state.eq(request.state.as_str()))
        .set((t::state.eq(to.as_str()), t::answered_at.eq(Some(now))))
        .execute(c)?;
    Ok(changed == 1)
}

/// Ends whatever question about a disclosure is in one of these states.
pub fn end(
    c: &mut Conn,
    owner: AccountId,
    disclosure: DisclosureId,
    from: &[ConsentRequestState],
    to: ConsentRequestState,
) -> Result<(), StorageError> {
    let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    diesel::update(t::table.filter(t::account_id.eq(owner)).filter(t::disclosure_id.eq(disclosure)))
        .filter(t::state.eq_any(from))
        .set(t::state.eq(to.as_str()))
        .execute(c)?;
    Ok(())
}

/// Ends whatever question about a disclosure is open.
pub fn end_open(
    c: &mut Conn,
    owner: AccountId,
    disclosure: DisclosureId,
    to: ConsentRequestState,
) -> Result<(), StorageError> {
    end(c, owner, disclosure, &[ConsentRequestState::Open], to)
}

/// Ends whatever a person is asked.
pub fn end_all(c: &mut Conn, owner: AccountId, to: ConsentRequestState) -> Result<(), StorageError> {
    diesel::update(t::table.filter(t::account_id.eq(owner)))
        .filter(t::state.eq(ConsentRequestState::Open.as_str()))
        .set(t::state.eq(to.as_str()))
        .execute(c)?;
    Ok(())
}

/// Whether the person was ever asked about a disclosure.
pub fn was_asked(c: &mut Conn, owner: AccountId, disclosure: DisclosureId) -> Result<bool, StorageError> {
    let asked: i64 = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::disclosure_id.eq(disclosure))
        .count()
        .get_result(c)?;
    Ok(asked > 0)
}
