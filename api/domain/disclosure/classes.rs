//! The table of recipient classes: what each may be told, on which consent, with what beside it.

use super::DisclosureState;
use super::scope::DisclosureField::{
    self, BirthDate, DisplayName, Email, IdentityDocuments, Phone, RealName, RegisteredAt, Residence,
    VerificationStatus,
};
use crate::domain::{
    closed_list::closed_list,
    consent::ConsentKind,
    purpose::{Purpose, RecipientClass},
};

closed_list! {
    /// Why something was disclosed, as its person sees it; no case text ever stands beside it.
    PublicPurpose {
        /// Sharing inside the business group (clause 4.1).
        GroupSharing = "group_sharing",
        /// The company, or nearly all of it, was bought (clause 4.4).
        BusinessTransfer = "business_transfer",
        /// A court decided it (clause 4.5).
        CourtDecision = "court_decision",
        /// A state body ordered it (clause 4.5).
        StateOrder = "state_order",
        /// To prevent fraud (clause 4.7).
        FraudPrevention = "fraud_prevention",
        /// To protect rights, property or security (clause 4.6).
        ProtectionOfRights = "protection_of_rights",
        /// An authority of another country took data that are stored there (clauses 5.4 to 5.6).
        AuthorityAccess = "authority_access",
    }
}

/// One row of the table. A class without a row is never told anything about a person (clauses 4.2 and 4.3).
#[derive(Debug)]
pub struct ClassRule {
    pub class: RecipientClass,
    /// The purpose whose consent has to stand.
    pub purpose: Purpose,
    pub public_purpose: PublicPurpose,
    pub clause: &'static str,
    /// What the consent that accepting the policy expresses suffices for.
    pub by_policy: &'static [DisclosureField],
    /// What the person is asked for besides.
    pub by_request: &'static [DisclosureField],
    /// Whether it takes the order of a court or state body.
    pub takes_instrument: bool,
    /// Whether somebody has to write down what it is for.
    pub takes_ground: bool,
    /// Whether an order, or a law, may keep the person from being told at once.
    pub may_be_silent: bool,
    /// What the recipient is bound to; it goes with every package.
    pub conditions: &'static str,
}

const EVERYTHING: &[DisclosureField] = &[
    RealName,
    DisplayName,
    Email,
    Phone,
    BirthDate,
    Residence,
    IdentityDocuments,
    VerificationStatus,
    RegisteredAt,
];

const AS_ORDERED: &str = "Use it for the matter of the order alone, keep it no longer than that takes, \
and pass it on only where a law demands it.";

/// The table.
pub const CLASS_RULES: &[ClassRule] = &[
    ClassRule {
        class: RecipientClass::GroupCompany,
        purpose: Purpose::GroupSharing,
        public_purpose: PublicPurpose::GroupSharing,
        clause: "4.1",
        by_policy: &[RealName, DisplayName, Email, Phone, VerificationStatus, RegisteredAt],
        by_request: &[BirthDate, Residence],
        takes_instrument: false,
        takes_ground: false,
        may_be_silent: false,
        conditions: "Use it for the services of the group that the person uses, under the policy of the group, \
and follow corrections, restrictions and erasures that you are told of.",
    },
    ClassRule {
        class: RecipientClass::Acquirer,
        purpose: Purpose::BusinessTransfer,
        public_purpose: PublicPurpose::BusinessTransfer,
        clause: "4.4",
        by_policy: &[
            RealName,
            DisplayName,
            Email,
            Phone,
            BirthDate,
            Residence,
            VerificationStatus,
            RegisteredAt,
        ],
        by_request: &[],
        takes_instrument: false,
        takes_ground: false,
        may_be_silent: false,
        conditions: "Keep the policy that the person accepted, and follow corrections, restrictions and \
erasures that you are told of.",
    },
    ClassRule {
        class: RecipientClass::Court,
        purpose: Purpose::CompelledDisclosure,
        public_purpose: PublicPurpose::CourtDecision,
        clause: "4.5",
        by_policy: EVERYTHING,
        by_request: &[],
        takes_instrument: true,
        takes_ground: false,
        may_be_silent: true,
        conditions: AS_ORDERED,
    },
    ClassRule {
        class: RecipientClass::StateBody,
        purpose: Purpose::CompelledDisclosure,
        public_purpose: PublicPurpose::StateOrder,
        clause: "4.5",
        by_policy: EVERYTHING,
        by_request: &[],
        takes_instrument: true,
        takes_ground: false,
        may_be_silent: true,
        conditions: AS_ORDERED,
    },
    ClassRule {
        class: RecipientClass::LawEnforcement,
        purpose: Purpose::RightsProtection,
        public_purpose: PublicPurpose::FraudPrevention,
        clause: "4.7",
        by_policy: &[RealName, Email, Phone, Residence, VerificationStatus, RegisteredAt],
        by_request: &[BirthDate, IdentityDocuments],
        takes_instrument: false,
        takes_ground: true,
        may_be_silent: true,
        conditions: "Use it to prevent or pursue fraud alone, and keep it no longer than that takes.",
    },
    ClassRule {
        class: RecipientClass::RightsProtection,
        purpose: Purpose::RightsProtection,
        public_purpose: PublicPurpose::ProtectionOfRights,
        clause: "4.6",
        by_policy: &[RealName, Email, Phone, Residence, RegisteredAt],
        by_request: &[BirthDate],
        takes_instrument: false,
        takes_ground: true,
        may_be_silent: false,
        conditions: "Use it to pursue or defend the named claim alone, and keep it no longer than that takes.",
    },
];

