//! The report of retention: what each rule took away, and when it last looked.

use chrono::TimeDelta;

use crate::{
    db::{Db, StorageError},
    domain::{
        retention::{RetentionRule, RetentionRun},
        time::Timestamp,
    },
    repositories::retention_runs,
    services::clock::Clock,
};

/// How many days a report goes back.
pub const REPORTED: TimeDelta = TimeDelta::days(30);
/// How long it is kept what was done.
pub const RUNS_KEPT: TimeDelta = TimeDelta::days(6 * 366);

/// What the rules did of late.
pub struct RetentionReport {
    pub since: Timestamp,
    pub runs: Vec<RetentionRun>,
}

/// Keeps account of retention.
#[derive(Clone)]
pub struct RetentionService {
    pub db: Db,
    pub clock: Clock,
}

impl RetentionService {
    /// Notes what a rule has just taken away, be it nothing.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn note(&self, rule: RetentionRule, removed: usize) -> Result<(), StorageError> {
        let now = self.clock.now();
        let removed = i64::try_from(removed).unwrap_or(i64::MAX);
        self.db.write_guarded(move |c| retention_runs::add(c, (now.day(), rule), removed, now)).await
    }

    /// What was done within the last days.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn report(&self) -> Result<RetentionReport, StorageError> {
        let since = self.clock.now().minus(REPORTED).day();
        let runs = self.db.read(move |c| retention_runs::list_since(c, since)).await?;
        Ok(RetentionReport { since, runs })
    }
}
