//! Verification of identity (clauses 1.3 to 1.8): asked for by people of the company, answered by the person.

pub mod asking;
mod deadlines;
mod decision;
mod details;
mod documents;
mod evidence;
mod flags;
mod overview;
mod queue;
mod request;
pub mod restriction;
mod retention;
mod review;
pub mod signals;
mod submission;

pub use deadlines::Ease;
pub use decision::DecideKyc;
pub use details::{keys_to_read, open as open_details, seal as seal_details};
pub use documents::{DocumentImage, ORPHAN_AFTER, Upload};
pub use flags::{DismissedFlag, KycFlagPage};
pub use overview::{HandedIn, KycOverview};
pub use queue::{KycCasePage, StaffKycCase};
pub use request::{KycAsked, KycRequest};
pub use review::{ImageRequest, KycNote, OpenedImage, OpenedKycCase};
pub use signals::ReportedSignal;
pub use submission::KycSubmitted;

use std::sync::Arc;

use crate::{
    db::{Db, StorageError},
    domain::{
        account::Profile,
        ids::AccountId,
        kyc::{
            KycItem,
            decision::DecisionFault,
            document::{DocumentSide, ToldFault},
            file::FileFault,
            rules::Failure,
            special_categories::SpecialCategory,
        },
        throttle::Exhausted,
    },
    repositories::profiles as profile_rows,
    services::{
        clock::Clock,
        cursors::InvalidCursor,
        files::{FileError, FileStore},
        idempotency::IdempotencyError,
        images::{ImageError, ImageService},
        outbox::OutboxService,
        profiles,
        reads::{NotOpened, ReadBudget},
        vault::{SubjectKeys, Vault, VaultError},
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
    #[error("what it is made of is being erased")]
    BeingErased,
    #[error("somebody else changed it meanwhile")]
    Stale,
    #[error("the day of birth is yet to come")]
    BornInTheFuture,
    #[error("the text speaks of a special category of data")]
    SpecialCategory { category: SpecialCategory, pointer: &'static str },
    #[error("items are missing or were not accepted")]
    Incomplete(Vec<KycItem>),
    #[error("nobody decides on it now")]
    NotDecidable,
    #[error("it is not assigned to the caller")]
    NotAssigned,
    #[error("the reviewer has not opened what stands now")]
    NotOpened,
    #[error("nobody reviews their own")]
    OwnCase,
    #[error("no such reviewer")]
    NotAReviewer,
    #[error("somebody else has to decide, too")]
    SecondPersonRequired,
    #[error("the decision contradicts itself")]
    Decision(DecisionFault),
    #[error("rules do not hold")]
    RulesFail(Vec<Failure>),
    #[error("the reader's budget is used up")]
    BudgetExhausted(Exhausted),
    #[error("the person restricted it, or objected to it")]
    Limited,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error("a document stands in its place, or one of its kind is there")]
    DocumentExists,
    #[error("what is told of the document cannot be taken")]
    Told(Vec<ToldFault>),
    #[error("the machine-readable zone does not hold, or says otherwise")]
    ZoneSaysOtherwise,
    #[error("the file of a side is not taken")]
    File { side: DocumentSide, fault: FileFault },
    #[error(transparent)]
    Image(ImageError),
    #[error(transparent)]
    Files(#[from] FileError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(KycError, storage in Idempotency, Vault);

impl From<NotOpened> for KycError {
    fn from(refused: NotOpened) -> Self {
        match refused {
            NotOpened::Limited => Self::Limited,
            NotOpened::Exhausted(exhausted) => Self::BudgetExhausted(exhausted),
            NotOpened::Storage(error) => Self::Storage(error),
        }
    }
}

/// Keeps verifications.
#[derive(Clone)]
pub struct KycService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub outbox: OutboxService,
    pub images: ImageService,
    pub files: FileStore,
    pub budget: ReadBudget,
}

impl KycService {
    /// The person's keys and profile.
    async fn person(&self, id: AccountId) -> Result<(Arc<SubjectKeys>, Profile), KycError> {
        let sealed = self.db.read(move |c| profile_rows::find_unless_erased(c, id)).await?;
        let sealed = sealed.ok_or(KycError::NotFound)?;
        let keys = self.vault.keys_of(id).await?;
        let profile = profiles::open(&keys, &sealed)?;
        Ok((keys, profile))
    }
}
