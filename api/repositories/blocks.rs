//! The block list, its targets sealed under the service's own key.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::blocks},
    domain::{ids::BlockId, time::Timestamp},
};

/// An entry as it rests.
#[derive(Clone, Queryable)]
pub struct SealedBlock {
    pub id: BlockId,
    pub target_mac: Vec<u8>,
    pub target: Vec<u8>,
    pub reason: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Adds an entry, or replaces the one of the same target.
pub fn put(c: &mut Conn, block: &SealedBlock) -> Result<(), StorageError> {
    diesel::delete(blocks::table.filter(blocks::target_mac.eq(block.target_mac.clone()))).execute(c)?;
    diesel::insert_into(blocks::table)
        .values((
            blocks::block_id.eq(block.id),
            blocks::target_mac.eq(block.target_mac.clone()),
            blocks::target.eq(block.target.clone()),
            blocks::reason.eq(block.reason.clone()),
            blocks::created_at.eq(block.created_at),
            blocks::expires_at.eq(block.expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The entries that have not expired.
pub fn list_live(c: &mut Conn, now: Timestamp) -> Result<Vec<SealedBlock>, StorageError> {
    Ok(blocks::table.filter(blocks::expires_at.gt(now)).order(blocks::created_at).load(c)?)
}

/// Removes an entry; `false` if there is none.
pub fn delete(c: &mut Conn, id: BlockId) -> Result<bool, StorageError> {
    Ok(diesel::delete(blocks::table.find(id)).execute(c)? == 1)
}

/// Deletes some entries that expired before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<BlockId> =
        blocks::table.filter(blocks::expires_at.lt(before)).select(blocks::block_id).limit(limit).load(c)?;
    for id in &past {
        diesel::delete(blocks::table.find(*id)).execute(c)?;
    }
    Ok(past.len())
}
