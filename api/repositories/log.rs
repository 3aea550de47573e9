//! Leaves of the log, inserted unsequenced with the act that they attest.

use diesel::prelude::*;

use crate::{
    db::{
        Conn, Dispatch, StorageError, note_leaf,
        schema::{log_details, log_leaves, log_public_details},
    },
    domain::ids::{AccountId, LeafId},
};

/// What a leaf commits to, and where that can be read.
#[derive(Clone)]
pub enum LeafDetail {
    /// Sealed under the person's `log_detail` key, and gone with it.
    OfPerson {
        account_id: AccountId,
        sealed: Vec<u8>,
        /// Opens the commitment for whoever has the row that the leaf attests.
        salt: Vec<u8>,
    },
    /// About the service itself.
    Public(Vec<u8>),
}

/// A leaf: exactly the bytes that were hashed.
#[derive(Clone)]
pub struct Leaf {
    pub id: LeafId,
    pub bytes: Vec<u8>,
    pub hash: [u8; 32],
    pub detail: LeafDetail,
}

/// Appends a leaf; the act that it attests fails with it, and can be tried again once the log takes
/// leaves again.
pub fn append(c: &mut Conn, leaf: &Leaf) -> Result<LeafId, StorageError> {
    insert(c, leaf).map_err(refused)?;
    note_leaf(leaf.hash);
    Ok(leaf.id)
}

/// [`append`] for what no answer tells of.
pub fn append_unpromised(c: &mut Conn, leaf: &Leaf) -> Result<LeafId, StorageError> {
    insert(c, leaf).map_err(refused)?;
    Ok(leaf.id)
}

fn refused(error: StorageError) -> StorageError {
    match error {
        StorageError::Query(_) => StorageError::Unavailable("the log takes no leaves"),
        other => other,
    }
}

fn insert(c: &mut Conn, leaf: &Leaf) -> Result<(), StorageError> {
    diesel::insert_into(log_leaves::table)
        .values((
            log_leaves::leaf_id.eq(leaf.id),
            log_leaves::bytes.eq(leaf.bytes.clone()),
            log_leaves::hash.eq(leaf.hash.to_vec()),
        ))
        .dispatch(c)?;
    match &leaf.detail {
        LeafDetail::OfPerson { account_id, sealed, salt } => diesel::insert_into(log_details::table)
            .values((
                log_details::account_id.eq(*account_id),
                log_details::leaf_id.eq(leaf.id),
                log_details::detail.eq(sealed.clone()),
                log_details::salt.eq(salt.clone()),
            ))
            .dispatch(c)?,
        LeafDetail::Public(detail) => diesel::insert_into(log_public_details::table)
            .values((log_public_details::leaf_id.eq(leaf.id), log_public_details::detail.eq(detail.clone())))
            .dispatch(c)?,
    };
    Ok(())
}

/// A leaf about a person, with the sealed detail.
#[derive(Queryable)]
pub struct OwnLeaf {
    pub id: LeafId,
    pub bytes: Vec<u8>,
    pub hash: Vec<u8>,
    pub detail: Vec<u8>,
    pub salt: Vec<u8>,
}

/// Leaves about a person after one.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    after: LeafId,
    limit: i64,
) -> Result<Vec<OwnLeaf>, StorageError> {
    Ok(log_details::table
        .inner_join(log_leaves::table.on(log_leaves::leaf_id.eq(log_details::leaf_id)))
        .filter(log_details::account_id.eq(owner))
        .filter(log_details::leaf_id.gt(after))
        .select((
            log_leaves::leaf_id,
            log_leaves::bytes,
            log_leaves::hash,
            log_details::detail,
            log_details::salt,
        ))
        .order(log_details::leaf_id)
        .limit(limit)
        .load(c)?)
}
