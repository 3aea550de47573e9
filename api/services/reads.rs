//! Whether a member of staff opens persons' data: not what its person restricted, or objected to (clause 7.3), and
//! only so much within an hour (clause 5.1).

use crate::{
    db::{Conn, StorageError},
    domain::{
        ids::{AccountId, StaffId},
        staff::{ReadField, ReadPurpose},
        throttle::{Exhausted, Rule},
        time::Timestamp,
    },
    repositories::processing_limit_events,
    services::{
        throttles::{self, Bucket, Throttles},
        vault::kms::KmsError,
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
    if let Some(purpose) = purpose.limited_as() {
        let limits = processing_limit_events::list_standing(c, owner)?;
        let is_limited =
            |field: &ReadField| limits.iter().any(|limit| limit.scope.is_about(purpose, field.data_class()));
        if fields.iter().any(is_limited) {
            return Err(NotOpened::Limited);
        }
    }
    for _ in fields {
        throttles::take::<NotOpened>(c, std::slice::from_ref(budget), now)?;
    }
    Ok(())
}
