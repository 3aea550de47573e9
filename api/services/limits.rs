//! Restrictions and objections, as they begin and end; whatever processes a person's data looks at what stands.

use crate::{
    db::{Conn, StorageError},
    domain::{
        disclosure::limit::{LimitEvent, LimitScope, LimitStep},
        evidence::Evidence,
        ids::ProcessingLimitId,
        purpose::{PersonalDataClass, Purpose},
        time::Timestamp,
    },
    repositories::{accounts, log as leaves, processing_limit_events},
    services::{
        log::LeafDraft,
        obligations::{self, Change},
        reports::forget_person,
        vault::{SubjectKeys, VaultError},
    },
};

/// Why nothing was limited.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    #[error("no such account, or no such limit stands")]
    NotFound,
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(LimitError, storage in Vault);

/// Whose doing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitedBy {
    Person,
    Service,
}

/// Begins a restriction or an objection; it is in the way of everything that commits after it.
///
/// # Errors
///
/// [`LimitError::NotFound`] after the account has gone.
pub fn begin(
    c: &mut Conn,
    keys: &SubjectKeys,
    (id, scope): (ProcessingLimitId, LimitScope),
    now: Timestamp,
) -> Result<LimitEvent, LimitError> {
    let event = write(c, keys, (LimitedBy::Person, id, LimitStep::Begun, scope), now)?;
    obligations::open(c, keys, Change::Limited(scope), now)?;
    if scope.is_about(Purpose::Advertising, PersonalDataClass::Device) {
        forget_person(c, keys.account_id())?;
    }
    Ok(event)
}

/// Ends one that stands.
///
/// # Errors
///
/// [`LimitError::NotFound`] if it does not.
pub fn end(
    c: &mut Conn,
    keys: &SubjectKeys,
    (by, id): (LimitedBy, ProcessingLimitId),
    now: Timestamp,
) -> Result<LimitEvent, LimitError> {
    accounts::hold(c, keys.account_id())?;
    let standing = processing_limit_events::list_standing(c, keys.account_id())?;
    let begun = standing.iter().find(|begun| begun.id == id).ok_or(LimitError::NotFound)?;
    write(c, keys, (by, id, LimitStep::Ended, begun.scope), now)
}

fn write(
    c: &mut Conn,
    keys: &SubjectKeys,
    (by, id, step, scope): (LimitedBy, ProcessingLimitId, LimitStep, LimitScope),
    now: Timestamp,
) -> Result<LimitEvent, LimitError> {
    let (owner, draft) = (keys.account_id(), LeafDraft::new(now).map_err(VaultError::from)?);
    let event = LimitEvent {
        account_id: owner,
        sequence: accounts::take_sequence(c, owner, 1)?.ok_or(LimitError::NotFound)?,
        id,
        step,
        scope,
        at: now,
        leaf_id: draft.id(),
    };
    let (act, facts) = (event.act(), event.facts());
    let leaf = match by {
        LimitedBy::Person => draft.of_person(keys, act, &facts)?,
        LimitedBy::Service => draft.of_service_upon(keys, act, &facts)?,
    };
    leaves::append(c, &leaf)?;
    processing_limit_events::append(c, &event)?;
    Ok(event)
}
