//! Restrictions and objections: what a person keeps from being done with their data (clause 7.3).

use super::{refusal::GateRefusal, scope::DisclosureField};
use crate::domain::{
    closed_list::closed_list,
    evidence::{Act, Evidence, Facts},
    ids::{AccountId, LeafId, ProcessingLimitId},
    purpose::{PersonalDataClass, Purpose},
    time::Timestamp,
};

closed_list! {
    /// Which right it is.
    LimitKind {
        /// Kept, and nothing else done (GDPR art. 18).
        Restriction = "restriction",
        /// Not done for the purpose (GDPR art. 21).
        Objection = "objection",
    }
}

closed_list! {
    /// What happened to it.
    LimitStep {
        Begun = "begun",
        Ended = "ended",
    }
}

/// What is kept from being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitScope {
    pub kind: LimitKind,
    /// The purpose that it is about; all if none.
    pub purpose: Option<Purpose>,
    /// The class of data that it is about; all if none.
    pub data_class: Option<PersonalDataClass>,
}

impl LimitScope {
    /// What it keeps shut when these fields are to be disclosed for this purpose.
    pub fn refuses(&self, purpose: Purpose, fields: &[DisclosureField]) -> Option<GateRefusal> {
        let is_about = self.purpose.is_none_or(|about| about == purpose)
            && self.data_class.is_none_or(|about| fields.iter().any(|field| field.data_class() == about));
        is_about.then_some(match self.kind {
            LimitKind::Restriction => GateRefusal::Restricted,
            LimitKind::Objection => GateRefusal::Objected,
        })
    }
}

impl LimitScope {
    /// Whether it keeps mail from being sent that is no answer to the person, and protects nobody.
    pub fn stops_mail(&self) -> bool {
        self.is_about(Purpose::Notices, PersonalDataClass::Contact)
    }

    /// Whether it keeps data of a class from being used for a purpose.
    pub fn is_about(&self, purpose: Purpose, class: PersonalDataClass) -> bool {
        self.purpose.is_none_or(|about| about == purpose)
            && self.data_class.is_none_or(|about| about == class)
    }
}

/// One row of the ledger of restrictions and objections; rows are only ever added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitEvent {
    pub account_id: AccountId,
    /// The person's own count of events.
    pub sequence: i64,
    pub id: ProcessingLimitId,
    pub step: LimitStep,
    pub scope: LimitScope,
    pub at: Timestamp,
    pub leaf_id: LeafId,
}

pub const LIMIT_BEGUN: Act = Act { name: "processing.limited", object: "processing_limit", clause: "7.3" };
pub const LIMIT_ENDED: Act =
    Act { name: "processing.limit_ended", object: "processing_limit", clause: "7.3" };

impl Evidence for LimitEvent {
    fn act(&self) -> &'static Act {
        match self.step {
            LimitStep::Begun => &LIMIT_BEGUN,
            LimitStep::Ended => &LIMIT_ENDED,
        }
    }

    fn facts(&self) -> Facts {
        let mut facts = vec![
            ("limit", self.id.to_string()),
            ("account", self.account_id.to_string()),
            ("sequence", self.sequence.to_string()),
            ("kind", self.scope.kind.as_str().to_owned()),
            ("at", self.at.to_string()),
        ];
        facts.extend(self.scope.purpose.map(|purpose| ("purpose", purpose.as_str().to_owned())));
        facts.extend(self.scope.data_class.map(|class| ("data_class", class.as_str().to_owned())));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_about_its_purpose_and_class_alone() {
        let refuses = |purpose, data_class| {
            let limit = LimitScope { kind: LimitKind::Objection, purpose, data_class };
            limit.refuses(Purpose::GroupSharing, &[DisclosureField::Email, DisclosureField::RealName])
        };
        let (group, contact) = (Some(Purpose::GroupSharing), Some(PersonalDataClass::Contact));
        assert_eq!(refuses(None, None), Some(GateRefusal::Objected));
        assert_eq!(refuses(group, contact), Some(GateRefusal::Objected));
        assert_eq!(refuses(Some(Purpose::BusinessTransfer), None), None);
        assert_eq!(refuses(group, Some(PersonalDataClass::Address)), None);
    }
}
