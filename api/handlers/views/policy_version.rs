//! Bodies of policy versions.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Example;
use crate::domain::{
    encoding::hex,
    policy::{self, Clause, PolicyVersion},
    time::Timestamp,
};

/// A clause of the policy.
#[derive(Serialize, ToSchema)]
#[schema(as = Clause)]
pub struct ClauseView {
    /// Its id, the same in every version.
    #[schema(max_length = 8, example = "4.8")]
    pub clause_id: String,
    /// Its heading.
    #[schema(max_length = 200, example = "Two keys")]
    pub title: String,
    /// Its words.
    #[schema(
        max_length = 2000,
        example = "Nothing personal goes to a third party without the review of our legal team and without your prior consent."
    )]
    pub text: String,
}

/// A published version of the policy; it never changes.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyVersion)]
pub struct PolicyVersionView {
    /// Its number.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub version: i32,
    /// SHA-256 over id, title and text of each clause in order, every one followed by a line feed.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub content_hash: String,
    /// When it was published, and took effect (clause 9.3).
    pub published_at: Timestamp,
    /// The clauses in order.
    #[schema(max_items = 500)]
    pub clauses: Vec<ClauseView>,
}

impl PolicyVersionView {
    pub fn new(version: PolicyVersion) -> Self {
        let view =
            |clause: Clause| ClauseView { clause_id: clause.id, title: clause.title, text: clause.text };
        Self {
            version: version.version,
            content_hash: hex(&version.content_hash),
            published_at: version.published_at,
            clauses: version.clauses.into_iter().map(view).collect(),
        }
    }
}

impl Example for PolicyVersionView {
    fn example() -> Value {
        // The real hash of the first version, so that the example of a registration works as it stands.
        let clauses = policy::first_version().unwrap_or_default();
        json!({
            "version": 1,
            "content_hash": hex(&policy::content_hash(&clauses)),
            "published_at": "2026-03-01T00:00:00.000000Z",
            "clauses": clauses.iter().take(1).map(|clause| json!({
                "clause_id": clause.id, "title": clause.title, "text": clause.text,
            })).collect::<Vec<_>>(),
        })
    }
}
