//! The wrapped keys of persons, in their store of their own.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{key_tombstones, key_version_tombstones, subject_keys},
    },
    domain::{data_dictionary::Category, ids::AccountId, time::Timestamp},
};

const TABLE: &str = "subject_keys";

/// A key as it rests: wrapped under a version of the key-encryption key.
#[derive(Clone)]
pub struct WrappedKey {
    pub account_id: AccountId,
    pub category: Category,
    pub version: u32,
    pub kek_version: u32,
    pub wrapped: Vec<u8>,
    pub created_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = subject_keys, treat_none_as_default_value = false)]
struct Row {
    account_id: AccountId,
    category: String,
    version: i32,
    kek_version: i32,
    wrapped: Vec<u8>,
    created_at: Timestamp,
}

impl TryFrom<Row> for WrappedKey {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            category: Category::parse(&row.category).ok_or(corrupt(TABLE, "an unknown category"))?,
            version: u32::try_from(row.version).map_err(|_| corrupt(TABLE, "a negative version"))?,
            kek_version: u32::try_from(row.kek_version).map_err(|_| corrupt(TABLE, "a negative version"))?,
            wrapped: row.wrapped,
            created_at: row.created_at,
        })
    }
}

fn row(key: &WrappedKey) -> Result<Row, StorageError> {
    let number = |n: u32| i32::try_from(n).map_err(|_| corrupt(TABLE, "a version out of range"));
    Ok(Row {
        account_id: key.account_id,
        category: key.category.as_str().to_owned(),
        version: number(key.version)?,
        kek_version: number(key.kek_version)?,
        wrapped: key.wrapped.clone(),
        created_at: key.created_at,
    })
}

/// Adds keys, except where the category was destroyed or has one; says how many were added.
pub fn insert(c: &mut Conn, keys: &[WrappedKey]) -> Result<usize, StorageError> {
    let Some(first) = keys.first() else { return Ok(0) };
    let destroyed: Vec<String> = key_tombstones::table
        .filter(key_tombstones::account_id.eq(first.account_id))
        .select(key_tombstones::category)
        .load(c)?;
    let destroyed_versions: Vec<(String, i32)> = key_version_tombstones::table
        .filter(key_version_tombstones::account_id.eq(first.account_id))
        .select((key_version_tombstones::category, key_version_tombstones::version))
        .load(c)?;
    let mut rows = keys.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    rows.retain(|row| {
        !destroyed.contains(&row.category)
            && !destroyed_versions
                .iter()
                .any(|(category, version)| *category == row.category && *version == row.version)
    });
    let mut added = 0;
    for row in rows {
        added += diesel::insert_into(subject_keys::table).values(row).on_conflict_do_nothing().dispatch(c)?;
    }
    Ok(added)
}

/// Adds keys as the next version of their categories, except where the category was destroyed; unless `also`, only where
/// it has none.
pub fn insert_next(c: &mut Conn, keys: &[WrappedKey], also: bool) -> Result<usize, StorageError> {
    let mut next = Vec::new();
    for key in keys {
        let live = last_version(list_versions(c, key)?);
        if live > 0 && !also {
            continue;
        }
        let destroyed = last_version(list_destroyed_versions_of(c, key.account_id, key.category)?);
        next.push(WrappedKey { version: live.max(destroyed) + 1, ..key.clone() });
    }
    insert(c, &next)
}

fn last_version(versions: Vec<u32>) -> u32 {
    versions.into_iter().max().unwrap_or(0)
}

fn list_versions(c: &mut Conn, key: &WrappedKey) -> Result<Vec<u32>, StorageError> {
    let keys = list(c, key.account_id)?;
    Ok(keys.into_iter().filter(|other| other.category == key.category).map(|other| other.version).collect())
}

/// All keys of one person.
pub fn list(c: &mut Conn, id: AccountId) -> Result<Vec<WrappedKey>, StorageError> {
    let rows: Vec<Row> = subject_keys::table.filter(subject_keys::account_id.eq(id)).load(c)?;
    rows.into_iter().map(WrappedKey::try_from).collect()
}

