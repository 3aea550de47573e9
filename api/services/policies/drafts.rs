//! Drafts, written by one and published by another; published is effective (clause 9.3).

use std::collections::BTreeSet;

use super::{PolicyError, PolicyService};
use crate::{
    domain::{
        encoding::hex,
        evidence::{Act, Evidence},
        ids::StaffId,
        policy::{
            ChangeKind, PolicyDocument, PolicyDraft, PolicyVersion,
            changes::Changes,
            rules::{self, FaultKind},
        },
    },
    repositories::{log as leaves, notice_campaigns, policy_drafts, policy_versions},
    services::{idempotency::Recording, log::LeafDraft},
};

const DRAFTED: Act = Act { name: "policy.drafted", object: "policy_version", clause: "9.1" };
const DISCARDED: Act = Act { name: "policy.draft_discarded", object: "policy_version", clause: "9.1" };

/// What somebody writes.
#[derive(Clone)]
pub struct NewDraft {
    pub document: PolicyDocument,
    pub change_kind: ChangeKind,
    pub summary: String,
}

/// A draft, and what it changes against the version in force.
#[derive(Clone)]
pub struct Drafted {
    pub draft: PolicyDraft,
    pub changes: Changes,
}

/// A publication as it is answered.
pub type Publication = PolicyVersion;

fn facts(draft: &PolicyDraft) -> crate::domain::evidence::Facts {
    vec![
        ("version", draft.version.to_string()),
        ("content_hash", hex(&draft.content_hash)),
        ("revision", draft.revision.to_string()),
        ("written_by", draft.written_by.to_string()),
    ]
}

fn check(new: &NewDraft, current: &PolicyVersion) -> Result<(), PolicyError> {
    let mut faults = rules::faults(&new.document);
    if rules::is_falsely_editorial(new.change_kind, &current.document, &new.document) {
        faults.push(rules::Fault { pointer: "/change_kind".to_owned(), kind: FaultKind::NotEditorial });
    }
    if !rules::is_line(&new.summary, 1_000) {
        faults.push(rules::Fault { pointer: "/summary".to_owned(), kind: FaultKind::NotOneLine });
    }
    if faults.is_empty() { Ok(()) } else { Err(PolicyError::Faulty(faults)) }
}

