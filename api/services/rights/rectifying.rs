//! Rectifications: a value is corrected at once, or once somebody looked at what shows it; what is refused stays, with its
//! person's statement beside it.

use zeroize::Zeroizing;

use super::{
    Actor, FiledPreview, FiledRequest, RightsAnswer, RightsError, RightsService, ShownRequest,
    StaffRightsRequest, advance, desk::Told as Telling, mail, preview::Viewer, show, show_own, step,
};
use crate::{
    db::{Conn, Refusal},
    domain::{
        account::{AccountState, Profile, ProfileField},
        data_dictionary::{Category, EVIDENCE_FILE},
        evidence::Evidence,
        ids::{AccountId, DocumentId, NoticeId, RightsRequestId, StaffId, StaffReadId},
        kyc::{case::KycDetails, days::LocalDay, document::PICTURE_OPEN_FOR, file::Accepts},
        message::MessageBody,
        notice::NoticeKind,
        personal::PersonalText,
        rights::{
            rectification::{
                Correction, EvidenceFile, MOST_EVIDENCE, RectifiedField, StatementOfCorrection, Told,
            },
            request::{RightKind, RightsRequest, RightsScope, RightsState, RightsStep},
        },
        staff::{ReadCase, ReadField, ReadPurpose, StaffRead},
        time::Timestamp,
    },
    repositories::{
        accounts, kyc_cases, kyc_details, log as leaves, profiles as profile_rows,
        rights_corrections::{self, KeptEvidence, SealedCorrection},
        rights_requests, staff_reads,
    },
    services::{
        contests,
        idempotency::{Draft, Recording},
        images::ImageError,
        kyc::{open_details, seal_details},
        log::LeafDraft,
        notices,
        obligations::{self, Change},
        profiles::{self, Replaced},
        reads,
        tokens::opaque::{self, TokenKind},
        vault::{Row, SubjectKeys, VaultError},
    },
};

/// What a person wants corrected, opened for whoever decides.
#[derive(Clone)]
pub struct OpenedCorrection {
    pub read: StaffRead,
    pub correction: Correction,
    /// What stands.
    pub standing: Option<Correction>,
    pub evidence: Vec<EvidenceFile>,
}

/// A file that may be fetched now.
#[derive(Clone)]
pub struct OpenedEvidence {
    pub read: StaffRead,
    pub expires_at: Timestamp,
}

