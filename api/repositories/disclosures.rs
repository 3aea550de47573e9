//! Disclosures as they stand.

use diesel::{dsl::count, prelude::*};

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, Fetch, StorageError, schema::disclosures as t},
    domain::{
        consent::ConsentKind,
        disclosure::{Disclosure, DisclosureState, Silence, scope::DisclosureField},
        ids::{AccountId, DisclosureId, InstrumentId, RecipientId, StaffId, TransferId},
        purpose::Purpose,
        time::Timestamp,
    },
};

const TABLE: &str = "disclosures";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: DisclosureId,
    recipient_id: RecipientId,
    purpose: String,
    fields: String,
    consent_kind: String,
    instrument_id: Option<InstrumentId>,
    transfer_id: Option<TransferId>,
    ground: Option<Vec<u8>>,
    revision: i32,
    scope_hash: Vec<u8>,
    state: String,
    requested_by: StaffId,
    requested_at: Timestamp,
    changed_at: Timestamp,
    ends_at: Timestamp,
    released_at: Option<Timestamp>,
    feed_number: Option<i64>,
    reviews_needed: i32,
    pulls: i32,
    steps: i32,
    silence: Option<String>,
    silent_until: Option<Timestamp>,
    told_at: Option<Timestamp>,
}

impl TryFrom<Row> for Disclosure {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            id: row.id,
            recipient_id: row.recipient_id,
            purpose: Purpose::parse(&row.purpose).ok_or(corrupt(TABLE, "an unknown purpose"))?,
            fields: DisclosureField::split(&row.fields).ok_or(corrupt(TABLE, "an unknown field"))?,
            consent_kind: ConsentKind::parse(&row.consent_kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
            instrument_id: row.instrument_id,
            transfer_id: row.transfer_id,
            has_ground: row.ground.is_some(),
            revision: row.revision,
            scope_hash: hash32(TABLE, &row.scope_hash)?,
            state: DisclosureState::parse(&row.state).ok_or(corrupt(TABLE, "an unknown state"))?,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            changed_at: row.changed_at,
            ends_at: row.ends_at,
            released_at: row.released_at,
            feed_number: row.feed_number,
            reviews_needed: row.reviews_needed,
            pulls: row.pulls,
            steps: row.steps,
            silence: match (row.silence, row.silent_until) {
                (None, None) => None,
                (Some(kind), Some(until)) => {
                    Some((Silence::parse(&kind).ok_or(corrupt(TABLE, "an unknown silence"))?, until))
                }
                _ => return Err(corrupt(TABLE, "half a silence")),
            },
            told_at: row.told_at,
        })
    }
}

/// Adds a disclosure, with the sealed ground.
pub fn insert(c: &mut Conn, disclosure: &Disclosure, ground: Option<Vec<u8>>) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(disclosure.account_id),
            t::disclosure_id.eq(disclosure.id),
            t::recipient_id.eq(disclosure.recipient_id),
            t::purpose.eq(disclosure.purpose.as_str()),
            t::fields.eq(DisclosureField::join(&disclosure.fields)),
            t::consent_kind.eq(disclosure.consent_kind.as_str()),
            t::instrument_id.eq(disclosure.instrument_id),
            t::transfer_id.eq(disclosure.transfer_id),
            t::ground.eq(ground),
            t::revision.eq(disclosure.revision),
            t::scope_hash.eq(disclosure.scope_hash.to_vec()),
            t::state.eq(disclosure.state.as_str()),
            t::requested_by.eq(disclosure.requested_by),
            t::requested_at.eq(disclosure.requested_at),
            t::changed_at.eq(disclosure.changed_at),
            t::ends_at.eq(disclosure.ends_at),
            t::reviews_needed.eq(disclosure.reviews_needed),
            t::pulls.eq(disclosure.pulls),
            t::steps.eq(disclosure.steps),
            t::silence.eq(disclosure.silence.map(|(kind, _)| kind.as_str())),
            t::silent_until.eq(disclosure.silence.map(|(_, until)| until)),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Writes what is new of a disclosure, if it is still in the state and revision of `was`.
