//! What a device expresses before anybody signs in on it, by its cookie (clause 2.6).

use std::sync::Arc;

use super::{ConsentError, ConsentService, Words, drafts, expiry, hold};
use crate::{
    db::Conn,
    domain::{
        consent::{
            ConsentAction, ConsentMethod, ConsentStanding, InForce, LastEvent, PolicyStanding, standing,
        },
        device::{Device, DeviceConsentEvent},
        ids::{ConsentEventId, DeviceId, DeviceRef},
        policy::PublishedPolicy,
        purpose::{Purpose, PurposeDefinition},
        time::Timestamp,
    },
    repositories::{device_consent_events, devices, log as leaves},
    services::{
        log::LeafDraft,
        reports::{forget_device, forget_person},
    },
};

/// What a device chooses about a purpose.
#[derive(Clone, Copy, Debug)]
pub struct DeviceChoice {
    pub purpose: Purpose,
    pub granted: bool,
    /// The words that were shown; needed to grant.
    pub definition_hash: Option<[u8; 32]>,
}

/// A purpose of devices, and where its consent stands on this one.
pub struct DeviceStanding {
    pub definition: PurposeDefinition,
    pub last: Option<DeviceConsentEvent>,
    pub standing: ConsentStanding,
}

/// Everything that a device is asked.
pub struct DeviceConsents {
    pub policy_version: i32,
    /// Whether the device was ever seen asking for Global Privacy Control.
    pub gpc: bool,
    pub purposes: Vec<DeviceStanding>,
}

/// An event of a device that is being written.
struct Act<'a> {
    policy: &'a PublishedPolicy,
    device: Device,
    gpc: bool,
    now: Timestamp,
}

impl Act<'_> {
    fn write(
        &self,
        c: &mut Conn,
        draft: &LeafDraft,
        words: Words,
        action: ConsentAction,
        method: ConsentMethod,
    ) -> Result<(), ConsentError> {
        let sequence = devices::take_sequence(c, self.device.id, 1, self.now)?;
        let event = DeviceConsentEvent {
            id: ConsentEventId::generate(self.now),
            device_ref: self.device.reference,
            sequence: sequence.ok_or(ConsentError::NotFound)?,
            purpose: words.purpose,
            action,
            policy_version: words.policy_version,
            definition_hash: words.definition_hash,
            method,
            gpc: self.gpc,
            given_at: self.now,
            expires_at: expiry(action, words.consent_days, self.now),
            leaf_id: draft.id(),
        };
        leaves::append(c, &draft.of_device(event.device_ref, &event))?;
        device_consent_events::append(c, &event)?;
        if action != ConsentAction::Granted && words.purpose == Purpose::Advertising {
            forget_device(c, event.device_ref)?;
            // What was clicked on it since somebody signed in stands under that account.
            if let Some(account) = self.device.account_id {
                forget_person(c, account)?;
            }
        }
        Ok(())
    }

    /// A withdrawal is about the words that were agreed to; anything else about those in force.
    fn words(
        &self,
        definition: &PurposeDefinition,
        action: ConsentAction,
        last: Option<&DeviceConsentEvent>,
    ) -> Words {
        let words = Words::of(self.policy, definition);
        match last {
            Some(last) if action == ConsentAction::Withdrawn => {
                Words { policy_version: last.policy_version, definition_hash: last.definition_hash, ..words }
            }
            _ => words,
        }
    }

    /// Refuses what Global Privacy Control refuses, at the first sight of it.
    fn honour_gpc(
        &self,
        c: &mut Conn,
        drafts: &mut impl Iterator<Item = LeafDraft>,
    ) -> Result<(), ConsentError> {
        if !self.gpc || !devices::note_gpc(c, self.device.id, self.now)? {
            return Ok(());
        }
        let last = device_consent_events::list_last(c, self.device.reference)?;
        for definition in of_devices(self.policy).filter(|d| d.purpose.is_refused_by_gpc()) {
            let last = last.iter().find(|event| event.purpose == definition.purpose);
            let action = match last {
                Some(last) if last.action == ConsentAction::Granted => ConsentAction::Withdrawn,
                Some(_) => continue,
                None => ConsentAction::Declined,
            };
            let draft = drafts.next().ok_or(ConsentError::NotFound)?;
            let words = self.words(definition, action, last);
            self.write(c, &draft, words, action, ConsentMethod::Gpc)?;
        }
        Ok(())
    }

    fn choose(
        &self,
        c: &mut Conn,
        choices: &[DeviceChoice],
        drafts: &mut impl Iterator<Item = LeafDraft>,
    ) -> Result<(), ConsentError> {
        let last = device_consent_events::list_last(c, self.device.reference)?;
        for choice in choices {
            let in_force = self.policy.in_force(choice.purpose).ok_or(ConsentError::NotFound)?;
            let last = last.iter().find(|event| event.purpose == choice.purpose);
            let Some(action) = action(choice, in_force, last, self.now)? else { continue };
            let draft = drafts.next().ok_or(ConsentError::NotFound)?;
            let words = self.words(in_force.definition, action, last);
            self.write(c, &draft, words, action, ConsentMethod::DeviceSettings)?;
        }
        Ok(())
    }
}

