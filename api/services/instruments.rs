//! Orders of courts and state bodies: entered and read by the legal team, each sealed under a key of its own, every
//! reading on the log.

use std::sync::Arc;

use chrono::NaiveDate;
use zeroize::Zeroizing;

use crate::{
    db::{Conn, Db, Refusal, StorageError},
    domain::{
        data_dictionary::{Category, INSTRUMENT_FILE, INSTRUMENT_NAMED, INSTRUMENT_REFERENCE},
        disclosure::{
            LONGEST_SILENCE,
            classes::ClassRule,
            instrument::{
                INSTRUMENT_READ, INSTRUMENT_REGISTERED, INSTRUMENT_WITHDRAWN, Instrument, Withdrawal,
            },
            recipient::RecipientState,
            scope::DisclosureField,
        },
        evidence::Act,
        ids::{AccountId, InstrumentId, RecipientId, StaffId},
        kyc::{
            decision::RECORD_YEARS,
            file::{Accepts, FileFault},
        },
        personal::{Personal, PersonalText},
        sealed::Sealed,
        time::Timestamp,
    },
    repositories::{
        instruments::{self, SealedInstrument},
        log as leaves, recipients,
    },
    services::{
        batches,
        clock::Clock,
        cursors::{self, InvalidCursor},
        files::{FileError, FileStore},
        idempotency::{IdempotencyError, Recording},
        images::{ImageError, ImageService},
        log::LeafDraft,
        vault::{Row, SubjectKeys, Vault, VaultError},
    },
};

/// Why something about an order was refused.
#[derive(Debug, thiserror::Error)]
pub enum InstrumentError {
    #[error("no such order or recipient, or it has no file")]
    NotFound,
    #[error("it was withdrawn")]
    StateConflict,
    #[error("what is told of it cannot be taken")]
    Told(Vec<InstrumentFault>),
    #[error("the file is not taken")]
    File(FileFault),
    #[error(transparent)]
    Image(ImageError),
    #[error(transparent)]
    Files(#[from] FileError),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(InstrumentError, storage in Idempotency, Vault);

/// What is wrong with what was told of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstrumentFault {
    /// Nothing is ordered by, or for, a recipient of this class, or it is not active.
    Recipient,
    /// The issuer, or the number of the case, is not on one line.
    Issuer,
    Reference,
    /// It was issued in the future.
    IssuedOn,
    /// It is not in force any more.
    ValidUntil,
    /// It forbids to tell for longer than an order can, or has done so before.
    GagUntil,
}

/// An order to enter.
pub struct NewInstrument {
    pub recipient_id: RecipientId,
    pub issuer: String,
    /// The number of the case.
    pub reference: PersonalText,
    pub issued_on: NaiveDate,
    pub valid_until: Timestamp,
    pub fields: Vec<DisclosureField>,
    pub gag_until: Option<Timestamp>,
    /// Whom it names, for the data processors who have to find them.
    pub named: PersonalText,
    pub file: Zeroizing<Vec<u8>>,
}

/// What of an order is sealed, opened.
#[derive(Clone)]
pub struct OpenedInstrument {
    pub instrument: Instrument,
    pub reference: PersonalText,
    pub named: PersonalText,
}

/// A page of orders.
pub struct InstrumentPage {
    pub instruments: Vec<Instrument>,
    pub next_cursor: Option<String>,
}

const LIST: &str = "instruments";
/// What seals an order: its words and its file, the details of its leaves, and what was answered of it.
const CATEGORIES: &[Category] = &[Category::Documents, Category::LogDetail, Category::Messages];

/// Keeps orders.
#[derive(Clone)]
pub struct InstrumentService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub images: ImageService,
    pub files: FileStore,
}

/// An order in the place of a subject: its keys live and die as a person's do.
const fn subject(id: InstrumentId) -> AccountId {
    AccountId::from_uuid(id.as_uuid())
}

