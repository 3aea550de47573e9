//! How much of persons' data one member of staff opens within an hour (clause 5.1).

use crate::{
    db::{Conn, StorageError},
    domain::{
        ids::StaffId,
        throttle::{Exhausted, Rule},
        time::Timestamp,
    },
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

/// Why nothing was taken from a budget.
#[derive(Debug)]
pub enum Overspent {
    Exhausted(Exhausted),
    Storage(StorageError),
}

impl From<Exhausted> for Overspent {
    fn from(exhausted: Exhausted) -> Self {
        Self::Exhausted(exhausted)
    }
}

impl From<StorageError> for Overspent {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// Takes so many openings, one after the other: the bucket is one.
///
/// # Errors
///
/// [`Overspent::Exhausted`] says when there is another one.
pub fn spend(c: &mut Conn, budget: &Bucket, openings: usize, now: Timestamp) -> Result<(), Overspent> {
    for _ in 0..openings {
        throttles::take::<Overspent>(c, std::slice::from_ref(budget), now)?;
    }
    Ok(())
}
