//! The purposes that a person can say yes or no to, each defined by data and hashed.

use sha2::{Digest, Sha256};

/// A purpose of processing that rests on consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Cookie data measures effectiveness and trends (clause 2.2).
    Analytics,
    /// Cookie data finds and explains problems (clause 2.2).
    Troubleshooting,
    /// Counting, in aggregates, who saw or clicked an advertisement (clauses 4.2 and 4.3).
    Advertising,
    /// News of changes and innovations beyond what the service must tell (clause 3.3).
    Innovations,
    /// Sharing inside the business group (clause 4.1).
    GroupSharing,
    /// Transfer to a buyer of the company (clause 4.4).
    BusinessTransfer,
    /// Disclosure under a court decision or an order of a state body (clause 4.5).
    CompelledDisclosure,
    /// Protection of rights, property and security; prevention of fraud (clauses 4.6 and 4.7).
    RightsProtection,
    /// Storing and processing in other countries (clauses 5.4 to 5.6).
    CrossBorderTransfer,
}

/// What a purpose means; a change of any field makes it another definition, asked anew.
#[derive(Debug)]
pub struct PurposeDefinition {
    pub purpose: Purpose,
    pub clause: &'static str,
    pub lawful_basis: &'static str,
    pub text: &'static str,
    pub data_classes: &'static [&'static str],
    pub recipients: &'static [&'static str],
    pub retention: &'static str,
    /// Whether accepting the policy expresses it, apart from specific consent (clause 4.8).
    pub by_policy: bool,
}

const DEFINITIONS: &[PurposeDefinition] = &[
    PurposeDefinition {
        purpose: Purpose::Analytics,
        clause: "2.2",
        lawful_basis: "consent",
        text: "Measure how effective the platform is and which trends show, from device cookies.",
        data_classes: &["device"],
        recipients: &[],
        retention: "P90D",
        by_policy: false,
    },
    PurposeDefinition {
        purpose: Purpose::Troubleshooting,
        clause: "2.2",
        lawful_basis: "consent",
        text: "Find and explain problems from device cookies.",
        data_classes: &["device"],
        recipients: &[],
        retention: "P30D",
        by_policy: false,
    },
    PurposeDefinition {
        purpose: Purpose::Advertising,
        clause: "4.3",
        lawful_basis: "consent",
        text: "Count, in hourly aggregates only, how many people clicked an advertisement.",
        data_classes: &["device"],
        recipients: &["advertiser"],
        retention: "P7D",
        by_policy: false,
    },
    PurposeDefinition {
        purpose: Purpose::Innovations,
        clause: "3.3",
        lawful_basis: "consent",
        text: "Tell of innovations and content beyond what the service itself must tell.",
        data_classes: &["contact"],
        recipients: &[],
        retention: "with the account",
        by_policy: false,
    },
    PurposeDefinition {
        purpose: Purpose::GroupSharing,
        clause: "4.1",
        lawful_basis: "consent",
        text: "Share data inside the business group, each time after legal review.",
        data_classes: &["identity", "contact"],
        recipients: &["group_company"],
        retention: "with the account",
        by_policy: true,
    },
    PurposeDefinition {
        purpose: Purpose::BusinessTransfer,
        clause: "4.4",
        lawful_basis: "consent",
        text: "Pass the data on to a buyer of the company or of nearly all its assets.",
        data_classes: &["identity", "contact", "address"],
        recipients: &["acquirer"],
        retention: "with the account",
        by_policy: true,
    },
    PurposeDefinition {
        purpose: Purpose::CompelledDisclosure,
        clause: "4.5",
        lawful_basis: "consent",
        text: "Disclose what a court decision or an order of a state body names.",
        data_classes: &["identity", "contact", "address", "documents"],
        recipients: &["court", "state_body"],
        retention: "with the account",
        by_policy: true,
    },
    PurposeDefinition {
        purpose: Purpose::RightsProtection,
        clause: "4.6",
        lawful_basis: "consent",
        text: "Protect rights, property and security, and prevent fraud with law enforcement.",
        data_classes: &["identity", "contact", "address", "documents"],
        recipients: &["law_enforcement", "rights_protection"],
        retention: "with the account",
        by_policy: true,
    },
    PurposeDefinition {
        purpose: Purpose::CrossBorderTransfer,
        clause: "5.4",
        lawful_basis: "consent",
        text: "Store and process data in other countries, whose authorities may reach it.",
        data_classes: &["identity", "contact", "address", "documents", "device"],
        recipients: &["service_processor"],
        retention: "with the account",
        by_policy: true,
    },
];

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Troubleshooting => "troubleshooting",
            Self::Advertising => "advertising",
            Self::Innovations => "innovations",
            Self::GroupSharing => "group_sharing",
            Self::BusinessTransfer => "business_transfer",
            Self::CompelledDisclosure => "compelled_disclosure",
            Self::RightsProtection => "rights_protection",
            Self::CrossBorderTransfer => "cross_border_transfer",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        DEFINITIONS.iter().map(|definition| definition.purpose).find(|known| known.as_str() == text)
    }

    /// All purposes with their definitions.
    pub const fn catalogue() -> &'static [PurposeDefinition] {
        DEFINITIONS
    }

    /// The purposes that accepting a policy version expresses.
    pub fn expressed_by_policy() -> impl Iterator<Item = &'static PurposeDefinition> {
        DEFINITIONS.iter().filter(|definition| definition.by_policy)
    }

    pub fn definition(self) -> Option<&'static PurposeDefinition> {
        DEFINITIONS.iter().find(|definition| definition.purpose == self)
    }
}

impl PurposeDefinition {
    /// Identifies the words and facts that a person agreed to.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(text);
        };
        part("purpose-definition-1");
        for text in [self.purpose.as_str(), self.clause, self.lawful_basis, self.text, self.retention] {
            part(text);
        }
        for list in [self.data_classes, self.recipients] {
            part(&list.len().to_string());
            for item in list {
                part(item);
            }
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_is_defined_once_and_hashes_apart() {
        let mut hashes: Vec<_> = DEFINITIONS.iter().map(PurposeDefinition::hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), DEFINITIONS.len());
        for definition in DEFINITIONS {
            let wire = serde_json::to_value(definition.purpose).unwrap();
            assert_eq!(wire, definition.purpose.as_str());
            assert_eq!(definition.purpose.definition().unwrap().hash(), definition.hash());
        }
    }
}
