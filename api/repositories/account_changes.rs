//! The history of a profile: what a field was before each change.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::account_changes},
    domain::{
        account::ProfileField,
        evidence::{ACCOUNT_CHANGED, Act, Evidence, Facts},
        ids::{AccountId, LeafId},
        time::Timestamp,
    },
};

/// One change, its old value sealed under the category of its field.
#[derive(Clone)]
pub struct SealedChange {
    pub account_id: AccountId,
    pub sequence: i64,
    pub field: ProfileField,
    pub old_identity: Option<Vec<u8>>,
    pub old_contact: Option<Vec<u8>>,
    pub changed_at: Timestamp,
    pub leaf_id: LeafId,
}

impl Evidence for SealedChange {
    fn act(&self) -> &'static Act {
        &ACCOUNT_CHANGED
    }

    /// The old value itself is not in them: erasing it leaves the evidence whole.
    fn facts(&self) -> Facts {
        vec![
            ("account", self.account_id.to_string()),
            ("sequence", self.sequence.to_string()),
            ("field", self.field.as_str().to_owned()),
            ("changed_at", self.changed_at.to_string()),
        ]
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = account_changes, treat_none_as_default_value = false)]
struct Row {
    account_id: AccountId,
    sequence: i64,
    field: String,
    old_identity: Option<Vec<u8>>,
    old_contact: Option<Vec<u8>>,
    changed_at: Timestamp,
    leaf_id: LeafId,
}

impl TryFrom<Row> for SealedChange {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            sequence: row.sequence,
            field: ProfileField::parse(&row.field).ok_or(corrupt("account_changes", "an unknown field"))?,
            old_identity: row.old_identity,
            old_contact: row.old_contact,
            changed_at: row.changed_at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn insert(c: &mut Conn, change: &SealedChange) -> Result<(), StorageError> {
    let row = Row {
        account_id: change.account_id,
        sequence: change.sequence,
        field: change.field.as_str().to_owned(),
        old_identity: change.old_identity.clone(),
        old_contact: change.old_contact.clone(),
        changed_at: change.changed_at,
        leaf_id: change.leaf_id,
    };
    diesel::insert_into(account_changes::table).values(row).dispatch(c)?;
    Ok(())
}

/// The person's changes before `before`, newest first.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    before: i64,
    limit: i64,
) -> Result<Vec<SealedChange>, StorageError> {
    let rows: Vec<Row> = account_changes::table
        .filter(account_changes::account_id.eq(owner))
        .filter(account_changes::sequence.lt(before))
        .order(account_changes::sequence.desc())
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(SealedChange::try_from).collect()
}

/// Changes of everybody after a place, in order.
pub fn list_all(
    c: &mut Conn,
    (account, sequence): (AccountId, i64),
    limit: i64,
) -> Result<Vec<SealedChange>, StorageError> {
    use account_changes as t;
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(SealedChange::try_from).collect()
}
