//! Bodies of the log's checkpoint and proofs.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Example;
use crate::{
    domain::{encoding::hex, time::Timestamp},
    services::log::proofs::{ConsistencyProof, CurrentCheckpoint, InclusionProof},
};

/// A SHA-256 in hexadecimal digits.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$", example = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7")]
pub struct TreeHash(String);

impl TreeHash {
    /// A hash that is written already.
    pub const fn of(text: String) -> Self {
        Self(text)
    }
}

/// A key that verifies signatures (C2SP signed-note: `NAME+HASH+KEY`).
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, max_length = 512, example = "privacy.example.com/log/1+6f7f9cd5+ATtqJ8N9wXa5yq3mKk0C1ubvY2Zk9pQdXoV7hJr5tLwe")]
pub struct VerifierKey(String);

fn hashes(proof: &[[u8; 32]]) -> Vec<TreeHash> {
    proof.iter().map(|hash| TreeHash(hex(hash))).collect()
}

/// What the log came to, signed (C2SP tlog-checkpoint).
#[derive(Serialize, ToSchema)]
#[schema(as = LogCheckpoint)]
pub struct LogCheckpointView {
    /// The lineage of the log; it names its keys too.
    #[schema(max_length = 256, example = "privacy.example.com/log/1")]
    pub origin: String,
    /// How many leaves the tree has.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 1_204)]
    pub tree_size: u64,
    /// The root of the tree, in hexadecimal digits.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"
    )]
    pub root_hash: String,
    /// The signed note itself; keep this.
    #[schema(max_length = 4096)]
    pub note: String,
    /// When it was signed.
    pub signed_at: Timestamp,
    /// The keys that verify it, newest first (C2SP signed-note: `NAME+HASH+KEY`).
    #[schema(max_items = 16)]
    pub public_keys: Vec<VerifierKey>,
}

impl LogCheckpointView {
    pub fn new(checkpoint: CurrentCheckpoint) -> Self {
        Self {
            origin: checkpoint.head.origin,
            tree_size: checkpoint.head.size,
            root_hash: hex(&checkpoint.head.root),
            note: checkpoint.note,
            signed_at: checkpoint.signed_at,
            public_keys: checkpoint.keys.into_iter().map(VerifierKey).collect(),
        }
    }
}

const NOTE: &str = "privacy.example.com/log/1\n1204\np//G+L8e12ZRwUdWoGHWYvWA/03kO0n6gtgKS4D4Q0o=\n\n\u{2014} privacy.example.com/log/1 b3+c1bT0J4dMUpcyXkzcJm0zCVQ0lv2BXO2EWQe5NlB4pYtG3zDrl4T1uV1yqJ7m0eYw0n1yK9X8Qb2a4mSz3Q6DAAo=\n";

impl Example for LogCheckpointView {
    fn example() -> Value {
        json!({
            "origin": "privacy.example.com/log/1",
            "tree_size": 1_204,
            "root_hash": "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a",
            "note": NOTE,
            "signed_at": "2026-03-01T09:31:12.000000Z",
            "public_keys": ["privacy.example.com/log/1+6f7f9cd5+ATtqJ8N9wXa5yq3mKk0C1ubvY2Zk9pQdXoV7hJr5tLwe"],
        })
    }
}

/// That a leaf is in the tree (RFC 6962, section 2.1.1).
#[derive(Serialize, ToSchema)]
#[schema(as = LogInclusionProof)]
pub struct LogInclusionProofView {
    /// The leaf's hash, in hexadecimal digits.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )]
    pub leaf_hash: String,
    /// Its place, from 0.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 17)]
    pub leaf_index: u64,
    /// The size of the tree that the proof is against.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1_204)]
    pub tree_size: u64,
    /// The hashes from the leaf up to the root, in hexadecimal digits.
    #[schema(max_items = 64)]
    pub audit_path: Vec<TreeHash>,
}

impl LogInclusionProofView {
    pub fn new(leaf: &[u8; 32], proof: &InclusionProof) -> Self {
        Self {
            leaf_hash: hex(leaf),
            leaf_index: proof.index,
            tree_size: proof.size,
            audit_path: hashes(&proof.hashes),
        }
    }
}

impl Example for LogInclusionProofView {
    fn example() -> Value {
        json!({
            "leaf_hash": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "leaf_index": 17,
            "tree_size": 1_204,
            "audit_path": ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"],
        })
    }
}

/// That a tree begins with a smaller one (RFC 6962, section 2.1.2).
#[derive(Serialize, ToSchema)]
#[schema(as = LogConsistencyProof)]
pub struct LogConsistencyProofView {
    /// The size of the older tree.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1_000)]
    pub from_size: u64,
    /// The size of the newer tree.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1_204)]
    pub to_size: u64,
    /// The hashes, in hexadecimal digits; none if the sizes are equal.
    #[schema(max_items = 128)]
    pub hashes: Vec<TreeHash>,
}

impl LogConsistencyProofView {
    pub fn new(proof: &ConsistencyProof) -> Self {
        Self { from_size: proof.from, to_size: proof.to, hashes: hashes(&proof.hashes) }
    }
}

impl Example for LogConsistencyProofView {
    fn example() -> Value {
        json!({
            "from_size": 1_000,
            "to_size": 1_204,
            "hashes": ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"],
        })
    }
}
