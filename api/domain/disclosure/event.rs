//! The steps of a disclosure: a ledger that only grows, and what each step says in the log.

use super::{
    DisclosureState, Silence,
    refusal::{DenialReason, GateRefusal},
    scope::Scope,
};
use crate::domain::{
    closed_list::closed_list,
    encoding::hex,
    evidence::{Act, Evidence, Facts, LeafContent},
    ids::{AccountId, DeviceRef, DisclosureEventId, DisclosureId, LeafId, PartnerClientId, StaffId},
    purpose::RecipientClass,
    time::Timestamp,
};

closed_list! {
    /// What was done to a disclosure.
    DisclosureStep {
        Requested = "requested",
        /// Recipient, fields or purpose became others.
        Changed = "changed",
        Submitted = "submitted",
        Approved = "approved",
        Denied = "denied",
        /// The person was asked.
        Asked = "asked",
        Granted = "granted",
        Declined = "declined",
        Withdrawn = "withdrawn",
        Released = "released",
        Pulled = "pulled",
        Acknowledged = "acknowledged",
        Cancelled = "cancelled",
        Expired = "expired",
        Revoked = "revoked",
        /// The person is not told for now.
        Silenced = "silenced",
        /// The person was told.
        Told = "told",
        /// An authority took the data where they are stored; nobody here let anything out.
        Accessed = "accessed",
    }
}

/// Why a step was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepReason {
    Denial(DenialReason),
    Gate(GateRefusal),
}

impl StepReason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denial(reason) => reason.as_str(),
            Self::Gate(reason) => reason.as_str(),
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        DenialReason::parse(text).map(Self::Denial).or_else(|| GateRefusal::parse(text).map(Self::Gate))
    }
}

/// One row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisclosureEvent {
    pub account_id: AccountId,
    pub disclosure_id: DisclosureId,
    /// The disclosure's own count of steps; the only order among them.
    pub number: i32,
    pub id: DisclosureEventId,
    pub step: DisclosureStep,
    pub revision: i32,
    pub scope: Scope,
    pub scope_hash: [u8; 32],
    /// The member of staff who took it.
    pub staff_id: Option<StaffId>,
    /// The client that took it.
    pub partner_client_id: Option<PartnerClientId>,
    /// The device that the person took it from.
    pub device_ref: Option<DeviceRef>,
    /// The policy in force at an answer or a release.
    pub policy_version: Option<i32>,
    /// The last number that the person's own ledgers had then: what the person did before is before this, and what
    /// came later after it.
    pub person_sequence: i64,
    /// The number of the consent that a release or pull rests on; of an answer to a question, the last before it.
    pub consent_sequence: Option<i64>,
    /// Which pull it was.
    pub pull_number: Option<i32>,
    /// SHA-256 of the sealed package.
    pub package_hash: Option<[u8; 32]>,
    pub reason: Option<StepReason>,
    /// What keeps the person from being told, and until when, since this step.
    pub silence: Option<(Silence, Timestamp)>,
    pub at: Timestamp,
    pub leaf_id: LeafId,
}

/// The classes that a disclosure can go to; analytics, search and advertising are not among them.
const CLASSES: [(RecipientClass, &str, &str); 6] = [
    (RecipientClass::GroupCompany, "group_company_disclosure", "4.1"),
    (RecipientClass::Acquirer, "acquirer_disclosure", "4.4"),
    (RecipientClass::Court, "court_disclosure", "4.5"),
    (RecipientClass::StateBody, "state_body_disclosure", "4.5"),
    (RecipientClass::LawEnforcement, "law_enforcement_disclosure", "4.7"),
    (RecipientClass::RightsProtection, "rights_protection_disclosure", "4.6"),
];

const STEPS: usize = DisclosureStep::ALL.len();

/// The acts of every step and class: a leaf tells both, so that what went to whom is counted from the log alone.
static ACTS: [[Act; CLASSES.len()]; STEPS] = acts();

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when it is built, within the bounds that it loops over"
)]
const fn acts() -> [[Act; CLASSES.len()]; STEPS] {
    let none = Act { name: "", object: "", clause: "" };
    let mut acts = [[none; CLASSES.len()]; STEPS];
    let mut step = 0;
    while step < STEPS {
        let mut class = 0;
        while class < CLASSES.len() {
            let (_, object, clause) = CLASSES[class];
            // What happens in another country is under the clause that speaks of its authorities.
            let is_access = matches!(DisclosureStep::ALL[step], DisclosureStep::Accessed);
            let clause = if is_access { "5.5" } else { clause };
            acts[step][class] = Act { name: DisclosureStep::ALL[step].act_name(), object, clause };
            class += 1;
        }
        step += 1;
    }
    acts
}

