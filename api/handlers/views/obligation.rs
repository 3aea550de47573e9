//! Bodies of what recipients have to do.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Example, RecipientView};
use crate::{
    domain::{
        disclosure::{
            obligation::{AcknowledgedBy, ObligationKind},
            scope::DisclosureField,
        },
        ids::{DisclosureId, ObligationId, PartnerClientId, RecipientId, StaffId},
        time::Timestamp,
    },
    services::obligations::{ObligationPage, Owed},
};

/// What somebody who got the person's data has to do, as the person sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Obligation)]
pub struct ObligationView {
    /// Identifies it.
    pub obligation_id: ObligationId,
    /// What has to be done.
    pub kind: ObligationKind,
    /// Who has to do it.
    pub recipient: RecipientView,
    /// What it is about.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// The disclosures that the recipient had it from.
    #[schema(max_items = 10_000)]
    pub disclosure_ids: Vec<DisclosureId>,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when.
    pub due_at: Timestamp,
    /// Whether its time has passed and it is not done.
    #[schema(example = false)]
    pub overdue: bool,
    /// When the recipient said that it is done.
    #[schema(required)]
    pub acknowledged_at: Option<Timestamp>,
}

impl ObligationView {
    fn new((obligation, recipient): &Owed, now: Timestamp) -> Self {
        Self {
            obligation_id: obligation.id,
            kind: obligation.kind,
            recipient: RecipientView::from(recipient),
            fields: obligation.fields.clone(),
            disclosure_ids: obligation.disclosures.clone(),
            opened_at: obligation.opened_at,
            due_at: obligation.due_at,
            overdue: obligation.is_overdue(now),
            acknowledged_at: obligation.acknowledgement.map(|done| done.at),
        }
    }
}

