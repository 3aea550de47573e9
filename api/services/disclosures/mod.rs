//! Disclosures: drafted by data processors, reviewed by the legal team, agreed to by the person, let out by the
//! [`gate`].

mod access;
mod acting;
mod asking;
mod carrying_out;
mod contact_data;
mod drafts;
pub mod gate;
mod ledger;
mod own;
mod package;
mod pulls;
mod queue;
mod release;
mod review;
mod silence;
mod transfers;
mod upkeep;

use std::sync::Arc;

pub use access::AuthorityAccess;
pub use asking::{AnsweredRequest, AskedOf, ConsentRequestPage};
pub use carrying_out::OwnTransfer;
pub use drafts::DraftDisclosure;
pub use own::{OwnDisclosure, OwnDisclosurePage};
pub use package::{Package, is_package_key};
pub use pulls::{FeedPage, Fetched, PulledPackage, Puller, end_resting_on};
pub use queue::{DisclosurePage, StaffDisclosure};
pub use review::{ReviewOutcome, Verdict};
pub use transfers::{ShownTransfer, TransferEntryPage, TransferPage};

use crate::{
    db::{Db, StorageError},
    domain::{
        disclosure::{Disclosure, recipient::Recipient, refusal::GateRefusal},
        ids::{AccountId, DisclosureId, RecipientId},
        kyc::special_categories::SpecialCategory,
        policy::PublishedPolicy,
    },
    repositories::{disclosures, recipients},
    services::{
        clock::Clock,
        cursors::InvalidCursor,
        idempotency::IdempotencyError,
        outbox::OutboxService,
        policies::{PolicyError, PolicyService},
        vault::{Vault, VaultError},
    },
};
use gate::Shut;

/// Why something about a disclosure was refused.
#[derive(Debug, thiserror::Error)]
pub enum DisclosureError {
    #[error("no such disclosure, recipient or person")]
    NotFound,
    #[error("its state does not allow it")]
    StateConflict,
    #[error("somebody changed it meanwhile")]
    Stale,
    #[error("somebody else has to do this")]
    SecondPersonRequired,
    #[error("it is not to be asked for")]
    Draft(Vec<DraftFault>),
    #[error("the text speaks of a special category of data")]
    SpecialCategory(SpecialCategory),
    #[error("the text tells who the person is")]
    ContactData,
    #[error("the policy in force is not accepted")]
    PolicyNotAccepted,
    #[error("the account is restricted or on its way out")]
    Restricted,
    #[error("the gate is shut")]
    Shut(GateRefusal),
    #[error("nobody is kept from knowing of it, or not for as long as that")]
    NotSilent,
    #[error("it was answered before, or too late")]
    NotOpen,
    #[error("the recipient has no key that packages are sealed to")]
    NoPackageKey,
    #[error("the package could not be sealed")]
    Unsealable,
    #[error("the policy that was looked at is no longer the one in force")]
    PolicyMoved,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(DisclosureError, storage in Policy, Idempotency, Vault);

impl From<Shut> for DisclosureError {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::Refused(refusal) => Self::Shut(refusal),
            Shut::PolicyMoved => Self::PolicyMoved,
            Shut::Storage(error) => Self::Storage(error),
        }
    }
}

/// What is wrong with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftFault {
    /// The recipient is not active, or nothing personal ever goes to its class.
    Recipient,
    /// The class is never told the field of this place in the list.
    Field(usize),
    /// The order does not name the field of this place.
    OutsideInstrument(usize),
    /// It takes an order of this recipient that is in force.
    InstrumentMissing,
    /// It takes none.
    InstrumentNotTaken,
    GroundMissing,
    /// What is compelled is not asked for: it is never recorded as a free consent.
    CompelledQuestion,
    /// A person who must not know cannot be asked.
    SilentQuestion,
    /// It has not happened yet.
    AccessedAt,
}

/// Keeps disclosures.
#[derive(Clone)]
pub struct DisclosureService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub policies: PolicyService,
    pub outbox: OutboxService,
    /// Who signs packages.
    pub controller: String,
}

impl DisclosureService {
    /// The disclosure and its recipient.
    async fn find(&self, id: DisclosureId) -> Result<(Disclosure, Recipient), DisclosureError> {
        self.db
            .read(move |c| {
                let disclosure = disclosures::find(c, id)?.ok_or(DisclosureError::NotFound)?;
                let recipient = recipients::find(c, disclosure.recipient_id)?;
                Ok((disclosure, recipient.ok_or(DisclosureError::NotFound)?))
            })
            .await
    }

    /// The person whom a disclosure is about.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`].
    pub async fn subject(&self, id: DisclosureId) -> Result<AccountId, DisclosureError> {
        Ok(self.find(id).await?.0.account_id)
    }

    async fn recipient(&self, id: RecipientId) -> Result<Recipient, DisclosureError> {
        self.db.read(move |c| recipients::find(c, id)).await?.ok_or(DisclosureError::NotFound)
    }

    /// Tries an act on the policy in force, anew if another comes into force under it.
    async fn under_policy<T, F: Future<Output = Result<T, DisclosureError>>>(
        &self,
        act: impl Fn(Arc<PublishedPolicy>) -> F,
    ) -> Result<T, DisclosureError> {
        self.policies.while_in_force(|error| matches!(error, DisclosureError::PolicyMoved), act).await
    }
}
