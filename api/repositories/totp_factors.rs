//! Authenticator apps: a sealed secret, and the last step that was taken.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::totp_factors},
    domain::{ids::AccountId, time::Timestamp},
};

/// An authenticator app as it rests.
#[derive(Clone, Queryable)]
pub struct TotpFactor {
    pub secret: Vec<u8>,
    pub last_step: i64,
    pub created_at: Timestamp,
    pub confirmed_at: Option<Timestamp>,
}

pub fn find(c: &mut Conn, id: AccountId) -> Result<Option<TotpFactor>, StorageError> {
    Ok(totp_factors::table
        .find(id)
        .select((
            totp_factors::secret,
            totp_factors::last_step,
            totp_factors::created_at,
            totp_factors::confirmed_at,
        ))
        .get_result(c)
        .optional()?)
}

/// Puts a secret that is to be confirmed in the place of an unconfirmed one; `false` if a confirmed
/// one stands there.
pub fn propose(c: &mut Conn, id: AccountId, secret: &[u8], now: Timestamp) -> Result<bool, StorageError> {
    let unconfirmed = totp_factors::table.find(id).filter(totp_factors::confirmed_at.is_null());
    diesel::delete(unconfirmed).execute(c)?;
    let added = diesel::insert_into(totp_factors::table)
        .values((
            totp_factors::account_id.eq(id),
            totp_factors::secret.eq(secret.to_vec()),
            totp_factors::last_step.eq(0),
            totp_factors::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// Confirms exactly this proposed secret; `false` if it is no longer the one.
pub fn confirm(
    c: &mut Conn,
    id: AccountId,
    secret: &[u8],
    step: i64,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let confirmed = diesel::update(totp_factors::table.find(id))
        .filter(totp_factors::confirmed_at.is_null())
        .filter(totp_factors::secret.eq(secret))
        .set((totp_factors::confirmed_at.eq(Some(now)), totp_factors::last_step.eq(step)))
        .execute(c)?;
    Ok(confirmed == 1)
}

/// Takes a step; `false` if it, or a later one, was taken before.
pub fn spend(c: &mut Conn, id: AccountId, step: i64) -> Result<bool, StorageError> {
    let spent = diesel::update(totp_factors::table.find(id))
        .filter(totp_factors::confirmed_at.is_not_null())
        .filter(totp_factors::last_step.lt(step))
        .set(totp_factors::last_step.eq(step))
        .execute(c)?;
    Ok(spent == 1)
}

/// Removes the app, confirmed or not; `false` if there is none that was confirmed.
pub fn delete(c: &mut Conn, id: AccountId) -> Result<bool, StorageError> {
    let confirmed = totp_factors::table.find(id).filter(totp_factors::confirmed_at.is_not_null());
    Ok(diesel::delete(confirmed).execute(c)? == 1)
}
