//! What happens to rights requests when the time has come.

use super::{Actor, RightsError, RightsService, advance, find};
use crate::{
    domain::{
        rights::request::{RightsRequest, RightsStep},
        time::Timestamp,
    },
    repositories::{accounts, rights_requests},
    services::{
        batches,
        limits::{self, LimitedBy},
    },
    telemetry::metrics,
};

impl RightsService {
    /// Ends some of what was refused, on the day that the persons were told; says how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn lift(&self, limit: i64) -> Result<usize, RightsError> {
        let now = self.clock.now();
        let due = self.db.read(move |c| rights_requests::list_to_lift(c, now, limit)).await?;
        batches::for_each(due, |was| self.lift_one(was, now)).await
    }

    async fn lift_one(&self, was: RightsRequest, now: Timestamp) -> Result<bool, RightsError> {
        let owner = was.account_id;
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let was = find(c, was.id)?;
                let Ok(lifted) = was.clone().lifted(now) else { return Ok(false) };
                advance(c, &keys, (Actor::Service, RightsStep::Lifted), (&was, lifted), now)?;
                if let Some(limit_id) = was.limit_id {
                    limits::end(c, &keys, (LimitedBy::Service, limit_id), now)?;
                }
                Ok::<_, RightsError>(true)
            })
            .await
    }

    /// Tells those who watch the service how many requests wait beyond their day.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn count_overdue(&self) -> Result<(), RightsError> {
        let now = self.clock.now();
        let overdue = self.db.read(move |c| rights_requests::count_overdue(c, now)).await?;
        metrics().rights_overdue.set(overdue);
        if overdue > 0 {
            tracing::error!(overdue, "rights requests wait beyond their day");
        }
        Ok(())
    }
}
