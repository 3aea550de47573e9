//! Reviewing: who looks at a case, what they write to each other, and what they open of it.

use super::{KycError, KycService, evidence::Opened, request::screen};
use crate::{
    db::Conn,
    domain::{
        account::Profile,
        data_dictionary::{KYC_NOTE, KYC_PRIVATE_REASON},
        evidence::Evidence,
        ids::{AccountId, DocumentId, KycCaseId, StaffId, StaffReadId},
        kyc::{
            KycState,
            case::{KycCase, KycDetails},
            document::{DocumentSide, KycDocument, PICTURE_OPEN_FOR},
        },
        personal::PersonalText,
        sealed::Sealed,
        staff::{ReadCase, ReadField, ReadPurpose, StaffRead, StaffRole, StaffState},
        time::Timestamp,
    },
    repositories::{
        accounts, kyc_cases, kyc_documents,
        kyc_notes::{self, SealedNote},
        log as leaves, staff, staff_reads,
    },
    services::{
        contests::{self, Contest},
        idempotency::Recording,
        kyc::documents::DocumentImage,
        log::LeafDraft,
        reads,
        vault::{Row, SubjectKeys, VaultError},
    },
};

/// What is opened of a case at once; each counts.
const OPENED_AS_ONE: [ReadField; 5] = [
    ReadField::RealName,
    ReadField::BirthDate,
    ReadField::Residence,
    ReadField::DocumentDetails,
    ReadField::ReviewNotes,
];

/// A note of a reviewer.
#[derive(Clone)]
pub struct KycNote {
    pub number: i64,
    pub staff_id: StaffId,
    pub body: Option<PersonalText>,
    pub written_at: Timestamp,
}

/// Everything that was told, opened.
#[derive(Clone)]
pub struct OpenedKycCase {
    pub read: StaffRead,
    pub profile: Profile,
    pub details: Option<KycDetails>,
    pub documents: Vec<KycDocument>,
    pub notes: Vec<KycNote>,
    pub private_reason: Option<PersonalText>,
    /// What of it the person says is wrong.
    pub contested: Vec<Contest>,
}

/// A picture that may be fetched now.
#[derive(Clone)]
pub struct OpenedImage {
    pub read: StaffRead,
    pub expires_at: Timestamp,
}

/// What a reviewer wants to look at.
#[derive(Clone, Copy)]
pub struct ImageRequest {
    pub case_id: KycCaseId,
    pub document_id: DocumentId,
    pub side: DocumentSide,
    pub purpose: ReadPurpose,
}

fn note_row(case: KycCaseId, number: i64) -> Vec<u8> {
    [case.as_bytes().as_slice(), &number.to_be_bytes()].concat()
}

impl KycCase {
    /// Whether this reviewer looks at it.
    fn is_reviewed_by(&self, by: StaffId) -> bool {
        self.state == KycState::InReview && self.assigned_to == Some(by)
    }
}

impl KycService {
    /// Gives a case to a reviewer, or back to the queue.
    ///
    /// # Errors
    ///
    /// [`KycError::NotDecidable`], [`KycError::OwnCase`] if it is the reviewer's own,
    /// [`KycError::NotAReviewer`].
    #[tracing::instrument(skip_all)]
    pub async fn assign(&self, id: KycCaseId, to: Option<StaffId>) -> Result<KycCase, KycError> {
        let owner = self.case(id).await?.account_id;
        if let Some(to) = to {
            self.check_reviewer(to, owner).await?;
        }
        self.db
            .write_for(owner, move |c| {
                let was = kyc_cases::find(c, id)?.ok_or(KycError::NotFound)?;
                if !was.state.is_decidable() {
                    return Err(KycError::NotDecidable);
                }
                let state = if to.is_some() { KycState::InReview } else { KycState::Submitted };
                let case = KycCase { state, assigned_to: to, revision: was.revision + 1, ..was.clone() };
                if kyc_cases::update(c, &was, &case)? { Ok(case) } else { Err(KycError::Stale) }
            })
            .await
    }

    pub(super) async fn check_reviewer(&self, reviewer: StaffId, owner: AccountId) -> Result<(), KycError> {
        let member = self.db.read(move |c| staff::find(c, reviewer)).await?;
        let may = member.filter(|member| {
            member.state == StaffState::Active && member.roles.contains(&StaffRole::DataProcessor)
        });
        may.ok_or(KycError::NotAReviewer)?;
        self.refuse_own(reviewer, owner).await
    }

