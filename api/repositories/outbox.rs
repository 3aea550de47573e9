//! Messages on their way out: sealed, in the transaction of their cause, sent by a job.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::{corrupt, notices};
use crate::{
    db::{Conn, Dispatch, StorageError, schema::outbox},
    domain::{
        ids::{AccountId, MessageId},
        message::Channel,
        time::Timestamp,
    },
};

/// A message as it rests.
#[derive(Clone)]
pub struct SealedMessage {
    pub account_id: AccountId,
    pub id: MessageId,
    pub channel: Channel,
    pub recipient: Vec<u8>,
    pub content: Vec<u8>,
    pub attempts: i32,
    pub created_at: Timestamp,
    /// Whether it goes to everybody, and so waits for what somebody waits for.
    pub bulk: bool,
    /// Whether its key is its own, and dies with its delivery.
    pub courier: bool,
}

pub fn insert(c: &mut Conn, message: &SealedMessage) -> Result<(), StorageError> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::account_id.eq(message.account_id),
            outbox::message_id.eq(message.id),
            outbox::channel.eq(message.channel.as_str()),
            outbox::recipient.eq(Some(message.recipient.clone())),
            outbox::content.eq(Some(message.content.clone())),
            outbox::state.eq("queued"),
            outbox::attempts.eq(0),
            outbox::created_at.eq(message.created_at),
            outbox::next_attempt_at.eq(message.created_at),
            outbox::bulk.eq(i16::from(message.bulk)),
            outbox::courier.eq(i16::from(message.courier)),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Which attempt at which message somebody is making.
#[derive(Clone, Copy)]
pub struct Claim {
    pub account_id: AccountId,
    pub id: MessageId,
    pub attempt: i32,
}

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: MessageId,
    channel: String,
    recipient: Option<Vec<u8>>,
    content: Option<Vec<u8>>,
    attempts: i32,
    created_at: Timestamp,
    bulk: i16,
    courier: i16,
}

/// Claims messages that are due. A claim lapses after `lease`, so a killed sender's come again.
pub fn claim_due(
    c: &mut Conn,
    now: Timestamp,
    lease: TimeDelta,
    limit: i64,
) -> Result<Vec<SealedMessage>, StorageError> {
    let mut due = Vec::new();
    // One after the other, each in the order of its index: the queue may be a million long.
    for (bulk, state) in [(0, "queued"), (0, "sending"), (1, "queued"), (1, "sending")] {
        let left = limit - i64::try_from(due.len()).unwrap_or(limit);
        if left > 0 {
            due.extend(list_due(c, state, bulk, now, left)?);
        }
    }
    let mut claimed = Vec::with_capacity(due.len());
    for row in due {
        let won = diesel::update(outbox::table.find((row.account_id, row.id)))
            .filter(outbox::attempts.eq(row.attempts))
            .filter(outbox::next_attempt_at.le(now))
            .set((
                outbox::state.eq("sending"),
                outbox::attempts.eq(row.attempts + 1),
                outbox::next_attempt_at.eq(now.plus(lease)),
            ))
            .execute(c)?;
        if won == 1 {
            claimed.push(SealedMessage {
                account_id: row.account_id,
                id: row.id,
                channel: Channel::parse(&row.channel).ok_or(corrupt("outbox", "an unknown channel"))?,
                // Empty ones do not open, and so their message is given up by itself.
                recipient: row.recipient.unwrap_or_default(),
                content: row.content.unwrap_or_default(),
                attempts: row.attempts + 1,
                created_at: row.created_at,
                bulk: row.bulk != 0,
                courier: row.courier != 0,
            });
        }
    }
    Ok(claimed)
}

fn list_due(
    c: &mut Conn,
    state: &'static str,
    bulk: i16,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Row>, StorageError> {
    Ok(outbox::table
        .filter(outbox::state.eq(state))
        .filter(outbox::bulk.eq(bulk))
        .filter(outbox::next_attempt_at.le(now))
        .select((
            outbox::account_id,
            outbox::message_id,
            outbox::channel,
            outbox::recipient,
            outbox::content,
            outbox::attempts,
            outbox::created_at,
            outbox::bulk,
            outbox::courier,
        ))
        .order(outbox::next_attempt_at)
        .limit(limit)
        .load(c)?)
}

/// Notes that a message was handed over, or given up with a failure; its words go now.
///
/// Only the claim that is still the newest settles: a sender that came late changes nothing.
pub fn settle(
    c: &mut Conn,
    message: &Claim,
    failure: Option<&'static str>,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(outbox::table.find((message.account_id, message.id)))
        .filter(outbox::state.eq("sending"))
        .filter(outbox::attempts.eq(message.attempt))
        .set((
            outbox::state.eq(if failure.is_some() { "failed" } else { "sent" }),
            outbox::recipient.eq(None::<Vec<u8>>),
            outbox::content.eq(None::<Vec<u8>>),
            outbox::failure.eq(failure),
            outbox::settled_at.eq(Some(now)),
        ))
        .execute(c)?;
    Ok(())
}

/// Puts a message back until `at`, if the claim is still the newest.
pub fn postpone(
    c: &mut Conn,
    message: &Claim,
    failure: &'static str,
    at: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(outbox::table.find((message.account_id, message.id)))
        .filter(outbox::state.eq("sending"))
        .filter(outbox::attempts.eq(message.attempt))
        .set((outbox::state.eq("queued"), outbox::failure.eq(Some(failure)), outbox::next_attempt_at.eq(at)))
        .execute(c)?;
    Ok(())
}

/// How many messages wait.
pub fn count_waiting(c: &mut Conn) -> Result<i64, StorageError> {
    Ok(outbox::table.filter(outbox::state.eq_any(["queued", "sending"])).count().get_result(c)?)
}

/// Deletes some of what was settled before `before`; nothing personal was left in it.
pub fn delete_settled(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let settled: Vec<(AccountId, MessageId, String)> = outbox::table
        .filter(outbox::settled_at.lt(before).assume_not_null())
        .select((outbox::account_id, outbox::message_id, outbox::state))
        .limit(limit)
        .load(c)?;
    for (account, message, state) in &settled {
        // A notice goes on telling what became of its mail.
        notices::keep_mail_state(c, *account, *message, state)?;
        diesel::delete(outbox::table.find((*account, *message))).execute(c)?;
    }
    Ok(settled.len())
}
