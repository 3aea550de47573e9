//! The draft of the next version of the policy, under the number that it will bear.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{Conn, Dispatch, StorageError, schema::policy_drafts as t, types::JsonText},
    domain::{
        ids::StaffId,
        policy::{ChangeKind, PolicyDocument, PolicyDraft},
        time::Timestamp,
    },
};

const TABLE: &str = "policy_drafts";

#[derive(Queryable)]
struct Row {
    version: i32,
    document: JsonText,
    content_hash: Vec<u8>,
    change_kind: String,
    summary: String,
    revision: i64,
    written_by: StaffId,
    writers: JsonText,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl TryFrom<Row> for PolicyDraft {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let document: PolicyDocument =
            serde_json::from_str(&row.document.0).map_err(|_| corrupt(TABLE, "words that do not parse"))?;
        Ok(Self {
            version: row.version,
            document,
            content_hash: hash32(TABLE, &row.content_hash)?,
            change_kind: ChangeKind::parse(&row.change_kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
            summary: row.summary,
            revision: row.revision,
            written_by: row.written_by,
            writers: serde_json::from_str(&row.writers.0)
                .map_err(|_| corrupt(TABLE, "writers that do not parse"))?,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

fn write(value: &impl serde::Serialize) -> Result<JsonText, StorageError> {
    serde_json::to_string(value).map(JsonText).map_err(|_| corrupt(TABLE, "words that do not write"))
}

/// Adds a draft; `false` if there is one of that number.
pub fn insert(c: &mut Conn, draft: &PolicyDraft) -> Result<bool, StorageError> {
    let added = diesel::insert_into(t::table)
        .values((
            t::version.eq(draft.version),
            t::document.eq(write(&draft.document)?),
            t::content_hash.eq(draft.content_hash.to_vec()),
            t::change_kind.eq(draft.change_kind.as_str()),
            t::summary.eq(draft.summary.clone()),
            t::revision.eq(draft.revision),
            t::written_by.eq(draft.written_by),
            t::writers.eq(write(&draft.writers)?),
            t::created_at.eq(draft.created_at),
            t::updated_at.eq(draft.updated_at),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// The draft numbered `version`.
pub fn find(c: &mut Conn, version: i32) -> Result<Option<PolicyDraft>, StorageError> {
    let row: Option<Row> = t::table.find(version).get_result(c).optional()?;
    row.map(PolicyDraft::try_from).transpose()
}

/// Writes a draft as it stands now; `false` if somebody else wrote it since `was` was read.
pub fn update(c: &mut Conn, was: i64, draft: &PolicyDraft) -> Result<bool, StorageError> {
    let written = diesel::update(t::table.find(draft.version))
        .filter(t::revision.eq(was))
        .set((
            t::document.eq(write(&draft.document)?),
            t::content_hash.eq(draft.content_hash.to_vec()),
            t::change_kind.eq(draft.change_kind.as_str()),
            t::summary.eq(draft.summary.clone()),
            t::revision.eq(draft.revision),
            t::written_by.eq(draft.written_by),
            t::writers.eq(write(&draft.writers)?),
            t::updated_at.eq(draft.updated_at),
        ))
        .execute(c)?;
    Ok(written == 1)
}

/// Takes a draft away, as it was when `revision` was read; `false` if it is not so any more.
pub fn delete(c: &mut Conn, version: i32, revision: i64) -> Result<bool, StorageError> {
    Ok(diesel::delete(t::table.find(version)).filter(t::revision.eq(revision)).execute(c)? == 1)
}
