//! The consent ledger; rows are only ever added, in the order of the person's own count.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, StorageError, schema::consent_events as t},
    domain::{
        consent::{ConsentAction, ConsentEvent, ConsentKind, ConsentMethod},
        ids::{AccountId, ConsentEventId, DeviceRef, LeafId},
        purpose::Purpose,
        time::Timestamp,
    },
};

const TABLE: &str = "consent_events";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    sequence: i64,
    id: ConsentEventId,
    purpose: String,
    action: String,
    kind: String,
    policy_version: i32,
    definition_hash: Vec<u8>,
    method: String,
    given_at: Timestamp,
    recorded_at: Timestamp,
    leaf_id: LeafId,
    device_ref: Option<DeviceRef>,
    gpc: i16,
    expires_at: Option<Timestamp>,
}

impl TryFrom<Row> for ConsentEvent {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: row.id,
            account_id: row.account_id,
            sequence: row.sequence,
            purpose: Purpose::parse(&row.purpose).ok_or(corrupt(TABLE, "an unknown purpose"))?,
            action: ConsentAction::parse(&row.action).ok_or(corrupt(TABLE, "an unknown action"))?,
            kind: ConsentKind::parse(&row.kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
            policy_version: row.policy_version,
            definition_hash: hash32(TABLE, &row.definition_hash)?,
            method: ConsentMethod::parse(&row.method).ok_or(corrupt(TABLE, "an unknown method"))?,
            device_ref: row.device_ref,
            gpc: row.gpc != 0,
            given_at: row.given_at,
            recorded_at: row.recorded_at,
            expires_at: row.expires_at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, event: &ConsentEvent) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(event.account_id),
            t::sequence.eq(event.sequence),
            t::consent_event_id.eq(event.id),
            t::purpose.eq(event.purpose.as_str()),
            t::action.eq(event.action.as_str()),
            t::kind.eq(event.kind.as_str()),
            t::policy_version.eq(event.policy_version),
            t::definition_hash.eq(event.definition_hash.to_vec()),
            t::method.eq(event.method.as_str()),
            t::given_at.eq(event.given_at),
            t::recorded_at.eq(event.recorded_at),
            t::leaf_id.eq(event.leaf_id),
            t::device_ref.eq(event.device_ref),
            t::gpc.eq(i16::from(event.gpc)),
            t::expires_at.eq(event.expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The person's last event of a purpose.
pub fn find_last(
    c: &mut Conn,
    owner: AccountId,
    purpose: Purpose,
) -> Result<Option<ConsentEvent>, StorageError> {
    let row: Option<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::purpose.eq(purpose.as_str()))
        .order(t::sequence.desc())
        .limit(1)
        .get_result(c)
        .optional()?;
    row.map(ConsentEvent::try_from).transpose()
}

/// The last events of a purpose, of those persons that have one.
pub fn list_last_of(
    c: &mut Conn,
    owners: &[AccountId],
    purpose: Purpose,
) -> Result<Vec<ConsentEvent>, StorageError> {
    let later = diesel::alias!(t as later);
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq_any(owners))
        .filter(t::purpose.eq(purpose.as_str()))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            later
                .filter(later.field(t::account_id).eq(t::account_id))
                .filter(later.field(t::purpose).eq(t::purpose))
                .filter(later.field(t::sequence).gt(t::sequence)),
        )))
        .load(c)?;
    rows.into_iter().map(ConsentEvent::try_from).collect()
}

/// Whether the person took any of these purposes back after the event of this number.
pub fn was_taken_back(
    c: &mut Conn,
    owner: AccountId,
    purposes: &[Purpose],
    after: i64,
) -> Result<bool, StorageError> {
    let purposes: Vec<&str> = purposes.iter().map(|purpose| purpose.as_str()).collect();
    let first: Option<i64> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::sequence.gt(after))
        .filter(t::purpose.eq_any(purposes))
        .filter(t::action.ne(ConsentAction::Granted.as_str()))
        .select(t::sequence)
        .limit(1)
        .get_result(c)
        .optional()?;
    Ok(first.is_some())
}

/// The person's last event of each purpose that has one.
pub fn list_last(c: &mut Conn, owner: AccountId) -> Result<Vec<ConsentEvent>, StorageError> {
    let newest: Vec<(String, Option<i64>)> = t::table
        .filter(t::account_id.eq(owner))
        .group_by(t::purpose)
        .select((t::purpose, diesel::dsl::max(t::sequence)))
        .load(c)?;
    let sequences: Vec<i64> = newest.into_iter().filter_map(|(_, sequence)| sequence).collect();
    let rows: Vec<Row> =
        t::table.filter(t::account_id.eq(owner)).filter(t::sequence.eq_any(sequences)).load(c)?;
    rows.into_iter().map(ConsentEvent::try_from).collect()
}

/// The person's events before `before`, newest first.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    before: i64,
    limit: i64,
) -> Result<Vec<ConsentEvent>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::sequence.lt(before))
        .order(t::sequence.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(ConsentEvent::try_from).collect()
}

/// The event, if it is the owner's.
pub fn find_owned(
    c: &mut Conn,
    owner: AccountId,
    id: ConsentEventId,
) -> Result<Option<ConsentEvent>, StorageError> {
    let row: Option<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::consent_event_id.eq(id))
        .get_result(c)
        .optional()?;
    row.map(ConsentEvent::try_from).transpose()
}

/// Rows of all persons after a place, in the order of the key.
pub fn list_all(
    c: &mut Conn,
    (account, sequence): (AccountId, i64),
    limit: i64,
) -> Result<Vec<ConsentEvent>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(ConsentEvent::try_from).collect()
}
