//! The policy: what is in force, what was, what changed, and how the next version comes.

mod drafts;

pub use drafts::{Drafted, NewDraft, Publication};

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use uuid::Uuid;

use crate::{
    db::{Db, StorageError},
    domain::{
        evidence::Evidence,
        ids::AccountId,
        message::MessageBody,
        policy::{self, ChangeKind, PolicyVersion, PublishedPolicy, changes::Changes, rules::Fault},
    },
    repositories::{log as leaves, policy_versions},
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        idempotency::IdempotencyError,
        log::LeafDraft,
        notices::Campaigns,
        vault::{Vault, VaultError},
    },
};

/// Why a policy version was not given, or not made.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("no such version")]
    NotFound,
    #[error("the text inside the binary does not parse")]
    Unreadable,
    #[error("the draft does not obey the rules")]
    Faulty(Vec<Fault>),
    #[error("there is a draft already")]
    DraftExists,
    #[error("the draft has changed since")]
    Stale,
    #[error("somebody else has to do it")]
    SecondPersonRequired,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(PolicyError, storage in Idempotency, Vault);

/// How often an act is tried on a policy that changes under it.
const TRIES: usize = 3;

/// A page of versions, newest first.
pub struct PolicyVersionPage {
    pub versions: Vec<PolicyVersion>,
    pub next_cursor: Option<String>,
}

const VERSIONS: &str = "policy_versions";

/// Gives policy versions, and makes new ones.
#[derive(Clone)]
pub struct PolicyService {
    db: Db,
    vault: Vault,
    clock: Clock,
    campaigns: Campaigns,
    /// Where the policy is read.
    page: String,
    /// What was published never changes, so it is read once.
    published: Arc<RwLock<BTreeMap<i32, Arc<PublishedPolicy>>>>,
}

impl PolicyService {
    pub fn new(db: Db, vault: Vault, clock: Clock, campaigns: Campaigns, page: String) -> Self {
        Self { db, vault, clock, campaigns, page, published: Arc::default() }
    }

    /// What a person is written when a version was published.
    pub fn letter(&self, policy: &PolicyVersion) -> MessageBody {
        MessageBody::PolicyPublished {
            version: policy.version,
            change: policy.change_kind.as_str().to_owned(),
            summary: policy.summary.clone(),
            link: format!("{}?version={}", self.page, policy.version),
        }
    }

    /// What wakes whoever tells everybody of a publication.
    pub const fn campaigns(&self) -> &Campaigns {
        &self.campaigns
    }

    /// Publishes version 1 on a fresh installation; effective at once, like any publication.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn publish_first(&self) -> Result<(), PolicyError> {
        if self.db.read(policy_versions::find_current_number).await? > 0 {
            return Ok(());
        }
        let document = policy::first_version().map_err(|_| PolicyError::Unreadable)?;
        let first = PolicyVersion {
            version: 1,
            content_hash: document.content_hash(),
            document,
            change_kind: ChangeKind::Material,
            summary: "The first version.".to_owned(),
            written_by: None,
            published_by: None,
            published_at: self.clock.now(),
        };
        let draft = LeafDraft::new(first.published_at)?;
        let leaf = draft.of_service(first.act(), &first.facts());
        self.db
            .write(move |c| {
                if policy_versions::find_current_number(c)? == 0 {
                    leaves::append(c, &leaf)?;
                    policy_versions::append(c, &first, leaf.id)?;
                }
                Ok::<_, PolicyError>(())
            })
            .await
    }

    /// Tries an act on the policy in force, anew if another comes into force under it, which `moved` tells.
    ///
    /// # Errors
    ///
    /// Those of the act, and a busy service if the policy changes all the time.
    pub async fn while_in_force<T, E, F>(
        &self,
        moved: fn(&E) -> bool,
        act: impl Fn(Arc<PublishedPolicy>) -> F,
    ) -> Result<T, E>
    where
        E: From<PolicyError> + From<StorageError>,
        F: Future<Output = Result<T, E>>,
    {
        for _ in 0..TRIES {
            match act(self.current().await?).await {
                Err(error) if moved(&error) => {}
                done => return done,
            }
        }
        Err(StorageError::Unavailable("the policy changes all the time").into())
    }

    /// The version in force.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NotFound`] before the first publication.
    pub async fn current(&self) -> Result<Arc<PublishedPolicy>, PolicyError> {
        let number = self.db.read(policy_versions::find_current_number).await?;
        self.find(number).await
    }

    /// A version by its number.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NotFound`].
    pub async fn find(&self, version: i32) -> Result<Arc<PublishedPolicy>, PolicyError> {
        if let Some(known) = self.known(version) {
            return Ok(known);
        }
        // Each is read after those before it, of which most are known.
        let from = {
            let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
            published.range(..version).next_back().map_or(1, |(last, _)| last + 1)
        };
        for number in from..=version {
            let found = self.db.read(move |c| policy_versions::find(c, number)).await?;
            let found = found.ok_or(PolicyError::NotFound)?;
            let found = PublishedPolicy::after(self.known(number - 1).as_deref(), found);
            let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
            published.insert(number, Arc::new(found));
        }
        self.known(version).ok_or(PolicyError::NotFound)
    }

    fn known(&self, version: i32) -> Option<Arc<PublishedPolicy>> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).get(&version).cloned()
    }

    /// The published versions, newest first.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Cursor`] for a cursor of another list.
    pub async fn list(&self, cursor: Option<&str>, limit: u32) -> Result<PolicyVersionPage, PolicyError> {
        let (kms, anybody) = (self.vault.kms(), AccountId::from_uuid(Uuid::nil()));
        let before = cursors::count(kms, VERSIONS, anybody, cursor)?;
        let before = before.map_or(i32::MAX, |before| i32::try_from(before).unwrap_or(i32::MAX));
        let rows = self.db.read(move |c| policy_versions::list(c, before, i64::from(limit) + 1)).await?;
        let (versions, next_cursor) = cursors::page(kms, VERSIONS, anybody, rows, limit, |version| {
            i64::from(version.version).to_be_bytes().to_vec()
        })?;
        Ok(PolicyVersionPage { versions, next_cursor })
    }

    /// What changed from `since` to `version`.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NotFound`] if either was never published.
    pub async fn changes(&self, version: i32, since: i32) -> Result<Changes, PolicyError> {
        let (before, after) = (self.find(since).await?, self.find(version).await?);
        Ok(Changes::between(&before.document, &after.document))
    }
}
