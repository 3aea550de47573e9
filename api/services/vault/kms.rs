//! Key management: master keys by purpose and version, used here and never handed out.
//!
//! The surface is that of a key-management service (wrap, unwrap, mac, sign), so that one can take
//! the place of the key file.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::key_file::{self, KeyFileError};
use crate::domain::{encoding::length_prefixed, time::Timestamp};

/// What a master key is for; purposes never share a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Wraps the keys of persons.
    Kek,
    /// Seals what is the service's own and nobody's in particular.
    System,
    /// Blind index of email addresses.
    EmailIndex,
    /// Blind index of phone numbers.
    PhoneIndex,
    /// Blind index of the numbers of identity documents.
    DocumentIndex,
    /// Marks by which banned persons are recognised.
    BanMark,
    /// Seals password hashes.
    Pepper,
    /// Keyed hashes of tokens, codes, cursors, cookies and idempotency records.
    TokenMac,
    /// Signs the access tokens of persons.
    PersonToken,
    /// Signs the access tokens of staff.
    StaffToken,
    /// Signs the access tokens of partners.
    PartnerToken,
    /// Signs the checkpoints of the log, and promises about its leaves.
    Log,
    /// Signs receipts of consent.
    Receipt,
    /// Signs packages for recipients.
    Package,
}

impl KeyPurpose {
    pub const ALL: &'static [Self] = &[
        Self::Kek,
        Self::System,
        Self::EmailIndex,
        Self::PhoneIndex,
        Self::DocumentIndex,
        Self::BanMark,
        Self::Pepper,
        Self::TokenMac,
        Self::PersonToken,
        Self::StaffToken,
        Self::PartnerToken,
        Self::Log,
        Self::Receipt,
        Self::Package,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kek => "kek",
            Self::System => "system",
            Self::EmailIndex => "email_index",
            Self::PhoneIndex => "phone_index",
            Self::DocumentIndex => "document_index",
            Self::BanMark => "ban_mark",
            Self::Pepper => "pepper",
            Self::TokenMac => "token_mac",
            Self::PersonToken => "person_token",
            Self::StaffToken => "staff_token",
            Self::PartnerToken => "partner_token",
            Self::Log => "log",
            Self::Receipt => "receipt",
            Self::Package => "package",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.as_str() == text)
    }
}

/// Where a version is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Protects what is new.
    Active,
    /// Only opens and verifies what is old.
    DecryptOnly,
}

impl KeyState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::DecryptOnly => "decrypt_only",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::DecryptOnly].into_iter().find(|state| state.as_str() == text)
    }
}

/// One version of a master key.
#[derive(Clone)]
pub(super) struct MasterKey {
    pub(super) purpose: KeyPurpose,
    pub(super) version: u32,
    pub(super) created_at: Timestamp,
    pub(super) state: KeyState,
    pub(super) key: Zeroizing<[u8; 32]>,
}

/// What may be known of a version: all but the key.
#[derive(Clone, Copy, Debug)]
pub struct KeyFacts {
    pub purpose: KeyPurpose,
    pub version: u32,
    pub created_at: Timestamp,
    pub state: KeyState,
}

/// Why key management failed.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    #[error(transparent)]
    File(#[from] KeyFileError),
    #[error("there is no {} key of version {version}", purpose.as_str())]
    UnknownVersion { purpose: KeyPurpose, version: u32 },
    #[error("the machine gives no randomness")]
    Randomness,
    #[error("a cryptographic operation failed")]
    Crypto,
}

/// An unknown version sends us to the key file at most this often.
const RELOAD_EVERY: Duration = Duration::from_secs(1);

/// The master keys of one installation.
pub struct Kms {
    path: PathBuf,
    keys: RwLock<Arc<Vec<MasterKey>>>,
    last_reload: Mutex<Option<Instant>>,
}

/// A fresh random key.
///
/// # Errors
///
/// [`KmsError::Randomness`].
pub fn random_key() -> Result<Zeroizing<[u8; 32]>, KmsError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut_slice()).map_err(|_| KmsError::Randomness)?;
    Ok(key)
}

