//! Erasure: the only way in which personal data is deleted.
//!
//! The key goes first and is the point of no return: from then on nobody reads what it sealed, in
//! this database or in any copy of it. Then the rows go.

use crate::{
    db::Db,
    domain::{data_dictionary::Category, ids::AccountId},
    repositories::erasure,
    services::{
        clock::Clock,
        vault::{Vault, VaultError},
    },
};

/// Erases persons' data, a category at a time.
#[derive(Clone)]
pub struct ErasureService {
    db: Db,
    vault: Vault,
    clock: Clock,
}

impl ErasureService {
    pub const fn new(db: Db, vault: Vault, clock: Clock) -> Self {
        Self { db, vault, clock }
    }

    /// Erases one category of a person's data; doing it again completes what a crash left.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn erase(&self, subject: AccountId, category: Category) -> Result<(), VaultError> {
        self.vault.destroy(subject, category, self.clock.now()).await?;
        self.db.write_for(subject, move |c| erasure::erase_rows(c, subject, category)).await?;
        Ok(())
    }
}