impl DisclosureStep {
    /// Where it leaves a disclosure; none if that depends on more, or nothing is moved.
    pub const fn leaves_it(self) -> &'static [DisclosureState] {
        match self {
            Self::Requested | Self::Changed => &[DisclosureState::Draft],
            Self::Submitted => &[DisclosureState::InReview],
            Self::Approved => {
                &[DisclosureState::InReview, DisclosureState::AwaitingConsent, DisclosureState::Ready]
            }
            Self::Denied => &[DisclosureState::Denied],
            Self::Asked => &[DisclosureState::AwaitingConsent],
            Self::Granted => &[DisclosureState::Ready],
            Self::Declined => &[DisclosureState::Declined],
            Self::Released | Self::Pulled | Self::Acknowledged => &[DisclosureState::Released],
            Self::Cancelled => &[DisclosureState::Cancelled],
            Self::Expired => &[DisclosureState::Expired],
            Self::Revoked => &[DisclosureState::Revoked],
            Self::Accessed => &[DisclosureState::Recorded],
            Self::Withdrawn | Self::Silenced | Self::Told => &[],
        }
    }

    /// What the log calls it.
    pub const fn act_name(self) -> &'static str {
        match self {
            Self::Requested => "disclosure.requested",
            Self::Changed => "disclosure.changed",
            Self::Submitted => "disclosure.submitted",
            Self::Approved => "disclosure.approved",
            Self::Denied => "disclosure.denied",
            Self::Asked => "disclosure.asked",
            Self::Granted => "disclosure.granted",
            Self::Declined => "disclosure.declined",
            Self::Withdrawn => "disclosure.withdrawn",
            Self::Released => "disclosure.released",
            Self::Pulled => "disclosure.pulled",
            Self::Acknowledged => "disclosure.acknowledged",
            Self::Cancelled => "disclosure.cancelled",
            Self::Expired => "disclosure.expired",
            Self::Revoked => "disclosure.revoked",
            Self::Silenced => "disclosure.silenced",
            Self::Told => "disclosure.told",
            Self::Accessed => "disclosure.accessed",
        }
    }
}

/// The class that an act's object names.
pub fn class_of(object: &str) -> Option<RecipientClass> {
    CLASSES.iter().find(|(_, name, _)| *name == object).map(|(class, ..)| *class)
}

/// What a leaf about a disclosure tells everybody; `None` for any other.
pub fn class_and_step_of(leaf: &LeafContent) -> Option<(RecipientClass, DisclosureStep)> {
    let step = DisclosureStep::ALL.iter().find(|step| step.act_name() == leaf.act)?;
    Some((class_of(&leaf.object)?, *step))
}

fn act_of(step: DisclosureStep, class: RecipientClass) -> Option<&'static Act> {
    let step = DisclosureStep::ALL.iter().position(|known| *known == step)?;
    let class = CLASSES.iter().position(|(known, ..)| *known == class)?;
    ACTS.get(step)?.get(class)
}

/// For a class that nothing is disclosed to; no such row is ever written.
static NO_CLASS: Act = Act { name: "disclosure.unknown", object: "disclosure", clause: "4.8" };

impl Evidence for DisclosureEvent {
    fn act(&self) -> &'static Act {
        act_of(self.step, self.scope.class).unwrap_or(&NO_CLASS)
    }

    fn facts(&self) -> Facts {
        let mut facts = vec![
            ("disclosure", self.disclosure_id.to_string()),
            ("account", self.account_id.to_string()),
            ("number", self.number.to_string()),
            ("event", self.id.to_string()),
            ("step", self.step.as_str().to_owned()),
            ("revision", self.revision.to_string()),
            ("person_sequence", self.person_sequence.to_string()),
            ("scope", self.scope.write()),
            ("scope_hash", hex(&self.scope_hash)),
            ("at", self.at.to_string()),
        ];
        facts.extend(self.staff_id.map(|staff| ("staff", staff.to_string())));
        facts.extend(self.partner_client_id.map(|client| ("partner_client", client.to_string())));
        facts.extend(self.device_ref.map(|device| ("device", device.to_string())));
        facts.extend(self.policy_version.map(|version| ("policy_version", version.to_string())));
        facts.extend(self.consent_sequence.map(|number| ("consent_sequence", number.to_string())));
        facts.extend(self.pull_number.map(|number| ("pull_number", number.to_string())));
        facts.extend(self.package_hash.map(|hash| ("package_hash", hex(&hash))));
        if let Some((silence, until)) = self.silence {
            facts.push(("silence", silence.as_str().to_owned()));
            facts.push(("silent_until", until.to_string()));
        }
        facts.extend(self.reason.map(|reason| ("reason", reason.as_str().to_owned())));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::disclosure::classes::CLASS_RULES;

    #[test]
    fn every_class_that_is_told_something_has_its_acts() {
        for rule in CLASS_RULES {
            for step in DisclosureStep::ALL {
                let act = act_of(*step, rule.class).unwrap();
                assert_eq!(act.name, step.act_name());
                assert_eq!(class_of(act.object), Some(rule.class));
            }
        }
    }
}
