//! The Merkle tree (RFC 6962, section 2.1) over stored hashes of complete subtrees, numbered as in
//! C2SP tlog-tiles.

use std::{cell::RefCell, collections::HashMap};

use tlog_tiles::{
    EMPTY_HASH, Error, Hash, HashReader, prove_record, prove_tree, stored_hash_count, stored_hash_index,
    stored_hashes_for_record_hash, sub_tree_index, tree_hash,
};

use crate::db::LeafHash;

/// The tree contradicts itself, or a proof does.
#[derive(Debug, thiserror::Error)]
#[error("the tree does not compute: {0}")]
pub struct TreeError(String);

impl From<Error> for TreeError {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// Stored hashes that were loaded, by their number.
#[derive(Default)]
pub struct Nodes(HashMap<u64, LeafHash>);

impl Nodes {
    pub fn new(loaded: impl IntoIterator<Item = (u64, LeafHash)>) -> Self {
        Self(loaded.into_iter().collect())
    }

    /// Forgets all but these.
    pub fn keep(&mut self, numbers: &[u64]) {
        self.0.retain(|number, _| numbers.contains(number));
    }
}

impl HashReader for Nodes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let found = |index| self.0.get(index).map(|hash| Hash(*hash)).ok_or(Error::IndexesNotInTree);
        indexes.iter().map(found).collect()
    }
}

/// Learns which hashes a computation needs, so that they are loaded in one statement.
#[derive(Default)]
struct Wanted(RefCell<Vec<u64>>);

impl HashReader for Wanted {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        self.0.borrow_mut().extend_from_slice(indexes);
        Ok(vec![EMPTY_HASH; indexes.len()])
    }
}

fn wanted<T>(compute: impl FnOnce(&Wanted) -> Result<T, Error>) -> Result<Vec<u64>, TreeError> {
    let reader = Wanted::default();
    compute(&reader)?;
    Ok(reader.0.into_inner())
}

/// The numbers of the stored hashes from which a tree of `size` leaves goes on.
pub fn frontier(size: u64) -> Vec<u64> {
    sub_tree_index(0, size, Vec::new())
}

/// How many hashes are stored for a tree of `size` leaves; they are numbered from 0.
pub fn stored(size: u64) -> u64 {
    stored_hash_count(size)
}

/// Adds leaves to a tree of `size`, and gives the hashes to store. `nodes` holds its frontier, and
/// takes the new hashes.
///
/// # Errors
///
/// [`TreeError`] if the frontier is not the one of that size.
pub fn extend(size: u64, nodes: &mut Nodes, leaves: &[LeafHash]) -> Result<Vec<(u64, LeafHash)>, TreeError> {
    let mut stored = Vec::with_capacity(leaves.len() * 2);
    for (n, leaf) in (size..).zip(leaves) {
        let hashes = stored_hashes_for_record_hash(n, Hash(*leaf), nodes)?;
        for (number, hash) in (stored_hash_index(0, n)..).zip(hashes) {
            nodes.0.insert(number, hash.0);
            stored.push((number, hash.0));
        }
    }
    Ok(stored)
}

/// The root of a tree of `size`, from its frontier.
///
/// # Errors
///
/// [`TreeError`] if a hash is missing.
pub fn root(size: u64, nodes: &Nodes) -> Result<LeafHash, TreeError> {
    Ok(tree_hash(size, nodes)?.0)
}

/// The stored hashes that [`prove_inclusion`] needs.
///
/// # Errors
///
/// [`TreeError`] if there is no leaf `index` in a tree of `size`.
pub fn for_inclusion(size: u64, index: u64) -> Result<Vec<u64>, TreeError> {
    wanted(|reader| prove_record(size, index, reader))
}

/// The audit path of leaf `index` (RFC 6962, section 2.1.1).
///
/// # Errors
///
/// As [`for_inclusion`].
pub fn prove_inclusion(size: u64, index: u64, nodes: &Nodes) -> Result<Vec<LeafHash>, TreeError> {
    Ok(prove_record(size, index, nodes)?.into_iter().map(|hash| hash.0).collect())
}

/// The stored hashes that [`prove_consistency`] needs.
///
/// # Errors
///
/// [`TreeError`] unless `1 <= from <= to`.
pub fn for_consistency(from: u64, to: u64) -> Result<Vec<u64>, TreeError> {
    wanted(|reader| prove_tree(to, from, reader))
}

