//! Evidence: what a row of a ledger says, in exactly the words that its leaf commits to.

use sha2::{Digest, Sha256};

use super::{
    account::DataConfirmation,
    aggregate::REPORT_PUBLISHED,
    consent::{ConsentAction, ConsentEvent, PolicyAcceptance, PolicyDecision},
    device::DeviceConsentEvent,
    disclosure::{
        event::DisclosureStep,
        instrument::{INSTRUMENT_REGISTERED, INSTRUMENT_WITHDRAWN},
        limit::{LIMIT_BEGUN, LIMIT_ENDED},
        obligation::{OBLIGATION_ACKNOWLEDGED, RECIPIENTS_TOLD},
        recipient::{RECIPIENT_ACTIVATED, RECIPIENT_CHANGED, RECIPIENT_DEACTIVATED, RECIPIENT_REGISTERED},
        transfer::TRANSFER_APPROVED,
    },
    encoding::{hex, length_prefixed, split},
    ids::LeafId,
    kyc::decision::{KYC_APPROVED, KYC_PROPOSED, KYC_REJECTED, KYC_RESUBMISSION},
    policy::PolicyVersion,
    rights::request::{
        RIGHTS_COMPLAINED, RIGHTS_COMPLETED, RIGHTS_EXTENDED, RIGHTS_FILED, RIGHTS_GRANTED, RIGHTS_LIFTED,
        RIGHTS_PROOF_ASKED, RIGHTS_REFUSED, RIGHTS_RELEASED, RIGHTS_STARTED, RIGHTS_STATED,
        RIGHTS_SUPERSEDED, RIGHTS_WITHDRAWN,
    },
    staff::PERSONAL_DATA_READ,
    time::Timestamp,
};

/// What kind of act a leaf attests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its name, `noun.verb`.
    pub name: &'static str,
    /// The kind of thing that it was done to.
    pub object: &'static str,
    /// The clause of the policy that names the purpose; empty for the service's own upkeep.
    pub clause: &'static str,
}

/// What a leaf is about: names and values, in this order for ever. The first names the object.
pub type Facts = Vec<(&'static str, String)>;

/// A row that never stands without its leaf. The leaf commits to these facts, and anybody who has
/// the row can make them again from it: a changed row contradicts its leaf.
pub trait Evidence {
    fn act(&self) -> &'static Act;
    fn facts(&self) -> Facts;
}

pub const POLICY_PUBLISHED: Act = Act { name: "policy.published", object: "policy_version", clause: "9.3" };
pub const POLICY_ACCEPTED: Act = Act { name: "policy.accepted", object: "policy_version", clause: "0.4" };
pub const POLICY_REFUSED: Act = Act { name: "policy.refused", object: "policy_version", clause: "0.4" };
pub const CONSENT_GRANTED: Act = Act { name: "consent.granted", object: "consent_event", clause: "4.8" };
pub const CONSENT_DECLINED: Act = Act { name: "consent.declined", object: "consent_event", clause: "4.8" };
pub const CONSENT_WITHDRAWN: Act = Act { name: "consent.withdrawn", object: "consent_event", clause: "4.8" };
pub const DEVICE_CONSENT_GRANTED: Act =
    Act { name: "device_consent.granted", object: "device_consent_event", clause: "2.6" };
pub const DEVICE_CONSENT_DECLINED: Act =
    Act { name: "device_consent.declined", object: "device_consent_event", clause: "2.6" };
pub const DEVICE_CONSENT_WITHDRAWN: Act =
    Act { name: "device_consent.withdrawn", object: "device_consent_event", clause: "2.6" };
pub const DATA_CONFIRMED: Act = Act { name: "account.data_confirmed", object: "account", clause: "3.8" };
pub const ACCOUNT_CHANGED: Act = Act { name: "account.changed", object: "account", clause: "3.9" };

/// Acts that a row stands for: as many rows as leaves.
/// The database was restored from a backup and the log from its copy: the rows of some entries may be gone.
pub const LOG_RESTORED: Act = Act { name: "log.restored", object: "log_origin", clause: "" };

const ACTS: &[&Act] = &[
    &POLICY_PUBLISHED,
    &POLICY_ACCEPTED,
    &POLICY_REFUSED,
    &CONSENT_GRANTED,
    &CONSENT_DECLINED,
    &CONSENT_WITHDRAWN,
    &DEVICE_CONSENT_GRANTED,
    &DEVICE_CONSENT_DECLINED,
    &DEVICE_CONSENT_WITHDRAWN,
    &DATA_CONFIRMED,
    &ACCOUNT_CHANGED,
    &PERSONAL_DATA_READ,
    &KYC_PROPOSED,
    &KYC_APPROVED,
    &KYC_REJECTED,
    &KYC_RESUBMISSION,
    &RECIPIENT_REGISTERED,
    &RECIPIENT_CHANGED,
    &RECIPIENT_ACTIVATED,
    &RECIPIENT_DEACTIVATED,
    &LIMIT_BEGUN,
    &LIMIT_ENDED,
    &INSTRUMENT_REGISTERED,
    &INSTRUMENT_WITHDRAWN,
    &RECIPIENTS_TOLD,
    &OBLIGATION_ACKNOWLEDGED,
    &RIGHTS_FILED,
    &RIGHTS_EXTENDED,
    &RIGHTS_GRANTED,
    &RIGHTS_REFUSED,
    &RIGHTS_PROOF_ASKED,
    &RIGHTS_STATED,
    &RIGHTS_LIFTED,
    &RIGHTS_WITHDRAWN,
    &RIGHTS_SUPERSEDED,
    &RIGHTS_COMPLAINED,
    &RIGHTS_STARTED,
    &RIGHTS_COMPLETED,
    &RIGHTS_RELEASED,
    &REPORT_PUBLISHED,
    &TRANSFER_APPROVED,
];

/// Their names, with those of the steps of disclosures.
pub fn act_names() -> impl Iterator<Item = &'static str> {
    let steps = DisclosureStep::ALL.iter().map(|step| step.act_name());
    ACTS.iter().map(|act| act.name).chain(steps)
}

