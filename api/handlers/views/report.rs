//! Bodies of clicks and counts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::Example;
use crate::{
    domain::{
        aggregate::{Advertisement, Cell, ClickOutcome, HourReport},
        ids::{AdvertisementId, RecipientId, StaffId},
        time::Timestamp,
    },
    services::reports::{AdvertisementPage, Click, ReportPage},
};

/// A click on an advertisement.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AdEvent {
    /// What was clicked.
    pub advertisement_id: AdvertisementId,
    /// When.
    pub clicked_at: Timestamp,
}

/// Clicks of one person or device.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReportAdEvents {
    /// The clicks.
    #[schema(min_items = 1, max_items = 100)]
    #[validate(length(min = 1, max = 100), nested)]
    pub events: Vec<AdEvent>,
}

impl ReportAdEvents {
    pub fn into_clicks(self) -> Vec<Click> {
        let click = |event: AdEvent| Click { advertisement_id: event.advertisement_id, at: event.clicked_at };
        self.events.into_iter().map(click).collect()
    }
}

/// What became of a click.
#[derive(Serialize, ToSchema)]
#[schema(as = AdEventResult)]
pub struct AdEventResultView {
    /// Whether it is counted.
    pub outcome: ClickOutcome,
}

/// What became of the clicks, in their order.
#[derive(Serialize, ToSchema)]
#[schema(as = AdEventResults)]
pub struct AdEventResultsView {
    /// One for each.
    #[schema(max_items = 100)]
    pub results: Vec<AdEventResultView>,
}

impl AdEventResultsView {
    pub fn new(outcomes: Vec<ClickOutcome>) -> Self {
        Self { results: outcomes.into_iter().map(|outcome| AdEventResultView { outcome }).collect() }
    }
}

/// How many people clicked one advertisement.
#[derive(Serialize, ToSchema)]
#[schema(as = AdClickCount)]
pub struct AdClickCountView {
    /// What was clicked.
    pub advertisement_id: AdvertisementId,
    /// How many people clicked it, each once.
    #[schema(minimum = 20, maximum = 1_000_000_000, example = 184)]
    pub people: i64,
}

/// What was published of one hour about the advertisements of one advertiser.
#[derive(Serialize, ToSchema)]
#[schema(as = AdClickReport)]
pub struct AdClickReportView {
    /// Its place among all reports; it never changes. Numbers grow and leave gaps.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1_772_359_814)]
    pub report_number: i64,
    /// The advertiser.
    pub advertiser_id: RecipientId,
    /// The beginning of the hour, in UTC.
    pub hour: Timestamp,
    /// When it was published.
    pub published_at: Timestamp,
    /// The smallest group that it tells of. An advertisement that fewer people with accounts clicked, or nobody, is
    /// not among the counts.
    #[schema(minimum = 20, maximum = 10_000, example = 20)]
    pub minimum_group: i32,
    /// People by advertisement.
    #[schema(max_items = 10_000)]
    pub counts: Vec<AdClickCountView>,
    /// The sum of the counts, each person once for each advertisement; `null` as soon as one advertisement is not among
    /// them, since the rest would follow from it.
    #[schema(required, minimum = 20, maximum = 1_000_000_000, example = 184)]
    pub total: Option<i64>,
}

impl From<&HourReport> for AdClickReportView {
    fn from(report: &HourReport) -> Self {
        let count =
            |cell: &Cell| AdClickCountView { advertisement_id: cell.advertisement_id, people: cell.people };
        Self {
            report_number: report.number,
            advertiser_id: report.recipient_id,
            hour: report.hour,
            published_at: report.published_at,
            minimum_group: report.minimum,
            counts: report.cells.iter().map(count).collect(),
            total: report.total,
        }
    }
}

/// A page of reports.
#[derive(Serialize, ToSchema)]
#[schema(as = AdClickReportPage)]
pub struct AdClickReportPageView {
    /// In the order of their publication.
    #[schema(max_items = 100)]
    pub data: Vec<AdClickReportView>,
    /// Leads on: the list is polled, so there is always one, also after the last page.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<ReportPage> for AdClickReportPageView {
    fn from(page: ReportPage) -> Self {
        Self {
            data: page.reports.iter().map(AdClickReportView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// An advertisement to count.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RegisterAdvertisement {
    /// Whose it is: a recipient of the class `advertiser`.
    pub recipient_id: RecipientId,
    /// What staff calls it.
    #[validate(length(min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, example = "Summer hash rates, banner")]
    pub label: String,
}

/// An advertisement whose clicks are counted.
#[derive(Serialize, ToSchema)]
#[schema(as = Advertisement)]
pub struct AdvertisementView {
    /// Identifies it.
    pub advertisement_id: AdvertisementId,
    /// Whose it is.
    pub recipient_id: RecipientId,
    /// What staff calls it.
    #[schema(max_length = 128, example = "Summer hash rates, banner")]
    pub label: String,
    /// Who registered it.
    pub registered_by: StaffId,
    /// When.
    pub registered_at: Timestamp,
    /// Since when its clicks are not counted any more.
    #[schema(required)]
    pub ended_at: Option<Timestamp>,
}

impl From<&Advertisement> for AdvertisementView {
    fn from(advertisement: &Advertisement) -> Self {
        Self {
            advertisement_id: advertisement.id,
            recipient_id: advertisement.recipient_id,
            label: advertisement.label.clone(),
            registered_by: advertisement.registered_by,
            registered_at: advertisement.registered_at,
            ended_at: advertisement.ended_at,
        }
    }
}

/// A page of advertisements.
#[derive(Serialize, ToSchema)]
#[schema(as = AdvertisementPage)]
pub struct AdvertisementPageView {
    /// Oldest first.
    #[schema(max_items = 100)]
    pub data: Vec<AdvertisementView>,
    /// Leads to the next page; `null` on the last.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<AdvertisementPage> for AdvertisementPageView {
    fn from(page: AdvertisementPage) -> Self {
        Self {
            data: page.advertisements.iter().map(AdvertisementView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

impl Example for ReportAdEvents {
    fn example() -> Value {
        json!({ "events": [{
            "advertisement_id": "adv_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "clicked_at": "2026-03-01T09:12:00.000000Z",
        }] })
    }
}

impl Example for AdEventResultsView {
    fn example() -> Value {
        json!({ "results": [{ "outcome": "counted" }] })
    }
}

impl Example for AdClickReportPageView {
    fn example() -> Value {
        let report = json!({
            "report_number": 1_772_359_814,
            "advertiser_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "hour": "2026-03-01T09:00:00.000000Z",
            "published_at": "2026-03-01T10:10:14.000000Z",
            "minimum_group": 20,
            "counts": [{ "advertisement_id": "adv_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "people": 184 }],
            "total": 184,
        });
        json!({ "data": [report], "next_cursor": "AAAAAZ0xkQ" })
    }
}

impl Example for RegisterAdvertisement {
    fn example() -> Value {
        json!({ "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "label": "Summer hash rates, banner" })
    }
}

impl Example for AdvertisementView {
    fn example() -> Value {
        json!({
            "advertisement_id": "adv_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "label": "Summer hash rates, banner",
            "registered_by": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "registered_at": "2026-03-01T09:12:00.000000Z",
            "ended_at": null,
        })
    }
}

impl Example for AdvertisementPageView {
    fn example() -> Value {
        json!({ "data": [AdvertisementView::example()], "next_cursor": null })
    }
}
