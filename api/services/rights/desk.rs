//! Rights requests as staff answers them: what is due first before the others, and persons under a name that leads
//! nowhere, since an answer to these kinds takes nothing personal.

use super::{Actor, RightsError, RightsService, ShownRequest, advance, find, mail, show};
use crate::{
    db::Conn,
    domain::{
        account::Profile,
        ids::{AccountId, NoticeId, RightsRequestId, StaffId, SubjectRef},
        message::MessageBody,
        notice::NoticeKind,
        rights::{
            deadline,
            rectification::MOST_PROOF_REQUESTS,
            request::{ExtensionReason, RefusalGround, RightsRequest, RightsState, RightsStep},
        },
        time::Timestamp,
    },
    repositories::{accounts, outbox::SealedMessage, rights_requests},
    services::{
        cursors,
        idempotency::Recording,
        notices,
        vault::{SubjectKeys, VaultError},
    },
};

const QUEUE: &str = "rights_request_queue";

/// A request as staff sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffRightsRequest {
    pub shown: ShownRequest,
    pub subject: SubjectRef,
    pub at: Timestamp,
}

/// A page of requests, what is due first before the others.
pub struct StaffRightsRequestPage {
    pub requests: Vec<StaffRightsRequest>,
    pub next_cursor: Option<String>,
}

/// What staff answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RightsAnswer {
    Granted,
    Refused(RefusalGround),
}

/// What a step tells its person.
pub(super) type Told = (NoticeKind, Option<SealedMessage>);

impl RightsService {
    fn subject_of(&self, id: AccountId, request: RightsRequestId) -> Result<SubjectRef, VaultError> {
        self.vault.subject_ref(b"rights-subject-ref", id, request.as_bytes())
    }

    fn for_staff(&self, shown: ShownRequest) -> Result<StaffRightsRequest, VaultError> {
        let subject = self.subject_of(shown.request.account_id, shown.request.id)?;
        Ok(StaffRightsRequest { shown, subject, at: self.clock.now() })
    }

