//! The purposes of processing: what each may use, on which basis, for whom and how long. A version of
//! the policy carries a definition of each; the definition's hash is what a person agrees to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{closed_list::closed_list, country::Country};

closed_list! {
    /// A purpose of processing; without a purpose there is no use (clause 0.2).
    Purpose {
        /// Giving the service, and information about it (clauses 2.5 and 3.1).
        Service = "service",
        /// Telling of changes, and of whatever else a person must hear (clause 3.3).
        Notices = "notices",
        /// Verifying identity and preventing fraud (clause 3.2).
        IdentityVerification = "identity_verification",
        /// Content that fits the service used (clause 3.4).
        Content = "content",
        /// Administration, statistics, internal operations (clause 3.5).
        Administration = "administration",
        /// Keeping the platform and its accounts secure (clauses 2.3, 2.4 and 3.6).
        Security = "security",
        /// Answering people and resolving their issues (clause 3.7).
        Support = "support",
        /// Cookie data measures effectiveness and trends (clause 2.2).
        Analytics = "analytics",
        /// Cookie data finds and explains problems (clause 2.2).
        Troubleshooting = "troubleshooting",
        /// Counting, in aggregates, who saw or clicked an advertisement (clauses 4.2 and 4.3).
        Advertising = "advertising",
        /// News of changes and innovations beyond what the service must tell (clause 3.3).
        Innovations = "innovations",
        /// Sharing inside the business group (clause 4.1).
        GroupSharing = "group_sharing",
        /// Transfer to a buyer of the company (clause 4.4).
        BusinessTransfer = "business_transfer",
        /// Disclosure under a court decision or an order of a state body (clause 4.5).
        CompelledDisclosure = "compelled_disclosure",
        /// Protection of rights, property and security; prevention of fraud (clauses 4.6 and 4.7).
        RightsProtection = "rights_protection",
        /// Storing and processing in other countries (clauses 5.4 to 5.6).
        CrossBorderTransfer = "cross_border_transfer",
    }
}

closed_list! {
    /// Why a purpose is lawful (GDPR art. 6; Privacy Act 2020, IPP 1).
    LawfulBasis {
        /// The person agreed, and can withdraw.
        Consent = "consent",
        /// The service cannot be given without it (clause 2.5).
        Contract = "contract",
        /// A law requires it (clauses 6.1 and 6.2).
        LegalObligation = "legal_obligation",
        /// It protects from a threat, or runs the platform; the person can object (clauses 6.3 and 7.3).
        LegitimateInterests = "legitimate_interests",
    }
}

closed_list! {
    /// A class of personal data, as policy and register of storage places name it.
    PersonalDataClass {
        /// Name, user name.
        Identity = "identity",
        /// Email, phone, language, time zone.
        Contact = "contact",
        /// Residential address.
        Address = "address",
        /// Documents and images of a verification.
        Documents = "documents",
        /// Device and cookie identifiers, IP addresses, programs.
        Device = "device",
        /// Password hashes, second factors, sessions.
        Security = "security",
        /// What was written to the person, or by the person.
        Messages = "messages",
        /// What the person agreed to, and what was done, as evidence.
        Evidence = "evidence",
        /// What a law keeps beyond the account.
        Statutory = "statutory",
    }
}

closed_list! {
    /// A class of recipients.
    RecipientClass {
        GroupCompany = "group_company",
        AnalyticsProvider = "analytics_provider",
        SearchProvider = "search_provider",
        Advertiser = "advertiser",
        Acquirer = "acquirer",
        Court = "court",
        StateBody = "state_body",
        LawEnforcement = "law_enforcement",
        RightsProtection = "rights_protection",
        ServiceProcessor = "service_processor",
    }
}

impl RecipientClass {
    /// Whether nothing personal ever goes there, only counts (clauses 4.2 and 4.3).
    pub const fn receives_aggregates_only(self) -> bool {
        matches!(self, Self::AnalyticsProvider | Self::SearchProvider | Self::Advertiser)
    }
}

