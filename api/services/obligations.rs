//! Obligations: whoever fetched a person's data is told of corrections, erasures and restrictions, in the transaction
//! that makes them, and has to say that it is done.

use std::collections::BTreeMap;

use super::webhooks::announce;
use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        country::Country,
        disclosure::{
            Disclosure,
            limit::{LimitKind, LimitScope},
            obligation::{
                AcknowledgedBy, Acknowledgement, OBLIGATION_ACKNOWLEDGED, Obligation, ObligationKind,
                ObligationRound, TO_ACKNOWLEDGE,
            },
            recipient::Recipient,
            scope::DisclosureField,
        },
        evidence::Evidence,
        ids::{AccountId, DisclosureId, ObligationId, PartnerClientId, RecipientId, StaffId},
        purpose::Purpose,
        time::Timestamp,
        webhook::WebhookEvent,
    },
    repositories::{accounts, disclosures, log as leaves, obligations, recipients},
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        idempotency::{IdempotencyError, Recording},
        log::LeafDraft,
        vault::{SubjectKeys, Vault, VaultError},
    },
};

/// Why something about an obligation was refused.
#[derive(Debug, thiserror::Error)]
pub enum ObligationError {
    #[error("no such obligation")]
    NotFound,
    #[error("it was acknowledged before, or its recipient does that itself")]
    StateConflict,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(ObligationError, storage in Idempotency, Vault);

/// What happened to a person's data.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// These have other values now.
    Corrected(&'a [DisclosureField]),
    /// Beside these stands what their person says of them.
    Contested(&'a [DisclosureField]),
    /// These are about to be destroyed.
    Erased(&'a [DisclosureField]),
    /// A restriction or an objection began.
    Limited(LimitScope),
}

impl Change<'_> {
    const fn kind(self) -> ObligationKind {
        match self {
            Self::Corrected(_) | Self::Contested(_) => ObligationKind::Correct,
            Self::Erased(_) => ObligationKind::Erase,
            Self::Limited(_) => ObligationKind::Restrict,
        }
    }

    /// Whether it is anything to others: an objection is about what the service does itself.
    fn concerns_others(self) -> bool {
        match self {
            Self::Corrected(fields) | Self::Contested(fields) | Self::Erased(fields) => !fields.is_empty(),
            Self::Limited(scope) => scope.kind == LimitKind::Restriction,
        }
    }

    /// What of a disclosure it is about.
    fn touches(self, disclosure: &Disclosure, recipient: &Recipient) -> Vec<DisclosureField> {
        // As the gate has it: what is abroad is there for another purpose, too.
        let abroad = (recipient.entry.terms.country != Country::HOME).then_some(Purpose::CrossBorderTransfer);
        let is_touched = |field: &DisclosureField| match self {
            Self::Corrected(fields) | Self::Contested(fields) | Self::Erased(fields) => {
                fields.contains(field)
            }
            Self::Limited(scope) => {
                let mut purposes = std::iter::once(disclosure.purpose).chain(abroad);
                purposes.any(|purpose| scope.refuses(purpose, &[*field]).is_some())
            }
        };
        disclosure.fields.iter().copied().filter(is_touched).collect()
    }
}

/// Opens one obligation for each recipient that fetched any of what changed. What a person must not know of yet has
/// obligations of its own, which stay as silent as it is: they take no number of the person's, and no promise, and one
/// leaf attests whatever there is to tell, also nothing.
///
/// # Errors
///
/// Storage and sealing trouble only.
pub fn open(c: &mut Conn, keys: &SubjectKeys, change: Change<'_>, now: Timestamp) -> Result<(), VaultError> {
    if !change.concerns_others() {
        return Ok(());
    }
    let owner = keys.account_id();
    // A pull of the same moment is before this or after it: either it has what is new, or it is told.
    accounts::hold(c, owner)?;
    // In the order of recipients, which are held from here on.
    let mut duties: BTreeMap<(RecipientId, bool), Duty> = BTreeMap::new();
    for pulled in disclosures::list_pulled(c, owner)? {
        let Some(recipient) = recipients::find(c, pulled.recipient_id)? else { continue };
        let touched = change.touches(&pulled, &recipient);
        if !touched.is_empty() {
            let duty = duties.entry((pulled.recipient_id, pulled.is_silent(now))).or_default();
            duty.fields.extend(touched);
            duty.disclosures.push(pulled.id);
        }
    }
    let draft = LeafDraft::new(now)?;
    let mut round = ObligationRound {
        account_id: owner,
        kind: change.kind(),
        opened_at: now,
        obligations: Vec::new(),
        leaf_id: draft.id(),
    };
    for ((recipient_id, _), duty) in duties {
        let obligation = Obligation {
            account_id: owner,
            id: ObligationId::generate(now),
            recipient_id,
            kind: change.kind(),
            fields: DisclosureField::sorted(duty.fields),
            feed_number: recipients::take_feed_number(c, recipient_id)?,
            disclosures: duty.disclosures,
            opened_at: now,
            due_at: now.plus(TO_ACKNOWLEDGE),
            acknowledgement: None,
        };
        let client = recipients::find(c, recipient_id)?.and_then(|to| to.entry.partner_client_id);
        announce(c, client, WebhookEvent::ObligationOpened(obligation.id), now)?;
        round.obligations.push(obligation);
    }
    leaves::append_unpromised(c, &draft.of_service_upon(keys, round.act(), &round.facts())?)?;
    Ok(obligations::insert(c, &round)?)
}

/// Who would be told of a change now, but for what its person must not know of yet.
///
/// # Errors
///
/// Storage trouble only.
pub fn list_concerned(
    c: &mut Conn,
    owner: AccountId,
    change: Change<'_>,
    now: Timestamp,
) -> Result<Vec<Recipient>, StorageError> {
    let mut concerned = BTreeMap::new();
    for pulled in disclosures::list_pulled(c, owner)? {
        let is_known = change.concerns_others() && !pulled.is_silent(now);
        let recipient = if is_known { recipients::find(c, pulled.recipient_id)? } else { None };
        let touched = recipient.filter(|recipient| !change.touches(&pulled, recipient).is_empty());
        concerned.extend(touched.map(|recipient| (recipient.id, recipient)));
    }
    Ok(concerned.into_values().collect())
}

/// What a recipient fetched of what changed.
#[derive(Default)]
struct Duty {
    fields: Vec<DisclosureField>,
    disclosures: Vec<DisclosureId>,
}

/// An obligation with the recipient that has it.
pub type Owed = (Obligation, Recipient);

/// A page of obligations.
pub struct ObligationPage {
    pub obligations: Vec<Owed>,
    /// When it was read: what is overdue is so at a moment.
    pub at: Timestamp,
    pub next_cursor: Option<String>,
}

const OWN: &str = "own_obligations";
const OPEN: &str = "open_obligations";
const FEED: &str = "obligation_feed";

/// Shows obligations, and notes that they were done.
#[derive(Clone)]
pub struct ObligationService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
}

impl ObligationService {
    /// What others have to do about the person's data, newest first.
    ///
    /// # Errors
    ///
    /// [`ObligationError::Cursor`] for a cursor of another list or person.
    pub async fn own(
        &self,
        owner: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ObligationPage, ObligationError> {
        let (kms, now) = (self.vault.kms(), self.clock.now());
        let before = cursors::instant_and_id(kms, OWN, owner, cursor, ObligationId::from_uuid)?;
        let wanted = i64::from(limit) + 1;
        let rows = self
            .db
            .read(move |c| {
                let rows = obligations::list_shown(c, owner, before, now, wanted)?;
                with_recipients(c, rows)
            })
            .await?;
        let (obligations, next_cursor) = cursors::page(kms, OWN, owner, rows, limit, |(row, _)| {
            cursors::at_instant(row.opened_at, row.id.as_bytes())
        })?;
        Ok(ObligationPage { obligations, at: now, next_cursor })
    }

    /// What is not done yet, what is due first before the others.
    ///
    /// # Errors
    ///
    /// [`ObligationError::Cursor`].
    pub async fn open(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ObligationPage, ObligationError> {
        let (kms, owner) = (self.vault.kms(), reader.subject());
        let after = cursors::instant_and_id(kms, OPEN, owner, cursor, ObligationId::from_uuid)?;
        let wanted = i64::from(limit) + 1;
        let rows = self
            .db
            .read(move |c| {
                let rows = obligations::list_open(c, after, wanted)?;
                with_recipients(c, rows)
            })
            .await?;
        let (obligations, next_cursor) = cursors::page(kms, OPEN, owner, rows, limit, |(row, _)| {
            cursors::at_instant(row.due_at, row.id.as_bytes())
        })?;
        Ok(ObligationPage { obligations, at: self.clock.now(), next_cursor })
    }

    /// The obligations of the recipient that a client acts for, in order; the list is polled.
    ///
    /// # Errors
    ///
    /// [`ObligationError::Cursor`].
    pub async fn feed(
        &self,
        client: PartnerClientId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ObligationPage, ObligationError> {
        let kms = self.vault.kms();
        let recipient = self.db.read(move |c| recipients::find_by_client(c, client)).await?;
        // A place in the feed of one recipient is none in the feed of another.
        let fed = recipient.as_ref().map_or(client.as_uuid(), |recipient| recipient.id.as_uuid());
        let owner = AccountId::from_uuid(fed);
        let after = cursors::count(kms, FEED, owner, cursor)?.unwrap_or(0);
        let rows = match recipient {
            None => Vec::new(),
            Some(recipient) => {
                let id = recipient.id;
                let rows =
                    self.db.read(move |c| obligations::list_feed(c, id, after, i64::from(limit))).await?;
                rows.into_iter().map(|row| (row, recipient.clone())).collect()
            }
        };
        let last = rows.last().map_or(after, |(row, _): &Owed| row.feed_number);
        let next_cursor = Some(cursors::wrap(kms, FEED, owner, &last.to_be_bytes())?);
        Ok(ObligationPage { obligations: rows, at: self.clock.now(), next_cursor })
    }

    /// An obligation of the recipient that a client acts for.
    ///
    /// # Errors
    ///
    /// [`ObligationError::NotFound`] also for another recipient's.
    pub async fn of_client(
        &self,
        client: PartnerClientId,
        id: ObligationId,
    ) -> Result<(Owed, Timestamp), ObligationError> {
        let now = self.clock.now();
        Ok((self.db.read(move |c| of_client(c, client, id)).await?, now))
    }

    /// Notes that the recipient of a client did what it had to.
    ///
    /// # Errors
    ///
    /// [`ObligationError::NotFound`], [`ObligationError::StateConflict`] if it was noted before.
    #[tracing::instrument(skip_all)]
    pub async fn acknowledge(
        &self,
        client: PartnerClientId,
        id: ObligationId,
        recording: Recording<(Owed, Timestamp)>,
    ) -> Result<(Owed, Timestamp), ObligationError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                let owed = of_client(c, client, id)?;
                let done = note(c, owed, AcknowledgedBy::Client(client), &draft, now)?;
                recording.record_without_answer(c, AccountId::from_uuid(client.as_uuid()))?;
                Ok((done, now))
            })
            .await
    }