impl Evidence for PolicyVersion {
    fn act(&self) -> &'static Act {
        &POLICY_PUBLISHED
    }

    fn facts(&self) -> Facts {
        let mut facts = vec![
            ("version", self.version.to_string()),
            ("content_hash", hex(&self.content_hash)),
            ("published_at", self.published_at.to_string()),
        ];
        // The version that the service ships was written by nobody here.
        if let (Some(written_by), Some(published_by)) = (self.written_by, self.published_by) {
            facts.push(("change_kind", self.change_kind.as_str().to_owned()));
            facts.push(("written_by", written_by.to_string()));
            facts.push(("published_by", published_by.to_string()));
        }
        facts
    }
}

impl Evidence for PolicyAcceptance {
    fn act(&self) -> &'static Act {
        match self.decision {
            PolicyDecision::Accepted => &POLICY_ACCEPTED,
            PolicyDecision::Refused => &POLICY_REFUSED,
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = vec![
            ("version", self.version.to_string()),
            ("account", self.account_id.to_string()),
            ("sequence", self.sequence.to_string()),
            ("content_hash", hex(&self.content_hash)),
            ("method", self.method.as_str().to_owned()),
            ("given_at", self.given_at.to_string()),
            ("recorded_at", self.recorded_at.to_string()),
        ];
        facts.extend(self.device_ref.map(|device| ("device", device.to_string())));
        facts
    }
}

impl Evidence for ConsentEvent {
    fn act(&self) -> &'static Act {
        match self.action {
            ConsentAction::Granted => &CONSENT_GRANTED,
            ConsentAction::Declined => &CONSENT_DECLINED,
            ConsentAction::Withdrawn => &CONSENT_WITHDRAWN,
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = vec![
            ("event", self.id.to_string()),
            ("account", self.account_id.to_string()),
            ("sequence", self.sequence.to_string()),
            ("purpose", self.purpose.as_str().to_owned()),
            ("action", self.action.as_str().to_owned()),
            ("kind", self.kind.as_str().to_owned()),
            ("policy_version", self.policy_version.to_string()),
            ("definition_hash", hex(&self.definition_hash)),
            ("method", self.method.as_str().to_owned()),
            ("given_at", self.given_at.to_string()),
            ("recorded_at", self.recorded_at.to_string()),
        ];
        facts.extend(self.device_ref.map(|device| ("device", device.to_string())));
        facts.extend(self.gpc.then(|| ("gpc", "true".to_owned())));
        facts.extend(self.expires_at.map(|at| ("expires_at", at.to_string())));
        facts
    }
}

