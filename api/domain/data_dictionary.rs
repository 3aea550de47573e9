//! The data dictionary: every stored personal value, why it is held and when it goes (clause 0.1).
//!
//! Sealing takes an entry, so nothing personal is sealed that does not stand here; a test holds
//! the migrations against it, so no column escapes it. Export, retention and erasure read it.

use super::{closed_list::closed_list, kyc::decision::RECORD_YEARS, purpose::LawfulBasis, staff::KEPT_YEARS};

closed_list! {
    /// What kind of fact about a person a column holds.
    DataClass {
        Name = "name",
        Contact = "contact",
        /// What tells who somebody is beside the name.
        Identity = "identity",
        /// Where somebody lives.
        Address = "address",
        Preference = "preference",
        Credential = "credential",
        /// An address, device or cookie identifier, which clause 0.1 counts as personal.
        Identifier = "identifier",
        /// What the person told or was told.
        Correspondence = "correspondence",
        /// What the person did, as evidence.
        Evidence = "evidence",
    }
}

/// The key that seals it; each category dies on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    Identity,
    Contact,
    Address,
    Documents,
    Security,
    Messages,
    LogDetail,
    Statutory,
    /// What shows that a request of the person is right.
    Proofs,
    /// What is copied for some days and holds something of everything: archives, and answers that are repeated.
    Copies,
}

impl Category {
    /// The categories whose keys a registration makes; the others come with their first use.
    pub const AT_REGISTRATION: &'static [Self] =
        &[Self::Identity, Self::Contact, Self::Security, Self::Messages, Self::LogDetail, Self::Copies];

    pub const ALL: &'static [Self] = &[
        Self::Identity,
        Self::Contact,
        Self::Address,
        Self::Documents,
        Self::Security,
        Self::Messages,
        Self::LogDetail,
        Self::Statutory,
        Self::Proofs,
        Self::Copies,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Contact => "contact",
            Self::Address => "address",
            Self::Documents => "documents",
            Self::Security => "security",
            Self::Messages => "messages",
            Self::LogDetail => "log_detail",
            Self::Statutory => "statutory",
            Self::Proofs => "proofs",
            Self::Copies => "copies",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|category| category.as_str() == text)
    }
}

closed_list! {
    /// How the column protects the value.
    Protection {
        /// AEAD under the subject's key of the category.
        Sealed = "sealed",
        /// A password hash, sealed under the pepper.
        Peppered = "peppered",
        /// AEAD under the service's own key: it is about an address or a device, and nobody knows whose.
        Wrapped = "wrapped",
        /// The random name of a file that is sealed under the subject's key of the category.
        SealedFile = "sealed_file",
        /// A keyed hash: it finds, it does not tell.
        BlindIndex = "blind_index",
        /// A random number that means nothing outside its row.
        RandomIdentifier = "random_identifier",
    }
}

/// When it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// With the account.
    Account,
    /// When the registration is completed or lapses.
    Registration,
    /// When the message was sent.
    Sent,
    /// At the instant beside it.
    Expiry,
    /// So many days after its last use, at the latest.
    Days(u16),
    /// So many years after the account ends: a law wants it kept (clause 6.3), or claims can be brought so long.
    YearsAfterAccount(u16),
}

/// One personal column.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub table: &'static str,
    pub column: &'static str,
    pub class: DataClass,
    pub category: Category,
    pub protection: Protection,
    /// The clause of the policy that names the purpose.
    pub purpose_clause: &'static str,
    pub basis: LawfulBasis,
    pub retention: Retention,
}

macro_rules! dictionary {
    ($( $name:ident = $table:ident . $column:ident : $class:ident $category:ident $protection:ident
        for $clause:literal by $basis:ident until $retention:expr; )*) => {
        $( pub static $name: Entry = Entry {
            table: stringify!($table),
            column: stringify!($column),
            class: DataClass::$class,
            category: Category::$category,
            protection: Protection::$protection,
            purpose_clause: $clause,
            basis: LawfulBasis::$basis,
            retention: $retention,
        }; )*

        /// Every personal column.
        pub static ENTRIES: &[&Entry] = &[ $( &$name, )* ];
    };
}

use Retention::{Account, Days, Expiry, Registration, Sent, YearsAfterAccount};

