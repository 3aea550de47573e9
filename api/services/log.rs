//! Leaves of the log: what happened, provable, without a word about whom.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    domain::{data_dictionary::LOG_DETAIL, ids::LeafId, time::Timestamp},
    repositories::log::{Leaf, LeafDetail},
    services::vault::{
        Row, SubjectKeys, VaultError, envelope_parts,
        kms::{KmsError, random_key},
    },
};

/// What a leaf is about: names and values, in this order for ever.
pub type Facts<'a> = [(&'a str, String)];

/// What kind of act a leaf attests.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// Its name, `noun.verb`.
    pub name: &'static str,
    /// The kind of thing that it was done to.
    pub object: &'static str,
    /// The clause of the policy that names the purpose; empty for the service's own upkeep.
    pub clause: &'static str,
}

/// A leaf whose id, time and salt are fixed before the transaction begins.
#[derive(Clone)]
pub struct LeafDraft {
    id: LeafId,
    at: Timestamp,
    salt: Zeroizing<[u8; 32]>,
}

impl LeafDraft {
    /// # Errors
    ///
    /// Only if the machine gives no randomness.
    pub fn new(now: Timestamp) -> Result<Self, KmsError> {
        Ok(Self { id: LeafId::generate(now), at: now, salt: random_key()? })
    }

    pub const fn id(&self) -> LeafId {
        self.id
    }

    /// The leaf of an act of, or upon, a person. The facts stay readable while the person's
    /// `log_detail` key lives; the leaf stays provable for ever. The first fact names the object.
    ///
    /// # Errors
    ///
    /// [`VaultError::NoKey`] if the person's log details were erased.
    pub fn of_person(&self, keys: &SubjectKeys, act: &Act, facts: &Facts<'_>) -> Result<Leaf, VaultError> {
        let detail = self.detail(facts);
        let (bytes, hash) = self.bytes(act, keys.account_id().as_bytes(), facts, &detail);
        let sealed = keys.seal_bytes(&LOG_DETAIL, Row(self.id.as_bytes()), &detail)?;
        Ok(Leaf { id: self.id, bytes, hash, detail: LeafDetail::OfPerson(keys.account_id(), sealed) })
    }

    /// The leaf of an act of the service itself.
    pub fn of_service(&self, act: &Act, facts: &Facts<'_>) -> Leaf {
        let detail = self.detail(facts);
        let (bytes, hash) = self.bytes(act, b"service", facts, &detail);
        Leaf { id: self.id, bytes, hash, detail: LeafDetail::Public(detail.to_vec()) }
    }

    /// Salt and facts: what opens the commitment.
    fn detail(&self, facts: &Facts<'_>) -> Zeroizing<Vec<u8>> {
        let parts: Vec<&[u8]> =
            facts.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).collect();
        Zeroizing::new([self.salt.as_slice(), &envelope_parts(&parts)].concat())
    }

    /// A name for this event alone: without the salt, which is erased with its person, nothing ties
    /// it to another leaf.
    fn pseudonym(&self, role: &[u8], of: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(role).chain_update(self.salt.as_slice()).chain_update(of).finalize().into()
    }

    /// The canonical bytes, and their hash as a leaf of an RFC 6962 tree. Every leaf attests what
    /// was done: a refusal that leaves a trace names itself in its act.
    fn bytes(&self, act: &Act, actor: &[u8], facts: &Facts<'_>, detail: &[u8]) -> (Vec<u8>, [u8; 32]) {
        let commitment: [u8; 32] = Sha256::new().chain_update(b"c1").chain_update(detail).finalize().into();
        let object = facts.first().map(|(_, value)| value.as_bytes()).unwrap_or_default();
        let bytes = envelope_parts(&[
            b"leaf1",
            &self.at.as_micros().to_be_bytes(),
            self.id.as_bytes(),
            act.name.as_bytes(),
            &self.pseudonym(b"a1", actor),
            act.object.as_bytes(),
            &self.pseudonym(b"o1", object),
            act.clause.as_bytes(),
            &commitment,
        ]);
        let hash = Sha256::new().chain_update([0]).chain_update(&bytes).finalize().into();
        (bytes, hash)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
