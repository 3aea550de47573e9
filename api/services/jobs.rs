//! Background jobs. Every process sends messages, which are claimed one by one, and reads the key
//! file again; what only one process may do runs under a lease that lapses when its holder dies.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use tokio::sync::watch;

use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        aggregate::CLICKS_KEPT,
        data_dictionary::Category,
        ids::{AccountId, InstanceId},
        kyc::signal,
        retention::RetentionRule,
        rights::rectification::EVIDENCE_KEPT,
        time::Timestamp,
        webhook::MESSAGES_KEPT,
    },
    repositories::{
        account_devices, accounts, advertisements, blocks, contact_changes, devices, idempotency_keys,
        instruments, kyc_signals, leases, one_time_codes, outbox, partners, password_resets, registrations,
        retention_runs, sessions, sign_in_challenges, staff, subject_keys, throttles, webhooks,
    },
    services::{
        accounts::AccountService,
        blocks::BlockService,
        clock::Clock,
        disclosures::DisclosureService,
        erasure::ErasureService,
        instruments::InstrumentService,
        kyc::{self, KycError, KycService},
        log::{
            sequencer::{self, LogError, Sequencer},
            verify::{VerifyError, verify},
        },
        notices::NoticeService,
        outbox::OutboxService,
        reports::{ReportError, ReportService},
        retention::{RUNS_KEPT, RetentionService},
        rights::{RightsError, RightsService, archive::Contents},
        staff::StaffService,
        transparency::TransparencyService,
        vault::{Vault, VaultError},
        webhooks::WebhookService,
    },
    telemetry::metrics,
};

const LEASE: &str = "housekeeping";
const LEASE_FOR: TimeDelta = TimeDelta::seconds(90);
const LEASE_RENEWED: Duration = Duration::from_secs(30);
/// How often the outbox is looked into when nobody wakes its sender.
const OUTBOX_TICK: Duration = Duration::from_secs(1);
/// How often the metrics learn how long the outbox is.
const OBSERVE_TICK: Duration = Duration::from_secs(5);
/// How often keys in memory are held against the key file and their age.
const KEYS_TICK: Duration = Duration::from_secs(20);
/// How often the block list is read again.
const BLOCKS_TICK: Duration = Duration::from_secs(5);
/// How often another process' publication is looked for.
const NOTICES_TICK: Duration = Duration::from_secs(5);
const HOUSE_TICK: Duration = Duration::from_secs(30);
/// Every so many rounds of housekeeping, about a day, stray keys are looked for.
const SWEEP_EVERY: u32 = 2_880;
/// Every so many rounds, about an hour, the log checks itself.
const CHECK_EVERY: u32 = 120;
const LOG_LEASE: &str = "log";
/// How often leaves are given their places: a leaf waits a second at most.
const LOG_TICK: Duration = Duration::from_millis(300);
/// Ended sessions and sent messages stay this long as facts without content.
const PAST_KEPT: TimeDelta = TimeDelta::days(30);
/// Wrong second factors are remembered this long after their challenge: who is patient is told of too.
const TRIES_KEPT: TimeDelta = TimeDelta::days(1);
/// Devices are forgotten this long after they were last seen.
const DEVICE_KEPT: TimeDelta = TimeDelta::days(365);
/// A key whose subject never appeared is stray after this.
const STRAY_AFTER: TimeDelta = TimeDelta::days(7);
/// Strays are leftovers of crashes and so are few. More of them in one page than living subjects
/// mean that the data is not the data of these keys.
const FEW_STRAYS: usize = 20;
const BATCH: i64 = 200;

/// Deletes at most so many rows that were over before an instant, and says how many those were.
type Deletion = fn(&mut Conn, Timestamp, i64) -> Result<usize, StorageError>;

/// Runs the jobs until told to stop.
#[derive(Clone)]
pub struct JobRunner {
    pub db: Db,
    pub keys: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub outbox: OutboxService,
    pub erasure: ErasureService,
    pub accounts: AccountService,
    pub notices: NoticeService,
    pub kyc: KycService,
    pub disclosures: DisclosureService,
    pub webhooks: WebhookService,
    pub reports: ReportService,
    pub transparency: TransparencyService,
    pub rights: RightsService,
    pub retention: RetentionService,
    pub instruments: InstrumentService,
    /// What archives for persons are made from.
    pub contents: Arc<dyn Contents>,
    pub blocks: BlockService,
    pub staff: StaffService,
    pub sequencer: Sequencer,
    /// Documents of verifications are kept so long after the decision.
    pub kyc_files_kept: TimeDelta,
    pub closed_accounts_kept: TimeDelta,
}

