//! What goes over the wire, in and out. Views derive serde and the contract, never diesel.
//!
//! Each body has an [`Example`], built from its own type, that the contract shows and a test sends.

mod account;
mod challenge;
mod consent;
mod device;
mod disclosure;
mod instrument;
mod kyc;
mod kyc_review;
mod kyc_signals;
mod log;
mod notice;
mod obligation;
mod own_disclosure;
mod partner;
mod password;
mod policy_draft;
mod policy_version;
mod processing;
mod recipient;
mod rectification;
mod registration;
mod report;
mod retention;
mod rights_link;
mod rights_request;
mod security;
mod session;
mod signing_key;
mod staff;
mod step_up;
mod support;
mod transfer;
mod transparency;
mod webhook;

pub use account::{AccountChangePage, AccountChangeView, AccountView, DataConfirmationView, UpdateAccount};
pub use challenge::{
    AnswerSignInChallenge, CancelledFactorResetView, ContinueSignInChallenge, FactorResetView,
    SignInChallengeView, SignInView, SignedInView,
};
pub use consent::{
    ConsentDecisionView, ConsentEventPageView, ConsentEventView, ConsentOverviewView, ConsentReceiptView,
    ConsentView, DecideOnPolicy, PolicyDecisionPageView, PolicyDecisionView, SetConsent, StoragePlaces,
};
pub use device::{CookieRegister, DeviceConsentsView, GpcSupport, SetDeviceConsents};
pub use disclosure::{
    DisclosurePackageView, DraftDisclosure, PartnerDisclosurePageView, PartnerDisclosureView,
    RecordAuthorityAccess, ReviewDisclosure, StaffDisclosureDetailView, StaffDisclosurePageView,
    WriteDisclosure,
};
pub use instrument::{
    InstrumentPageView, InstrumentView, OpenedInstrumentView, RegisterInstrument, SilenceDisclosure,
};
pub use kyc::{
    Days, KycDetailsView, KycDocumentView, KycRequirementView, KycSubmissionView, KycView, Picture,
    PrivateReason, RequestKyc, ResidenceView, SetKycDetails, SetResidence, StaffKycCaseView,
    UploadKycDocument,
};
pub use kyc_review::{
    AddKycNote, AssignKycCase, Assignee, DecideKycCase, KycDecisionView, KycNoteView, OpenKycDetails,
    OpenKycImage, OpenedKycDetailsView, OpenedKycImageView, StaffKycCaseDetailView, StaffKycCasePageView,
};
pub use kyc_signals::{
    ExtendKycCase, ReportSignals, SignalReportView, StaffKycFlagPageView, StaffKycFlagView, WithdrawKycCase,
};
pub use log::{LogCheckpointView, LogConsistencyProofView, LogInclusionProofView};
pub use notice::{NoticePageView, NoticeView};
pub use obligation::{
    ObligationPageView, ObligationView, PartnerObligationPageView, PartnerObligationView,
    StaffObligationPageView, StaffObligationView,
};
pub use own_disclosure::{
    AnswerConsentRequest, ConsentRequestPageView, ConsentRequestView, DisclosureLogEntryView,
    DisclosureLogPageView, DisclosureProofView,
};
pub use partner::{
    AccessTokenView, AddPartnerCredential, AddedPartnerCredentialView, CreateAccessToken,
    CreatePartnerClient, OAuthErrorCode, OAuthErrorView, PartnerClientPageView, PartnerClientView,
    PartnerCredentialView, RetirePartnerCredential,
};
pub use password::{
    ChangePassword, ConfirmPasswordReset, PasswordChangedView, PasswordResetDoneView, PasswordResetView,
    RequestPasswordReset,
};
pub use policy_draft::{DiscardedPolicyDraftView, DraftPolicyVersion, PolicyDraftView, PublishPolicyVersion};
pub use policy_version::{
    ClauseRulesView, ClauseView, PolicyChangesView, PolicyVersionPageView, PolicyVersionView,
    PurposeCatalogue, PurposeDefinitionView, StoragePlaceView,
};
pub use processing::ProcessingRecords;
pub use recipient::{
    ActivateRecipient, RecipientEventPageView, RecipientListView, RecipientView, StaffRecipientPageView,
    StaffRecipientView, WriteRecipient,
};
pub use rectification::{
    AttachStatement, ContestedValueView, CorrectedValueView, EvidenceFileView, OpenRightsEvidence,
    OpenedCorrectionView, OpenedEvidenceView, OpenedRequesterView, RectificationView, SetCorrection,
    UploadRightsEvidence,
};
pub use registration::{ConsentChoice, RegisterAccount, RegistrationView, VerifiedAccount, VerifyAccount};
pub use report::{
    AdClickReportPageView, AdEventResultsView, AdvertisementPageView, AdvertisementView,
    RegisterAdvertisement, ReportAdEvents,
};
pub use retention::RetentionReportView;
pub use rights_link::{
    FileRightsRequestByLink, PreviewRightsRequestByLink, RequestRightsLink, RightsLinkView,
    UploadRightsEvidenceByToken,
};
pub use rights_request::{
    AnswerRightsRequest, ExtendRightsRequest, FileRightsRequest, FiledRightsRequestView, Filing,
    PreviewRightsRequest, ReadRightsResult, RightsRequestPageView, RightsRequestPreviewView,
    RightsRequestResultView, RightsRequestView, StaffRightsRequestPageView, StaffRightsRequestView, ZipFile,
};
pub use security::{
    AccountClosureView, AccountSecurityView, ConfirmCode, ConfirmTotp, ContactChangedView, EmailChangeView,
    FactorChangedView, PhoneChangeView, ProposedTotpView, RecoveryCodesView, RequestEmailChange,
    RequestPhoneChange,
};
pub use session::{
    CreateSession, EndedSessionView, EndedSessionsView, LinkToken, RefreshDelivery, RefreshSession,
    SessionPageView, SessionTokens, SessionView,
};
pub use signing_key::{SigningKeySet, SigningKeyView};
pub use staff::{
    AcceptStaffInvitation, AllowReads, ApprovedFactorResetView, ConfirmStaffInvitation, CreateStaffSession,
    DecideRoleGrant, EndedStaffSessionView, FindPerson, InviteStaffMember, MaskedPersonView,
    OpenedFieldsView, ProposeRole, ProposedStaffTotpView, ReadAllowanceView, ReadPersonalData,
    RoleGrantPageView, RoleGrantView, StaffMemberPageView, StaffMemberView, StaffSessionTokens,
    StaffSteppedUpView, StepUpStaffSession,
};
pub use step_up::{SendStepUpCode, SentCodeView, StepUpSession, SteppedUpView};
pub use support::{
    AccessLogEntryView, AccessLogPageView, OpenStaffSupportCase, OpenSupportCase, SendSupportMessage,
    StaffSupportCasePageView, StaffSupportCaseView, StaffSupportCaseWithMessagesView, SupportCasePageView,
    SupportCaseView, SupportCaseWithMessagesView, SupportMessageView,
};
pub use transfer::{
    ApproveTransfer, DraftTransfer, OwnTransferListView, OwnTransferView, TransferEntryPageView,
    TransferPageView, TransferView,
};
pub use transparency::TransparencyView;
pub use webhook::{
    SetWebhookEndpoint, WebhookDeliveryPageView, WebhookDeliveryView, WebhookEndpointView, WebhookSecretView,
};

