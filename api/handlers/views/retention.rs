//! Bodies of the report of retention.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Example, processing::StoredValueView};
use crate::{
    domain::{
        data_dictionary::ENTRIES,
        retention::{RetentionRule, RetentionRun},
        time::Timestamp,
    },
    services::retention::RetentionReport,
};

/// What a rule took away on a day.
#[derive(Serialize, ToSchema)]
#[schema(as = RetentionDay)]
pub struct RetentionDayView {
    /// The beginning of the day, in UTC.
    pub day: Timestamp,
    /// How much: rows, documents, accounts, or whatever the rule is about.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 14)]
    pub removed: i64,
}

/// A rule, and what it did.
#[derive(Serialize, ToSchema)]
#[schema(as = RetentionRuleReport)]
pub struct RetentionRuleView {
    /// The rule.
    pub rule: RetentionRule,
    /// The stored values that it is about.
    #[schema(max_items = 100)]
    pub values: Vec<StoredValueView>,
    /// When it was last applied within these days.
    #[schema(required)]
    pub last_run_at: Option<Timestamp>,
    /// Newest first.
    #[schema(max_items = 31)]
    pub days: Vec<RetentionDayView>,
}

/// What the rules of retention did of late.
#[derive(Serialize, ToSchema)]
#[schema(as = RetentionReport)]
pub struct RetentionReportView {
    /// Since when.
    pub since: Timestamp,
    /// Every rule.
    #[schema(max_items = 100)]
    pub rules: Vec<RetentionRuleView>,
}

impl From<&RetentionReport> for RetentionReportView {
    fn from(report: &RetentionReport) -> Self {
        let of = |rule: RetentionRule| {
            let own: Vec<&RetentionRun> = report.runs.iter().filter(|run| run.rule == rule).collect();
            let values = ENTRIES.iter().filter(|entry| RetentionRule::of(entry) == rule);
            RetentionRuleView {
                rule,
                values: values.map(|entry| StoredValueView::from(*entry)).collect(),
                last_run_at: own.iter().map(|run| run.last_run_at).max(),
                days: own.iter().map(|run| RetentionDayView { day: run.day, removed: run.removed }).collect(),
            }
        };
        Self { since: report.since, rules: RetentionRule::ALL.iter().map(|rule| of(*rule)).collect() }
    }
}

impl Example for RetentionReportView {
    fn example() -> Value {
        json!({
            "since": "2026-02-01T00:00:00.000000Z",
            "rules": [{
                "rule": "ended_sessions",
                "values": [{
                    "place": "sessions.address",
                    "data_class": "identifier",
                    "protection": "sealed",
                    "clause": "2.3",
                    "lawful_basis": "legitimate_interests",
                    "retention": "30 days after its last use",
                }],
                "last_run_at": "2026-03-01T09:30:00.000000Z",
                "days": [{ "day": "2026-03-01T00:00:00.000000Z", "removed": 14 }],
            }],
        })
    }
}
