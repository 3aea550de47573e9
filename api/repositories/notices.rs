//! What persons were told, in the order of each person's own count of notices.

use std::collections::HashMap;

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{notices as t, outbox},
    },
    domain::{
        ids::{AccountId, MessageId, NoticeId},
        notice::{MailState, Notice, NoticeKind},
        time::Timestamp,
    },
};

const TABLE: &str = "notices";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    number: i64,
    id: NoticeId,
    kind: String,
    policy_version: Option<i32>,
    created_at: Timestamp,
    acknowledged_at: Option<Timestamp>,
    message_id: Option<MessageId>,
    mail_state: Option<String>,
}

/// The number of each person's last notice.
pub fn last_numbers(c: &mut Conn, of: &[AccountId]) -> Result<HashMap<AccountId, i64>, StorageError> {
    let rows: Vec<(AccountId, Option<i64>)> = t::table
        .filter(t::account_id.eq_any(of))
        .group_by(t::account_id)
        .select((t::account_id, diesel::dsl::max(t::number)))
        .load(c)?;
    Ok(rows.into_iter().map(|(id, number)| (id, number.unwrap_or(0))).collect())
}

/// Adds a notice; where another took its number in this very moment, the transaction comes again.
pub fn insert(c: &mut Conn, notice: &Notice) -> Result<(), StorageError> {
    let added = diesel::insert_into(t::table)
        .values((
            t::account_id.eq(notice.account_id),
            t::number.eq(notice.number),
            t::notice_id.eq(notice.id),
            t::kind.eq(notice.kind.as_str()),
            t::policy_version.eq(notice.policy_version),
            t::created_at.eq(notice.created_at),
            t::message_id.eq(notice.message_id),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    if added == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

/// The person's notices before `before`, newest first, each with how far its mail has come.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    before: i64,
    limit: i64,
) -> Result<Vec<Notice>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::number.lt(before))
        .order(t::number.desc())
        .limit(limit)
        .load(c)?;
    with_mail(c, owner, rows)
}

/// The notice, if it is the owner's.
pub fn find_owned(c: &mut Conn, owner: AccountId, id: NoticeId) -> Result<Option<Notice>, StorageError> {
    let row: Option<Row> =
        t::table.filter(t::account_id.eq(owner)).filter(t::notice_id.eq(id)).get_result(c).optional()?;
    Ok(with_mail(c, owner, row.into_iter().collect())?.pop())
}

fn with_mail(c: &mut Conn, owner: AccountId, rows: Vec<Row>) -> Result<Vec<Notice>, StorageError> {
    let mails: Vec<MessageId> = rows.iter().filter_map(|row| row.message_id).collect();
    let states: Vec<(MessageId, String)> = outbox::table
        .filter(outbox::account_id.eq(owner))
        .filter(outbox::message_id.eq_any(mails))
        .select((outbox::message_id, outbox::state))
        .load(c)?;
    let states: HashMap<MessageId, String> = states.into_iter().collect();
    rows.into_iter()
        .map(|row| {
            let queued = row.message_id.and_then(|id| states.get(&id).cloned());
            let mail = match queued.or(row.mail_state).as_deref() {
                None => MailState::None,
                Some("sending") => MailState::Queued,
                Some(state) => MailState::parse(state).ok_or(corrupt(TABLE, "an unknown state"))?,
            };
            Ok(Notice {
                account_id: row.account_id,
                number: row.number,
                id: row.id,
                kind: NoticeKind::parse(&row.kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
                policy_version: row.policy_version,
                created_at: row.created_at,
                acknowledged_at: row.acknowledged_at,
                message_id: row.message_id,
                mail,
            })
        })
        .collect()
}

/// Notes that the person has read it; the first time stands.
pub fn acknowledge(c: &mut Conn, owner: AccountId, number: i64, now: Timestamp) -> Result<(), StorageError> {
    diesel::update(t::table.find((owner, number)))
        .filter(t::acknowledged_at.is_null())
        .set(t::acknowledged_at.eq(Some(now)))
        .execute(c)?;
    Ok(())
}

/// Keeps what became of a mail whose row in the outbox goes.
pub fn keep_mail_state(
    c: &mut Conn,
    owner: AccountId,
    message: MessageId,
    state: &str,
) -> Result<(), StorageError> {
    diesel::update(t::table)
        .filter(t::account_id.eq(owner))
        .filter(t::message_id.eq(message).assume_not_null())
        .set(t::mail_state.eq(Some(state)))
        .execute(c)?;
    Ok(())
}
