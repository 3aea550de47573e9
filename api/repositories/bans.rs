//! Bans, and the marks by which banned persons are recognised.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{ban_marks, bans},
    },
    domain::{
        ban::{Ban, BanGround},
        ids::{AccountId, BanId},
        time::Timestamp,
    },
};

type Row = (BanId, Option<AccountId>, String, Timestamp, Timestamp);

fn read((id, account_id, ground, banned_at, ends_at): Row) -> Result<Ban, StorageError> {
    let ground = BanGround::parse(&ground).ok_or_else(|| corrupt("bans", "an unknown ground"))?;
    Ok(Ban { id, account_id, ground, banned_at, ends_at })
}

/// Adds a ban with its marks.
pub fn insert(c: &mut Conn, ban: &Ban, marks: &[[u8; 32]]) -> Result<(), StorageError> {
    diesel::insert_into(bans::table)
        .values((
            bans::ban_id.eq(ban.id),
            bans::account_id.eq(ban.account_id),
            bans::ground.eq(ban.ground.as_str()),
            bans::banned_at.eq(ban.banned_at),
            bans::ends_at.eq(ban.ends_at),
        ))
        .dispatch(c)?;
    for mark in marks {
        diesel::insert_into(ban_marks::table)
            .values((ban_marks::ban_id.eq(ban.id), ban_marks::mark.eq(mark.to_vec())))
            .dispatch(c)?;
    }
    Ok(())
}

/// The ban in force that one of these marks belongs to, the one that ends last.
pub fn find_marked(c: &mut Conn, marks: &[[u8; 32]], now: Timestamp) -> Result<Option<Ban>, StorageError> {
    let marks: Vec<Vec<u8>> = marks.iter().map(|mark| mark.to_vec()).collect();
    let row: Option<Row> = bans::table
        .inner_join(ban_marks::table.on(ban_marks::ban_id.eq(bans::ban_id)))
        .filter(ban_marks::mark.eq_any(marks))
        .filter(bans::ends_at.gt(now))
        .order(bans::ends_at.desc())
        .select((bans::ban_id, bans::account_id, bans::ground, bans::banned_at, bans::ends_at))
        .limit(1)
        .get_result(c)
        .optional()?;
    row.map(read).transpose()
}

/// The ban of an account, if it has one.
pub fn find_of(c: &mut Conn, id: AccountId) -> Result<Option<Ban>, StorageError> {
    let row: Option<Row> = bans::table
        .filter(bans::account_id.eq(id))
        .order(bans::ends_at.desc())
        .limit(1)
        .get_result(c)
        .optional()?;
    row.map(read).transpose()
}

pub fn find(c: &mut Conn, id: BanId) -> Result<Option<Ban>, StorageError> {
    bans::table.find(id).get_result::<Row>(c).optional()?.map(read).transpose()
}

/// All bans, the one that ends first before the others.
pub fn list(c: &mut Conn) -> Result<Vec<Ban>, StorageError> {
    let rows: Vec<Row> = bans::table.order((bans::ends_at, bans::ban_id)).load(c)?;
    rows.into_iter().map(read).collect()
}

/// Bans whose end has come.
pub fn list_past(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<Ban>, StorageError> {
    let past = bans::table.filter(bans::ends_at.le(now)).order((bans::ends_at, bans::ban_id));
    let rows: Vec<Row> = past.limit(limit).load(c)?;
    rows.into_iter().map(read).collect()
}

/// Deletes a ban with its marks; `false` if there is none.
pub fn delete(c: &mut Conn, id: BanId) -> Result<bool, StorageError> {
    diesel::delete(ban_marks::table.filter(ban_marks::ban_id.eq(id))).execute(c)?;
    Ok(diesel::delete(bans::table.find(id)).execute(c)? == 1)
}

/// Cuts the ban of an account off from it: what recognises the person leads to nothing else of them.
pub fn sever(c: &mut Conn, id: AccountId) -> Result<(), StorageError> {
    diesel::update(bans::table.filter(bans::account_id.eq(id)))
        .set(bans::account_id.eq(None::<AccountId>))
        .execute(c)?;
    Ok(())
}