impl RightsService {
    /// Files a rectification: what no verification vouches for is corrected at once, the rest waits for an answer.
    ///
    /// # Errors
    ///
    /// As [`file`](Self::file), and [`RightsError::NothingToCorrect`] where nothing else stands.
    #[tracing::instrument(skip_all)]
    pub async fn file_rectification(
        &self,
        owner: AccountId,
        (correction, preview): (Correction, FiledPreview),
        recording: Option<Draft>,
    ) -> Result<FiledRequest, RightsError> {
        let (now, field) = (self.clock.now(), correction.field());
        let scope = RightsScope {
            kind: RightKind::Rectification,
            purpose: None,
            data_class: None,
            field: Some(field),
        };
        self.check(&preview, (owner, scope), now)?;
        if let Correction::BirthDate(born) = &correction
            && born.day().is_none_or(|born| LocalDay::at(now, None).latest < born)
        {
            return Err(RightsError::BornInTheFuture);
        }
        self.renew_proofs(owner).await?;
        let (keys, profile) = self.person(owner).await?;
        let request = RightsRequest::filed(owner, scope, now, self.region);
        let result =
            opaque::issue(self.vault.kms(), TokenKind::RightsResult, owner).map_err(VaultError::from)?;
        let mac = result.mac;
        let shown = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?.ok_or(RightsError::NotFound)?;
                let standing = accounts::find_standing(c, owner)?.ok_or(RightsError::NotFound)?;
                if standing.state == AccountState::Closed {
                    return Err(RightsError::StateConflict);
                }
                if let Some(draft) = &recording {
                    draft.refuse_if_done(c)?;
                    draft.record_secret(c, owner, 201)?;
                }
                let stands = find_standing(c, &keys, field)?.ok_or(RightsError::NothingToCorrect)?;
                if stands == correction {
                    return Err(RightsError::NothingToCorrect);
                }
                if !rights_requests::insert(c, &request, Some(mac))? {
                    return Err(RightsError::Duplicate);
                }
                step(c, &keys, (Actor::Person, RightsStep::Filed), &request, now)?;
                let (request, notice, body) = take_up(c, &keys, &request, &correction, now)?;
                let told = mail((&keys, profile.as_ref()), body, now)?;
                notices::tell(c, owner, NoticeId::generate(now), notice, told.as_ref(), now)?;
                show_own(c, &keys, request)
            })
            .await?;
        self.outbox.wake();
        Ok(FiledRequest { shown, result_token: result.text })
    }

    /// Takes a file in that shows that a request is right, while it waits for its answer (clause 7.4).
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] also for another person's, [`RightsError::StateConflict`] once it was answered,
    /// [`RightsError::EvidenceFull`], and [`RightsError::File`] for what cannot be taken.
    #[tracing::instrument(skip_all)]
    pub async fn add_evidence(
        &self,
        (owner, id, viewer): (AccountId, RightsRequestId, Viewer),
        file: Zeroizing<Vec<u8>>,
        recording: Recording<ShownRequest>,
    ) -> Result<ShownRequest, RightsError> {
        let now = self.clock.now();
        self.db.read(move |c| check_takes_evidence(c, owner, id)).await?;
        let picture = self.images.clean(file, Accepts::ImagesAndPdf).await.map_err(|error| match error {
            ImageError::Fault(fault) => RightsError::File(fault),
            error => RightsError::Image(error),
        })?;
        // Under the newest key: an older one may be about to go with what it sealed.
        self.vault.fresh_keys_of(owner).await?;
        let keys = self.vault.keys_with(owner, &[Category::Proofs], now).await?;
        let document_id = DocumentId::generate(now);
        let sealed = keys.seal_bytes(&EVIDENCE_FILE, Row(document_id.as_bytes()), &picture.jpeg)?;
        let size = i64::try_from(picture.jpeg.len()).unwrap_or(i64::MAX);
        let (width, height) = (picture.width, picture.height);
        let name = self.files.put(sealed).await.map_err(super::archive::stored)?;
        let version = keys.active_version(Category::Proofs).unwrap_or(0);
        let facts = EvidenceFile { document_id, width, height, size, uploaded_at: now };
        let kept = KeptEvidence { facts, name, key_version: version };
        let written = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let request = check_takes_evidence(c, owner, id)?;
                if list_evidence(c, owner, id)?.len() >= MOST_EVIDENCE {
                    return Err(RightsError::EvidenceFull);
                }
                rights_corrections::insert_file(c, (owner, id), &kept)?;
                // What was told is for its person alone, also where the call is repeated.
                let shown = match viewer {
                    Viewer::Person => show_own(c, &keys, request)?,
                    Viewer::Link => show(c, request)?,
                };
                recording.record(c, &keys, &shown)?;
                Ok(shown)
            })
            .await;
        if written.is_ok() && !self.vault.fresh_keys_of(owner).await?.holds_version(Category::Proofs, version)
        {
            // What was there before went with its key in this very moment.
            self.db.write_for(owner, move |c| rights_corrections::delete_files(c, owner, &[version])).await?;
            return Err(RightsError::StateConflict);
        }
        // Where storage failed the row may stand all the same; what none names is swept.
        if written.as_ref().is_err_and(|error: &RightsError| error.storage().is_none())
            && let Err(error) = self.files.delete(name).await
        {
            tracing::warn!(%error, "a file that nothing names is left for the sweep");
        }
        written
    }

    /// Attaches what the person wants to be read beside a value that was not changed; whoever fetched the value is told.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] also for another person's, [`RightsError::StateConflict`] unless it was refused, or
    /// where a statement stands.
    #[tracing::instrument(skip_all)]
    pub async fn attach_statement(
        &self,
        (owner, id): (AccountId, RightsRequestId),
        statement: StatementOfCorrection,
        recording: Recording<ShownRequest>,
    ) -> Result<ShownRequest, RightsError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let was = rights_requests::find_owned(c, owner, id)?.ok_or(RightsError::NotFound)?;
                let sealed = rights_corrections::find(c, owner, id)?.filter(|_| was.takes_statement());
                let sealed = sealed.ok_or(RightsError::StateConflict)?;
                let told = contests::open(&keys, &sealed)?.filter(|told| told.statement.is_none());
                let told = told.ok_or(RightsError::StateConflict)?;
                let told = Told { statement: Some((statement.clone(), now)), ..told };
                let cell = contests::seal(&keys, &sealed, &told)?;
                rights_corrections::put(c, owner, (id, sealed.field), Some(cell))?;
                let by = (Actor::Person, RightsStep::Stated);
                let stated = advance(c, &keys, by, (&was, was.clone()), now)?;
                let fields = [sealed.field.disclosed_as()];
                obligations::open(c, &keys, Change::Contested(&fields), now)?;
                let shown = show_own(c, &keys, stated)?;
                recording.record(c, &keys, &shown)?;
                Ok(shown)
            })
            .await
    }

    /// Opens what a person wants corrected, to whoever decides. The row that the person sees is written first.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`], [`RightsError::StateConflict`] once it was decided, [`RightsError::OwnRequest`],
    /// [`RightsError::BudgetExhausted`].
    #[tracing::instrument(skip_all)]
    pub async fn open_correction(
        &self,
        (by, id): (StaffId, RightsRequestId),
        recording: Recording<OpenedCorrection>,
    ) -> Result<OpenedCorrection, RightsError> {
        let (owner, field) = self.correction_to_decide(by, id).await?;
        let now = self.clock.now();
        let keys = self.vault.fresh_keys_of(owner).await?;
        let fields = vec![field.read_as(), ReadField::Correction];
        let (budget, draft, read_id) =
            (self.budget.of(by).map_err(VaultError::from)?, draft(now)?, StaffReadId::generate(now));
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                check_takes_evidence(c, owner, id)?;
                let sealed = rights_corrections::find(c, owner, id)?.ok_or(RightsError::NotFound)?;
                let told = contests::open(&keys, &sealed)?.ok_or(RightsError::StateConflict)?;
                reads::admit(c, (owner, ReadPurpose::RightsRequest, &fields), &budget, now)?;
                let case = ReadCase::Rights(id, None);
                let read = record_read(c, (&keys, &draft), (by, read_id), (fields.clone(), case), now)?;
                let opened = OpenedCorrection {
                    read,
                    correction: told.correction,
                    standing: find_standing(c, &keys, field)?,
                    evidence: list_evidence(c, owner, id)?,
                };
                // Shown once: a repeat opens anew, and is seen.
                recording.record_without_answer(c, owner)?;
                Ok(opened)
            })
            .await
    }

    /// Records that a member of staff looks at a file, which can be fetched from then on for a few minutes.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] if there is none, [`RightsError::StateConflict`] once the request was answered,
    /// [`RightsError::OwnRequest`], [`RightsError::BudgetExhausted`].
    #[tracing::instrument(skip_all)]
    pub async fn open_evidence(
        &self,
        (by, id): (StaffId, RightsRequestId),
        document: DocumentId,
        recording: Recording<OpenedEvidence>,
    ) -> Result<OpenedEvidence, RightsError> {
        let now = self.clock.now();
        let owner = self.others_request(by, id).await?.account_id;
        let keys = self.vault.keys_of(owner).await?;
        let (budget, draft, read_id) =
            (self.budget.of(by).map_err(VaultError::from)?, draft(now)?, StaffReadId::generate(now));
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                check_takes_evidence(c, owner, id)?;
                if !list_evidence(c, owner, id)?.iter().any(|file| file.document_id == document) {
                    return Err(RightsError::NotFound);
                }
                let fields = vec![ReadField::EvidencePicture];
                reads::admit(c, (owner, ReadPurpose::RightsRequest, &fields), &budget, now)?;
                let case = ReadCase::Rights(id, Some(document));
                let read = record_read(c, (&keys, &draft), (by, read_id), (fields, case), now)?;
                let opened = OpenedEvidence { read, expires_at: now.plus(PICTURE_OPEN_FOR) };
                recording.record(c, &keys, &opened)?;
                Ok(opened)
            })
            .await
    }

    /// The file whose opening was recorded, for whoever asked, while the request waits for its answer.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] for anybody else, and later.
    pub async fn opened_evidence(
        &self,
        by: StaffId,
        id: StaffReadId,
    ) -> Result<Zeroizing<Vec<u8>>, RightsError> {
        let read = self.db.read(move |c| staff_reads::find(c, id)).await?;
        let read = read.filter(|read| read.staff_id == by).ok_or(RightsError::NotFound)?;
        let ReadCase::Rights(request, Some(document)) = read.case else { return Err(RightsError::NotFound) };
        let owner = read.account_id;
        let found = self.db.read(move |c| rights_requests::find_owned(c, owner, request)).await?;
        let is_open = self.clock.now() < read.read_at.plus(PICTURE_OPEN_FOR);
        if !is_open || !found.is_some_and(|request| request.takes_evidence()) {
            return Err(RightsError::NotFound);
        }
        self.evidence(owner, (request, document)).await
    }

    /// A file of a person, as JPEG.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] if there is none.
    pub async fn evidence(
        &self,
        owner: AccountId,
        (request, document): (RightsRequestId, DocumentId),
    ) -> Result<Zeroizing<Vec<u8>>, RightsError> {
        let files = self.db.read(move |c| rights_corrections::list_files(c, owner, request)).await?;
        let file = files.into_iter().find(|file| file.facts.document_id == document);
        let file = file.ok_or(RightsError::NotFound)?;
        let keys = self.vault.fresh_keys_of(owner).await?;
        let sealed = self.files.get(file.name).await.map_err(super::archive::stored)?;
        let sealed = sealed.filter(|sealed| keys.can_open(&EVIDENCE_FILE, sealed));
        let sealed = sealed.ok_or(RightsError::NotFound)?;
        Ok(keys.open_bytes(&EVIDENCE_FILE, Row(document.as_bytes()), &sealed)?)
    }

    /// Every file that is kept of a person to show that requests are right.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn evidence_ids(
        &self,
        owner: AccountId,
    ) -> Result<Vec<(RightsRequestId, DocumentId)>, RightsError> {
        Ok(self.db.read(move |c| rights_corrections::list_owned_files(c, owner)).await?)
    }

    /// Corrects a value, or leaves it as it stands on a ground; by somebody who looked at what was told.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`], [`RightsError::StateConflict`] once it was decided, [`RightsError::NotOpened`],
    /// [`RightsError::OwnRequest`], [`RightsError::Ground`] if the ground is not one for this.
    #[tracing::instrument(skip_all)]
    pub async fn decide_correction(
        &self,
        (by, id): (StaffId, RightsRequestId),
        answer: RightsAnswer,
        recording: Recording<StaffRightsRequest>,
    ) -> Result<StaffRightsRequest, RightsError> {
        let (owner, _) = self.correction_to_decide(by, id).await?;
        // The address may have got another key since.
        self.vault.fresh_keys_of(owner).await?;
        let step = match answer {
            RightsAnswer::Granted => RightsStep::Granted,
            RightsAnswer::Refused(_) => RightsStep::Refused,
        };
        let tells =
            move |keys: &SubjectKeys, profile: Option<&Profile>, now| telling(answer, keys, profile, now);
        self.act((by, id), step, tells, recording, move |c, keys, was, now| {
            let evidence = list_evidence(c, owner, id)?;
            let since = evidence.iter().map(|file| file.uploaded_at).max().unwrap_or(was.filed_at);
            if !staff_reads::has_opened_request(c, owner, by, id, since)? {
                return Err(RightsError::NotOpened);
            }
            let sealed = rights_corrections::find(c, owner, id)?.ok_or(RightsError::NotFound)?;
            match answer {
                RightsAnswer::Refused(ground) if !ground.fits(RightKind::Rectification) => {
                    Err(RightsError::Ground)
                }
                RightsAnswer::Refused(ground) => Ok(was.not_corrected(ground, now)?),
                RightsAnswer::Granted => {
                    let corrected = was.corrected(now)?;
                    let told = contests::open(keys, &sealed)?.ok_or(RightsError::StateConflict)?;
                    apply(c, keys, &told.correction, now)?;
                    rights_corrections::put(c, owner, (id, sealed.field), None)?;
                    Ok(corrected)
                }
            }
        })
        .await
    }

    /// Makes another key for what shows that requests are right, where the one that seals now has sealed something: each goes
    /// without the other.
    pub(super) async fn renew_proofs(&self, owner: AccountId) -> Result<(), RightsError> {
        let keys = self.vault.fresh_keys_of(owner).await?;
        let Some(active) = keys.active_version(Category::Proofs) else { return Ok(()) };
        let files = self.db.read(move |c| rights_corrections::list_names(c, owner)).await?;
        if files.iter().any(|(_, version)| *version == active) {
            self.vault.rotate(owner, Category::Proofs, self.clock.now()).await?;
        }
        Ok(())
    }

    /// A request of somebody else than whoever looks at it.
    pub(super) async fn others_request(
        &self,
        by: StaffId,
        id: RightsRequestId,
    ) -> Result<RightsRequest, RightsError> {
        let request = self.db.read(move |c| super::find(c, id)).await?;
        if reads::own_account(&self.db, &self.vault, by).await? == Some(request.account_id) {
            return Err(RightsError::OwnRequest);
        }
        Ok(request)
    }

    async fn correction_to_decide(
        &self,
        by: StaffId,
        id: RightsRequestId,
    ) -> Result<(AccountId, RectifiedField), RightsError> {
        let request = self.others_request(by, id).await?;
        Ok((request.account_id, request.scope.field.ok_or(RightsError::NotFound)?))
    }

    /// Erases what showed that requests were right, of some persons about whom nothing waits since an instant; says of
    /// how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn forget_evidence(&self, before: Timestamp, limit: i64) -> Result<usize, RightsError> {
        let done = self.db.read_long(move |c| rights_corrections::list_done_with(c, before, limit)).await?;
        crate::services::batches::for_each(done, |owner| self.forget_evidence_of(owner)).await
    }

    pub(super) async fn forget_evidence_of(&self, owner: AccountId) -> Result<bool, RightsError> {
        let versions = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                // Whatever comes after this is sealed under another key, or goes with this one.
                if rights_corrections::is_waiting(c, owner)? {
                    return Ok(Vec::new());
                }
                let files = rights_corrections::list_names(c, owner)?;
                Ok::<_, RightsError>(files.into_iter().map(|(_, version)| version).collect::<Vec<_>>())
            })
            .await?;
        let has_some = !versions.is_empty();
        if has_some {
            self.erasure.erase_evidence(owner, versions).await?;
        }
        Ok(has_some)
    }
}

