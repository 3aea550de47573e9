//! Opaque tokens: 256 random bits with the account that they lead to; kept as keyed hashes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    domain::ids::AccountId,
    services::vault::kms::{KeyPurpose, Kms, KmsError, random_key},
};

/// What a token is good for; one kind is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    Registration,
    Refresh,
    Challenge,
    PasswordReset,
    SessionRevocation,
    FactorResetCancellation,
    StaffInvitation,
    PartnerSecret,
    RightsResult,
    RightsLink,
}

impl TokenKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Registration => 1,
            Self::Refresh => 2,
            Self::Challenge => 3,
            Self::PasswordReset => 4,
            Self::SessionRevocation => 5,
            Self::FactorResetCancellation => 6,
            Self::StaffInvitation => 7,
            Self::PartnerSecret => 8,
            Self::RightsResult => 9,
            Self::RightsLink => 10,
        }
    }
}

/// Length of a token's text.
pub const TEXT_LENGTH: usize = 71;
const LENGTH: usize = 1 + 4 + 16 + 32;

/// A token as its bearer gets it, and the hash under which it is kept.
pub struct Issued {
    pub text: SecretString,
    pub mac: [u8; 32],
    pub mac_version: u32,
}

/// A token that came back.
#[derive(Clone, Copy)]
pub struct Presented {
    pub account_id: AccountId,
    pub mac: [u8; 32],
}

/// Makes a token that leads to `account_id`.
///
/// # Errors
///
/// Only if the machine gives no randomness.
pub fn issue(kms: &Kms, kind: TokenKind, account_id: AccountId) -> Result<Issued, KmsError> {
    let version = kms.active(KeyPurpose::TokenMac);
    let random = random_key()?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH));
    bytes.push(kind.byte());
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(account_id.as_bytes());
    bytes.extend_from_slice(random.as_slice());
    let mac = kms.mac(KeyPurpose::TokenMac, version, &[b"token", &bytes])?;
    Ok(Issued { text: SecretString::from(URL_SAFE_NO_PAD.encode(&*bytes)), mac, mac_version: version })
}

/// Reads a token of this kind; `None` for anything else.
pub fn read(kms: &Kms, kind: TokenKind, text: &str) -> Option<Presented> {
    if text.len() != TEXT_LENGTH {
        return None;
    }
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    let (head, rest) = bytes.split_first()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (account, random) = rest.split_first_chunk::<16>()?;
    if *head != kind.byte() || random.len() != 32 {
        return None;
    }
    let mac = kms.mac(KeyPurpose::TokenMac, u32::from_be_bytes(*version), &[b"token", &bytes]).ok()?;
    Some(Presented { account_id: AccountId::from_uuid(Uuid::from_bytes(*account)), mac })
}

/// Length of the text of a link's token.
pub const LINK_LENGTH: usize = 92;

/// The token of a link that does one thing to one thing of a person. It needs no row: whoever holds
/// it was mailed it, and what it is for knows by itself whether it can still be done.
///
/// # Errors
///
/// [`KmsError::UnknownVersion`].
pub fn link(
    kms: &Kms,
    kind: TokenKind,
    account_id: AccountId,
    target: &[u8; 16],
) -> Result<Zeroizing<String>, KmsError> {
    let version = kms.active(KeyPurpose::TokenMac);
    let mac = link_mac(kms, version, kind, account_id.as_bytes(), target)?;
    let bytes = [&[kind.byte()][..], &version.to_be_bytes(), account_id.as_bytes(), target, &mac].concat();
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// The person and the thing of a link's token that is ours and of this kind.
pub fn read_link(kms: &Kms, kind: TokenKind, text: &str) -> Option<(AccountId, Uuid)> {
    if text.len() != LINK_LENGTH {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (head, rest) = bytes.split_first()?;
    let (version, rest) = rest.split_first_chunk::<4>()?;
    let (account, rest) = rest.split_first_chunk::<16>()?;
    let (target, presented) = rest.split_first_chunk::<16>()?;
    let mac = link_mac(kms, u32::from_be_bytes(*version), kind, account, target).ok()?;
    let genuine = *head == kind.byte() && bool::from(mac.ct_eq(presented));
    genuine.then(|| (AccountId::from_uuid(Uuid::from_bytes(*account)), Uuid::from_bytes(*target)))
}

fn link_mac(
    kms: &Kms,
    version: u32,
    kind: TokenKind,
    account: &[u8; 16],
    target: &[u8; 16],
) -> Result<[u8; 32], KmsError> {
    kms.mac(KeyPurpose::TokenMac, version, &[b"link", &[kind.byte()], account, target])
}

/// A code of eight digits for a person to type, each equally likely.
///
/// # Errors
///
/// Only if the machine gives no randomness.
pub fn code() -> Result<Zeroizing<String>, KmsError> {
    let number = getrandom::u64().map_err(|_| KmsError::Randomness)? % 100_000_000;
    Ok(Zeroizing::new(format!("{number:08}")))
}

/// The keyed hash of a code, bound to whom and what it is for.
///
/// # Errors
///
/// [`KmsError::UnknownVersion`].
pub fn code_mac(
    kms: &Kms,
    version: u32,
    account_id: AccountId,
    bound_to: &[u8],
    code: &str,
) -> Result<[u8; 32], KmsError> {
    kms.mac(KeyPurpose::TokenMac, version, &[b"code", account_id.as_bytes(), bound_to, code.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_length_is_the_real_one() {
        assert_eq!(URL_SAFE_NO_PAD.encode([0; LENGTH]).len(), TEXT_LENGTH);
        assert_eq!(URL_SAFE_NO_PAD.encode([0; 1 + 4 + 16 + 16 + 32]).len(), LINK_LENGTH);
    }
}