impl InstrumentService {
    /// Enters an order with its file.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::Told`] with everything that cannot be taken, [`InstrumentError::File`].
    #[tracing::instrument(skip_all)]
    pub async fn register(
        &self,
        by: StaffId,
        new: NewInstrument,
        recording: Recording<Instrument>,
    ) -> Result<Instrument, InstrumentError> {
        let now = self.clock.now();
        self.check(&new, now).await?;
        let id = InstrumentId::generate(now);
        let picture =
            self.images.clean(new.file, Accepts::ImagesAndPdf).await.map_err(|error| match error {
                ImageError::Fault(fault) => InstrumentError::File(fault),
                error => InstrumentError::Image(error),
            })?;
        let keys = self.vault.create(subject(id), CATEGORIES, now).await?;
        let row = Row(id.as_bytes());
        let sealed = SealedInstrument {
            reference: keys.seal(&INSTRUMENT_REFERENCE, row, &new.reference)?.into_envelope(),
            named: keys.seal(&INSTRUMENT_NAMED, row, &new.named)?.into_envelope(),
        };
        let draft = LeafDraft::new(now)?;
        let own = self.vault.keys_of(by.subject()).await?;
        // Last, since only the write of the row may come between a file and its name.
        let name = self.files.put(keys.seal_bytes(&INSTRUMENT_FILE, row, &picture.jpeg)?).await?;
        let instrument = Instrument {
            id,
            recipient_id: new.recipient_id,
            issuer: new.issuer,
            issued_on: new.issued_on,
            valid_until: new.valid_until,
            fields: new.fields,
            gag_until: new.gag_until,
            file_name: Some(name),
            registered_by: by,
            registered_at: now,
            withdrawn: None,
            leaf_id: draft.id(),
        };
        let written = self
            .db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                attest(c, &keys, (by, &INSTRUMENT_REGISTERED), &instrument, &draft)?;
                instruments::insert(c, &instrument, sealed.clone())?;
                recording.record(c, &own, &instrument)?;
                Ok::<_, InstrumentError>(instrument.clone())
            })
            .await;
        // Where storage failed, the row may stand all the same; what none names is swept.
        if written.as_ref().is_err_and(|error| error.storage().is_none()) {
            self.files.forget(vec![name]).await;
        }
        written
    }

    /// Destroys what some orders say, years after they ended; says of how many. That there was one stays on the log.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn erase_past(&self, limit: i64) -> Result<usize, InstrumentError> {
        let before = self.clock.now().minus_years(RECORD_YEARS);
        let past = self.db.read_long(move |c| instruments::list_past(c, before, limit)).await?;
        batches::for_each(past, |(id, name)| async move {
            self.vault.destroy(subject(id), Category::Documents, self.clock.now()).await?;
            self.db.write_guarded(move |c| instruments::forget(c, id)).await?;
            self.files.forget(vec![name]).await;
            Ok(true)
        })
        .await
    }

    async fn check(&self, new: &NewInstrument, now: Timestamp) -> Result<(), InstrumentError> {
        let id = new.recipient_id;
        let recipient = self.db.read(move |c| recipients::find(c, id)).await?;
        let takes = recipient.is_some_and(|recipient| {
            recipient.state == RecipientState::Active
                && ClassRule::of(recipient.entry.terms.class).is_some_and(|rule| rule.takes_instrument)
        });
        let mut faults = Vec::new();
        if !takes {
            faults.push(InstrumentFault::Recipient);
        }
        let is_line = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !is_line(&new.issuer) {
            faults.push(InstrumentFault::Issuer);
        }
        if !is_line(new.reference.expose()) {
            faults.push(InstrumentFault::Reference);
        }
        // Whatever day it may be on earth.
        if new.issued_on > now.plus(chrono::TimeDelta::hours(14)).day_in(chrono_tz::UTC) {
            faults.push(InstrumentFault::IssuedOn);
        }
        if new.valid_until <= now {
            faults.push(InstrumentFault::ValidUntil);
        }
        if new.gag_until.is_some_and(|until| until <= now || until > now.plus(LONGEST_SILENCE)) {
            faults.push(InstrumentFault::GagUntil);
        }
        if faults.is_empty() { Ok(()) } else { Err(InstrumentError::Told(faults)) }
    }

    /// The orders, page by page.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::Cursor`].
    pub async fn list(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<InstrumentPage, InstrumentError> {
        let (kms, owner) = (self.vault.kms(), reader.subject());
        let after = cursors::id(kms, LIST, owner, cursor, InstrumentId::from_uuid)?;
        let rows = self.db.read(move |c| instruments::list(c, after, i64::from(limit) + 1)).await?;
        let (instruments, next_cursor) =
            cursors::page(kms, LIST, owner, rows, limit, |row| row.id.as_bytes().to_vec())?;
        Ok(InstrumentPage { instruments, next_cursor })
    }

    /// An order, without what is sealed.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::NotFound`].
    pub async fn find(&self, id: InstrumentId) -> Result<Instrument, InstrumentError> {
        self.db.read(move |c| instruments::find(c, id)).await?.ok_or(InstrumentError::NotFound)
    }

    /// Opens the number of the case and whom it names; the log has it first.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::NotFound`].
    #[tracing::instrument(skip_all)]
    pub async fn read(
        &self,
        by: StaffId,
        id: InstrumentId,
        recording: Recording<OpenedInstrument>,
    ) -> Result<OpenedInstrument, InstrumentError> {
        let draft = LeafDraft::new(self.clock.now())?;
        let keys = self.vault.keys_of(subject(id)).await?;
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                let instrument = instruments::find(c, id)?.ok_or(InstrumentError::NotFound)?;
                let sealed = instruments::find_sealed(c, id)?.ok_or(InstrumentError::NotFound)?;
                attest(c, &keys, (by, &INSTRUMENT_READ), &instrument, &draft)?;
                let row = Row(id.as_bytes());
                let opened = OpenedInstrument {
                    instrument,
                    reference: keys.open(
                        &INSTRUMENT_REFERENCE,
                        row,
                        &Sealed::from_envelope(sealed.reference),
                    )?,
                    named: keys.open(&INSTRUMENT_NAMED, row, &Sealed::from_envelope(sealed.named))?,
                };
                recording.record(c, &keys, &opened)?;
                Ok(opened)
            })
            .await
    }

    /// The file of an order; the log has it first.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::NotFound`].
    #[tracing::instrument(skip_all)]
    pub async fn file(&self, by: StaffId, id: InstrumentId) -> Result<Zeroizing<Vec<u8>>, InstrumentError> {
        let draft = LeafDraft::new(self.clock.now())?;
        let instrument = self.find(id).await?;
        let name = instrument.file_name.ok_or(InstrumentError::NotFound)?;
        let sealed = self.files.get(name).await?.ok_or(InstrumentError::NotFound)?;
        let keys = self.vault.keys_of(subject(id)).await?;
        let opening = Arc::clone(&keys);
        self.db.write(move |c| attest(c, &opening, (by, &INSTRUMENT_READ), &instrument, &draft)).await?;
        Ok(keys.open_bytes(&INSTRUMENT_FILE, Row(id.as_bytes()), &sealed)?)
    }

    /// Ends an order: nothing is disclosed on its strength any more.
    ///
    /// # Errors
    ///
    /// [`InstrumentError::NotFound`], [`InstrumentError::StateConflict`] if it was withdrawn before.
    #[tracing::instrument(skip_all)]
    pub async fn withdraw(
        &self,
        by: StaffId,
        id: InstrumentId,
        recording: Recording<Instrument>,
    ) -> Result<Instrument, InstrumentError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let keys = self.vault.keys_of(subject(id)).await?;
        let own = self.vault.keys_of(by.subject()).await?;
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                let instrument = instruments::find(c, id)?.ok_or(InstrumentError::NotFound)?;
                let end = Withdrawal { by, at: now, leaf_id: draft.id() };
                let withdrawn = Instrument { withdrawn: Some(end), ..instrument };
                attest(c, &keys, (by, &INSTRUMENT_WITHDRAWN), &withdrawn, &draft)?;
                if !instruments::withdraw(c, id, end)? {
                    return Err(InstrumentError::StateConflict);
                }
                recording.record(c, &own, &withdrawn)?;
                Ok(withdrawn)
            })
            .await
    }
}

fn attest(
    c: &mut Conn,
    keys: &SubjectKeys,
    (by, act): (StaffId, &Act),
    instrument: &Instrument,
    draft: &LeafDraft,
) -> Result<(), InstrumentError> {
    leaves::append(c, &draft.of_staff_upon(by, keys, act, &instrument.facts(by))?)?;
    Ok(())
}
