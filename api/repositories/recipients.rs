//! The register of recipients, and the ledger of what was done to it.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, Fetch, StorageError,
        schema::{recipient_events as e, recipients as t},
    },
    domain::{
        disclosure::recipient::{
            Recipient, RecipientEntry, RecipientEvent, RecipientState, RecipientStep, RecipientTerms,
        },
        ids::{LeafId, PartnerClientId, RecipientId, StaffId},
        purpose::RecipientClass,
        time::Timestamp,
    },
};

const TABLE: &str = "recipients";
const EVENTS: &str = "recipient_events";

#[derive(Queryable)]
struct Row {
    id: RecipientId,
    class: String,
    name: String,
    country: String,
    country_note: Option<String>,
    agreement: String,
    policy_url: Option<String>,
    contact: String,
    package_key: Option<String>,
    partner_client_id: Option<PartnerClientId>,
    state: String,
    version: i64,
    _feed: i64,
    changed_by: StaffId,
    registered_at: Timestamp,
    changed_at: Timestamp,
}

impl TryFrom<Row> for Recipient {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let terms = RecipientTerms {
            class: RecipientClass::parse(&row.class).ok_or(corrupt(TABLE, "an unknown class"))?,
            name: row.name,
            country: row.country.parse().map_err(|_| corrupt(TABLE, "an unknown country"))?,
            country_note: row.country_note,
            agreement: row.agreement,
            policy_url: row.policy_url,
        };
        Ok(Self {
            id: row.id,
            entry: RecipientEntry {
                terms,
                contact: row.contact,
                package_key: row.package_key,
                partner_client_id: row.partner_client_id,
            },
            state: RecipientState::parse(&row.state).ok_or(corrupt(TABLE, "an unknown state"))?,
            version: row.version,
            changed_by: row.changed_by,
            registered_at: row.registered_at,
            changed_at: row.changed_at,
        })
    }
}