    /// Notes that a recipient without a client said by letter that it did what it had to.
    ///
    /// # Errors
    ///
    /// [`ObligationError::NotFound`], [`ObligationError::StateConflict`] if it was noted before, or the recipient has
    /// a client, which says so itself.
    #[tracing::instrument(skip_all)]
    pub async fn record(
        &self,
        by: StaffId,
        id: ObligationId,
        recording: Recording<(Owed, Timestamp)>,
    ) -> Result<(Owed, Timestamp), ObligationError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let own = self.vault.keys_of(by.subject()).await?;
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                let obligation = obligations::find(c, id)?.ok_or(ObligationError::NotFound)?;
                let recipient = recipients::find(c, obligation.recipient_id)?;
                let recipient = recipient.ok_or(ObligationError::NotFound)?;
                if recipient.entry.partner_client_id.is_some() {
                    return Err(ObligationError::StateConflict);
                }
                let done = note(c, (obligation, recipient), AcknowledgedBy::Staff(by), &draft, now)?;
                let done = (done, now);
                recording.record(c, &own, &done)?;
                Ok(done)
            })
            .await
    }
}

fn of_client(c: &mut Conn, client: PartnerClientId, id: ObligationId) -> Result<Owed, ObligationError> {
    let recipient = recipients::find_by_client(c, client)?.ok_or(ObligationError::NotFound)?;
    let found = obligations::find(c, id)?.filter(|found| found.recipient_id == recipient.id);
    Ok((found.ok_or(ObligationError::NotFound)?, recipient))
}

fn note(
    c: &mut Conn,
    (obligation, recipient): Owed,
    by: AcknowledgedBy,
    draft: &LeafDraft,
    now: Timestamp,
) -> Result<Owed, ObligationError> {
    let done = Acknowledgement { by, at: now, leaf_id: draft.id() };
    leaves::append(c, &draft.of_service(&OBLIGATION_ACKNOWLEDGED, &obligation.facts_of(&done)))?;
    if !obligations::acknowledge(c, obligation.id, &done)? {
        return Err(ObligationError::StateConflict);
    }
    Ok((Obligation { acknowledgement: Some(done), ..obligation }, recipient))
}

fn with_recipients(c: &mut Conn, rows: Vec<Obligation>) -> Result<Vec<Owed>, ObligationError> {
    rows.into_iter()
        .map(|row| {
            let recipient = recipients::find(c, row.recipient_id)?.ok_or(ObligationError::NotFound)?;
            Ok((row, recipient))
        })
        .collect()
}