    /// Requests in a state, what is due first before the others.
    ///
    /// # Errors
    ///
    /// [`RightsError::Cursor`] for a cursor of another list or caller.
    pub async fn queue(
        &self,
        by: StaffId,
        state: RightsState,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<StaffRightsRequestPage, RightsError> {
        let kms = self.vault.kms();
        let after = cursors::instant_and_id(kms, QUEUE, by.subject(), cursor, RightsRequestId::from_uuid)?;
        let wanted = i64::from(limit) + 1;
        let rows = self
            .db
            .read(move |c| {
                let rows = rights_requests::list_queue(c, state, after, wanted)?;
                rows.into_iter().map(|row| show(c, row)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let (rows, next_cursor) = cursors::page(kms, QUEUE, by.subject(), rows, limit, |shown| {
            cursors::at_instant(shown.request.deadline.due_at, shown.request.id.as_bytes())
        })
        .map_err(VaultError::from)?;
        let requests = rows.into_iter().map(|shown| self.for_staff(shown)).collect::<Result<_, _>>()?;
        Ok(StaffRightsRequestPage { requests, next_cursor })
    }

    /// A request with its steps.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`].
    pub async fn staff_request(&self, id: RightsRequestId) -> Result<StaffRightsRequest, RightsError> {
        let shown = self
            .db
            .read(move |c| {
                let found = find(c, id)?;
                show(c, found)
            })
            .await?;
        Ok(self.for_staff(shown)?)
    }

    /// Gives a request more time, once, for a reason that its person is told.
    ///
    /// # Errors
    ///
    /// [`RightsError::Until`] unless the day is later and within what the law allows, [`RightsError::StateConflict`]
    /// once it was extended or answered.
    #[tracing::instrument(skip_all)]
    pub async fn extend(
        &self,
        (by, id): (StaffId, RightsRequestId),
        (until, reason): (Timestamp, ExtensionReason),
        recording: Recording<StaffRightsRequest>,
    ) -> Result<StaffRightsRequest, RightsError> {
        let tells = move |keys: &SubjectKeys, profile: Option<&Profile>, now| {
            let body = MessageBody::RightsRequestExtended { until: until.for_people() };
            Ok((NoticeKind::RightsRequestExtended, mail((keys, profile), body, now)?))
        };
        self.act((by, id), RightsStep::Extended, tells, recording, move |_, _, was, now| {
            let latest = deadline::longest_extension(was.filed_at);
            if until <= was.deadline.due_at || until > latest {
                return Err(RightsError::Until);
            }
            Ok(was.extended((until, latest), reason, now)?)
        })
        .await
    }

    /// Answers a request; a refusal names its ground, and ends what it asked for after its person was told.
    ///
    /// # Errors
    ///
    /// [`RightsError::Ground`] if the ground is not one for this kind, [`RightsError::StateConflict`] where it has an
    /// answer that stands.
    #[tracing::instrument(skip_all)]
    pub async fn answer(
        &self,
        (by, id): (StaffId, RightsRequestId),
        answer: RightsAnswer,
        recording: Recording<StaffRightsRequest>,
    ) -> Result<StaffRightsRequest, RightsError> {
        let step = match answer {
            RightsAnswer::Granted => RightsStep::Granted,
            RightsAnswer::Refused(_) => RightsStep::Refused,
        };
        let tells = move |keys: &SubjectKeys, profile: Option<&Profile>, now: Timestamp| {
            let (kind, body) = match answer {
                RightsAnswer::Granted => {
                    let at = now.for_people();
                    (NoticeKind::RightsRequestGranted, MessageBody::RightsRequestGranted { at })
                }
                RightsAnswer::Refused(ground) => {
                    let (clause, law) = ground.rests_on();
                    let ends = now.plus(crate::domain::rights::request::TOLD_BEFORE_LIFTING);
                    let (clause, law) = (clause.to_owned(), law.to_owned());
                    let body = MessageBody::RightsRequestRefused { clause, law, until: ends.for_people() };
                    (NoticeKind::RightsRequestRefused, body)
                }
            };
            Ok((kind, mail((keys, profile), body, now)?))
        };
        self.act((by, id), step, tells, recording, move |_, _, was, now| match answer {
            // Who asks is for those to see who may open what shows it.
            _ if was.scope.kind.is_carried_out() => Err(RightsError::StateConflict),
            RightsAnswer::Granted => Ok(was.granted(now)?),
            RightsAnswer::Refused(ground) if !ground.fits(was.scope.kind) => Err(RightsError::Ground),
            RightsAnswer::Refused(ground) => Ok(was.refused(ground, now)?),
        })
        .await
    }

    /// Asks for more proof of who asks, or that it is right (clause 7.4); the day by which it is answered stays.
    ///
    /// # Errors
    ///
    /// [`RightsError::StateConflict`] once it was answered, [`RightsError::ProofExhausted`] after the third time.
    #[tracing::instrument(skip_all)]
    pub async fn ask_for_proof(
        &self,
        (by, id): (StaffId, RightsRequestId),
        recording: Recording<StaffRightsRequest>,
    ) -> Result<StaffRightsRequest, RightsError> {
        let tells = move |keys: &SubjectKeys, profile: Option<&Profile>, now: Timestamp| {
            let body = MessageBody::ProofAsked { at: now.for_people() };
            Ok((NoticeKind::ProofAsked, mail((keys, profile), body, now)?))
        };
        self.act((by, id), RightsStep::ProofAsked, tells, recording, move |c, _, was, _| {
            if !was.takes_evidence() {
                return Err(RightsError::StateConflict);
            }
            let steps = rights_requests::list_events(c, was.account_id, was.id)?;
            let asked = steps.iter().filter(|event| event.step == RightsStep::ProofAsked).count();
            if asked >= MOST_PROOF_REQUESTS { Err(RightsError::ProofExhausted) } else { Ok(was) }
        })
        .await
    }

    pub(super) async fn act(
        &self,
        (by, id): (StaffId, RightsRequestId),
        step: RightsStep,
        tells: impl FnOnce(&SubjectKeys, Option<&Profile>, Timestamp) -> Result<Told, VaultError>,
        recording: Recording<StaffRightsRequest>,
        decide: impl Fn(&mut Conn, &SubjectKeys, RightsRequest, Timestamp) -> Result<RightsRequest, RightsError>
        + Send
        + Sync
        + 'static,
    ) -> Result<StaffRightsRequest, RightsError> {
        let now = self.clock.now();
        let owner = self.others_request(by, id).await?.account_id;
        let (keys, profile) = self.person(owner).await?;
        let own = self.vault.keys_of(by.subject()).await?;
        let (notice, told) = tells(&keys, profile.as_ref(), now)?;
        let subject = self.subject_of(owner, id)?;
        let work = move |c: &mut Conn| {
            accounts::hold(c, owner)?;
            recording.refuse_if_done(c)?;
            let was = find(c, id)?;
            let moved = decide(c, &keys, was.clone(), now)?;
            let moved = advance(c, &keys, (Actor::Staff(by), step), (&was, moved), now)?;
            notices::tell(c, owner, NoticeId::generate(now), notice, told.as_ref(), now)?;
            let shown = StaffRightsRequest { shown: show(c, moved)?, subject, at: now };
            recording.record(c, &own, &shown)?;
            Ok(shown)
        };
        let answered = self.db.write_holding(owner, work).await;
        self.outbox.wake();
        answered
    }
}
