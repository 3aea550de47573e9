//! Lost second factors: called off by the link in the notice, or carried out once two members of
//! staff have approved and a week has passed.

use super::{AccountError, AccountService, factors::end_what_rested_on_factors};
use crate::{
    domain::{
        account::ProfileField,
        evidence::Act,
        ids::{AccountId, FactorResetId},
        message::MessageBody,
        personal::PersonalText,
        time::Timestamp,
    },
    repositories::{accounts, factor_resets, log as leaves, outbox, profiles as profile_rows, totp_factors},
    services::{
        batches,
        idempotency::Recording,
        log::LeafDraft,
        mailing,
        profiles::{self, Replaced},
        tokens::opaque::{self, TokenKind},
    },
};

const CANCELLED: Act = Act { name: "factor_reset.cancelled", object: "factor_reset", clause: "2.3" };
const EXECUTED: Act = Act { name: "factor_reset.executed", object: "factor_reset", clause: "2.3" };

impl AccountService {
    /// Calls a factor reset off.
    ///
    /// # Errors
    ///
    /// [`AccountError::Expired`] for a link that is none of ours, or whose request has ended.
    #[tracing::instrument(skip_all)]
    pub async fn cancel_factor_reset(
        &self,
        token: &str,
        recording: Recording<(FactorResetId, Timestamp)>,
    ) -> Result<(FactorResetId, Timestamp), AccountError> {
        let now = self.clock.now();
        let (id, reset) = opaque::read_link(self.vault.kms(), TokenKind::FactorResetCancellation, token)
            .ok_or(AccountError::Expired)?;
        let reset = FactorResetId::from_uuid(reset);
        // A request that has ended may be of a person whose keys have gone.
        let waiting = self.db.read(move |c| factor_resets::find_pending(c, id)).await?;
        waiting.filter(|(waiting, _)| *waiting == reset).ok_or(AccountError::Expired)?;
        let (keys, profile) = self.person(id).await?;
        let body = MessageBody::FactorResetCancelled { at: now.for_people() };
        let notice = mailing::mail(&keys, &profile, body, now)?;
        let facts = vec![("factor_reset", reset.to_string()), ("account", id.to_string())];
        let leaf = LeafDraft::new(now)?.of_person(&keys, &CANCELLED, &facts)?;
        let cancelled = (reset, now);
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                if !factor_resets::cancel(c, id, reset, now)? {
                    return Err(AccountError::Expired);
                }
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                recording.record(c, &keys, &cancelled)?;
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(cancelled)
    }

    /// Carries out the approved resets whose delay has passed.
    ///
    /// # Errors
    ///
    /// Trouble with one of them, after the others were carried out.
    pub async fn execute_factor_resets(&self, limit: i64) -> Result<usize, AccountError> {
        let now = self.clock.now();
        let due = self.db.read_long(move |c| factor_resets::list_due(c, now, limit)).await?;
        batches::for_each(due, |(id, reset)| self.execute(id, reset, now)).await
    }

    async fn execute(
        &self,
        id: AccountId,
        reset: FactorResetId,
        now: Timestamp,
    ) -> Result<bool, AccountError> {
        let (keys, profile) = self.person(id).await?;
        let body = MessageBody::FactorResetExecuted { at: now.for_people() };
        let notice = mailing::mail(&keys, &profile, body, now)?;
        let facts = vec![("factor_reset", reset.to_string()), ("account", id.to_string())];
        let leaf = LeafDraft::new(now)?.of_person(&keys, &EXECUTED, &facts)?;
        let drafts = [LeafDraft::new(now)?];
        let done = self
            .db
            .write_for(id, move |c| {
                if !factor_resets::execute(c, id, reset, now)? {
                    return Ok(false);
                }
                totp_factors::delete(c, id)?;
                let mut profile = super::open(&keys, profile_rows::find(c, id)?)?;
                if let Some(number) = profile.phone.take() {
                    profile.phone_verified_at = None;
                    let old = Some(PersonalText::of(&number));
                    let replaced = [Replaced { field: ProfileField::Phone, old }];
                    profiles::rewrite(c, &keys, profile, &replaced, &drafts, now)?
                        .ok_or(AccountError::NotFound)?;
                }
                end_what_rested_on_factors(c, id, None, now)?;
                accounts::raise_epoch(c, id)?;
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                Ok::<_, AccountError>(true)
            })
            .await?;
        self.outbox.wake();
        Ok(done)
    }
}
