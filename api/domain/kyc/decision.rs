//! Decisions about verifications: what was decided, by whom, and what it rested on.

use serde::{Deserialize, Serialize};

use super::{KycItem, RejectionReason, case::Rejection, rules::KycRule};
use crate::domain::{
    closed_list::closed_list,
    evidence::{Act, Evidence, Facts},
    ids::{AccountId, KycCaseId, KycDecisionId, LeafId, StaffId},
    time::Timestamp,
};

closed_list! {
    /// What is decided.
    KycOutcome {
        Approved = "approved",
        Rejected = "rejected",
        /// Single items are asked for again.
        Resubmission = "resubmission",
    }
}

closed_list! {
    /// Whether a decision stands.
    DecisionStep {
        /// It waits for a second reviewer who decides the same.
        Proposed = "proposed",
        Final = "final",
    }
}

/// A rule that a reviewer found kept where the machine did not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub rule: KycRule,
    pub item: KycItem,
}

/// A decision; a row that is only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KycDecision {
    pub account_id: AccountId,
    /// The person's own count of events.
    pub sequence: i64,
    pub id: KycDecisionId,
    pub case_id: KycCaseId,
    pub staff_id: StaffId,
    pub outcome: KycOutcome,
    pub step: DecisionStep,
    pub rejections: Vec<Rejection>,
    pub overrides: Vec<Override>,
    pub decided_at: Timestamp,
    pub leaf_id: LeafId,
}

pub const KYC_PROPOSED: Act = Act { name: "kyc.decision_proposed", object: "kyc_decision", clause: "1.3" };
pub const KYC_APPROVED: Act = Act { name: "kyc.approved", object: "kyc_decision", clause: "1.3" };
pub const KYC_REJECTED: Act = Act { name: "kyc.rejected", object: "kyc_decision", clause: "1.3" };
pub const KYC_RESUBMISSION: Act =
    Act { name: "kyc.resubmission_asked", object: "kyc_decision", clause: "1.3" };

impl Evidence for KycDecision {
    fn act(&self) -> &'static Act {
        match (self.step, self.outcome) {
            (DecisionStep::Proposed, _) => &KYC_PROPOSED,
            (DecisionStep::Final, KycOutcome::Approved) => &KYC_APPROVED,
            (DecisionStep::Final, KycOutcome::Rejected) => &KYC_REJECTED,
            (DecisionStep::Final, KycOutcome::Resubmission) => &KYC_RESUBMISSION,
        }
    }

    fn facts(&self) -> Facts {
        let told = |rejection: &Rejection| pair(rejection.item.as_str(), rejection.reason.as_str());
        let found = |kept: &Override| pair(kept.rule.as_str(), kept.item.as_str());
        vec![
            ("decision", self.id.to_string()),
            ("account", self.account_id.to_string()),
            ("sequence", self.sequence.to_string()),
            ("kyc_case", self.case_id.to_string()),
            ("outcome", self.outcome.as_str().to_owned()),
            ("rejections", self.rejections.iter().map(told).collect::<Vec<_>>().join(",")),
            ("overrides", self.overrides.iter().map(found).collect::<Vec<_>>().join(",")),
            ("staff", self.staff_id.to_string()),
            ("decided_at", self.decided_at.to_string()),
        ]
    }
}

fn pair(one: &str, other: &str) -> String {
    format!("{one}:{other}")
}

/// Why a decision contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionFault {
    /// An approval rejects something.
    RejectsWhatItApproves,
    /// A refusal does not say of what, and why.
    SaysNotWhy,
    /// A reviewer finds rules kept and does not say why.
    OverridesWithoutGrounds,
    /// An item stands twice.
    ItemTwice,
    /// No account is without a verified address.
    NothingToAsk,
    /// No reviewer may find this rule kept.
    NotToBeOverridden,
}

/// What is wrong with a decision in itself, whatever the verification is like.
pub fn fault_of(
    outcome: KycOutcome,
    rejections: &[(KycItem, RejectionReason)],
    overrides: &[Override],
) -> Option<DecisionFault> {
    let is_twice = rejections
        .iter()
        .enumerate()
        .any(|(n, (item, _))| rejections.iter().skip(n + 1).any(|(other, _)| other == item));
    match outcome {
        _ if is_twice => Some(DecisionFault::ItemTwice),
        KycOutcome::Resubmission if rejections.iter().any(|(item, _)| *item == KycItem::VerifiedEmail) => {
            Some(DecisionFault::NothingToAsk)
        }
        KycOutcome::Approved if !rejections.is_empty() => Some(DecisionFault::RejectsWhatItApproves),
        KycOutcome::Rejected | KycOutcome::Resubmission if rejections.is_empty() => {
            Some(DecisionFault::SaysNotWhy)
        }
        _ if !overrides.iter().all(|kept| kept.rule.may_be_overridden()) => {
            Some(DecisionFault::NotToBeOverridden)
        }
        _ => None,
    }
}

/// What the law wants kept of a verification that was approved, as it is written before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KycRecord {
    pub name: String,
    pub birth_date: String,
    pub residence: String,
    pub documents: Vec<RecordedDocument>,
    pub decision_id: KycDecisionId,
    pub decided_at: String,
    /// The law that wants it kept.
    pub law: String,
}

/// A document in the record; its pictures are not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedDocument {
    pub kind: String,
    pub issuer_class: String,
    pub country: String,
    pub number: Option<String>,
    pub issued_on: Option<String>,
    pub expires_on: Option<String>,
}

/// The duty to keep it, and for how long after the account ends.
pub const RECORD_LAW: &str =
    "Anti-Money Laundering and Countering Financing of Terrorism Act 2009 (NZ), s 50";
pub const RECORD_YEARS: u16 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_says_what_it_has_to_and_nothing_else() {
        use DecisionFault::*;
        use KycOutcome::*;
        let late = (KycItem::AddressProof, RejectionReason::TooOld);
        let name = Override { rule: KycRule::DocumentName, item: KycItem::FirstIdentityDocument };
        let age = Override { rule: KycRule::OfAge, item: KycItem::PersonalDetails };
        assert_eq!(fault_of(Approved, &[], &[]), None);
        assert_eq!(fault_of(Approved, &[], &[name]), None);
        assert_eq!(fault_of(Approved, &[], &[age]), Some(NotToBeOverridden));
        assert_eq!(fault_of(Approved, &[late], &[]), Some(RejectsWhatItApproves));
        let email = (KycItem::VerifiedEmail, RejectionReason::NotVerifiable);
        assert_eq!(fault_of(Resubmission, &[email], &[]), Some(NothingToAsk));
        for outcome in [Rejected, Resubmission] {
            assert_eq!(fault_of(outcome, &[late], &[]), None);
            assert_eq!(fault_of(outcome, &[], &[]), Some(SaysNotWhy));
            assert_eq!(fault_of(outcome, &[late, late], &[]), Some(ItemTwice));
        }
    }
}
