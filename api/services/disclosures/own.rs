//! The person's own log: who got what, why, when, under which clause and on which consent, with a proof of each.

use super::{DisclosureError, DisclosureService, asking::as_it_was};
use crate::{
    db::Conn,
    domain::{
        disclosure::{
            Disclosure,
            event::{DisclosureEvent, DisclosureStep},
            recipient::Recipient,
        },
        evidence::Evidence,
        ids::{AccountId, DisclosureId, LeafId},
    },
    repositories::{disclosure_events, disclosures},
    services::{cursors, log::proof_file::Fact},
};

const LIST: &str = "own_disclosures";

/// What a person sees of a disclosure that was released.
#[derive(Clone)]
pub struct OwnDisclosure {
    pub disclosure: Disclosure,
    pub recipient: Recipient,
    /// From its release on: what happened before was about a proposal.
    pub steps: Vec<DisclosureEvent>,
}

impl OwnDisclosure {
    /// What a leaf of it says.
    pub fn facts_of(&self, leaf: LeafId) -> Vec<Fact> {
        let step = self.steps.iter().find(|step| step.leaf_id == leaf);
        let facts = step.map(Evidence::facts).unwrap_or_default();
        facts.into_iter().map(|(name, value)| Fact { name: name.to_owned(), value }).collect()
    }
}

/// A page of them, newest first.
pub struct OwnDisclosurePage {
    pub disclosures: Vec<OwnDisclosure>,
    pub next_cursor: Option<String>,
}

impl DisclosureService {
    /// What was disclosed about the person, newest first.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Cursor`] for a cursor of another list or person.
    pub async fn own(
        &self,
        owner: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<OwnDisclosurePage, DisclosureError> {
        let (kms, now) = (self.vault.kms(), self.clock.now());
        let before = cursors::instant_and_id(kms, LIST, owner, cursor, DisclosureId::from_uuid)?;
        let wanted = i64::from(limit) + 1;
        let rows = self
            .db
            .read(move |c| {
                let rows = disclosures::list_shown(c, owner, before, now, wanted)?;
                rows.into_iter().map(|row| with_steps(c, row)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let (disclosures, next_cursor) = cursors::page(kms, LIST, owner, rows, limit, |own| {
            let at = own.disclosure.released_at.unwrap_or(own.disclosure.changed_at);
            cursors::at_instant(at, own.disclosure.id.as_bytes())
        })?;
        Ok(OwnDisclosurePage { disclosures, next_cursor })
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`] also for another person's, for what was never released, and for what the person
    /// must not be told of yet.
    pub async fn own_one(
        &self,
        owner: AccountId,
        id: DisclosureId,
    ) -> Result<OwnDisclosure, DisclosureError> {
        let now = self.clock.now();
        self.db
            .read(move |c| {
                let found = disclosures::find_owned(c, owner, id)?;
                let shown = found.filter(|found| found.released_at.is_some() && !found.is_silent(now));
                with_steps(c, shown.ok_or(DisclosureError::NotFound)?)
            })
            .await
    }
}

fn with_steps(c: &mut Conn, disclosure: Disclosure) -> Result<OwnDisclosure, DisclosureError> {
    // As it was when it got the data.
    let at = disclosure.released_at.unwrap_or(disclosure.changed_at);
    let recipient = as_it_was(c, disclosure.recipient_id, at)?;
    let steps = disclosure_events::list(c, disclosure.account_id, disclosure.id)?;
    let steps = steps.into_iter().skip_while(|event| !is_shown_from(event.step)).collect();
    Ok(OwnDisclosure { disclosure, recipient, steps })
}

/// Whether it is from here on that the person sees it.
const fn is_shown_from(step: DisclosureStep) -> bool {
    matches!(step, DisclosureStep::Released | DisclosureStep::Accessed)
}
