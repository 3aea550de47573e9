//! What each rule of retention took away, day by day.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::retention_runs as t},
    domain::{
        retention::{RetentionRule, RetentionRun},
        time::Timestamp,
    },
};

/// Adds to what a rule took away on a day.
pub fn add(
    c: &mut Conn,
    (day, rule): (Timestamp, RetentionRule),
    removed: i64,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((t::day.eq(day), t::rule.eq(rule.as_str()), t::removed.eq(0_i64), t::last_run_at.eq(now)))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    diesel::update(t::table.find((day, rule.as_str())))
        .set((t::removed.eq(t::removed + removed), t::last_run_at.eq(now)))
        .execute(c)?;
    Ok(())
}

/// What was taken away since a day, newest first.
pub fn list_since(c: &mut Conn, since: Timestamp) -> Result<Vec<RetentionRun>, StorageError> {
    let rows: Vec<(Timestamp, String, i64, Timestamp)> =
        t::table.filter(t::day.ge(since)).order((t::day.desc(), t::rule)).load(c)?;
    rows.into_iter()
        .map(|(day, rule, removed, last_run_at)| {
            let rule = RetentionRule::parse(&rule).ok_or(corrupt("retention_runs", "an unknown rule"))?;
            Ok(RetentionRun { day, rule, removed, last_run_at })
        })
        .collect()
}

/// Forgets some days before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(Timestamp, String)> =
        t::table.filter(t::day.lt(before)).select((t::day, t::rule)).limit(limit).load(c)?;
    for key in &past {
        diesel::delete(t::table.find((key.0, key.1.as_str()))).execute(c)?;
    }
    Ok(past.len())
}
