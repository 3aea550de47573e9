//! Lost second factors: two members of staff approve, and a week passes in which the person can call
//! it off.

use chrono::TimeDelta;

use super::{StaffError, StaffService};
use crate::{
    domain::{
        evidence::Act,
        ids::{FactorResetId, StaffId},
        time::Timestamp,
    },
    repositories::{factor_resets, log as leaves},
    services::{idempotency::Recording, log::LeafDraft},
};

const APPROVED: Act = Act { name: "factor_reset.approved", object: "factor_reset", clause: "2.3" };

/// How long the person can call an approved reset off.
pub const DELAY: TimeDelta = TimeDelta::days(7);

/// How far the approval of a reset has come.
#[derive(Clone, Copy)]
pub struct ApprovedReset {
    pub id: FactorResetId,
    pub approvals: i32,
    /// When it is carried out, once two have approved.
    pub executes_at: Option<Timestamp>,
}

impl StaffService {
    /// Approves a reset; the second approval starts the week.
    ///
    /// # Errors
    ///
    /// [`StaffError::NotFound`], [`StaffError::SecondPersonRequired`] for whoever approved it before,
    /// [`StaffError::StateConflict`] if it has ended or was approved twice.
    #[tracing::instrument(skip_all)]
    pub async fn approve_factor_reset(
        &self,
        by: StaffId,
        id: FactorResetId,
        recording: Recording<ApprovedReset>,
    ) -> Result<ApprovedReset, StaffError> {
        let now = self.clock.now();
        let waiting = self.db.read(move |c| factor_resets::find(c, id)).await?.ok_or(StaffError::NotFound)?;
        if waiting.first_approver == Some(by) {
            return Err(StaffError::SecondPersonRequired);
        }
        let keys = self.vault.keys_of(waiting.account_id).await?;
        let facts = vec![
            ("factor_reset", id.to_string()),
            ("account", waiting.account_id.to_string()),
            ("staff", by.to_string()),
        ];
        let leaf = LeafDraft::new(now)?.of_staff_upon(by, &keys, &APPROVED, &facts)?;
        let own = self.vault.keys_of(by.subject()).await?;
        let second = waiting.first_approver.is_some();
        let approved = ApprovedReset {
            id,
            approvals: if second { 2 } else { 1 },
            executes_at: second.then(|| now.plus(DELAY)),
        };
        self.db
            .write_for(waiting.account_id, move |c| {
                recording.refuse_if_done(c)?;
                if !factor_resets::approve(c, &waiting, by, approved.executes_at)? {
                    return Err(StaffError::StateConflict);
                }
                leaves::append(c, &leaf)?;
                recording.record(c, &own, &approved)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(approved)
    }
}
