//! The vault: seals and opens what is personal, under keys that belong to one person each.

mod envelope;
pub mod epochs;
mod key_file;
pub mod kms;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use zeroize::Zeroizing;

use crate::{
    db::{Db, Refusal, StorageError},
    domain::{
        data_dictionary::{Category, Entry},
        ids::{AccountId, SubjectRef},
        personal::Personal,
        sealed::Sealed,
        time::Timestamp,
    },
    repositories::subject_keys::{self, WrappedKey},
    telemetry::metrics,
};
use envelope::Context;
use kms::{KeyPurpose, Kms, KmsError};

/// How long unwrapped keys stay in memory.
const CACHE_FOR: Duration = Duration::from_mins(1);
/// So long after a new version of a key was made no process seals under the one before.
pub const SEALS_ANEW_AFTER: TimeDelta = TimeDelta::minutes(5);
const CACHED_SUBJECTS: usize = 20_000;

/// Why something was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The subject has no key of this category: it was erased, or never made.
    #[error("no {} key", .0.as_str())]
    NoKey(Category),
    /// The envelope is not what was sealed in this place.
    #[error("{table}.{column} does not open: {why}")]
    Broken { table: &'static str, column: &'static str, why: &'static str },
    #[error("key management failed")]
    Kms(#[from] KmsError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refusal for VaultError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// All keys of one person, unwrapped.
pub struct SubjectKeys {
    account_id: AccountId,
    categories: HashMap<Category, Versions>,
    /// Keys of columns that were derived already: they live and die with the ones they come from.
    derived: RwLock<Vec<DerivedKey>>,
}

/// The key of one column.
struct DerivedKey {
    entry: &'static Entry,
    version: u32,
    key: Zeroizing<[u8; 32]>,
}

#[derive(Default)]
struct Versions {
    active: u32,
    keys: HashMap<u32, Zeroizing<[u8; 32]>>,
}

/// Which row a sealed cell stands in; part of what its seal is bound to.
#[derive(Clone, Copy)]
pub struct Row<'a>(pub &'a [u8]);

impl SubjectKeys {
    /// Whether there is this version of the category's key.
    pub fn holds_version(&self, category: Category, version: u32) -> bool {
        self.categories.get(&category).is_some_and(|versions| versions.keys.contains_key(&version))
    }

    /// Whether there is a key of the category: it was made, and not erased.
    pub fn holds(&self, category: Category) -> bool {
        self.categories.contains_key(&category)
    }

    /// The version of the category's key that seals now.
    pub fn active_version(&self, category: Category) -> Option<u32> {
        self.categories.get(&category).map(|versions| versions.active)
    }

    pub const fn account_id(&self) -> AccountId {
        self.account_id
    }

    /// Seals `value` for the column of `entry` in `row`.
    ///
    /// # Errors
    ///
    /// [`VaultError::NoKey`] if the category was erased.
    pub fn seal<T: Personal>(
        &self,
        entry: &'static Entry,
        row: Row<'_>,
        value: &T,
    ) -> Result<Sealed<T>, VaultError> {
        self.seal_bytes(entry, row, value.expose().as_bytes()).map(Sealed::from_envelope)
    }

    /// [`seal`](Self::seal) for a value that may be absent.
    ///
    /// # Errors
    ///
    /// As [`seal`](Self::seal).
    pub fn seal_option<T: Personal>(
        &self,
        entry: &'static Entry,
        row: Row<'_>,
        value: Option<&T>,
    ) -> Result<Option<Sealed<T>>, VaultError> {
        value.map(|value| self.seal(entry, row, value)).transpose()
    }

    /// Seals bytes that are no text.
    ///
    /// # Errors
    ///
    /// As [`seal`](Self::seal).
    pub fn seal_bytes(
        &self,
        entry: &'static Entry,
        row: Row<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        let versions = self.categories.get(&entry.category).ok_or(VaultError::NoKey(entry.category))?;
        let key = self.field_key(entry, versions.active)?.ok_or(VaultError::NoKey(entry.category))?;
        let context = Context { entry, row: row.0, subject: self.account_id, key_version: versions.active };
        Ok(envelope::seal(&key, &context, plain)?)
    }

    /// Opens what was sealed for exactly this column and row of this person.
    ///
    /// # Errors
    ///
    /// [`VaultError::Broken`] for anything else: another row's cell, a cut one, an unknown version.
    pub fn open<T: Personal>(
        &self,
        entry: &'static Entry,
        row: Row<'_>,
        sealed: &Sealed<T>,
    ) -> Result<T, VaultError> {
        let plain = self.open_bytes(entry, row, sealed.envelope())?;
        let text = std::str::from_utf8(&plain).ok().map(|text| Zeroizing::new(text.to_owned()));
        text.and_then(T::restore).ok_or_else(|| broken(entry, "not a value of its type"))
    }

    /// [`open`](Self::open) for a value that may be absent.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_option<T: Personal>(
        &self,
        entry: &'static Entry,
        row: Row<'_>,
        sealed: Option<&Sealed<T>>,
    ) -> Result<Option<T>, VaultError> {
        sealed.map(|sealed| self.open(entry, row, sealed)).transpose()
    }

    /// Whether the key that sealed an envelope is gone.
    pub fn is_dead(&self, category: Category, envelope: &[u8]) -> bool {
        envelope::key_version(envelope).is_ok_and(|version| !self.holds_version(category, version))
    }

    /// Whether an envelope was sealed before the key that seals now was made.
    pub fn is_outdated(&self, category: Category, envelope: &[u8]) -> bool {
        envelope::key_version(envelope).is_ok_and(|version| Some(version) != self.active_version(category))
    }

    /// Whether there is the key that sealed an envelope; without it what it sealed was erased.
    pub fn can_open(&self, entry: &'static Entry, envelope: &[u8]) -> bool {
        envelope::key_version(envelope).is_ok_and(|version| self.holds_version(entry.category, version))
    }

    /// Opens bytes that are no text.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_bytes(
        &self,
        entry: &'static Entry,
        row: Row<'_>,
        envelope: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let version = envelope::key_version(envelope).map_err(|why| broken(entry, why))?;
        let key = self.field_key(entry, version)?.ok_or_else(|| broken(entry, "no key of this version"))?;
        let context = Context { entry, row: row.0, subject: self.account_id, key_version: version };
        envelope::open(&key, &context, envelope).map_err(|why| broken(entry, why))
    }

    /// The key of a column, derived once.
    fn field_key(
        &self,
        entry: &'static Entry,
        version: u32,
    ) -> Result<Option<Zeroizing<[u8; 32]>>, KmsError> {
        let is_it = |known: &&DerivedKey| known.version == version && std::ptr::eq(known.entry, entry);
        let derived = self.derived.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = derived.iter().find(is_it) {
            return Ok(Some(known.key.clone()));
        }
        drop(derived);
        let versions = self.categories.get(&entry.category);
        let Some(category_key) = versions.and_then(|versions| versions.keys.get(&version)) else {
            return Ok(None);
        };
        let key = envelope::field_key(category_key, entry)?;
        let derived = DerivedKey { entry, version, key: key.clone() };
        self.derived.write().unwrap_or_else(PoisonError::into_inner).push(derived);
        Ok(Some(key))
    }
}

