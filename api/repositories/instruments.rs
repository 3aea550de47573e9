//! Orders of courts and state bodies.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::instruments as t},
    domain::{
        disclosure::{
            instrument::{Instrument, Withdrawal},
            scope::DisclosureField,
        },
        ids::{AccountId, InstrumentId, LeafId, RecipientId, StaffId},
        kyc::file::FileName,
        time::Timestamp,
    },
};

const TABLE: &str = "instruments";

#[derive(Queryable)]
struct Row {
    id: InstrumentId,
    recipient_id: RecipientId,
    issuer: String,
    _reference: Option<Vec<u8>>,
    issued_on: String,
    valid_until: Timestamp,
    fields: String,
    gag_until: Option<Timestamp>,
    _named: Option<Vec<u8>>,
    file_name: Option<Vec<u8>>,
    registered_by: StaffId,
    registered_at: Timestamp,
    withdrawn_by: Option<StaffId>,
    withdrawn_at: Option<Timestamp>,
    leaf_id: LeafId,
    withdrawal_leaf_id: Option<LeafId>,
}

impl TryFrom<Row> for Instrument {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let name =
            |bytes: Vec<u8>| bytes.try_into().map(FileName).map_err(|_| corrupt(TABLE, "no name of a file"));
        Ok(Self {
            id: row.id,
            recipient_id: row.recipient_id,
            issuer: row.issuer,
            issued_on: row.issued_on.parse().map_err(|_| corrupt(TABLE, "no day"))?,
            valid_until: row.valid_until,
            fields: DisclosureField::split(&row.fields).ok_or(corrupt(TABLE, "an unknown field"))?,
            gag_until: row.gag_until,
            file_name: row.file_name.map(name).transpose()?,
            registered_by: row.registered_by,
            registered_at: row.registered_at,
            withdrawn: match (row.withdrawn_by, row.withdrawn_at, row.withdrawal_leaf_id) {
                (None, None, None) => None,
                (Some(by), Some(at), Some(leaf_id)) => Some(Withdrawal { by, at, leaf_id }),
                _ => return Err(corrupt(TABLE, "half a withdrawal")),
            },
            leaf_id: row.leaf_id,
        })
    }
}

/// Orders after `cursor`, in the order of their ids.
pub fn list(c: &mut Conn, cursor: Option<InstrumentId>, limit: i64) -> Result<Vec<Instrument>, StorageError> {
    let after = cursor.unwrap_or(InstrumentId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> =
        t::table.filter(t::instrument_id.gt(after)).order(t::instrument_id).limit(limit).load(c)?;
    rows.into_iter().map(Instrument::try_from).collect()
}

/// What of an order is sealed, unless it was erased.
pub fn find_sealed(c: &mut Conn, id: InstrumentId) -> Result<Option<SealedInstrument>, StorageError> {
    type Cells = (Option<Vec<u8>>, Option<Vec<u8>>);
    let found: Option<Cells> = t::table.find(id).select((t::reference, t::named)).get_result(c).optional()?;
    Ok(found.and_then(|(reference, named)| Some(SealedInstrument { reference: reference?, named: named? })))
}

/// Ends an order; `false` if it has ended.
pub fn withdraw(c: &mut Conn, id: InstrumentId, end: Withdrawal) -> Result<bool, StorageError> {
    let ended = diesel::update(t::table.find(id))
        .filter(t::withdrawn_at.is_null())
        .set((
            t::withdrawn_by.eq(Some(end.by)),
            t::withdrawn_at.eq(Some(end.at)),
            t::withdrawal_leaf_id.eq(Some(end.leaf_id)),
        ))
        .execute(c)?;
    Ok(ended == 1)
}

/// Some orders that ended before an instant, by a withdrawal or at their last day, with the files of what they say.
pub fn list_past(
    c: &mut Conn,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<(InstrumentId, FileName)>, StorageError> {
    let is_withdrawn = t::withdrawn_at.le(before).assume_not_null();
    let past: Vec<(InstrumentId, Option<Vec<u8>>)> = t::table
        .filter(t::file_name.is_not_null())
        .filter(is_withdrawn.or(t::valid_until.le(before)))
        .select((t::instrument_id, t::file_name))
        .order(t::instrument_id)
        .limit(limit)
        .load(c)?;
    let name =
        |bytes: Vec<u8>| bytes.try_into().map(FileName).map_err(|_| corrupt(TABLE, "no name of a file"));
    past.into_iter()
        .filter_map(|(id, bytes)| Some((id, bytes?)))
        .map(|(id, bytes)| Ok((id, name(bytes)?)))
        .collect()
}

/// Forgets what an order says.
pub fn forget(c: &mut Conn, id: InstrumentId) -> Result<(), StorageError> {
    diesel::update(t::table.find(id))
        .set((
            t::reference.eq(None::<Vec<u8>>),
            t::named.eq(None::<Vec<u8>>),
            t::file_name.eq(None::<Vec<u8>>),
        ))
        .execute(c)?;
    Ok(())
}

/// Which of these names files of orders.
pub fn filter_kept(c: &mut Conn, names: &[FileName]) -> Result<Vec<FileName>, StorageError> {
    let names: Vec<Vec<u8>> = names.iter().map(|name| name.0.to_vec()).collect();
    let kept: Vec<Option<Vec<u8>>> =
        t::table.filter(t::file_name.eq_any(names).assume_not_null()).select(t::file_name).load(c)?;
    let name = |bytes: Vec<u8>| bytes.try_into().map(FileName);
    kept.into_iter()
        .flatten()
        .map(|bytes| name(bytes).map_err(|_| corrupt(TABLE, "no name of a file")))
        .collect()
}

/// Which of `subjects` are orders: their keys are kept where a person's would be.
pub fn filter_existing(c: &mut Conn, subjects: &[AccountId]) -> Result<Vec<AccountId>, StorageError> {
    let ids: Vec<InstrumentId> =
        subjects.iter().map(|subject| InstrumentId::from_uuid(subject.as_uuid())).collect();
    let found: Vec<InstrumentId> =
        t::table.filter(t::instrument_id.eq_any(ids)).select(t::instrument_id).load(c)?;
    Ok(found.into_iter().map(|id| AccountId::from_uuid(id.as_uuid())).collect())
}

/// What of an order is sealed.
#[derive(Clone)]
pub struct SealedInstrument {
    pub reference: Vec<u8>,
    pub named: Vec<u8>,
}

pub fn insert(c: &mut Conn, instrument: &Instrument, sealed: SealedInstrument) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::instrument_id.eq(instrument.id),
            t::recipient_id.eq(instrument.recipient_id),
            t::issuer.eq(instrument.issuer.clone()),
            t::reference.eq(Some(sealed.reference)),
            t::issued_on.eq(instrument.issued_on.to_string()),
            t::valid_until.eq(instrument.valid_until),
            t::fields.eq(DisclosureField::join(&instrument.fields)),
            t::gag_until.eq(instrument.gag_until),
            t::named.eq(Some(sealed.named)),
            t::file_name.eq(instrument.file_name.map(|name| name.0.to_vec())),
            t::registered_by.eq(instrument.registered_by),
            t::registered_at.eq(instrument.registered_at),
            t::leaf_id.eq(instrument.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

pub fn find(c: &mut Conn, id: InstrumentId) -> Result<Option<Instrument>, StorageError> {
    let row: Option<Row> = t::table.find(id).get_result(c).optional()?;
    row.map(Instrument::try_from).transpose()
}
