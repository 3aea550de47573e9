//! The yearly question whether the data held are still true (clauses 3.8 and 3.9), with two reminders.

use super::{AccountError, AccountService};
use crate::{
    domain::{account::REMINDERS, ids::AccountId, message::MessageBody, time::Timestamp},
    repositories::{outbox, processing_limit_events, profiles},
    services::{batches, mailing},
};

impl AccountService {
    /// Asks persons whose data were confirmed long ago; says how many.
    ///
    /// # Errors
    ///
    /// Trouble with one of them, after the others were asked.
    pub async fn remind(&self, limit: i64) -> Result<usize, AccountError> {
        let now = self.clock.now();
        let due = self.db.read_long(move |c| profiles::list_to_remind(c, now, limit)).await?;
        let asked = batches::for_each(due, |(id, due_at, sent)| self.remind_one(id, due_at, sent, now)).await;
        self.outbox.wake();
        asked
    }

    async fn remind_one(
        &self,
        id: AccountId,
        due_at: Timestamp,
        sent: i32,
        now: Timestamp,
    ) -> Result<bool, AccountError> {
        let (keys, profile) = self.person(id).await?;
        let mail = mailing::mail(&keys, &profile, MessageBody::ConfirmYourData, now)?;
        let round = usize::try_from(sent).unwrap_or(0);
        let next = due_at.plus(REMINDERS.get(round).or(REMINDERS.last()).copied().unwrap_or_default());
        // A service that slept for a year asks once, not three times at once.
        let next = next.max(now.plus(REMINDERS.first().copied().unwrap_or_default()));
        let sent = if round + 1 < REMINDERS.len() { sent + 1 } else { 0 };
        self.db
            .write_for(id, move |c| {
                let noted = profiles::note_reminder(c, id, due_at, next, sent)?;
                // Whoever restricted that is asked in the service alone (clause 7.3).
                let limits = processing_limit_events::list_standing(c, id)?;
                if noted && !limits.iter().any(|limit| limit.scope.stops_mail()) {
                    outbox::insert(c, &mail)?;
                }
                Ok(noted)
            })
            .await
    }
}
