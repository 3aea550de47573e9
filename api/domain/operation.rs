//! The operation table: who may call what. The server enforces it, the contract shows it, the
//! tests read it.

use std::{collections::HashMap, fmt::Write as _, sync::LazyLock};

use super::{kyc::file::MOST_BYTES, partner::Scope, staff::StaffRole};

/// Who an operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Anybody, without a token.
    Public,
    /// A signed-in person, on own data.
    Person,
    /// A signed-in member of staff, by role.
    Staff,
    /// A client of a partner, by scope.
    Partner,
}

impl Audience {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Person => "person",
            Self::Staff => "staff",
            Self::Partner => "partner",
        }
    }
}

/// Whether a person reaches the operation before accepting the current policy (clause 0.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyGate {
    /// It reads own data, narrows processing or secures the account.
    Open,
    /// It begins or extends processing.
    NeedsAcceptance,
    /// It hands in what a verification asks for: it needs acceptance, and a restriction does not close it, since
    /// that may be how the restriction ends.
    ToVerify,
    /// It narrows processing or extends it, as the caller wishes; to extend needs acceptance, and the act
    /// itself sees to that.
    ToNarrow,
}

/// How surely the person must be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assurance {
    /// By a live session, or not at all where the operation is public.
    Session,
    /// By a proof within the last minutes: the second factor, or password and email where there is none.
    SteppedUp,
}

impl Assurance {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::SteppedUp => "stepped_up",
        }
    }
}

/// How fast one client address may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateClass {
    /// Reads and ordinary changes.
    Ordinary,
    /// Costs a password hash or sends a message.
    Costly,
}

impl RateClass {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Costly => "costly",
        }
    }
}

/// One operation of the API.
#[derive(Debug)]
pub struct Operation {
    /// The handler's name, and so the method's name in every SDK.
    pub id: &'static str,
    pub method: &'static str,
    pub path: &'static str,
    pub audience: Audience,
    /// The roles of staff that may call it; none means every member.
    pub roles: &'static [StaffRole],
    /// The scopes of partners, any of which may call it; none means every client.
    pub scopes: &'static [Scope],
    pub assurance: Assurance,
    pub policy_gate: PolicyGate,
    pub rate: RateClass,
    /// Whether a success leaves a leaf in the log, and its answer promises the place of it.
    pub promises_leaf: bool,
    pub shape: Shape,
}

/// How the table spells `promises_leaf`.
enum Log {
    Leaf,
    Silent,
}

/// What a request takes beside its path and body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing; a query is refused.
    Single,
    /// `cursor` and `limit`.
    Page,
    /// Parameters of its own in the query.
    Query,
    /// `If-Match`.
    Versioned,
}

macro_rules! operations {
    ($( $id:literal $method:ident $path:literal $audience:ident $([ $($role:ident)+ ])? $(( $($scope:ident)+ ))? $assurance:ident $gate:ident $rate:ident $log:ident $shape:ident; )*) => {
        /// All operations, in the order of the reader's journey.
        pub const OPERATIONS: &[Operation] = &[ $( Operation {
            id: $id,
            method: stringify!($method),
            path: $path,
            audience: Audience::$audience,
            roles: &[ $( $( StaffRole::$role ),+ )? ],
            scopes: &[ $( $( Scope::$scope ),+ )? ],
            assurance: Assurance::$assurance,
            policy_gate: PolicyGate::$gate,
            rate: RateClass::$rate,
            promises_leaf: matches!(Log::$log, Log::Leaf),
            shape: Shape::$shape,
        }, )* ];
    };
}