impl Evidence for DeviceConsentEvent {
    fn act(&self) -> &'static Act {
        match self.action {
            ConsentAction::Granted => &DEVICE_CONSENT_GRANTED,
            ConsentAction::Declined => &DEVICE_CONSENT_DECLINED,
            ConsentAction::Withdrawn => &DEVICE_CONSENT_WITHDRAWN,
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = vec![
            ("event", self.id.to_string()),
            ("device", self.device_ref.to_string()),
            ("sequence", self.sequence.to_string()),
            ("purpose", self.purpose.as_str().to_owned()),
            ("action", self.action.as_str().to_owned()),
            ("policy_version", self.policy_version.to_string()),
            ("definition_hash", hex(&self.definition_hash)),
            ("method", self.method.as_str().to_owned()),
            ("given_at", self.given_at.to_string()),
        ];
        facts.extend(self.gpc.then(|| ("gpc", "true".to_owned())));
        facts.extend(self.expires_at.map(|at| ("expires_at", at.to_string())));
        facts
    }
}

impl Evidence for DataConfirmation {
    fn act(&self) -> &'static Act {
        &DATA_CONFIRMED
    }

    fn facts(&self) -> Facts {
        vec![
            ("account", self.account_id.to_string()),
            ("sequence", self.sequence.to_string()),
            ("confirmation", self.id.to_string()),
            ("profile_version", self.profile_version.to_string()),
            ("confirmed_at", self.confirmed_at.to_string()),
        ]
    }
}

/// A leaf as the tree holds it, read back from its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafContent {
    pub at: Timestamp,
    pub id: LeafId,
    pub act: String,
    pub object: String,
    pub clause: String,
    pub commitment: [u8; 32],
}

/// Begins every leaf of this form.
const FORM: &[u8] = b"leaf1";

impl LeafContent {
    /// Reads canonical bytes; `None` for anything that this service did not write.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let parts = split(bytes)?;
        let [form, at, id, act, _actor, object, _object_pseudonym, clause, commitment] = parts.as_slice()
        else {
            return None;
        };
        if *form != FORM {
            return None;
        }
        let text = |part: &[u8]| String::from_utf8(part.to_vec()).ok();
        Some(Self {
            at: Timestamp::from_micros(i64::from_be_bytes((*at).try_into().ok()?))?,
            id: LeafId::from_uuid(uuid::Uuid::from_slice(id).ok()?),
            act: text(act)?,
            object: text(object)?,
            clause: text(clause)?,
            commitment: (*commitment).try_into().ok()?,
        })
    }
}

/// The canonical bytes of a leaf.
pub fn leaf_bytes(
    at: Timestamp,
    id: LeafId,
    act: &Act,
    pseudonyms: (&[u8; 32], &[u8; 32]),
    commitment: &[u8; 32],
) -> Vec<u8> {
    let (actor, object) = pseudonyms;
    length_prefixed(&[
        FORM,
        &at.as_micros().to_be_bytes(),
        id.as_bytes(),
        act.name.as_bytes(),
        actor,
        act.object.as_bytes(),
        object,
        act.clause.as_bytes(),
        commitment,
    ])
}

/// The hash of a leaf in an RFC 6962 tree.
pub fn leaf_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// Salt and facts, in the form that is committed to and, for a person, sealed.
pub fn detail(salt: &[u8], facts: &Facts) -> Vec<u8> {
    let parts: Vec<&[u8]> =
        facts.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).collect();
    [salt, &length_prefixed(&parts)].concat()
}

/// The facts of a detail, as [`detail`] wrote them.
pub fn facts_of(detail: &[u8]) -> Option<Vec<(String, String)>> {
    let (_salt, facts) = detail.split_first_chunk::<32>()?;
    let parts = split(facts)?;
    let text = |part: &&[u8]| String::from_utf8(part.to_vec()).ok();
    parts.chunks(2).map(|pair| Some((pair.first().and_then(text)?, pair.get(1).and_then(text)?))).collect()
}

/// What a leaf says of its detail: nothing, to whoever does not have it.
pub fn commitment(detail: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(b"c1").chain_update(detail).finalize().into()
}

/// A row of evidence with the leaf that it names.
#[derive(Clone, Debug)]
pub struct Attested {
    pub leaf_id: LeafId,
    pub act: &'static Act,
    pub facts: Facts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_reads_back_and_nothing_else_does() {
        let now = Timestamp::from_micros(1_700_000_000_123_456).unwrap();
        let id = LeafId::generate(now);
        let bytes = leaf_bytes(now, id, &CONSENT_GRANTED, (&[1; 32], &[2; 32]), &[3; 32]);
        let read = LeafContent::read(&bytes).unwrap();
        assert_eq!((read.at, read.id, read.act.as_str()), (now, id, "consent.granted"));
        assert_eq!((read.object.as_str(), read.clause.as_str()), ("consent_event", "4.8"));
        assert_eq!(read.commitment, [3; 32]);
        for cut in 0..bytes.len() {
            assert_eq!(LeafContent::read(&bytes[..cut]), None, "{cut}");
        }
    }
}