/// Proves that the tree of `to` begins with the tree of `from` (RFC 6962, section 2.1.2).
///
/// # Errors
///
/// As [`for_consistency`].
pub fn prove_consistency(from: u64, to: u64, nodes: &Nodes) -> Result<Vec<LeafHash>, TreeError> {
    Ok(prove_tree(to, from, nodes)?.into_iter().map(|hash| hash.0).collect())
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use sha2::Sha256;
    use tlog_tiles::{check_record, check_tree};

    use super::*;
    use crate::domain::evidence::leaf_hash;

    const SIZES: u64 = 300;

    fn leaf(n: u64) -> Vec<u8> {
        format!("leaf {n}").into_bytes()
    }

    fn hashes(proof: &[LeafHash]) -> Vec<Hash> {
        proof.iter().map(|hash| Hash(*hash)).collect()
    }

    /// Checks an audit path as a reader of the log does.
    fn check_inclusion(
        proof: &[LeafHash],
        size: u64,
        root: &LeafHash,
        index: u64,
        leaf: &LeafHash,
    ) -> Result<(), Error> {
        check_record(&hashes(proof), size, Hash(*root), index, Hash(*leaf))
    }

    /// Checks a proof of consistency as a reader of the log does.
    fn check_consistency(
        proof: &[LeafHash],
        to: u64,
        new_root: &LeafHash,
        from: u64,
        old_root: &LeafHash,
    ) -> Result<(), Error> {
        check_tree(&hashes(proof), to, Hash(*new_root), from, Hash(*old_root))
    }

    fn flat(proof: &[LeafHash]) -> Vec<u8> {
        proof.concat()
    }

    /// Every proof of every tree up to 300 leaves is the oracle's, checks, and no longer checks once
    /// a bit of it, of the root or of the position is another.
    #[test]
    fn proofs_of_all_sizes_are_the_oracles_and_mutated_ones_are_refused() {
        let (mut nodes, mut oracle) = (Nodes::default(), MemoryBackedTree::<Sha256, Vec<u8>>::new());
        let (mut roots, mut checked, mut refused) = (Vec::new(), 0_u64, 0_u64);
        for size in 1..=SIZES {
            let bytes = leaf(size - 1);
            extend(size - 1, &mut nodes, &[leaf_hash(&bytes)]).unwrap();
            oracle.push(bytes);
            let own = root(size, &nodes).unwrap();
            assert_eq!(own.as_slice(), oracle.root().as_bytes().as_slice(), "{size}");
            roots.push(own);
            for index in 0..size {
                let proof = prove_inclusion(size, index, &nodes).unwrap();
                let expected = oracle.prove_inclusion(usize::try_from(index).unwrap());
                assert_eq!(flat(&proof), expected.as_bytes());
                let hash = leaf_hash(&leaf(index));
                check_inclusion(&proof, size, &own, index, &hash).unwrap();
                checked += 1;
                let mut wrong_root = own;
                wrong_root[0] ^= 1;
                assert!(check_inclusion(&proof, size, &wrong_root, index, &hash).is_err());
                assert!(check_inclusion(&proof, size, &own, (index + 1) % size, &hash).is_err() || size == 1);
                for n in 0..proof.len() {
                    let mut mutated = proof.clone();
                    mutated[n][31] ^= 0x80;
                    assert!(check_inclusion(&mutated, size, &own, index, &hash).is_err());
                    refused += 1;
                }
                let mut longer = proof.clone();
                longer.push([0; 32]);
                assert!(check_inclusion(&longer, size, &own, index, &hash).is_err());
                refused += 3;
            }
            for from in 1..=size {
                let proof = prove_consistency(from, size, &nodes).unwrap();
                let expected = oracle.prove_consistency(usize::try_from(size - from).unwrap());
                assert_eq!(flat(&proof), expected.as_bytes(), "{from} to {size}");
                let old = roots[usize::try_from(from - 1).unwrap()];
                check_consistency(&proof, size, &own, from, &old).unwrap();
                checked += 1;
                let mut wrong = old;
                wrong[5] ^= 4;
                assert!(check_consistency(&proof, size, &own, from, &wrong).is_err());
                for n in 0..proof.len() {
                    let mut mutated = proof.clone();
                    mutated[n][0] ^= 1;
                    assert!(check_consistency(&mutated, size, &own, from, &old).is_err());
                    refused += 1;
                }
                refused += 1;
            }
        }
        assert_eq!(checked, SIZES * (SIZES + 1));
        eprintln!("proofs: {checked} checked against the oracle, {refused} mutated ones refused");
    }
}