impl Kms {
    /// Opens the key file, adding a first key for each purpose that has none.
    ///
    /// # Errors
    ///
    /// [`KmsError::File`] if the file is exposed, damaged or cannot be written.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, KmsError> {
        let _lock = key_file::lock(path)?;
        let mut keys = if path.exists() { key_file::read(path)? } else { Vec::new() };
        let missing: Vec<_> = KeyPurpose::ALL
            .iter()
            .filter(|purpose| !keys.iter().any(|key| key.purpose == **purpose))
            .collect();
        for purpose in &missing {
            keys.push(MasterKey {
                purpose: **purpose,
                version: 1,
                created_at: now,
                state: KeyState::Active,
                key: random_key()?,
            });
        }
        if !missing.is_empty() {
            key_file::write(path, &keys)?;
        }
        Ok(Self { path: path.to_owned(), keys: RwLock::new(Arc::new(keys)), last_reload: Mutex::default() })
    }

    fn keys(&self) -> Arc<Vec<MasterKey>> {
        match self.keys.read() {
            Ok(keys) => Arc::clone(&keys),
            Err(poisoned) => Arc::clone(&poisoned.into_inner()),
        }
    }

    /// Reads the file again: another process may have rotated a key.
    ///
    /// # Errors
    ///
    /// [`KmsError::File`]; the keys in memory then stay as they were.
    pub fn reload(&self) -> Result<(), KmsError> {
        let fresh = Arc::new(key_file::read(&self.path)?);
        match self.keys.write() {
            Ok(mut keys) => *keys = fresh,
            Err(poisoned) => *poisoned.into_inner() = fresh,
        }
        Ok(())
    }

    fn key(&self, purpose: KeyPurpose, version: u32) -> Result<Zeroizing<[u8; 32]>, KmsError> {
        let find = || {
            self.keys()
                .iter()
                .find(|key| key.purpose == purpose && key.version == version)
                .map(|key| key.key.clone())
        };
        if let Some(key) = find() {
            return Ok(key);
        }
        // Clients can name versions that never were, so the file is not read for each of them.
        if self.may_reload() {
            self.reload()?;
        }
        find().ok_or(KmsError::UnknownVersion { purpose, version })
    }

    fn may_reload(&self) -> bool {
        let mut last = self.last_reload.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|at| at.elapsed() >= RELOAD_EVERY);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    /// The version that protects what is new.
    pub fn active(&self, purpose: KeyPurpose) -> u32 {
        let keys = self.keys();
        let active = keys.iter().filter(|key| key.purpose == purpose && key.state == KeyState::Active);
        active.map(|key| key.version).max().unwrap_or(0)
    }

    /// The versions that still open something, newest first.
    pub fn live_versions(&self, purpose: KeyPurpose) -> Vec<u32> {
        let mut versions: Vec<u32> =
            self.keys().iter().filter(|key| key.purpose == purpose).map(|key| key.version).collect();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        versions
    }

    /// What is known of every key.
    pub fn facts(&self) -> Vec<KeyFacts> {
        let facts = |key: &MasterKey| KeyFacts {
            purpose: key.purpose,
            version: key.version,
            created_at: key.created_at,
            state: key.state,
        };
        self.keys().iter().map(facts).collect()
    }

    /// Adds a version, active from now on; earlier ones only open what they sealed.
    ///
    /// # Errors
    ///
    /// [`KmsError::File`] if the file cannot be replaced; nothing has changed then.
    pub fn rotate(&self, purpose: KeyPurpose, now: Timestamp) -> Result<u32, KmsError> {
        let _lock = key_file::lock(&self.path)?;
        self.reload()?;
        let mut keys = self.keys().as_ref().clone();
        let version = self.live_versions(purpose).first().copied().unwrap_or(0) + 1;
        for key in keys.iter_mut().filter(|key| key.purpose == purpose) {
            key.state = KeyState::DecryptOnly;
        }
        keys.push(MasterKey {
            purpose,
            version,
            created_at: now,
            state: KeyState::Active,
            key: random_key()?,
        });
        key_file::write(&self.path, &keys)?;
        self.reload()?;
        Ok(version)
    }

    /// Removes versions for good: what they sealed opens never again. Never the one that protects what is new.
    ///
    /// # Errors
    ///
    /// [`KmsError::File`] if the file cannot be replaced; nothing has changed then.
    pub fn remove(&self, purpose: KeyPurpose, versions: &[u32]) -> Result<(), KmsError> {
        if versions.is_empty() {
            return Ok(());
        }
        let _lock = key_file::lock(&self.path)?;
        self.reload()?;
        let mut keys = self.keys().as_ref().clone();
        keys.retain(|key| {
            key.purpose != purpose || key.state == KeyState::Active || !versions.contains(&key.version)
        });
        key_file::write(&self.path, &keys)?;
        self.reload()
    }

    /// Wraps secret bytes under the active key, bound to `context`.
    ///
    /// # Errors
    ///
    /// [`KmsError::Randomness`].
    pub fn wrap(
        &self,
        purpose: KeyPurpose,
        context: &[&[u8]],
        plain: &[u8],
    ) -> Result<(u32, Vec<u8>), KmsError> {
        let version = self.active(purpose);
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(|_| KmsError::Randomness)?;
        let sealed = self
            .cipher(purpose, version)?
            .encrypt(
                &XNonce::from(nonce),
                Payload { msg: plain, aad: &additional_data(purpose, version, context) },
            )
            .map_err(|_| KmsError::Crypto)?;
        Ok((version, [&nonce[..], &sealed].concat()))
    }

    /// Unwraps what [`wrap`](Self::wrap) gave, with the version it named and no other.
    ///
    /// # Errors
    ///
    /// [`KmsError::Crypto`] if it was wrapped elsewhere or changed.
    pub fn unwrap_bytes(
        &self,
        purpose: KeyPurpose,
        version: u32,
        context: &[&[u8]],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let (nonce, sealed) = wrapped.split_first_chunk::<24>().ok_or(KmsError::Crypto)?;
        self.cipher(purpose, version)?
            .decrypt(
                &XNonce::from(*nonce),
                Payload { msg: sealed, aad: &additional_data(purpose, version, context) },
            )
            .map(Zeroizing::new)
            .map_err(|_| KmsError::Crypto)
    }

    /// [`unwrap_bytes`](Self::unwrap_bytes) for a key.
    ///
    /// # Errors
    ///
    /// As [`unwrap_bytes`](Self::unwrap_bytes), and for anything that is not 32 bytes long.
    pub fn unwrap_key(
        &self,
        purpose: KeyPurpose,
        version: u32,
        context: &[&[u8]],
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, KmsError> {
        let plain = self.unwrap_bytes(purpose, version, context, wrapped)?;
        Ok(Zeroizing::new(plain.as_slice().try_into().map_err(|_| KmsError::Crypto)?))
    }

    fn cipher(&self, purpose: KeyPurpose, version: u32) -> Result<XChaCha20Poly1305, KmsError> {
        let key = self.key(purpose, version)?;
        XChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| KmsError::Crypto)
    }

    /// A keyed hash of `parts`.
    ///
    /// # Errors
    ///
    /// [`KmsError::UnknownVersion`].
    pub fn mac(&self, purpose: KeyPurpose, version: u32, parts: &[&[u8]]) -> Result<[u8; 32], KmsError> {
        let key = self.key(purpose, version)?;
        let mut mac =
            <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key.as_slice()).map_err(|_| KmsError::Crypto)?;
        mac.update(&length_prefixed(parts));
        Ok(mac.finalize().into_bytes().into())
    }

    /// A value that tells this key from any other and nothing of the key itself.
    ///
    /// # Errors
    ///
    /// [`KmsError::UnknownVersion`].
    pub fn check_value(&self, purpose: KeyPurpose, version: u32) -> Result<Vec<u8>, KmsError> {
        self.mac(purpose, version, &[b"key-check"]).map(|mac| mac[..16].to_vec())
    }

    /// The Ed25519 key pair of a token purpose: its public half, and the private half as PKCS #8.
    ///
    /// # Errors
    ///
    /// [`KmsError::UnknownVersion`].
    pub fn ed25519(
        &self,
        purpose: KeyPurpose,
        version: u32,
    ) -> Result<([u8; 32], Zeroizing<Vec<u8>>), KmsError> {
        // RFC 8410, section 7: the fixed header of an Ed25519 private key.
        const PKCS8: [u8; 16] =
            [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        let seed = self.key(purpose, version)?;
        let public = self.public_key(purpose, version)?;
        Ok((public, Zeroizing::new([&PKCS8[..], seed.as_slice()].concat())))
    }

    /// The public half of an Ed25519 key.
    ///
    /// # Errors
    ///
    /// [`KmsError::UnknownVersion`].
    pub fn public_key(&self, purpose: KeyPurpose, version: u32) -> Result<[u8; 32], KmsError> {
        let seed = self.key(purpose, version)?;
        Ok(ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes())
    }

    /// Signs with an Ed25519 key (RFC 8032).
    ///
    /// # Errors
    ///
    /// [`KmsError::UnknownVersion`].
    pub fn sign(&self, purpose: KeyPurpose, version: u32, message: &[u8]) -> Result<[u8; 64], KmsError> {
        use ed25519_dalek::Signer;
        let seed = self.key(purpose, version)?;
        Ok(ed25519_dalek::SigningKey::from_bytes(&seed).sign(message).to_bytes())
    }
}

fn additional_data(purpose: KeyPurpose, version: u32, context: &[&[u8]]) -> Vec<u8> {
    let version = version.to_be_bytes();
    let mut parts: Vec<&[u8]> = vec![b"kms1", purpose.as_str().as_bytes(), &version];
    parts.extend_from_slice(context);
    length_prefixed(&parts)
}
