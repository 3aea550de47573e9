//! Statements, one module a table: free functions over a connection that a service opened.
//!
//! Rows are private to their module; what comes out is the domain's. `find*` gives an `Option`,
//! `*_owned` takes the owner into the statement itself.

pub mod account_changes;
pub mod account_devices;
pub mod account_emails;
pub mod account_phones;
pub mod accounts;
pub mod advertisements;
pub mod bans;
pub mod blocks;
pub mod consent_events;
pub mod consent_requests;
pub mod contact_changes;
pub mod credentials;
pub mod data_confirmations;
pub mod device_consent_events;
pub mod devices;
pub mod disclosure_events;
pub mod disclosures;
pub mod erasure;
pub mod evidence;
pub mod factor_resets;
pub mod factors;
pub mod idempotency_keys;
pub mod instruments;
pub mod key_checks;
pub mod kyc_cases;
pub mod kyc_decisions;
pub mod kyc_details;
pub mod kyc_documents;
pub mod kyc_flags;
pub mod kyc_notes;
pub mod kyc_signals;
pub mod leases;
pub mod log;
pub mod log_tree;
pub mod notice_campaigns;
pub mod notices;
pub mod obligations;
pub mod one_time_codes;
pub mod outbox;
pub mod partners;
pub mod password_resets;
pub mod policy_acceptances;
pub mod policy_drafts;
pub mod policy_versions;
pub mod processing_limit_events;
pub mod profiles;
pub mod recipients;
pub mod recovery_codes;
pub mod refresh_tokens;
pub mod registrations;
pub mod retention_runs;
pub mod rights_archives;
pub mod rights_corrections;
pub mod rights_requests;
pub mod role_grants;
pub mod sessions;
pub mod sign_in_challenges;
pub mod staff;
pub mod staff_reads;
pub mod store_identity;
pub mod subject_keys;
pub mod support_cases;
pub mod throttles;
pub mod totp_factors;
pub mod transfers;
pub mod transparency;
pub mod webhooks;

use crate::db::StorageError;

/// A stored value that its own type refuses.
const fn corrupt(table: &'static str, why: &'static str) -> StorageError {
    StorageError::Corrupt { table, why }
}

/// A stored hash of 32 bytes.
fn hash32(table: &'static str, bytes: &[u8]) -> Result<[u8; 32], StorageError> {
    bytes.try_into().map_err(|_| corrupt(table, "a hash of another length"))
}
