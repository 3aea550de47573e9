//! Use cases: a service method is one act, and if it writes, one transaction.

/// Gives a service's error what every one of them needs: key management's failures arrive through
/// the vault, and a transaction can tell a refusal from the storage's trouble.
macro_rules! service_error {
    ($error:ident, storage in $($nested:ident),*) => {
        impl From<crate::services::vault::kms::KmsError> for $error {
            fn from(error: crate::services::vault::kms::KmsError) -> Self {
                Self::Vault(error.into())
            }
        }

        impl crate::db::Refusal for $error {
            fn storage(&self) -> Option<&crate::db::StorageError> {
                match self {
                    Self::Storage(error) => Some(error),
                    $( Self::$nested(error) => crate::db::Refusal::storage(error), )*
                    _ => None,
                }
            }
        }
    };
}
pub mod accounts;
pub mod bans;
pub mod batches;
pub mod blocks;
pub mod clock;
pub mod consents;
pub mod contests;
pub mod cursors;
pub mod devices;
pub mod disclosures;
pub mod erasure;
pub mod files;
pub mod idempotency;
pub mod images;
pub mod instruments;
pub mod jobs;
pub mod kyc;
pub mod limits;
pub mod log;
pub mod mailing;
pub mod notices;
pub mod obligations;
pub mod outbox;
pub mod partners;
pub mod passwords;
pub mod places;
pub mod policies;
pub mod profiles;
pub mod proofs;
pub mod reads;
pub mod recipients;
pub mod reports;
pub mod retention;
pub mod rights;
pub mod sessions;
pub mod staff;
pub mod support;
pub mod throttles;
pub mod tokens;
pub mod transparency;
pub mod transports;
pub mod vault;
pub mod webhooks;
