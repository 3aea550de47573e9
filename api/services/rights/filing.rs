//! Rights requests as their persons file, see and withdraw them.

use secrecy::SecretString;

use super::{
    Actor, FiledPreview, RightsError, RightsRequestPage, RightsService, ShownRequest, advance,
    erasing_part::concerns_verification, evidence::list_evidence, mail, show, show_own, step,
};
use crate::{
    db::Conn,
    domain::{
        account::{AccountState, WAIT_AFTER_RESET},
        ids::{AccountId, NoticeId, ProcessingLimitId, RightsRequestId},
        message::MessageBody,
        notice::NoticeKind,
        rights::request::{
            ErasureTime, NotNow, RightKind, RightsRequest, RightsScope, RightsState, RightsStep,
        },
        time::Timestamp,
    },
    repositories::{accounts, credentials, kyc_cases, kyc_flags, rights_corrections, rights_requests},
    services::{
        cursors,
        idempotency::{Draft, Recording},
        limits::{self, LimitedBy},
        notices,
        tokens::opaque::{self, TokenKind},
        vault::{SubjectKeys, VaultError},
    },
};

/// A request that was filed, with what opens its result.
pub struct FiledRequest {
    pub shown: ShownRequest,
    pub result_token: SecretString,
}

const OWN: &str = "rights_requests";

/// What a person is told about a request that was filed.
fn words(request: &RightsRequest) -> (NoticeKind, MessageBody) {
    if let (Some(at), RightKind::Erasure) = (request.executes_at, request.scope.kind) {
        if request.scope.part().is_some() {
            return (NoticeKind::ErasureScheduled, MessageBody::PartErasureScheduled { at: at.for_people() });
        }
        return (NoticeKind::ErasureScheduled, MessageBody::ErasureScheduled { at: at.for_people() });
    }
    let until = request.deadline.due_at.for_people();
    (NoticeKind::RightsRequestFiled, MessageBody::RightsRequestFiled { until })
}

/// Whoever holds a link may have lost the answer of its filing: the same request gets another token. Not once something was
/// handed in: that shows who holds the token which is there.
fn give_another_token(
    c: &mut Conn,
    like: &RightsRequest,
    mac: [u8; 32],
) -> Result<RightsRequest, RightsError> {
    let open = rights_requests::list_open(c, like.account_id)?;
    let is_same = |other: &RightsRequest| {
        like.by_link && other.by_link && other.scope == like.scope && other.takes_evidence()
    };
    let standing = open.into_iter().find(is_same).ok_or(RightsError::Duplicate)?;
    if !list_evidence(c, standing.account_id, standing.id)?.is_empty() {
        return Err(RightsError::Duplicate);
    }
    rights_requests::replace_result(c, &standing, mac)?;
    Ok(standing)
}

/// A request after what follows from its filing, and what its person is told.
pub(super) type Followed = (RightsRequest, (NoticeKind, MessageBody));

/// What it asks for holds from here on.
pub(super) fn begin(
    c: &mut Conn,
    keys: &SubjectKeys,
    request: RightsRequest,
    now: Timestamp,
) -> Result<Followed, RightsError> {
    if let (Some(limit_id), Some(limit)) = (request.limit_id, request.scope.limit()) {
        limits::begin(c, keys, (limit_id, limit), now)?;
    }
    let told = words(&request);
    Ok((request, told))
}

impl RightsService {
    /// Files a request: what it asks for holds from here on, while its answer is awaited, or its day. Gives the token
    /// that opens its result also when nobody can sign in any more.
    ///
    /// # Errors
    ///
    /// [`RightsError::Preview`] unless the preview is of this request, [`RightsError::Duplicate`] where one about the
    /// same holds.
    #[tracing::instrument(skip_all)]
    pub async fn file(
        &self,
        owner: AccountId,
        (scope, when, preview): (RightsScope, ErasureTime, FiledPreview),
        recording: Option<Draft>,
    ) -> Result<FiledRequest, RightsError> {
        let now = self.clock.now();
        self.check(&preview, (owner, scope), now)?;
        let executes_at = match scope.kind {
            RightKind::Erasure => Some(self.erasure_day(owner, when).await?),
            RightKind::Access | RightKind::Portability => Some(self.after_reset(owner).await?),
            RightKind::Restriction | RightKind::Objection | RightKind::Rectification => None,
        };
        let request = RightsRequest {
            state: if executes_at.is_some() { RightsState::Scheduled } else { RightsState::InReview },
            executes_at,
            ..RightsRequest::filed(owner, scope, now, self.region)
        };
        self.write_filing(request, recording, begin).await
    }