dictionary! {
    PROFILE_REAL_NAME = profiles.real_name: Name Identity Sealed for "1.1" by Contract until Account;
    PROFILE_DISPLAY_NAME = profiles.display_name: Name Identity Sealed for "3.1" by Contract until Account;
    PROFILE_EMAIL = profiles.email: Contact Contact Sealed for "1.1" by Contract until Account;
    PROFILE_PHONE = profiles.phone: Contact Contact Sealed for "1.2" by Contract until Account;
    PROFILE_LANGUAGE = profiles.language: Preference Contact Sealed for "3.1" by Contract until Account;
    PROFILE_TIME_ZONE = profiles.time_zone: Preference Contact Sealed for "3.1" by Contract until Account;
    ACCOUNT_EMAIL_INDEX = account_emails.blind_index: Contact Contact BlindIndex for "1.1" by Contract until Account;
    ACCOUNT_PHONE_INDEX = account_phones.blind_index: Contact Contact BlindIndex for "1.2" by Contract until Account;
    CREDENTIAL_PASSWORD = credentials.password: Credential Security Peppered for "1.1" by Contract until Account;
    CHANGE_OLD_IDENTITY = account_changes.old_identity: Name Identity Sealed for "3.9" by LegitimateInterests until Account;
    CHANGE_OLD_CONTACT = account_changes.old_contact: Preference Contact Sealed for "3.9" by LegitimateInterests until Account;

    REGISTRATION_REAL_NAME = registrations.real_name: Name Identity Sealed for "1.1" by Contract until Registration;
    REGISTRATION_EMAIL = registrations.email: Contact Contact Sealed for "1.1" by Contract until Registration;
    REGISTRATION_PHONE = registrations.phone: Contact Contact Sealed for "1.2" by Contract until Registration;
    REGISTRATION_LANGUAGE = registrations.language: Preference Contact Sealed for "3.1" by Contract until Registration;
    REGISTRATION_CONSENTS = registrations.consents: Evidence Identity Sealed for "4.8" by Contract until Registration;
    REGISTRATION_PASSWORD = registrations.password: Credential Security Peppered for "1.1" by Contract until Registration;
    REGISTRATION_DEVICE = registrations.device_id: Identifier Security RandomIdentifier for "2.1" by Contract until Registration;

    SESSION_DEVICE = sessions.device_id: Identifier Security RandomIdentifier for "2.1" by LegitimateInterests until Days(30);
    SESSION_USER_AGENT = sessions.user_agent: Identifier Security Sealed for "2.3" by LegitimateInterests until Days(30);
    SESSION_ADDRESS = sessions.address: Identifier Security Sealed for "2.3" by LegitimateInterests until Days(30);
    KNOWN_DEVICE = devices.device_id: Identifier Security RandomIdentifier for "2.1" by LegitimateInterests until Days(365);
    DEVICE_ID = account_devices.device_id: Identifier Security RandomIdentifier for "2.1" by LegitimateInterests until Days(365);

    SESSION_PLACE = sessions.place: Identifier Security Sealed for "2.3" by LegitimateInterests until Days(30);
    TOTP_SECRET = totp_factors.secret: Credential Security Sealed for "2.3" by Contract until Account;
    CONTACT_CHANGE_VALUE = contact_changes.new_value: Contact Contact Sealed for "3.9" by Contract until Days(1);
    PASSWORD_RESET_EMAIL = password_resets.email: Contact Contact Sealed for "2.3" by Contract until Days(1);
    BLOCK_TARGET = blocks.target: Identifier Security Wrapped for "2.4" by LegitimateInterests until Expiry;
    BLOCK_TARGET_INDEX = blocks.target_mac: Identifier Security BlindIndex for "2.4" by LegitimateInterests until Expiry;
    BAN_MARK = ban_marks.mark: Identifier Security BlindIndex for "2.4" by LegitimateInterests until Expiry;
    THROTTLE_BUCKET = throttles.bucket_mac: Identifier Security BlindIndex for "2.4" by LegitimateInterests until Days(1);

    STAFF_EMAIL = staff_members.email: Contact Contact Sealed for "5.2" by LegitimateInterests until YearsAfterAccount(KEPT_YEARS);
    STAFF_NAME = staff_members.name: Name Identity Sealed for "5.2" by LegitimateInterests until YearsAfterAccount(KEPT_YEARS);
    STAFF_PASSWORD = staff_members.password: Credential Security Peppered for "5.2" by LegitimateInterests until Account;
    STAFF_TOTP = staff_members.totp_secret: Credential Security Sealed for "5.2" by LegitimateInterests until Account;
    STAFF_EMAIL_INDEX = staff_emails.blind_index: Contact Contact BlindIndex for "5.2" by LegitimateInterests until YearsAfterAccount(KEPT_YEARS);
    SUPPORT_MESSAGE = support_messages.body: Correspondence Messages Sealed for "3.7" by Contract until Account;

    KYC_PRIVATE_REASON = kyc_cases.private_reason: Correspondence Security Sealed for "1.8" by LegitimateInterests until Account;
    KYC_BIRTH_DATE = kyc_details.birth_date: Identity Identity Sealed for "1.4" by LegalObligation until Account;
    KYC_RESIDENCE = kyc_details.residence: Address Address Sealed for "1.5" by LegalObligation until Account;

    KYC_DOCUMENT = kyc_documents.told: Identity Documents Sealed for "1.6" by LegalObligation until Account;
    KYC_FILE = kyc_files.file_name: Identity Documents SealedFile for "1.6" by LegalObligation until Account;
    KYC_NUMBER_INDEX = kyc_document_numbers.blind_index: Identity Documents BlindIndex for "3.2" by LegalObligation until Account;

    KYC_NOTE = kyc_notes.body: Correspondence Security Sealed for "1.3" by LegalObligation until Account;
    DISCLOSURE_GROUND = disclosures.ground: Correspondence Security Sealed for "4.8" by LegitimateInterests until Account;
    INSTRUMENT_REFERENCE = instruments.reference: Identifier Documents Sealed for "4.5" by LegalObligation until YearsAfterAccount(RECORD_YEARS);
    INSTRUMENT_NAMED = instruments.named: Identity Documents Sealed for "4.5" by LegalObligation until YearsAfterAccount(RECORD_YEARS);
    INSTRUMENT_FILE = instruments.file_name: Identity Documents SealedFile for "4.5" by LegalObligation until YearsAfterAccount(RECORD_YEARS);
    KYC_RECORD = kyc_records.record: Identity Statutory Sealed for "6.1" by LegalObligation until YearsAfterAccount(RECORD_YEARS);

    AD_CLICK_CLICKER = ad_clicks.clicker_id: Identifier Security RandomIdentifier for "4.3" by Consent until Days(3);

    ARCHIVE_FILE = rights_archives.file_name: Evidence Copies SealedFile for "7.2" by LegalObligation until Days(7);
    ARCHIVE_SECRET = rights_archives.secret: Credential Copies Sealed for "7.2" by LegalObligation until Days(7);

    CORRECTION_IDENTITY = rights_corrections.told_identity: Identity Identity Sealed for "7.2" by LegalObligation until Account;
    CORRECTION_ADDRESS = rights_corrections.told_address: Address Address Sealed for "7.2" by LegalObligation until Account;
    EVIDENCE_FILE = rights_evidence.file_name: Identity Proofs SealedFile for "7.2" by LegalObligation until Days(30);

    OUTBOX_RECIPIENT = outbox.recipient: Contact Messages Sealed for "3.1" by Contract until Sent;
    OUTBOX_CONTENT = outbox.content: Correspondence Messages Sealed for "3.1" by Contract until Sent;
    IDEMPOTENCY_ANSWER = idempotency_keys.answer: Correspondence Copies Sealed for "3.1" by Contract until Days(1);
    LOG_DETAIL = log_details.detail: Evidence LogDetail Sealed for "4.8" by LegalObligation until Account;
}