fn action(
    choice: &DeviceChoice,
    words: InForce<'_>,
    last: Option<&DeviceConsentEvent>,
    now: Timestamp,
) -> Result<Option<ConsentAction>, ConsentError> {
    if choice.granted {
        if choice.definition_hash != Some(words.definition.hash()) {
            return Err(ConsentError::DefinitionSuperseded);
        }
        let stands = device_standing(words, last, now).for_existing;
        return Ok((!stands).then_some(ConsentAction::Granted));
    }
    Ok(match last.map(|event| event.action) {
        None => Some(ConsentAction::Declined),
        Some(ConsentAction::Granted) => Some(ConsentAction::Withdrawn),
        Some(ConsentAction::Declined | ConsentAction::Withdrawn) => None,
    })
}

/// The purposes that a version asks of devices.
fn of_devices(policy: &PublishedPolicy) -> impl Iterator<Item = &PurposeDefinition> {
    policy.document.purposes.iter().filter(|definition| definition.purpose.is_of_device())
}

/// Where what a device expressed stands.
pub fn device_standing(
    words: InForce<'_>,
    last: Option<&DeviceConsentEvent>,
    now: Timestamp,
) -> ConsentStanding {
    let last = last.map(|event| LastEvent {
        action: event.action,
        sequence: event.sequence,
        policy_version: event.policy_version,
        definition_hash: event.definition_hash,
        expires_at: event.expires_at,
    });
    // A device accepts no policy: what it is asked stands in the words in force or not at all.
    let policy = PolicyStanding { accepted: 1, in_force: 1, refused_at: 0 };
    standing(last.as_ref(), Some(words), policy, now)
}

impl ConsentService {
    /// What stands on a device. One that is seen for the first time asking for Global Privacy Control
    /// has refused, by that, what it refuses.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn of_device(&self, device: DeviceId, gpc: bool) -> Result<DeviceConsents, ConsentError> {
        let known = self.db.read(move |c| devices::find(c, device)).await?;
        if gpc && known.is_none_or(|known| known.gpc_seen_at.is_none()) {
            return self.choose_on_device(device, Vec::new(), gpc).await;
        }
        let policy = self.policies.current().await?;
        let last = match known {
            Some(known) => {
                self.db.read(move |c| device_consent_events::list_last(c, known.reference)).await?
            }
            None => Vec::new(),
        };
        Ok(self.present(&policy, known.as_ref(), &last))
    }

    /// Grants and refuses on a device.
    ///
    /// # Errors
    ///
    /// [`ConsentError::DefinitionSuperseded`] for a grant in other words than those in force.
    #[tracing::instrument(skip_all)]
    pub async fn choose_on_device(
        &self,
        device: DeviceId,
        choices: Vec<DeviceChoice>,
        gpc: bool,
    ) -> Result<DeviceConsents, ConsentError> {
        self.under_policy(|policy| self.choose_under(policy, device, choices.clone(), gpc)).await
    }

    async fn choose_under(
        &self,
        policy: Arc<PublishedPolicy>,
        device: DeviceId,
        choices: Vec<DeviceChoice>,
        gpc: bool,
    ) -> Result<DeviceConsents, ConsentError> {
        let (now, reference) = (self.clock.now(), DeviceRef::generate(self.clock.now()));
        // Global Privacy Control and a choice may both say something of each purpose.
        let drafts = drafts(2 * Purpose::ALL.iter().filter(|purpose| purpose.is_of_device()).count(), now)?;
        let asked = Arc::clone(&policy);
        let (known, last) = self
            .db
            .write_guarded(move |c| {
                // Devices that choose at once share no row but pages of indexes, which a serializable transaction
                // would conflict over; each holds its own, and all it looks at hangs on that. A policy published
                // between the look at its number and the commit leaves a choice about the words before, as any
                // earlier one is.
                devices::find_or_insert(c, device, reference, now)?;
                devices::hold(c, device)?;
                let known = devices::find(c, device)?.ok_or(ConsentError::NotFound)?;
                hold(c, &policy)?;
                let act = Act { policy: &policy, device: known, gpc, now };
                let mut drafts = drafts.iter().cloned();
                act.honour_gpc(c, &mut drafts)?;
                act.choose(c, &choices, &mut drafts)?;
                let known = devices::find(c, device)?.ok_or(ConsentError::NotFound)?;
                Ok::<_, ConsentError>((known, device_consent_events::list_last(c, known.reference)?))
            })
            .await?;
        Ok(self.present(&asked, Some(&known), &last))
    }

    fn present(
        &self,
        policy: &PublishedPolicy,
        device: Option<&Device>,
        last: &[DeviceConsentEvent],
    ) -> DeviceConsents {
        let now = self.clock.now();
        let words = of_devices(policy).filter_map(|definition| policy.in_force(definition.purpose));
        let purposes = words.map(|words| {
            let last = last.iter().find(|event| event.purpose == words.definition.purpose);
            DeviceStanding {
                definition: words.definition.clone(),
                last: last.cloned(),
                standing: device_standing(words, last, now),
            }
        });
        DeviceConsents {
            policy_version: policy.version,
            gpc: device.is_some_and(|device| device.gpc_seen_at.is_some()),
            purposes: purposes.collect(),
        }
    }
}