fn draft(now: Timestamp) -> Result<LeafDraft, RightsError> {
    Ok(LeafDraft::new(now).map_err(VaultError::from)?)
}

/// Corrects a value at once, or keeps what was told until it is decided; gives the request and what its person is told.
fn take_up(
    c: &mut Conn,
    keys: &SubjectKeys,
    request: &RightsRequest,
    correction: &Correction,
    now: Timestamp,
) -> Result<(RightsRequest, NoticeKind, MessageBody), RightsError> {
    let (owner, field) = (request.account_id, correction.field());
    if is_vouched_for(c, owner, field)? {
        let told = Told { correction: correction.clone(), statement: None };
        let mut sealed = SealedCorrection { request_id: request.id, field, told: None };
        sealed.told = Some(contests::seal(keys, &sealed, &told)?);
        rights_corrections::insert(c, owner, &sealed)?;
        let body = MessageBody::CorrectionFiled { until: request.deadline.due_at.for_people() };
        return Ok((request.clone(), NoticeKind::RightsRequestFiled, body));
    }
    apply(c, keys, correction, now)?;
    let corrected = request.clone().corrected(now)?;
    let corrected = advance(c, keys, (Actor::Service, RightsStep::Completed), (request, corrected), now)?;
    let body = MessageBody::CorrectionMade { at: now.for_people() };
    Ok((corrected, NoticeKind::RightsRequestGranted, body))
}