/// Why the log's check of itself is an alarm.
#[derive(Debug, thiserror::Error)]
enum LogCheckError {
    #[error("{0} findings")]
    Found(usize),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl JobRunner {
    /// Runs until `stop` turns true, finishing what is under way.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.send_messages(stop.clone()),
            self.send_webhooks(stop.clone()),
            self.observe_outbox(stop.clone()),
            self.refresh_keys(stop.clone()),
            self.refresh_blocks(stop.clone()),
            self.grow_log(stop.clone()),
            self.tell_everybody(stop.clone()),
            self.keep_house(stop)
        );
    }

    async fn send_messages(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.outbox.send_due().await {
                // A full batch means that more is waiting.
                Ok(sent) if sent > 0 => continue,
                Ok(_) => {}
                Err(error) => note::<(), _>("outbox", Err(error)),
            }
            tokio::select! {
                () = tokio::time::sleep(OUTBOX_TICK) => {}
                () = self.outbox.woken() => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn send_webhooks(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.webhooks.send_due().await {
                Ok(sent) if sent > 0 => continue,
                Ok(_) => {}
                Err(error) => note::<(), _>("webhooks", Err(error)),
            }
            pause(OUTBOX_TICK, &mut stop).await;
        }
    }

    async fn observe_outbox(&self, mut stop: watch::Receiver<bool>) {
        while !pause(OBSERVE_TICK, &mut stop).await {
            note("outbox_length", self.outbox.observe().await);
        }
    }

    /// A publication is told to everybody, batch after batch. Whoever serves helps: each batch is written
    /// once, whoever writes it.
    async fn tell_everybody(&self, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.notices.tell_some().await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => self.idle_notices(stop.clone()).await,
                Err(error) => {
                    note::<(), _>("notices", Err(error));
                    self.idle_notices(stop.clone()).await;
                }
            }
        }
    }

    async fn idle_notices(&self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.notices.policies.campaigns().woken(NOTICES_TICK) => {}
            // Either way the loop looks whether it is time to stop.
            _ = stop.changed() => {}
        }
    }

    /// Another process may have rotated a key; and no person's keys stay in memory unused.
    async fn refresh_keys(&self, mut stop: watch::Receiver<bool>) {
        while !pause(KEYS_TICK, &mut stop).await {
            self.vault.forget_old_keys();
            note("key_file", self.vault.kms().reload());
        }
    }

    /// An operator, or another process, may have changed the list.
    async fn refresh_blocks(&self, mut stop: watch::Receiver<bool>) {
        while !pause(BLOCKS_TICK, &mut stop).await {
            note("blocks", self.blocks.reload().await);
        }
    }

    /// One process gives leaves their places; what waits when it stops is placed before it does.
    async fn grow_log(&self, mut stop: watch::Receiver<bool>) {
        let holder = InstanceId::generate(self.clock.now());
        let mut held_until: Option<Timestamp> = None;
        loop {
            let now = self.clock.now();
            // Where nobody else serves, the lease of a process that was killed is not waited for.
            if self.db.is_shared() && sequencer::is_due(held_until, now) {
                let until = now.plus(sequencer::LEASE_FOR);
                let took = self.db.write_guarded(move |c| leases::acquire(c, LOG_LEASE, holder, now, until));
                held_until = matches!(took.await, Ok(true)).then_some(until);
            }
            if held_until.is_some() || !self.db.is_shared() {
                note("log", self.sequencer.advance().await.map(drop));
            }
            if *stop.borrow() {
                break;
            }
            pause(LOG_TICK, &mut stop).await;
        }
        let _ = self.db.write_guarded(move |c| leases::release(c, LOG_LEASE, holder)).await;
    }

    /// The log holds itself against everything that it can be held against.
    async fn check_log(&self) -> Result<(), LogCheckError> {
        let against = self.sequencer.own_view().await?;
        let report = verify(&self.db, &against).await?;
        metrics().log_verified.set(i64::from(report.findings.is_empty()));
        match report.findings.first() {
            None => Ok(()),
            Some(first) => {
                let count = report.findings.len();
                tracing::error!(seq = first.seq, what = first.what, count, "THE LOG DOES NOT VERIFY");
                Err(LogCheckError::Found(count))
            }
        }
    }

    async fn keep_house(&self, mut stop: watch::Receiver<bool>) {
        let holder = InstanceId::generate(self.clock.now());
        let mut round = 0_u32;
        if !self.db.is_shared() {
            // Whoever held it is dead, since nobody else serves from this store; what was cut off goes on at once.
            note("lease", self.db.write_guarded(|c| leases::take_away(c, LEASE)).await);
        }
        loop {
            match self.take_lease(holder).await {
                Ok(true) => tokio::select! {
                    () = self.tidy(round, &stop) => {}
                    // What takes long is taken up by whoever holds it next.
                    () = self.keep_lease(holder) => tracing::warn!("another process took the housekeeping over"),
                },
                Ok(false) => {}
                Err(error) => note::<(), _>("lease", Err(error)),
            }
            round = round.wrapping_add(1);
            if pause(HOUSE_TICK, &mut stop).await {
                break;
            }
        }
        let _ = self.db.write_guarded(move |c| leases::release(c, LEASE, holder)).await;
    }

    async fn take_lease(&self, holder: InstanceId) -> Result<bool, StorageError> {
        let now = self.clock.now();
        self.db.write_guarded(move |c| leases::acquire(c, LEASE, holder, now, now.plus(LEASE_FOR))).await
    }

    /// Renews the lease for as long as nobody else has it.
    async fn keep_lease(&self, holder: InstanceId) {
        loop {
            tokio::time::sleep(LEASE_RENEWED).await;
            match self.take_lease(holder).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => note::<(), _>("lease", Err(error)),
            }
        }
    }

    async fn tidy(&self, round: u32, stop: &watch::Receiver<bool>) {
        let is_hourly = round.is_multiple_of(CHECK_EVERY);
        self.retain(stop, is_hourly).await;
        note("closures", self.while_any(stop, || self.accounts.complete_closures(BATCH)).await);
        note("factor_resets", self.while_any(stop, || self.accounts.execute_factor_resets(BATCH)).await);
        note("reminders", self.while_any(stop, || self.accounts.remind(BATCH)).await);
        note("kyc_signals", self.while_any(stop, || self.kyc.weigh_signals(BATCH)).await);
        note("kyc_reminders", self.while_any(stop, || self.kyc.remind(BATCH)).await);
        note("disclosures_ended", self.while_any(stop, || self.disclosures.expire(BATCH)).await);
        note("transfers_told", self.while_any(stop, || self.disclosures.gather(BATCH)).await);
        note("transfers", self.while_any(stop, || self.disclosures.carry_out(BATCH)).await);
        note("disclosures_told", self.while_any(stop, || self.disclosures.tell_late(BATCH)).await);
        self.keep_rights(stop).await;
        note("transparency", self.while_any(stop, || self.transparency.count()).await);
        note("reports", self.publish_reports(stop).await);
        note("kyc_overdue", self.while_any(stop, || self.kyc.expire(BATCH)).await);
        if is_hourly {
            // At an hour of its own: what ends then tells nobody when its person withdrew.
            note("disclosures_withdrawn", self.disclosures.end_silently_withdrawn(BATCH).await);
            note("log_check", self.check_log().await);
            note("orphaned_files", self.sweep_files().await);
        }
        if round.is_multiple_of(SWEEP_EVERY) {
            note("stray_keys", self.sweep_stray_keys(stop).await);
        }
    }

    async fn keep_rights(&self, stop: &watch::Receiver<bool>) {
        note("rights_lifted", self.while_any(stop, || self.rights.lift(BATCH)).await);
        note("erasures", self.while_any(stop, || self.rights.carry_out(BATCH)).await);
        note("archives", self.prepare_archives(stop).await);
        note("rights_escalated", self.while_any(stop, || self.rights.escalate(BATCH)).await);
        note("rights_overdue", self.rights.count_overdue().await);
    }

    /// On a thread of its own: it reads and seals without a pause, which those who serve must not wait for, and by one
    /// connection, whose cache is all that it takes of the database.
    async fn prepare_archives(&self, stop: &watch::Receiver<bool>) -> Result<usize, RightsError> {
        let (rights, contents, stop) = (self.rights.clone(), Arc::clone(&self.contents), stop.clone());
        let runtime = tokio::runtime::Handle::current();
        let prepare = move || {
            let is_stopping = || *stop.borrow();
            runtime.block_on(Box::pin(rights.hand_over(contents.as_ref(), BATCH, &is_stopping)))
        };
        let prepared = tokio::task::spawn_blocking(prepare).await;
        prepared.map_err(|error| RightsError::Archive(error.into()))?
    }

    /// Applies the rules of retention; once an hour it is noted also of those that found nothing.
    async fn retain(&self, stop: &watch::Receiver<bool>, is_hourly: bool) {
        use RetentionRule as Rule;
        let lapsed = self.erase_lapsed_registrations(stop).await;
        self.applied(Rule::LapsedRegistrations, is_hourly, lapsed).await;
        self.applied(Rule::LapsedPasswordResets, is_hourly, self.erase_lapsed_resets(stop).await).await;
        self.delete_past(stop, is_hourly).await;
        let archives = self.while_any(stop, || self.rights.take_archives_away(BATCH)).await;
        self.applied(Rule::Archives, is_hourly, archives).await;
        let records = self.while_any(stop, || self.rights.release(BATCH)).await;
        self.applied(Rule::StatutoryRecords, is_hourly, records).await;
        let before = self.clock.now().minus(self.closed_accounts_kept);
        let closed = self.while_any(stop, || self.rights.erase_closed(before, BATCH)).await;
        self.applied(Rule::ClosedAccounts, is_hourly, closed).await;
        if is_hourly {
            let before = self.clock.now().minus(self.kyc_files_kept);
            let documents = self.while_any(stop, || self.kyc.erase_past(&self.erasure, before, BATCH)).await;
            self.applied(Rule::VerificationDocuments, true, documents).await;
            let before = self.clock.now().minus(EVIDENCE_KEPT);
            let evidence = self.while_any(stop, || self.rights.forget_evidence(before, BATCH)).await;
            self.applied(Rule::RightsEvidence, true, evidence).await;
            let orders = self.while_any(stop, || self.instruments.erase_past(BATCH)).await;
            self.applied(Rule::Orders, true, orders).await;
            let staff = self.while_any(stop, || self.staff.forget(&self.erasure, BATCH)).await;
            self.applied(Rule::Staff, true, staff).await;
        }
    }

    /// Notes what a rule came to.
    async fn applied<E: std::error::Error>(
        &self,
        rule: RetentionRule,
        is_hourly: bool,
        removed: Result<usize, E>,
    ) {
        if let Ok(removed) = removed
            && (removed > 0 || is_hourly)
        {
            note("retention", self.retention.note(rule, removed).await);
        }
        note(rule.as_str(), removed);
    }

    async fn publish_reports(&self, stop: &watch::Receiver<bool>) -> Result<(), ReportError> {
        while !*stop.borrow() && self.reports.publish_next(|| *stop.borrow()).await? {}
        Ok(())
    }

    /// A registration that nobody completed goes with all its keys. The row goes first, and only
    /// where nobody verified it in this very moment; a crash after that leaves stray keys.
    async fn erase_lapsed_registrations(&self, stop: &watch::Receiver<bool>) -> Result<usize, VaultError> {
        let mut erased = 0;
        while !*stop.borrow() {
            let now = self.clock.now();
            let lapsed = self.db.read_long(move |c| registrations::list_lapsed(c, now, BATCH)).await?;
            if lapsed.is_empty() {
                break;
            }
            for subject in lapsed {
                let taken =
                    self.db.write_for(subject, move |c| registrations::delete_lapsed(c, subject, now));
                if taken.await? {
                    self.erase_all(subject).await?;
                    erased += 1;
                }
            }
        }
        Ok(erased)
    }

    /// A reset that nobody completed goes as a registration does.
    async fn erase_lapsed_resets(&self, stop: &watch::Receiver<bool>) -> Result<usize, VaultError> {
        let mut erased = 0;
        while !*stop.borrow() {
            let now = self.clock.now();
            let lapsed = self.db.read_long(move |c| password_resets::list_lapsed(c, now, BATCH)).await?;
            if lapsed.is_empty() {
                break;
            }
            for subject in lapsed {
                let taken =
                    self.db.write_for(subject, move |c| password_resets::delete_lapsed(c, subject, now));
                if taken.await? {
                    self.erase_all(subject).await?;
                    erased += 1;
                }
            }
        }
        Ok(erased)
    }

    /// Runs a job in batches for as long as it finds something to do; says how much that was.
    async fn while_any<E, F: Future<Output = Result<usize, E>>>(
        &self,
        stop: &watch::Receiver<bool>,
        batch: impl Fn() -> F,
    ) -> Result<usize, E> {
        let mut all = 0;
        while !*stop.borrow() {
            match batch().await? {
                0 => break,
                some => all += some,
            }
        }
        Ok(all)
    }

    async fn erase_all(&self, subject: AccountId) -> Result<(), VaultError> {
        for category in Category::ALL {
            self.erasure.erase(subject, *category).await?;
        }
        Ok(())
    }

    /// Deletes rows whose time has passed, some of them personal.
    async fn delete_past(&self, stop: &watch::Receiver<bool>, is_hourly: bool) {
        use RetentionRule as Rule;
        let now = self.clock.now();
        let personal: [(Rule, Deletion, Timestamp); 9] = [
            (Rule::StoredAnswers, idempotency_keys::delete_some_lapsed, now),
            (Rule::EndedSessions, sessions::delete_past, now.minus(PAST_KEPT)),
            (Rule::SettledMessages, outbox::delete_settled, now.minus(PAST_KEPT)),
            (Rule::UnusedDevices, account_devices::delete_past, now.minus(DEVICE_KEPT)),
            (Rule::UnusedDevices, devices::delete_past, now.minus(DEVICE_KEPT)),
            (Rule::ContactChanges, contact_changes::delete_past, now),
            (Rule::Throttles, throttles::delete_past, now),
            (Rule::Blocks, blocks::delete_past, now),
            (Rule::AdClicks, advertisements::delete_past_clicks, now.minus(CLICKS_KEPT)),
        ];
        let bans = self.while_any(stop, || self.accounts.end_past_bans(BATCH)).await;
        self.applied(Rule::Bans, is_hourly, bans).await;
        for (rule, delete, before) in personal {
            self.applied(rule, is_hourly, self.delete_all(stop, delete, before).await).await;
        }
        let others: [(Deletion, Timestamp); 7] = [
            (sign_in_challenges::delete_past, now.minus(TRIES_KEPT)),
            (one_time_codes::delete_past, now),
            (partners::delete_past_assertions, now),
            (staff::delete_past_sessions, now.minus(PAST_KEPT)),
            (kyc_signals::delete_past, now.minus(signal::KEPT)),
            (webhooks::delete_past, now.minus(MESSAGES_KEPT)),
            (retention_runs::delete_past, now.minus(RUNS_KEPT)),
        ];
        for (delete, before) in others {
            note("past_records", self.delete_all(stop, delete, before).await);
        }
    }

    async fn delete_all(
        &self,
        stop: &watch::Receiver<bool>,
        delete: Deletion,
        before: Timestamp,
    ) -> Result<usize, StorageError> {
        self.while_any(stop, || self.db.write_guarded(move |c| delete(c, before, BATCH))).await
    }

    /// Files are durable before the row that names them; where that row never came, they go.
    async fn sweep_files(&self) -> Result<(), KycError> {
        let swept = self.kyc.sweep_files(self.clock.now().minus(kyc::ORPHAN_AFTER)).await?;
        if swept > 0 {
            tracing::info!(swept, "files that no row names were taken away");
        }
        Ok(())
    }

    /// Keys are durable before their subject's first row; where that row never came, they go.
    async fn sweep_stray_keys(&self, stop: &watch::Receiver<bool>) -> Result<(), VaultError> {
        let before = self.clock.now().minus(STRAY_AFTER);
        let mut cursor: Option<AccountId> = None;
        while !*stop.borrow() {
            let subjects =
                self.keys.read_long(move |c| subject_keys::list_subjects(c, before, cursor, BATCH)).await?;
            let Some(last) = subjects.last().copied() else { break };
            cursor = Some(last);
            let asked = subjects.clone();
            let living = self
                .db
                .read_long(move |c| {
                    let mut living = accounts::filter_existing(c, &asked)?;
                    living.extend(registrations::filter_existing(c, &asked)?);
                    living.extend(password_resets::filter_existing(c, &asked)?);
                    living.extend(staff::filter_existing(c, &asked)?);
                    living.extend(instruments::filter_existing(c, &asked)?);
                    Ok::<_, StorageError>(living)
                })
                .await?;
            let strays: Vec<AccountId> =
                subjects.into_iter().filter(|subject| !living.contains(subject)).collect();
            if strays.len() > living.len().max(FEW_STRAYS) {
                tracing::error!(
                    strays = strays.len(),
                    "too many stray keys: is this the data of these keys?"
                );
                break;
            }
            for stray in strays {
                self.erase_all(stray).await?;
            }
        }
        Ok(())
    }
}

/// Waits; `true` if it is time to stop.
async fn pause(length: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        _ = stop.changed() => {}
    }
    *stop.borrow()
}

fn note<T, E: std::fmt::Display>(job: &'static str, outcome: Result<T, E>) {
    let label = match outcome {
        Ok(_) => "done",
        Err(error) => {
            tracing::warn!(job, %error, "a job failed and will run again");
            "failed"
        }
    };
    metrics().jobs.with_label_values(&[job, label]).inc();
}
