//! What happens to rights requests when the time has come.

use super::{Actor, RightsError, RightsService, advance, find, step};
use crate::{
    domain::{
        account::StateReason,
        ids::AccountId,
        rights::request::{RightKind, RightsRequest, RightsScope, RightsState, RightsStep},
        time::Timestamp,
    },
    repositories::{accounts, rights_requests},
    services::{
        batches,
        limits::{self, LimitedBy},
    },
    telemetry::metrics,
};

const EVERYTHING: RightsScope =
    RightsScope { kind: RightKind::Erasure, purpose: None, data_class: None, field: None };

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

    /// Asks for the erasure of some accounts that were closed before an instant, as their retention ends; says of how
    /// many. What is still under way about one of them is waited for.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn erase_closed(&self, before: Timestamp, limit: i64) -> Result<usize, RightsError> {
        let due = self.db.read_long(move |c| rights_requests::list_closed_accounts(c, before, limit)).await?;
        batches::for_each(due, |owner| self.erase_closed_one(owner)).await
    }

    async fn erase_closed_one(&self, owner: AccountId) -> Result<bool, RightsError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(owner).await?;
        let region = self.region;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let Some(standing) = accounts::find_standing(c, owner)? else { return Ok(false) };
                let is_over = standing.reason == StateReason::ClosureCompleted;
                if !is_over || rights_requests::list_open(c, owner)?.iter().any(RightsRequest::is_under_way) {
                    return Ok(false);
                }
                let request = RightsRequest {
                    // The time that a law keeps something for began when the account ended.
                    executes_at: Some(standing.since),
                    state: RightsState::Scheduled,
                    ..RightsRequest::filed(owner, EVERYTHING, now, region)
                };
                if !rights_requests::insert(c, &request, None)? {
                    return Ok(false);
                }
                step(c, &keys, (Actor::Service, RightsStep::Filed), &request, now)?;
                Ok::<_, RightsError>(true)
            })
            .await
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
