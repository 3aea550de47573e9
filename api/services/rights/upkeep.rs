//! What happens to rights requests when the time has come.

use super::{Actor, RightsError, RightsService, advance, find, step};
use crate::{
    domain::{
        account::StateReason,
        data_dictionary::STAFF_EMAIL,
        ids::AccountId,
        message::{Channel, Message, MessageBody},
        rights::request::{RightKind, RightsRequest, RightsScope, RightsState, RightsStep, TOLD_BEFORE_DUE},
        staff::{SealedMember, StaffRole, StaffState},
        time::Timestamp,
    },
    repositories::{accounts, outbox, rights_requests, staff},
    services::{
        batches,
        limits::{self, LimitedBy},
        outbox as messages,
        vault::Row,
    },
    telemetry::metrics,
};

/// Nobody has a larger staff.
const MOST_MEMBERS: i64 = 10_000;
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

    /// Tells those who answer of some requests whose day comes, and, once it has passed, the admins, too; each time once. Says
    /// of how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn escalate(&self, limit: i64) -> Result<usize, RightsError> {
        let now = self.clock.now();
        let soon = now.plus(TOLD_BEFORE_DUE);
        let due =
            self.db.read_long(move |c| rights_requests::list_to_escalate(c, (now, soon), limit)).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let members = self.db.read_long(|c| staff::list(c, None, MOST_MEMBERS)).await?;
        let escalated =
            batches::for_each(due, |(request, time)| self.escalate_one((request, time), &members)).await;
        self.outbox.wake();
        escalated
    }

    async fn escalate_one(
        &self,
        (request, time): (RightsRequest, i32),
        members: &[SealedMember],
    ) -> Result<bool, RightsError> {
        let answers = |role: &StaffRole| match role {
            // What is about a value is decided by those who open values.
            StaffRole::DataProcessor => request.scope.kind == RightKind::Rectification,
            StaffRole::Legal => request.scope.kind != RightKind::Rectification,
            StaffRole::Admin => time > 1,
            _ => false,
        };
        let (id, until) = (request.id.to_string(), request.deadline.due_at.for_people());
        let body = MessageBody::RightsRequestDue { request: id, until };
        let mut mails = Vec::new();
        for member in members.iter().filter(|member| member.state == StaffState::Active) {
            if member.roles.iter().any(answers) {
                let keys = self.vault.keys_of(member.id.subject()).await?;
                let email = keys.open(&STAFF_EMAIL, Row(member.id.as_bytes()), &member.email)?;
                let message = Message { language: "en".to_owned(), body: body.clone() };
                mails.push(messages::seal(&keys, Channel::Mail, &email, &message, self.clock.now())?);
            }
        }
        self.db
            .write(move |c| {
                if !rights_requests::note_escalation(c, &request, time)? {
                    return Ok(false);
                }
                for mail in &mails {
                    outbox::insert(c, mail)?;
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
