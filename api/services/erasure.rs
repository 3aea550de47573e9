//! Erasure: the only way in which personal data is deleted.
//!
//! The key goes first and is the point of no return: from then on nobody reads what it sealed, in
//! this database or in any copy of it. Then the rows go.

use uuid::Uuid;

use crate::{
    db::{Db, StorageError},
    domain::{
        data_dictionary::Category,
        disclosure::{obligation::fields_of, scope::DisclosureField},
        ids::{AccountId, KycCaseId},
    },
    repositories::{accounts, erasure, kyc_cases, kyc_documents, rights_archives, rights_corrections},
    services::{
        clock::Clock,
        files::FileStore,
        obligations::{self, Change},
        vault::{Vault, VaultError},
    },
};

/// How many erasures are looked after at a time when a database was restored.
const REPLAYED_AT_ONCE: i64 = 500;

/// Erases persons' data, a category at a time.
#[derive(Clone)]
pub struct ErasureService {
    db: Db,
    vault: Vault,
    files: FileStore,
    clock: Clock,
}

impl ErasureService {
    pub const fn new(db: Db, vault: Vault, files: FileStore, clock: Clock) -> Self {
        Self { db, vault, files, clock }
    }

    /// Tells whoever fetched any of what is about to be erased to erase it, too; before the keys go, since what is
    /// told of is read by them.
    ///
    /// # Errors
    ///
    /// Storage and sealing trouble only.
    pub async fn tell_recipients(
        &self,
        subject: AccountId,
        categories: &[Category],
    ) -> Result<(), VaultError> {
        let (now, keys) = (self.clock.now(), self.vault.keys_of(subject).await?);
        let fields: Vec<DisclosureField> =
            categories.iter().flat_map(|category| fields_of(*category)).copied().collect();
        self.db
            .write_holding(subject, move |c| {
                accounts::hold(c, subject)?;
                obligations::open(c, &keys, Change::Erased(&fields), now)
            })
            .await
    }

