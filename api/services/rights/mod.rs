//! Rights requests (clauses 7.1 to 7.6): what persons ask about their own data, by when it is answered, and what holds
//! meanwhile.

pub mod archive;
mod desk;
mod erasing;
mod erasing_part;
mod evidence;
mod filing;
mod linking;
mod preview;
mod rectifying;
mod upkeep;

pub use desk::{RightsAnswer, StaffRightsRequest, StaffRightsRequestPage};
pub use erasing::{ErasureCertificate, RightsResult};
pub use evidence::OpenedEvidence;
pub use filing::FiledRequest;
pub use linking::OpenedRequester;
pub use preview::{FiledPreview, RightsPreview};
pub use rectifying::OpenedCorrection;

use std::sync::Arc;

use chrono::TimeDelta;

use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        account::{Profile, WAIT_AFTER_RESET},
        evidence::Evidence,
        ids::{AccountId, RightsRequestId, StaffId},
        kyc::file::FileFault,
        message::MessageBody,
        rights::{
            archive::Archive,
            calendar::Region,
            rectification::{EvidenceFile, Told},
            request::{NotNow, RightsEvent, RightsRequest, RightsStep},
        },
        throttle::Exhausted,
        time::Timestamp,
    },
    repositories::{
        credentials, log as leaves, outbox::SealedMessage, profiles as profile_rows, rights_archives,
        rights_corrections, rights_requests,
    },
    services::{
        clock::Clock,
        contests,
        cursors::InvalidCursor,
        erasure::ErasureService,
        files::FileStore,
        idempotency::IdempotencyError,
        images::ImageError,
        images::ImageService,
        limits::LimitError,
        log::LeafDraft,
        mailing::{self, Links},
        outbox::OutboxService,
        profiles,
        reads::{NotOpened, ReadBudget},
        vault::{SubjectKeys, Vault, VaultError},
    },
};

/// What is wrong with a preview that was sent along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviewFault {
    /// It is not one of ours, of this person, or of this request.
    Invalid,
    Expired,
}