operations! {
    "get_current_policy_version" GET "/v1/policy-versions/current" Public Session Open Ordinary Silent Single;
    "list_policy_versions" GET "/v1/policy-versions" Public Session Open Ordinary Silent Page;
    "get_policy_version" GET "/v1/policy-versions/{version}" Public Session Open Ordinary Silent Single;
    "list_policy_clauses" GET "/v1/policy-versions/{version}/clauses" Public Session Open Ordinary Silent Single;
    "get_policy_changes" GET "/v1/policy-versions/{version}/changes" Public Session Open Ordinary Silent Query;
    "list_purposes" GET "/v1/purposes" Public Session Open Ordinary Silent Single;
    "list_cookies" GET "/v1/cookies" Public Session Open Ordinary Silent Single;
    "get_device_consents" GET "/v1/devices/current/consents" Public Session Open Ordinary Leaf Single;
    "set_device_consents" PUT "/v1/devices/current/consents" Public Session Open Ordinary Leaf Single;
    "report_ad_events" POST "/v1/ad-events" Public Session Open Ordinary Silent Single;
    "get_gpc_support" GET "/.well-known/gpc.json" Public Session Open Ordinary Silent Single;
    "register_account" POST "/v1/accounts" Public Session Open Costly Silent Single;
    "verify_account" POST "/v1/accounts/verification" Public Session Open Costly Leaf Single;
    "get_account" GET "/v1/account" Person Session Open Ordinary Silent Single;
    "update_account" PATCH "/v1/account" Person Session NeedsAcceptance Ordinary Leaf Versioned;
    "list_account_changes" GET "/v1/account/changes" Person Session Open Ordinary Silent Page;
    "confirm_account_data" POST "/v1/account/data-confirmations" Person Session NeedsAcceptance Ordinary Leaf Single;
    "get_account_security" GET "/v1/account/security" Person Session Open Ordinary Silent Single;
    "change_password" PUT "/v1/account/password" Person SteppedUp Open Costly Leaf Single;
    "request_email_change" POST "/v1/account/email-changes" Person SteppedUp Open Costly Silent Single;
    "confirm_email_change" POST "/v1/account/email-changes/{email_change_id}/confirmation" Person Session Open Costly Leaf Single;
    "request_phone_change" POST "/v1/account/phone-changes" Person SteppedUp Open Costly Silent Single;
    "confirm_phone_change" POST "/v1/account/phone-changes/{phone_change_id}/confirmation" Person Session Open Costly Leaf Single;
    "remove_phone" DELETE "/v1/account/phone" Person SteppedUp Open Ordinary Leaf Single;
    "enrol_totp" POST "/v1/account/totp" Person SteppedUp Open Ordinary Silent Single;
    "confirm_totp" POST "/v1/account/totp/confirmation" Person SteppedUp Open Ordinary Leaf Single;
    "remove_totp" DELETE "/v1/account/totp" Person SteppedUp Open Ordinary Leaf Single;
    "create_recovery_codes" POST "/v1/account/recovery-codes" Person SteppedUp Open Ordinary Leaf Single;
    "close_account" POST "/v1/account/closure" Person SteppedUp Open Ordinary Leaf Single;
    "reopen_account" DELETE "/v1/account/closure" Person Session Open Ordinary Leaf Single;
    "request_password_reset" POST "/v1/password-resets" Public Session Open Costly Silent Single;
    "confirm_password_reset" POST "/v1/password-resets/confirmation" Public Session Open Costly Leaf Single;
    "create_session" POST "/v1/sessions" Public Session Open Costly Silent Single;
    "send_sign_in_code" POST "/v1/sign-in-challenges/{challenge_id}/sms-code" Public Session Open Costly Silent Single;
    "answer_sign_in_challenge" POST "/v1/sign-in-challenges/{challenge_id}/answer" Public Session Open Costly Silent Single;
    "request_factor_reset" POST "/v1/sign-in-challenges/{challenge_id}/factor-reset" Public Session Open Costly Leaf Single;
    "cancel_factor_reset" POST "/v1/factor-reset-cancellations" Public Session Open Costly Leaf Single;
    "refresh_session" POST "/v1/sessions/refresh" Public Session Open Costly Silent Single;
    "list_sessions" GET "/v1/sessions" Person Session Open Ordinary Silent Page;
    "send_step_up_code" POST "/v1/sessions/step-up/code" Person Session Open Costly Silent Single;
    "step_up_session" POST "/v1/sessions/step-up" Person Session Open Costly Silent Single;
    "end_current_session" DELETE "/v1/sessions/current" Person Session Open Ordinary Silent Single;
    "end_other_sessions" POST "/v1/sessions/revoke-others" Person Session Open Ordinary Silent Single;
    "end_session" DELETE "/v1/sessions/{session_id}" Person Session Open Ordinary Silent Single;
    "revoke_session_by_link" POST "/v1/session-revocations" Public Session Open Costly Silent Single;
    "accept_policy" POST "/v1/policy-acceptances" Person Session Open Ordinary Leaf Single;
    "refuse_policy" POST "/v1/policy-refusals" Person Session Open Ordinary Leaf Single;
    "list_consents" GET "/v1/consents" Person Session Open Ordinary Silent Single;
    "set_consent" PUT "/v1/consents/{purpose}" Person Session ToNarrow Ordinary Leaf Query;
    "list_policy_acceptances" GET "/v1/policy-acceptances" Person Session Open Ordinary Silent Page;
    "list_consent_events" GET "/v1/consent-events" Person Session Open Ordinary Silent Page;
    "get_consent_receipt" GET "/v1/consent-events/{consent_event_id}/receipt" Person Session Open Ordinary Silent Single;
    "list_notices" GET "/v1/notices" Person Session Open Ordinary Silent Page;
    "acknowledge_notice" POST "/v1/notices/{notice_id}/acknowledgement" Person Session Open Ordinary Silent Single;
    "list_storage_places" GET "/v1/storage-places" Person Session Open Ordinary Silent Single;
    "get_kyc" GET "/v1/kyc" Person Session Open Ordinary Silent Single;
    "set_kyc_details" PUT "/v1/kyc/personal-details" Person Session ToVerify Ordinary Silent Single;
    "upload_kyc_document" POST "/v1/kyc/documents" Person Session ToVerify Costly Silent Single;
    "get_kyc_document" GET "/v1/kyc/documents/{document_id}" Person Session Open Ordinary Silent Single;
    "delete_kyc_document" DELETE "/v1/kyc/documents/{document_id}" Person Session Open Ordinary Silent Single;
    "get_kyc_document_image" GET "/v1/kyc/documents/{document_id}/images/{side}" Person SteppedUp Open Ordinary Silent Single;
    "submit_kyc" POST "/v1/kyc/submission" Person Session ToVerify Ordinary Leaf Single;
    "list_recipients" GET "/v1/recipients" Person Session Open Ordinary Silent Single;
    "list_disclosures" GET "/v1/disclosures" Person Session Open Ordinary Silent Page;
    "get_disclosure" GET "/v1/disclosures/{disclosure_id}" Person Session Open Ordinary Silent Single;
    "get_disclosure_proof" GET "/v1/disclosures/{disclosure_id}/proof" Person Session Open Ordinary Silent Single;
    "list_consent_requests" GET "/v1/consent-requests" Person Session Open Ordinary Silent Page;
    "get_consent_request" GET "/v1/consent-requests/{consent_request_id}" Person Session Open Ordinary Silent Single;
    "answer_consent_request" POST "/v1/consent-requests/{consent_request_id}/answer" Person Session ToNarrow Ordinary Leaf Single;
    "withdraw_consent_answer" POST "/v1/consent-requests/{consent_request_id}/withdrawal" Person Session Open Ordinary Leaf Single;
    "preview_rights_request" POST "/v1/rights-request-previews" Person Session Open Ordinary Silent Single;
    "file_rights_request" POST "/v1/rights-requests" Person SteppedUp Open Ordinary Leaf Single;
    "read_rights_request_result" POST "/v1/rights-request-results" Public Session Open Costly Silent Single;
    "request_rights_link" POST "/v1/rights-request-links" Public Session Open Costly Silent Single;
    "preview_rights_request_by_link" POST "/v1/rights-request-links/previews" Public Session Open Costly Silent Single;
    "file_rights_request_by_link" POST "/v1/rights-request-links/filings" Public Session Open Costly Leaf Single;
    "upload_rights_evidence_by_token" POST "/v1/rights-request-results/evidence" Public Session Open Costly Silent Single;
    "withdraw_rights_request_by_token" POST "/v1/rights-request-results/withdrawal" Public Session Open Costly Leaf Single;
    "download_rights_archive_by_token" POST "/v1/rights-request-results/archive" Public Session Open Costly Silent Single;
    "list_rights_requests" GET "/v1/rights-requests" Person Session Open Ordinary Silent Page;
    "get_rights_request" GET "/v1/rights-requests/{rights_request_id}" Person Session Open Ordinary Silent Single;
    "get_rights_request_result" GET "/v1/rights-requests/{rights_request_id}/result" Person SteppedUp Open Costly Silent Single;
    "withdraw_rights_request" POST "/v1/rights-requests/{rights_request_id}/withdrawal" Person SteppedUp Open Ordinary Leaf Single;
    "complain_about_rights_request" POST "/v1/rights-requests/{rights_request_id}/complaint" Person Session Open Ordinary Leaf Single;
    "upload_rights_evidence" POST "/v1/rights-requests/{rights_request_id}/evidence" Person Session Open Costly Silent Single;
    "attach_statement_of_correction" POST "/v1/rights-requests/{rights_request_id}/statement" Person Session Open Ordinary Leaf Single;
    "list_transfers" GET "/v1/transfers" Person Session Open Ordinary Silent Single;
    "object_to_transfer" POST "/v1/transfers/{transfer_id}/objection" Person Session Open Ordinary Leaf Single;
    "list_obligations" GET "/v1/obligations" Person Session Open Ordinary Silent Page;
    "list_access_log" GET "/v1/access-log" Person Session Open Ordinary Silent Page;
    "open_support_case" POST "/v1/support-cases" Person Session Open Ordinary Leaf Single;
    "list_support_cases" GET "/v1/support-cases" Person Session Open Ordinary Silent Page;
    "get_support_case" GET "/v1/support-cases/{support_case_id}" Person Session Open Ordinary Silent Single;
    "send_support_message" POST "/v1/support-cases/{support_case_id}/messages" Person Session Open Ordinary Silent Single;
    "close_support_case" POST "/v1/support-cases/{support_case_id}/closure" Person Session Open Ordinary Leaf Single;
    "accept_staff_invitation" POST "/v1/staff/invitation-acceptances" Public Session Open Costly Silent Single;
    "confirm_staff_invitation" POST "/v1/staff/invitation-confirmations" Public Session Open Costly Leaf Single;
    "create_staff_session" POST "/v1/staff/sessions" Public Session Open Costly Silent Single;
    "renew_staff_session" POST "/v1/staff/sessions/current/renewals" Staff Session Open Ordinary Silent Single;
    "step_up_staff_session" POST "/v1/staff/sessions/current/step-up" Staff Session Open Costly Silent Single;
    "end_staff_session" DELETE "/v1/staff/sessions/current" Staff Session Open Ordinary Silent Single;
    "get_own_staff_member" GET "/v1/staff/members/current" Staff Session Open Ordinary Silent Single;
    "list_staff_members" GET "/v1/staff/members" Staff[Admin Auditor] Session Open Ordinary Silent Page;
    "invite_staff_member" POST "/v1/staff/members" Staff[Admin] SteppedUp Open Costly Leaf Single;
    "deactivate_staff_member" POST "/v1/staff/members/{staff_id}/deactivation" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "propose_staff_role" POST "/v1/staff/members/{staff_id}/role-grants" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "revoke_staff_role" DELETE "/v1/staff/members/{staff_id}/roles/{role}" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "list_staff_role_grants" GET "/v1/staff/role-grants" Staff[Admin Auditor] Session Open Ordinary Silent Page;
    "decide_staff_role_grant" POST "/v1/staff/role-grants/{role_grant_id}/decision" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "allow_staff_reads" POST "/v1/staff/members/{staff_id}/read-allowances" Staff[Admin DataProcessor] SteppedUp Open Ordinary Leaf Single;
    "find_person" POST "/v1/staff/person-lookups" Staff[DataProcessor Support] Session Open Ordinary Leaf Single;
    "read_personal_data" POST "/v1/staff/personal-data-reads" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "open_staff_support_case" POST "/v1/staff/support-cases" Staff[Support DataProcessor] Session Open Ordinary Leaf Single;
    "list_staff_support_cases" GET "/v1/staff/support-cases" Staff[Support DataProcessor] Session Open Ordinary Silent Page;
    "get_staff_support_case" GET "/v1/staff/support-cases/{support_case_id}" Staff[Support DataProcessor] Session Open Ordinary Silent Single;
    "answer_support_case" POST "/v1/staff/support-cases/{support_case_id}/messages" Staff[Support] Session Open Ordinary Leaf Single;
    "close_staff_support_case" POST "/v1/staff/support-cases/{support_case_id}/closure" Staff[Support] Session Open Ordinary Leaf Single;
    "request_kyc" POST "/v1/staff/kyc-cases" Staff[Support DataProcessor] Session Open Ordinary Leaf Single;
    "list_staff_kyc_cases" GET "/v1/staff/kyc-cases" Staff[DataProcessor Support] Session Open Ordinary Silent Page;
    "get_staff_kyc_case" GET "/v1/staff/kyc-cases/{kyc_case_id}" Staff[DataProcessor Support] Session Open Ordinary Silent Single;
    "assign_kyc_case" PUT "/v1/staff/kyc-cases/{kyc_case_id}/assignment" Staff[DataProcessor] Session Open Ordinary Silent Single;
    "add_kyc_note" POST "/v1/staff/kyc-cases/{kyc_case_id}/notes" Staff[DataProcessor] Session Open Ordinary Silent Single;
    "open_kyc_details" POST "/v1/staff/kyc-cases/{kyc_case_id}/detail-reads" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "open_kyc_image" POST "/v1/staff/kyc-cases/{kyc_case_id}/image-reads" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "get_opened_kyc_image" GET "/v1/staff/kyc-image-reads/{staff_read_id}/image" Staff[DataProcessor] Session Open Ordinary Silent Single;
    "decide_kyc_case" POST "/v1/staff/kyc-cases/{kyc_case_id}/decisions" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "extend_kyc_case" POST "/v1/staff/kyc-cases/{kyc_case_id}/extensions" Staff[DataProcessor Support] Session Open Ordinary Leaf Single;
    "withdraw_kyc_case" POST "/v1/staff/kyc-cases/{kyc_case_id}/withdrawal" Staff[DataProcessor Support] Session Open Ordinary Leaf Single;
    "list_kyc_flags" GET "/v1/staff/kyc-flags" Staff[DataProcessor Support] Session Open Ordinary Silent Page;
    "dismiss_kyc_flag" POST "/v1/staff/kyc-flags/{kyc_flag_id}/dismissal" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "approve_factor_reset" POST "/v1/staff/factor-resets/{factor_reset_id}/approval" Staff[Support] SteppedUp Open Ordinary Leaf Single;
    "draft_policy_version" POST "/v1/staff/policy-versions" Staff[Legal] Session Open Ordinary Leaf Single;
    "get_policy_draft" GET "/v1/staff/policy-versions/{version}" Staff[Legal Admin Auditor] Session Open Ordinary Silent Single;
    "rewrite_policy_draft" PUT "/v1/staff/policy-versions/{version}" Staff[Legal] Session Open Ordinary Leaf Versioned;
    "discard_policy_draft" DELETE "/v1/staff/policy-versions/{version}" Staff[Legal] Session Open Ordinary Leaf Single;
    "publish_policy_version" POST "/v1/staff/policy-versions/{version}/publication" Staff[Legal Admin] SteppedUp Open Ordinary Leaf Single;
    "list_processing_records" GET "/v1/staff/processing-records" Staff[Legal Admin Auditor] Session Open Ordinary Silent Single;
    "create_partner_client" POST "/v1/staff/partner-clients" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "get_retention_report" GET "/v1/staff/retention-report" Staff[Legal Admin Auditor] Session Open Ordinary Silent Single;
    "list_partner_clients" GET "/v1/staff/partner-clients" Staff[Admin Auditor] Session Open Ordinary Silent Page;
    "deactivate_partner_client" POST "/v1/staff/partner-clients/{partner_client_id}/deactivation" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "add_partner_credential" POST "/v1/staff/partner-clients/{partner_client_id}/credentials" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "retire_partner_credential" POST "/v1/staff/partner-clients/{partner_client_id}/credentials/{partner_credential_id}/retirement" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "register_recipient" POST "/v1/staff/recipients" Staff[Legal Admin] SteppedUp Open Ordinary Leaf Single;
    "list_staff_recipients" GET "/v1/staff/recipients" Staff[Legal Admin DataProcessor Auditor] Session Open Ordinary Silent Page;
    "get_staff_recipient" GET "/v1/staff/recipients/{recipient_id}" Staff[Legal Admin DataProcessor Auditor] Session Open Ordinary Silent Single;
    "change_recipient" PUT "/v1/staff/recipients/{recipient_id}" Staff[Legal Admin] SteppedUp Open Ordinary Leaf Versioned;
    "activate_recipient" POST "/v1/staff/recipients/{recipient_id}/activation" Staff[Legal Admin] SteppedUp Open Ordinary Leaf Single;
    "deactivate_recipient" POST "/v1/staff/recipients/{recipient_id}/deactivation" Staff[Legal Admin] SteppedUp Open Ordinary Leaf Single;
    "list_recipient_events" GET "/v1/staff/recipients/{recipient_id}/events" Staff[Legal Admin DataProcessor Auditor] Session Open Ordinary Silent Page;
    "register_instrument" POST "/v1/staff/instruments" Staff[Legal] SteppedUp Open Costly Leaf Single;
    "list_instruments" GET "/v1/staff/instruments" Staff[Legal DataProcessor Auditor] Session Open Ordinary Silent Page;
    "get_instrument" GET "/v1/staff/instruments/{instrument_id}" Staff[Legal DataProcessor Auditor] Session Open Ordinary Silent Single;
    "read_instrument" POST "/v1/staff/instruments/{instrument_id}/reads" Staff[Legal DataProcessor] Session Open Ordinary Leaf Single;
    "get_instrument_file" GET "/v1/staff/instruments/{instrument_id}/file" Staff[Legal] SteppedUp Open Ordinary Leaf Single;
    "withdraw_instrument" POST "/v1/staff/instruments/{instrument_id}/withdrawal" Staff[Legal] SteppedUp Open Ordinary Leaf Single;
    "draft_disclosure" POST "/v1/staff/disclosures" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "record_authority_access" POST "/v1/staff/authority-accesses" Staff[DataProcessor] SteppedUp Open Ordinary Leaf Single;
    "list_staff_rights_requests" GET "/v1/staff/rights-requests" Staff[DataProcessor Legal Auditor] Session Open Ordinary Silent Page;
    "get_staff_rights_request" GET "/v1/staff/rights-requests/{rights_request_id}" Staff[DataProcessor Legal Auditor] Session Open Ordinary Silent Single;
    "extend_rights_request" POST "/v1/staff/rights-requests/{rights_request_id}/extensions" Staff[DataProcessor Legal] Session Open Ordinary Leaf Single;
    "answer_rights_request" POST "/v1/staff/rights-requests/{rights_request_id}/answers" Staff[Legal] Session Open Ordinary Leaf Single;
    "ask_for_proof" POST "/v1/staff/rights-requests/{rights_request_id}/proof-requests" Staff[DataProcessor Legal] Session Open Ordinary Leaf Single;
    "open_correction" POST "/v1/staff/rights-requests/{rights_request_id}/correction-reads" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "open_rights_evidence" POST "/v1/staff/rights-requests/{rights_request_id}/evidence-reads" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "get_opened_rights_evidence" GET "/v1/staff/rights-evidence-reads/{staff_read_id}/image" Staff[DataProcessor] Session Open Ordinary Silent Single;
    "decide_correction" POST "/v1/staff/rights-requests/{rights_request_id}/corrections" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "open_requester" POST "/v1/staff/rights-requests/{rights_request_id}/identity-reads" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "decide_identity" POST "/v1/staff/rights-requests/{rights_request_id}/identity-decisions" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "list_staff_disclosures" GET "/v1/staff/disclosures" Staff[DataProcessor Legal Auditor] Session Open Ordinary Silent Page;
    "get_staff_disclosure" GET "/v1/staff/disclosures/{disclosure_id}" Staff[DataProcessor Legal Auditor] Session Open Ordinary Silent Single;
    "change_disclosure" PUT "/v1/staff/disclosures/{disclosure_id}" Staff[DataProcessor] Session Open Ordinary Leaf Versioned;
    "submit_disclosure" POST "/v1/staff/disclosures/{disclosure_id}/submission" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "review_disclosure" POST "/v1/staff/disclosures/{disclosure_id}/reviews" Staff[Legal] SteppedUp Open Ordinary Leaf Single;
    "release_disclosure" POST "/v1/staff/disclosures/{disclosure_id}/release" Staff[DataProcessor] SteppedUp Open Ordinary Leaf Single;
    "silence_disclosure" PUT "/v1/staff/disclosures/{disclosure_id}/silence" Staff[Legal] SteppedUp Open Ordinary Leaf Single;
    "end_disclosure_silence" DELETE "/v1/staff/disclosures/{disclosure_id}/silence" Staff[Legal] SteppedUp Open Ordinary Leaf Single;
    "cancel_disclosure" POST "/v1/staff/disclosures/{disclosure_id}/cancellation" Staff[DataProcessor Legal] Session Open Ordinary Leaf Single;
    "hand_over_disclosure" POST "/v1/staff/disclosures/{disclosure_id}/hand-overs" Staff[DataProcessor] SteppedUp Open Ordinary Leaf Single;
    "draft_transfer" POST "/v1/staff/transfers" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "list_staff_transfers" GET "/v1/staff/transfers" Staff[DataProcessor Legal Admin Auditor] Session Open Ordinary Silent Page;
    "get_transfer" GET "/v1/staff/transfers/{transfer_id}" Staff[DataProcessor Legal Admin Auditor] Session Open Ordinary Silent Single;
    "list_transfer_entries" GET "/v1/staff/transfers/{transfer_id}/entries" Staff[DataProcessor Legal Admin Auditor] Session Open Ordinary Silent Page;
    "announce_transfer" POST "/v1/staff/transfers/{transfer_id}/announcement" Staff[Admin] SteppedUp Open Ordinary Leaf Single;
    "approve_transfer" POST "/v1/staff/transfers/{transfer_id}/approvals" Staff[Legal] SteppedUp Open Ordinary Leaf Single;
    "cancel_transfer" POST "/v1/staff/transfers/{transfer_id}/cancellation" Staff[DataProcessor Legal Admin] Session Open Ordinary Leaf Single;
    "list_staff_obligations" GET "/v1/staff/obligations" Staff[DataProcessor Legal Auditor] Session Open Ordinary Silent Page;
    "record_obligation_acknowledgement" POST "/v1/staff/obligations/{obligation_id}/acknowledgement" Staff[DataProcessor] Session Open Ordinary Leaf Single;
    "register_advertisement" POST "/v1/staff/advertisements" Staff[Legal Admin] Session Open Ordinary Leaf Single;
    "list_advertisements" GET "/v1/staff/advertisements" Staff[Legal Admin Auditor] Session Open Ordinary Silent Page;
    "end_advertisement" POST "/v1/staff/advertisements/{advertisement_id}/end" Staff[Legal Admin] Session Open Ordinary Leaf Single;
    "create_access_token" POST "/oauth/token" Public Session Open Ordinary Silent Single;
    "get_own_partner_client" GET "/v1/partner/client" Partner Session Open Ordinary Silent Single;
    "list_partner_disclosures" GET "/v1/partner/disclosures" Partner(DisclosuresRead) Session Open Ordinary Silent Page;
    "get_partner_disclosure" GET "/v1/partner/disclosures/{disclosure_id}" Partner(DisclosuresRead) Session Open Ordinary Silent Single;
    "pull_disclosure" POST "/v1/partner/disclosures/{disclosure_id}/pulls" Partner(DisclosuresPull) Session Open Ordinary Leaf Single;
    "acknowledge_disclosure" POST "/v1/partner/disclosures/{disclosure_id}/acknowledgement" Partner(DisclosuresPull) Session Open Ordinary Leaf Single;
    "list_partner_obligations" GET "/v1/partner/obligations" Partner(ObligationsWrite) Session Open Ordinary Silent Page;
    "get_partner_obligation" GET "/v1/partner/obligations/{obligation_id}" Partner(ObligationsWrite) Session Open Ordinary Silent Single;
    "acknowledge_obligation" POST "/v1/partner/obligations/{obligation_id}/acknowledgement" Partner(ObligationsWrite) Session Open Ordinary Leaf Single;
    "create_webhook_secret" POST "/v1/partner/webhook-secrets" Partner(WebhooksWrite) Session Open Ordinary Silent Single;
    "set_webhook_endpoint" PUT "/v1/partner/webhook-endpoint" Partner(WebhooksWrite) Session Open Ordinary Silent Single;
    "get_webhook_endpoint" GET "/v1/partner/webhook-endpoint" Partner(WebhooksWrite) Session Open Ordinary Silent Single;
    "send_test_webhook" POST "/v1/partner/webhook-tests" Partner(WebhooksWrite) Session Open Ordinary Silent Single;
    "list_webhook_deliveries" GET "/v1/partner/webhook-deliveries" Partner(WebhooksWrite) Session Open Ordinary Silent Page;
    "replay_webhook" POST "/v1/partner/webhook-deliveries/{webhook_message_id}/replays" Partner(WebhooksWrite) Session Open Ordinary Silent Single;
    "remove_webhook_endpoint" DELETE "/v1/partner/webhook-endpoint" Partner(WebhooksWrite) Session Open Ordinary Silent Single;
    "list_ad_click_reports" GET "/v1/partner/reports/ad-clicks" Partner(ReportsRead) Session Open Ordinary Silent Page;
    "report_signals" POST "/v1/partner/signals" Partner(SignalsWrite) Session Open Ordinary Silent Single;
    "get_transparency" GET "/v1/transparency" Public Session Open Ordinary Silent Single;
    "get_log_checkpoint" GET "/v1/log/checkpoint" Public Session Open Ordinary Silent Single;
    "get_log_inclusion_proof" GET "/v1/log/proofs/inclusion" Public Session Open Ordinary Silent Query;
    "get_log_consistency_proof" GET "/v1/log/proofs/consistency" Public Session Open Ordinary Silent Query;
    "list_signing_keys" GET "/.well-known/jwks.json" Public Session Open Ordinary Silent Single;
}