/// Why something went to a recipient, and under which clause, as its person sees it.
pub fn told_as(state: DisclosureState, class: RecipientClass) -> (PublicPurpose, &'static str) {
    if state == DisclosureState::Recorded {
        return (PublicPurpose::AuthorityAccess, "5.5");
    }
    let rule = ClassRule::of(class);
    rule.map_or((PublicPurpose::GroupSharing, ""), |rule| (rule.public_purpose, rule.clause))
}

impl ClassRule {
    /// The row of a class.
    pub fn of(class: RecipientClass) -> Option<&'static Self> {
        CLASS_RULES.iter().find(|rule| rule.class == class)
    }

    /// The consent that these fields take; `None` if one of them is never disclosed to the class.
    pub fn consent_for(&self, fields: &[DisclosureField]) -> Option<ConsentKind> {
        let mut kind = ConsentKind::PolicyClause;
        for field in fields {
            if self.by_request.contains(field) {
                kind = ConsentKind::Specific;
            } else if !self.by_policy.contains(field) {
                return None;
            }
        }
        Some(kind)
    }

    /// Whether a consent of this kind covers these fields; who is asked has said more than who accepted.
    pub fn allows(&self, fields: &[DisclosureField], kind: ConsentKind) -> bool {
        // What is compelled is never recorded as a free consent.
        let is_free = !self.takes_instrument || kind == ConsentKind::PolicyClause;
        let least = self.consent_for(fields);
        let suffices = least.is_some_and(|least| kind == ConsentKind::Specific || kind == least);
        !fields.is_empty() && is_free && suffices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_counts_have_no_personal_variant() {
        for class in RecipientClass::ALL {
            let rows = CLASS_RULES.iter().filter(|rule| rule.class == *class).count();
            let none = class.receives_aggregates_only() || *class == RecipientClass::ServiceProcessor;
            assert_eq!(rows, usize::from(!none), "{class:?}");
        }
    }

    #[test]
    fn the_words_of_the_policy_cover_what_accepting_them_suffices_for() {
        let policy = crate::domain::policy::first_version().unwrap();
        for rule in CLASS_RULES {
            let words = policy.definition(rule.purpose).unwrap();
            assert!(words.recipients.contains(&rule.class), "{rule:?}");
            for field in rule.by_policy {
                assert!(words.data_classes.contains(&field.data_class()), "{rule:?} {field:?}");
            }
        }
    }

    #[test]
    fn a_purpose_of_the_table_is_expressed_by_the_policy_and_no_compelled_act_is_asked_for() {
        for rule in CLASS_RULES {
            assert!(rule.purpose.is_by_policy(), "{rule:?}");
            assert!(!rule.by_policy.iter().any(|field| rule.by_request.contains(field)), "{rule:?}");
            let is_compelled = rule.purpose == Purpose::CompelledDisclosure;
            assert_eq!(rule.takes_instrument, is_compelled, "{rule:?}");
            assert!(!is_compelled || rule.by_request.is_empty(), "{rule:?}");
        }
    }

    #[test]
    fn asking_covers_what_the_policy_covers_and_not_the_other_way_round() {
        let group = ClassRule::of(RecipientClass::GroupCompany).unwrap();
        assert!(group.allows(&[RealName], ConsentKind::PolicyClause));
        assert!(group.allows(&[RealName], ConsentKind::Specific));
        assert!(!group.allows(&[RealName, BirthDate], ConsentKind::PolicyClause));
        assert!(group.allows(&[RealName, BirthDate], ConsentKind::Specific));
        assert!(!group.allows(&[IdentityDocuments], ConsentKind::Specific));
        assert!(!group.allows(&[], ConsentKind::Specific));
        assert!(ClassRule::of(RecipientClass::Advertiser).is_none());
    }
}