fn broken(entry: &'static Entry, why: &'static str) -> VaultError {
    metrics().vault_failures.inc();
    tracing::error!(table = entry.table, column = entry.column, why, "a sealed value does not open");
    VaultError::Broken { table: entry.table, column: entry.column, why }
}

/// Gives out the keys of persons, and the keyed hashes that stand for their values.
#[derive(Clone)]
pub struct Vault {
    kms: Arc<Kms>,
    store: Db,
    cache: Arc<quick_cache::sync::Cache<AccountId, (Instant, Arc<SubjectKeys>)>>,
}

impl Vault {
    pub fn new(kms: Arc<Kms>, store: Db) -> Self {
        Self { kms, store, cache: Arc::new(quick_cache::sync::Cache::new(CACHED_SUBJECTS)) }
    }

    pub fn kms(&self) -> &Kms {
        &self.kms
    }

    /// The same, for a transaction to keep.
    pub fn shared_kms(&self) -> Arc<Kms> {
        Arc::clone(&self.kms)
    }

    /// The name that a person goes by in one matter, before whoever must not know which one it is.
    ///
    /// # Errors
    ///
    /// Only if the key is gone.
    pub fn subject_ref(
        &self,
        kind: &[u8],
        id: AccountId,
        matter: &[u8; 16],
    ) -> Result<SubjectRef, VaultError> {
        let version = self.kms.live_versions(KeyPurpose::TokenMac).last().copied().unwrap_or(1);
        let mac = self.kms.mac(KeyPurpose::TokenMac, version, &[kind, id.as_bytes(), matter])?;
        let (name, _) = mac.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        Ok(SubjectRef::from_uuid(uuid::Builder::from_custom_bytes(*name).into_uuid()))
    }

