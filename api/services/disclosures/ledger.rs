//! Writing steps: a row and its leaf, under the next number of the disclosure.

use super::DisclosureError;
use crate::{
    db::Conn,
    domain::{
        disclosure::{
            Disclosure,
            event::{DisclosureEvent, DisclosureStep, StepReason},
            scope::Scope,
        },
        evidence::Evidence,
        ids::{DeviceRef, DisclosureEventId, PartnerClientId, StaffId},
        time::Timestamp,
    },
    repositories::{accounts, disclosure_events, disclosures, log as leaves},
    services::{log::LeafDraft, vault::SubjectKeys},
};

/// Who takes a step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Actor {
    Staff(StaffId),
    Partner(PartnerClientId),
    /// The person, from a device.
    Person(Option<DeviceRef>),
    /// The service, when the time has come.
    Service,
}

/// What is to be said of a step beside the disclosure itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Particulars {
    pub(super) policy_version: Option<i32>,
    pub(super) consent_sequence: Option<i64>,
    pub(super) pull_number: Option<i32>,
    pub(super) package_hash: Option<[u8; 32]>,
    pub(super) reason: Option<StepReason>,
}

impl Particulars {
    pub(super) const fn because(reason: StepReason) -> Self {
        Self {
            policy_version: None,
            consent_sequence: None,
            pull_number: None,
            package_hash: None,
            reason: Some(reason),
        }
    }
}

/// Writes one step of `disclosure`, whose scope is `scope`.
pub(super) fn write(
    c: &mut Conn,
    keys: &SubjectKeys,
    (actor, step): (Actor, DisclosureStep),
    (disclosure, scope): (&Disclosure, &Scope),
    particulars: Particulars,
    now: Timestamp,
) -> Result<DisclosureEvent, DisclosureError> {
    let draft = LeafDraft::new(now)?;
    let owner = disclosure.account_id;
    let event = DisclosureEvent {
        account_id: owner,
        disclosure_id: disclosure.id,
        number: disclosures::take_step(c, owner, disclosure.id)?,
        id: DisclosureEventId::generate(now),
        step,
        revision: disclosure.revision,
        scope: scope.clone(),
        scope_hash: disclosure.scope_hash,
        staff_id: match actor {
            Actor::Staff(id) => Some(id),
            _ => None,
        },
        partner_client_id: match actor {
            Actor::Partner(id) => Some(id),
            _ => None,
        },
        device_ref: match actor {
            Actor::Person(device) => device,
            _ => None,
        },
        policy_version: particulars.policy_version,
        person_sequence: accounts::hold(c, owner)?.ok_or(DisclosureError::NotFound)?,
        consent_sequence: particulars.consent_sequence,
        pull_number: particulars.pull_number,
        package_hash: particulars.package_hash,
        reason: particulars.reason,
        silence: disclosure.silence,
        at: now,
        leaf_id: draft.id(),
    };
    let (act, facts) = (event.act(), event.facts());
    let leaf = match actor {
        Actor::Staff(id) => draft.of_staff_upon(id, keys, act, &facts),
        Actor::Partner(id) => draft.of_partner_upon(id, keys, act, &facts),
        Actor::Person(_) => draft.of_person(keys, act, &facts),
        Actor::Service => draft.of_service_upon(keys, act, &facts),
    };
    match actor {
        // Whoever withdraws a consent is promised that alone: what else it ended may be kept from them.
        Actor::Service => leaves::append_unpromised(c, &leaf?)?,
        _ => leaves::append(c, &leaf?)?,
    };
    disclosure_events::append(c, &event)?;
    Ok(event)
}
