//! The register of recipients: whoever enters or changes one does not let anything go there; somebody else does.

use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        country::Country,
        disclosure::recipient::{Recipient, RecipientEntry, RecipientEvent, RecipientState, RecipientStep},
        evidence::Evidence,
        ids::{AccountId, RecipientId, StaffId},
        purpose::RecipientClass,
    },
    repositories::{log as leaves, partners, recipients},
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        disclosures::is_package_key,
        idempotency::{IdempotencyError, Recording},
        log::LeafDraft,
        vault::{Vault, VaultError},
    },
};

/// Why something about a recipient was refused.
#[derive(Debug, thiserror::Error)]
pub enum RecipientError {
    #[error("no such recipient")]
    NotFound,
    #[error("its state does not allow it")]
    StateConflict,
    #[error("somebody changed it meanwhile")]
    Stale,
    #[error("somebody else has to do this")]
    SecondPersonRequired,
    #[error("the entry cannot be taken")]
    Entry(EntryFault),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(RecipientError, storage in Idempotency, Vault);

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFault {
    /// A recipient outside the group has a policy of its own, and people are led to it (clause 8).
    PolicyMissing,
    /// A country abroad is told of with what it means for the data (clauses 5.4 to 5.6).
    CountryNoteMissing,
    /// It is no public key of age.
    PackageKey,
    /// There is no such live client, or it fetches for another recipient.
    PartnerClient,
    /// What a recipient is never changes: another class is another recipient.
    Class,
}

/// A page of recipients.
pub struct RecipientPage {
    pub recipients: Vec<Recipient>,
    pub next_cursor: Option<String>,
}

/// A page of an entry's history, newest first.
pub struct RecipientHistoryPage {
    pub events: Vec<RecipientEvent>,
    pub next_cursor: Option<String>,
}

const LIST: &str = "recipients";
const HISTORY: &str = "recipient_events";

/// Keeps the register.
#[derive(Clone)]
pub struct RecipientService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
}

impl RecipientService {
    /// Enters a recipient; nothing goes there before somebody else activated it.
    ///
    /// # Errors
    ///
    /// [`RecipientError::Entry`].
    #[tracing::instrument(skip_all)]
    pub async fn register(
        &self,
        by: StaffId,
        entry: RecipientEntry,
        recording: Recording<Recipient>,
    ) -> Result<Recipient, RecipientError> {
        check(&entry)?;
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let recipient = Recipient {
            id: RecipientId::generate(now),
            entry,
            state: RecipientState::Proposed,
            version: 1,
            changed_by: by,
            registered_at: now,
            changed_at: now,
        };
        let own = self.vault.keys_of(by.subject()).await?;
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                has_client(c, &recipient.entry)?;
                if !recipients::insert(c, &recipient)? {
                    return Err(RecipientError::Entry(EntryFault::PartnerClient));
                }
                write_step(c, &recipient, RecipientStep::Registered, &draft)?;
                recording.record(c, &own, &recipient)?;
                Ok(recipient.clone())
            })
            .await
    }

    /// Writes an entry anew; it has to be activated anew, too.
    ///
    /// # Errors
    ///
    /// [`RecipientError::Stale`] for another version, [`RecipientError::Entry`].
    #[tracing::instrument(skip_all)]
    pub async fn change(
        &self,
        by: StaffId,
        (id, expected): (RecipientId, Option<i64>),
        entry: RecipientEntry,
    ) -> Result<Recipient, RecipientError> {
        check(&entry)?;
        self.step(by, (id, expected), RecipientStep::Changed, Recording::none(), move |was| {
            if was.entry.terms.class != entry.terms.class {
                return Err(RecipientError::Entry(EntryFault::Class));
            }
            Ok(Recipient { entry: entry.clone(), state: RecipientState::Proposed, ..was })
        })
        .await
    }

    /// Lets data go to a recipient, as it was shown to the one who activates it: somebody who had no part in what
    /// was written since it was activated last.
    ///
    /// # Errors
    ///
    /// [`RecipientError::SecondPersonRequired`] for whoever had, [`RecipientError::StateConflict`] if it is active,
    /// [`RecipientError::Stale`] for another version.
    #[tracing::instrument(skip_all)]
    pub async fn activate(
        &self,
        by: StaffId,
        (id, version): (RecipientId, i64),
        recording: Recording<Recipient>,
    ) -> Result<Recipient, RecipientError> {
        self.step(by, (id, Some(version)), RecipientStep::Activated, recording, move |was| {
            if was.state == RecipientState::Active {
                return Err(RecipientError::StateConflict);
            }
            Ok(Recipient { state: RecipientState::Active, ..was })
        })
        .await
    }

    /// Lets nothing go to a recipient any more, from this moment on.
    ///
    /// # Errors
    ///
    /// [`RecipientError::StateConflict`] if nothing did.
    #[tracing::instrument(skip_all)]
    pub async fn deactivate(
        &self,
        by: StaffId,
        id: RecipientId,
        recording: Recording<Recipient>,
    ) -> Result<Recipient, RecipientError> {
        self.step(by, (id, None), RecipientStep::Deactivated, recording, |was| {
            if was.state == RecipientState::Inactive {
                return Err(RecipientError::StateConflict);
            }
            Ok(Recipient { state: RecipientState::Inactive, ..was })
        })
        .await
    }

    async fn step(
        &self,
        by: StaffId,
        (id, expected): (RecipientId, Option<i64>),
        step: RecipientStep,
        recording: Recording<Recipient>,
        to: impl Fn(Recipient) -> Result<Recipient, RecipientError> + Send + Sync + 'static,
    ) -> Result<Recipient, RecipientError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let own = self.vault.keys_of(by.subject()).await?;
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let was = recipients::find(c, id)?.ok_or(RecipientError::NotFound)?;
                if expected.is_some_and(|expected| expected != was.version) {
                    return Err(RecipientError::Stale);
                }
                let version = was.version + 1;
                let next = Recipient { version, changed_by: by, changed_at: now, ..to(was)? };
                if step == RecipientStep::Activated && has_part(c, id, by)? {
                    return Err(RecipientError::SecondPersonRequired);
                }
                // Whatever became of its client, nothing keeps a recipient from being shut off.
                if step != RecipientStep::Deactivated {
                    has_client(c, &next.entry)?;
                }
                if let Some(client) = next.entry.partner_client_id
                    && recipients::find_by_client(c, client)?.is_some_and(|other| other.id != id)
                {
                    return Err(RecipientError::Entry(EntryFault::PartnerClient));
                }
                if !recipients::update(c, &next)? {
                    return Err(RecipientError::Stale);
                }
                write_step(c, &next, step, &draft)?;
                recording.record(c, &own, &next)?;
                Ok(next)
            })
            .await
    }

    /// One entry.
    ///
    /// # Errors
    ///
    /// [`RecipientError::NotFound`].
    pub async fn find(&self, id: RecipientId) -> Result<Recipient, RecipientError> {
        self.db.read(move |c| recipients::find(c, id)).await?.ok_or(RecipientError::NotFound)
    }

    /// The register, page by page.
    ///
    /// # Errors
    ///
    /// [`RecipientError::Cursor`].
    pub async fn list(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<RecipientPage, RecipientError> {
        let (kms, owner) = (self.vault.kms(), reader.subject());
        let after = cursors::id(kms, LIST, owner, cursor, RecipientId::from_uuid)?;
        let rows = self.db.read(move |c| recipients::list(c, after, i64::from(limit) + 1)).await?;
        let (recipients, next_cursor) =
            cursors::page(kms, LIST, owner, rows, limit, |recipient| recipient.id.as_bytes().to_vec())?;
        Ok(RecipientPage { recipients, next_cursor })
    }

    /// How an entry came to be what it is, newest first.
    ///
    /// # Errors
    ///
    /// [`RecipientError::NotFound`], [`RecipientError::Cursor`].
    pub async fn history(
        &self,
        id: RecipientId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<RecipientHistoryPage, RecipientError> {
        let (kms, owner) = (self.vault.kms(), AccountId::from_uuid(id.as_uuid()));
        let before = cursors::count(kms, HISTORY, owner, cursor)?.unwrap_or(i64::MAX);
        let wanted = i64::from(limit) + 1;
        let rows = self
            .db
            .read(move |c| {
                recipients::find(c, id)?.ok_or(RecipientError::NotFound)?;
                Ok::<_, RecipientError>(recipients::list_events(c, id, before, wanted)?)
            })
            .await?;
        let (events, next_cursor) =
            cursors::page(kms, HISTORY, owner, rows, limit, |event| event.number.to_be_bytes().to_vec())?;
        Ok(RecipientHistoryPage { events, next_cursor })
    }

    /// Who may get persons' data in the ordinary course: companies of the group, and those who work for the
    /// service. Courts and authorities are not listed; what went to them stands in the person's own log.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn ordinary(&self) -> Result<Vec<Recipient>, RecipientError> {
        self.db
            .read(|c| {
                let mut all = recipients::list_active(c, RecipientClass::GroupCompany)?;
                all.extend(recipients::list_active(c, RecipientClass::ServiceProcessor)?);
                Ok(all)
            })
            .await
    }
}