/// The operations whose path has no parameter, by it.
static NAMED: LazyLock<HashMap<&str, Vec<&Operation>>> = LazyLock::new(|| {
    let mut named = HashMap::<&str, Vec<&Operation>>::new();
    for operation in OPERATIONS.iter().filter(|operation| !operation.path.contains('{')) {
        named.entry(operation.path).or_default().push(operation);
    }
    named
});

/// The others.
static PATTERNS: LazyLock<Vec<&Operation>> =
    LazyLock::new(|| OPERATIONS.iter().filter(|operation| operation.path.contains('{')).collect());

impl Operation {
    /// The operation that answers `method` on `path`.
    pub fn matching(method: &str, path: &str) -> Option<&'static Self> {
        Self::at(path).find(|operation| operation.method == method)
    }

    /// Whether anybody may call it, and a person's token says on whose behalf.
    pub fn takes_a_persons_token(&self) -> bool {
        self.id == "report_ad_events"
    }

    /// The methods that `path` answers, as the `Allow` header lists them.
    pub fn methods_of(path: &str) -> Vec<&'static str> {
        Self::at(path).map(|operation| operation.method).collect()
    }

    /// The operations at `path`: those that name it outright, or else those whose pattern covers it.
    fn at(path: &str) -> impl Iterator<Item = &'static Self> {
        let named = NAMED.get(path).map_or(&[][..], Vec::as_slice);
        let covering = PATTERNS.iter().filter(move |operation| named.is_empty() && operation.is_at(path));
        named.iter().chain(covering).copied()
    }

    /// Whether its pattern covers `path`; a parameter covers one segment.
    fn is_at(&self, path: &str) -> bool {
        let (mut pattern, mut segments) = (self.path.split('/'), path.split('/'));
        loop {
            match (pattern.next(), segments.next()) {
                (None, None) => return true,
                (Some(p), Some(s)) if p == s || (p.starts_with('{') && !s.is_empty()) => {}
                _ => return false,
            }
        }
    }

    /// The largest body that it takes: most are forms, a policy is a book.
    pub fn most_body_bytes(&self) -> usize {
        match self.id {
            "draft_policy_version" | "rewrite_policy_draft" => 256 * 1_024,
            // A hundred signals.
            "report_signals" => 64 * 1_024,
            // Two files and a few words.
            "register_instrument" | "upload_rights_evidence" | "upload_rights_evidence_by_token" => {
                MOST_BYTES + 64 * 1_024
            }
            "upload_kyc_document" => 2 * MOST_BYTES + 64 * 1_024,
            _ => 16 * 1_024,
        }
    }

    /// The operation named `id`.
    pub fn find(id: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.id == id)
    }
}

