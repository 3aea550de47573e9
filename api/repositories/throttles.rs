//! Buckets of throttles, each by keyed hash: the microsecond at which it will be full again.

use diesel::prelude::*;

use super::hash32;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::throttles},
    domain::time::Timestamp,
};

/// When each of these buckets will be full; one that is full has no row.
pub fn find(c: &mut Conn, macs: &[[u8; 32]]) -> Result<Vec<([u8; 32], i64)>, StorageError> {
    let macs: Vec<Vec<u8>> = macs.iter().map(|mac| mac.to_vec()).collect();
    let rows: Vec<(Vec<u8>, i64)> = throttles::table
        .filter(throttles::bucket_mac.eq_any(macs))
        .select((throttles::bucket_mac, throttles::full_at))
        .load(c)?;
    rows.into_iter().map(|(mac, full_at)| Ok((hash32("throttles", &mac)?, full_at))).collect()
}

/// Moves a bucket on from where it was found; `false` if it was moved meanwhile.
pub fn advance(c: &mut Conn, mac: &[u8; 32], from: Option<i64>, to: i64) -> Result<bool, StorageError> {
    let moved = match from {
        Some(from) => diesel::update(throttles::table.find(mac.to_vec()))
            .filter(throttles::full_at.eq(from))
            .set(throttles::full_at.eq(to))
            .execute(c)?,
        None => diesel::insert_into(throttles::table)
            .values((throttles::bucket_mac.eq(mac.to_vec()), throttles::full_at.eq(to)))
            .on_conflict_do_nothing()
            .dispatch(c)?,
    };
    Ok(moved == 1)
}

/// Gives an attempt back that turned out to be right.
pub fn give_back(c: &mut Conn, mac: &[u8; 32], cost: i64) -> Result<(), StorageError> {
    diesel::update(throttles::table.find(mac.to_vec()))
        .set(throttles::full_at.eq(throttles::full_at - cost))
        .execute(c)?;
    Ok(())
}

/// Deletes some buckets that were full before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let full: Vec<Vec<u8>> = throttles::table
        .filter(throttles::full_at.lt(before.as_micros()))
        .select(throttles::bucket_mac)
        .limit(limit)
        .load(c)?;
    for mac in &full {
        diesel::delete(throttles::table.find(mac))
            .filter(throttles::full_at.lt(before.as_micros()))
            .execute(c)?;
    }
    Ok(full.len())
}
