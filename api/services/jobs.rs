//! Background jobs: one process at a time runs them, by a lease that lapses when it dies.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::watch;

use crate::{
    db::{Db, StorageError},
    domain::{
        data_dictionary::Category,
        ids::{AccountId, InstanceId},
    },
    repositories::{accounts, idempotency_keys, leases, outbox, registrations, sessions, subject_keys},
    services::{
        clock::Clock,
        erasure::ErasureService,
        outbox::OutboxService,
        vault::{Vault, VaultError},
    },
    telemetry::metrics,
};

const LEASE: &str = "jobs";
const LEASE_FOR: TimeDelta = TimeDelta::seconds(30);
/// How often the runner looks around when nobody wakes it.
const TICK: Duration = Duration::from_secs(1);
/// Every so many ticks it also tidies up.
const TIDY_EVERY: u32 = 30;
/// Ended sessions and sent messages stay this long as facts without content.
const PAST_KEPT: TimeDelta = TimeDelta::days(30);
/// A key whose subject never appeared is stray after this.
const STRAY_AFTER: TimeDelta = TimeDelta::days(7);
const BATCH: i64 = 200;

/// Runs the jobs until told to stop.
pub struct JobRunner {
    pub db: Db,
    pub keys: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub outbox: OutboxService,
    pub erasure: ErasureService,
}

impl JobRunner {
    /// Runs until `stop` turns true; then gives the lease back.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let holder = InstanceId::generate(self.clock.now());
        let mut ticks = 0_u32;
        while !*stop.borrow() {
            let now = self.clock.now();
            let until = now.plus(LEASE_FOR);
            match self.db.write_guarded(move |c| leases::acquire(c, LEASE, holder, now, until)).await {
                Ok(true) => self.work(ticks).await,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the lease of the jobs was not reached"),
            }
            ticks = ticks.wrapping_add(1);
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = self.outbox.woken() => {}
                _ = stop.changed() => {}
            }
        }
        drop(self.db.write_guarded(move |c| leases::release(c, LEASE, holder)).await);
    }

    async fn work(&self, ticks: u32) {
        note("outbox", self.outbox.send_due().await.map(drop).map_err(VaultError::from));
        if ticks.is_multiple_of(TIDY_EVERY) {
            note("lapsed_registrations", self.erase_lapsed_registrations().await);
            note("past_records", self.delete_past().await.map_err(VaultError::from));
            note("stray_keys", self.sweep_stray_keys().await);
            note("key_file", self.vault.kms().reload().map_err(VaultError::from));
        }
    }

    /// A registration that nobody completed goes with all its keys.
    async fn erase_lapsed_registrations(&self) -> Result<(), VaultError> {
        let now = self.clock.now();
        let lapsed = self.db.read_long(move |c| registrations::list_lapsed(c, now, BATCH)).await?;
        for subject in lapsed {
            // The mail may still have to leave; its own key goes with the stray ones.
            for category in [Category::Identity, Category::Contact, Category::Security, Category::LogDetail] {
                self.erasure.erase(subject, category).await?;
            }
        }
        Ok(())
    }

    async fn delete_past(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        let before = now.minus(PAST_KEPT);
        self.db
            .write_guarded(move |c| {
                idempotency_keys::delete_all_lapsed(c, now)?;
                sessions::delete_past(c, before)?;
                outbox::delete_settled(c, before)?;
                Ok::<_, StorageError>(())
            })
            .await
    }

    /// Keys are durable before their subject's first row; where that row never came, they go.
    async fn sweep_stray_keys(&self) -> Result<(), VaultError> {
        let before = self.clock.now().minus(STRAY_AFTER);
        let mut cursor: Option<AccountId> = None;
        loop {
            let subjects =
                self.keys.read_long(move |c| subject_keys::list_subjects(c, before, cursor, BATCH)).await?;
            let Some(last) = subjects.last().copied() else { return Ok(()) };
            cursor = Some(last);
            let asked = subjects.clone();
            let living = self
                .db
                .read_long(move |c| {
                    let mut living = accounts::filter_existing(c, &asked)?;
                    living.extend(registrations::filter_existing(c, &asked)?);
                    Ok::<_, StorageError>(living)
                })
                .await?;
            for stray in subjects.into_iter().filter(|subject| !living.contains(subject)) {
                for category in Category::ALL {
                    self.erasure.erase(stray, *category).await?;
                }
            }
        }
    }
}

fn note(job: &'static str, outcome: Result<(), VaultError>) {
    let label = match outcome {
        Ok(()) => "done",
        Err(error) => {
            tracing::warn!(job, %error, "a job failed and will run again");
            "failed"
        }
    };
    metrics().jobs.with_label_values(&[job, label]).inc();
}
