//! The release: from here on the recipient may fetch, and the person knows, unless an order or a law forbids it.

use super::{
    DisclosureError, DisclosureService, StaffDisclosure,
    acting::Turn,
    drafts::write_over,
    gate::{self, Permit, Way},
    ledger::{self, Actor, Particulars},
};
use crate::{
    db::Conn,
    domain::{
        account::Profile,
        disclosure::{Disclosure, DisclosureState, TO_PULL, event::DisclosureStep, recipient::Recipient},
        ids::{DisclosureId, NoticeId, StaffId},
        message::MessageBody,
        notice::NoticeKind,
        time::Timestamp,
        webhook::WebhookEvent,
    },
    repositories::recipients,
    services::{idempotency::Recording, mailing, notices, vault::SubjectKeys, webhooks::announce},
};

impl DisclosureService {
    /// Releases a disclosure, if the gate opens.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Shut`] with what does not hold.
    #[tracing::instrument(skip_all)]
    pub async fn release(
        &self,
        by: StaffId,
        id: DisclosureId,
        recording: Recording<StaffDisclosure>,
    ) -> Result<StaffDisclosure, DisclosureError> {
        self.act((by, id), Turn::OfRecipient, recording, |c, was, _, acting| {
            let permit = gate::admit(c, Way::Release, was, &acting.at)?;
            record(permit, Actor::Staff(acting.by), (acting.keys, acting.profile))
        })
        .await
    }
}

/// Spends a permit on the release.
pub(super) fn record(
    mut permit: Permit<'_>,
    actor: Actor,
    (keys, profile): (&SubjectKeys, Option<&Profile>),
) -> Result<(), DisclosureError> {
    let now = permit.now();
    let (was, scope) = (permit.disclosure().clone(), permit.scope().clone());
    let is_silent = permit.rule().may_be_silent && was.is_silent(now);
    let released = Disclosure {
        state: DisclosureState::Released,
        changed_at: now,
        released_at: Some(now),
        ends_at: now.plus(TO_PULL),
        reviews_needed: permit.reviews_needed(),
        feed_number: Some(recipients::take_feed_number(permit.conn(), was.recipient_id)?),
        told_at: (!is_silent).then_some(now),
        ..was.clone()
    };
    let particulars = Particulars {
        policy_version: Some(permit.policy_version()),
        consent_sequence: Some(permit.consent_sequence()),
        ..Particulars::default()
    };
    let recipient = permit.recipient().clone();
    let c = permit.conn();
    write_over(c, &was, &released)?;
    announce(c, recipient.entry.partner_client_id, WebhookEvent::DisclosureReleased(was.id), now)?;
    let step = (actor, DisclosureStep::Released);
    ledger::write(c, keys, step, (&released, &scope), particulars, now)?;
    if !is_silent {
        tell(c, &released, &recipient, (keys, profile), now)?;
    }
    Ok(())
}

/// Tells the person what went to whom.
pub(super) fn tell(
    c: &mut Conn,
    released: &Disclosure,
    recipient: &Recipient,
    (keys, profile): (&SubjectKeys, Option<&Profile>),
    now: Timestamp,
) -> Result<(), DisclosureError> {
    let at = released.released_at.unwrap_or(now).for_people();
    let body = MessageBody::DataDisclosed { recipient: recipient.entry.terms.name.clone(), at };
    // Without an address left there is the notice alone.
    let mail = profile.map(|profile| mailing::mail(keys, profile, body, now)).transpose()?;
    let notice = NoticeId::generate(now);
    notices::tell(c, released.account_id, notice, NoticeKind::DataDisclosed, mail.as_ref(), now)?;
    Ok(())
}
