//! Messages to people: which template, in which language, with which words.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Mail,
    Sms,
}

impl Channel {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Mail, Self::Sms].into_iter().find(|channel| channel.as_str() == text)
    }
}

/// What a message says; the words are chosen when it is sent, in the person's language.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum MessageBody {
    /// An invitation to work as staff.
    StaffInvitation {
        token: Zeroizing<String>,
        hours: i64,
    },
    /// The support has answered.
    SupportAnswered {
        support_case: String,
    },
    /// The code that completes a registration.
    VerificationCode {
        code: Zeroizing<String>,
        minutes: i64,
    },
    /// Somebody registered an address that has an account.
    AddressAlreadyRegistered,
    /// The account is open.
    AccountOpened {
        policy_version: i32,
    },
    /// Somebody signed in on a device that the account was never used on.
    NewDevice {
        program: String,
        place: String,
        at: String,
        link: Zeroizing<String>,
    },
    /// The code for a step-up.
    StepUpCode {
        code: Zeroizing<String>,
        minutes: i64,
    },
    /// A code by SMS, whatever it is for.
    SmsCode {
        code: Zeroizing<String>,
        minutes: i64,
    },
    PasswordChanged {
        at: String,
    },
    /// The code that resets a password.
    PasswordResetCode {
        code: Zeroizing<String>,
        minutes: i64,
    },
    /// Somebody wanted to reset the password of an account that does not exist.
    NoAccountToReset,
    PasswordReset {
        at: String,
        waits_until: String,
    },
    /// The code that makes an address the account's.
    EmailChangeCode {
        code: Zeroizing<String>,
        minutes: i64,
    },
    /// To the address that somebody wanted to move an account to, and that has one.
    EmailChangeTaken,
    /// To the old address.
    EmailChanged {
        at: String,
    },
    FactorAdded {
        factor: Factor,
        at: String,
    },
    FactorRemoved {
        factor: Factor,
        at: String,
    },
    /// To the old number, by SMS.
    PhoneReplaced {
        at: String,
    },
    RecoveryCodesMade {
        at: String,
    },
    RecoveryCodeUsed {
        left: i64,
        at: String,
    },
    /// A sign-in had the password and not the second factor.
    SecondFactorFailing {
        at: String,
    },
    FactorResetRequested {
        at: String,
        link: Zeroizing<String>,
    },
    FactorResetCancelled {
        at: String,
    },
    FactorResetExecuted {
        at: String,
    },
    AccountClosing {
        until: String,
    },
    AccountReopened {
        at: String,
    },
    AccountClosed {
        at: String,
    },
    AccountRestricted {
        reason: String,
        clause: String,
    },
    RestrictionLifted {
        at: String,
    },
    Banned {
        ground: String,
        clause: String,
        until: String,
    },
    /// Somebody who is banned asked for an account, or for the address in another one.
    AccountRefused {
        clause: String,
        until: String,
    },
    /// The yearly question whether the data are still true.
    ConfirmYourData,
    /// A version of the policy came into force.
    PolicyPublished {
        version: i32,
        change: String,
        summary: String,
        link: String,
    },
    /// The account took over what was chosen on a device.
    DeviceChoicesMerged,
    /// A verification of identity is asked for.
    KycRequested {
        clause: String,
        until: String,
    },
    /// What a verification asks for is due soon.
    KycReminder {
        until: String,
    },
    /// It did not come in time.
    KycOverdue {
        at: String,
    },
    KycApproved {
        at: String,
    },
    KycRejected {
        at: String,
    },
    /// Single items are asked for again.
    KycResubmission {
        until: String,
    },
    /// There is more time.
    KycExtended {
        until: String,
    },
    /// The consent to a disclosure is asked for.
    ConsentAsked {
        recipient: String,
        until: String,
    },
    /// Data were disclosed.
    DataDisclosed {
        recipient: String,
        at: String,
    },
    /// A verification is asked for no longer.
    KycWithdrawn {
        at: String,
    },
    /// The data are to go to a buyer of the company, unless the person objects.
    TransferAnnounced {
        recipient: String,
        until: String,
    },
    /// A rights request arrived.
    RightsRequestFiled {
        until: String,
    },
    /// An erasure is carried out at an instant.
    ErasureScheduled {
        at: String,
    },
    /// An erasure of a class of data is carried out at an instant.
    PartErasureScheduled {
        at: String,
    },
    /// A class of data was erased; the account goes on.
    PartErased {
        at: String,
    },
    /// The data of a closed account are being erased: the last that its person is told.
    ClosedAccountErased {
        at: String,
    },
    /// The data that were asked for can be downloaded until an instant.
    ArchiveReady {
        until: String,
    },
    /// It is being carried out: the last that its person is told.
    ErasureBegun {
        at: String,
    },
    /// A correction waits for somebody to look at what shows it.
    CorrectionFiled {
        until: String,
    },
    /// A value was corrected.
    CorrectionMade {
        at: String,
    },
    /// A value was not corrected.
    CorrectionRefused {
        clause: String,
        law: String,
    },
    /// A link by which rights are used without signing in.
    RightsLink {
        link: Zeroizing<String>,
        hours: i64,
    },
    /// Such a link was asked for, and the address has no account.
    NoAccountForRights,
    /// Whoever asked by a link is taken for the person.
    IdentitySeen {
        at: String,
    },
    /// A request is not carried out.
    RequestNotCarriedOut {
        clause: String,
        law: String,
    },
    /// A request is due, or overdue: for those who answer it.
    RightsRequestDue {
        request: String,
        until: String,
    },
    /// More proof is asked for.
    ProofAsked {
        at: String,
    },
    /// Its answer takes longer.
    RightsRequestExtended {
        until: String,
    },
    RightsRequestGranted {
        at: String,
    },
    /// What it asked for ends.
    RightsRequestRefused {
        clause: String,
        law: String,
        until: String,
    },
}

