//! Page cursors: opaque, bound to the list and the caller that they came from.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use crate::{
    domain::{ids::AccountId, time::Timestamp},
    services::vault::kms::{KeyPurpose, Kms, KmsError},
};

/// The longest cursor that we make.
pub const MAX_LENGTH: usize = 128;

/// The cursor was not made by us for this list and caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

/// Wraps a position in `list` of `owner`.
///
/// # Errors
///
/// Only if the key is gone.
pub fn wrap(kms: &Kms, list: &'static str, owner: AccountId, position: &[u8]) -> Result<String, KmsError> {
    let version = kms.active(KeyPurpose::TokenMac);
    let mac = mac(kms, version, list, owner, position)?;
    Ok(URL_SAFE_NO_PAD.encode([&version.to_be_bytes()[..], &mac, position].concat()))
}

/// Cuts rows that were read one beyond the page, and wraps the position of the last that stays.
///
/// # Errors
///
/// Only if the key is gone.
pub fn page<T>(
    kms: &Kms,
    list: &'static str,
    owner: AccountId,
    mut rows: Vec<T>,
    limit: u32,
    position: impl Fn(&T) -> Vec<u8>,
) -> Result<(Vec<T>, Option<String>), KmsError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = match rows.last() {
        Some(row) if more => Some(wrap(kms, list, owner, &position(row))?),
        _ => None,
    };
    Ok((rows, next))
}

/// The identifier that a cursor holds.
///
/// # Errors
///
/// [`InvalidCursor`] for any other text.
pub fn id<T>(
    kms: &Kms,
    list: &'static str,
    owner: AccountId,
    cursor: Option<&str>,
    from: impl Fn(uuid::Uuid) -> T,
) -> Result<Option<T>, InvalidCursor> {
    cursor
        .map(|cursor| {
            let position = unwrap(kms, list, owner, cursor)?;
            uuid::Uuid::from_slice(&position).map(&from).map_err(|_| InvalidCursor)
        })
        .transpose()
}

/// The count that a cursor holds.
///
/// # Errors
///
/// [`InvalidCursor`] for any other text.
pub fn count(
    kms: &Kms,
    list: &'static str,
    owner: AccountId,
    cursor: Option<&str>,
) -> Result<Option<i64>, InvalidCursor> {
    cursor
        .map(|cursor| {
            let position = unwrap(kms, list, owner, cursor)?;
            Ok(i64::from_be_bytes(position.try_into().map_err(|_| InvalidCursor)?))
        })
        .transpose()
}

/// The instant and identifier that a cursor holds, for lists in the order of time.
///
/// # Errors
///
/// [`InvalidCursor`] for any other text.
pub fn instant_and_id<T>(
    kms: &Kms,
    list: &'static str,
    owner: AccountId,
    cursor: Option<&str>,
    from: impl Fn(uuid::Uuid) -> T,
) -> Result<Option<(Timestamp, T)>, InvalidCursor> {
    let Some(cursor) = cursor else { return Ok(None) };
    let position = unwrap(kms, list, owner, cursor)?;
    let read = || {
        let (at, id) = position.split_first_chunk::<8>()?;
        let at = Timestamp::from_micros(i64::from_be_bytes(*at))?;
        Some((at, from(uuid::Uuid::from_slice(id).ok()?)))
    };
    read().map(Some).ok_or(InvalidCursor)
}

/// The position that [`instant_and_id`] reads.
pub fn at_instant(at: Timestamp, id: &[u8; 16]) -> Vec<u8> {
    [at.as_micros().to_be_bytes().as_slice(), id].concat()
}

/// The position in a cursor of this list and owner.
///
/// # Errors
///
/// [`InvalidCursor`] for any other text.
pub fn unwrap(
    kms: &Kms,
    list: &'static str,
    owner: AccountId,
    cursor: &str,
) -> Result<Vec<u8>, InvalidCursor> {
    let read = || {
        let bytes = (cursor.len() <= MAX_LENGTH).then(|| URL_SAFE_NO_PAD.decode(cursor).ok())??;
        let (version, rest) = bytes.split_first_chunk::<4>()?;
        let (presented, position) = rest.split_first_chunk::<32>()?;
        let genuine = mac(kms, u32::from_be_bytes(*version), list, owner, position).ok()?;
        bool::from(genuine.ct_eq(presented)).then(|| position.to_vec())
    };
    read().ok_or(InvalidCursor)
}

fn mac(kms: &Kms, version: u32, list: &str, owner: AccountId, position: &[u8]) -> Result<[u8; 32], KmsError> {
    kms.mac(KeyPurpose::TokenMac, version, &[b"cursor", list.as_bytes(), owner.as_bytes(), position])
}
