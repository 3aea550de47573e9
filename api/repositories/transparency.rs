//! What the log says of disclosures, counted once.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{transparency_counts as t, transparency_progress as p},
    },
    domain::{
        disclosure::event::DisclosureStep,
        purpose::RecipientClass,
        time::Timestamp,
        transparency::{Quarter, StepCount},
    },
};

/// The first entry of the log that was not counted, and until when everything was.
pub fn find_progress(c: &mut Conn) -> Result<(i64, Option<Timestamp>), StorageError> {
    let found: Option<(i64, Option<Timestamp>)> =
        p::table.find(1_i16).select((p::next_seq, p::counted_until)).get_result(c).optional()?;
    Ok(found.unwrap_or((0, None)))
}

/// Notes that everything before `next` is counted; `false` if that is not what comes after `was`.
pub fn advance(c: &mut Conn, was: i64, next: i64, until: Timestamp) -> Result<bool, StorageError> {
    diesel::insert_into(p::table)
        .values((p::singleton.eq(1_i16), p::next_seq.eq(0_i64)))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    let moved = diesel::update(p::table.find(1_i16))
        .filter(p::next_seq.eq(was))
        .set((p::next_seq.eq(next), p::counted_until.eq(Some(until))))
        .execute(c)?;
    Ok(moved == 1)
}

/// Adds to a count.
pub fn add(c: &mut Conn, count: &StepCount) -> Result<(), StorageError> {
    let key = (count.quarter.0, count.class.as_str(), count.step.as_str());
    diesel::insert_into(t::table)
        .values((t::quarter.eq(key.0), t::class.eq(key.1), t::step.eq(key.2), t::disclosures.eq(0_i64)))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    diesel::update(t::table.find(key))
        .set(t::disclosures.eq(t::disclosures + count.disclosures))
        .execute(c)?;
    Ok(())
}

/// All counts, by quarter.
pub fn list(c: &mut Conn) -> Result<Vec<StepCount>, StorageError> {
    let rows: Vec<(i32, String, String, i64)> = t::table.order((t::quarter, t::class, t::step)).load(c)?;
    rows.into_iter()
        .map(|(quarter, class, step, disclosures)| {
            let known = RecipientClass::parse(&class).zip(DisclosureStep::parse(&step));
            let (class, step) = known.ok_or(corrupt("transparency_counts", "an unknown class or step"))?;
            Ok(StepCount { quarter: Quarter(quarter), class, step, disclosures })
        })
        .collect()
}
