//! The tree over the leaves: lineages, places, hashes of subtrees, signed checkpoints.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{
        Conn, Dispatch, LeafHash, StorageError,
        schema::{
            log_checkpoints, log_details, log_entries, log_leaves, log_nodes, log_origins, log_pending,
            log_public_details,
        },
    },
    domain::{ids::LeafId, time::Timestamp},
};

/// A lineage of the tree; its leaf `n` is the entry `first_seq + n`.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = log_origins, treat_none_as_default_value = false)]
pub struct Origin {
    pub number: i64,
    /// The origin line of its checkpoints, and the name of the keys that sign them.
    pub name: String,
    pub first_seq: i64,
    pub opened_at: Timestamp,
    /// What the lineage before it came to, if there was one.
    pub previous_checkpoint: Option<String>,
}

/// A leaf in its place.
#[derive(Clone, Debug)]
pub struct Entry {
    pub seq: i64,
    pub leaf_id: LeafId,
    pub hash: LeafHash,
    pub bytes: Vec<u8>,
}

/// A checkpoint as it was signed.
#[derive(Clone, Debug, Queryable, Insertable)]
#[diesel(table_name = log_checkpoints)]
pub struct SignedCheckpoint {
    pub origin: i64,
    pub size: i64,
    pub note: String,
    pub signed_at: Timestamp,
}

/// All lineages, the current one last.
pub fn list_origins(c: &mut Conn) -> Result<Vec<Origin>, StorageError> {
    Ok(log_origins::table.order(log_origins::number).load(c)?)
}

/// The lineage that grows.
pub fn find_current_origin(c: &mut Conn) -> Result<Option<Origin>, StorageError> {
    Ok(log_origins::table.order(log_origins::number.desc()).limit(1).get_result(c).optional()?)
}

