//! Notices: what a person is told, in the service and by mail (clauses 3.3 and 9.2).

use super::{
    closed_list::closed_list,
    ids::{AccountId, MessageId, NoticeId},
    time::Timestamp,
};

closed_list! {
    /// What a notice tells.
    NoticeKind {
        /// A version of the policy was published.
        PolicyPublished = "policy_published",
        /// Choices of a device were taken over by the account.
        DeviceChoicesMerged = "device_choices_merged",
        /// A verification of identity is asked for.
        KycRequested = "kyc_requested",
        /// One is asked for because of what the account did.
        KycRequestedAfterActivity = "kyc_requested_after_activity",
        /// One is asked for because the name changed.
        KycRequestedAfterNameChange = "kyc_requested_after_name_change",
        /// What a verification asks for is due soon.
        KycReminder = "kyc_reminder",
        /// What a verification asked for did not come in time; the account is restricted.
        KycOverdue = "kyc_overdue",
        /// A verification was approved.
        KycApproved = "kyc_approved",
        /// A verification was refused.
        KycRejected = "kyc_rejected",
        /// Single items of a verification are asked for again.
        KycResubmission = "kyc_resubmission",
        /// A verification has more time, or is asked for no longer.
        KycEased = "kyc_eased",
        /// The person's consent to a disclosure is asked for.
        ConsentRequested = "consent_requested",
        /// Data were disclosed.
        DataDisclosed = "data_disclosed",
        /// The company, or nearly all of it, is sold, and the data are to go with it.
        TransferAnnounced = "transfer_announced",
        /// A rights request arrived, and will be answered by a day.
        RightsRequestFiled = "rights_request_filed",
        /// An erasure is carried out at an instant.
        ErasureScheduled = "erasure_scheduled",
        /// A class of data was erased; the account goes on.
        PartErased = "part_erased",
        /// The data that were asked for can be downloaded.
        ArchiveReady = "archive_ready",
        /// More proof of a rights request is asked for.
        ProofAsked = "proof_asked",
        /// Its answer takes longer.
        RightsRequestExtended = "rights_request_extended",
        RightsRequestGranted = "rights_request_granted",
        /// It was refused: what it asked for ends.
        RightsRequestRefused = "rights_request_refused",
    }
}

closed_list! {
    /// How far the mail of a notice has come.
    MailState {
        /// None was sent.
        None = "none",
        Queued = "queued",
        Sent = "sent",
        Failed = "failed",
    }
}

impl NoticeKind {
    /// The clause that asks for it.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::PolicyPublished => "9.2",
            Self::DeviceChoicesMerged => "2.6",
            Self::TransferAnnounced => "4.4",
            Self::ErasureScheduled | Self::PartErased => "7.1",
            Self::ArchiveReady => "7.2",
            Self::ProofAsked => "7.4",
            Self::RightsRequestFiled
            | Self::RightsRequestExtended
            | Self::RightsRequestGranted
            | Self::RightsRequestRefused => "7.3",
            Self::KycRequestedAfterActivity => "1.8",
            Self::KycRequestedAfterNameChange => "3.9",
            Self::ConsentRequested | Self::DataDisclosed => "4.8",
            Self::KycRequested
            | Self::KycReminder
            | Self::KycOverdue
            | Self::KycApproved
            | Self::KycRejected
            | Self::KycResubmission
            | Self::KycEased => "1.3",
        }
    }
}

/// A notice as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub account_id: AccountId,
    /// The person's own count of notices; the only order among them.
    pub number: i64,
    pub id: NoticeId,
    pub kind: NoticeKind,
    pub policy_version: Option<i32>,
    pub created_at: Timestamp,
    pub acknowledged_at: Option<Timestamp>,
    /// The mail that tells the same.
    pub message_id: Option<MessageId>,
    pub mail: MailState,
}