/// Deletes a key and remembers that it must never come back.
pub fn destroy(c: &mut Conn, id: AccountId, category: Category, now: Timestamp) -> Result<(), StorageError> {
    diesel::insert_into(key_tombstones::table)
        .values((
            key_tombstones::account_id.eq(id),
            key_tombstones::category.eq(category.as_str()),
            key_tombstones::erased_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    diesel::delete(
        subject_keys::table
            .filter(subject_keys::account_id.eq(id))
            .filter(subject_keys::category.eq(category.as_str())),
    )
    .execute(c)?;
    Ok(())
}

/// Deletes one version of a key and remembers that it must never come back.
pub fn destroy_version(
    c: &mut Conn,
    id: AccountId,
    category: Category,
    version: u32,
    now: Timestamp,
) -> Result<(), StorageError> {
    let version = i32::try_from(version).map_err(|_| corrupt(TABLE, "a version out of range"))?;
    diesel::insert_into(key_version_tombstones::table)
        .values((
            key_version_tombstones::account_id.eq(id),
            key_version_tombstones::category.eq(category.as_str()),
            key_version_tombstones::version.eq(version),
            key_version_tombstones::erased_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    diesel::delete(subject_keys::table.find((id, category.as_str(), version))).execute(c)?;
    Ok(())
}

/// Categories of persons' keys that were destroyed, after one of them.
pub fn list_destroyed(
    c: &mut Conn,
    (id, category): (AccountId, &str),
    limit: i64,
) -> Result<Vec<(AccountId, Category)>, StorageError> {
    use key_tombstones as k;
    let is_later = k::account_id.gt(id).or(k::account_id.eq(id).and(k::category.gt(category)));
    let rows: Vec<(AccountId, String)> = k::table
        .filter(is_later)
        .select((k::account_id, k::category))
        .order((k::account_id, k::category))
        .limit(limit)
        .load(c)?;
    let known = |text: &str| Category::parse(text).ok_or(corrupt(TABLE, "an unknown category"));
    rows.into_iter().map(|(id, category)| Ok((id, known(&category)?))).collect()
}

/// Single versions of keys that were destroyed, after one of them.
pub fn list_destroyed_versions(
    c: &mut Conn,
    (id, category, version): (AccountId, &str, u32),
    limit: i64,
) -> Result<Vec<(AccountId, Category, u32)>, StorageError> {
    use key_version_tombstones as k;
    let version = i32::try_from(version).map_err(|_| corrupt(TABLE, "a version out of range"))?;
    let is_later_version = k::category.eq(category).and(k::version.gt(version));
    let is_later =
        k::account_id.gt(id).or(k::account_id.eq(id).and(k::category.gt(category).or(is_later_version)));
    let rows: Vec<(AccountId, String, i32)> = k::table
        .filter(is_later)
        .select((k::account_id, k::category, k::version))
        .order((k::account_id, k::category, k::version))
        .limit(limit)
        .load(c)?;
    let known = |text: &str| Category::parse(text).ok_or(corrupt(TABLE, "an unknown category"));
    rows.into_iter().map(|(id, category, n)| Ok((id, known(&category)?, number(n)?))).collect()
}

/// Which versions of a person's key of a category were destroyed.
pub fn list_destroyed_versions_of(
    c: &mut Conn,
    id: AccountId,
    category: Category,
) -> Result<Vec<u32>, StorageError> {
    use key_version_tombstones as k;
    let rows: Vec<i32> = k::table
        .filter(k::account_id.eq(id))
        .filter(k::category.eq(category.as_str()))
        .select(k::version)
        .order(k::version)
        .load(c)?;
    rows.into_iter().map(number).collect()
}

fn number(version: i32) -> Result<u32, StorageError> {
    u32::try_from(version).map_err(|_| corrupt(TABLE, "a negative version"))
}

/// Some keys that a version other than `kek_version` wraps.
pub fn list_wrapped_otherwise(
    c: &mut Conn,
    kek_version: u32,
    limit: i64,
) -> Result<Vec<WrappedKey>, StorageError> {
    let current = i32::try_from(kek_version).map_err(|_| corrupt(TABLE, "a version out of range"))?;
    let rows: Vec<Row> =
        subject_keys::table.filter(subject_keys::kek_version.ne(current)).limit(limit).load(c)?;
    rows.into_iter().map(WrappedKey::try_from).collect()
}

/// Puts a new wrapping in the place of the one it was made from, if that still stands.
pub fn rewrap(
    c: &mut Conn,
    old: &WrappedKey,
    kek_version: u32,
    wrapped: &[u8],
) -> Result<usize, StorageError> {
    let (old, mut new) = (row(old)?, row(old)?);
    new.kek_version = i32::try_from(kek_version).map_err(|_| corrupt(TABLE, "a version out of range"))?;
    Ok(diesel::update(subject_keys::table.find((old.account_id, old.category, old.version)))
        .filter(subject_keys::kek_version.eq(old.kek_version))
        .set((subject_keys::kek_version.eq(new.kek_version), subject_keys::wrapped.eq(wrapped)))
        .execute(c)?)
}

/// How many keys each version of the key-encryption key wraps.
pub fn count_by_kek(c: &mut Conn) -> Result<Vec<(i32, i64)>, StorageError> {
    Ok(subject_keys::table
        .group_by(subject_keys::kek_version)
        .select((subject_keys::kek_version, diesel::dsl::count_star()))
        .load(c)?)
}

/// Persons whose keys are older than `before`, after `cursor`, in the order of their ids.
pub fn list_subjects(
    c: &mut Conn,
    before: Timestamp,
    cursor: Option<AccountId>,
    limit: i64,
) -> Result<Vec<AccountId>, StorageError> {
    let after = cursor.unwrap_or(AccountId::from_uuid(uuid::Uuid::nil()));
    Ok(subject_keys::table
        .filter(subject_keys::created_at.lt(before))
        .filter(subject_keys::account_id.gt(after))
        .select(subject_keys::account_id)
        .distinct()
        .order(subject_keys::account_id)
        .limit(limit)
        .load(c)?)
}
