//! Transparency: counts of the log's leaves about disclosures, for anybody to read.

use std::collections::HashMap;

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
        let (next, entries) = self
            .db
            .read_long(|c| {
                let next = transparency::find_next(c)?;
                Ok::<_, StorageError>((next, log_tree::list_entries(c, next, BATCH)?))
            })
            .await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
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
                if transparency::advance(c, next, last + 1)? {
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
        let now = self.clock.now();
        let counts = self.db.read(transparency::list).await?;
        let quarters = counts
            .chunk_by(|a, b| a.quarter == b.quarter)
            .filter_map(|own| Some((own.first()?.quarter, own)))
            .filter(|(quarter, _)| quarter.is_closed(now))
            .map(|(quarter, own)| QuarterCounts {
                quarter,
                classes: CLASS_RULES.iter().map(|rule| tell(rule.class, own, self.minimum.into())).collect(),
            })
            .rev()
            .collect();
        Ok(TransparencyReport { minimum: self.minimum, quarters })
    }
}
