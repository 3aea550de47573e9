//! Closed lists: enums whose values have one stable name, in rows and on the wire.

/// Makes an enum with its names. `serde` and the contract spell them by `snake_case`; the test of each
/// list holds the names given here against that.
macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $( $(#[$variant_doc:meta])* $variant:ident = $slug:literal, )+ }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $( $(#[$variant_doc])* $variant, )+ }

        impl $name {
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $slug, )+ }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }
    };
}
pub(crate) use closed_list;

#[cfg(test)]
mod tests {
    use crate::domain::{
        aggregate, consent, data_dictionary, device, disclosure, kyc, notice, policy, purpose, retention,
        rights, staff, transparency, webhook,
    };

    /// Whether every value is spelled alike in rows and on the wire.
    fn agrees<T: serde::Serialize + Copy>(all: &[T], name: impl Fn(T) -> &'static str) {
        for value in all {
            assert_eq!(serde_json::to_value(value).unwrap(), name(*value));
        }
    }

    #[test]
    fn every_list_is_spelled_alike_in_rows_and_on_the_wire() {
        agrees(purpose::Purpose::ALL, purpose::Purpose::as_str);
        agrees(retention::RetentionRule::ALL, retention::RetentionRule::as_str);
        agrees(purpose::LawfulBasis::ALL, purpose::LawfulBasis::as_str);
        agrees(purpose::PersonalDataClass::ALL, purpose::PersonalDataClass::as_str);
        agrees(purpose::RecipientClass::ALL, purpose::RecipientClass::as_str);
        agrees(data_dictionary::DataClass::ALL, data_dictionary::DataClass::as_str);
        agrees(data_dictionary::Protection::ALL, data_dictionary::Protection::as_str);
        agrees(policy::changes::ChangeType::ALL, policy::changes::ChangeType::as_str);
        agrees(policy::changes::SegmentKind::ALL, policy::changes::SegmentKind::as_str);
        agrees(policy::ChangeKind::ALL, policy::ChangeKind::as_str);
        agrees(consent::ConsentAction::ALL, consent::ConsentAction::as_str);
        agrees(consent::ConsentKind::ALL, consent::ConsentKind::as_str);
        agrees(consent::ConsentMethod::ALL, consent::ConsentMethod::as_str);
        agrees(consent::ConsentState::ALL, consent::ConsentState::as_str);
        agrees(consent::ConsequenceCode::ALL, consent::ConsequenceCode::as_str);
        agrees(consent::PolicyDecision::ALL, consent::PolicyDecision::as_str);
        agrees(notice::NoticeKind::ALL, notice::NoticeKind::as_str);
        agrees(notice::MailState::ALL, notice::MailState::as_str);
        agrees(disclosure::DisclosureState::ALL, disclosure::DisclosureState::as_str);
        agrees(disclosure::Silence::ALL, disclosure::Silence::as_str);
        agrees(disclosure::classes::PublicPurpose::ALL, disclosure::classes::PublicPurpose::as_str);
        agrees(
            disclosure::consent_request::ConsentRequestState::ALL,
            disclosure::consent_request::ConsentRequestState::as_str,
        );
        agrees(disclosure::event::DisclosureStep::ALL, disclosure::event::DisclosureStep::as_str);
        agrees(disclosure::limit::LimitKind::ALL, disclosure::limit::LimitKind::as_str);
        agrees(disclosure::limit::LimitStep::ALL, disclosure::limit::LimitStep::as_str);
        agrees(disclosure::recipient::RecipientState::ALL, disclosure::recipient::RecipientState::as_str);
        agrees(disclosure::recipient::RecipientStep::ALL, disclosure::recipient::RecipientStep::as_str);
        agrees(disclosure::refusal::DenialReason::ALL, disclosure::refusal::DenialReason::as_str);
        agrees(disclosure::refusal::GateRefusal::ALL, disclosure::refusal::GateRefusal::as_str);
        agrees(disclosure::scope::DisclosureField::ALL, disclosure::scope::DisclosureField::as_str);
        agrees(device::CookieName::ALL, device::CookieName::as_str);
        agrees(staff::ReadField::ALL, staff::ReadField::as_str);
        agrees(kyc::case::KycGround::ALL, kyc::case::KycGround::as_str);
        agrees(kyc::KycState::ALL, kyc::KycState::as_str);
        agrees(kyc::KycItem::ALL, kyc::KycItem::as_str);
        agrees(kyc::KycItemState::ALL, kyc::KycItemState::as_str);
        agrees(kyc::DocumentKind::ALL, kyc::DocumentKind::as_str);
        agrees(kyc::IssuerClass::ALL, kyc::IssuerClass::as_str);
        agrees(kyc::decision::KycOutcome::ALL, kyc::decision::KycOutcome::as_str);
        agrees(kyc::decision::DecisionStep::ALL, kyc::decision::DecisionStep::as_str);
        agrees(kyc::document::DocumentSide::ALL, kyc::document::DocumentSide::as_str);
        agrees(kyc::file::FileFault::ALL, kyc::file::FileFault::as_str);
        agrees(kyc::flag::FlagKind::ALL, kyc::flag::FlagKind::as_str);
        agrees(kyc::signal::SignalOutcome::ALL, kyc::signal::SignalOutcome::as_str);
        agrees(kyc::signal::SignalKind::ALL, kyc::signal::SignalKind::as_str);
        agrees(kyc::signal::ReportedSignalKind::ALL, kyc::signal::ReportedSignalKind::as_str);
        agrees(kyc::flag::FlagState::ALL, kyc::flag::FlagState::as_str);
        agrees(kyc::RejectionReason::ALL, kyc::RejectionReason::as_str);
        agrees(kyc::rules::KycRule::ALL, kyc::rules::KycRule::as_str);
        agrees(
            kyc::special_categories::SpecialCategory::ALL,
            kyc::special_categories::SpecialCategory::as_str,
        );
    }

