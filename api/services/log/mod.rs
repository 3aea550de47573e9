//! The log: what happened, provable to anybody, without a word about whom.
//!
//! A leaf is inserted in the transaction of the act that it attests. The [`sequencer`] gives it its
//! place in a Merkle tree (RFC 6962) and signs what the tree came to; [`verify`](mod@verify) holds
//! all of it, and every row of evidence, against each other without any key but the public one.

pub mod checkpoint;
pub mod copy;
pub mod promise;
pub mod proof_file;
pub mod proofs;
pub mod restore;
pub mod sequencer;
pub mod tree;
pub mod verify;

pub use proofs::LogService;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    domain::{
        data_dictionary::LOG_DETAIL,
        evidence::{self, Act, Evidence, Facts},
        ids::{DeviceRef, LeafId, PartnerClientId, StaffId},
        time::Timestamp,
    },
    repositories::log::{Leaf, LeafDetail},
    services::vault::{
        Row, SubjectKeys, VaultError,
        kms::{KmsError, random_key},
    },
};

/// Who acts when nobody does.
const SERVICE: &[u8] = b"service";

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
    pub fn of_person(&self, keys: &SubjectKeys, act: &Act, facts: &Facts) -> Result<Leaf, VaultError> {
        self.upon_person(keys.account_id().as_bytes(), keys, act, facts)
    }

    /// The leaf of what a member of staff did to a person.
    ///
    /// # Errors
    ///
    /// As [`of_person`](Self::of_person).
    pub fn of_staff_upon(
        &self,
        staff: StaffId,
        keys: &SubjectKeys,
        act: &Act,
        facts: &Facts,
    ) -> Result<Leaf, VaultError> {
        self.upon_person(staff.as_bytes(), keys, act, facts)
    }

    /// The leaf of what a partner did with a person's data.
    ///
    /// # Errors
    ///
    /// As [`of_person`](Self::of_person).
    pub fn of_partner_upon(
        &self,
        client: PartnerClientId,
        keys: &SubjectKeys,
        act: &Act,
        facts: &Facts,
    ) -> Result<Leaf, VaultError> {
        self.upon_person(client.as_bytes(), keys, act, facts)
    }

    /// The leaf of what the service did to a person by itself.
    ///
    /// # Errors
    ///
    /// As [`of_person`](Self::of_person).
    pub fn of_service_upon(&self, keys: &SubjectKeys, act: &Act, facts: &Facts) -> Result<Leaf, VaultError> {
        self.upon_person(SERVICE, keys, act, facts)
    }

    fn upon_person(
        &self,
        actor: &[u8],
        keys: &SubjectKeys,
        act: &Act,
        facts: &Facts,
    ) -> Result<Leaf, VaultError> {
        let detail = Zeroizing::new(evidence::detail(self.salt.as_slice(), facts));
        let (bytes, hash) = self.bytes(act, actor, facts, &detail);
        let sealed = keys.seal_bytes(&LOG_DETAIL, Row(self.id.as_bytes()), &detail)?;
        let salt = self.salt.to_vec();
        Ok(Leaf {
            id: self.id,
            bytes,
            hash,
            detail: LeafDetail::OfPerson { account_id: keys.account_id(), sealed, salt },
        })
    }

    /// The leaf of a row of evidence about a person.
    ///
    /// # Errors
    ///
    /// As [`of_person`](Self::of_person).
    pub fn of_evidence(&self, keys: &SubjectKeys, row: &impl Evidence) -> Result<Leaf, VaultError> {
        self.of_person(keys, row.act(), &row.facts())
    }

    /// The leaf of an act of the service itself.
    pub fn of_service(&self, act: &Act, facts: &Facts) -> Leaf {
        self.public(SERVICE, act, facts)
    }

    /// The leaf of what a member of staff did, and to no person.
    pub fn of_staff(&self, staff: StaffId, act: &Act, facts: &Facts) -> Leaf {
        self.public(staff.as_bytes(), act, facts)
    }

    /// The leaf of what a device expressed. It names the device as ledgers do, which leads to nobody once
    /// the device was forgotten.
    pub fn of_device(&self, device: DeviceRef, row: &impl Evidence) -> Leaf {
        self.public(device.as_bytes(), row.act(), &row.facts())
    }

    fn public(&self, actor: &[u8], act: &Act, facts: &Facts) -> Leaf {
        let detail = evidence::detail(self.salt.as_slice(), facts);
        let (bytes, hash) = self.bytes(act, actor, facts, &detail);
        Leaf { id: self.id, bytes, hash, detail: LeafDetail::Public(detail) }
    }

    /// A name for this event alone: without the salt, which is erased with its person, nothing ties
    /// it to another leaf.
    fn pseudonym(&self, role: &[u8], of: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(role).chain_update(self.salt.as_slice()).chain_update(of).finalize().into()
    }

    /// The canonical bytes, and their hash. Every leaf attests what was done: a refusal that leaves
    /// a trace names itself in its act.
    fn bytes(&self, act: &Act, actor: &[u8], facts: &Facts, detail: &[u8]) -> (Vec<u8>, [u8; 32]) {
        let object = facts.first().map(|(_, value)| value.as_bytes()).unwrap_or_default();
        let pseudonyms = (&self.pseudonym(b"a1", actor), &self.pseudonym(b"o1", object));
        let bytes = evidence::leaf_bytes(self.at, self.id, act, pseudonyms, &evidence::commitment(detail));
        let hash = evidence::leaf_hash(&bytes);
        (bytes, hash)
    }
}