/// Opens a lineage; `false` if another process did.
pub fn insert_origin(c: &mut Conn, origin: &Origin) -> Result<bool, StorageError> {
    let added = diesel::insert_into(log_origins::table)
        .values(origin.clone())
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// How many entries there are, over all lineages: they are numbered from 0 without a gap.
pub fn count_entries(c: &mut Conn) -> Result<i64, StorageError> {
    let last: Option<i64> = log_entries::table
        .select(log_entries::seq)
        .order(log_entries::seq.desc())
        .limit(1)
        .get_result(c)
        .optional()?;
    Ok(last.map_or(0, |last| last + 1))
}

/// Leaves that wait for their place, oldest first.
pub fn list_pending(c: &mut Conn, limit: i64) -> Result<Vec<(LeafId, LeafHash)>, StorageError> {
    let rows: Vec<(LeafId, Vec<u8>)> = log_pending::table
        .inner_join(log_leaves::table.on(log_leaves::leaf_id.eq(log_pending::leaf_id)))
        .select((log_leaves::leaf_id, log_leaves::hash))
        .order(log_pending::leaf_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(|(id, hash)| Ok((id, hash32("log_leaves", &hash)?))).collect()
}

/// How many leaves wait.
pub fn count_pending(c: &mut Conn) -> Result<i64, StorageError> {
    Ok(log_pending::table.count().get_result(c)?)
}

/// Which of `ids` wait for their place.
pub fn filter_pending(c: &mut Conn, ids: &[LeafId]) -> Result<Vec<LeafId>, StorageError> {
    Ok(log_pending::table.filter(log_pending::leaf_id.eq_any(ids)).select(log_pending::leaf_id).load(c)?)
}

/// Stores leaves that are not stored yet; nothing opens what they commit to.
pub fn insert_leaves(c: &mut Conn, leaves: &[(LeafId, Vec<u8>, LeafHash)]) -> Result<(), StorageError> {
    for (id, bytes, hash) in leaves {
        diesel::insert_into(log_leaves::table)
            .values((
                log_leaves::leaf_id.eq(*id),
                log_leaves::bytes.eq(bytes.clone()),
                log_leaves::hash.eq(hash.to_vec()),
            ))
            .on_conflict_do_nothing()
            .dispatch(c)?;
    }
    Ok(())
}

/// Gives leaves their places, from `first` on.
pub fn insert_entries(c: &mut Conn, first: i64, leaves: &[(LeafId, LeafHash)]) -> Result<(), StorageError> {
    for (seq, (id, hash)) in (first..).zip(leaves) {
        diesel::insert_into(log_entries::table)
            .values((
                log_entries::seq.eq(seq),
                log_entries::leaf_id.eq(*id),
                log_entries::hash.eq(hash.to_vec()),
            ))
            .dispatch(c)?;
    }
    let ids: Vec<LeafId> = leaves.iter().map(|(id, _)| *id).collect();
    diesel::delete(log_pending::table.filter(log_pending::leaf_id.eq_any(ids))).execute(c)?;
    Ok(())
}

/// Stores hashes of subtrees.
pub fn insert_nodes(c: &mut Conn, origin: i64, nodes: &[(u64, LeafHash)]) -> Result<(), StorageError> {
    for (node, hash) in nodes {
        diesel::insert_into(log_nodes::table)
            .values((
                log_nodes::origin.eq(origin),
                log_nodes::node.eq(number(*node)?),
                log_nodes::hash.eq(hash.to_vec()),
            ))
            .dispatch(c)?;
    }
    Ok(())
}

/// The stored hashes numbered so; a missing one is missing in the answer too.
pub fn list_nodes(c: &mut Conn, origin: i64, nodes: &[u64]) -> Result<Vec<(u64, LeafHash)>, StorageError> {
    let wanted = nodes.iter().map(|node| number(*node)).collect::<Result<Vec<i64>, _>>()?;
    let rows: Vec<(i64, Vec<u8>)> = log_nodes::table
        .filter(log_nodes::origin.eq(origin))
        .filter(log_nodes::node.eq_any(wanted))
        .select((log_nodes::node, log_nodes::hash))
        .load(c)?;
    rows.into_iter()
        .map(|(node, hash)| {
            let node = u64::try_from(node).map_err(|_| corrupt("log_nodes", "a negative number"))?;
            Ok((node, hash32("log_nodes", &hash)?))
        })
        .collect()
}

fn number(node: u64) -> Result<i64, StorageError> {
    i64::try_from(node).map_err(|_| corrupt("log_nodes", "a tree too large"))
}

/// Entries from `first` on, with their leaves.
pub fn list_entries(c: &mut Conn, first: i64, limit: i64) -> Result<Vec<Entry>, StorageError> {
    let rows: Vec<(i64, LeafId, Vec<u8>, Vec<u8>)> = log_entries::table
        .inner_join(log_leaves::table.on(log_leaves::leaf_id.eq(log_entries::leaf_id)))
        .filter(log_entries::seq.ge(first))
        .filter(log_entries::seq.lt(first.saturating_add(limit)))
        .select((log_entries::seq, log_entries::leaf_id, log_entries::hash, log_leaves::bytes))
        .order(log_entries::seq)
        .load(c)?;
    rows.into_iter()
        .map(|(seq, leaf_id, hash, bytes)| {
            Ok(Entry { seq, leaf_id, hash: hash32("log_entries", &hash)?, bytes })
        })
        .collect()
}

/// The place of the leaf with this hash.
pub fn find_seq(c: &mut Conn, hash: &LeafHash) -> Result<Option<i64>, StorageError> {
    Ok(log_entries::table
        .filter(log_entries::hash.eq(hash.to_vec()))
        .select(log_entries::seq)
        .get_result(c)
        .optional()?)
}

/// Stores a checkpoint; `false` if this size has one.
pub fn insert_checkpoint(c: &mut Conn, checkpoint: &SignedCheckpoint) -> Result<bool, StorageError> {
    let added = diesel::insert_into(log_checkpoints::table)
        .values(checkpoint.clone())
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// The newest checkpoint of a lineage.
pub fn find_last_checkpoint(c: &mut Conn, origin: i64) -> Result<Option<SignedCheckpoint>, StorageError> {
    Ok(log_checkpoints::table
        .filter(log_checkpoints::origin.eq(origin))
        .order(log_checkpoints::size.desc())
        .limit(1)
        .get_result(c)
        .optional()?)
}

/// Checkpoints of a lineage after a size, in order.
pub fn list_checkpoints(
    c: &mut Conn,
    origin: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<SignedCheckpoint>, StorageError> {
    Ok(log_checkpoints::table
        .filter(log_checkpoints::origin.eq(origin))
        .filter(log_checkpoints::size.gt(after))
        .order(log_checkpoints::size)
        .limit(limit)
        .load(c)?)
}

/// A leaf with its place, and what opens its commitment for whoever has its row.
#[derive(Queryable)]
pub struct FoundLeaf {
    pub leaf_id: LeafId,
    pub bytes: Vec<u8>,
    pub seq: Option<i64>,
    pub salt: Option<Vec<u8>>,
}

/// The leaves of these ids that exist.
pub fn list_leaves(c: &mut Conn, ids: &[LeafId]) -> Result<Vec<FoundLeaf>, StorageError> {
    Ok(log_leaves::table
        .left_join(log_entries::table.on(log_entries::leaf_id.eq(log_leaves::leaf_id)))
        .left_join(log_details::table.on(log_details::leaf_id.eq(log_leaves::leaf_id)))
        .filter(log_leaves::leaf_id.eq_any(ids))
        .select((
            log_leaves::leaf_id,
            log_leaves::bytes,
            log_entries::seq.nullable(),
            log_details::salt.nullable(),
        ))
        .load(c)?)
}

/// What opens the leaves of the service's own acts, of these ids.
pub fn list_public_salts(c: &mut Conn, ids: &[LeafId]) -> Result<HashMap<LeafId, Vec<u8>>, StorageError> {
    let rows: Vec<(LeafId, Vec<u8>)> =
        log_public_details::table.filter(log_public_details::leaf_id.eq_any(ids)).load(c)?;
    Ok(rows.into_iter().collect())
}

/// A leaf, placed or not.
#[derive(Queryable)]
pub struct AnyLeaf {
    pub leaf_id: LeafId,
    pub bytes: Vec<u8>,
    pub seq: Option<i64>,
}

/// Leaves after `cursor`, in the order of their ids.
pub fn list_all_leaves(
    c: &mut Conn,
    cursor: Option<LeafId>,
    limit: i64,
) -> Result<Vec<AnyLeaf>, StorageError> {
    let after = cursor.unwrap_or(LeafId::from_uuid(uuid::Uuid::nil()));
    Ok(log_leaves::table
        .left_join(log_entries::table.on(log_entries::leaf_id.eq(log_leaves::leaf_id)))
        .filter(log_leaves::leaf_id.gt(after))
        .select((log_leaves::leaf_id, log_leaves::bytes, log_entries::seq.nullable()))
        .order(log_leaves::leaf_id)
        .limit(limit)
        .load(c)?)
}