/// What a decision tells its person.
fn telling(
    answer: RightsAnswer,
    keys: &SubjectKeys,
    profile: Option<&Profile>,
    now: Timestamp,
) -> Result<Telling, VaultError> {
    let (kind, body) = match answer {
        RightsAnswer::Granted => {
            (NoticeKind::RightsRequestGranted, MessageBody::CorrectionMade { at: now.for_people() })
        }
        RightsAnswer::Refused(ground) => {
            let (clause, law) = ground.rests_on();
            let body = MessageBody::CorrectionRefused { clause: clause.to_owned(), law: law.to_owned() };
            (NoticeKind::RightsRequestRefused, body)
        }
    };
    Ok((kind, mail((keys, profile), body, now)?))
}

/// Writes what the person will see of a read.
pub(super) fn record_read(
    c: &mut Conn,
    (keys, draft): (&SubjectKeys, &LeafDraft),
    (by, id): (StaffId, StaffReadId),
    (fields, case): (Vec<ReadField>, ReadCase),
    now: Timestamp,
) -> Result<StaffRead, RightsError> {
    let owner = keys.account_id();
    let read = StaffRead {
        account_id: owner,
        sequence: accounts::take_sequence(c, owner, 1)?.ok_or(RightsError::NotFound)?,
        id,
        staff_id: by,
        fields,
        purpose: ReadPurpose::RightsRequest,
        case,
        read_at: now,
        leaf_id: draft.id(),
    };
    leaves::append(c, &draft.of_staff_upon(by, keys, read.act(), &read.facts())?)?;
    staff_reads::append(c, &read)?;
    Ok(read)
}

