//! Rectifications: a value is corrected at once, or once somebody looked at what shows it; what is refused stays, with its
//! person's statement beside it.

use super::{
    Actor, FiledPreview, FiledRequest, RightsAnswer, RightsError, RightsService, ShownRequest,
    StaffRightsRequest, advance, desk::Told as Telling, evidence::list_evidence, filing::Followed, mail,
    show_own,
};
use crate::{
    db::Conn,
    domain::{
        account::{Profile, ProfileField},
        data_dictionary::Category,
        ids::{AccountId, RightsRequestId, StaffId},
        kyc::{case::KycDetails, days::LocalDay},
        message::MessageBody,
        notice::NoticeKind,
        personal::PersonalText,
        rights::{
            rectification::{Correction, EvidenceFile, RectifiedField, StatementOfCorrection, Told},
            request::{RightKind, RightsRequest, RightsScope, RightsState, RightsStep},
        },
        staff::{ReadField, StaffRead},
        time::Timestamp,
    },
    repositories::{
        accounts, kyc_cases, kyc_details, profiles as profile_rows,
        rights_corrections::{self, SealedCorrection},
        rights_requests, staff_reads,
    },
    services::{
        contests,
        idempotency::{Draft, Recording},
        kyc::{open_details, seal_details},
        log::LeafDraft,
        obligations::{self, Change},
        profiles::{self, Replaced},
        vault::{SubjectKeys, VaultError},
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
        let request = RightsRequest::filed(owner, scope, now, self.region);
        self.write_filing(request, recording, move |c, keys, request, now| {
            let stands = find_standing(c, keys, field)?.ok_or(RightsError::NothingToCorrect)?;
            if stands == correction {
                return Err(RightsError::NothingToCorrect);
            }
            take_up(c, keys, &request, &correction, now)
        })
        .await
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
        let (keys, opening) = (self.vault.fresh_keys_of(owner).await?, self.opening(by, id)?);
        let fields = [field.read_as(), ReadField::Correction];
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let sealed = rights_corrections::find(c, owner, id)?.ok_or(RightsError::NotFound)?;
                let told = contests::open(&keys, &sealed)?.ok_or(RightsError::StateConflict)?;
                let read = opening.admit(c, &keys, (&fields, None))?;
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

    async fn correction_to_decide(
        &self,
        by: StaffId,
        id: RightsRequestId,
    ) -> Result<(AccountId, RectifiedField), RightsError> {
        let request = self.others_request(by, id).await?;
        Ok((request.account_id, request.scope.field.ok_or(RightsError::NotFound)?))
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
) -> Result<Followed, RightsError> {
    let (owner, field) = (request.account_id, correction.field());
    if is_vouched_for(c, owner, field)? {
        let told = Told { correction: correction.clone(), statement: None };
        let mut sealed = SealedCorrection { request_id: request.id, field, told: None };
        sealed.told = Some(contests::seal(keys, &sealed, &told)?);
        rights_corrections::insert(c, owner, &sealed)?;
        let body = MessageBody::CorrectionFiled { until: request.deadline.due_at.for_people() };
        return Ok((request.clone(), (NoticeKind::RightsRequestFiled, body)));
    }
    apply(c, keys, correction, now)?;
    let corrected = request.clone().corrected(now)?;
    let corrected = advance(c, keys, (Actor::Service, RightsStep::Completed), (request, corrected), now)?;
    let body = MessageBody::CorrectionMade { at: now.for_people() };
    Ok((corrected, (NoticeKind::RightsRequestGranted, body)))
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
