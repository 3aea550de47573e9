//! Rights without signing in. A mailbox is one proof and no
//! more: what is filed so restricts at once, and erases or hands over nothing before a member of staff has seen who asks.

use chrono::TimeDelta;
use zeroize::Zeroizing;

use super::{
    FiledPreview, FiledRequest, RightsAnswer, RightsError, RightsPreview, RightsResult, RightsService,
    ShownRequest, StaffRightsRequest,
    archive::Download,
    evidence::list_evidence,
    filing::begin,
    mail,
    preview::Viewer,
    rectifying::{find_details, find_profile},
};
use crate::{
    domain::{
        account::Profile,
        data_dictionary::Category,
        email::Email,
        ids::{AccountId, RightsRequestId, StaffId},
        kyc::case::BirthDate,
        language::LanguageTag,
        message::{Channel, Message, MessageBody},
        notice::NoticeKind,
        personal::Personal,
        rights::request::{
            ErasureTime, RefusalGround, RightKind, RightsRequest, RightsScope, RightsStep,
            TOLD_BEFORE_LIFTING,
        },
        staff::{ReadField, StaffRead},
        time::Timestamp,
    },
    repositories::{
        accounts,
        outbox::{self, SealedMessage},
        staff_reads,
    },
    services::{
        idempotency::{Draft, Recording},
        outbox as messages,
        tokens::opaque::{self, TokenKind},
        vault::{SubjectKeys, VaultError, kms::KeyPurpose},
    },
};

/// What is opened of a person to be held against what shows who asks.
const IDENTIFYING: &[ReadField] =
    &[ReadField::RealName, ReadField::Email, ReadField::Phone, ReadField::BirthDate];

/// Who a person is, opened for whoever sees who asks.
#[derive(Clone)]
pub struct OpenedRequester {
    pub read: StaffRead,
    pub profile: Profile,
    pub birth_date: Option<BirthDate>,
}

/// What a decision tells.
fn said(
    request: &RightsRequest,
    answer: RightsAnswer,
    day: Timestamp,
    now: Timestamp,
) -> (NoticeKind, MessageBody) {
    let at = day.for_people();
    match answer {
        RightsAnswer::Granted if request.scope.part().is_some() => {
            (NoticeKind::ErasureScheduled, MessageBody::PartErasureScheduled { at })
        }
        RightsAnswer::Granted if request.scope.kind == RightKind::Erasure => {
            (NoticeKind::ErasureScheduled, MessageBody::ErasureScheduled { at })
        }
        RightsAnswer::Granted => (NoticeKind::RightsRequestGranted, MessageBody::IdentitySeen { at }),
        RightsAnswer::Refused(ground) => {
            let (clause, law) = ground.rests_on();
            let (clause, law) = (clause.to_owned(), law.to_owned());
            let body = if request.limit_id.is_some() {
                let until = now.plus(TOLD_BEFORE_LIFTING).for_people();
                MessageBody::RightsRequestRefused { clause, law, until }
            } else {
                MessageBody::RequestNotCarriedOut { clause, law }
            };
            (NoticeKind::RightsRequestRefused, body)
        }
    }
}

/// How long a mailed link can be used.
pub const LINK_LIVES: TimeDelta = TimeDelta::hours(24);

impl RightsService {
    /// Mails a link to an address, or tells it that it has no account; both are the same work, and leave the same rows.
    ///
    /// # Errors
    ///
    /// Storage and sealing trouble only.
    #[tracing::instrument(skip_all)]
    pub async fn mail_link(
        &self,
        (email, language): (Email, LanguageTag),
        owner: Option<AccountId>,
        repeatable: Option<Draft>,
    ) -> Result<Timestamp, RightsError> {
        let now = self.clock.now();
        let expires_at = now.plus(LINK_LIVES);
        // The mail rests under a key of its own, which dies with its delivery.
        let courier = AccountId::generate(now);
        let keys = self.vault.create(courier, &[Category::Messages], now).await?;
        let token = self.link_of((owner.unwrap_or(courier), &email), expires_at)?;
        let body = if owner.is_some() {
            let hours = LINK_LIVES.num_hours();
            MessageBody::RightsLink { link: self.links.to("rights-request", &token), hours }
        } else {
            MessageBody::NoAccountForRights
        };
        let message = Message { language: language.expose().to_owned(), body };
        let mail = messages::seal(&keys, Channel::Mail, &email, &message, now)?;
        let mail = SealedMessage { courier: true, ..mail };
        self.db
            .write(move |c| {
                outbox::insert(c, &mail)?;
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, courier, 202)?;
                }
                Ok::<_, RightsError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(expires_at)
    }

