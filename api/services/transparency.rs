//! Transparency: counts of the log's leaves about disclosures, for anybody to read.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::{
    db::{Db, StorageError},
    domain::{
        disclosure::{classes::CLASS_RULES, event},
        evidence::LeafContent,
        transparency::{ClassCounts, Quarter, StepCount, tell},
    },
    repositories::{log_tree, transparency},
    services::clock::Clock,
};

/// What is told of a quarter.
pub struct QuarterCounts {
    pub quarter: Quarter,
    pub classes: Vec<ClassCounts>,
}

/// What is told, and of how many at least.
pub struct TransparencyReport {
    pub minimum: u32,
    /// Newest first.
    pub quarters: Vec<QuarterCounts>,
}

const BATCH: i64 = 1_000;
/// How often it is noted that nothing came.
const QUIET: TimeDelta = TimeDelta::hours(1);
/// What happened until so long ago is in the log.
const SETTLING: TimeDelta = TimeDelta::minutes(5);

/// Counts, and tells.
#[derive(Clone)]
pub struct TransparencyService {
    pub db: Db,
    pub clock: Clock,
    /// The smallest number that is told.
    pub minimum: u32,
}

impl TransparencyService {
    /// Counts some of what came to the log since; says how many entries.
    ///
    /// # Errors
    ///
    /// Storage trouble only; each entry is counted once, however often this is cut off.
    pub async fn count(&self) -> Result<usize, StorageError> {
        let now = self.clock.now();
        let (next, until, entries) = self
            .db
            .read_long(|c| {
                let (next, until) = transparency::find_progress(c)?;
                Ok::<_, StorageError>((next, until, log_tree::list_entries(c, next, BATCH)?))
            })
            .await?;
        let Some(last) = entries.last() else {
            // Now and then, so that a quarter in which nothing happens is told, too.
            if until.is_none_or(|until| now >= until.plus(QUIET)) {
                self.db
                    .write_guarded(move |c| transparency::advance(c, next, next, now.minus(SETTLING)))
                    .await?;
            }
            return Ok(0);
        };
        let (last, until) = (last.seq, LeafContent::read(&last.bytes).map_or(now, |leaf| leaf.at.min(now)));
        let mut counts = HashMap::new();
        for entry in &entries {
            let leaf = LeafContent::read(&entry.bytes);
            if let Some((at, (class, step))) =
                leaf.and_then(|leaf| Some((leaf.at, event::class_and_step_of(&leaf)?)))
            {
                *counts.entry((Quarter::of(at).0, class, step)).or_insert(0_i64) += 1;
            }
        }
        let mut counts: Vec<StepCount> = counts
            .into_iter()
            .map(|((quarter, class, step), disclosures)| StepCount {
                quarter: Quarter(quarter),
                class,
                step,
                disclosures,
            })
            .collect();
        counts.sort_by_key(|count| (count.quarter, count.class.as_str(), count.step.as_str()));
        self.db
            .write_guarded(move |c| {
                // Another process may have counted these meanwhile.
                if transparency::advance(c, next, last + 1, until)? {
                    counts.iter().try_for_each(|count| transparency::add(c, count))?;
                }
                Ok::<_, StorageError>(())
            })
            .await?;
        Ok(entries.len())
    }

    /// What is told of the quarters that are closed.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn report(&self) -> Result<TransparencyReport, StorageError> {
        let (counts, first, until) = self
            .db
            .read(|c| {
                let first = log_tree::list_origins(c)?.first().map(|origin| origin.opened_at);
                Ok::<_, StorageError>((transparency::list(c)?, first, transparency::find_progress(c)?.1))
            })
            .await?;
        // Every quarter since there is a log, whether anything happened in it or not: that something did would show.
        let first = first.map_or(i32::MAX, |first| Quarter::of(first).0);
        let last = until.map_or(i32::MIN, |until| Quarter::last_told(until).0);
        let quarters = (first..=last)
            .rev()
            .map(Quarter)
            .map(|quarter| {
                let own: Vec<StepCount> =
                    counts.iter().filter(|count| count.quarter == quarter).copied().collect();
                let classes = CLASS_RULES.iter().map(|rule| tell(rule.class, &own, self.minimum.into()));
                QuarterCounts { quarter, classes: classes.collect() }
            })
            .collect();
        Ok(TransparencyReport { minimum: self.minimum, quarters })
    }
}