/// Adds an entry; `false` if another one fetches by the same client.
pub fn insert(c: &mut Conn, recipient: &Recipient) -> Result<bool, StorageError> {
    let RecipientEntry { terms, contact, package_key, partner_client_id } = recipient.entry.clone();
    let added = diesel::insert_into(t::table)
        .values((
            t::recipient_id.eq(recipient.id),
            t::class.eq(terms.class.as_str()),
            t::name.eq(terms.name),
            t::country.eq(terms.country.to_string()),
            t::country_note.eq(terms.country_note),
            t::agreement.eq(terms.agreement),
            t::policy_url.eq(terms.policy_url),
            t::contact.eq(contact),
            t::package_key.eq(package_key),
            t::partner_client_id.eq(partner_client_id),
            t::state.eq(recipient.state.as_str()),
            t::version.eq(recipient.version),
            t::feed.eq(0_i64),
            t::changed_by.eq(recipient.changed_by),
            t::registered_at.eq(recipient.registered_at),
            t::changed_at.eq(recipient.changed_at),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// Writes an entry over the version before it; `false` if that is not the last any more.
pub fn update(c: &mut Conn, recipient: &Recipient) -> Result<bool, StorageError> {
    let RecipientEntry { terms, contact, package_key, partner_client_id } = recipient.entry.clone();
    let changed = diesel::update(t::table.find(recipient.id))
        .filter(t::version.eq(recipient.version - 1))
        .set((
            t::name.eq(terms.name),
            t::country.eq(terms.country.to_string()),
            t::country_note.eq(terms.country_note),
            t::agreement.eq(terms.agreement),
            t::policy_url.eq(terms.policy_url),
            t::contact.eq(contact),
            t::package_key.eq(package_key),
            t::partner_client_id.eq(partner_client_id),
            t::state.eq(recipient.state.as_str()),
            t::version.eq(recipient.version),
            t::changed_by.eq(recipient.changed_by),
            t::changed_at.eq(recipient.changed_at),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

pub fn find(c: &mut Conn, id: RecipientId) -> Result<Option<Recipient>, StorageError> {
    let row: Option<Row> = t::table.find(id).get_result(c).optional()?;
    row.map(Recipient::try_from).transpose()
}

/// The recipient that a client fetches for.
pub fn find_by_client(c: &mut Conn, client: PartnerClientId) -> Result<Option<Recipient>, StorageError> {
    let row: Option<Row> =
        t::table.filter(t::partner_client_id.eq(client).assume_not_null()).get_result(c).optional()?;
    row.map(Recipient::try_from).transpose()
}

/// Entries after `cursor`, in the order of their ids.
pub fn list(c: &mut Conn, cursor: Option<RecipientId>, limit: i64) -> Result<Vec<Recipient>, StorageError> {
    let after = cursor.unwrap_or(RecipientId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> =
        t::table.filter(t::recipient_id.gt(after)).order(t::recipient_id).limit(limit).load(c)?;
    rows.into_iter().map(Recipient::try_from).collect()
}

/// The active entries of one class, by name: who works for the service is shown to persons.
pub fn list_active(c: &mut Conn, class: RecipientClass) -> Result<Vec<Recipient>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::class.eq(class.as_str()))
        .filter(t::state.eq(RecipientState::Active.as_str()))
        .order((t::name, t::recipient_id))
        .load(c)?;
    rows.into_iter().map(Recipient::try_from).collect()
}

/// Holds the entry until the transaction ends.
pub fn hold(c: &mut Conn, id: RecipientId) -> Result<(), StorageError> {
    diesel::update(t::table.find(id)).set(t::feed.eq(t::feed)).execute(c)?;
    Ok(())
}

/// Takes the next place among what was released to a recipient.
pub fn take_feed_number(c: &mut Conn, id: RecipientId) -> Result<i64, StorageError> {
    let taken: Vec<i64> =
        diesel::update(t::table.find(id)).set(t::feed.eq(t::feed + 1)).returning(t::feed).fetch(c)?;
    taken.first().copied().ok_or(corrupt(TABLE, "a recipient that has gone"))
}

#[derive(Queryable)]
struct EventRow {
    recipient_id: RecipientId,
    number: i64,
    step: String,
    terms: String,
    staff_id: StaffId,
    at: Timestamp,
    leaf_id: LeafId,
}

impl TryFrom<EventRow> for RecipientEvent {
    type Error = StorageError;

    fn try_from(row: EventRow) -> Result<Self, StorageError> {
        Ok(Self {
            recipient_id: row.recipient_id,
            number: row.number,
            step: RecipientStep::parse(&row.step).ok_or(corrupt(EVENTS, "an unknown step"))?,
            entry: serde_json::from_str(&row.terms)
                .map_err(|_| corrupt(EVENTS, "terms that do not parse"))?,
            staff_id: row.staff_id,
            at: row.at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, event: &RecipientEvent) -> Result<(), StorageError> {
    let terms =
        serde_json::to_string(&event.entry).map_err(|_| corrupt(EVENTS, "terms that do not write"))?;
    diesel::insert_into(e::table)
        .values((
            e::recipient_id.eq(event.recipient_id),
            e::number.eq(event.number),
            e::step.eq(event.step.as_str()),
            e::terms.eq(terms),
            e::staff_id.eq(event.staff_id),
            e::occurred_at.eq(event.at),
            e::leaf_id.eq(event.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The history of an entry before `before`, newest first.
pub fn list_events(
    c: &mut Conn,
    id: RecipientId,
    before: i64,
    limit: i64,
) -> Result<Vec<RecipientEvent>, StorageError> {
    let rows: Vec<EventRow> = e::table
        .filter(e::recipient_id.eq(id))
        .filter(e::number.lt(before))
        .order(e::number.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(RecipientEvent::try_from).collect()
}

/// What an entry was at an instant.
pub fn find_entry_at(
    c: &mut Conn,
    id: RecipientId,
    at: Timestamp,
) -> Result<Option<RecipientEntry>, StorageError> {
    let row: Option<EventRow> = e::table
        .filter(e::recipient_id.eq(id))
        .filter(e::occurred_at.le(at))
        .order(e::number.desc())
        .first(c)
        .optional()?;
    Ok(row.map(RecipientEvent::try_from).transpose()?.map(|event| event.entry))
}

/// Steps of all entries after a place, in order.
pub fn list_all_events(
    c: &mut Conn,
    (recipient, number): (RecipientId, i64),
    limit: i64,
) -> Result<Vec<RecipientEvent>, StorageError> {
    let rows: Vec<EventRow> = e::table
        .filter(e::recipient_id.gt(recipient).or(e::recipient_id.eq(recipient).and(e::number.gt(number))))
        .order((e::recipient_id, e::number))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(RecipientEvent::try_from).collect()
}
