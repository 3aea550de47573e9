//! Rights without signing in. A mailbox is one proof and no
//! more: what is filed so restricts at once, and erases or hands over nothing before a member of staff has seen who asks.

use chrono::TimeDelta;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    FiledPreview, FiledRequest, RightsError, RightsPreview, RightsResult, RightsService, ShownRequest,
    archive::Download, preview::Viewer,
};
use crate::{
    domain::{
        data_dictionary::Category,
        email::Email,
        ids::AccountId,
        language::LanguageTag,
        message::{Channel, Message, MessageBody},
        personal::Personal,
        rights::request::{RightKind, RightsRequest, RightsScope},
        time::Timestamp,
    },
    repositories::outbox::{self, SealedMessage},
    services::{
        idempotency::{Draft, Recording},
        outbox as messages,
        tokens::opaque::{self, TokenKind},
        vault::VaultError,
    },
};

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
        let token = self.link_of(owner.unwrap_or(courier), expires_at)?;
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

    /// A token that says by itself until when it is good.
    fn link_of(&self, owner: AccountId, expires_at: Timestamp) -> Result<Zeroizing<String>, RightsError> {
        let mut target = [0; 16];
        let (until, random) = target.split_at_mut(8);
        until.copy_from_slice(&expires_at.as_micros().to_be_bytes());
        getrandom::fill(random)
            .map_err(|_| VaultError::Kms(crate::services::vault::kms::KmsError::Randomness))?;
        Ok(opaque::link(self.vault.kms(), TokenKind::RightsLink, owner, &target).map_err(VaultError::from)?)
    }

    /// Whose link it is, while it is good.
    fn linked(&self, token: &str) -> Result<AccountId, RightsError> {
        let found = opaque::read_link(self.vault.kms(), TokenKind::RightsLink, token);
        let (owner, target) = found.ok_or(RightsError::LinkEnded)?;
        if self.clock.now() >= expiry(target)? { Err(RightsError::LinkEnded) } else { Ok(owner) }
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
        self.preview_for(self.linked(token)?, scope, Viewer::Link).await
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
        let owner = self.linked(token)?;
        let now = self.clock.now();
        self.check(&preview, (owner, scope), now)?;
        let request = RightsRequest { by_link: true, ..RightsRequest::filed(owner, scope, now, self.region) };
        let filed = self.write_filing(request, recording).await?;
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
        let RightsResult { shown, .. } = self.result(token).await?;
        let request = shown.request;
        let shown = self.add_evidence((request.account_id, request.id), file, recording).await?;
        Ok(ShownRequest { told: None, ..shown })
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

    /// When what was filed by a link is carried out, once its person was seen.
    pub(super) async fn day_after_identification(
        &self,
        request: &RightsRequest,
    ) -> Result<Timestamp, RightsError> {
        use crate::domain::rights::request::ErasureTime;
        match request.scope.kind {
            RightKind::Erasure => self.erasure_day(request.account_id, ErasureTime::AfterGrace).await,
            _ => self.after_reset(request.account_id).await,
        }
    }
}

/// Until when a link is good, as its token says.
fn expiry(target: Uuid) -> Result<Timestamp, RightsError> {
    let (until, _) = target.as_bytes().split_first_chunk::<8>().ok_or(RightsError::LinkEnded)?;
    Timestamp::from_micros(i64::from_be_bytes(*until)).ok_or(RightsError::LinkEnded)
}
