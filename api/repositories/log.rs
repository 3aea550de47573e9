//! Leaves of the log, inserted unsequenced with the act that they attest.

use diesel::prelude::*;

use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{log_details, log_leaves, log_public_details},
    },
    domain::ids::{AccountId, LeafId},
};

/// What a leaf commits to, and where that can be read.
#[derive(Clone)]
pub enum LeafDetail {
    /// Sealed under the person's `log_detail` key, and gone with it.
    OfPerson(AccountId, Vec<u8>),
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

/// Appends a leaf; the act that it attests fails with it.
pub fn append(c: &mut Conn, leaf: &Leaf) -> Result<LeafId, StorageError> {
    diesel::insert_into(log_leaves::table)
        .values((
            log_leaves::leaf_id.eq(leaf.id),
            log_leaves::bytes.eq(leaf.bytes.clone()),
            log_leaves::hash.eq(leaf.hash.to_vec()),
        ))
        .dispatch(c)?;
    match &leaf.detail {
        LeafDetail::OfPerson(id, sealed) => diesel::insert_into(log_details::table)
            .values((
                log_details::account_id.eq(*id),
                log_details::leaf_id.eq(leaf.id),
                log_details::detail.eq(sealed.clone()),
            ))
            .dispatch(c)?,
        LeafDetail::Public(detail) => diesel::insert_into(log_public_details::table)
            .values((log_public_details::leaf_id.eq(leaf.id), log_public_details::detail.eq(detail.clone())))
            .dispatch(c)?,
    };
    Ok(leaf.id)
}