    /// Erases one category of a person's data; doing it again completes what a crash left.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn erase(&self, subject: AccountId, category: Category) -> Result<(), VaultError> {
        self.vault.destroy(subject, category, self.clock.now()).await?;
        let names = self
            .db
            .write_for(subject, move |c| {
                let names = match category {
                    Category::Documents => kyc_documents::list_names(c, subject, None)?,
                    Category::Copies => rights_archives::list_names(c, subject)?,
                    Category::Proofs => {
                        let files = rights_corrections::list_names(c, subject)?;
                        files.into_iter().map(|(name, _)| name).collect()
                    }
                    _ => Vec::new(),
                };
                erasure::erase_rows(c, subject, category)?;
                Ok::<_, StorageError>(names)
            })
            .await?;
        self.files.forget(names).await;
        Ok(())
    }

    /// Erases what was sealed in a category before it got another key; what was sealed under that stays.
    ///
    /// # Errors
    ///
    /// Storage trouble only; doing it again completes what a crash left.
    pub async fn erase_outdated(&self, subject: AccountId, category: Category) -> Result<(), VaultError> {
        self.vault.destroy_outdated(subject, category, self.clock.now()).await?;
        self.erase_dead(subject, category).await
    }

    /// Erases the rows of a category whose key is gone, with the files that go with them.
    async fn erase_dead(&self, subject: AccountId, category: Category) -> Result<(), VaultError> {
        let keys = self.vault.fresh_keys_of(subject).await?;
        let names = self
            .db
            .write_for(subject, move |c| {
                let before = if category == Category::Copies {
                    rights_archives::list_names(c, subject)?
                } else {
                    Vec::new()
                };
                erasure::erase_dead(c, subject, category, |cell| keys.is_dead(category, cell))?;
                let kept = rights_archives::filter_kept(c, &before)?;
                Ok::<_, StorageError>(before.into_iter().filter(|name| !kept.contains(name)).collect())
            })
            .await?;
        self.files.forget(names).await;
        Ok(())
    }

    /// Erases the documents of every verification, whatever was handed in and taken back, with every key that sealed some.
    ///
    /// # Errors
    ///
    /// Storage trouble only; doing it again completes what a crash left.
    pub async fn erase_all_documents(&self, subject: AccountId) -> Result<(), VaultError> {
        self.vault.destroy_versions(subject, Category::Documents, self.clock.now()).await?;
        let names = self
            .db
            .write_for(subject, move |c| {
                let names = kyc_documents::list_names(c, subject, None)?;
                erasure::erase_rows(c, subject, Category::Documents)?;
                // Where something is still awaited, what comes is sealed under a key of its own.
                if let Some(case) = kyc_cases::find_current(c, subject)? {
                    kyc_cases::renumber(c, subject, case.id, 0)?;
                }
                Ok::<_, StorageError>(names)
            })
            .await?;
        self.files.forget(names).await;
        Ok(())
    }

    /// Erases the files that some versions of the key sealed, of what was handed in to show that requests are right.
    ///
    /// # Errors
    ///
    /// Storage trouble only; doing it again completes what a crash left.
    pub async fn erase_evidence(&self, subject: AccountId, versions: Vec<u32>) -> Result<(), VaultError> {
        for version in &versions {
            self.vault.destroy_version(subject, Category::Proofs, *version, self.clock.now()).await?;
        }
        let names = self
            .db
            .write_for(subject, move |c| {
                let files = rights_corrections::list_names(c, subject)?;
                rights_corrections::delete_files(c, subject, &versions)?;
                let gone = files.into_iter().filter(|(_, version)| versions.contains(version));
                Ok::<_, StorageError>(gone.map(|(name, _)| name).collect())
            })
            .await?;
        self.files.forget(names).await;
        Ok(())
    }

    /// Erases the documents of one verification, with the version of the key that sealed them; those of others
    /// stay.
    ///
    /// # Errors
    ///
    /// Storage trouble only; doing it again completes what a crash left.
    pub async fn erase_documents(
        &self,
        subject: AccountId,
        case: KycCaseId,
        key_version: u32,
    ) -> Result<(), VaultError> {
        self.vault.destroy_version(subject, Category::Documents, key_version, self.clock.now()).await?;
        let names = self
            .db
            .write_for(subject, move |c| {
                let names = kyc_documents::list_names(c, subject, Some(case))?;
                for document in kyc_documents::list(c, subject, case)? {
                    kyc_documents::delete(c, subject, document.id)?;
                }
                // Where something is still awaited, what comes is sealed under a key of its own.
                kyc_cases::renumber(c, subject, case, 0)?;
                Ok::<_, StorageError>(names)
            })
            .await?;
        self.files.forget(names).await;
        Ok(())
    }

    /// Erases anew what was erased before and came back with a restored database; says how much did. The key store
    /// is apart from backups of the data and never goes back, so it knows.
    ///
    /// # Errors
    ///
    /// Storage trouble only; doing it again completes it.
    pub async fn replay(&self) -> Result<usize, VaultError> {
        let mut erased = 0;
        let mut after = (AccountId::from_uuid(Uuid::nil()), "");
        loop {
            let destroyed = self.vault.list_destroyed(after, REPLAYED_AT_ONCE).await?;
            let Some((id, category)) = destroyed.last() else { break };
            after = (*id, category.as_str());
            for (subject, category) in destroyed {
                if self.db.read_long(move |c| erasure::holds_any(c, subject, category)).await? {
                    self.erase(subject, category).await?;
                    erased += 1;
                }
            }
        }
        Ok(erased + self.replay_versions().await?)
    }

    async fn replay_versions(&self) -> Result<usize, VaultError> {
        let mut erased = 0;
        let mut after = (AccountId::from_uuid(Uuid::nil()), "", 0);
        loop {
            let destroyed = self.vault.list_destroyed_versions(after, REPLAYED_AT_ONCE).await?;
            let Some((id, category, version)) = destroyed.last() else { break };
            after = (*id, category.as_str(), *version);
            for (subject, category, version) in destroyed {
                if category == Category::Proofs {
                    let files = self.db.read_long(move |c| rights_corrections::list_names(c, subject));
                    if files.await?.iter().any(|(_, sealed_by)| *sealed_by == version) {
                        self.erase_evidence(subject, vec![version]).await?;
                        erased += 1;
                    }
                    continue;
                }
                if category != Category::Documents {
                    erased += usize::from(self.erase_dead_again(subject, category).await?);
                    continue;
                }
                let number = i64::from(version);
                let case = self.db.read_long(move |c| kyc_cases::find_with_documents(c, subject, number));
                if let Some(case) = case.await? {
                    self.erase_documents(subject, case.id, version).await?;
                    erased += 1;
                }
            }
        }
        Ok(erased)
    }

    async fn erase_dead_again(&self, subject: AccountId, category: Category) -> Result<bool, VaultError> {
        let keys = self.vault.fresh_keys_of(subject).await?;
        let is_dead = move |cell: &[u8]| keys.is_dead(category, cell);
        let is_back = self.db.read_long(move |c| erasure::holds_dead(c, subject, category, &is_dead)).await?;
        if is_back {
            self.erase_dead(subject, category).await?;
        }
        Ok(is_back)
    }
}