/// Whether a member wrote any of what an activation would let stand.
fn has_part(c: &mut Conn, id: RecipientId, by: StaffId) -> Result<bool, StorageError> {
    let events = recipients::list_events(c, id, i64::MAX, i64::MAX)?;
    let since = events.iter().take_while(|event| event.step != RecipientStep::Activated);
    Ok(since
        .filter(|event| matches!(event.step, RecipientStep::Registered | RecipientStep::Changed))
        .any(|event| event.staff_id == by))
}

fn check(entry: &RecipientEntry) -> Result<(), RecipientError> {
    let terms = &entry.terms;
    let fault = if terms.policy_url.is_none() && terms.class != RecipientClass::GroupCompany {
        EntryFault::PolicyMissing
    } else if terms.country_note.is_none() && terms.country != Country::HOME {
        EntryFault::CountryNoteMissing
    } else if entry.package_key.as_deref().is_some_and(|key| !is_package_key(key)) {
        EntryFault::PackageKey
    } else {
        return Ok(());
    };
    Err(RecipientError::Entry(fault))
}

fn has_client(c: &mut Conn, entry: &RecipientEntry) -> Result<(), RecipientError> {
    let Some(client) = entry.partner_client_id else { return Ok(()) };
    match partners::find(c, client)? {
        Some(client) if client.active => Ok(()),
        _ => Err(RecipientError::Entry(EntryFault::PartnerClient)),
    }
}

fn write_step(
    c: &mut Conn,
    recipient: &Recipient,
    step: RecipientStep,
    draft: &LeafDraft,
) -> Result<(), RecipientError> {
    let event = RecipientEvent {
        recipient_id: recipient.id,
        number: recipient.version,
        step,
        entry: recipient.entry.clone(),
        staff_id: recipient.changed_by,
        at: recipient.changed_at,
        leaf_id: draft.id(),
    };
    leaves::append(c, &draft.of_staff(recipient.changed_by, event.act(), &event.facts()))?;
    recipients::append(c, &event)?;
    Ok(())
}