    /// A token that says by itself until when it is good, and for which mailbox.
    fn link_of(
        &self,
        (owner, email): (AccountId, &Email),
        expires_at: Timestamp,
    ) -> Result<Zeroizing<String>, RightsError> {
        let mut target = [0; 16];
        let (until, mailbox) = target.split_at_mut(8);
        until.copy_from_slice(&expires_at.as_micros().to_be_bytes());
        mailbox.copy_from_slice(&self.mailbox(owner, email)?);
        Ok(opaque::link(self.vault.kms(), TokenKind::RightsLink, owner, &target).map_err(VaultError::from)?)
    }

    /// What stands for a mailbox in a token: once the account has moved to another, the link is over.
    fn mailbox(&self, owner: AccountId, email: &Email) -> Result<[u8; 8], RightsError> {
        let kms = self.vault.kms();
        let version = kms.live_versions(KeyPurpose::TokenMac).last().copied().unwrap_or(1);
        let parts: [&[u8]; 3] = [b"rights-mailbox", owner.as_bytes(), email.expose().as_bytes()];
        let mac = kms.mac(KeyPurpose::TokenMac, version, &parts).map_err(VaultError::from)?;
        let (mailbox, _) = mac.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        Ok(*mailbox)
    }

    /// Whose link it is, while it is good.
    async fn linked(&self, token: &str) -> Result<AccountId, RightsError> {
        let found = opaque::read_link(self.vault.kms(), TokenKind::RightsLink, token);
        let (owner, target) = found.ok_or(RightsError::LinkEnded)?;
        let (until, mailbox) = target.as_bytes().split_at(8);
        let until = until.try_into().ok().map(i64::from_be_bytes).and_then(Timestamp::from_micros);
        if until.is_none_or(|until| self.clock.now() >= until) {
            return Err(RightsError::LinkEnded);
        }
        let (_, profile) = self.person(owner).await?;
        let email = profile.ok_or(RightsError::LinkEnded)?.email;
        if self.mailbox(owner, &email)?.as_slice() == mailbox {
            Ok(owner)
        } else {
            Err(RightsError::LinkEnded)
        }
    }

    /// What a request would lead to, as far as whoever reads the mailbox may know: nothing of the person.
    ///
    /// # Errors
    ///
    /// [`RightsError::LinkEnded`].
    pub async fn preview_by_link(
        &self,
        token: &str,
        scope: RightsScope,
    ) -> Result<RightsPreview, RightsError> {
        self.preview_for(self.linked(token).await?, scope, Viewer::Link).await
    }

    /// Files a request by a link: it waits for its answer, also where one that is filed signed in would not.
    ///
    /// # Errors
    ///
    /// [`RightsError::LinkEnded`], and as [`file`](Self::file).
    #[tracing::instrument(skip_all)]
    pub async fn file_by_link(
        &self,
        token: &str,
        (scope, preview): (RightsScope, FiledPreview),
        recording: Option<Draft>,
    ) -> Result<FiledRequest, RightsError> {
        let owner = self.linked(token).await?;
        let now = self.clock.now();
        self.check(&preview, (owner, scope), now)?;
        let request = RightsRequest { by_link: true, ..RightsRequest::filed(owner, scope, now, self.region) };
        let filed = self.write_filing(request, recording, begin).await?;
        // Whoever reads the mailbox learns of nothing else.
        Ok(FiledRequest { shown: ShownRequest { told: None, ..filed.shown }, ..filed })
    }

    /// Takes a file in for whoever holds the token of a request's result.
    ///
    /// # Errors
    ///
    /// As [`add_evidence`](Self::add_evidence).
    pub async fn add_evidence_by_token(
        &self,
        token: &str,
        file: Zeroizing<Vec<u8>>,
        recording: Recording<ShownRequest>,
    ) -> Result<ShownRequest, RightsError> {
        let presented = opaque::read(self.vault.kms(), TokenKind::RightsResult, token);
        let mac = presented.ok_or(RightsError::NotFound)?.mac;
        let RightsResult { shown, .. } = self.result(token).await?;
        let request = shown.request;
        self.add_evidence((request.account_id, request.id, Some(mac)), file, recording).await
    }

    /// Takes a request back that was filed by a link; any other takes a session.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`], and as [`withdraw`](Self::withdraw).
    pub async fn withdraw_by_token(
        &self,
        token: &str,
        recording: Recording<ShownRequest>,
    ) -> Result<ShownRequest, RightsError> {
        let RightsResult { shown, .. } = self.result(token).await?;
        let request = shown.request;
        if !request.by_link {
            return Err(RightsError::NotFound);
        }
        self.withdraw(request.account_id, request.id, recording).await
    }

