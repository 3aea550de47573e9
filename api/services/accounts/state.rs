//! The account's state: closed at its person's wish after a time to think, restricted for a reason.

use super::{AccountError, AccountService};
use crate::{
    domain::{
        account::{CLOSURE_GRACE, Standing, StateReason},
        ids::{AccountId, SessionId},
        kyc::case::KYC_WITHDRAWN,
        message::MessageBody,
        session::SessionEnd,
        time::Timestamp,
    },
    repositories::{accounts, bans, kyc_cases, log as leaves, outbox, sessions, sign_in_challenges},
    services::{batches, idempotency::Recording, kyc::restriction, log::LeafDraft, mailing},
};

impl AccountService {
    /// Begins to close the account: nothing new begins, every other session ends, and the person can
    /// take it back until the instant given.
    ///
    /// # Errors
    ///
    /// [`AccountError::StateConflict`] if it is closing already.
    #[tracing::instrument(skip_all)]
    pub async fn close(
        &self,
        id: AccountId,
        session: SessionId,
        recording: Recording<Standing>,
    ) -> Result<Standing, AccountError> {
        self.change_state(id, StateReason::ClosureRequested, Some(session), recording).await
    }

    /// Takes the closure back.
    ///
    /// # Errors
    ///
    /// [`AccountError::StateConflict`] if it is not closing.
    #[tracing::instrument(skip_all)]
    pub async fn reopen(&self, id: AccountId, session: SessionId) -> Result<Standing, AccountError> {
        self.change_state(id, StateReason::ClosureWithdrawn, Some(session), Recording::none()).await
    }

    /// Moves the account into the state of `reason` and tells its person, in one transaction.
    ///
    /// # Errors
    ///
    /// [`AccountError::StateConflict`] if that state cannot be entered from where it is.
    pub async fn change_state(
        &self,
        id: AccountId,
        reason: StateReason,
        kept: Option<SessionId>,
        recording: Recording<Standing>,
    ) -> Result<Standing, AccountError> {
        let now = self.clock.now();
        let asked = reason;
        let instead = self.db.read(move |c| restriction::due_instead_of(c, id, asked)).await?;
        let reason = instead.unwrap_or(asked);
        let (keys, profile) = self.person(id).await?;
        let closes_at = (reason == StateReason::ClosureRequested).then(|| now.plus(CLOSURE_GRACE));
        let standing = Standing { state: reason.state(), reason, since: now, closes_at };
        let notice = mailing::mail(&keys, &profile, notice(&standing), now)?;
        let facts = vec![("account", id.to_string()), ("reason", reason.as_str().to_owned())];
        let leaf = LeafDraft::new(now)?.of_person(&keys, &reason.act(), &facts)?;
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let stands = restriction::due_instead_of(c, id, asked)? == instead;
                // A ban restricts already, and does not end with a lesser restriction.
                let is_banned = asked == StateReason::SecurityReview && bans::find_of(c, id)?.is_some();
                if is_banned
                    || !stands
                    || !accounts::enter(c, id, reason, asked.from_states(), closes_at, now)?
                {
                    return Err(AccountError::StateConflict);
                }
                if asked == StateReason::RestrictionLifted
                    && let Some(ban) = bans::find_of(c, id)?
                {
                    bans::delete(c, ban.id)?;
                }
                if let Some(end) = ends(reason) {
                    sessions::end_others(c, id, kept, end, now)?;
                    sign_in_challenges::delete_all(c, id)?;
                }
                if reason == StateReason::ClosureCompleted {
                    // Nothing is asked of who has left.
                    if let Some(case) = kyc_cases::withdraw_awaiting(c, id, now)? {
                        let facts = vec![("kyc_case", case.to_string()), ("account", id.to_string())];
                        leaves::append(c, &LeafDraft::new(now)?.of_person(&keys, &KYC_WITHDRAWN, &facts)?)?;
                    }
                    accounts::raise_epoch(c, id)?;
                }
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                recording.record(c, &keys, &standing)?;
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(standing)
    }

    /// Closes accounts whose time to think has passed; says how many.
    ///
    /// # Errors
    ///
    /// Trouble with one of them, after the others were closed.
    pub async fn complete_closures(&self, limit: i64) -> Result<usize, AccountError> {
        let now = self.clock.now();
        let due = self.db.read_long(move |c| accounts::list_closing(c, now, limit)).await?;
        batches::for_each(due, |id| async move {
            match self.change_state(id, StateReason::ClosureCompleted, None, Recording::none()).await {
                Ok(_) => Ok(true),
                // Taken back, or closed by another process, in this very moment.
                Err(AccountError::StateConflict) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

/// Which sessions a state leaves alone, and why the others end.
const fn ends(reason: StateReason) -> Option<SessionEnd> {
    match reason {
        StateReason::ClosureRequested => Some(SessionEnd::AccountClosing),
        StateReason::ClosureCompleted | StateReason::Erased => Some(SessionEnd::AccountClosed),
        StateReason::SecurityReview | StateReason::Banned => Some(SessionEnd::AccountRestricted),
        // Whoever is asked for something stays signed in to hand it in.
        StateReason::VerificationOverdue
        | StateReason::VerificationRejected
        | StateReason::VerificationSettled
        | StateReason::Opened
        | StateReason::ClosureWithdrawn
        | StateReason::RestrictionLifted => None,
    }
}

fn notice(standing: &Standing) -> MessageBody {
    let at = |instant: Timestamp| instant.for_people();
    match standing.reason {
        StateReason::ClosureRequested => {
            MessageBody::AccountClosing { until: at(standing.closes_at.unwrap_or(standing.since)) }
        }
        StateReason::ClosureCompleted | StateReason::Erased => {
            MessageBody::AccountClosed { at: at(standing.since) }
        }
        StateReason::SecurityReview
        | StateReason::Banned
        | StateReason::VerificationOverdue
        | StateReason::VerificationRejected => MessageBody::AccountRestricted {
            reason: standing.reason.as_str().to_owned(),
            clause: standing.reason.clause().to_owned(),
        },
        StateReason::RestrictionLifted | StateReason::VerificationSettled => {
            MessageBody::RestrictionLifted { at: at(standing.since) }
        }
        StateReason::Opened | StateReason::ClosureWithdrawn => {
            MessageBody::AccountReopened { at: at(standing.since) }
        }
    }
}
