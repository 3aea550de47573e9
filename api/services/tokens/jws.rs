//! Compact signatures (RFC 7515) under the service's own keys, for anybody to verify.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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

/// Exactly the header that [`sign`] writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    kid: String,
    typ: String,
}

/// What we signed for `purpose` as a `typ`; nothing for any other text.
pub fn verify<T: DeserializeOwned>(kms: &Kms, purpose: KeyPurpose, typ: &str, jws: &str) -> Option<T> {
    let (signed, signature) = jws.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header: StrictHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let version = header.kid.strip_prefix(purpose.as_str())?.strip_prefix('-')?.parse().ok()?;
    if header.alg != "EdDSA" || header.typ != typ || !kms.live_versions(purpose).contains(&version) {
        return None;
    }
    let key = VerifyingKey::from_bytes(&kms.public_key(purpose, version).ok()?).ok()?;
    let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    key.verify_strict(signed.as_bytes(), &signature).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
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