    /// The archive of a request that was filed by a link and whose person was seen; any other takes a session.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`], and as [`download`](Self::download).
    pub async fn download_by_token(&self, token: &str) -> Result<Download, RightsError> {
        let RightsResult { shown, .. } = self.result(token).await?;
        let request = shown.request;
        if !request.by_link {
            return Err(RightsError::NotFound);
        }
        self.download(request.account_id, request.id).await
    }

    /// Opens who the person is, for whoever holds what shows that against it. The row that the person sees is written first.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] unless it was filed by a link and is to be carried out, [`RightsError::StateConflict`] once
    /// it was decided, [`RightsError::OwnRequest`], [`RightsError::BudgetExhausted`].
    #[tracing::instrument(skip_all)]
    pub async fn open_requester(
        &self,
        (by, id): (StaffId, RightsRequestId),
        recording: Recording<OpenedRequester>,
    ) -> Result<OpenedRequester, RightsError> {
        let owner = self.to_identify(by, id).await?.account_id;
        let (keys, opening) = (self.vault.fresh_keys_of(owner).await?, self.opening(by, id)?);
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let read = opening.admit(c, &keys, (IDENTIFYING, None))?;
                let profile = find_profile(c, &keys)?;
                let birth_date = find_details(c, &keys)?.map(|details| details.birth_date);
                // Shown once: a repeat opens anew, and is seen.
                recording.record_without_answer(c, owner)?;
                Ok(OpenedRequester { read, profile, birth_date })
            })
            .await
    }

    /// Takes whoever filed by a link for the person, or not; by somebody who saw everything that was handed in, and held it
    /// against the person.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`], [`RightsError::StateConflict`] once it was decided, [`RightsError::IdentityNotSeen`],
    /// [`RightsError::OwnRequest`], [`RightsError::Ground`] for any other ground.
    #[tracing::instrument(skip_all)]
    pub async fn decide_identity(
        &self,
        (by, id): (StaffId, RightsRequestId),
        answer: RightsAnswer,
        recording: Recording<StaffRightsRequest>,
    ) -> Result<StaffRightsRequest, RightsError> {
        let request = self.to_identify(by, id).await?;
        let (owner, day) = (request.account_id, self.day_after_identification(&request).await?);
        let step = match answer {
            RightsAnswer::Granted => RightsStep::Granted,
            RightsAnswer::Refused(_) => RightsStep::Refused,
        };
        let tells = move |keys: &SubjectKeys, profile: Option<&Profile>, now| {
            let (kind, body) = said(&request, answer, day, now);
            Ok((kind, mail((keys, profile), body, now)?))
        };
        self.act((by, id), step, tells, recording, move |c, _, was, now| {
            let evidence = list_evidence(c, owner, id)?;
            let seen = staff_reads::list_opened_evidence(c, owner, by, id)?;
            let since = evidence.iter().map(|file| file.uploaded_at).max().unwrap_or(was.filed_at);
            let has_seen = staff_reads::has_opened_request(c, owner, by, id, since)?
                && evidence.iter().all(|file| seen.contains(&file.document_id));
            match answer {
                RightsAnswer::Granted if evidence.is_empty() || !has_seen => {
                    Err(RightsError::IdentityNotSeen)
                }
                RightsAnswer::Granted => Ok(was.identified(day)?),
                RightsAnswer::Refused(RefusalGround::IdentityNotShown) if has_seen || evidence.is_empty() => {
                    Ok(was.refused(RefusalGround::IdentityNotShown, now)?)
                }
                RightsAnswer::Refused(RefusalGround::IdentityNotShown) => Err(RightsError::IdentityNotSeen),
                RightsAnswer::Refused(_) => Err(RightsError::Ground),
            }
        })
        .await
    }

    async fn to_identify(&self, by: StaffId, id: RightsRequestId) -> Result<RightsRequest, RightsError> {
        let request = self.others_request(by, id).await?;
        let is_one = request.by_link && request.scope.kind.is_carried_out();
        if is_one { Ok(request) } else { Err(RightsError::NotFound) }
    }

    /// When what was filed by a link is carried out, once its person was seen.
    pub(super) async fn day_after_identification(
        &self,
        request: &RightsRequest,
    ) -> Result<Timestamp, RightsError> {
        match request.scope.kind {
            RightKind::Erasure => self.erasure_day(request.account_id, ErasureTime::AfterGrace).await,
            _ => self.after_reset(request.account_id).await,
        }
    }
}
