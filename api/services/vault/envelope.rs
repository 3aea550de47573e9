//! The envelope of one sealed cell: `0x01 | algorithm | key version | nonce | ciphertext and tag`.
//!
//! The seal is bound to table, column, row, subject and key version, so a cell opens nowhere else.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::kms::KmsError;
use crate::domain::{data_dictionary::Entry, encoding::length_prefixed, ids::AccountId};

const FORMAT: u8 = 1;
/// XChaCha20-Poly1305; the byte is there for the next algorithm.
const XCHACHA: u8 = 1;
const NONCE: usize = 24;

/// Where a sealed cell stands.
pub(super) struct Context<'a> {
    pub(super) entry: &'static Entry,
    pub(super) row: &'a [u8],
    pub(super) subject: AccountId,
    pub(super) key_version: u32,
}

/// One key per column, so that a cell of one never meets the key of another.
///
/// # Errors
///
/// Only if the derivation fails, which it cannot for a key of this length.
pub(super) fn field_key(category_key: &[u8; 32], entry: &Entry) -> Result<Zeroizing<[u8; 32]>, KmsError> {
    let info = length_prefixed(&[b"pv1", entry.table.as_bytes(), entry.column.as_bytes()]);
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, category_key)
        .expand(&info, key.as_mut_slice())
        .map_err(|_| KmsError::Crypto)?;
    Ok(key)
}

impl Context<'_> {
    fn additional_data(&self) -> Vec<u8> {
        length_prefixed(&[
            b"pv1",
            self.entry.table.as_bytes(),
            self.entry.column.as_bytes(),
            self.row,
            self.subject.as_bytes(),
            &self.key_version.to_be_bytes(),
        ])
    }
}

pub(super) fn seal(key: &[u8; 32], context: &Context<'_>, plain: &[u8]) -> Result<Vec<u8>, KmsError> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| KmsError::Randomness)?;
    let padded = pad(plain);
    let cipher = XChaCha20Poly1305::new_from_slice(key).map_err(|_| KmsError::Crypto)?;
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), Payload { msg: &padded, aad: &context.additional_data() })
        .map_err(|_| KmsError::Crypto)?;
    let mut envelope = Vec::with_capacity(6 + NONCE + sealed.len());
    envelope.extend_from_slice(&[FORMAT, XCHACHA]);
    envelope.extend_from_slice(&context.key_version.to_be_bytes());
    envelope.extend_from_slice(&nonce);
    envelope.extend_from_slice(&sealed);
    Ok(envelope)
}

/// The version of the key that an envelope names; the only key it is ever tried with.
pub(super) fn key_version(envelope: &[u8]) -> Result<u32, &'static str> {
    match envelope {
        [FORMAT, XCHACHA, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        [FORMAT, _, ..] => Err("an unknown algorithm"),
        _ => Err("not an envelope"),
    }
}

pub(super) fn open(
    key: &[u8; 32],
    context: &Context<'_>,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    let body = envelope.get(6..).ok_or("too short")?;
    let (nonce, sealed) = body.split_first_chunk::<NONCE>().ok_or("too short")?;
    let cipher = XChaCha20Poly1305::new_from_slice(key).map_err(|_| "no field key")?;
    let padded = cipher
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &context.additional_data() })
        .map(Zeroizing::new)
        .map_err(|_| "sealed elsewhere, or changed")?;
    unpad(&padded).ok_or("padded wrongly")
}

/// Length, value, zeros up to a bucket: lengths of names and addresses tell something too.
fn pad(plain: &[u8]) -> Zeroizing<Vec<u8>> {
    let needed = plain.len() + 4;
    let bucket =
        if needed <= 256 { needed.next_power_of_two().max(16) } else { needed.next_multiple_of(256) };
    let mut padded = Zeroizing::new(Vec::with_capacity(bucket));
    padded.extend_from_slice(&u32::try_from(plain.len()).unwrap_or(u32::MAX).to_be_bytes());
    padded.extend_from_slice(plain);
    padded.resize(bucket, 0);
    padded
}

fn unpad(padded: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (length, rest) = padded.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    rest.get(..length).map(|plain| Zeroizing::new(plain.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_hides_length_within_a_bucket_and_comes_off_again() {
        for length in [0, 1, 12, 13, 28, 252, 253, 1_000] {
            let plain = vec![7; length];
            let padded = pad(&plain);
            assert!(padded.len() >= 16 && padded.len() > length);
            assert_eq!(unpad(&padded).unwrap().as_slice(), plain);
        }
        assert_eq!(pad(&[0; 1]).len(), pad(&[0; 12]).len());
        assert!(unpad(&[0, 0, 0, 9, 1]).is_none() && unpad(&[1]).is_none());
    }

    #[test]
    fn joined_parts_are_unambiguous() {
        assert_ne!(length_prefixed(&[b"ab", b"c"]), length_prefixed(&[b"a", b"bc"]));
    }
}
