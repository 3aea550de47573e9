//! The ledger of what devices expressed; rows are only ever added.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, StorageError, schema::device_consent_events as t},
    domain::{
        consent::{ConsentAction, ConsentMethod},
        device::DeviceConsentEvent,
        ids::{ConsentEventId, DeviceRef, LeafId},
        purpose::Purpose,
        time::Timestamp,
    },
};

const TABLE: &str = "device_consent_events";

#[derive(Queryable)]
struct Row {
    device_ref: DeviceRef,
    sequence: i64,
    id: ConsentEventId,
    purpose: String,
    action: String,
    policy_version: i32,
    definition_hash: Vec<u8>,
    method: String,
    gpc: i16,
    given_at: Timestamp,
    expires_at: Option<Timestamp>,
    leaf_id: LeafId,
}

impl TryFrom<Row> for DeviceConsentEvent {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: row.id,
            device_ref: row.device_ref,
            sequence: row.sequence,
            purpose: Purpose::parse(&row.purpose).ok_or(corrupt(TABLE, "an unknown purpose"))?,
            action: ConsentAction::parse(&row.action).ok_or(corrupt(TABLE, "an unknown action"))?,
            policy_version: row.policy_version,
            definition_hash: hash32(TABLE, &row.definition_hash)?,
            method: ConsentMethod::parse(&row.method).ok_or(corrupt(TABLE, "an unknown method"))?,
            gpc: row.gpc != 0,
            given_at: row.given_at,
            expires_at: row.expires_at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, event: &DeviceConsentEvent) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::device_ref.eq(event.device_ref),
            t::sequence.eq(event.sequence),
            t::consent_event_id.eq(event.id),
            t::purpose.eq(event.purpose.as_str()),
            t::action.eq(event.action.as_str()),
            t::policy_version.eq(event.policy_version),
            t::definition_hash.eq(event.definition_hash.to_vec()),
            t::method.eq(event.method.as_str()),
            t::gpc.eq(i16::from(event.gpc)),
            t::given_at.eq(event.given_at),
            t::expires_at.eq(event.expires_at),
            t::leaf_id.eq(event.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The device's last event of each purpose that has one, in the order of the device's count.
pub fn list_last(c: &mut Conn, device: DeviceRef) -> Result<Vec<DeviceConsentEvent>, StorageError> {
    let newest: Vec<(String, Option<i64>)> = t::table
        .filter(t::device_ref.eq(device))
        .group_by(t::purpose)
        .select((t::purpose, diesel::dsl::max(t::sequence)))
        .load(c)?;
    let sequences: Vec<i64> = newest.into_iter().filter_map(|(_, sequence)| sequence).collect();
    let rows: Vec<Row> = t::table
        .filter(t::device_ref.eq(device))
        .filter(t::sequence.eq_any(sequences))
        .order(t::sequence)
        .load(c)?;
    rows.into_iter().map(DeviceConsentEvent::try_from).collect()
}

/// Everything that was expressed on a device.
pub fn list(c: &mut Conn, device: DeviceRef) -> Result<Vec<DeviceConsentEvent>, StorageError> {
    let rows: Vec<Row> = t::table.filter(t::device_ref.eq(device)).order(t::sequence).load(c)?;
    rows.into_iter().map(DeviceConsentEvent::try_from).collect()
}

/// The last events of a purpose, of those devices that have one.
pub fn list_last_of(
    c: &mut Conn,
    devices: &[DeviceRef],
    purpose: Purpose,
) -> Result<Vec<DeviceConsentEvent>, StorageError> {
    let later = diesel::alias!(t as later);
    let rows: Vec<Row> = t::table
        .filter(t::device_ref.eq_any(devices))
        .filter(t::purpose.eq(purpose.as_str()))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            later
                .filter(later.field(t::device_ref).eq(t::device_ref))
                .filter(later.field(t::purpose).eq(t::purpose))
                .filter(later.field(t::sequence).gt(t::sequence)),
        )))
        .load(c)?;
    rows.into_iter().map(DeviceConsentEvent::try_from).collect()
}

/// Rows of all devices after a place, in the order of the key.
pub fn list_all(
    c: &mut Conn,
    (device, sequence): (DeviceRef, i64),
    limit: i64,
) -> Result<Vec<DeviceConsentEvent>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::device_ref.gt(device).or(t::device_ref.eq(device).and(t::sequence.gt(sequence))))
        .order((t::device_ref, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(DeviceConsentEvent::try_from).collect()
}
