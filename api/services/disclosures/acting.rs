//! What an act of staff upon a disclosure takes, and how it ends: with the disclosure as it stands then, read in the
//! transaction of the act.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    DisclosureError, DisclosureService, StaffDisclosure,
    gate::{self, Moment, Shut, Way},
};
use crate::{
    db::Conn,
    domain::{
        account::Profile,
        data_dictionary::{Category, DISCLOSURE_GROUND},
        disclosure::{Disclosure, DisclosureState, recipient::Recipient},
        ids::{AccountId, DisclosureId, StaffId, SubjectRef},
        personal::PersonalText,
        policy::PublishedPolicy,
        sealed::Sealed,
    },
    repositories::{accounts, disclosure_events, disclosures, profiles as profile_rows, recipients},
    services::{
        idempotency::{IdempotencyError, Recording},
        profiles,
        vault::{Row, SubjectKeys},
    },
};

/// Who acts, with the keys of the person, and under which policy.
pub(super) struct Acting<'a> {
    pub(super) by: StaffId,
    pub(super) keys: &'a SubjectKeys,
    /// The person, unless it was erased.
    pub(super) profile: Option<&'a Profile>,
    pub(super) at: Moment<'a>,
}

/// Whose turn an act waits for; the order only saves retries.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    OfPerson,
    /// One after the other for one recipient: each counts the persons before it.
    OfRecipient,
}

impl DisclosureService {
    /// Carries out an act of staff upon a disclosure and answers with what it is then.
    pub(super) async fn act<F>(
        &self,
        (by, id): (StaffId, DisclosureId),
        turn: Turn,
        recording: Recording<StaffDisclosure>,
        act: F,
    ) -> Result<StaffDisclosure, DisclosureError>
    where
        F: Fn(&mut Conn, Disclosure, &Recipient, &Acting<'_>) -> Result<(), DisclosureError>
            + Copy
            + Send
            + Sync
            + 'static,
    {
        let acted = self
            .under_policy(|policy| self.act_under(policy, (by, id), turn, recording.clone(), act))
            .await?;
        self.outbox.wake();
        Ok(acted)
    }

    async fn act_under<F>(
        &self,
        policy: Arc<PublishedPolicy>,
        (by, id): (StaffId, DisclosureId),
        turn: Turn,
        recording: Recording<StaffDisclosure>,
        act: F,
    ) -> Result<StaffDisclosure, DisclosureError>
    where
        F: Fn(&mut Conn, Disclosure, &Recipient, &Acting<'_>) -> Result<(), DisclosureError>
            + Copy
            + Send
            + Sync
            + 'static,
    {
        let now = self.clock.now();
        let (was, _) = self.find(id).await?;
        let owner = was.account_id;
        let keys = self.vault.keys_of(owner).await?;
        let profile = self.profile_of(owner, &keys).await?;
        let subject = self.subject_of(owner, id)?;
        self.db
            .write_holding(stripe(turn, &was), move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let was = disclosures::find(c, id)?.ok_or(DisclosureError::NotFound)?;
                // What is part of a transfer goes its way with the whole.
                if was.transfer_id.is_some() && was.state.is_open() {
                    return Err(DisclosureError::StateConflict);
                }
                let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
                let at = Moment { policy: &policy, now };
                act(c, was, &recipient, &Acting { by, keys: &keys, profile: profile.as_ref(), at })?;
                let shown = show(c, &keys, subject, id, &at)?;
                record(&recording, c, &keys, &shown)?;
                Ok(shown)
            })
            .await
    }

    /// The person, unless what names it was erased.
    pub(super) async fn profile_of(
        &self,
        owner: AccountId,
        keys: &SubjectKeys,
    ) -> Result<Option<Profile>, DisclosureError> {
        let sealed = self.db.read(move |c| profile_rows::find_unless_erased(c, owner)).await?;
        Ok(sealed.map(|sealed| profiles::open(keys, &sealed)).transpose()?)
    }
}

fn stripe(turn: Turn, disclosure: &Disclosure) -> Uuid {
    match turn {
        Turn::OfPerson => disclosure.account_id.as_uuid(),
        Turn::OfRecipient => disclosure.recipient_id.as_uuid(),
    }
}

/// Records an answer under the person's key, or only that there was one where that key was erased.
pub(super) fn record<T>(
    recording: &Recording<T>,
    c: &mut Conn,
    keys: &SubjectKeys,
    answer: &T,
) -> Result<(), IdempotencyError> {
    if keys.holds(Category::Messages) {
        recording.record(c, keys, answer)
    } else {
        recording.record_without_answer(c, keys.account_id())
    }
}

/// A disclosure as staff sees it now, with what the gate says where it is asked next.
pub(super) fn show(
    c: &mut Conn,
    keys: &SubjectKeys,
    subject: SubjectRef,
    id: DisclosureId,
    at: &Moment<'_>,
) -> Result<StaffDisclosure, DisclosureError> {
    let disclosure = disclosures::find(c, id)?.ok_or(DisclosureError::NotFound)?;
    let recipient = recipients::find(c, disclosure.recipient_id)?.ok_or(DisclosureError::NotFound)?;
    let steps = disclosure_events::list(c, disclosure.account_id, id)?;
    let sealed = disclosures::find_ground(c, disclosure.account_id, id)?;
    let ground = sealed
        .filter(|sealed| keys.can_open(&DISCLOSURE_GROUND, sealed))
        .map(|sealed| {
            let sealed = Sealed::<PersonalText>::from_envelope(sealed);
            keys.open(&DISCLOSURE_GROUND, Row(id.as_bytes()), &sealed)
        })
        .transpose()?;
    let way = match disclosure.state {
        DisclosureState::AwaitingConsent | DisclosureState::Ready => Some(Way::Release),
        DisclosureState::Released => Some(Way::Pull),
        _ => None,
    };
    let standing = match way.map(|way| gate::ask(c, way, &disclosure, at)) {
        None => None,
        Some(Ok(())) => Some(Ok(())),
        Some(Err(Shut::Refused(refusal))) => Some(Err(refusal)),
        Some(Err(shut)) => return Err(shut.into()),
    };
    Ok(StaffDisclosure { disclosure, recipient, subject, ground, steps, standing })
}
