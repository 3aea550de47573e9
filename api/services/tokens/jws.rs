//! Compact signatures (RFC 7515) under the service's own keys, for anybody to verify.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::access::PublicKey;
use crate::services::vault::kms::{KeyPurpose, Kms, KmsError};

/// Signs `payload` as a compact JWS. The `kid` names purpose and version, as the published keys do.
///
/// # Errors
///
/// Only if the signing key is gone.
pub fn sign(kms: &Kms, purpose: KeyPurpose, typ: &str, payload: &impl Serialize) -> Result<String, KmsError> {
    let version = kms.active(purpose);
    let header = format!(r#"{{"alg":"EdDSA","kid":"{}-{version}","typ":"{typ}"}}"#, purpose.as_str());
    let payload = serde_json::to_vec(payload).map_err(|_| KmsError::Crypto)?;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = kms.sign(purpose, version, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The public keys that verify what was signed for `purpose`, newest first.
///
/// # Errors
///
/// Only if a signing key is gone.
pub fn public_keys(kms: &Kms, purpose: KeyPurpose) -> Result<Vec<PublicKey>, KmsError> {
    let of = |version| {
        let public = kms.public_key(purpose, version)?;
        Ok(PublicKey { kid: format!("{}-{version}", purpose.as_str()), x: URL_SAFE_NO_PAD.encode(public) })
    };
    kms.live_versions(purpose).into_iter().map(of).collect()
}