/// Why a rights request was refused by the service itself.
#[derive(Debug, thiserror::Error)]
pub enum RightsError {
    #[error("no such request")]
    NotFound,
    #[error("the request's state does not allow it")]
    StateConflict,
    #[error("one about the same holds already")]
    Duplicate,
    #[error("the preview is not for this")]
    Preview(PreviewFault),
    #[error("the ground does not fit the request")]
    Ground,
    #[error("the day is not later, or beyond what the law allows")]
    Until,
    #[error("the archive is not ready yet")]
    ArchiveNotReady,
    #[error("the archive is not kept any more")]
    ArchiveExpired,
    #[error("an archive is not made or not given")]
    Archive(#[source] archive::ContentsError),
    #[error("the link has done its work, or has lapsed")]
    LinkEnded,
    #[error("somebody looks at a verification that needs it")]
    VerificationUnderWay,
    #[error("who asks was not seen by whoever decides")]
    IdentityNotSeen,
    #[error("nobody is born in the future")]
    BornInTheFuture,
    #[error("nothing else stands than what was told")]
    NothingToCorrect,
    #[error("as many files as a request can have")]
    EvidenceFull,
    #[error("more proof was asked for often enough")]
    ProofExhausted,
    #[error("the file cannot be taken")]
    File(FileFault),
    #[error("it was not looked at by whoever decides")]
    NotOpened,
    #[error("it is the decider's own")]
    OwnRequest,
    #[error("its person restricted it")]
    Limited,
    #[error("the reader's hour is used up")]
    BudgetExhausted(Exhausted),
    #[error(transparent)]
    Image(ImageError),
    #[error("something of an erasure is still there")]
    Left(&'static str),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(RightsError, storage in Idempotency, Vault);

impl From<NotNow> for RightsError {
    fn from(_: NotNow) -> Self {
        Self::StateConflict
    }
}

impl From<NotOpened> for RightsError {
    fn from(refused: NotOpened) -> Self {
        match refused {
            NotOpened::Limited => Self::Limited,
            NotOpened::Exhausted(exhausted) => Self::BudgetExhausted(exhausted),
            NotOpened::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<LimitError> for RightsError {
    fn from(error: LimitError) -> Self {
        match error {
            // Whoever has left has no request that moves.
            LimitError::NotFound => Self::StateConflict,
            LimitError::Vault(error) => Self::Vault(error),
            LimitError::Storage(error) => Self::Storage(error),
        }
    }
}

/// A request with its steps, and its archive where one is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRequest {
    pub request: RightsRequest,
    pub steps: Vec<RightsEvent>,
    pub archive: Option<Archive>,
    /// What was handed in to show that it is right.
    pub evidence: Vec<EvidenceFile>,
    /// What a rectification says, where its person asks.
    pub told: Option<Told>,
}

/// A page of a person's requests, newest first.
pub struct RightsRequestPage {
    pub requests: Vec<ShownRequest>,
    pub next_cursor: Option<String>,
}

/// Who takes a step.
#[derive(Clone, Copy)]
enum Actor {
    Person,
    Staff(StaffId),
    Service,
    /// The service, about somebody who was erased: nothing seals a detail any more.
    ServiceAfterwards,
}

/// Keeps rights requests.
#[derive(Clone)]
pub struct RightsService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub outbox: OutboxService,
    pub erasure: ErasureService,
    pub files: FileStore,
    pub images: ImageService,
    pub links: Links,
    pub budget: ReadBudget,
    /// How long an erasure can be taken back.
    pub grace: TimeDelta,
    /// How long a copy of the key store may live: after that no backup opens what was erased.
    pub key_copies_live: TimeDelta,
    /// Whose anniversary day is no working day.
    pub region: Option<Region>,
}

impl RightsService {
    /// The person's keys, and the profile unless it was erased.
    async fn person(&self, id: AccountId) -> Result<(Arc<SubjectKeys>, Option<Profile>), RightsError> {
        let keys = self.vault.keys_of(id).await?;
        let sealed = self.db.read(move |c| profile_rows::find_unless_erased(c, id)).await?;
        let profile = sealed.map(|sealed| profiles::open(&keys, &sealed)).transpose()?;
        Ok((keys, profile))
    }
}

/// A mail to the person, where there is somebody to write to.
fn mail(
    (keys, profile): (&SubjectKeys, Option<&Profile>),
    body: MessageBody,
    now: Timestamp,
) -> Result<Option<SealedMessage>, VaultError> {
    profile.map(|profile| mailing::mail(keys, profile, body, now)).transpose()
}

/// Writes a step into the ledger, with its leaf.
fn step(
    c: &mut Conn,
    keys: &SubjectKeys,
    (actor, step): (Actor, RightsStep),
    request: &RightsRequest,
    now: Timestamp,
) -> Result<(), RightsError> {
    let draft = LeafDraft::new(now).map_err(VaultError::from)?;
    let event = RightsEvent {
        account_id: request.account_id,
        request_id: request.id,
        number: request.steps,
        step,
        scope: request.scope,
        due_at: request.deadline.due_at,
        extension: request.extension,
        refusal: request.refusal,
        outcome_hash: request.outcome_hash,
        staff_id: match actor {
            Actor::Staff(id) => Some(id),
            Actor::Person | Actor::Service | Actor::ServiceAfterwards => None,
        },
        at: now,
        leaf_id: draft.id(),
    };
    let (act, facts) = (event.act(), event.facts());
    let leaf = match actor {
        Actor::Person => draft.of_person(keys, act, &facts)?,
        Actor::Staff(id) => draft.of_staff_upon(id, keys, act, &facts)?,
        Actor::Service => draft.of_service_upon(keys, act, &facts)?,
        Actor::ServiceAfterwards => draft.of_service(act, &facts),
    };
    leaves::append(c, &leaf)?;
    rights_requests::append(c, &event)?;
    Ok(())
}

/// Moves a request, and writes the step.
fn advance(
    c: &mut Conn,
    keys: &SubjectKeys,
    by: (Actor, RightsStep),
    (was, moved): (&RightsRequest, RightsRequest),
    now: Timestamp,
) -> Result<RightsRequest, RightsError> {
    let moved = RightsRequest { steps: was.steps + 1, ..moved };
    if !rights_requests::update(c, was, &moved)? {
        return Err(RightsError::StateConflict);
    }
    step(c, keys, by, &moved, now)?;
    Ok(moved)
}

fn show(c: &mut Conn, request: RightsRequest) -> Result<ShownRequest, RightsError> {
    let steps = rights_requests::list_events(c, request.account_id, request.id)?;
    let archive = rights_archives::find(c, request.account_id, request.id)?;
    let evidence = evidence::list_evidence(c, request.account_id, request.id)?;
    Ok(ShownRequest { request, steps, archive, evidence, told: None })
}

/// The same with what its person told, for nobody else.
fn show_own(c: &mut Conn, keys: &SubjectKeys, request: RightsRequest) -> Result<ShownRequest, RightsError> {
    let told = match rights_corrections::find(c, request.account_id, request.id)? {
        Some(sealed) => contests::open(keys, &sealed)?,
        None => None,
    };
    Ok(ShownRequest { told, ..show(c, request)? })
}

/// Whether a password was reset of late: it may not have been the person who asks.
fn waits_after_reset(c: &mut Conn, owner: AccountId, now: Timestamp) -> Result<bool, StorageError> {
    let reset_at = credentials::find_instants(c, owner)?.and_then(|(_, reset_at)| reset_at);
    Ok(reset_at.is_some_and(|at| now < at.plus(WAIT_AFTER_RESET)))
}

fn find(c: &mut Conn, id: RightsRequestId) -> Result<RightsRequest, RightsError> {
    rights_requests::find(c, id)?.ok_or(RightsError::NotFound)
}