use std::borrow::Cow;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};
use zeroize::Zeroizing;

use crate::domain::encoding::unhex;

/// A body as the contract shows it.
pub trait Example {
    /// The JSON of a typical value.
    fn example() -> serde_json::Value;
}

/// A member of an example, for use in another one.
fn member(example: &serde_json::Value, name: &str) -> serde_json::Value {
    example.get(name).cloned().unwrap_or_default()
}

/// Tells an absent field from one that is `null`, which only a field that is nullable takes.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A text that is a secret: never in debug output, wiped after use.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret<const MAX: usize>(pub Zeroizing<String>);

impl<const MAX: usize> PartialSchema for Secret<MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX)).min_length(Some(1)).into()
    }
}

impl<const MAX: usize> ToSchema for Secret<MAX> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Secret{MAX}"))
    }
}

/// A SHA-256 as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Sha256Hex(pub [u8; 32]);

impl TryFrom<String> for Sha256Hex {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        unhex(&text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or("invalid_hash")
    }
}

/// Eight digits, as mailed or sent.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct MailedCode(pub Zeroizing<String>);

impl TryFrom<String> for MailedCode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let valid = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
        if valid { Ok(Self(Zeroizing::new(text))) } else { Err("invalid_code") }
    }
}

/// Writes a personal value out; where this stands, the person itself reads.
fn exposed<T: crate::domain::personal::Personal, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.expose())
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn exposed_option<T: crate::domain::personal::Personal, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_some(value.expose()),
        None => serializer.serialize_none(),
    }
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn secret_option<S: Serializer>(value: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.serialize_some(secrecy::ExposeSecret::expose_secret(value)),
        None => serializer.serialize_none(),
    }
}

/// Writes a text that was made to be shown once.
fn shown<S: Serializer>(value: &Zeroizing<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value)
}

/// Writes a token out to the one who may have it.
fn secret<S: Serializer>(value: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secrecy::ExposeSecret::expose_secret(value))
}
