//! Refresh tokens, by keyed hash; each is good for one rotation.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::refresh_tokens},
    domain::{
        ids::{AccountId, SessionId},
        time::Timestamp,
    },
};

/// A refresh token as it rests.
#[derive(Clone)]
pub struct RefreshToken {
    pub account_id: AccountId,
    pub mac: [u8; 32],
    pub session_id: SessionId,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

pub fn insert(c: &mut Conn, token: &RefreshToken) -> Result<(), StorageError> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::account_id.eq(token.account_id),
            refresh_tokens::token_mac.eq(token.mac.to_vec()),
            refresh_tokens::session_id.eq(token.session_id),
            refresh_tokens::issued_at.eq(token.issued_at),
            refresh_tokens::expires_at.eq(token.expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The session of a token, and when it expires.
pub fn find(
    c: &mut Conn,
    owner: AccountId,
    mac: &[u8; 32],
) -> Result<Option<(SessionId, Timestamp)>, StorageError> {
    Ok(refresh_tokens::table
        .find((owner, mac.to_vec()))
        .select((refresh_tokens::session_id, refresh_tokens::expires_at))
        .get_result(c)
        .optional()?)
}

/// Spends a token; `false` if it was spent before.
pub fn spend(c: &mut Conn, owner: AccountId, mac: &[u8; 32], now: Timestamp) -> Result<bool, StorageError> {
    let spent = diesel::update(refresh_tokens::table.find((owner, mac.to_vec())))
        .filter(refresh_tokens::rotated_at.is_null())
        .set(refresh_tokens::rotated_at.eq(Some(now)))
        .execute(c)?;
    Ok(spent == 1)
}
