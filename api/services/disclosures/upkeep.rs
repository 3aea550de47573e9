//! What happens to disclosures when the time has come: those that nobody released lapse, and a person who must not be
//! told any longer is told.

use super::{
    DisclosureError, DisclosureService,
    drafts::write_over,
    gate,
    ledger::{self, Actor, Particulars},
    pulls::revoke,
    release,
};
use crate::{
    db::Conn,
    domain::{
        disclosure::{
            Disclosure, DisclosureState, consent_request::ConsentRequestState, event::DisclosureStep,
            recipient::Recipient, refusal::GateRefusal,
        },
        time::Timestamp,
    },
    repositories::{accounts, consent_requests, disclosure_events, disclosures, recipients},
    services::{batches, vault::SubjectKeys},
};

impl DisclosureService {
    /// Ends some of what was not released in time; says how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn expire(&self, limit: i64) -> Result<usize, DisclosureError> {
        let now = self.clock.now();
        let due = self.db.read(move |c| disclosures::list_ended(c, now, limit)).await?;
        batches::for_each(due, |was| self.expire_one(was, now)).await
    }

    async fn expire_one(&self, was: Disclosure, now: Timestamp) -> Result<bool, DisclosureError> {
        let keys = self.vault.keys_of(was.account_id).await?;
        self.db
            .write_holding(was.account_id, move |c| {
                accounts::hold(c, was.account_id)?;
                let Some(was) = due(disclosures::find(c, was.id)?, now) else { return Ok(false) };
                let state = DisclosureState::Expired;
                let expired = Disclosure { state, changed_at: now, ..was.clone() };
                write_over(c, &was, &expired)?;
                let requests = ConsentRequestState::Expired;
                consent_requests::end_open(c, was.account_id, was.id, requests)?;
                let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
                let scope = gate::scope_of(&expired, &recipient);
                let step = (Actor::Service, DisclosureStep::Expired);
                ledger::write(c, &keys, step, (&expired, &scope), Particulars::default(), now)?;
                Ok::<_, DisclosureError>(true)
            })
            .await
    }

    /// Ends what rested on a consent that its person took back without knowing of it; says how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn end_silently_withdrawn(&self, limit: i64) -> Result<usize, DisclosureError> {
        let now = self.clock.now();
        let mut ended = 0;
        let mut after = None;
        loop {
            let some =
                self.db.read_long(move |c| disclosures::list_silent_released(c, now, after, limit)).await?;
            let Some(last) = some.last() else { break };
            after = Some(last.id);
            ended += batches::for_each(some, |was| self.end_if_withdrawn(was, now)).await?;
        }
        Ok(ended)
    }

    async fn end_if_withdrawn(&self, was: Disclosure, now: Timestamp) -> Result<bool, DisclosureError> {
        let owner = was.account_id;
        let keys = self.vault.keys_of(owner).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let was = disclosures::find(c, was.id)?.ok_or(DisclosureError::NotFound)?;
                let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
                let before = was.state;
                Ok::<_, DisclosureError>(end_taken_back(c, &keys, was, &recipient, now)?.state != before)
            })
            .await
    }

    /// Tells some persons of what they could not be told of when it was released; says how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn tell_late(&self, limit: i64) -> Result<usize, DisclosureError> {
        let now = self.clock.now();
        let due = self.db.read(move |c| disclosures::list_untold(c, now, limit)).await?;
        let told = batches::for_each(due, |was| self.tell_one(was, now)).await;
        self.outbox.wake();
        told
    }

    async fn tell_one(&self, was: Disclosure, now: Timestamp) -> Result<bool, DisclosureError> {
        let owner = was.account_id;
        let keys = self.vault.keys_of(owner).await?;
        let profile = self.profile_of(owner, &keys).await?;
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let Some(was) = untold(disclosures::find(c, was.id)?, now) else { return Ok(false) };
                let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
                let was = end_taken_back(c, &keys, was, &recipient, now)?;
                let told = Disclosure { told_at: Some(now), ..was.clone() };
                write_over(c, &was, &told)?;
                let scope = gate::scope_of(&told, &recipient);
                let step = (Actor::Service, DisclosureStep::Told);
                ledger::write(c, &keys, step, (&told, &scope), Particulars::default(), now)?;
                release::tell(c, &told, &recipient, (&keys, profile.as_ref()), now)?;
                Ok::<_, DisclosureError>(true)
            })
            .await
    }
}

/// Ends what was released and rested on a consent that was taken back since; gives it as it stands then.
///
/// # Errors
///
/// Storage and sealing trouble only.
pub(super) fn end_taken_back(
    c: &mut Conn,
    keys: &SubjectKeys,
    was: Disclosure,
    recipient: &Recipient,
    now: Timestamp,
) -> Result<Disclosure, DisclosureError> {
    if was.state != DisclosureState::Released {
        return Ok(was);
    }
    let facts = accounts::find_consent_facts(c, was.account_id)?.ok_or(DisclosureError::NotFound)?;
    let steps = disclosure_events::list(c, was.account_id, was.id)?;
    if !gate::has_been_taken_back(c, &steps, (&was, recipient), facts.policy_refused_sequence)? {
        return Ok(was);
    }
    revoke(c, keys, &was, GateRefusal::ConsentWithdrawn, now)
}

fn due(found: Option<Disclosure>, now: Timestamp) -> Option<Disclosure> {
    found.filter(|was| was.state.is_open() && was.ends_at <= now)
}

fn untold(found: Option<Disclosure>, now: Timestamp) -> Option<Disclosure> {
    found.filter(|was| was.released_at.is_some() && was.told_at.is_none() && !was.is_silent(now))
}
