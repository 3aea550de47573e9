//! Rights requests as their persons file, see and withdraw them.

use super::{
    Actor, FiledPreview, RightsError, RightsRequestPage, RightsService, ShownRequest, advance, mail, show,
    step,
};
use crate::{
    domain::{
        ids::{AccountId, NoticeId, ProcessingLimitId, RightsRequestId},
        message::MessageBody,
        notice::NoticeKind,
        rights::{
            deadline,
            request::{RightsRequest, RightsScope, RightsState, RightsStep},
        },
    },
    repositories::{accounts, rights_requests},
    services::{
        cursors,
        idempotency::Recording,
        limits::{self, LimitedBy},
        notices,
    },
};

const OWN: &str = "rights_requests";

impl RightsService {
    /// Files a request: what it asks for holds from here on, while its answer is awaited.
    ///
    /// # Errors
    ///
    /// [`RightsError::Preview`] unless the preview is of this request, [`RightsError::Duplicate`] where one about the
    /// same holds.
    #[tracing::instrument(skip_all)]
    pub async fn file(
        &self,
        owner: AccountId,
        (scope, preview): (RightsScope, FiledPreview),
        recording: Recording<ShownRequest>,
    ) -> Result<ShownRequest, RightsError> {
        let now = self.clock.now();
        self.check(&preview, (owner, scope), now)?;
        let (keys, profile) = self.person(owner).await?;
        let request = RightsRequest {
            account_id: owner,
            id: RightsRequestId::generate(now),
            scope,
            state: RightsState::InReview,
            filed_at: now,
            deadline: deadline::of_request(now, self.region),
            extension: None,
            answered_at: None,
            refusal: None,
            lifts_at: None,
            limit_id: ProcessingLimitId::generate(now),
            steps: 1,
        };
        let until = request.deadline.due_at.for_people();
        let told = mail((&keys, profile.as_ref()), MessageBody::RightsRequestFiled { until }, now)?;
        let filed = self
            .db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?.ok_or(RightsError::NotFound)?;
                recording.refuse_if_done(c)?;
                if !rights_requests::insert(c, &request)? {
                    return Err(RightsError::Duplicate);
                }
                step(c, &keys, (Actor::Person, RightsStep::Filed), &request, now)?;
                limits::begin(c, &keys, (request.limit_id, scope.limit()), now)?;
                let kind = NoticeKind::RightsRequestFiled;
                notices::tell(c, owner, NoticeId::generate(now), kind, told.as_ref(), now)?;
                let shown = show(c, request.clone())?;
                recording.record(c, &keys, &shown)?;
                Ok(shown)
            })
            .await;
        self.outbox.wake();
        filed
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
        let now = self.clock.now();
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let was = rights_requests::find_owned(c, owner, id)?.ok_or(RightsError::NotFound)?;
                let withdrawn = was.clone().withdrawn()?;
                let by = (Actor::Person, RightsStep::Withdrawn);
                let withdrawn = advance(c, &keys, by, (&was, withdrawn), now)?;
                limits::end(c, &keys, (LimitedBy::Person, was.limit_id), now)?;
                let shown = show(c, withdrawn)?;
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
        let rows = self
            .db
            .read(move |c| {
                let rows = rights_requests::list_owned(c, owner, before, wanted)?;
                rows.into_iter().map(|row| show(c, row)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let (requests, next_cursor) = cursors::page(kms, OWN, owner, rows, limit, |shown| {
            cursors::at_instant(shown.request.filed_at, shown.request.id.as_bytes())
        })
        .map_err(crate::services::vault::VaultError::from)?;
        Ok(RightsRequestPage { requests, next_cursor })
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// [`RightsError::NotFound`] also for another person's.
    pub async fn get(&self, owner: AccountId, id: RightsRequestId) -> Result<ShownRequest, RightsError> {
        self.db
            .read(move |c| {
                let found = rights_requests::find_owned(c, owner, id)?.ok_or(RightsError::NotFound)?;
                show(c, found)
            })
            .await
    }
}
