//! Restrictions that a verification brings and ends: each change of the account's state has its leaf.

use crate::{
    db::{Conn, StorageError},
    domain::{
        account::{AccountState, StateReason},
        ids::AccountId,
        kyc::KycState,
        time::Timestamp,
    },
    repositories::{accounts, kyc_cases, log as leaves},
    services::{
        log::LeafDraft,
        vault::{SubjectKeys, VaultError},
    },
};

/// Restricts an account for what its verification came to, if nothing else keeps it; `true` if it did.
///
/// # Errors
///
/// Storage trouble only.
pub fn restrict(
    c: &mut Conn,
    keys: &SubjectKeys,
    reason: StateReason,
    now: Timestamp,
) -> Result<bool, VaultError> {
    let id = keys.account_id();
    let Some(standing) = accounts::find_standing(c, id)? else { return Ok(false) };
    let may = standing.state == AccountState::Active
        || (standing.reason == StateReason::VerificationOverdue && standing.reason != reason);
    if !may || !accounts::enter(c, id, reason, &[standing.state], None, now)? {
        return Ok(false);
    }
    tell(c, keys, reason, now)?;
    Ok(true)
}

/// Lifts a restriction that has one of these reasons, and no other; `true` if there was one.
///
/// # Errors
///
/// Storage trouble only.
pub fn lift(
    c: &mut Conn,
    keys: &SubjectKeys,
    reasons: &[StateReason],
    now: Timestamp,
) -> Result<bool, VaultError> {
    let id = keys.account_id();
    let standing = accounts::find_standing(c, id)?;
    if !standing.is_some_and(|standing| reasons.contains(&standing.reason)) {
        return Ok(false);
    }
    let lifted = accounts::change_state(c, id, StateReason::VerificationSettled, None, now)?;
    if lifted {
        tell(c, keys, StateReason::VerificationSettled, now)?;
    }
    Ok(lifted)
}

fn tell(c: &mut Conn, keys: &SubjectKeys, reason: StateReason, now: Timestamp) -> Result<(), VaultError> {
    let facts = vec![("account", keys.account_id().to_string()), ("reason", reason.as_str().to_owned())];
    Ok(leaves::append(c, &LeafDraft::new(now)?.of_person(keys, &reason.act(), &facts)?).map(drop)?)
}

/// The restriction that a verification asks for, where the account would be free for `asked`: taking a closure
/// back, or the end of a review of its security, is no way around it.
///
/// # Errors
///
/// Storage trouble only.
pub fn due_instead_of(
    c: &mut Conn,
    id: AccountId,
    asked: StateReason,
) -> Result<Option<StateReason>, StorageError> {
    let standing = accounts::find_standing(c, id)?;
    let was_elsewhere = standing.is_some_and(|standing| match asked {
        StateReason::ClosureWithdrawn => true,
        StateReason::RestrictionLifted => {
            matches!(standing.reason, StateReason::SecurityReview | StateReason::Banned)
        }
        _ => false,
    });
    if !was_elsewhere {
        return Ok(None);
    }
    Ok(kyc_cases::find_current(c, id)?.and_then(|case| match case.state {
        KycState::Expired => Some(StateReason::VerificationOverdue),
        KycState::Rejected => Some(StateReason::VerificationRejected),
        _ => None,
    }))
}
