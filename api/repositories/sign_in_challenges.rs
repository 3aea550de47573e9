//! Sign-ins that wait for their second factor.

use diesel::prelude::*;

use crate::{
    db::{Conn, Dispatch, StorageError, schema::sign_in_challenges},
    domain::{
        ids::{AccountId, ChallengeId},
        time::Timestamp,
    },
};

/// A challenge as it rests.
#[derive(Clone)]
pub struct Challenge {
    pub account_id: AccountId,
    pub id: ChallengeId,
    pub token_mac: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

pub fn insert(c: &mut Conn, challenge: &Challenge) -> Result<(), StorageError> {
    diesel::insert_into(sign_in_challenges::table)
        .values((
            sign_in_challenges::account_id.eq(challenge.account_id),
            sign_in_challenges::challenge_id.eq(challenge.id),
            sign_in_challenges::token_mac.eq(challenge.token_mac.to_vec()),
            sign_in_challenges::tries.eq(0),
            sign_in_challenges::created_at.eq(challenge.created_at),
            sign_in_challenges::expires_at.eq(challenge.expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Whether the challenge is live and this token is its own.
pub fn is_live(
    c: &mut Conn,
    owner: AccountId,
    id: ChallengeId,
    token_mac: &[u8; 32],
    now: Timestamp,
) -> Result<bool, StorageError> {
    let found: i64 = sign_in_challenges::table
        .filter(sign_in_challenges::account_id.eq(owner))
        .filter(sign_in_challenges::challenge_id.eq(id))
        .filter(sign_in_challenges::token_mac.eq(token_mac.to_vec()))
        .filter(sign_in_challenges::expires_at.gt(now))
        .count()
        .get_result(c)?;
    Ok(found == 1)
}

/// Counts one try; `false` if the challenge is not live or has no tries left.
///
/// The caller commits this before it compares anything.
pub fn count_try(
    c: &mut Conn,
    owner: AccountId,
    id: ChallengeId,
    token_mac: &[u8; 32],
    max_tries: i32,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let counted = diesel::update(
        sign_in_challenges::table
            .filter(sign_in_challenges::account_id.eq(owner))
            .filter(sign_in_challenges::challenge_id.eq(id))
            .filter(sign_in_challenges::token_mac.eq(token_mac.to_vec()))
            .filter(sign_in_challenges::tries.lt(max_tries))
            .filter(sign_in_challenges::expires_at.gt(now)),
    )
    .set(sign_in_challenges::tries.eq(sign_in_challenges::tries + 1))
    .execute(c)?;
    Ok(counted == 1)
}

/// The tries of all challenges of a person that are still kept and were not answered.
pub fn count_tries(c: &mut Conn, owner: AccountId) -> Result<i64, StorageError> {
    let tries: Option<i64> = sign_in_challenges::table
        .filter(sign_in_challenges::account_id.eq(owner))
        .select(diesel::dsl::sum(sign_in_challenges::tries))
        .get_result(c)?;
    Ok(tries.unwrap_or(0))
}

/// Uses the challenge up; `false` if somebody did before, or it was called off.
pub fn consume(c: &mut Conn, owner: AccountId, id: ChallengeId) -> Result<bool, StorageError> {
    Ok(diesel::delete(sign_in_challenges::table.find((owner, id))).execute(c)? == 1)
}

/// Calls off every challenge of a person: what it rested on has changed.
pub fn delete_all(c: &mut Conn, owner: AccountId) -> Result<(), StorageError> {
    diesel::delete(sign_in_challenges::table.filter(sign_in_challenges::account_id.eq(owner))).execute(c)?;
    Ok(())
}

/// Deletes some challenges that lapsed before `before`.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(AccountId, ChallengeId)> = sign_in_challenges::table
        .filter(sign_in_challenges::expires_at.lt(before))
        .select((sign_in_challenges::account_id, sign_in_challenges::challenge_id))
        .limit(limit)
        .load(c)?;
    for id in &past {
        diesel::delete(sign_in_challenges::table.find(*id)).execute(c)?;
    }
    Ok(past.len())
}
