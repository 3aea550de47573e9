//! Restrictions and objections, as they begin and end; whatever processes a person's data looks at what stands.

use crate::{
    db::{Db, StorageError},
    domain::{
        disclosure::limit::{LimitEvent, LimitScope, LimitStep},
        evidence::Evidence,
        ids::{AccountId, ProcessingLimitId},
        purpose::{PersonalDataClass, Purpose},
    },
    repositories::{accounts, log as leaves, processing_limit_events},
    services::{
        clock::Clock,
        log::LeafDraft,
        obligations::{self, Change},
        reports::forget_person,
        vault::{Vault, VaultError},
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

/// Keeps restrictions and objections.
#[derive(Clone)]
pub struct LimitService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
}

impl LimitService {
    /// Begins a restriction or an objection; it is in the way of everything that commits after it.
    ///
    /// # Errors
    ///
    /// [`LimitError::NotFound`] after the account has gone.
    pub async fn begin(&self, owner: AccountId, scope: LimitScope) -> Result<LimitEvent, LimitError> {
        let id = ProcessingLimitId::generate(self.clock.now());
        self.write(owner, id, LimitStep::Begun, Some(scope)).await
    }

    /// Ends one that stands.
    ///
    /// # Errors
    ///
    /// [`LimitError::NotFound`] if it does not.
    pub async fn end(&self, owner: AccountId, id: ProcessingLimitId) -> Result<LimitEvent, LimitError> {
        self.write(owner, id, LimitStep::Ended, None).await
    }

    async fn write(
        &self,
        owner: AccountId,
        id: ProcessingLimitId,
        step: LimitStep,
        scope: Option<LimitScope>,
    ) -> Result<LimitEvent, LimitError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?.ok_or(LimitError::NotFound)?;
                let standing = processing_limit_events::list_standing(c, owner)?;
                let stands = standing.iter().find(|begun| begun.id == id).map(|begun| begun.scope);
                let event = LimitEvent {
                    account_id: owner,
                    sequence: accounts::take_sequence(c, owner, 1)?.ok_or(LimitError::NotFound)?,
                    id,
                    step,
                    scope: scope.or(stands).ok_or(LimitError::NotFound)?,
                    at: now,
                    leaf_id: draft.id(),
                };
                leaves::append(c, &draft.of_person(&keys, event.act(), &event.facts())?)?;
                processing_limit_events::append(c, &event)?;
                if step == LimitStep::Begun {
                    obligations::open(c, &keys, Change::Limited(event.scope), now)?;
                    if event.scope.is_about(Purpose::Advertising, PersonalDataClass::Device) {
                        forget_person(c, owner)?;
                    }
                }
                Ok(event)
            })
            .await
    }
}