    /// Writes a request, and what follows from it at once.
    pub(super) async fn write_filing(
        &self,
        request: RightsRequest,
        recording: Option<Draft>,
        follow: impl Fn(&mut Conn, &SubjectKeys, RightsRequest, Timestamp) -> Result<Followed, RightsError>
        + Send
        + Sync
        + 'static,
    ) -> Result<FiledRequest, RightsError> {
        let (now, owner, scope) = (self.clock.now(), request.account_id, request.scope);
        if request.state == RightsState::InReview {
            self.renew_proofs(owner).await?;
        }
        let (keys, profile) = self.person(owner).await?;
        let limit_id = scope.limit().map(|_| ProcessingLimitId::generate(now));
        let request = RightsRequest { limit_id, ..request };
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
                if request.scope.part().is_some_and(concerns_verification)
                    && kyc_cases::find_current(c, owner)?.is_some_and(|case| case.is_looked_at())
                {
                    return Err(RightsError::VerificationUnderWay);
                }
                if !rights_requests::insert(c, &request, Some(mac))? {
                    let standing = give_another_token(c, &request, mac)?;
                    return show(c, standing);
                }
                step(c, &keys, (Actor::Person, RightsStep::Filed), &request, now)?;
                let (request, (kind, body)) = follow(c, &keys, request.clone(), now)?;
                let told = mail((&keys, profile.as_ref()), body, now)?;
                notices::tell(c, owner, NoticeId::generate(now), kind, told.as_ref(), now)?;
                show_own(c, &keys, request)
            })
            .await?;
        self.outbox.wake();
        Ok(FiledRequest { shown, result_token: result.text })
    }

    /// The first instant at which data are handed over: some days after a password was reset.
    pub(super) async fn after_reset(&self, owner: AccountId) -> Result<Timestamp, RightsError> {
        let now = self.clock.now();
        let instants = self.db.read(move |c| credentials::find_instants(c, owner)).await?;
        let (_, reset_at) = instants.ok_or(RightsError::NotFound)?;
        Ok(reset_at.map_or(now, |at| at.plus(WAIT_AFTER_RESET).max(now)))
    }

    /// When an erasure is carried out: after the time to take it back, unless the person chooses now and nothing
    /// stands against it. Nothing is erased for some days after a password was reset.
    pub(super) async fn erasure_day(
        &self,
        owner: AccountId,
        when: ErasureTime,
    ) -> Result<Timestamp, RightsError> {
        let (now, grace) = (self.clock.now(), self.grace);
        self.db
            .read(move |c| {
                let standing = accounts::find_standing(c, owner)?.ok_or(RightsError::NotFound)?;
                let (_, reset_at) = credentials::find_instants(c, owner)?.ok_or(RightsError::NotFound)?;
                let waits_until = reset_at.map_or(now, |at| at.plus(WAIT_AFTER_RESET));
                let is_suspected = kyc_flags::list_open(c, owner)?.iter().any(|flag| flag.kind.takes_two());
                let can_be_now = standing.state == AccountState::Active && !is_suspected;
                let chosen = match when {
                    ErasureTime::Now if can_be_now => now,
                    ErasureTime::Now | ErasureTime::AfterGrace => now.plus(grace),
                };
                Ok(chosen.max(waits_until))
            })
            .await
    }

    /// Takes a request back: what it asked for ends now.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] also for another person's, [`RightsError::StateConflict`] once it has ended.
    #[tracing::instrument(skip_all)]
    pub async fn withdraw(
        &self,
        owner: AccountId,
        id: RightsRequestId,
        recording: Recording<ShownRequest>,
    ) -> Result<ShownRequest, RightsError> {
        self.step_on_own((owner, id), RightsStep::Withdrawn, recording, |was, _| was.withdrawn()).await
    }

    /// Complains about how a request is dealt with: the legal team sees it, and the log attests it.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] also for another person's, [`RightsError::StateConflict`] the second time.
    #[tracing::instrument(skip_all)]
    pub async fn complain(
        &self,
        owner: AccountId,
        id: RightsRequestId,
        recording: Recording<ShownRequest>,
    ) -> Result<ShownRequest, RightsError> {
        self.step_on_own((owner, id), RightsStep::Complained, recording, RightsRequest::complained).await
    }

    /// A step that the person takes on a request of their own; what it asked for ends with a withdrawal.
    async fn step_on_own(
        &self,
        (owner, id): (AccountId, RightsRequestId),
        step: RightsStep,
        recording: Recording<ShownRequest>,
        decide: impl Fn(RightsRequest, Timestamp) -> Result<RightsRequest, NotNow> + Send + Sync + 'static,
    ) -> Result<ShownRequest, RightsError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let was = rights_requests::find_owned(c, owner, id)?.ok_or(RightsError::NotFound)?;
                let moved = decide(was.clone(), now)?;
                let moved = advance(c, &keys, (Actor::Person, step), (&was, moved), now)?;
                if let (RightsStep::Withdrawn, Some(limit_id)) = (step, was.limit_id) {
                    limits::end(c, &keys, (LimitedBy::Person, limit_id), now)?;
                }
                if step == RightsStep::Withdrawn
                    && let Some(field) = was.scope.field
                {
                    rights_corrections::put(c, owner, (id, field), None)?;
                }
                let shown = show_own(c, &keys, moved)?;
                recording.record(c, &keys, &shown)?;
                Ok(shown)
            })
            .await
    }

    /// The person's requests, newest first.
    ///
    /// # Errors
    ///
    /// [`RightsError::Cursor`] for a cursor of another list or person.
    pub async fn list(
        &self,
        owner: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<RightsRequestPage, RightsError> {
        let kms = self.vault.kms();
        let before = cursors::instant_and_id(kms, OWN, owner, cursor, RightsRequestId::from_uuid)?;
        let wanted = i64::from(limit) + 1;
        let keys = self.vault.keys_of(owner).await?;
        let rows = self
            .db
            .read(move |c| {
                let rows = rights_requests::list_owned(c, owner, before, wanted)?;
                rows.into_iter().map(|row| show_own(c, &keys, row)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let (requests, next_cursor) = cursors::page(kms, OWN, owner, rows, limit, |shown| {
            cursors::at_instant(shown.request.filed_at, shown.request.id.as_bytes())
        })
        .map_err(VaultError::from)?;
        Ok(RightsRequestPage { requests, next_cursor })
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] also for another person's.
    pub async fn get(&self, owner: AccountId, id: RightsRequestId) -> Result<ShownRequest, RightsError> {
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .read(move |c| {
                let found = rights_requests::find_owned(c, owner, id)?.ok_or(RightsError::NotFound)?;
                show_own(c, &keys, found)
            })
            .await
    }
}
