//! Recipients: the companies and authorities that data may go to, and how each came to be what it is.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{
    closed_list::closed_list,
    country::Country,
    encoding::length_prefixed,
    evidence::{Act, Evidence, Facts},
    ids::{LeafId, PartnerClientId, RecipientId, StaffId},
    purpose::RecipientClass,
    time::Timestamp,
};

closed_list! {
    /// Whether anything may go there.
    RecipientState {
        /// It was registered or changed, and waits for somebody else to look at it.
        Proposed = "proposed",
        Active = "active",
        Inactive = "inactive",
    }
}

closed_list! {
    /// What was done to the entry.
    RecipientStep {
        Registered = "registered",
        Changed = "changed",
        Activated = "activated",
        Deactivated = "deactivated",
    }
}

/// What people and reviewers are told of a recipient. A review is about these words: others void it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientTerms {
    pub class: RecipientClass,
    pub name: String,
    pub country: Country,
    /// What its country's law means for the data (clauses 5.4 to 5.6).
    pub country_note: Option<String>,
    /// The agreement that binds it, by its name and date.
    pub agreement: String,
    /// Its own policy (clause 8).
    pub policy_url: Option<String>,
}

impl RecipientTerms {
    /// Identifies the words: SHA-256 over each, after its length.
    pub fn hash(&self) -> [u8; 32] {
        let country = self.country.to_string();
        let parts = [
            "recipient-terms-1",
            self.class.as_str(),
            &self.name,
            &country,
            self.country_note.as_deref().unwrap_or_default(),
            &self.agreement,
            self.policy_url.as_deref().unwrap_or_default(),
        ];
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        Sha256::digest(length_prefixed(&parts)).into()
    }
}

/// What stands in the register, besides its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientEntry {
    pub terms: RecipientTerms,
    /// Where the company is written to; no person's address.
    pub contact: String,
    /// What packages are sealed to: a public key of age (X25519).
    pub package_key: Option<String>,
    /// The client that fetches for it.
    pub partner_client_id: Option<PartnerClientId>,
}

/// A recipient as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub id: RecipientId,
    pub entry: RecipientEntry,
    pub state: RecipientState,
    /// Counts what was done to it.
    pub version: i64,
    pub changed_by: StaffId,
    pub registered_at: Timestamp,
    pub changed_at: Timestamp,
}

impl Recipient {
    pub fn is_active(&self) -> bool {
        self.state == RecipientState::Active
    }
}

/// One step of its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientEvent {
    pub recipient_id: RecipientId,
    pub number: i64,
    pub step: RecipientStep,
    pub entry: RecipientEntry,
    pub staff_id: StaffId,
    pub at: Timestamp,
    pub leaf_id: LeafId,
}

pub const RECIPIENT_REGISTERED: Act =
    Act { name: "recipient.registered", object: "recipient", clause: "4.8" };
pub const RECIPIENT_CHANGED: Act = Act { name: "recipient.changed", object: "recipient", clause: "4.8" };
pub const RECIPIENT_ACTIVATED: Act = Act { name: "recipient.activated", object: "recipient", clause: "4.8" };
pub const RECIPIENT_DEACTIVATED: Act =
    Act { name: "recipient.deactivated", object: "recipient", clause: "4.8" };

impl Evidence for RecipientEvent {
    fn act(&self) -> &'static Act {
        match self.step {
            RecipientStep::Registered => &RECIPIENT_REGISTERED,
            RecipientStep::Changed => &RECIPIENT_CHANGED,
            RecipientStep::Activated => &RECIPIENT_ACTIVATED,
            RecipientStep::Deactivated => &RECIPIENT_DEACTIVATED,
        }
    }

    fn facts(&self) -> Facts {
        let RecipientEntry { terms, contact, package_key, partner_client_id } = &self.entry;
        let mut facts = vec![
            ("recipient", self.recipient_id.to_string()),
            ("number", self.number.to_string()),
            ("class", terms.class.as_str().to_owned()),
            ("name", terms.name.clone()),
            ("country", terms.country.to_string()),
            ("agreement", terms.agreement.clone()),
            ("contact", contact.clone()),
            ("staff", self.staff_id.to_string()),
            ("at", self.at.to_string()),
        ];
        facts.extend(terms.country_note.as_ref().map(|note| ("country_note", note.clone())));
        facts.extend(terms.policy_url.as_ref().map(|url| ("policy_url", url.clone())));
        facts.extend(package_key.as_ref().map(|key| ("package_key", key.clone())));
        facts.extend(partner_client_id.map(|client| ("partner_client", client.to_string())));
        facts
    }
}
