//! Checkpoints (C2SP tlog-checkpoint): what the tree came to, signed as a note (C2SP signed-note).

use base64::{Engine, engine::general_purpose::STANDARD};
use signed_note::{Note, Signature, StandardVerifier, VerifierList, key_id};
use tlog_tiles::{Checkpoint, Hash};

use crate::{
    db::LeafHash,
    services::vault::kms::{KeyPurpose, Kms, KmsError},
};

/// The byte that C2SP gives to Ed25519.
const ED25519: u8 = 1;

/// Why a checkpoint is not accepted, or was not made.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("that is not a checkpoint")]
    Malformed,
    #[error("no key that is known has signed it")]
    Unsigned,
    #[error("that is not a verifier key: NAME+HASH+KEY")]
    BadKey,
    #[error(transparent)]
    Kms(#[from] KmsError),
}

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    pub origin: String,
    pub size: u64,
    pub root: LeafHash,
}

impl TreeHead {
    fn text(&self) -> Result<Vec<u8>, CheckpointError> {
        let checkpoint = Checkpoint::new(&self.origin, self.size, Hash(self.root), "");
        Ok(checkpoint.map_err(|_| CheckpointError::Malformed)?.to_bytes())
    }

    /// Signs it. `before` is the checkpoint that it follows: where another key signed that, the old
    /// key signs this one too, and so hands over to the new.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Kms`] if a signing key is gone.
    pub fn sign(&self, kms: &Kms, before: Option<&str>) -> Result<String, CheckpointError> {
        let text = self.text()?;
        let active = kms.active(KeyPurpose::Log);
        let mut versions = vec![active];
        if let Some(before) = before {
            let signers = signers(before);
            let signed = |version| Ok::<_, KmsError>(signers.contains(&self.key_id(kms, version)?));
            if !signed(active)? {
                for version in kms.live_versions(KeyPurpose::Log) {
                    if signed(version)? {
                        versions.push(version);
                    }
                }
            }
        }
        let signatures = versions
            .into_iter()
            .map(|version| {
                let signature = kms.sign(KeyPurpose::Log, version, &text)?;
                Signature::new(self.origin.clone(), self.key_id(kms, version)?, signature.to_vec())
                    .map_err(|_| CheckpointError::Malformed)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let note = Note::new(&text, &signatures).map_err(|_| CheckpointError::Malformed)?;
        String::from_utf8(note.to_bytes()).map_err(|_| CheckpointError::Malformed)
    }

    fn key_id(&self, kms: &Kms, version: u32) -> Result<u32, KmsError> {
        Ok(id_of(&self.origin, &kms.public_key(KeyPurpose::Log, version)?))
    }

    /// Reads a note without asking who signed it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Malformed`].
    pub fn read(note: &str) -> Result<Self, CheckpointError> {
        let note = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|_| CheckpointError::Malformed)?;
        Ok(Self {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            root: checkpoint.hash().0,
        })
    }
}

/// The ids of the keys that a note names as its signers.
fn signers(note: &str) -> Vec<u32> {
    let lines = note.lines().filter_map(|line| Signature::from_bytes(line.as_bytes()).ok());
    lines.map(|signature| signature.id()).collect()
}

fn id_of(name: &str, public: &[u8; 32]) -> u32 {
    key_id(name, &[&[ED25519], public.as_slice()].concat())
}

/// The keys that sign a lineage, as C2SP verifier keys, newest first.
///
/// # Errors
///
/// [`CheckpointError::Kms`] if a signing key is gone.
pub fn verifier_keys(kms: &Kms, origin: &str) -> Result<Vec<String>, CheckpointError> {
    kms.live_versions(KeyPurpose::Log)
        .into_iter()
        .map(|version| {
            let public = kms.public_key(KeyPurpose::Log, version)?;
            let key = STANDARD.encode([&[ED25519], public.as_slice()].concat());
            Ok(format!("{origin}+{:08x}+{key}", id_of(origin, &public)))
        })
        .collect()
}

/// Public keys that somebody trusts.
pub struct Trusted {
    keys: Vec<StandardVerifier>,
    public: Vec<[u8; 32]>,
}

impl Trusted {
    /// From verifier keys.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::BadKey`].
    pub fn new(keys: &[String]) -> Result<Self, CheckpointError> {
        let mut list = Vec::new();
        let mut public = Vec::new();
        for key in keys {
            list.push(StandardVerifier::new(key.trim()).map_err(|_| CheckpointError::BadKey)?);
            // NAME+HASH+KEY: only the last part can hold a plus of its own.
            let encoded = key.trim().splitn(3, '+').nth(2).ok_or(CheckpointError::BadKey)?;
            let bytes = STANDARD.decode(encoded).map_err(|_| CheckpointError::BadKey)?;
            public.push(bytes.get(1..).and_then(|key| key.try_into().ok()).ok_or(CheckpointError::BadKey)?);
        }
        Ok(Self { keys: list, public })
    }

    /// What a note says, if a trusted key signed it.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Unsigned`] also for a signature that does not verify.
    pub fn open(&self, note: &str) -> Result<TreeHead, CheckpointError> {
        let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
        let boxed = |key: &StandardVerifier| -> Box<dyn signed_note::Verifier> { Box::new(key.clone()) };
        let known = VerifierList::new(self.keys.iter().map(boxed).collect());
        parsed.verify(&known).map_err(|_| CheckpointError::Unsigned)?;
        TreeHead::read(note)
    }

    /// Whether one of the keys signed these bytes.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        self.public.iter().any(|key| {
            ed25519_dalek::VerifyingKey::from_bytes(key)
                .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
        })
    }
}