    /// Makes the keys of a new person; they are durable before this returns.
    ///
    /// # Errors
    ///
    /// [`VaultError::NoKey`] if one of the categories was erased before: it stays erased.
    pub async fn create(
        &self,
        id: AccountId,
        categories: &'static [Category],
        now: Timestamp,
    ) -> Result<Arc<SubjectKeys>, VaultError> {
        let wrapped = self.wrapped(id, categories, 1, now)?;
        let made = self.store.write(move |c| subject_keys::insert(c, &wrapped)).await?;
        if made < categories.len() {
            let missing = categories.first().copied().unwrap_or(Category::Identity);
            return Err(VaultError::NoKey(missing));
        }
        self.keys_of(id).await
    }

    /// The keys of a person, with those of `categories`: what is needed for the first time is made, and is
    /// durable before this returns.
    ///
    /// # Errors
    ///
    /// [`VaultError::NoKey`] if one of the categories was erased: it stays erased.
    pub async fn keys_with(
        &self,
        id: AccountId,
        categories: &[Category],
        now: Timestamp,
    ) -> Result<Arc<SubjectKeys>, VaultError> {
        let keys = self.keys_of(id).await?;
        let missing: Vec<Category> =
            categories.iter().copied().filter(|category| !keys.holds(*category)).collect();
        if missing.is_empty() {
            return Ok(keys);
        }
        let wrapped = self.wrapped(id, &missing, 1, now)?;
        self.store.write(move |c| subject_keys::insert_next(c, &wrapped, false)).await?;
        let keys = self.fresh_keys_of(id).await?;
        match missing.into_iter().find(|category| !keys.holds(*category)) {
            Some(erased) => Err(VaultError::NoKey(erased)),
            None => Ok(keys),
        }
    }

    /// The keys of a person, where what is sealed in `category` from now on is sealed under `version`: each
    /// matter has a key of its own, which is destroyed without the others.
    ///
    /// # Errors
    ///
    /// [`VaultError::NoKey`] if that version was destroyed, or a later one is in use.
    pub async fn keys_with_version(
        &self,
        id: AccountId,
        category: Category,
        version: u32,
        now: Timestamp,
    ) -> Result<Arc<SubjectKeys>, VaultError> {
        let is_active = |keys: &SubjectKeys| keys.active_version(category) == Some(version);
        let mut keys = self.keys_of(id).await?;
        if !is_active(&keys) {
            keys = self.add(id, self.wrapped(id, &[category], version, now)?).await?;
        }
        if is_active(&keys) { Ok(keys) } else { Err(VaultError::NoKey(category)) }
    }

    /// Makes a new version of a key, if there is one: what is sealed from now on is sealed under it, and what was
    /// before can be destroyed without it.
    ///
    /// # Errors
    ///
    /// Only storage trouble, or a machine without randomness.
    pub async fn rotate(&self, id: AccountId, category: Category, now: Timestamp) -> Result<(), VaultError> {
        if self.fresh_keys_of(id).await?.holds(category) {
            let wrapped = self.wrapped(id, &[category], 1, now)?;
            self.store.write(move |c| subject_keys::insert_next(c, &wrapped, true)).await?;
            self.cache.remove(&id);
        }
        Ok(())
    }

    async fn add(&self, id: AccountId, wrapped: Vec<WrappedKey>) -> Result<Arc<SubjectKeys>, VaultError> {
        self.store.write(move |c| subject_keys::insert(c, &wrapped)).await?;
        self.cache.remove(&id);
        self.keys_of(id).await
    }