    #[test]
    fn lists_of_what_partners_do_are_spelled_alike_too() {
        agrees(disclosure::transfer::TransferState::ALL, disclosure::transfer::TransferState::as_str);
        agrees(disclosure::transfer::TransferPart::ALL, disclosure::transfer::TransferPart::as_str);
        agrees(disclosure::obligation::ObligationKind::ALL, disclosure::obligation::ObligationKind::as_str);
        agrees(aggregate::ClickOutcome::ALL, aggregate::ClickOutcome::as_str);
        agrees(transparency::DisclosureOutcome::ALL, transparency::DisclosureOutcome::as_str);
        agrees(webhook::WebhookEventType::ALL, webhook::WebhookEventType::as_str);
        agrees(webhook::WebhookEndpointState::ALL, webhook::WebhookEndpointState::as_str);
        agrees(webhook::WebhookState::ALL, webhook::WebhookState::as_str);
        agrees(webhook::WebhookFailure::ALL, webhook::WebhookFailure::as_str);
    }

    #[test]
    fn lists_of_rights_are_spelled_alike_too() {
        agrees(rights::deadline::DeadlineLaw::ALL, rights::deadline::DeadlineLaw::as_str);
        agrees(rights::request::ErasureTime::ALL, rights::request::ErasureTime::as_str);
        agrees(rights::erasure::ErasureFate::ALL, rights::erasure::ErasureFate::as_str);
        agrees(rights::request::RightKind::ALL, rights::request::RightKind::as_str);
        agrees(rights::request::RightsState::ALL, rights::request::RightsState::as_str);
        agrees(rights::request::RightsStep::ALL, rights::request::RightsStep::as_str);
        agrees(rights::request::RefusalGround::ALL, rights::request::RefusalGround::as_str);
        agrees(rights::request::ExtensionReason::ALL, rights::request::ExtensionReason::as_str);
        agrees(rights::request::RightsConsequenceCode::ALL, rights::request::RightsConsequenceCode::as_str);
    }
}
