//! Logs without personal data, and metrics.

use std::{cell::Cell, sync::OnceLock};

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// Starts logging and takes panics into it; a second call changes nothing.
pub fn start(format: LogFormat, level: &str) {
    // A bare level is for our own lines: libraries log headers, recipients and
    // statements at theirs, and malformed requests as errors of ours.
    let bare = level.bytes().all(|b| b.is_ascii_alphabetic());
    let directives =
        if bare { format!("warn,actix_http=off,smart_mining={level}") } else { level.to_owned() };
    let filter = EnvFilter::try_new(directives).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Text => registry.with(fmt::layer().with_writer(std::io::stderr)).try_init(),
        LogFormat::Json => {
            registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
        }
    };
    if started.is_ok() {
        // The payload of a panic can hold any value; where it happened is enough.
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(place, "panic");
        }));
    }
}

tokio::task_local! {
    /// The statements that the request of this task has run so far.
    static STATEMENTS: Cell<u32>;
}

/// Adds statements to the request that they were run for; jobs have none and are not counted.
pub fn count_statements(count: u32) {
    let _ = STATEMENTS.try_with(|so_far| so_far.set(so_far.get().saturating_add(count)));
}

/// Runs a request and says how many statements it took.
pub async fn counting_statements<F: Future>(request: F) -> (F::Output, u32) {
    let counted = async {
        let output = request.await;
        (output, STATEMENTS.with(Cell::get))
    };
    STATEMENTS.scope(Cell::new(0), counted).await
}

/// The process's metrics; none has a label that names a person.
pub struct Metrics {
    registry: Registry,
    pub requests: IntCounterVec,
    pub request_seconds: HistogramVec,
    pub statements: IntCounterVec,
    pub write_retries: IntCounter,
    pub outbox_messages: IntCounterVec,
    pub outbox_queued: IntGauge,
    pub webhook_messages: IntCounterVec,
    pub jobs: IntCounterVec,
    pub vault_failures: IntCounter,
    pub special_categories: IntCounterVec,
    pub log_entries: IntGauge,
    pub log_pending: IntGauge,
    pub log_verified: IntGauge,
    pub rights_overdue: IntGauge,
    pub build_info: IntGaugeVec,
}

impl Metrics {
    fn new() -> prometheus::Result<Self> {
        let metrics = Self {
            registry: Registry::new(),
            requests: IntCounterVec::new(
                Opts::new("http_requests_total", "Requests by operation and status."),
                &["operation", "status"],
            )?,
            request_seconds: HistogramVec::new(
                HistogramOpts::new("http_request_seconds", "Time to answer, by operation.").buckets(vec![
                    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
                ]),
                &["operation"],
            )?,
            statements: IntCounterVec::new(
                Opts::new("db_statements_total", "Statements run for requests, by operation."),
                &["operation"],
            )?,
            write_retries: IntCounter::new(
                "db_write_retries_total",
                "Transactions run again after a conflict.",
            )?,
            outbox_messages: IntCounterVec::new(
                Opts::new("outbox_messages_total", "Messages by channel and outcome of an attempt."),
                &["channel", "outcome"],
            )?,
            outbox_queued: IntGauge::new("outbox_queued", "Messages waiting to be sent.")?,
            webhook_messages: IntCounterVec::new(
                Opts::new("webhook_messages_total", "Messages to partners by outcome of an attempt."),
                &["outcome"],
            )?,
            jobs: IntCounterVec::new(
                Opts::new("jobs_total", "Runs of background jobs."),
                &["job", "outcome"],
            )?,
            vault_failures: IntCounter::new("vault_failures_total", "Sealed values that did not open.")?,
            special_categories: IntCounterVec::new(
                Opts::new("special_categories_refused_total", "Texts refused under clause 1.9, by category."),
                &["category"],
            )?,
            log_entries: IntGauge::new("log_entries", "Entries that the last checkpoint of the log covers.")?,
            log_pending: IntGauge::new("log_pending", "Leaves that wait for their place in the log.")?,
            log_verified: IntGauge::new(
                "log_verified",
                "1 if the log's last check of itself found nothing; 0 is an alarm; -1 before the first.",
            )?,
            rights_overdue: IntGauge::new(
                "rights_requests_overdue",
                "Rights requests that wait for an answer beyond their day.",
            )?,
            build_info: IntGaugeVec::new(Opts::new("build_info", "The running version."), &["version"])?,
        };
        metrics.register()?;
        metrics.log_verified.set(-1);
        metrics.build_info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(metrics)
    }

    fn register(&self) -> prometheus::Result<()> {
        let collectors: [Box<dyn prometheus::core::Collector>; 15] = [
            Box::new(self.requests.clone()),
            Box::new(self.request_seconds.clone()),
            Box::new(self.statements.clone()),
            Box::new(self.write_retries.clone()),
            Box::new(self.outbox_messages.clone()),
            Box::new(self.outbox_queued.clone()),
            Box::new(self.webhook_messages.clone()),
            Box::new(self.jobs.clone()),
            Box::new(self.vault_failures.clone()),
            Box::new(self.special_categories.clone()),
            Box::new(self.log_entries.clone()),
            Box::new(self.log_pending.clone()),
            Box::new(self.log_verified.clone()),
            Box::new(self.rights_overdue.clone()),
            Box::new(self.build_info.clone()),
        ];
        collectors.into_iter().try_for_each(|collector| self.registry.register(collector))
    }

    /// All metrics in the text form of Prometheus.
    ///
    /// # Errors
    ///
    /// Only if a metric contradicts its own description.
    pub fn render(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// The metrics of this process.
///
/// # Panics
///
/// Never: the descriptions above are constants, and the first test that starts a server proves them valid.
pub fn metrics() -> &'static Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "the descriptions above are constants and valid")]
    METRICS.get_or_init(|| Metrics::new().expect("the metrics' descriptions are valid"))
}
