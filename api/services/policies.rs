//! The policy: what is in force, and its first publication.

use crate::{
    db::{Db, Refusal, StorageError},
    domain::{
        evidence::Evidence,
        policy::{self, PolicyVersion},
    },
    repositories::{log as leaves, policy_versions},
    services::{clock::Clock, log::LeafDraft, vault::kms::KmsError},
};

/// Why a policy version was not given.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("no such version")]
    NotFound,
    #[error("the text inside the binary does not parse")]
    Unreadable,
    #[error(transparent)]
    Kms(#[from] KmsError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refusal for PolicyError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// Gives policy versions.
#[derive(Clone)]
pub struct PolicyService {
    db: Db,
    clock: Clock,
}

impl PolicyService {
    pub const fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Publishes version 1 on a fresh installation; effective at once, like any publication.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn publish_first(&self) -> Result<(), PolicyError> {
        if self.db.read(policy_versions::find_current).await?.is_some() {
            return Ok(());
        }
        let clauses = policy::first_version().map_err(|_| PolicyError::Unreadable)?;
        let first = PolicyVersion {
            version: 1,
            content_hash: policy::content_hash(&clauses),
            clauses,
            published_at: self.clock.now(),
        };
        let draft = LeafDraft::new(first.published_at)?;
        let leaf = draft.of_service(first.act(), &first.facts());
        self.db
            .write(move |c| {
                if policy_versions::find(c, 1)?.is_none() {
                    leaves::append(c, &leaf)?;
                    policy_versions::append(c, &first, leaf.id)?;
                }
                Ok::<_, PolicyError>(())
            })
            .await
    }

    /// The version in force.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NotFound`] before the first publication.
    pub async fn current(&self) -> Result<PolicyVersion, PolicyError> {
        self.db.read(policy_versions::find_current).await?.ok_or(PolicyError::NotFound)
    }

    /// A version by its number.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NotFound`].
    pub async fn find(&self, version: i32) -> Result<PolicyVersion, PolicyError> {
        self.db.read(move |c| policy_versions::find(c, version)).await?.ok_or(PolicyError::NotFound)
    }
}