pub fn update(c: &mut Conn, was: &Disclosure, disclosure: &Disclosure) -> Result<bool, StorageError> {
    let changed = diesel::update(t::table.find((was.account_id, was.id)))
        .filter(t::state.eq(was.state.as_str()))
        .filter(t::revision.eq(was.revision))
        .filter(t::pulls.eq(was.pulls))
        .set((
            t::recipient_id.eq(disclosure.recipient_id),
            t::purpose.eq(disclosure.purpose.as_str()),
            t::fields.eq(DisclosureField::join(&disclosure.fields)),
            t::consent_kind.eq(disclosure.consent_kind.as_str()),
            t::instrument_id.eq(disclosure.instrument_id),
            t::revision.eq(disclosure.revision),
            t::scope_hash.eq(disclosure.scope_hash.to_vec()),
            t::state.eq(disclosure.state.as_str()),
            t::changed_at.eq(disclosure.changed_at),
            t::ends_at.eq(disclosure.ends_at),
            t::released_at.eq(disclosure.released_at),
            t::feed_number.eq(disclosure.feed_number),
            t::reviews_needed.eq(disclosure.reviews_needed),
            t::pulls.eq(disclosure.pulls),
            t::silence.eq(disclosure.silence.map(|(kind, _)| kind.as_str())),
            t::silent_until.eq(disclosure.silence.map(|(_, until)| until)),
            t::told_at.eq(disclosure.told_at),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Takes the next number of a disclosure's steps.
pub fn take_step(c: &mut Conn, owner: AccountId, id: DisclosureId) -> Result<i32, StorageError> {
    let taken: Vec<i32> = diesel::update(t::table.find((owner, id)))
        .set(t::steps.eq(t::steps + 1))
        .returning(t::steps)
        .fetch(c)?;
    taken.first().copied().ok_or(corrupt(TABLE, "a disclosure that has gone"))
}

/// What was released about a person and may be shown, those before a place, newest first.
pub fn list_shown(
    c: &mut Conn,
    owner: AccountId,
    before: Option<QueuePlace>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Disclosure>, StorageError> {
    let mut query = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::released_at.is_not_null())
        .filter(t::silent_until.is_null().or(t::silent_until.le(now).assume_not_null()))
        .into_boxed();
    if let Some((at, id)) = before {
        let earlier = t::released_at.lt(at).assume_not_null();
        let same = t::released_at.eq(at).assume_not_null();
        query = query.filter(earlier.or(same.and(t::disclosure_id.lt(id))));
    }
    let rows: Vec<Row> =
        query.order((t::released_at.desc(), t::disclosure_id.desc())).limit(limit).load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// Writes the sealed ground anew.
pub fn set_ground(
    c: &mut Conn,
    owner: AccountId,
    id: DisclosureId,
    ground: Option<Vec<u8>>,
) -> Result<(), StorageError> {
    diesel::update(t::table.find((owner, id))).set(t::ground.eq(ground)).execute(c)?;
    Ok(())
}

/// The sealed ground, if there is one.
pub fn find_ground(
    c: &mut Conn,
    owner: AccountId,
    id: DisclosureId,
) -> Result<Option<Vec<u8>>, StorageError> {
    let found: Option<Option<Vec<u8>>> =
        t::table.find((owner, id)).select(t::ground).get_result(c).optional()?;
    Ok(found.flatten())
}

pub fn find(c: &mut Conn, id: DisclosureId) -> Result<Option<Disclosure>, StorageError> {
    let row: Option<Row> = t::table.filter(t::disclosure_id.eq(id)).get_result(c).optional()?;
    row.map(Disclosure::try_from).transpose()
}

/// The disclosure, if it is about the owner.
pub fn find_owned(
    c: &mut Conn,
    owner: AccountId,
    id: DisclosureId,
) -> Result<Option<Disclosure>, StorageError> {
    let row: Option<Row> = t::table.find((owner, id)).get_result(c).optional()?;
    row.map(Disclosure::try_from).transpose()
}

/// The person's disclosures in these states.
pub fn list_in_states(
    c: &mut Conn,
    owner: AccountId,
    states: &[DisclosureState],
) -> Result<Vec<Disclosure>, StorageError> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::state.eq_any(states))
        .order(t::disclosure_id)
        .load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// What a transfer is about, by person, after one of them.
pub fn list_of_transfer(
    c: &mut Conn,
    transfer: TransferId,
    after: Option<AccountId>,
    limit: i64,
) -> Result<Vec<Disclosure>, StorageError> {
    let after = after.unwrap_or(AccountId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> = t::table
        .filter(t::transfer_id.eq(transfer).assume_not_null())
        .filter(t::account_id.gt(after))
        .order(t::account_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// Some of what a transfer is about and that waits for it.
pub fn list_waiting_for_transfer(
    c: &mut Conn,
    transfer: TransferId,
    limit: i64,
) -> Result<Vec<Disclosure>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::transfer_id.eq(transfer).assume_not_null())
        .filter(t::state.eq(DisclosureState::InReview.as_str()))
        .order(t::account_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// The person's part of a transfer.
pub fn find_of_transfer(
    c: &mut Conn,
    owner: AccountId,
    transfer: TransferId,
) -> Result<Option<Disclosure>, StorageError> {
    let row: Option<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::transfer_id.eq(transfer).assume_not_null())
        .get_result(c)
        .optional()?;
    row.map(Disclosure::try_from).transpose()
}

/// The person's parts of transfers, newest first.
pub fn list_owned_transfers(
    c: &mut Conn,
    owner: AccountId,
    limit: i64,
) -> Result<Vec<Disclosure>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::transfer_id.is_not_null())
        .order(t::disclosure_id.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// What of the person was fetched by whoever got it.
pub fn list_pulled(c: &mut Conn, owner: AccountId) -> Result<Vec<Disclosure>, StorageError> {
    let rows: Vec<Row> =
        t::table.filter(t::account_id.eq(owner)).filter(t::pulls.gt(0)).order(t::disclosure_id).load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// Where a page of the queue ends.
pub type QueuePlace = (Timestamp, DisclosureId);

/// Disclosures in these states after a place, those that end first before the others.
pub fn list_queue(
    c: &mut Conn,
    states: &[DisclosureState],
    after: Option<QueuePlace>,
    limit: i64,
) -> Result<Vec<Disclosure>, StorageError> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    // What is part of a transfer is looked at with the whole.
    let mut query = t::table.filter(t::state.eq_any(states)).filter(t::transfer_id.is_null()).into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(t::ends_at.gt(at).or(t::ends_at.eq(at).and(t::disclosure_id.gt(id))));
    }
    let rows: Vec<Row> = query.order((t::ends_at, t::disclosure_id)).limit(limit).load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// What was released to a recipient after a place of its feed, in order.
pub fn list_feed(
    c: &mut Conn,
    recipient: RecipientId,
    after: i64,
    limit: i64,
) -> Result<Vec<Disclosure>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::recipient_id.eq(recipient))
        .filter(t::feed_number.gt(after).assume_not_null())
        .order(t::feed_number)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// What was released to a recipient, if it is this.
pub fn find_released_to(
    c: &mut Conn,
    recipient: RecipientId,
    id: DisclosureId,
) -> Result<Option<Disclosure>, StorageError> {
    let row: Option<Row> = t::table
        .filter(t::disclosure_id.eq(id))
        .filter(t::recipient_id.eq(recipient))
        .filter(t::feed_number.is_not_null())
        .get_result(c)
        .optional()?;
    row.map(Disclosure::try_from).transpose()
}

/// How many persons' data were released to a recipient for a purpose since an instant, beside `other`.
pub fn count_subjects(
    c: &mut Conn,
    (recipient, purpose): (RecipientId, Purpose),
    since: Timestamp,
    other: AccountId,
) -> Result<i64, StorageError> {
    Ok(t::table
        .filter(t::recipient_id.eq(recipient))
        .filter(t::purpose.eq(purpose.as_str()))
        .filter(t::released_at.ge(since).assume_not_null())
        .filter(t::account_id.ne(other))
        .select(count(t::account_id).aggregate_distinct())
        .get_result(c)?)
}

/// Disclosures after `cursor`, in the order of their ids.
pub fn list_all(
    c: &mut Conn,
    cursor: Option<DisclosureId>,
    limit: i64,
) -> Result<Vec<Disclosure>, StorageError> {
    let after = cursor.unwrap_or(DisclosureId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> =
        t::table.filter(t::disclosure_id.gt(after)).order(t::disclosure_id).limit(limit).load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// Some disclosures whose time has passed by `now`.
pub fn list_ended(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Disclosure>, StorageError> {
    let live: Vec<&str> =
        DisclosureState::ALL.iter().filter(|state| state.is_open()).map(|state| state.as_str()).collect();
    let rows: Vec<Row> = t::table
        .filter(t::state.eq_any(live))
        .filter(t::ends_at.le(now))
        .order((t::ends_at, t::disclosure_id))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// Released disclosures that no view of the person shows, after one of them.
pub fn list_silent_released(
    c: &mut Conn,
    now: Timestamp,
    after: Option<DisclosureId>,
    limit: i64,
) -> Result<Vec<Disclosure>, StorageError> {
    let after = after.unwrap_or(DisclosureId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> = t::table
        .filter(t::state.eq(DisclosureState::Released.as_str()))
        .filter(t::silent_until.gt(now))
        .filter(t::disclosure_id.gt(after))
        .order(t::disclosure_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}

/// Some disclosures of which the person was not told, and may be told by `now`.
pub fn list_untold(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Disclosure>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::released_at.is_not_null())
        .filter(t::told_at.is_null())
        .filter(t::silent_until.is_null().or(t::silent_until.le(now).assume_not_null()))
        .order(t::disclosure_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(Disclosure::try_from).collect()
}
