//! The first key: the legal team looks at exactly what is to go, and at nobody's values.

use super::{
    DisclosureError, DisclosureService, StaffDisclosure,
    acting::{Acting, Turn},
    asking,
    drafts::write_over,
    gate::{self, Shut},
    ledger::{self, Actor, Particulars},
};
use crate::{
    db::Conn,
    domain::{
        consent::ConsentKind,
        disclosure::{
            Disclosure, DisclosureState,
            consent_request::{ConsentRequestState, TO_ANSWER},
            event::{DisclosureEvent, DisclosureStep, StepReason},
            recipient::Recipient,
            refusal::{DenialReason, GateRefusal},
        },
        ids::{DisclosureId, StaffId},
    },
    repositories::{consent_requests, disclosure_events},
    services::idempotency::Recording,
};

/// What a reviewer finds.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    Approved,
    Denied(DenialReason),
}

/// A finding, about what was shown.
#[derive(Clone, Copy, Debug)]
pub struct ReviewOutcome {
    pub verdict: Verdict,
    /// Of the disclosure as the reviewer saw it.
    pub scope_hash: [u8; 32],
}

impl DisclosureService {
    /// Approves a disclosure, or refuses it.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Stale`] if it is not what the reviewer saw any more,
    /// [`DisclosureError::SecondPersonRequired`] for whoever asked for it, changed it or approved it before,
    /// [`DisclosureError::StateConflict`] unless it waits for a review.
    #[tracing::instrument(skip_all)]
    pub async fn review(
        &self,
        by: StaffId,
        id: DisclosureId,
        outcome: ReviewOutcome,
        recording: Recording<StaffDisclosure>,
    ) -> Result<StaffDisclosure, DisclosureError> {
        self.act((by, id), Turn::OfPerson, recording, move |c, was, recipient, acting| {
            write(c, (&was, recipient), outcome, acting)
        })
        .await
    }
}

fn write(
    c: &mut Conn,
    (was, recipient): (&Disclosure, &Recipient),
    outcome: ReviewOutcome,
    acting: &Acting<'_>,
) -> Result<(), DisclosureError> {
    let (now, owner) = (acting.at.now, was.account_id);
    // A second look can also come when the first one thought that it was enough.
    if !was.state.is_open() || was.state == DisclosureState::Draft {
        return Err(DisclosureError::StateConflict);
    }
    if was.scope_hash != outcome.scope_hash || !gate::is_of_scope(was, recipient) {
        return Err(DisclosureError::Stale);
    }
    if disclosure_events::list(c, owner, was.id)?.iter().any(|event| has_part(event, was, acting.by)) {
        return Err(DisclosureError::SecondPersonRequired);
    }
    let scope = gate::scope_of(was, recipient);
    let actor = Actor::Staff(acting.by);
    match outcome.verdict {
        Verdict::Denied(reason) => {
            let denied = Disclosure { state: DisclosureState::Denied, changed_at: now, ..was.clone() };
            write_over(c, was, &denied)?;
            consent_requests::end_open(c, owner, was.id, ConsentRequestState::Cancelled)?;
            let why = Particulars::because(StepReason::Denial(reason));
            let step = (actor, DisclosureStep::Denied);
            ledger::write(c, acting.keys, step, (&denied, &scope), why, now)?;
            Ok(())
        }
        Verdict::Approved => {
            let step = (actor, DisclosureStep::Approved);
            ledger::write(c, acting.keys, step, (was, &scope), Particulars::default(), now)?;
            if was.state == DisclosureState::InReview { go_on(c, was, recipient, acting) } else { Ok(()) }
        }
    }
}

/// Whether a step is one that keeps its taker from approving: the request, a change, or the same approval.
fn has_part(event: &DisclosureEvent, disclosure: &Disclosure, by: StaffId) -> bool {
    let is_part = match event.step {
        DisclosureStep::Requested | DisclosureStep::Changed => true,
        DisclosureStep::Approved => event.scope_hash == disclosure.scope_hash,
        _ => false,
    };
    is_part && event.staff_id == Some(by)
}

/// Once there are reviewers enough, the other key is looked for.
fn go_on(
    c: &mut Conn,
    was: &Disclosure,
    recipient: &Recipient,
    acting: &Acting<'_>,
) -> Result<(), DisclosureError> {
    let now = acting.at.now;
    let (state, asks) = match gate::find_keys(c, was, recipient, &acting.at) {
        Ok(()) => (DisclosureState::Ready, false),
        Err(Shut::Refused(GateRefusal::ReviewMissing | GateRefusal::SecondReviewMissing)) => return Ok(()),
        // Whoever is leaving is not asked for anything more.
        Err(Shut::Refused(GateRefusal::SubjectLeaving | GateRefusal::SubjectGone)) => {
            return Err(DisclosureError::StateConflict);
        }
        Err(Shut::Refused(_)) => {
            (DisclosureState::AwaitingConsent, was.consent_kind == ConsentKind::Specific)
        }
        Err(shut) => return Err(shut.into()),
    };
    let ends_at = if asks { was.ends_at.min(now.plus(TO_ANSWER)) } else { was.ends_at };
    let moved = Disclosure { state, changed_at: now, ends_at, ..was.clone() };
    write_over(c, was, &moved)?;
    if asks { asking::ask(c, &moved, recipient, acting) } else { Ok(()) }
}
