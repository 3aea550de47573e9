//! Published versions of the policy; rows are only ever added.

use diesel::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, StorageError, schema::policy_versions, types::JsonText},
    domain::{
        ids::{LeafId, StaffId},
        policy::{ChangeKind, PolicyDocument, PolicyVersion},
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
    purposes: JsonText,
    storage_places: JsonText,
    change_kind: String,
    summary: String,
    written_by: Option<StaffId>,
    published_by: Option<StaffId>,
}

fn read<T: DeserializeOwned>(json: &JsonText) -> Result<T, StorageError> {
    serde_json::from_str(&json.0).map_err(|_| corrupt(TABLE, "words that do not parse"))
}

fn write(value: &impl Serialize) -> Result<JsonText, StorageError> {
    serde_json::to_string(value).map(JsonText).map_err(|_| corrupt(TABLE, "words that do not write"))
}

impl TryFrom<Row> for PolicyVersion {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            version: row.version,
            document: PolicyDocument {
                clauses: read(&row.clauses)?,
                purposes: read(&row.purposes)?,
                storage_places: read(&row.storage_places)?,
            },
            content_hash: hash32(TABLE, &row.content_hash)?,
            change_kind: ChangeKind::parse(&row.change_kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
            summary: row.summary,
            written_by: row.written_by,
            published_by: row.published_by,
            published_at: row.published_at,
        })
    }
}

/// The number of the version in force; 0 before the first publication.
pub fn find_current_number(c: &mut Conn) -> Result<i32, StorageError> {
    let newest: Option<i32> =
        policy_versions::table.select(diesel::dsl::max(policy_versions::version)).get_result(c)?;
    Ok(newest.unwrap_or(0))
}

/// The version numbered `version`.
pub fn find(c: &mut Conn, version: i32) -> Result<Option<PolicyVersion>, StorageError> {
    let row: Option<Row> = policy_versions::table.find(version).get_result(c).optional()?;
    row.map(PolicyVersion::try_from).transpose()
}

/// Some versions before `before`, the newest first.
pub fn list(c: &mut Conn, before: i32, limit: i64) -> Result<Vec<PolicyVersion>, StorageError> {
    let rows: Vec<Row> = policy_versions::table
        .filter(policy_versions::version.lt(before))
        .order(policy_versions::version.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(PolicyVersion::try_from).collect()
}

/// Adds a version; `false` if one of that number stands already.
pub fn append(c: &mut Conn, version: &PolicyVersion, leaf_id: LeafId) -> Result<bool, StorageError> {
    let added = diesel::insert_into(policy_versions::table)
        .values((
            policy_versions::version.eq(version.version),
            policy_versions::clauses.eq(write(&version.document.clauses)?),
            policy_versions::content_hash.eq(version.content_hash.to_vec()),
            policy_versions::published_at.eq(version.published_at),
            policy_versions::leaf_id.eq(leaf_id),
            policy_versions::purposes.eq(write(&version.document.purposes)?),
            policy_versions::storage_places.eq(write(&version.document.storage_places)?),
            policy_versions::change_kind.eq(version.change_kind.as_str()),
            policy_versions::summary.eq(version.summary.clone()),
            policy_versions::written_by.eq(version.written_by),
            policy_versions::published_by.eq(version.published_by),
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
            if version.document.content_hash() != version.content_hash {
                return Err(corrupt(TABLE, "words that are not those of its hash"));
            }
            Ok((version, leaf_id))
        })
        .collect()
}
