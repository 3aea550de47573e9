//! The device cookie: a random identifier that only we can issue.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{
    domain::{ids::DeviceId, time::Timestamp},
    services::vault::kms::{KeyPurpose, Kms, KmsError},
};

/// Makes a new device and the text of its cookie.
///
/// # Errors
///
/// Only if the key is gone.
pub fn issue(kms: &Kms, now: Timestamp) -> Result<(DeviceId, String), KmsError> {
    let device = DeviceId::generate(now);
    Ok((device, cookie_of(kms, device)?))
}

/// The text of the device's cookie.
///
/// # Errors
///
/// Only if the key is gone.
pub fn cookie_of(kms: &Kms, device: DeviceId) -> Result<String, KmsError> {
    let version = kms.active(KeyPurpose::TokenMac);
    let mac = kms.mac(KeyPurpose::TokenMac, version, &[b"device", device.as_bytes()])?;
    let [head, ..] = mac.as_chunks::<16>().0 else { return Err(KmsError::Crypto) };
    Ok(URL_SAFE_NO_PAD.encode([&version.to_be_bytes()[..], device.as_bytes(), head].concat()))
}

/// The device of a cookie that we issued.
pub fn read(kms: &Kms, cookie: &str) -> Option<DeviceId> {
    if cookie.len() > 64 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
    let (version, rest) = bytes.split_first_chunk::<4>()?;
    let (device, presented) = rest.split_first_chunk::<16>()?;
    let mac = kms.mac(KeyPurpose::TokenMac, u32::from_be_bytes(*version), &[b"device", device]).ok()?;
    let genuine = mac.get(..16)?.ct_eq(presented);
    bool::from(genuine).then(|| DeviceId::from_uuid(Uuid::from_bytes(*device)))
}
