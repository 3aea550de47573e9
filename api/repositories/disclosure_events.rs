//! The steps of disclosures; rows are only ever added, in the order of the disclosure's own count.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, StorageError, schema::disclosure_events as t},
    domain::{
        disclosure::{
            Silence,
            event::{DisclosureEvent, DisclosureStep, StepReason},
            scope::Scope,
        },
        ids::{AccountId, DeviceRef, DisclosureEventId, DisclosureId, LeafId, PartnerClientId, StaffId},
        time::Timestamp,
    },
};

const TABLE: &str = "disclosure_events";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    disclosure_id: DisclosureId,
    number: i32,
    id: DisclosureEventId,
    step: String,
    revision: i32,
    scope: String,
    scope_hash: Vec<u8>,
    staff_id: Option<StaffId>,
    partner_client_id: Option<PartnerClientId>,
    device_ref: Option<DeviceRef>,
    policy_version: Option<i32>,
    person_sequence: i64,
    consent_sequence: Option<i64>,
    pull_number: Option<i32>,
    package_hash: Option<Vec<u8>>,
    reason: Option<String>,
    silence: Option<String>,
    silent_until: Option<Timestamp>,
    at: Timestamp,
    leaf_id: LeafId,
}

impl TryFrom<Row> for DisclosureEvent {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let reason = |text: String| StepReason::parse(&text).ok_or(corrupt(TABLE, "an unknown reason"));
        Ok(Self {
            account_id: row.account_id,
            disclosure_id: row.disclosure_id,
            number: row.number,
            id: row.id,
            step: DisclosureStep::parse(&row.step).ok_or(corrupt(TABLE, "an unknown step"))?,
            revision: row.revision,
            scope: Scope::read(&row.scope).ok_or(corrupt(TABLE, "a scope that does not read"))?,
            scope_hash: hash32(TABLE, &row.scope_hash)?,
            staff_id: row.staff_id,
            partner_client_id: row.partner_client_id,
            device_ref: row.device_ref,
            policy_version: row.policy_version,
            person_sequence: row.person_sequence,
            consent_sequence: row.consent_sequence,
            pull_number: row.pull_number,
            package_hash: row.package_hash.map(|hash| hash32(TABLE, &hash)).transpose()?,
            reason: row.reason.map(reason).transpose()?,
            silence: match (row.silence, row.silent_until) {
                (None, None) => None,
                (Some(kind), Some(until)) => {
                    Some((Silence::parse(&kind).ok_or(corrupt(TABLE, "an unknown silence"))?, until))
                }
                _ => return Err(corrupt(TABLE, "half a silence")),
            },
            at: row.at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, event: &DisclosureEvent) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(event.account_id),
            t::disclosure_id.eq(event.disclosure_id),
            t::number.eq(event.number),
            t::disclosure_event_id.eq(event.id),
            t::step.eq(event.step.as_str()),
            t::revision.eq(event.revision),
            t::scope.eq(event.scope.write()),
            t::scope_hash.eq(event.scope_hash.to_vec()),
            t::staff_id.eq(event.staff_id),
            t::partner_client_id.eq(event.partner_client_id),
            t::device_ref.eq(event.device_ref),
            t::policy_version.eq(event.policy_version),
            t::person_sequence.eq(event.person_sequence),
            t::consent_sequence.eq(event.consent_sequence),
            t::pull_number.eq(event.pull_number),
            t::package_hash.eq(event.package_hash.map(|hash| hash.to_vec())),
            t::reason.eq(event.reason.map(StepReason::as_str)),
            t::silence.eq(event.silence.map(|(kind, _)| kind.as_str())),
            t::silent_until.eq(event.silence.map(|(_, until)| until)),
            t::occurred_at.eq(event.at),
            t::leaf_id.eq(event.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The steps of one disclosure, oldest first.
pub fn list(c: &mut Conn, owner: AccountId, id: DisclosureId) -> Result<Vec<DisclosureEvent>, StorageError> {
    let rows: Vec<Row> =
        t::table.filter(t::account_id.eq(owner)).filter(t::disclosure_id.eq(id)).order(t::number).load(c)?;
    rows.into_iter().map(DisclosureEvent::try_from).collect()
}

/// Steps of all disclosures after a place, in order.
pub fn list_all(
    c: &mut Conn,
    (disclosure, number): (DisclosureId, i32),
    limit: i64,
) -> Result<Vec<DisclosureEvent>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::disclosure_id.gt(disclosure).or(t::disclosure_id.eq(disclosure).and(t::number.gt(number))))
        .order((t::disclosure_id, t::number))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(DisclosureEvent::try_from).collect()
}