/// A page of what others have to do about the person's data.
#[derive(Serialize, ToSchema)]
#[schema(as = ObligationPage)]
pub struct ObligationPageView {
    /// Newest first.
    #[schema(max_items = 100)]
    pub data: Vec<ObligationView>,
    /// Leads to the next page; `null` on the last.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<ObligationPage> for ObligationPageView {
    fn from(page: ObligationPage) -> Self {
        Self {
            data: page.obligations.iter().map(|owed| ObligationView::new(owed, page.at)).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// What a partner has to do.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerObligation)]
pub struct PartnerObligationView {
    /// Identifies it.
    pub obligation_id: ObligationId,
    /// Its place among what the partner has to do; it never changes.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 1)]
    pub feed_number: i64,
    /// What has to be done. To correct means to use the old values no more, and to pull anew while the disclosure lasts.
    pub kind: ObligationKind,
    /// What it is about.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// The disclosures that it came by.
    #[schema(max_items = 10_000)]
    pub disclosure_ids: Vec<DisclosureId>,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when.
    pub due_at: Timestamp,
    /// When the partner said that it is done.
    #[schema(required)]
    pub acknowledged_at: Option<Timestamp>,
}

impl From<&(Owed, Timestamp)> for PartnerObligationView {
    fn from((owed, _): &(Owed, Timestamp)) -> Self {
        Self::from(owed)
    }
}

impl From<&Owed> for PartnerObligationView {
    fn from((obligation, _): &Owed) -> Self {
        Self {
            obligation_id: obligation.id,
            feed_number: obligation.feed_number,
            kind: obligation.kind,
            fields: obligation.fields.clone(),
            disclosure_ids: obligation.disclosures.clone(),
            opened_at: obligation.opened_at,
            due_at: obligation.due_at,
            acknowledged_at: obligation.acknowledgement.map(|done| done.at),
        }
    }
}

/// A page of what a partner has to do.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerObligationPage)]
pub struct PartnerObligationPageView {
    /// In the order in which it came to be.
    #[schema(max_items = 100)]
    pub data: Vec<PartnerObligationView>,
    /// Leads on: the list is polled, so there is always one, also after the last page.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<ObligationPage> for PartnerObligationPageView {
    fn from(page: ObligationPage) -> Self {
        Self {
            data: page.obligations.iter().map(PartnerObligationView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// What a recipient has to do, as staff sees it; whom it is about is not told.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffObligation)]
pub struct StaffObligationView {
    /// Identifies it.
    pub obligation_id: ObligationId,
    /// What has to be done.
    pub kind: ObligationKind,
    /// Who has to do it.
    pub recipient_id: RecipientId,
    /// The name of the recipient.
    #[schema(max_length = 128, example = "Harbour Pool Ltd")]
    pub recipient_name: String,
    /// What it is about.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// The disclosures that the recipient had it from.
    #[schema(max_items = 10_000)]
    pub disclosure_ids: Vec<DisclosureId>,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when.
    pub due_at: Timestamp,
    /// Whether its time has passed and it is not done.
    #[schema(example = false)]
    pub overdue: bool,
    /// When it was said to be done.
    #[schema(required)]
    pub acknowledged_at: Option<Timestamp>,
    /// The client that said so.
    #[schema(required)]
    pub acknowledged_by_client: Option<PartnerClientId>,
    /// The member who recorded a letter that said so.
    #[schema(required)]
    pub acknowledged_by_staff: Option<StaffId>,
}

impl From<&(Owed, Timestamp)> for StaffObligationView {
    fn from(((obligation, recipient), now): &(Owed, Timestamp)) -> Self {
        let by = obligation.acknowledgement.map(|done| done.by);
        Self {
            obligation_id: obligation.id,
            kind: obligation.kind,
            recipient_id: recipient.id,
            recipient_name: recipient.entry.terms.name.clone(),
            fields: obligation.fields.clone(),
            disclosure_ids: obligation.disclosures.clone(),
            opened_at: obligation.opened_at,
            due_at: obligation.due_at,
            overdue: obligation.is_overdue(*now),
            acknowledged_at: obligation.acknowledgement.map(|done| done.at),
            acknowledged_by_client: match by {
                Some(AcknowledgedBy::Client(id)) => Some(id),
                _ => None,
            },
            acknowledged_by_staff: match by {
                Some(AcknowledgedBy::Staff(id)) => Some(id),
                _ => None,
            },
        }
    }
}

/// A page of what recipients have not done yet.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffObligationPage)]
pub struct StaffObligationPageView {
    /// What is due first before the others.
    #[schema(max_items = 100)]
    pub data: Vec<StaffObligationView>,
    /// Leads to the next page; `null` on the last.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<ObligationPage> for StaffObligationPageView {
    fn from(page: ObligationPage) -> Self {
        let at = page.at;
        let view = |owed: Owed| StaffObligationView::from(&(owed, at));
        Self { data: page.obligations.into_iter().map(view).collect(), next_cursor: page.next_cursor }
    }
}

impl Example for ObligationPageView {
    fn example() -> Value {
        let obligation = json!({
            "obligation_id": "obl_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "kind": "correct",
            "recipient": RecipientView::example(),
            "fields": ["email"],
            "disclosure_ids": ["dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3"],
            "opened_at": "2026-03-02T09:12:00.000000Z",
            "due_at": "2026-03-16T09:12:00.000000Z",
            "overdue": false,
            "acknowledged_at": null,
        });
        json!({ "data": [obligation], "next_cursor": null })
    }
}

impl Example for PartnerObligationView {
    fn example() -> Value {
        json!({
            "obligation_id": "obl_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "feed_number": 2,
            "kind": "correct",
            "fields": ["email"],
            "disclosure_ids": ["dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3"],
            "opened_at": "2026-03-02T09:12:00.000000Z",
            "due_at": "2026-03-16T09:12:00.000000Z",
            "acknowledged_at": null,
        })
    }
}

impl Example for PartnerObligationPageView {
    fn example() -> Value {
        json!({ "data": [PartnerObligationView::example()], "next_cursor": "AAAAAZ0xkQ" })
    }
}

impl Example for StaffObligationView {
    fn example() -> Value {
        json!({
            "obligation_id": "obl_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "kind": "correct",
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_name": "Harbour Pool Ltd",
            "fields": ["email"],
            "disclosure_ids": ["dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3"],
            "opened_at": "2026-03-02T09:12:00.000000Z",
            "due_at": "2026-03-16T09:12:00.000000Z",
            "overdue": false,
            "acknowledged_at": null,
            "acknowledged_by_client": null,
            "acknowledged_by_staff": null,
        })
    }
}

impl Example for StaffObligationPageView {
    fn example() -> Value {
        json!({ "data": [StaffObligationView::example()], "next_cursor": null })
    }
}