    /// Refuses whoever is about to look after their own verification.
    pub(super) async fn refuse_own(&self, by: StaffId, owner: AccountId) -> Result<(), KycError> {
        if reads::own_account(&self.db, &self.vault, by).await? == Some(owner) {
            Err(KycError::OwnCase)
        } else {
            Ok(())
        }
    }

    /// Writes a note on a case, sealed under its person's key.
    ///
    /// # Errors
    ///
    /// [`KycError::SpecialCategory`] if it speaks of what clause 1.9 keeps out.
    #[tracing::instrument(skip_all)]
    pub async fn write_note(
        &self,
        by: StaffId,
        id: KycCaseId,
        text: PersonalText,
        recording: Recording<KycNote>,
    ) -> Result<KycNote, KycError> {
        screen(&text, "/note")?;
        let (now, owner) = (self.clock.now(), self.case(id).await?.account_id);
        self.refuse_own(by, owner).await?;
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                let number = insert_note(c, &keys, (id, by), &text, now)?;
                let note = KycNote { number, staff_id: by, body: Some(text.clone()), written_at: now };
                recording.record(c, &keys, &note)?;
                Ok(note)
            })
            .await
    }

    /// Opens what was told for a case, to the reviewer whom it is assigned to. The row that the person sees
    /// is written first; without it nothing is shown.
    ///
    /// # Errors
    ///
    /// [`KycError::NotAssigned`], [`KycError::BudgetExhausted`].
    #[tracing::instrument(skip_all)]
    pub async fn open_details(
        &self,
        by: StaffId,
        id: KycCaseId,
        purpose: ReadPurpose,
        recording: Recording<OpenedKycCase>,
    ) -> Result<OpenedKycCase, KycError> {
        let (case, now) = (self.case(id).await?, self.clock.now());
        let keys = self.keys_for(&case).await?;
        let (budget, draft, read_id) =
            (self.budget.of(by)?, LeafDraft::new(now)?, StaffReadId::generate(now));
        let owner = case.account_id;
        self.db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                let case = kyc_cases::find(c, id)?.filter(|case| case.is_reviewed_by(by));
                let case = case.ok_or(KycError::NotAssigned)?;
                reads::admit(c, (owner, purpose, &OPENED_AS_ONE), &budget, now)?;
                let opened = Opened::load(c, &keys, &case)?;
                let reason = kyc_cases::find_private_reason(c, owner, id)?;
                let reason = reason.map(Sealed::from_envelope);
                let reason = keys.open_option(&KYC_PRIVATE_REASON, Row(id.as_bytes()), reason.as_ref())?;
                let notes = kyc_notes::list(c, owner, id)?;
                let notes = notes.into_iter().map(|note| open_note(&keys, id, note));
                let notes = notes.collect::<Result<Vec<_>, _>>()?;
                let read = StaffRead {
                    account_id: owner,
                    sequence: accounts::take_sequence(c, owner, 1)?.ok_or(KycError::NotFound)?,
                    id: read_id,
                    staff_id: by,
                    fields: OPENED_AS_ONE.to_vec(),
                    purpose,
                    case: ReadCase::Kyc(id, None),
                    read_at: now,
                    leaf_id: draft.id(),
                };
                record(c, &draft, &keys, &read)?;
                let shown = OpenedKycCase {
                    read,
                    profile: opened.profile,
                    details: opened.details,
                    documents: opened.documents,
                    notes,
                    private_reason: reason,
                    contested: contests::list(c, &keys)?,
                };
                // Shown once: a repeat opens anew, and is seen.
                recording.record_without_answer(c, owner)?;
                Ok(shown)
            })
            .await
    }

    /// Records that a reviewer looks at a picture, which can be fetched from then on for a few minutes.
    ///
    /// # Errors
    ///
    /// [`KycError::NotAssigned`], [`KycError::NotFound`] if there is no such picture,
    /// [`KycError::BudgetExhausted`].
    #[tracing::instrument(skip_all)]
    pub async fn open_image(
        &self,
        by: StaffId,
        request: ImageRequest,
        recording: Recording<OpenedImage>,
    ) -> Result<OpenedImage, KycError> {
        let (case, now) = (self.case(request.case_id).await?, self.clock.now());
        let (owner, document) = (case.account_id, request.document_id);
        let keys = self.vault.keys_of(owner).await?;
        let (budget, draft, read_id) =
            (self.budget.of(by)?, LeafDraft::new(now)?, StaffReadId::generate(now));
        self.db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                let case = kyc_cases::find(c, request.case_id)?.filter(|case| case.is_reviewed_by(by));
                let case = case.ok_or(KycError::NotAssigned)?;
                let found = kyc_documents::find(c, owner, document)?.filter(|found| found.case_id == case.id);
                let files = kyc_documents::list_files(c, owner, &[document])?;
                let is_there = files.iter().any(|(_, file)| file.facts.side == request.side);
                if found.is_none() || !is_there {
                    return Err(KycError::NotFound);
                }
                let fields = vec![field_of(request.side)];
                reads::admit(c, (owner, request.purpose, &fields), &budget, now)?;
                let read = StaffRead {
                    account_id: owner,
                    sequence: accounts::take_sequence(c, owner, 1)?.ok_or(KycError::NotFound)?,
                    id: read_id,
                    staff_id: by,
                    fields,
                    purpose: request.purpose,
                    case: ReadCase::Kyc(case.id, Some(document)),
                    read_at: now,
                    leaf_id: draft.id(),
                };
                record(c, &draft, &keys, &read)?;
                let opened = OpenedImage { read, expires_at: now.plus(PICTURE_OPEN_FOR) };
                recording.record(c, &keys, &opened)?;
                Ok(opened)
            })
            .await
    }

    /// The picture whose opening was recorded, for the reviewer who asked, while the case is theirs.
    ///
    /// # Errors
    ///
    /// [`KycError::NotFound`] for anybody else, and later.
    pub async fn opened_image(&self, by: StaffId, id: StaffReadId) -> Result<DocumentImage, KycError> {
        let read = self.db.read(move |c| staff_reads::find(c, id)).await?;
        let read = read.filter(|read| read.staff_id == by).ok_or(KycError::NotFound)?;
        let (ReadCase::Kyc(case, Some(document)), [field]) = (read.case, read.fields.as_slice()) else {
            return Err(KycError::NotFound);
        };
        // What was opened before a restriction is fetched no more.
        let (owner, fields) = (read.account_id, read.fields.clone());
        let is_limited = move |c: &mut Conn| reads::is_limited(c, (owner, read.purpose, &fields));
        if self.db.read(is_limited).await? {
            return Err(KycError::Limited);
        }
        let is_open = self.clock.now() < read.read_at.plus(PICTURE_OPEN_FOR);
        if !is_open || !self.case(case).await?.is_reviewed_by(by) {
            return Err(KycError::NotFound);
        }
        let side = DocumentSide::ALL.iter().copied().find(|side| field_of(*side) == *field);
        self.image(read.account_id, document, side.ok_or(KycError::NotFound)?).await
    }
}