/// `docs/operation-table.md`, from the table above.
pub fn operation_page() -> String {
    let mut page = String::from(
        "# Who may call what\n\nGenerated from `api/domain/operation.rs` by `just openapi`; do not edit. The server \
         enforces this table, the contract shows it, the tests read it.\n\n\
         Before the policy in force is accepted (clause 0.4), a person reaches what is marked open, and what is marked to narrow as far as it narrows. A step-up is a proof \
         within the last ten minutes. A leaf is what a success leaves in the log, and promises the place of.\n\n\
         | operation | method and path | audience | roles or scopes | step-up | before acceptance | leaf | rate |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for operation in OPERATIONS {
        let roles = operation.roles.iter().map(|role| role.as_str());
        let scopes = operation.scopes.iter().map(|scope| scope.as_str());
        let needs: Vec<&str> = roles.chain(scopes).collect();
        let mark = |is: bool, word| if is { word } else { "" };
        // Writing to a text cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | `{} {}` | {} | {} | {} | {} | {} | {} |",
            operation.id,
            operation.method,
            operation.path,
            operation.audience.as_str(),
            needs.join(", "),
            mark(operation.assurance == Assurance::SteppedUp, "yes"),
            match (operation.audience, operation.policy_gate) {
                (Audience::Person, PolicyGate::Open) => "open",
                (Audience::Person, PolicyGate::ToNarrow) => "to narrow",
                _ => "",
            },
            mark(operation.promises_leaf, "yes"),
            operation.rate.as_str(),
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_its_operation_and_its_methods() {
        let id = |method, path| Operation::matching(method, path).map(|operation| operation.id);
        assert_eq!(id("DELETE", "/v1/sessions/current"), Some("end_current_session"));
        assert_eq!(id("DELETE", "/v1/sessions/ses_1"), Some("end_session"));
        assert_eq!(id("DELETE", "/v1/sessions/"), None);
        assert_eq!(id("PUT", "/v1/account"), None);
        assert_eq!(Operation::methods_of("/v1/account"), ["GET", "PATCH"]);
        assert_eq!(Operation::methods_of("/v1/sessions/current"), ["DELETE"]);
        assert_eq!(Operation::methods_of("/v1/sessions/refresh"), ["POST"], "a session's id is no such word");
        assert!(Operation::methods_of("/v1/nowhere").is_empty());
    }
}
