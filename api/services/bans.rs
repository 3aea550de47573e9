//! The keyed marks by which banned persons are recognised.

use crate::{
    domain::{email::Email, personal::Personal},
    services::vault::{Vault, kms::KeyPurpose},
};

/// By what a person is recognised, under every live version of the key.
pub enum Mark<'a> {
    Email(&'a Email),
    /// The number of an identity document, as documents are compared by.
    Document(&'a str),
}

impl Mark<'_> {
    /// The keyed hashes, newest key first.
    pub fn hashes(&self, vault: &Vault) -> Vec<[u8; 32]> {
        let text = match self {
            Self::Email(email) => format!("email|{}", email.expose()),
            Self::Document(key) => format!("document|{key}"),
        };
        let hashes = vault.blind_indexes(KeyPurpose::BanMark, &text);
        hashes.into_iter().map(|(_, hash)| hash).collect()
    }
}