/// Columns that hold nothing personal, as `table.column` or `*.column`, with the reason.
pub const NOT_PERSONAL: &[(&str, &[&str])] = &[
    (
        "a random pseudonym: it names nobody once the subject's keys are destroyed",
        &[
            "*.account_id",
            "*.device_ref",
            "notices.notice_id",
            "notice_campaigns.told_until",
            "*.written_by",
            "policy_drafts.writers",
            "policy_versions.published_by",
            "*.leaf_id",
            "*.session_id",
            "*.consent_event_id",
            "*.data_confirmation_id",
            "*.message_id",
            "*.challenge_id",
            "*.contact_change_id",
            "*.factor_reset_id",
            "blocks.block_id",
            "*.ban_id",
            "*.staff_id",
            "*.staff_session_id",
            "*.partner_client_id",
            "*.partner_credential_id",
            "*.role_grant_id",
            "*.staff_read_id",
            "*.support_case_id",
            "kyc_cases.requested_by",
            "*.kyc_case_id",
            "*.consent_request_id",
            "*.disclosure_id",
            "disclosure_events.disclosure_event_id",
            "*.recipient_id",
            "*.instrument_id",
            "*.obligation_id",
            "obligations.acknowledged_by_client",
            "obligations.acknowledged_by_staff",
            "obligations.acknowledgement_leaf_id",
            "webhook_secrets.webhook_secret_id",
            "webhook_messages.webhook_message_id",
            "*.advertisement_id",
            "advertisements.registered_by",
            "*.transfer_id",
            "transfers.drafted_by",
            "transfers.announced_by",
            "transfers.gathered_to",
            "*.processing_limit_id",
            "*.rights_request_id",
            "disclosures.requested_by",
            "recipients.changed_by",
            "instruments.registered_by",
            "instruments.withdrawn_by",
            "instruments.withdrawal_leaf_id",
            "kyc_cases.assigned_to",
            "kyc_decisions.kyc_decision_id",
            "kyc_signals.kyc_signal_id",
            "*.document_id",
            "kyc_flags.kyc_flag_id",
            "*.invited_by",
            "*.proposed_by",
            "*.decided_by",
            "*.opened_by_staff",
            "factor_resets.first_approver",
            "factor_resets.second_approver",
            "one_time_codes.bound_to",
        ],
    ),
    (
        "an instant, a count or a version of a row",
        &[
            "*.created_at",
            "bans.banned_at",
            "accounts.service_withdrawn_at",
            "accounts.policy_refused_sequence",
            "*.gpc_seen_at",
            "notices.acknowledged_at",
            "*.merged_sequence",
            "*.revision",
            "*.submitted_at",
            "kyc_cases.reminders_sent",
            "kyc_notes.written_at",
            "kyc_signals.occurred_at",
            "kyc_signals.received_at",
            "kyc_documents.uploaded_at",
            "kyc_files.width",
            "kyc_files.height",
            "kyc_files.size",
            "kyc_flags.raised_at",
            "kyc_signals.weighed_at",
            "notice_campaigns.batch",
            "notice_campaigns.told",
            "notice_campaigns.started_at",
            "notice_campaigns.finished_at",
            "*.updated_at",
            "*.recorded_at",
            "*.given_at",
            "*.expires_at",
            "*.registered_at",
            "*.occurred_at",
            "*.ends_at",
            "*.released_at",
            "*.silent_until",
            "*.told_at",
            "*.asked_at",
            "*.answered_at",
            "instruments.valid_until",
            "instruments.gag_until",
            "instruments.withdrawn_at",
            "*.feed_number",
            "transfers.notice_days",
            "transfers.drafted_at",
            "transfers.announced_at",
            "transfers.window_ends_at",
            "transfers.cohort",
            "transfers.cohort_hash",
            "transfers.completed_at",
            "transfers.released",
            "transfers.manifest_hash",
            "transfer_approvals.cohort_hash",
            "transfer_approvals.approved_at",
            "obligations.acknowledged_at",
            "webhook_endpoints.set_at",
            "ad_clicks.hour",
            "ad_hours.hour",
            "ad_hours.closed_at",
            "transparency_progress.counted_until",
            "ad_reports.hour",
            "ad_reports.minimum",
            "ad_reports.total",
            "ad_reports.published_at",
            "ad_report_cells.people",
            "webhook_messages.attempts",
            "webhook_messages.next_attempt_at",
            "webhook_messages.last_attempt_at",
            "webhook_messages.last_status",
            "disclosures.reviews_needed",
            "disclosures.pulls",
            "disclosures.steps",
            "disclosure_events.pull_number",
            "disclosure_events.consent_sequence",
            "disclosure_events.person_sequence",
            "*.scope_hash",
            "disclosure_events.package_hash",
            "*.opened_at",
            "*.granted_at",
            "*.proposed_at",
            "*.decided_at",
            "*.renewed_at",
            "*.due_at",
            "rights_requests.filed_at",
            "retention_runs.day",
            "retention_runs.removed",
            "retention_runs.last_run_at",
            "rights_evidence.width",
            "rights_evidence.height",
            "rights_evidence.size",
            "rights_evidence.uploaded_at",
            "rights_archives.started_at",
            "rights_archives.tables_total",
            "rights_archives.tables_written",
            "rights_archives.entries_written",
            "rights_archives.size",
            "rights_archives.content_hash",
            "rights_archives.ready_at",
            "rights_archives.downloads",
            "rights_archives.last_downloaded_at",
            "rights_requests.answered_at",
            "rights_requests.lifts_at",
            "rights_requests.completed_at",
            "rights_requests.kept_until",
            "rights_requests.complained_at",
            "rights_requests.steps",
            "rights_requests.escalations",
            "rights_requests.by_link",
            "*.closed_at",
            "*.sent_at",
            "*.read_at",
            "*.token_expires_at",
            "*.totp_last_step",
            "*.number",
            "support_cases.messages",
            "*.signed_at",
            "*.issued_at",
            "*.rotated_at",
            "*.ended_at",
            "*.changed_at",
            "*.confirmed_at",
            "*.published_at",
            "*.first_seen_at",
            "*.last_seen_at",
            "*.last_used_at",
            "*.next_attempt_at",
            "*.settled_at",
            "*.email_verified_at",
            "*.phone_verified_at",
            "*.sequence",
            "*.epoch",
            "*.version",
            "*.tries",
            "*.attempts",
            "*.key_version",
            "*.mac_version",
            "*.assurance_level",
            "*.profile_version",
            "*.erased_at",
            "*.kek_version",
            "*.state_since",
            "*.closes_at",
            "*.reset_at",
            "*.used_at",
            "*.stepped_up_at",
            "*.requested_at",
            "*.executes_at",
            "profiles.reminder_due_at",
            "profiles.reminders_sent",
            "totp_factors.last_step",
            "throttles.full_at",
        ],
    ),
    (
        "a code of a closed list, the same for everybody",
        &[
            "accounts.state",
            "staff_members.state",
            "staff_roles.role",
            "staff_role_grants.role",
            "staff_role_grants.state",
            "staff_reads.fields",
            "staff_reads.purpose",
            "support_cases.category",
            "support_cases.state",
            "disclosures.purpose",
            "disclosures.fields",
            "ad_clicks.by_device",
            "disclosures.consent_kind",
            "obligation_rounds.kind",
            "*.due_law",
            "rights_requests.kind",
            "retention_runs.rule",
            "rights_requests.outcome",
            "*.outcome_hash",
            "rights_requests.purpose",
            "rights_requests.data_class",
            "rights_requests.field",
            "rights_request_events.field",
            "rights_corrections.field",
            "rights_requests.state",
            "*.extension",
            "*.refusal",
            "rights_request_events.step",
            "rights_request_events.kind",
            "rights_request_events.purpose",
            "rights_request_events.data_class",
            "obligations.kind",
            "obligations.fields",
            "disclosures.state",
            "*.silence",
            "disclosure_events.step",
            "disclosure_events.reason",
            "disclosure_events.scope",
            "consent_requests.state",
            "processing_limit_events.step",
            "processing_limit_events.kind",
            "processing_limit_events.purpose",
            "processing_limit_events.data_class",
            "kyc_cases.state",
            "kyc_cases.ground",
            "*.rejections",
            "kyc_decisions.overrides",
            "kyc_decisions.outcome",
            "kyc_decisions.step",
            "kyc_signals.kind",
            "kyc_documents.item",
            "kyc_documents.kind",
            "kyc_files.side",
            "kyc_flags.kind",
            "kyc_flags.state",
            "accounts.state_reason",
            "blocks.reason",
            "bans.ground",
            "contact_changes.field",
            "factor_resets.state",
            "one_time_codes.purpose",
            "account_changes.field",
            "sessions.end_reason",
            "outbox.channel",
            "outbox.state",
            "outbox.bulk",
            "outbox.courier",
            "outbox.failure",
            "idempotency_keys.operation",
            "idempotency_keys.status",
            "policy_acceptances.method",
            "policy_acceptances.decision",
            "*.gpc",
            "device_consent_events.purpose",
            "device_consent_events.action",
            "device_consent_events.method",
            "notices.kind",
            "notices.mail_state",
            "consent_events.purpose",
            "consent_events.action",
            "consent_events.kind",
            "consent_events.method",
            "subject_keys.category",
            "key_tombstones.category",
            "key_version_tombstones.category",
        ],
    ),
    (
        "about the policy, not about a person",
        &[
            "accounts.accepted_policy_version",
            "*.policy_version",
            "*.content_hash",
            "*.definition_hash",
            "policy_versions.clauses",
            "policy_versions.purposes",
            "policy_versions.storage_places",
            "*.change_kind",
            "*.summary",
            "policy_drafts.document",
        ],
    ),
    (
        "a keyed hash of a random secret or of a request",
        &[
            "kyc_signals.reference_mac",
            "registrations.token_mac",
            "staff_members.token_mac",
            "registrations.code_mac",
            "refresh_tokens.token_mac",
            "recovery_codes.code_mac",
            "sign_in_challenges.token_mac",
            "one_time_codes.code_mac",
            "password_resets.token_mac",
            "password_resets.code_mac",
            "rights_requests.result_mac",
            "idempotency_keys.caller_mac",
            "idempotency_keys.key_mac",
            "idempotency_keys.fingerprint",
        ],
    ),
    (
        "a leaf carries salted commitments only; a public detail is about the service, or a device under a name of its own",
        &[
            "log_leaves.bytes",
            "log_leaves.hash",
            "log_entries.seq",
            "log_entries.hash",
            "log_nodes.node",
            "log_nodes.hash",
            "log_checkpoints.note",
            "rights_requests.checkpoint",
            "log_checkpoints.size",
            "log_origins.name",
            "log_origins.first_seq",
            "log_origins.previous_checkpoint",
            "*.origin",
            "log_public_details.detail",
        ],
    ),
    ("a random number that opens one commitment, and goes with its person", &["log_details.salt"]),
    ("a wrapped key", &["subject_keys.wrapped"]),
    (
        "about a company's system, not about a person",
        &[
            "partner_clients.name",
            "partner_clients.scopes",
            "partner_clients.state",
            "partner_clients.requests_per_minute",
            "partner_credentials.secret_mac",
            "partner_credentials.public_key",
            "partner_assertions.assertion_mac",
            "recipients.class",
            "recipients.name",
            "recipients.country",
            "recipients.country_note",
            "recipients.agreement",
            "recipients.policy_url",
            "recipients.contact",
            "recipients.package_key",
            "recipients.state",
            "recipients.feed",
            "recipient_events.step",
            "recipient_events.terms",
            "instruments.issuer",
            "instruments.issued_on",
            "instruments.fields",
            "transfers.fields",
            "transfers.state",
            "advertisements.label",
            "webhook_endpoints.url",
            "webhook_endpoints.state",
            "webhook_secrets.secret",
            "webhook_messages.event_type",
            "webhook_messages.content",
            "webhook_messages.state",
            "webhook_messages.failure",
        ],
    ),
    (
        "the service's own machinery",
        &[
            "key_checks.purpose",
            "key_checks.check_value",
            "store_identity.singleton",
            "store_identity.installation_id",
            "leases.name",
            "transparency_progress.singleton",
            "transparency_progress.next_seq",
            "transparency_counts.quarter",
            "transparency_counts.class",
            "transparency_counts.step",
            "transparency_counts.disclosures",
            "leases.holder",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_stands_once_and_names_a_clause() {
        let mut seen = std::collections::HashSet::new();
        let clauses = crate::domain::policy::first_version().unwrap().clauses;
        for entry in ENTRIES {
            assert!(seen.insert((entry.table, entry.column)), "{}.{} twice", entry.table, entry.column);
            assert!(clauses.iter().any(|c| c.id == entry.purpose_clause), "{entry:?}");
        }
    }
}