    fn wrapped(
        &self,
        id: AccountId,
        categories: &[Category],
        version: u32,
        now: Timestamp,
    ) -> Result<Vec<WrappedKey>, KmsError> {
        let wrap = |category: &Category| {
            let key = kms::random_key()?;
            let aad: [&[u8]; 2] = [id.as_bytes(), category.as_str().as_bytes()];
            let (kek_version, wrapped) = self.kms.wrap(KeyPurpose::Kek, &aad, key.as_slice())?;
            let category = *category;
            Ok(WrappedKey { account_id: id, category, version, kek_version, wrapped, created_at: now })
        };
        categories.iter().map(wrap).collect()
    }

    /// The keys of a person, from memory if they were needed within the last minute.
    ///
    /// # Errors
    ///
    /// [`VaultError::Kms`] if the keys do not unwrap; a person without keys has an empty set.
    pub async fn keys_of(&self, id: AccountId) -> Result<Arc<SubjectKeys>, VaultError> {
        if let Some((at, keys)) = self.cache.get(&id)
            && at.elapsed() < CACHE_FOR
        {
            return Ok(keys);
        }
        let rows = self.store.read(move |c| subject_keys::list(c, id)).await?;
        let mut categories: HashMap<Category, Versions> = HashMap::new();
        for row in rows {
            let aad: [&[u8]; 2] = [id.as_bytes(), row.category.as_str().as_bytes()];
            let key = self.kms.unwrap_key(KeyPurpose::Kek, row.kek_version, &aad, &row.wrapped)?;
            let versions = categories.entry(row.category).or_default();
            versions.active = versions.active.max(row.version);
            versions.keys.insert(row.version, key);
        }
        let keys = Arc::new(SubjectKeys { account_id: id, categories, derived: RwLock::default() });
        self.cache.insert(id, (Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }

    /// The keys of a person as they are now: another process may have made some within the last minute.
    ///
    /// # Errors
    ///
    /// As [`keys_of`](Self::keys_of).
    pub async fn fresh_keys_of(&self, id: AccountId) -> Result<Arc<SubjectKeys>, VaultError> {
        self.cache.remove(&id);
        self.keys_of(id).await
    }

    /// The keys of a person, as they are now where those in memory do not open an envelope: another process may have made
    /// the one that does within the last minute.
    ///
    /// # Errors
    ///
    /// As [`keys_of`](Self::keys_of).
    pub async fn keys_to_open(
        &self,
        id: AccountId,
        entry: &'static Entry,
        envelope: &[u8],
    ) -> Result<Arc<SubjectKeys>, VaultError> {
        let keys = self.keys_of(id).await?;
        if keys.can_open(entry, envelope) { Ok(keys) } else { self.fresh_keys_of(id).await }
    }

    /// When the version of a key was made that seals now.
    ///
    /// # Errors
    ///
    /// Only storage trouble.
    pub async fn made_at(&self, id: AccountId, category: Category) -> Result<Option<Timestamp>, VaultError> {
        let keys = self.store.read(move |c| subject_keys::list(c, id)).await?;
        let own = keys.into_iter().filter(|key| key.category == category);
        Ok(own.max_by_key(|key| key.version).map(|key| key.created_at))
    }

    /// Destroys every version of a key; what is sealed later gets another.
    ///
    /// # Errors
    ///
    /// Only storage trouble; doing it again completes it.
    pub async fn destroy_versions(
        &self,
        id: AccountId,
        category: Category,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.store
            .write(move |c| {
                for key in subject_keys::list(c, id)?.iter().filter(|key| key.category == category) {
                    subject_keys::destroy_version(c, id, category, key.version, now)?;
                }
                Ok::<_, StorageError>(())
            })
            .await?;
        self.cache.remove(&id);
        Ok(())
    }

    /// Drops keys from memory that were not read again for a while.
    pub fn forget_old_keys(&self) {
        self.cache.retain(|_, (at, _)| at.elapsed() < CACHE_FOR);
    }

    /// Destroys a key for good: whatever it sealed is unreadable from then on, also in backups.
    ///
    /// # Errors
    ///
    /// Only storage trouble; destroying twice is once.
    pub async fn destroy(&self, id: AccountId, category: Category, now: Timestamp) -> Result<(), VaultError> {
        self.store.write(move |c| subject_keys::destroy(c, id, category, now)).await?;
        self.cache.remove(&id);
        Ok(())
    }

    /// Which categories of whose keys were destroyed, after one of them.
    ///
    /// # Errors
    ///
    /// Only storage trouble.
    pub async fn list_destroyed(
        &self,
        (id, category): (AccountId, &'static str),
        limit: i64,
    ) -> Result<Vec<(AccountId, Category)>, VaultError> {
        Ok(self.store.read_long(move |c| subject_keys::list_destroyed(c, (id, category), limit)).await?)
    }

    /// Which versions of whose keys were destroyed while others of their category live on, after one of them.
    ///
    /// # Errors
    ///
    /// Only storage trouble.
    pub async fn list_destroyed_versions(
        &self,
        after: (AccountId, &'static str, u32),
        limit: i64,
    ) -> Result<Vec<(AccountId, Category, u32)>, VaultError> {
        Ok(self.store.read_long(move |c| subject_keys::list_destroyed_versions(c, after, limit)).await?)
    }

    /// Which versions of a person's key of a category were destroyed.
    ///
    /// # Errors
    ///
    /// Only storage trouble.
    pub async fn destroyed_versions_of(
        &self,
        id: AccountId,
        category: Category,
    ) -> Result<Vec<u32>, VaultError> {
        Ok(self.store.read(move |c| subject_keys::list_destroyed_versions_of(c, id, category)).await?)
    }

    /// Destroys the versions of a key but for the one that seals now.
    ///
    /// # Errors
    ///
    /// Only storage trouble; doing it again completes it.
    pub async fn destroy_outdated(
        &self,
        id: AccountId,
        category: Category,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.store
            .write(move |c| {
                let mut versions: Vec<_> =
                    subject_keys::list(c, id)?.into_iter().filter(|key| key.category == category).collect();
                versions.sort_unstable_by_key(|key| key.version);
                versions.pop();
                for key in versions {
                    subject_keys::destroy_version(c, id, category, key.version, now)?;
                }
                Ok::<_, StorageError>(())
            })
            .await?;
        self.cache.remove(&id);
        Ok(())
    }

    /// Destroys one version of a key; the others live on.
    ///
    /// # Errors
    ///
    /// Only storage trouble; destroying twice is once.
    pub async fn destroy_version(
        &self,
        id: AccountId,
        category: Category,
        version: u32,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.store.write(move |c| subject_keys::destroy_version(c, id, category, version, now)).await?;
        self.cache.remove(&id);
        Ok(())
    }

    /// Seals a password hash under the pepper, for this account alone.
    ///
    /// # Errors
    ///
    /// Only if the machine gives no randomness.
    pub fn pepper(&self, id: AccountId, phc: &str) -> Result<Vec<u8>, VaultError> {
        let (version, wrapped) = self.kms.wrap(KeyPurpose::Pepper, &[id.as_bytes()], phc.as_bytes())?;
        Ok([&version.to_be_bytes()[..], &wrapped].concat())
    }

    /// Opens a password hash; `true` beside it if the pepper has moved on since.
    ///
    /// # Errors
    ///
    /// [`VaultError::Broken`] if it is another account's or was changed.
    pub fn unpepper(
        &self,
        id: AccountId,
        entry: &'static Entry,
        sealed: &[u8],
    ) -> Result<(Zeroizing<String>, bool), VaultError> {
        let (version, wrapped) = sealed.split_first_chunk::<4>().ok_or_else(|| broken(entry, "too short"))?;
        let version = u32::from_be_bytes(*version);
        let phc = self
            .kms
            .unwrap_bytes(KeyPurpose::Pepper, version, &[id.as_bytes()], wrapped)
            .map_err(|_| broken(entry, "the pepper does not open it"))?;
        let phc = String::from_utf8(phc.to_vec()).map_err(|_| broken(entry, "not a hash"))?;
        Ok((Zeroizing::new(phc), version != self.kms.active(KeyPurpose::Pepper)))
    }

    /// The keyed hashes of `normalised` under every live version of the index key, newest first.
    pub fn blind_indexes(&self, purpose: KeyPurpose, normalised: &str) -> Vec<(u32, [u8; 32])> {
        self.kms
            .live_versions(purpose)
            .into_iter()
            .filter_map(|version| {
                let parts: [&[u8]; 3] = [b"bi1", purpose.as_str().as_bytes(), normalised.as_bytes()];
                self.kms.mac(purpose, version, &parts).ok().map(|mac| (version, mac))
            })
            .collect()
    }
}