/// A second factor, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    Totp,
    Phone,
}

impl Factor {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Phone => "phone",
        }
    }
}

impl MessageBody {
    /// The key of its texts in the message catalogue.
    #[expect(clippy::too_many_lines, reason = "a line for each message")]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::VerificationCode { .. } => "mail-verification-code",
            Self::AddressAlreadyRegistered => "mail-address-already-registered",
            Self::AccountOpened { .. } => "mail-account-opened",
            Self::NewDevice { .. } => "mail-new-device",
            Self::StepUpCode { .. } => "mail-step-up-code",
            Self::SmsCode { .. } => "sms-code",
            Self::PasswordChanged { .. } => "mail-password-changed",
            Self::PasswordResetCode { .. } => "mail-password-reset-code",
            Self::NoAccountToReset => "mail-no-account-to-reset",
            Self::PasswordReset { .. } => "mail-password-reset",
            Self::EmailChangeCode { .. } => "mail-email-change-code",
            Self::EmailChangeTaken => "mail-email-change-taken",
            Self::EmailChanged { .. } => "mail-email-changed",
            Self::FactorAdded { .. } => "mail-factor-added",
            Self::FactorRemoved { .. } => "mail-factor-removed",
            Self::PhoneReplaced { .. } => "sms-phone-replaced",
            Self::RecoveryCodesMade { .. } => "mail-recovery-codes-made",
            Self::RecoveryCodeUsed { .. } => "mail-recovery-code-used",
            Self::SecondFactorFailing { .. } => "mail-second-factor-failing",
            Self::FactorResetRequested { .. } => "mail-factor-reset-requested",
            Self::FactorResetCancelled { .. } => "mail-factor-reset-cancelled",
            Self::FactorResetExecuted { .. } => "mail-factor-reset-executed",
            Self::AccountClosing { .. } => "mail-account-closing",
            Self::AccountReopened { .. } => "mail-account-reopened",
            Self::AccountClosed { .. } => "mail-account-closed",
            Self::AccountRestricted { .. } => "mail-account-restricted",
            Self::RestrictionLifted { .. } => "mail-restriction-lifted",
            Self::Banned { .. } => "mail-banned",
            Self::AccountRefused { .. } => "mail-account-refused",
            Self::ConfirmYourData => "mail-confirm-your-data",
            Self::PolicyPublished { .. } => "mail-policy-published",
            Self::DeviceChoicesMerged => "mail-device-choices-merged",
            Self::KycRequested { .. } => "mail-kyc-requested",
            Self::KycReminder { .. } => "mail-kyc-reminder",
            Self::KycOverdue { .. } => "mail-kyc-overdue",
            Self::KycApproved { .. } => "mail-kyc-approved",
            Self::KycRejected { .. } => "mail-kyc-rejected",
            Self::KycResubmission { .. } => "mail-kyc-resubmission",
            Self::KycExtended { .. } => "mail-kyc-extended",
            Self::KycWithdrawn { .. } => "mail-kyc-withdrawn",
            Self::ConsentAsked { .. } => "mail-consent-asked",
            Self::DataDisclosed { .. } => "mail-data-disclosed",
            Self::TransferAnnounced { .. } => "mail-transfer-announced",
            Self::RightsRequestFiled { .. } => "mail-rights-request-filed",
            Self::ErasureScheduled { .. } => "mail-erasure-scheduled",
            Self::PartErasureScheduled { .. } => "mail-part-erasure-scheduled",
            Self::PartErased { .. } => "mail-part-erased",
            Self::ErasureBegun { .. } => "mail-erasure-begun",
            Self::ClosedAccountErased { .. } => "mail-closed-account-erased",
            Self::ArchiveReady { .. } => "mail-archive-ready",
            Self::CorrectionFiled { .. } => "mail-correction-filed",
            Self::CorrectionMade { .. } => "mail-correction-made",
            Self::CorrectionRefused { .. } => "mail-correction-refused",
            Self::RightsLink { .. } => "mail-rights-link",
            Self::NoAccountForRights => "mail-no-account-for-rights",
            Self::IdentitySeen { .. } => "mail-identity-seen",
            Self::RequestNotCarriedOut { .. } => "mail-request-not-carried-out",
            Self::RightsRequestDue { .. } => "mail-rights-request-due",
            Self::ProofAsked { .. } => "mail-proof-asked",
            Self::RightsRequestExtended { .. } => "mail-rights-request-extended",
            Self::RightsRequestGranted { .. } => "mail-rights-request-granted",
            Self::RightsRequestRefused { .. } => "mail-rights-request-refused",
            Self::StaffInvitation { .. } => "mail-staff-invitation",
            Self::SupportAnswered { .. } => "mail-support-answered",
        }
    }

    /// What the texts fill in, by name.
    #[expect(clippy::too_many_lines, reason = "a line for each message")]
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::VerificationCode { code, minutes }
            | Self::StepUpCode { code, minutes }
            | Self::SmsCode { code, minutes }
            | Self::PasswordResetCode { code, minutes }
            | Self::EmailChangeCode { code, minutes } => {
                vec![("code", code.to_string()), ("minutes", minutes.to_string())]
            }
            Self::StaffInvitation { token, hours } => {
                vec![("token", token.to_string()), ("hours", hours.to_string())]
            }
            Self::SupportAnswered { support_case } => vec![("support_case", support_case.clone())],
            Self::AccountOpened { policy_version } => vec![("version", policy_version.to_string())],
            Self::NewDevice { program, place, at, link } => vec![
                ("program", program.clone()),
                ("place", place.clone()),
                ("at", at.clone()),
                ("link", link.to_string()),
            ],
            Self::PasswordReset { at, waits_until } => {
                vec![("at", at.clone()), ("until", waits_until.clone())]
            }
            Self::FactorAdded { factor, at } | Self::FactorRemoved { factor, at } => {
                vec![("factor", factor.as_str().to_owned()), ("at", at.clone())]
            }
            Self::RecoveryCodeUsed { left, at } => vec![("left", left.to_string()), ("at", at.clone())],
            Self::FactorResetRequested { at, link } => vec![("at", at.clone()), ("link", link.to_string())],
            Self::PolicyPublished { version, change, summary, link } => vec![
                ("version", version.to_string()),
                ("change", change.clone()),
                ("summary", summary.clone()),
                ("link", link.clone()),
            ],
            Self::AccountClosing { until }
            | Self::KycReminder { until }
            | Self::KycResubmission { until }
            | Self::KycExtended { until }
            | Self::RightsRequestFiled { until }
            | Self::ArchiveReady { until }
            | Self::CorrectionFiled { until }
            | Self::RightsRequestExtended { until } => vec![("until", until.clone())],
            Self::ConsentAsked { recipient, until } | Self::TransferAnnounced { recipient, until } => {
                vec![("recipient", recipient.clone()), ("until", until.clone())]
            }
            Self::DataDisclosed { recipient, at } => {
                vec![("recipient", recipient.clone()), ("at", at.clone())]
            }
            Self::KycRequested { clause, until } | Self::AccountRefused { clause, until } => {
                vec![("clause", clause.clone()), ("until", until.clone())]
            }
            Self::Banned { ground, clause, until } => {
                vec![("ground", ground.clone()), ("clause", clause.clone()), ("until", until.clone())]
            }
            Self::AccountRestricted { reason, clause } => {
                vec![("reason", reason.clone()), ("clause", clause.clone())]
            }
            Self::PasswordChanged { at }
            | Self::EmailChanged { at }
            | Self::PhoneReplaced { at }
            | Self::RecoveryCodesMade { at }
            | Self::SecondFactorFailing { at }
            | Self::FactorResetCancelled { at }
            | Self::FactorResetExecuted { at }
            | Self::AccountReopened { at }
            | Self::AccountClosed { at }
            | Self::KycOverdue { at }
            | Self::KycApproved { at }
            | Self::KycRejected { at }
            | Self::KycWithdrawn { at }
            | Self::RightsRequestGranted { at }
            | Self::ErasureScheduled { at }
            | Self::PartErasureScheduled { at }
            | Self::PartErased { at }
            | Self::CorrectionMade { at }
            | Self::IdentitySeen { at }
            | Self::ProofAsked { at }
            | Self::ErasureBegun { at }
            | Self::ClosedAccountErased { at }
            | Self::RestrictionLifted { at } => vec![("at", at.clone())],
            Self::RightsRequestDue { request, until } => {
                vec![("request", request.clone()), ("until", until.clone())]
            }
            Self::RightsLink { link, hours } => {
                vec![("link", link.to_string()), ("hours", hours.to_string())]
            }
            Self::CorrectionRefused { clause, law } | Self::RequestNotCarriedOut { clause, law } => {
                vec![("clause", clause.clone()), ("law", law.clone())]
            }
            Self::RightsRequestRefused { clause, law, until } => {
                vec![("clause", clause.clone()), ("law", law.clone()), ("until", until.clone())]
            }
            Self::AddressAlreadyRegistered
            | Self::NoAccountToReset
            | Self::NoAccountForRights
            | Self::EmailChangeTaken
            | Self::ConfirmYourData
            | Self::DeviceChoicesMerged => Vec::new(),
        }
    }
}

/// A message with its language, as sealed into the outbox.
#[derive(Clone, Serialize, Deserialize)]
pub struct Message {
    pub language: String,
    pub body: MessageBody,
}
