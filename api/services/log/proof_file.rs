//! Proof files: everything that it takes to verify, without this service, what was done about one person.
//!
//! Each entry has the leaf as the tree holds it, what the leaf commits to, and the way up to the root of a signed
//! checkpoint. Whoever has the file and a key of the log verifies all of it offline.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    LogService,
    checkpoint::{CheckpointError, Trusted},
    proofs::ProofError,
    tree,
};
use crate::{
    db::{LeafHash, StorageError},
    domain::{
        encoding::{hex, length_prefixed, unhex},
        evidence::{LeafContent, commitment, leaf_hash},
        ids::LeafId,
    },
    repositories::log_tree,
};

/// What the form of the file is called.
pub const FORMAT: &str = "smart-mining-proof-1";
/// The bytes that open a commitment.
const SALT: usize = 32;

/// A leaf with the way up to the root.
pub struct ProvenLeaf {
    pub leaf_id: LeafId,
    pub bytes: Vec<u8>,
    pub salt: Vec<u8>,
    pub index: u64,
    pub hashes: Vec<LeafHash>,
}

/// Leaves, proven against one checkpoint.
pub struct ProvenLeaves {
    pub note: String,
    pub leaves: Vec<ProvenLeaf>,
}

impl LogService {
    /// Proves that these leaves are in the newest tree that was signed.
    ///
    /// # Errors
    ///
    /// [`ProofError::NotPlaced`] for a leaf that the tree takes in within the minute, and
    /// [`ProofError::NotFound`] for one whose commitment nothing opens any more.
    pub async fn prove_leaves(&self, ids: Vec<LeafId>) -> Result<ProvenLeaves, ProofError> {
        let (origin, stored) = self.newest().await?;
        let size = u64::try_from(stored.size).map_err(|_| ProofError::NoCheckpoint)?;
        let (found, public) = self
            .db
            .read(move |c| {
                Ok::<_, StorageError>((
                    log_tree::list_leaves(c, &ids)?,
                    log_tree::list_public_salts(c, &ids)?,
                ))
            })
            .await?;
        let mut leaves = Vec::new();
        for leaf in found {
            let seq = leaf.seq.ok_or(ProofError::NotPlaced)?;
            let index = u64::try_from(seq - origin.first_seq).map_err(|_| ProofError::NotFound)?;
            if index >= size {
                return Err(ProofError::NotPlaced);
            }
            let nodes = self.nodes(&origin, tree::for_inclusion(size, index)?).await?;
            leaves.push(ProvenLeaf {
                leaf_id: leaf.leaf_id,
                bytes: leaf.bytes,
                salt: leaf.salt.or_else(|| salt(public.get(&leaf.leaf_id)?)).ok_or(ProofError::NotFound)?,
                index,
                hashes: tree::prove_inclusion(size, index, &nodes)?,
            });
        }
        Ok(ProvenLeaves { note: stored.note, leaves })
    }
}

/// What opens a leaf that is about the service itself, or about somebody who was erased.
fn salt(detail: &[u8]) -> Option<Vec<u8>> {
    detail.get(..SALT).map(<[u8]>::to_vec)
}

/// What a leaf says, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub name: String,
    pub value: String,
}

/// One entry of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The leaf, in base64.
    pub leaf: String,
    /// What opens its commitment, in hexadecimal digits.
    pub salt: String,
    pub facts: Vec<Fact>,
    pub leaf_index: u64,
    pub audit_path: Vec<String>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    pub format: String,
    /// The signed checkpoint (C2SP tlog-checkpoint).
    pub checkpoint: String,
    pub entries: Vec<Entry>,
}

/// Why a file proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProofFault {
    #[error("not a proof file of this form")]
    Form,
    #[error("it has no entry")]
    Empty,
    #[error("the checkpoint is not signed by a key that was given")]
    Checkpoint(#[from] CheckpointError),
    #[error("entry {0} does not read")]
    Unreadable(usize),
    #[error("the facts of entry {0} are not what its leaf commits to")]
    OtherFacts(usize),
    #[error("entry {0} is not in the tree of the checkpoint")]
    NotInTree(usize),
}

