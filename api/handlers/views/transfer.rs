//! Bodies of transfers to a buyer of the company.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, RecipientView, Sha256Hex};
use crate::{
    domain::{
        disclosure::{
            DisclosureState,
            scope::DisclosureField,
            transfer::{TransferPart, TransferState, came_to},
        },
        encoding::hex,
        ids::{DisclosureId, RecipientId, StaffId, SubjectRef, TransferId},
        time::Timestamp,
    },
    problem::{FieldCode, Problem},
    services::disclosures::{OwnTransfer, ShownTransfer, TransferEntryPage, TransferPage},
};

/// What is to go to whom.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DraftTransfer {
    /// The buyer: a recipient of the class `acquirer`.
    pub recipient_id: RecipientId,
    /// What is to go, each once.
    #[validate(length(min = 1, max = 9))]
    #[schema(min_items = 1, max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// How many days people have to object.
    #[validate(range(min = 30, max = 180))]
    #[schema(minimum = 30, maximum = 180, example = 30)]
    pub notice_days: i32,
}

impl DraftTransfer {
    /// # Errors
    ///
    /// A problem if a field stands twice.
    pub fn parts(self) -> Result<(RecipientId, Vec<DisclosureField>, i32), Problem> {
        if DisclosureField::sorted(self.fields.clone()).len() != self.fields.len() {
            return Err(Problem::invalid("/fields", FieldCode::DuplicateField));
        }
        Ok((self.recipient_id, self.fields, self.notice_days))
    }
}

/// What a reviewer approves.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ApproveTransfer {
    /// The `cohort_hash` that the reviewer was shown: exactly these persons, fields and terms.
    #[schema(
        value_type = String,
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub cohort_hash: Sha256Hex,
}

/// A transfer, as a person sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnTransfer)]
pub struct OwnTransferView {
    /// Identifies it.
    pub transfer_id: TransferId,
    /// The buyer.
    pub recipient: RecipientView,
    /// What is to go.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// What it is to this person.
    pub part: TransferPart,
    /// Under which clause.
    #[schema(max_length = 8, example = "4.4")]
    pub clause: String,
    /// Until when nothing is carried out, whoever objects or not.
    #[schema(required)]
    pub objection_until: Option<Timestamp>,
}

impl From<&OwnTransfer> for OwnTransferView {
    fn from(own: &OwnTransfer) -> Self {
        Self {
            transfer_id: own.transfer.id,
            recipient: RecipientView::from(&own.recipient),
            fields: own.transfer.fields.clone(),
            part: own.part,
            clause: "4.4".to_owned(),
            objection_until: own.transfer.window_ends_at,
        }
    }
}

/// The transfers that are about a person.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnTransferList)]
pub struct OwnTransferListView {
    /// Newest first.
    #[schema(max_items = 100)]
    pub transfers: Vec<OwnTransferView>,
}

impl OwnTransferListView {
    pub fn new(own: &[OwnTransfer]) -> Self {
        Self { transfers: own.iter().map(OwnTransferView::from).collect() }
    }
}

/// An approval of a transfer.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferApproval)]
pub struct TransferApprovalView {
    /// Who of the legal team.
    pub staff_id: StaffId,
    /// When.
    pub approved_at: Timestamp,
}

/// A transfer, as staff sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Transfer)]
pub struct TransferView {
    /// Identifies it.
    pub transfer_id: TransferId,
    /// The buyer.
    pub recipient_id: RecipientId,
    /// What is to go.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// How far it has come.
    pub state: TransferState,
    /// How many days people have to object.
    #[schema(minimum = 30, maximum = 180, example = 30)]
    pub notice_days: i32,
    /// Who drafted it.
    pub drafted_by: StaffId,
    /// When.
    pub drafted_at: Timestamp,
    /// When it was announced.
    #[schema(required)]
    pub announced_at: Option<Timestamp>,
    /// Until when nothing is carried out.
    #[schema(required)]
    pub window_ends_at: Option<Timestamp>,
    /// How many persons it is about; 0 until everybody was told.
    #[schema(minimum = 0, maximum = 10_000_000_000_i64, example = 4_211)]
    pub cohort: i64,
    /// Identifies the persons, fields and terms that it is about.
    #[schema(
        required,
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub cohort_hash: Option<String>,
    /// Who approved it.
    #[schema(max_items = 2)]
    pub approvals: Vec<TransferApprovalView>,
    /// When it was carried out.
    #[schema(required)]
    pub completed_at: Option<Timestamp>,
    /// How many persons' data were released.
    #[schema(minimum = 0, maximum = 10_000_000_000_i64, example = 0)]
    pub released: i64,
    /// Identifies what came of each person's part.
    #[schema(
        required,
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub manifest_hash: Option<String>,
}

