//! Accounts: from registration to a profile that its person reads and changes, and what keeps the
//! account its owner's.

mod bans;
mod contact;
mod factor_resets;
pub mod factors;
mod password;
mod profile;
mod register;
mod reminders;
mod reset;
mod state;
mod verify;

pub use contact::{ChangeAsked, Contact};
pub use factors::{ProposedTotp, RecoveryCodes, Security};
pub use profile::{ChangePage, ProfileError};
pub use register::{Receipt, Registration};
pub use reset::{PasswordWasReset, ResetAnswer, ResetReceipt, ResetRequest};
pub use verify::{OpenedAccount, Verification};

use crate::{
    db::{Db, StorageError},
    domain::{
        account::{Profile, SealedProfile},
        ids::AccountId,
        password::WeakPassword,
        throttle::Exhausted,
    },
    repositories::profiles as profile_rows,
    services::{
        clock::Clock,
        idempotency::IdempotencyError,
        mailing::Links,
        outbox::OutboxService,
        passwords::{HashingError, Passwords},
        policies::{PolicyError, PolicyService},
        profiles,
        sessions::SessionService,
        throttles::Throttles,
        vault::{SubjectKeys, Vault, VaultError},
    },
};

/// Opens accounts, keeps their profiles and what proves their persons.
#[derive(Clone)]
pub struct AccountService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub passwords: Passwords,
    pub sessions: SessionService,
    pub throttles: Throttles,
    pub outbox: OutboxService,
    pub links: Links,
    pub policies: PolicyService,
    /// What authenticator apps show beside the account's address.
    pub issuer: String,
}

/// Why something about an account was refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("no such account")]
    NotFound,
    #[error("another policy version is in force")]
    PolicySuperseded,
    #[error("it is unknown, lapsed, used or out of tries")]
    Expired,
    #[error("the code is wrong or used")]
    WrongCode,
    #[error("the password is wrong")]
    WrongPassword,
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    #[error("the address has an account by now")]
    EmailTaken,
    #[error("there is no such factor")]
    NoSuchFactor,
    #[error("there is such a factor already")]
    FactorExists,
    #[error("there is no second factor")]
    NoSecondFactor,
    #[error("the account's state does not allow it")]
    StateConflict,
    #[error("too many attempts")]
    Throttled(Exhausted),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(StorageError),
}

impl From<StorageError> for AccountError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Duplicate { table } if table == "account_emails" => Self::EmailTaken,
            other => Self::Storage(other),
        }
    }
}

impl From<Exhausted> for AccountError {
    fn from(exhausted: Exhausted) -> Self {
        Self::Throttled(exhausted)
    }
}

service_error!(AccountError, storage in Vault, Idempotency, Policy);

impl AccountService {
    /// The person's keys and opened profile.
    async fn person(&self, id: AccountId) -> Result<(std::sync::Arc<SubjectKeys>, Profile), AccountError> {
        let keys = self.vault.keys_of(id).await?;
        let sealed = self.db.read(move |c| profile_rows::find(c, id)).await?;
        let profile = open(&keys, sealed)?;
        Ok((keys, profile))
    }
}

fn open(keys: &SubjectKeys, sealed: Option<SealedProfile>) -> Result<Profile, AccountError> {
    let sealed = sealed.ok_or(AccountError::NotFound)?;
    Ok(profiles::open(keys, &sealed)?)
}