impl PolicyService {
    /// Begins the next version.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Faulty`], and [`PolicyError::DraftExists`]: one at a time.
    #[tracing::instrument(skip_all)]
    pub async fn draft(
        &self,
        by: StaffId,
        new: NewDraft,
        recording: Recording<Drafted>,
    ) -> Result<Drafted, PolicyError> {
        let (now, current) = (self.clock.now(), self.current().await?);
        check(&new, &current)?;
        let draft = PolicyDraft {
            version: current.version + 1,
            content_hash: new.document.content_hash(),
            document: new.document,
            change_kind: new.change_kind,
            summary: new.summary,
            revision: 1,
            written_by: by,
            writers: BTreeSet::from([by]),
            created_at: now,
            updated_at: now,
        };
        let drafted =
            Drafted { changes: Changes::between(&current.document, &draft.document), draft: draft.clone() };
        let leaf = LeafDraft::new(now)?.of_staff(by, &DRAFTED, &facts(&draft));
        let (keys, answer) = (self.vault.keys_of(by.subject()).await?, drafted.clone());
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                // Published meanwhile: the number is taken.
                if policy_versions::find_current_number(c)? >= draft.version
                    || !policy_drafts::insert(c, &draft)?
                {
                    return Err(PolicyError::DraftExists);
                }
                leaves::append(c, &leaf)?;
                recording.record(c, &keys, &answer)?;
                Ok(())
            })
            .await?;
        Ok(drafted)
    }

    /// The draft numbered `version`.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NotFound`].
    pub async fn find_draft(&self, version: i32) -> Result<Drafted, PolicyError> {
        let draft = self.db.read(move |c| policy_drafts::find(c, version)).await?;
        let (draft, current) = (draft.ok_or(PolicyError::NotFound)?, self.current().await?);
        Ok(Drafted { changes: Changes::between(&current.document, &draft.document), draft })
    }

    /// Writes a draft anew; whoever does is its writer from then on.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Stale`] if `expected` names another revision than the one that stands.
    #[tracing::instrument(skip_all)]
    pub async fn rewrite_draft(
        &self,
        by: StaffId,
        version: i32,
        new: NewDraft,
        expected: Option<i64>,
    ) -> Result<Drafted, PolicyError> {
        let (now, current) = (self.clock.now(), self.current().await?);
        check(&new, &current)?;
        let was = self.find_draft(version).await?.draft;
        if expected.is_some_and(|revision| revision != was.revision) {
            return Err(PolicyError::Stale);
        }
        let mut writers = was.writers.clone();
        writers.insert(by);
        let draft = PolicyDraft {
            content_hash: new.document.content_hash(),
            document: new.document,
            change_kind: new.change_kind,
            summary: new.summary,
            revision: was.revision + 1,
            written_by: by,
            writers,
            updated_at: now,
            ..was
        };
        let drafted =
            Drafted { changes: Changes::between(&current.document, &draft.document), draft: draft.clone() };
        let leaf = LeafDraft::new(now)?.of_staff(by, &DRAFTED, &facts(&draft));
        self.db
            .write(move |c| {
                if !policy_drafts::update(c, was.revision, &draft)? {
                    return Err(PolicyError::Stale);
                }
                leaves::append(c, &leaf)?;
                Ok(())
            })
            .await?;
        Ok(drafted)
    }

    /// Throws a draft away.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NotFound`].
    #[tracing::instrument(skip_all)]
    pub async fn discard_draft(&self, by: StaffId, version: i32) -> Result<PolicyDraft, PolicyError> {
        let draft = self.find_draft(version).await?.draft;
        let leaf = LeafDraft::new(self.clock.now())?.of_staff(by, &DISCARDED, &facts(&draft));
        let revision = draft.revision;
        self.db
            .write(move |c| {
                if !policy_drafts::delete(c, version, revision)? {
                    return Err(PolicyError::Stale);
                }
                leaves::append(c, &leaf)?;
                Ok(())
            })
            .await?;
        Ok(draft)
    }

    /// Publishes the draft, in exactly the words and the revision that `read` names: in force from this
    /// transaction on, which also begins to tell everybody (clauses 9.2 and 9.3).
    ///
    /// # Errors
    ///
    /// [`PolicyError::SecondPersonRequired`] to whoever wrote on it; [`PolicyError::Stale`] if it is not as it was
    /// read.
    #[tracing::instrument(skip_all)]
    pub async fn publish(
        &self,
        by: StaffId,
        version: i32,
        read: ([u8; 32], i64),
        recording: Recording<Publication>,
    ) -> Result<Publication, PolicyError> {
        let now = self.clock.now();
        let draft = self.find_draft(version).await?.draft;
        if draft.writers.contains(&by) {
            return Err(PolicyError::SecondPersonRequired);
        }
        if (draft.content_hash, draft.revision) != read {
            return Err(PolicyError::Stale);
        }
        let published = PolicyVersion {
            version,
            document: draft.document,
            content_hash: draft.content_hash,
            change_kind: draft.change_kind,
            summary: draft.summary,
            written_by: Some(draft.written_by),
            published_by: Some(by),
            published_at: now,
        };
        let leaf = LeafDraft::new(now)?.of_staff(by, published.act(), &published.facts());
        let (keys, answer) = (self.vault.keys_of(by.subject()).await?, published.clone());
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                // Deleting it in the revision that was looked at is what only one publication can do.
                if !policy_drafts::delete(c, version, draft.revision)? {
                    return Err(PolicyError::Stale);
                }
                leaves::append(c, &leaf)?;
                if !policy_versions::append(c, &answer, leaf.id)? {
                    return Err(PolicyError::Stale);
                }
                notice_campaigns::insert(c, version, now)?;
                recording.record(c, &keys, &answer)?;
                Ok(())
            })
            .await?;
        self.campaigns.wake();
        Ok(published)
    }
}
