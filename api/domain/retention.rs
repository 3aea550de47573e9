//! Retention: which job takes away what the data dictionary lets go, and what it did.

use super::{closed_list::closed_list, data_dictionary::Entry, time::Timestamp};

closed_list! {
    /// A rule by which personal data go.
    RetentionRule {
        /// Registrations that nobody completed, a day after their link lapsed.
        LapsedRegistrations = "lapsed_registrations",
        /// Password resets that nobody completed.
        LapsedPasswordResets = "lapsed_password_resets",
        /// Answers that were kept to be repeated.
        StoredAnswers = "stored_answers",
        /// Sessions, some days after they ended.
        EndedSessions = "ended_sessions",
        /// Messages, some days after they were sent or given up.
        SettledMessages = "settled_messages",
        /// Devices, a year after they were last seen.
        UnusedDevices = "unused_devices",
        /// Changes of an address or a number that were not confirmed.
        ContactChanges = "contact_changes",
        /// Counts of tries.
        Throttles = "throttles",
        /// Blocks, at their end.
        Blocks = "blocks",
        /// The marks of banned persons, at the end of the ban.
        Bans = "bans",
        /// Clicks, some days after they were counted.
        AdClicks = "ad_clicks",
        /// Archives, a week after they were ready.
        Archives = "archives",
        /// What showed that a request was right, thirty days after the last was decided.
        RightsEvidence = "rights_evidence",
        /// Documents of verifications, so long after the decision as the law wants them.
        VerificationDocuments = "verification_documents",
        /// Everything else about a person, some days after the account was closed.
        ClosedAccounts = "closed_accounts",
        /// Records of verifications, five years after the account ended.
        StatutoryRecords = "statutory_records",
        /// Orders of courts and state bodies, five years after they ended.
        Orders = "orders",
        /// Members of the staff, six years after they left.
        Staff = "staff",
    }
}

impl RetentionRule {
    /// The rule by which a personal column is emptied.
    pub fn of(entry: &Entry) -> Self {
        match entry.table {
            "registrations" => Self::LapsedRegistrations,
            "password_resets" => Self::LapsedPasswordResets,
            "idempotency_keys" => Self::StoredAnswers,
            "sessions" => Self::EndedSessions,
            "outbox" => Self::SettledMessages,
            "devices" | "account_devices" => Self::UnusedDevices,
            "contact_changes" => Self::ContactChanges,
            "throttles" => Self::Throttles,
            "blocks" => Self::Blocks,
            "ban_marks" => Self::Bans,
            "ad_clicks" => Self::AdClicks,
            "rights_archives" => Self::Archives,
            "rights_evidence" => Self::RightsEvidence,
            "kyc_documents" | "kyc_files" | "kyc_document_numbers" => Self::VerificationDocuments,
            "kyc_records" => Self::StatutoryRecords,
            "instruments" => Self::Orders,
            "staff_members" | "staff_emails" => Self::Staff,
            _ => Self::ClosedAccounts,
        }
    }
}

/// What a rule took away on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionRun {
    pub day: Timestamp,
    pub rule: RetentionRule,
    pub removed: i64,
    pub last_run_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::data_dictionary::{ENTRIES, Retention};

    #[test]
    fn every_rule_has_columns_and_what_goes_with_the_account_goes_when_that_is_closed() {
        for rule in RetentionRule::ALL {
            assert!(ENTRIES.iter().any(|entry| RetentionRule::of(entry) == *rule), "{rule:?}");
        }
        for entry in ENTRIES.iter().filter(|entry| RetentionRule::of(entry) == RetentionRule::ClosedAccounts)
        {
            assert_eq!(entry.retention, Retention::Account, "{}.{}", entry.table, entry.column);
        }
    }
}
