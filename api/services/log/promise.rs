//! Signed promises: the answer to an act names the act's leaves, and by when they are in the tree.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::checkpoint::Trusted;
use crate::{
    domain::{encoding::hex, time::Timestamp},
    services::{
        tokens::jws,
        vault::kms::{KeyPurpose, Kms, KmsError},
    },
};

pub use crate::db::{LeafHash, collecting_leaves};

/// A leaf is in the tree within this time.
pub const MERGE_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// What the service promises of the leaves of an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// The service, as in its access tokens.
    pub iss: String,
    pub iat: i64,
    /// By then every leaf is in a checkpoint, in seconds since the Unix epoch.
    pub merged_by: i64,
    /// The hashes of the leaves, in hexadecimal digits.
    pub leaf_hashes: Vec<String>,
}

/// Signs a promise as a compact JWS (RFC 7515), with the key that signs checkpoints.
///
/// # Errors
///
/// Only if the signing key is gone.
pub fn sign(kms: &Kms, issuer: &str, leaves: &[LeafHash], now: Timestamp) -> Result<String, KmsError> {
    let promise = Promise {
        iss: issuer.to_owned(),
        iat: now.as_seconds(),
        merged_by: now.plus(MERGE_WITHIN).as_seconds(),
        leaf_hashes: leaves.iter().map(|hash| hex(hash)).collect(),
    };
    jws::sign(kms, KeyPurpose::Log, "log-promise+jws", &promise)
}

/// Reads a promise that a trusted key signed.
pub fn open(trusted: &Trusted, jws: &str) -> Option<Promise> {
    let (signed, signature) = jws.trim().rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !trusted.has_signed(signed.as_bytes(), &signature) {
        return None;
    }
    let (_, payload) = signed.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