/// The files of a request.
pub(super) fn list_evidence(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<Vec<EvidenceFile>, RightsError> {
    Ok(rights_corrections::list_files(c, owner, id)?.into_iter().map(|file| file.facts).collect())
}

pub(super) fn check_takes_evidence(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<RightsRequest, RightsError> {
    let request = rights_requests::find_owned(c, owner, id)?.ok_or(RightsError::NotFound)?;
    if !request.takes_evidence() {
        return Err(RightsError::StateConflict);
    }
    Ok(request)
}

/// Whether a verification vouches for a value, or is about to.
fn is_vouched_for(c: &mut Conn, owner: AccountId, field: RectifiedField) -> Result<bool, RightsError> {
    let is_looked_at = kyc_cases::find_current(c, owner)?.is_some_and(|case| case.is_looked_at());
    Ok(field.is_vouched_for() && (is_looked_at || kyc_cases::has_approved(c, owner)?))
}

/// What stands.
fn find_standing(
    c: &mut Conn,
    keys: &SubjectKeys,
    field: RectifiedField,
) -> Result<Option<Correction>, RightsError> {
    Ok(match field {
        RectifiedField::RealName => Some(Correction::RealName(find_profile(c, keys)?.real_name)),
        RectifiedField::DisplayName => find_profile(c, keys)?.display_name.map(Correction::DisplayName),
        RectifiedField::BirthDate => {
            find_details(c, keys)?.map(|details| Correction::BirthDate(details.birth_date))
        }
        RectifiedField::Residence => {
            find_details(c, keys)?.map(|details| Correction::Residence(details.residence))
        }
    })
}

pub(super) fn find_profile(c: &mut Conn, keys: &SubjectKeys) -> Result<Profile, RightsError> {
    let sealed = profile_rows::find_unless_erased(c, keys.account_id())?;
    Ok(profiles::open(keys, &sealed.ok_or(RightsError::NotFound)?)?)
}

pub(super) fn find_details(c: &mut Conn, keys: &SubjectKeys) -> Result<Option<KycDetails>, RightsError> {
    let sealed = kyc_details::find(c, keys.account_id())?;
    Ok(sealed.map(|sealed| open_details(keys, sealed)).transpose()?.flatten())
}

/// Puts a correction in the place of what stands, with its history, and tells whoever fetched that.
fn apply(
    c: &mut Conn,
    keys: &SubjectKeys,
    correction: &Correction,
    now: Timestamp,
) -> Result<(), RightsError> {
    let is_going = |request: &RightsRequest| {
        request.state == RightsState::Executing && request.scope.part() == Some(Category::Address)
    };
    let is_told_beside = matches!(correction, Correction::BirthDate(_) | Correction::Residence(_));
    // What is being erased is not sealed anew, and the day of birth stands beside the address.
    if is_told_beside && rights_requests::list_open(c, keys.account_id())?.iter().any(is_going) {
        return Err(RightsError::StateConflict);
    }
    match correction {
        Correction::RealName(name) => {
            let mut profile = find_profile(c, keys)?;
            let old = PersonalText::of(&std::mem::replace(&mut profile.real_name, name.clone()));
            rewrite(c, keys, profile, (ProfileField::RealName, Some(old)), now)
        }
        Correction::DisplayName(name) => {
            let mut profile = find_profile(c, keys)?;
            let old = profile.display_name.replace(name.clone());
            rewrite(c, keys, profile, (ProfileField::DisplayName, old.as_ref().map(PersonalText::of)), now)
        }
        Correction::BirthDate(birth_date) => {
            let details = find_details(c, keys)?.ok_or(RightsError::NothingToCorrect)?;
            let details = KycDetails { birth_date: birth_date.clone(), updated_at: now, ..details };
            keep(c, keys, (correction.field(), &details), now)
        }
        Correction::Residence(residence) => {
            let details = find_details(c, keys)?.ok_or(RightsError::NothingToCorrect)?;
            let details = KycDetails { residence: residence.clone(), updated_at: now, ..details };
            keep(c, keys, (correction.field(), &details), now)
        }
    }
}

fn rewrite(
    c: &mut Conn,
    keys: &SubjectKeys,
    profile: Profile,
    (field, old): (ProfileField, Option<PersonalText>),
    now: Timestamp,
) -> Result<(), RightsError> {
    let replaced = [Replaced { field, old }];
    let written = profiles::rewrite(c, keys, profile, &replaced, &[draft(now)?], now)?;
    written.map(|_| ()).ok_or(RightsError::StateConflict)
}

fn keep(
    c: &mut Conn,
    keys: &SubjectKeys,
    (field, details): (RectifiedField, &KycDetails),
    now: Timestamp,
) -> Result<(), RightsError> {
    let (owner, corrected) = (keys.account_id(), [field.disclosed_as()]);
    obligations::open(c, keys, Change::Corrected(&corrected), now)?;
    kyc_details::put(c, owner, &seal_details(keys, details)?)?;
    Ok(contests::end(c, owner, &corrected)?)
}
