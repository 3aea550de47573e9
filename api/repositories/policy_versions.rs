//! Published versions of the policy; rows are only ever added.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, StorageError, schema::policy_versions, types::JsonText},
    domain::{
        ids::LeafId,
        policy::{Clause, PolicyVersion, content_hash},
        time::Timestamp,
    },
};

const TABLE: &str = "policy_versions";

#[derive(Queryable)]
struct Row {
    version: i32,
    clauses: JsonText,
    content_hash: Vec<u8>,
    published_at: Timestamp,
    leaf_id: LeafId,
}

impl TryFrom<Row> for PolicyVersion {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let clauses: Vec<Clause> =
            serde_json::from_str(&row.clauses.0).map_err(|_| corrupt(TABLE, "clauses that do not parse"))?;
        Ok(Self {
            version: row.version,
            clauses,
            content_hash: hash32(TABLE, &row.content_hash)?,
            published_at: row.published_at,
        })
    }
}

/// The version in force.
pub fn find_current(c: &mut Conn) -> Result<Option<PolicyVersion>, StorageError> {
    let row: Option<Row> =
        policy_versions::table.order(policy_versions::version.desc()).limit(1).get_result(c).optional()?;
    row.map(PolicyVersion::try_from).transpose()
}

/// The version numbered `version`.
pub fn find(c: &mut Conn, version: i32) -> Result<Option<PolicyVersion>, StorageError> {
    let row: Option<Row> = policy_versions::table.find(version).get_result(c).optional()?;
    row.map(PolicyVersion::try_from).transpose()
}

/// Adds a version; `false` if one of that number stands already.
pub fn append(c: &mut Conn, version: &PolicyVersion, leaf_id: LeafId) -> Result<bool, StorageError> {
    let clauses =
        serde_json::to_string(&version.clauses).map_err(|_| corrupt(TABLE, "clauses that do not write"))?;
    let added = diesel::insert_into(policy_versions::table)
        .values((
            policy_versions::version.eq(version.version),
            policy_versions::clauses.eq(JsonText(clauses)),
            policy_versions::content_hash.eq(version.content_hash.to_vec()),
            policy_versions::published_at.eq(version.published_at),
            policy_versions::leaf_id.eq(leaf_id),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// Versions after one, each with the leaf that it names.
pub fn list_with_leaves(
    c: &mut Conn,
    after: i32,
    limit: i64,
) -> Result<Vec<(PolicyVersion, LeafId)>, StorageError> {
    let rows: Vec<Row> = policy_versions::table
        .filter(policy_versions::version.gt(after))
        .order(policy_versions::version)
        .limit(limit)
        .load(c)?;
    rows.into_iter()
        .map(|row| {
            let leaf_id = row.leaf_id;
            let version = PolicyVersion::try_from(row)?;
            if content_hash(&version.clauses) != version.content_hash {
                return Err(corrupt(TABLE, "words that are not those of its hash"));
            }
            Ok((version, leaf_id))
        })
        .collect()
}
