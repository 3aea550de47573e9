//! Restrictions and objections of persons.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::processing_limits as t},
    domain::{
        disclosure::limit::{LimitKind, ProcessingLimit},
        ids::{AccountId, ProcessingLimitId},
        purpose::{PersonalDataClass, Purpose},
        time::Timestamp,
    },
};

const TABLE: &str = "processing_limits";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: ProcessingLimitId,
    kind: String,
    purpose: Option<String>,
    data_class: Option<String>,
    began_at: Timestamp,
    ended_at: Option<Timestamp>,
}

impl TryFrom<Row> for ProcessingLimit {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let purpose = |text: String| Purpose::parse(&text).ok_or(corrupt(TABLE, "an unknown purpose"));
        let class = |text: String| PersonalDataClass::parse(&text).ok_or(corrupt(TABLE, "an unknown class"));
        Ok(Self {
            account_id: row.account_id,
            id: row.id,
            kind: LimitKind::parse(&row.kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
            purpose: row.purpose.map(purpose).transpose()?,
            data_class: row.data_class.map(class).transpose()?,
            began_at: row.began_at,
            ended_at: row.ended_at,
        })
    }
}

pub fn insert(c: &mut Conn, limit: &ProcessingLimit) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(limit.account_id),
            t::processing_limit_id.eq(limit.id),
            t::kind.eq(limit.kind.as_str()),
            t::purpose.eq(limit.purpose.map(Purpose::as_str)),
            t::data_class.eq(limit.data_class.map(PersonalDataClass::as_str)),
            t::began_at.eq(limit.began_at),
            t::ended_at.eq(limit.ended_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Ends a limit; `false` if it has ended.
pub fn end(
    c: &mut Conn,
    owner: AccountId,
    id: ProcessingLimitId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let ended = diesel::update(t::table.find((owner, id)))
        .filter(t::ended_at.is_null())
        .set(t::ended_at.eq(Some(now)))
        .execute(c)?;
    Ok(ended == 1)
}

/// The limits of a person that stand.
pub fn list_standing(c: &mut Conn, owner: AccountId) -> Result<Vec<ProcessingLimit>, StorageError> {
    let rows: Vec<Row> = t::table.filter(t::account_id.eq(owner)).filter(t::ended_at.is_null()).load(c)?;
    rows.into_iter().map(ProcessingLimit::try_from).collect()
}
