//! Verification of identity (clauses 1.3 to 1.8): asked for by people of the company, answered by the person.

mod details;
mod overview;
mod request;

pub use overview::{ItemStanding, KycOverview};
pub use request::{KycAsked, KycRequest};

use crate::{
    db::{Db, StorageError},
    domain::kyc::special_categories::SpecialCategory,
    services::{
        clock::Clock,
        idempotency::IdempotencyError,
        outbox::OutboxService,
        vault::{Vault, VaultError},
    },
};

/// Why something about a verification was refused.
#[derive(Debug, thiserror::Error)]
pub enum KycError {
    #[error("no such account or verification")]
    NotFound,
    #[error("a verification is asked for already")]
    AlreadyAsked,
    #[error("nothing is asked for, or it is too late to change it")]
    NotOpen,
    #[error("somebody else changed it meanwhile")]
    Stale,
    #[error("the day of birth is yet to come")]
    BornInTheFuture,
    #[error("the text speaks of a special category of data")]
    SpecialCategory(SpecialCategory),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(KycError, storage in Idempotency, Vault);

/// Keeps verifications.
#[derive(Clone)]
pub struct KycService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub outbox: OutboxService,
}