/// Writes what the person will see of a read.
fn record(c: &mut Conn, draft: &LeafDraft, keys: &SubjectKeys, read: &StaffRead) -> Result<(), KycError> {
    leaves::append(c, &draft.of_staff_upon(read.staff_id, keys, read.act(), &read.facts())?)?;
    Ok(staff_reads::append(c, read)?)
}

const fn field_of(side: DocumentSide) -> ReadField {
    match side {
        DocumentSide::Front => ReadField::DocumentFront,
        DocumentSide::Back => ReadField::DocumentBack,
    }
}

/// Writes a note, sealed; gives its number.
pub(super) fn insert_note(
    c: &mut Conn,
    keys: &SubjectKeys,
    (case, by): (KycCaseId, StaffId),
    text: &PersonalText,
    now: Timestamp,
) -> Result<i64, VaultError> {
    let owner = keys.account_id();
    let number = kyc_notes::next_number(c, owner, case)?;
    let body = keys.seal(&KYC_NOTE, Row(&note_row(case, number)), text)?.into_envelope();
    let note = SealedNote { number, staff_id: by, body: Some(body), written_at: now };
    kyc_notes::insert(c, owner, case, &note)?;
    Ok(number)
}

fn open_note(keys: &SubjectKeys, case: KycCaseId, note: SealedNote) -> Result<KycNote, VaultError> {
    let body = note.body.map(Sealed::from_envelope);
    Ok(KycNote {
        body: keys.open_option(&KYC_NOTE, Row(&note_row(case, note.number)), body.as_ref())?,
        number: note.number,
        staff_id: note.staff_id,
        written_at: note.written_at,
    })
}
