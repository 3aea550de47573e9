//! Silence: while an order or a law forbids to tell, the disclosure is in no view of its person; when that ends, the
//! person is told.

use super::{
    DisclosureError, DisclosureService, StaffDisclosure,
    acting::{Acting, Turn},
    drafts::write_over,
    gate,
    ledger::{self, Actor, Particulars},
    release,
};
use crate::{
    db::Conn,
    domain::{
        consent::ConsentKind,
        disclosure::{
            Disclosure, LONGEST_SILENCE, Silence, classes::ClassRule, event::DisclosureStep,
            recipient::Recipient,
        },
        ids::{DisclosureId, StaffId},
        time::Timestamp,
    },
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
            let is_known = was.told_at.is_some() || was.consent_kind == ConsentKind::Specific;
            if is_known || !was.state.is_live() {
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
            if !was.is_silent(now) {
                return Err(DisclosureError::StateConflict);
            }
            let tells = was.released_at.is_some() && was.told_at.is_none();
            let told = Disclosure {
                silence: None,
                told_at: if tells { Some(now) } else { was.told_at },
                changed_at: now,
                ..was.clone()
            };
            step(c, (&was, &told, recipient), DisclosureStep::Told, acting)?;
            match acting.profile {
                Some(profile) if tells => release::tell(c, &told, recipient, (acting.keys, profile), now),
                _ => Ok(()),
            }
        })
        .await
    }
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