/// The text names no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a purpose")]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        Self::parse(text).ok_or(UnknownPurpose)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Purpose {
    /// Its basis: what the code enforces, and so what every definition says.
    pub const fn lawful_basis(self) -> LawfulBasis {
        match self {
            Self::Service | Self::Notices => LawfulBasis::Contract,
            Self::IdentityVerification => LawfulBasis::LegalObligation,
            Self::Content | Self::Administration | Self::Security | Self::Support => {
                LawfulBasis::LegitimateInterests
            }
            Self::Analytics
            | Self::Troubleshooting
            | Self::Advertising
            | Self::Innovations
            | Self::GroupSharing
            | Self::BusinessTransfer
            | Self::CompelledDisclosure
            | Self::RightsProtection
            | Self::CrossBorderTransfer => LawfulBasis::Consent,
        }
    }

    /// The clause that names it.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::Service => "3.1",
            Self::Notices | Self::Innovations => "3.3",
            Self::IdentityVerification => "3.2",
            Self::Content => "3.4",
            Self::Administration => "3.5",
            Self::Security => "3.6",
            Self::Support => "3.7",
            Self::Analytics | Self::Troubleshooting => "2.2",
            Self::Advertising => "4.3",
            Self::GroupSharing => "4.1",
            Self::BusinessTransfer => "4.4",
            Self::CompelledDisclosure => "4.5",
            Self::RightsProtection => "4.6",
            Self::CrossBorderTransfer => "5.4",
        }
    }

    /// Whether the service cannot be given without it (clause 2.5).
    pub const fn is_required(self) -> bool {
        matches!(self.lawful_basis(), LawfulBasis::Contract)
    }

    /// Whether accepting the policy expresses it, apart from specific consent (clause 4.8).
    pub const fn is_by_policy(self) -> bool {
        matches!(
            self,
            Self::GroupSharing
                | Self::BusinessTransfer
                | Self::CompelledDisclosure
                | Self::RightsProtection
                | Self::CrossBorderTransfer
        )
    }

    /// Whether a person says yes or no to it; the other purposes are objected to (clause 7.3).
    pub const fn is_answerable(self) -> bool {
        matches!(self.lawful_basis(), LawfulBasis::Consent | LawfulBasis::Contract)
    }

    /// Whether it rests on a device cookie, and so is asked of devices too (clause 2.6).
    pub const fn is_of_device(self) -> bool {
        matches!(self, Self::Analytics | Self::Troubleshooting | Self::Advertising)
    }

    /// Whether Global Privacy Control refuses it.
    pub const fn is_refused_by_gpc(self) -> bool {
        matches!(self, Self::Analytics | Self::Advertising)
    }

    /// Whether what comes of it are counts alone (clauses 4.2 and 4.3).
    pub const fn is_counted(self) -> bool {
        matches!(self, Self::Analytics | Self::Advertising)
    }

    /// The purposes that accepting a policy version expresses.
    pub fn expressed_by_policy() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|purpose| purpose.is_by_policy())
    }
}

/// What a purpose means in a version of the policy; a change of any field makes it another
/// definition, asked anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurposeDefinition {
    pub purpose: Purpose,
    pub clause: String,
    pub lawful_basis: LawfulBasis,
    pub required: bool,
    pub text: String,
    pub data_classes: Vec<PersonalDataClass>,
    pub recipients: Vec<RecipientClass>,
    /// Countries outside of which the data never are; none means at home only.
    pub countries: Vec<Country>,
    /// How long the data are kept for it: an ISO 8601 duration, `account`, or `account+` a duration.
    pub retention: String,
    /// After so many days a consent has to be asked anew.
    pub consent_days: Option<u32>,
}

/// Whether a text says how long data are kept.
pub fn is_retention(text: &str) -> bool {
    let is_duration = |text: &str| {
        let count = text.strip_prefix('P').and_then(|rest| rest.strip_suffix(['D', 'M', 'Y']));
        count.is_some_and(|count| {
            (1..=4).contains(&count.len())
                && count.bytes().all(|b| b.is_ascii_digit())
                && !count.starts_with('0')
        })
    };
    text == "account" || is_duration(text.strip_prefix("account+").unwrap_or(text))
}

impl PurposeDefinition {
    /// Identifies the words and facts that a person agreed to: SHA-256 over the fields, each followed by
    /// a line feed, in this order: `purpose-definition-1`, purpose, clause, lawful basis, required, text,
    /// data classes, recipients, countries, retention, days of a consent. Lists are joined by commas.
    pub fn hash(&self) -> [u8; 32] {
        let list = |items: Vec<String>| items.join(",");
        let parts = [
            "purpose-definition-1".to_owned(),
            self.purpose.as_str().to_owned(),
            self.clause.clone(),
            self.lawful_basis.as_str().to_owned(),
            self.required.to_string(),
            self.text.clone(),
            list(self.data_classes.iter().map(|class| class.as_str().to_owned()).collect()),
            list(self.recipients.iter().map(|class| class.as_str().to_owned()).collect()),
            list(self.countries.iter().map(ToString::to_string).collect()),
            self.retention.clone(),
            self.consent_days.map(|days| days.to_string()).unwrap_or_default(),
        ];
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part);
            hash.update("\n");
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_is_a_duration_or_ends_with_the_account() {
        for good in ["P90D", "P5Y", "P12M", "account", "account+P5Y"] {
            assert!(is_retention(good), "{good}");
        }
        for bad in
            ["", "P", "PD", "P0D", "P90", "90D", "P90W", "P12345D", "account+", "account+account", "p5y"]
        {
            assert!(!is_retention(bad), "{bad}");
        }
    }
}