impl ProofFile {
    pub fn new(proven: ProvenLeaves, facts: impl Fn(LeafId) -> Vec<Fact>) -> Self {
        let mut leaves = proven.leaves;
        leaves.sort_by_key(|leaf| leaf.index);
        let entry = |leaf: ProvenLeaf| Entry {
            leaf: STANDARD.encode(&leaf.bytes),
            salt: hex(&leaf.salt),
            facts: facts(leaf.leaf_id),
            leaf_index: leaf.index,
            audit_path: leaf.hashes.iter().map(|hash| hex(hash)).collect(),
        };
        Self {
            format: FORMAT.to_owned(),
            checkpoint: proven.note,
            entries: leaves.into_iter().map(entry).collect(),
        }
    }

    /// Verifies a file against keys that are trusted, and says what each entry attests.
    ///
    /// # Errors
    ///
    /// [`ProofFault`], with the number of the first entry that does not hold.
    pub fn verify(text: &str, trusted: &Trusted) -> Result<Vec<(LeafContent, Vec<Fact>)>, ProofFault> {
        let file: Self = serde_json::from_str(text).map_err(|_| ProofFault::Form)?;
        if file.format != FORMAT {
            return Err(ProofFault::Form);
        }
        if file.entries.is_empty() {
            return Err(ProofFault::Empty);
        }
        let head = trusted.open(&file.checkpoint)?;
        let mut proven = Vec::new();
        for (n, entry) in file.entries.into_iter().enumerate() {
            let bytes = STANDARD.decode(&entry.leaf).map_err(|_| ProofFault::Unreadable(n))?;
            let content = LeafContent::read(&bytes).ok_or(ProofFault::Unreadable(n))?;
            let salt = unhex(&entry.salt).filter(|salt| salt.len() == SALT);
            let salt = salt.ok_or(ProofFault::Unreadable(n))?;
            let parts: Vec<&[u8]> =
                entry.facts.iter().flat_map(|fact| [fact.name.as_bytes(), fact.value.as_bytes()]).collect();
            if commitment(&[salt, length_prefixed(&parts)].concat()) != content.commitment {
                return Err(ProofFault::OtherFacts(n));
            }
            let path: Option<Vec<LeafHash>> =
                entry.audit_path.iter().map(|text| unhex(text)?.try_into().ok()).collect();
            let path = path.ok_or(ProofFault::Unreadable(n))?;
            if !is_included(leaf_hash(&bytes), entry.leaf_index, head.size, &path, head.root) {
                return Err(ProofFault::NotInTree(n));
            }
            proven.push((content, entry.facts));
        }
        Ok(proven)
    }
}

fn node(left: &LeafHash, right: &LeafHash) -> LeafHash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Whether a path leads from a leaf to a root (RFC 9162, section 2.1.3.2).
pub fn is_included(leaf: LeafHash, index: u64, size: u64, path: &[LeafHash], root: LeafHash) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            hash = node(sibling, &hash);
            while place.is_multiple_of(2) && place != 0 {
                place /= 2;
                last /= 2;
            }
        } else {
            hash = node(&hash, sibling);
        }
        place /= 2;
        last /= 2;
    }
    last == 0 && hash == root
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;

    use super::*;

    /// Every leaf of every tree up to 70 leaves, against an independent tree; and no other way is one.
    #[test]
    fn paths_of_an_independent_tree_are_taken_and_changed_ones_are_not() {
        for size in 1_u64..=70 {
            let mut tree = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
            let leaves: Vec<Vec<u8>> = (0..size).map(|n| n.to_be_bytes().to_vec()).collect();
            for leaf in &leaves {
                tree.push(leaf.clone());
            }
            let root: LeafHash = tree.root().as_bytes()[..32].try_into().unwrap();
            for (index, leaf) in leaves.iter().enumerate() {
                let proof = tree.prove_inclusion(index);
                let path: Vec<LeafHash> =
                    proof.as_bytes().chunks(32).map(|hash| hash.try_into().unwrap()).collect();
                let (index, hash) = (u64::try_from(index).unwrap(), leaf_hash(leaf));
                assert!(is_included(hash, index, size, &path, root), "{index} of {size}");
                assert!(!is_included(hash, index + 1, size, &path, root));
                assert!(!is_included(leaf_hash(b"other"), index, size, &path, root));
                assert!(!is_included(hash, index, size, &path[..path.len().saturating_sub(1)], [0; 32]));
                for n in 0..path.len() {
                    let mut changed = path.clone();
                    changed[n][0] ^= 1;
                    assert!(!is_included(hash, index, size, &changed, root));
                }
                let longer = [path.as_slice(), &[[0; 32]]].concat();
                assert!(!is_included(hash, index, size, &longer, root));
            }
        }
    }
}
