//! Bodies of what is told to everybody of disclosures.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Example;
use crate::{
    domain::{purpose::RecipientClass, transparency::DisclosureOutcome},
    services::transparency::{QuarterCounts, TransparencyReport},
};

/// How many disclosures came to something.
#[derive(Serialize, ToSchema)]
#[schema(as = OutcomeCount)]
pub struct OutcomeCountView {
    /// What they came to.
    pub outcome: DisclosureOutcome,
    /// How many; `null` for fewer than `minimum`, also for none.
    #[schema(required, minimum = 20, maximum = 1_000_000_000, example = 41)]
    pub count: Option<i64>,
}

/// What is told of one class of recipients.
#[derive(Serialize, ToSchema)]
#[schema(as = ClassTransparency)]
pub struct ClassTransparencyView {
    /// The class.
    pub recipient_class: RecipientClass,
    /// How many disclosures were asked for; `null` for fewer than `minimum`, and where a smaller number would follow.
    #[schema(required, minimum = 20, maximum = 1_000_000_000, example = 70)]
    pub requested: Option<i64>,
    /// What came of them.
    #[schema(max_items = 5)]
    pub outcomes: Vec<OutcomeCountView>,
    /// How often authorities of another country took data where they are stored; `null` for fewer than `minimum`.
    #[schema(required, minimum = 20, maximum = 1_000_000_000, example = 24)]
    pub authority_accesses: Option<i64>,
}

/// What is told of a quarter.
#[derive(Serialize, ToSchema)]
#[schema(as = QuarterTransparency)]
pub struct QuarterTransparencyView {
    /// Year and quarter, in UTC.
    #[schema(max_length = 8, pattern = "^[0-9]{4}-Q[1-4]$", example = "2026-Q1")]
    pub quarter: String,
    /// By class of recipients.
    #[schema(max_items = 6)]
    pub classes: Vec<ClassTransparencyView>,
}

impl From<&QuarterCounts> for QuarterTransparencyView {
    fn from(told: &QuarterCounts) -> Self {
        let classes = told.classes.iter().map(|counts| ClassTransparencyView {
            recipient_class: counts.class,
            requested: counts.requested,
            outcomes: counts
                .outcomes
                .iter()
                .map(|(outcome, count)| OutcomeCountView { outcome: *outcome, count: *count })
                .collect(),
            authority_accesses: counts.accessed,
        });
        Self { quarter: told.quarter.write(), classes: classes.collect() }
    }
}

/// What is told to everybody.
#[derive(Serialize, ToSchema)]
#[schema(as = Transparency)]
pub struct TransparencyView {
    /// The smallest number that is told.
    #[schema(minimum = 20, maximum = 10_000, example = 20)]
    pub minimum: u32,
    /// Quarters that are closed, newest first.
    #[schema(max_items = 1_000)]
    pub quarters: Vec<QuarterTransparencyView>,
}

impl From<&TransparencyReport> for TransparencyView {
    fn from(report: &TransparencyReport) -> Self {
        Self {
            minimum: report.minimum,
            quarters: report.quarters.iter().map(QuarterTransparencyView::from).collect(),
        }
    }
}

impl Example for TransparencyView {
    fn example() -> Value {
        let outcome = |name: &str, count: Option<i64>| json!({ "outcome": name, "count": count });
        json!({
            "minimum": 20,
            "quarters": [{
                "quarter": "2026-Q1",
                "classes": [{
                    "recipient_class": "court",
                    "requested": 70,
                    "outcomes": [
                        outcome("released", Some(41)),
                        outcome("denied", None),
                        outcome("declined", None),
                        outcome("cancelled", None),
                        outcome("expired", None),
                    ],
                    "authority_accesses": null,
                }],
            }],
        })
    }
}
