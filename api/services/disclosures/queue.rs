//! What staff sees of disclosures: names of fields, and a person under a name that leads nowhere.

use std::sync::Arc;

use super::{DisclosureError, DisclosureService, acting, gate::Moment};
use crate::{
    domain::{
        disclosure::{
            Disclosure, DisclosureState, event::DisclosureEvent, recipient::Recipient, refusal::GateRefusal,
        },
        ids::{AccountId, DisclosureId, StaffId, SubjectRef},
        personal::PersonalText,
    },
    repositories::disclosures,
    services::{cursors, vault::VaultError},
};

const QUEUE: &str = "disclosure_queue";

/// A disclosure as staff sees it.
#[derive(Clone)]
pub struct StaffDisclosure {
    pub disclosure: Disclosure,
    pub recipient: Recipient,
    /// The person, before whoever must not know which one it is.
    pub subject: SubjectRef,
    /// What it is for, unless nobody had to say, or it was erased.
    pub ground: Option<PersonalText>,
    pub steps: Vec<DisclosureEvent>,
    /// What the gate would say now, where it is asked next: nothing where it is not.
    pub standing: Option<Result<(), GateRefusal>>,
}

/// A page of disclosures, each with the name that its person goes by.
pub struct DisclosurePage {
    pub disclosures: Vec<(Disclosure, SubjectRef)>,
    pub next_cursor: Option<String>,
}

impl DisclosureService {
    /// The name that a person goes by before the legal team: one for each disclosure, so that who learns from an order
    /// whom one of them is about learns nothing of the others. No operation takes it.
    pub(super) fn subject_of(
        &self,
        id: AccountId,
        disclosure: DisclosureId,
    ) -> Result<SubjectRef, VaultError> {
        self.vault.subject_ref(b"subject-ref", id, disclosure.as_bytes())
    }

    /// Disclosures in these states, those that end first before the others.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Cursor`] for a cursor of another list or caller.
    pub async fn queue(
        &self,
        by: StaffId,
        states: Vec<DisclosureState>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<DisclosurePage, DisclosureError> {
        let kms = self.vault.kms();
        let after = cursors::instant_and_id(kms, QUEUE, by.subject(), cursor, DisclosureId::from_uuid)?;
        let wanted = i64::from(limit) + 1;
        let rows = self.db.read(move |c| disclosures::list_queue(c, &states, after, wanted)).await?;
        let (rows, next_cursor) = cursors::page(kms, QUEUE, by.subject(), rows, limit, |row| {
            cursors::at_instant(row.ends_at, row.id.as_bytes())
        })?;
        let named = |row: Disclosure| Ok((row.clone(), self.subject_of(row.account_id, row.id)?));
        let disclosures = rows.into_iter().map(named).collect::<Result<_, VaultError>>()?;
        Ok(DisclosurePage { disclosures, next_cursor })
    }

    /// A disclosure with its steps, and what the gate would say now.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`].
    pub async fn staff_disclosure(&self, id: DisclosureId) -> Result<StaffDisclosure, DisclosureError> {
        let (disclosure, _) = self.find(id).await?;
        let owner = disclosure.account_id;
        let keys = self.vault.keys_of(owner).await?;
        let (subject, now) = (self.subject_of(owner, id)?, self.clock.now());
        self.under_policy(|policy| {
            let keys = Arc::clone(&keys);
            self.db.read(move |c| {
                let at = Moment { policy: &policy, now };
                acting::show(c, &keys, subject, id, &at)
            })
        })
        .await
    }
}
