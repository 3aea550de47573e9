//! Restrictions and objections: what a person keeps from being done with their data (clause 7.3).

use super::{refusal::GateRefusal, scope::DisclosureField};
use crate::domain::{
    closed_list::closed_list,
    ids::{AccountId, ProcessingLimitId},
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

/// One restriction or objection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessingLimit {
    pub account_id: AccountId,
    pub id: ProcessingLimitId,
    pub kind: LimitKind,
    /// The purpose that it is about; all if none.
    pub purpose: Option<Purpose>,
    /// The class of data that it is about; all if none.
    pub data_class: Option<PersonalDataClass>,
    pub began_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl ProcessingLimit {
    /// What it keeps shut when these fields are to be disclosed for this purpose.
    pub fn refuses(&self, purpose: Purpose, fields: &[DisclosureField]) -> Option<GateRefusal> {
        let is_about = self.ended_at.is_none()
            && self.purpose.is_none_or(|about| about == purpose)
            && self.data_class.is_none_or(|about| fields.iter().any(|field| field.data_class() == about));
        is_about.then_some(match self.kind {
            LimitKind::Restriction => GateRefusal::Restricted,
            LimitKind::Objection => GateRefusal::Objected,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_about_its_purpose_and_class_alone() {
        let now = Timestamp::from_micros(1_800_000_000_000_000).unwrap();
        let limit = |purpose, data_class, ended_at| ProcessingLimit {
            account_id: AccountId::generate(now),
            id: ProcessingLimitId::generate(now),
            kind: LimitKind::Objection,
            purpose,
            data_class,
            began_at: now,
            ended_at,
        };
        let refuses = |limit: ProcessingLimit| {
            limit.refuses(Purpose::GroupSharing, &[DisclosureField::Email, DisclosureField::RealName])
        };
        let (group, contact) = (Some(Purpose::GroupSharing), Some(PersonalDataClass::Contact));
        assert_eq!(refuses(limit(None, None, None)), Some(GateRefusal::Objected));
        assert_eq!(refuses(limit(group, contact, None)), Some(GateRefusal::Objected));
        assert_eq!(refuses(limit(Some(Purpose::BusinessTransfer), None, None)), None);
        assert_eq!(refuses(limit(group, Some(PersonalDataClass::Address), None)), None);
        assert_eq!(refuses(limit(None, None, Some(now))), None);
    }
}
