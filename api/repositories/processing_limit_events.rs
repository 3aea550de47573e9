//! Restrictions and objections of persons; rows are only ever added.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::processing_limit_events as t},
    domain::{
        disclosure::limit::{LimitEvent, LimitKind, LimitScope, LimitStep},
        ids::{AccountId, LeafId, ProcessingLimitId},
        purpose::{PersonalDataClass, Purpose},
        time::Timestamp,
    },
};

const TABLE: &str = "processing_limit_events";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    sequence: i64,
    id: ProcessingLimitId,
    step: String,
    kind: String,
    purpose: Option<String>,
    data_class: Option<String>,
    at: Timestamp,
    leaf_id: LeafId,
}

impl TryFrom<Row> for LimitEvent {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let purpose = |text: String| Purpose::parse(&text).ok_or(corrupt(TABLE, "an unknown purpose"));
        let class = |text: String| PersonalDataClass::parse(&text).ok_or(corrupt(TABLE, "an unknown class"));
        Ok(Self {
            account_id: row.account_id,
            sequence: row.sequence,
            id: row.id,
            step: LimitStep::parse(&row.step).ok_or(corrupt(TABLE, "an unknown step"))?,
            scope: LimitScope {
                kind: LimitKind::parse(&row.kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
                purpose: row.purpose.map(purpose).transpose()?,
                data_class: row.data_class.map(class).transpose()?,
            },
            at: row.at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, event: &LimitEvent) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(event.account_id),
            t::sequence.eq(event.sequence),
            t::processing_limit_id.eq(event.id),
            t::step.eq(event.step.as_str()),
            t::kind.eq(event.scope.kind.as_str()),
            t::purpose.eq(event.scope.purpose.map(Purpose::as_str)),
            t::data_class.eq(event.scope.data_class.map(PersonalDataClass::as_str)),
            t::occurred_at.eq(event.at),
            t::leaf_id.eq(event.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The limits of a person that stand: each by the event that began it.
pub fn list_standing(c: &mut Conn, owner: AccountId) -> Result<Vec<LimitEvent>, StorageError> {
    list_standing_of(c, &[owner])
}

/// The same of some persons.
pub fn list_standing_of(c: &mut Conn, owners: &[AccountId]) -> Result<Vec<LimitEvent>, StorageError> {
    let rows: Vec<Row> = t::table.filter(t::account_id.eq_any(owners)).order(t::sequence).load(c)?;
    let mut standing: Vec<LimitEvent> = Vec::new();
    for row in rows {
        let event = LimitEvent::try_from(row)?;
        match event.step {
            LimitStep::Begun => standing.push(event),
            LimitStep::Ended => standing.retain(|begun| begun.id != event.id),
        }
    }
    Ok(standing)
}

/// Events of all persons after a place, in order.
pub fn list_all(
    c: &mut Conn,
    (account, sequence): (AccountId, i64),
    limit: i64,
) -> Result<Vec<LimitEvent>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(LimitEvent::try_from).collect()
}