impl From<&ShownTransfer> for TransferView {
    fn from(shown: &ShownTransfer) -> Self {
        let transfer = &shown.transfer;
        Self {
            transfer_id: transfer.id,
            recipient_id: transfer.recipient_id,
            fields: transfer.fields.clone(),
            state: transfer.state,
            notice_days: transfer.notice_days,
            drafted_by: transfer.drafted_by,
            drafted_at: transfer.drafted_at,
            announced_at: transfer.announced.map(|(_, at)| at),
            window_ends_at: transfer.window_ends_at,
            cohort: transfer.cohort,
            cohort_hash: transfer.cohort_hash.map(|hash| hex(&hash)),
            approvals: shown
                .approvals
                .iter()
                .map(|one| TransferApprovalView { staff_id: one.staff_id, approved_at: one.approved_at })
                .collect(),
            completed_at: transfer.completed_at,
            released: transfer.released,
            manifest_hash: transfer.manifest_hash.map(|hash| hex(&hash)),
        }
    }
}

/// A page of transfers.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferPage)]
pub struct TransferPageView {
    /// Oldest first.
    #[schema(max_items = 100)]
    pub data: Vec<TransferView>,
    /// Leads to the next page; `null` on the last.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<TransferPage> for TransferPageView {
    fn from(page: TransferPage) -> Self {
        Self { data: page.transfers.iter().map(TransferView::from).collect(), next_cursor: page.next_cursor }
    }
}

/// What a transfer is about, and what came of it, for one person.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferEntry)]
pub struct TransferEntryView {
    /// The disclosure.
    pub disclosure_id: DisclosureId,
    /// The person, under a name that leads nowhere.
    pub subject_ref: SubjectRef,
    /// How far it has come, or what it came to; what was released later may have been revoked.
    pub state: DisclosureState,
    /// What was approved: this person, fields and terms.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub scope_hash: String,
}

/// A page of a transfer's manifest.
#[derive(Serialize, ToSchema)]
#[schema(as = TransferEntryPage)]
pub struct TransferEntryPageView {
    /// In the order of the hashes over them.
    #[schema(max_items = 100)]
    pub data: Vec<TransferEntryView>,
    /// Leads to the next page; `null` on the last.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<TransferEntryPage> for TransferEntryPageView {
    fn from(page: TransferEntryPage) -> Self {
        let entries = page.entries.iter().map(|(disclosure, subject)| TransferEntryView {
            disclosure_id: disclosure.id,
            subject_ref: *subject,
            state: came_to(disclosure),
            scope_hash: hex(&disclosure.scope_hash),
        });
        Self { data: entries.collect(), next_cursor: page.next_cursor }
    }
}

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

impl Example for DraftTransfer {
    fn example() -> Value {
        json!({
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "fields": ["real_name", "email"],
            "notice_days": 30,
        })
    }
}

impl Example for ApproveTransfer {
    fn example() -> Value {
        json!({ "cohort_hash": HASH })
    }
}

impl Example for OwnTransferView {
    fn example() -> Value {
        json!({
            "transfer_id": "tra_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient": RecipientView::example(),
            "fields": ["real_name", "email"],
            "part": "open",
            "clause": "4.4",
            "objection_until": "2026-04-01T09:12:00.000000Z",
        })
    }
}

impl Example for OwnTransferListView {
    fn example() -> Value {
        json!({ "transfers": [OwnTransferView::example()] })
    }
}

impl Example for TransferView {
    fn example() -> Value {
        json!({
            "transfer_id": "tra_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "fields": ["real_name", "email"],
            "state": "announced",
            "notice_days": 30,
            "drafted_by": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "drafted_at": "2026-03-01T09:12:00.000000Z",
            "announced_at": "2026-03-02T09:12:00.000000Z",
            "window_ends_at": "2026-04-01T09:12:00.000000Z",
            "cohort": 4_211,
            "cohort_hash": HASH,
            "approvals": [{
                "staff_id": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f4",
                "approved_at": "2026-03-03T09:12:00.000000Z",
            }],
            "completed_at": null,
            "released": 0,
            "manifest_hash": null,
        })
    }
}

impl Example for TransferPageView {
    fn example() -> Value {
        json!({ "data": [TransferView::example()], "next_cursor": null })
    }
}

impl Example for TransferEntryPageView {
    fn example() -> Value {
        let entry = json!({
            "disclosure_id": "dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "subject_ref": "sbj_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "state": "in_review",
            "scope_hash": HASH,
        });
        json!({ "data": [entry], "next_cursor": null })
    }
}
