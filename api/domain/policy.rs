//! The privacy policy: numbered versions of clauses, immutable once published.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::time::Timestamp;

/// One clause; its id never changes its meaning between versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    pub id: String,
    pub title: String,
    pub text: String,
}

/// A version as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    pub version: i32,
    pub clauses: Vec<Clause>,
    pub content_hash: [u8; 32],
    /// Also the instant it took effect (clause 9.3).
    pub published_at: Timestamp,
}

/// The clauses of version 1, as the binary ships them.
const FIRST: &str = include_str!("policy/version-1.json");

/// The clauses that a fresh installation publishes as version 1.
///
/// # Errors
///
/// Only if the text inside the binary is not what its test proved it to be.
pub fn first_version() -> Result<Vec<Clause>, serde_json::Error> {
    serde_json::from_str(FIRST)
}

/// Identifies a version's words: SHA-256 over each clause's id, title and text, every one followed
/// by a line feed, in order.
pub fn content_hash(clauses: &[Clause]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for clause in clauses {
        for part in [&clause.id, &clause.title, &clause.text] {
            hash.update(part);
            hash.update("\n");
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_has_every_clause_in_order_on_one_line_each() {
        let clauses = first_version().unwrap();
        let expected: Vec<String> =
            [(0, 4), (1, 9), (2, 6), (3, 9), (4, 8), (5, 6), (6, 3), (7, 6), (8, 2), (9, 3)]
                .into_iter()
                .flat_map(|(chapter, last)| (1..=last).map(move |n| format!("{chapter}.{n}")))
                .collect();
        assert_eq!(clauses.iter().map(|c| c.id.clone()).collect::<Vec<_>>(), expected);
        for clause in &clauses {
            assert!(!clause.title.is_empty() && !clause.text.is_empty(), "{}", clause.id);
            assert!(!clause.text.contains('\n') && clause.text.len() <= 2_000, "{}", clause.id);
        }
    }
}
