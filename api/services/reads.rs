//! Whether a member of staff opens persons' data: not what its person restricted, or objected to (clause 7.3), and
//! only so much within an hour (clause 5.1).

use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        data_dictionary::STAFF_EMAIL,
        ids::{AccountId, StaffId},
        personal::Personal,
        staff::{ReadField, ReadPurpose},
        throttle::{Exhausted, Rule},
        time::Timestamp,
    },
    repositories::{account_emails, processing_limit_events, staff},
    services::{
        throttles::{self, Bucket, Throttles},
        vault::{
            Row, Vault, VaultError,
            kms::{KeyPurpose, KmsError},
        },
    },
};

/// The budget of each reader.
#[derive(Clone)]
pub struct ReadBudget {
    pub throttles: Throttles,
    /// Openings an hour; more takes a second member.
    pub per_hour: u32,
}

impl ReadBudget {
    /// The budget of one reader.
    ///
    /// # Errors
    ///
    /// Only if the key is gone.
    pub fn of(&self, reader: StaffId) -> Result<Bucket, KmsError> {
        self.throttles.bucket(Rule::per_hour("staff_reads", self.per_hour), &[reader.as_bytes()])
    }
}

/// The account of a member of staff: whoever works here may have one, too, and is known by the address.
///
/// # Errors
///
/// Storage trouble, and an address that does not open.
pub async fn own_account(db: &Db, vault: &Vault, by: StaffId) -> Result<Option<AccountId>, VaultError> {
    let Some(member) = db.read(move |c| staff::find(c, by)).await? else { return Ok(None) };
    let keys = vault.keys_of(by.subject()).await?;
    let email = keys.open(&STAFF_EMAIL, Row(by.as_bytes()), &member.email)?;
    let indexes = vault.blind_indexes(KeyPurpose::EmailIndex, email.expose());
    Ok(db.read(move |c| account_emails::find_account(c, &indexes)).await?)
}

/// Why nothing is opened.
#[derive(Debug)]
pub enum NotOpened {
    /// Its person restricted it, or objected to it.
    Limited,
    Exhausted(Exhausted),
    Storage(StorageError),
}

impl From<Exhausted> for NotOpened {
    fn from(exhausted: Exhausted) -> Self {
        Self::Exhausted(exhausted)
    }
}

impl From<StorageError> for NotOpened {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// Whether a restriction or an objection of the person keeps some fields shut for a purpose.
///
/// # Errors
///
/// Storage trouble only.
pub fn is_limited(
    c: &mut Conn,
    (owner, purpose, fields): (AccountId, ReadPurpose, &[ReadField]),
) -> Result<bool, StorageError> {
    let Some(purpose) = purpose.limited_as() else { return Ok(false) };
    let limits = processing_limit_events::list_standing(c, owner)?;
    let is_limited =
        |field: &ReadField| limits.iter().any(|limit| limit.scope.is_about(purpose, field.data_class()));
    Ok(fields.iter().any(is_limited))
}

/// Admits the opening of some fields, and takes each from the budget, one after the other: the bucket is one.
///
/// # Errors
///
/// [`NotOpened::Limited`]; [`NotOpened::Exhausted`] says when there is another opening.
pub fn admit(
    c: &mut Conn,
    (owner, purpose, fields): (AccountId, ReadPurpose, &[ReadField]),
    budget: &Bucket,
    now: Timestamp,
) -> Result<(), NotOpened> {
    if is_limited(c, (owner, purpose, fields))? {
        return Err(NotOpened::Limited);
    }
    for _ in fields {
        throttles::take::<NotOpened>(c, std::slice::from_ref(budget), now)?;
    }
    Ok(())
}
