//! Silence: while an order or a law forbids to tell, the disclosure is in no view of its person; when that ends, the
//! person is told.

use super::{
    DisclosureError, DisclosureService, StaffDisclosure,
    acting::{Acting, Turn},
    drafts::write_over,
    gate,
    ledger::{self, Actor, Particulars},
    release,
    upkeep::end_taken_back,
};
use crate::{
    db::Conn,
    domain::{
        consent::ConsentKind,
        disclosure::{
            Disclosure, DisclosureState, LONGEST_SILENCE, Silence, classes::ClassRule, event::DisclosureStep,
            recipient::Recipient,
        },
        ids::{DisclosureId, StaffId},
        time::Timestamp,
    },
    repositories::{consent_requests, instruments},
    services::idempotency::Recording,
};

impl DisclosureService {
    /// Keeps a disclosure from its person until an instant, or for longer or shorter than before.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotSilent`] for a recipient of whom everybody is told at once, and for an instant that is
    /// past or too far; [`DisclosureError::StateConflict`] once the person was told, or asked.
    #[tracing::instrument(skip_all)]
    pub async fn silence(
        &self,
        by: StaffId,
        id: DisclosureId,
        kind: Silence,
        until: Timestamp,
    ) -> Result<StaffDisclosure, DisclosureError> {
        self.act((by, id), Turn::OfPerson, Recording::none(), move |c, was, recipient, acting| {
            let now = acting.at.now;
            let rule = ClassRule::of(recipient.entry.terms.class);
            let fits = until > now && until <= now.plus(LONGEST_SILENCE);
            if !fits || !rule.is_some_and(|rule| rule.may_be_silent) {
                return Err(DisclosureError::NotSilent);
            }
            if ordered_until(c, &was, now)?.is_some_and(|ordered| until < ordered) {
                return Err(DisclosureError::NotSilent);
            }
            // What is, or was, in a view of the person does not vanish from it.
            let is_shown = was.released_at.is_some() && !was.is_silent(now);
            let is_asked = was.consent_kind == ConsentKind::Specific
                || consent_requests::was_asked(c, was.account_id, was.id)?;
            if was.told_at.is_some() || is_shown || is_asked || !may_be_silenced(was.state) {
                return Err(DisclosureError::StateConflict);
            }
            let silent = Disclosure { silence: Some((kind, until)), changed_at: now, ..was.clone() };
            step(c, (&was, &silent, recipient), DisclosureStep::Silenced, acting)
        })
        .await
    }

    /// Ends the silence; the person is told of what was released.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::StateConflict`] if there is none.
    #[tracing::instrument(skip_all)]
    pub async fn end_silence(
        &self,
        by: StaffId,
        id: DisclosureId,
    ) -> Result<StaffDisclosure, DisclosureError> {
        self.act((by, id), Turn::OfPerson, Recording::none(), |c, was, recipient, acting| {
            let now = acting.at.now;
            // An order that stands is withdrawn first, not talked around.
            if !was.is_silent(now) || ordered_until(c, &was, now)?.is_some() {
                return Err(DisclosureError::StateConflict);
            }
            let was = end_taken_back(c, acting.keys, was, recipient, now)?;
            let tells = was.released_at.is_some() && was.told_at.is_none();
            let told = Disclosure {
                silence: None,
                told_at: if tells { Some(now) } else { was.told_at },
                changed_at: now,
                ..was.clone()
            };
            step(c, (&was, &told, recipient), DisclosureStep::Told, acting)?;
            if tells {
                release::tell(c, &told, recipient, (acting.keys, acting.profile), now)?;
            }
            Ok(())
        })
        .await
    }
}

/// Whether a disclosure has come, or can come, to something that is told.
fn may_be_silenced(state: DisclosureState) -> bool {
    state.is_live() || state == DisclosureState::Recorded
}

/// Until when an order in force forbids to tell.
fn ordered_until(
    c: &mut Conn,
    disclosure: &Disclosure,
    now: Timestamp,
) -> Result<Option<Timestamp>, DisclosureError> {
    let Some(id) = disclosure.instrument_id else { return Ok(None) };
    let instrument = instruments::find(c, id)?.filter(|instrument| instrument.withdrawn.is_none());
    Ok(instrument.and_then(|instrument| instrument.gag_until).filter(|until| now < *until))
}

fn step(
    c: &mut Conn,
    (was, now, recipient): (&Disclosure, &Disclosure, &Recipient),
    step: DisclosureStep,
    acting: &Acting<'_>,
) -> Result<(), DisclosureError> {
    write_over(c, was, now)?;
    let scope = gate::scope_of(now, recipient);
    let step = (Actor::Staff(acting.by), step);
    ledger::write(c, acting.keys, step, (now, &scope), Particulars::default(), acting.at.now)?;
    Ok(())
}
