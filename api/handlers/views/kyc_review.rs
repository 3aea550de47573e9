//! Bodies of reviewing verifications.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    ContestedValueView, Example, KycDetailsView, KycDocumentView, KycRequirementView, StaffKycCaseView,
    exposed_option,
};
use crate::{
    domain::{
        ids::{DocumentId, KycCaseId, KycDecisionId, KycFlagId, StaffId, StaffReadId},
        kyc::{
            DocumentKind, KycItem, RejectionReason,
            decision::{DecisionStep, KycDecision, KycOutcome, Override},
            document::DocumentSide,
            flag::{FlagKind, KycFlag},
            rules::{Failure, KycRule},
        },
        personal::{Personal, PersonalText},
        staff::ReadPurpose,
        support::SupportText,
        time::Timestamp,
    },
    services::kyc::{
        DecideKyc, ImageRequest, KycCasePage, KycNote, OpenedImage, OpenedKycCase, StaffKycCase,
    },
};

/// Who looks after a verification, as the queue is asked.
#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Assignee {
    Me,
    Nobody,
}

/// A page of verifications.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffKycCasePage)]
pub struct StaffKycCasePageView {
    /// The next to be due first.
    #[schema(max_items = 100)]
    pub data: Vec<StaffKycCaseView>,
    /// Leads to the next page; `null` at the end.
    #[schema(required, max_length = 128, example = json!(null))]
    pub next_cursor: Option<String>,
}

impl From<KycCasePage> for StaffKycCasePageView {
    fn from(page: KycCasePage) -> Self {
        Self { data: page.cases.iter().map(StaffKycCaseView::from).collect(), next_cursor: page.next_cursor }
    }
}

/// A document of a verification, without anything that was told of it.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffKycDocument)]
pub struct StaffKycDocumentView {
    /// Identifies it.
    pub document_id: DocumentId,
    /// What it stands for.
    pub item: KycItem,
    /// What it is.
    pub kind: DocumentKind,
    /// When it was handed in.
    pub uploaded_at: Timestamp,
    /// The sides of which there is a picture.
    #[schema(max_items = 2)]
    pub sides: Vec<DocumentSide>,
}

/// A rule that does not hold.
#[derive(Serialize, ToSchema)]
#[schema(as = KycRuleFailure)]
pub struct KycRuleFailureView {
    /// The rule.
    pub rule: KycRule,
    /// What it does not hold for.
    pub item: KycItem,
    /// The clause that the rule keeps.
    #[schema(max_length = 8, example = "1.7")]
    pub clause: String,
    /// Whether a reviewer may find it kept, with a ground.
    pub may_be_overridden: bool,
}

impl From<&Failure> for KycRuleFailureView {
    fn from(failure: &Failure) -> Self {
        Self {
            rule: failure.rule,
            item: failure.item,
            clause: failure.rule.clause().to_owned(),
            may_be_overridden: failure.rule.may_be_overridden(),
        }
    }
}

/// What gave rise to a closer look.
#[derive(Serialize, ToSchema)]
#[schema(as = KycFlag)]
pub struct KycFlagView {
    /// Identifies it.
    pub kyc_flag_id: KycFlagId,
    /// What it is.
    pub kind: FlagKind,
    /// Since when.
    pub raised_at: Timestamp,
}

impl From<&KycFlag> for KycFlagView {
    fn from(flag: &KycFlag) -> Self {
        Self { kyc_flag_id: flag.id, kind: flag.kind, raised_at: flag.raised_at }
    }
}

/// Why an item is not accepted.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct KycRejection {
    /// The item.
    pub item: KycItem,
    /// Why, as the person is told.
    pub reason: RejectionReason,
}

/// A rule that a reviewer found kept where the machine did not.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct KycOverride {
    /// The rule: of names and addresses alone, which are written in more ways than a machine knows.
    pub rule: KycRule,
    /// The item.
    pub item: KycItem,
}

/// A decision.
#[derive(Serialize, ToSchema)]
#[schema(as = KycDecision)]
pub struct KycDecisionView {
    /// Identifies it.
    pub kyc_decision_id: KycDecisionId,
    /// The verification.
    pub kyc_case_id: KycCaseId,
    /// What was decided.
    pub outcome: KycOutcome,
    /// Whether it stands, or waits for a second reviewer.
    pub step: DecisionStep,
    /// What is not accepted, and why.
    #[schema(max_items = 6)]
    pub rejections: Vec<KycRejection>,
    /// The rules that the reviewer found kept.
    #[schema(max_items = 6)]
    pub overrides: Vec<KycOverride>,
    /// Who decided.
    pub staff_id: StaffId,
    /// When.
    pub decided_at: Timestamp,
}

impl From<&KycDecision> for KycDecisionView {
    fn from(decision: &KycDecision) -> Self {
        let rejections = decision.rejections.iter();
        let overrides = decision.overrides.iter();
        Self {
            kyc_decision_id: decision.id,
            kyc_case_id: decision.case_id,
            outcome: decision.outcome,
            step: decision.step,
            rejections: rejections.map(|r| KycRejection { item: r.item, reason: r.reason }).collect(),
            overrides: overrides.map(|kept| KycOverride { rule: kept.rule, item: kept.item }).collect(),
            staff_id: decision.staff_id,
            decided_at: decision.decided_at,
        }
    }
}

/// A verification with everything but values.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffKycCaseDetail)]
pub struct StaffKycCaseDetailView {
    /// The verification.
    pub kyc_case: StaffKycCaseView,
    /// What is asked for, item by item.
    #[schema(max_items = 16)]
    pub requirements: Vec<KycRequirementView>,
    /// The documents that were handed in.
    #[schema(max_items = 3)]
    pub documents: Vec<StaffKycDocumentView>,
    /// The rules that do not hold today; empty unless it can be decided.
    #[schema(max_items = 64)]
    pub failing_rules: Vec<KycRuleFailureView>,
    /// What gave rise to a closer look.
    #[schema(max_items = 16)]
    pub flags: Vec<KycFlagView>,
    /// Whether two reviewers have to decide the same.
    pub takes_two_reviewers: bool,
    /// The decisions so far, oldest first.
    #[schema(max_items = 1000)]
    pub decisions: Vec<KycDecisionView>,
}

impl From<&StaffKycCase> for StaffKycCaseDetailView {
    fn from(opened: &StaffKycCase) -> Self {
        let documents = opened.documents.iter().map(|(document, sides)| StaffKycDocumentView {
            document_id: document.id,
            item: document.item,
            kind: document.kind,
            uploaded_at: document.uploaded_at,
            sides: sides.clone(),
        });
        Self {
            kyc_case: StaffKycCaseView::from(&opened.case),
            requirements: opened.items.iter().map(KycRequirementView::from).collect(),
            documents: documents.collect(),
            failing_rules: opened.failures.iter().map(KycRuleFailureView::from).collect(),
            flags: opened.flags.iter().map(KycFlagView::from).collect(),
            takes_two_reviewers: opened.takes_two,
            decisions: opened.decisions.iter().map(KycDecisionView::from).collect(),
        }
    }
}

/// Who is to look at a verification.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AssignKycCase {
    /// A data processor; `null` gives it back to the queue.
    // Without this, serde takes an absent field for `null`.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub staff_id: Option<StaffId>,
}

/// A note for other reviewers.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AddKycNote {
    /// What it says; nothing of a special category of data (clause 1.9).
    #[schema(value_type = String, min_length = 1, max_length = 4000, example = "The bill is of the former address.")]
    pub note: SupportText,
}

/// A note of a reviewer.
#[derive(Serialize, ToSchema)]
#[schema(as = KycNote)]
pub struct KycNoteView {
    /// Its place among the notes of the verification.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub number: i64,
    /// Who wrote it.
    pub staff_id: StaffId,
    /// What it says; `null` once it was erased.
    #[serde(serialize_with = "exposed_option")]
    #[schema(value_type = Option<String>, required, max_length = 4000, example = "The bill is of the former address.")]
    pub note: Option<PersonalText>,
    /// When it was written.
    pub written_at: Timestamp,
}

impl From<&KycNote> for KycNoteView {
    fn from(note: &KycNote) -> Self {
        Self {
            number: note.number,
            staff_id: note.staff_id,
            note: note.body.clone(),
            written_at: note.written_at,
        }
    }
}

/// What for.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OpenKycDetails {
    /// The person sees it.
    pub purpose: ReadPurpose,
}

/// Everything that was told for a verification.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedKycDetails)]
pub struct OpenedKycDetailsView {
    /// Identifies the opening; the person sees it under this id.
    pub staff_read_id: StaffReadId,
    /// The name of the profile.
    #[schema(max_length = 512, example = "Ada Lovelace")]
    pub real_name: String,
    /// Day of birth and residence; `null` if they were not told.
    #[schema(required)]
    pub personal_details: Option<KycDetailsView>,
    /// The documents, as they were told.
    #[schema(max_items = 3)]
    pub documents: Vec<KycDocumentView>,
    /// What reviewers wrote, oldest first.
    #[schema(max_items = 1000)]
    pub notes: Vec<KycNoteView>,
    /// Why the verification was asked for; the person never learns it. `null` if nobody said.
    #[serde(serialize_with = "exposed_option")]
    #[schema(value_type = Option<String>, required, max_length = 4000, example = "Withdrawals from three countries within a day.")]
    pub private_reason: Option<PersonalText>,
    /// What of it the person says is wrong (clause 3.8).
    #[schema(max_items = 6)]
    pub contested: Vec<ContestedValueView>,
    /// When it was opened.
    pub read_at: Timestamp,
}

impl From<&OpenedKycCase> for OpenedKycDetailsView {
    fn from(opened: &OpenedKycCase) -> Self {
        Self {
            staff_read_id: opened.read.id,
            real_name: opened.profile.real_name.expose().to_owned(),
            personal_details: opened.details.as_ref().map(KycDetailsView::from),
            documents: opened.documents.iter().map(KycDocumentView::from).collect(),
            notes: opened.notes.iter().map(KycNoteView::from).collect(),
            private_reason: opened.private_reason.clone(),
            contested: opened.contested.iter().map(ContestedValueView::from).collect(),
            read_at: opened.read.read_at,
        }
    }
}

/// A picture to look at.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OpenKycImage {
    /// The document.
    pub document_id: DocumentId,
    /// The side.
    pub side: DocumentSide,
    /// What for; the person sees it.
    pub purpose: ReadPurpose,
}

impl OpenKycImage {
    pub const fn of(&self, case_id: KycCaseId) -> ImageRequest {
        ImageRequest { case_id, document_id: self.document_id, side: self.side, purpose: self.purpose }
    }
}

/// A picture that can be fetched now.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedKycImage)]
pub struct OpenedKycImageView {
    /// Identifies the opening; the picture is fetched under it, and the person sees it.
    pub staff_read_id: StaffReadId,
    /// Until when the picture can be fetched, by whoever opened it.
    pub expires_at: Timestamp,
}

impl From<&OpenedImage> for OpenedKycImageView {
    fn from(opened: &OpenedImage) -> Self {
        Self { staff_read_id: opened.read.id, expires_at: opened.expires_at }
    }
}

/// What is decided.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DecideKycCase {
    /// What is decided.
    pub outcome: KycOutcome,
    /// What is not accepted, and why; none for an approval.
    #[serde(default)]
    #[schema(max_items = 6)]
    #[validate(length(max = 6), nested)]
    pub rejections: Vec<KycRejection>,
    /// The rules that the reviewer finds kept, for an approval.
    #[serde(default)]
    #[schema(max_items = 6)]
    #[validate(length(max = 6), nested)]
    pub overrides: Vec<KycOverride>,
    /// Why, for other reviewers; needed with overrides.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = String, nullable = false, required = false, min_length = 1, max_length = 4000, example = "The passport has the maiden name.")]
    pub grounds: Option<SupportText>,
    /// Whether fraud is suspected: then a second reviewer has to decide the same.
    #[serde(default)]
    #[schema(default = false, required = false)]
    pub suspects_fraud: bool,
}

impl DecideKycCase {
    pub fn into_decision(self, case_id: KycCaseId) -> DecideKyc {
        let overrides = self.overrides.iter();
        DecideKyc {
            case_id,
            outcome: self.outcome,
            rejections: self.rejections.iter().map(|r| (r.item, r.reason)).collect(),
            overrides: overrides.map(|kept| Override { rule: kept.rule, item: kept.item }).collect(),
            grounds: self.grounds.as_ref().map(PersonalText::of),
            suspects_fraud: self.suspects_fraud,
        }
    }
}

impl Example for StaffKycCasePageView {
    fn example() -> Value {
        json!({ "data": [StaffKycCaseView::example()], "next_cursor": null })
    }
}

impl Example for StaffKycCaseDetailView {
    fn example() -> Value {
        json!({
            "kyc_case": StaffKycCaseView::example(),
            "requirements": [{ "item": "address_proof", "clause": "1.7", "state": "provided", "reason": null }],
            "documents": [{
                "document_id": "doc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "item": "address_proof",
                "kind": "address_proof",
                "uploaded_at": "2026-03-02T10:05:00.000000Z",
                "sides": ["front"],
            }],
            "failing_rules": [{
                "rule": "proof_address", "item": "address_proof", "clause": "1.7", "may_be_overridden": true,
            }],
            "flags": [],
            "takes_two_reviewers": false,
            "decisions": [],
        })
    }
}

impl Example for AssignKycCase {
    fn example() -> Value {
        json!({ "staff_id": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3" })
    }
}

impl Example for AddKycNote {
    fn example() -> Value {
        json!({ "note": "The bill is of the former address." })
    }
}

impl Example for KycNoteView {
    fn example() -> Value {
        json!({
            "number": 1,
            "staff_id": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "note": "The bill is of the former address.",
            "written_at": "2026-03-04T11:00:00.000000Z",
        })
    }
}

impl Example for OpenKycDetails {
    fn example() -> Value {
        json!({ "purpose": "identity_verification" })
    }
}

impl Example for OpenedKycDetailsView {
    fn example() -> Value {
        json!({
            "staff_read_id": "srd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "real_name": "Ada Lovelace",
            "personal_details": {
                "birth_date": "1990-12-10",
                "residence": { "line": "12 Queen Street", "postal_code": "1010", "city": "Auckland", "country": "NZ" },
                "updated_at": "2026-03-02T10:00:00.000000Z",
            },
            "documents": [KycDocumentView::example()],
            "notes": [KycNoteView::example()],
            "private_reason": "Withdrawals from three countries within a day.",
            "contested": [],
            "read_at": "2026-03-04T11:00:00.000000Z",
        })
    }
}

impl Example for OpenKycImage {
    fn example() -> Value {
        json!({
            "document_id": "doc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "side": "front",
            "purpose": "identity_verification",
        })
    }
}

impl Example for OpenedKycImageView {
    fn example() -> Value {
        json!({
            "staff_read_id": "srd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "expires_at": "2026-03-04T11:05:00.000000Z",
        })
    }
}

impl Example for DecideKycCase {
    fn example() -> Value {
        json!({
            "outcome": "resubmission",
            "rejections": [{ "item": "address_proof", "reason": "unreadable" }],
            "suspects_fraud": false,
        })
    }
}

impl Example for KycDecisionView {
    fn example() -> Value {
        json!({
            "kyc_decision_id": "kdc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "kyc_case_id": "kyc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "outcome": "resubmission",
            "step": "final",
            "rejections": [{ "item": "address_proof", "reason": "unreadable" }],
            "overrides": [],
            "staff_id": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "decided_at": "2026-03-04T11:10:00.000000Z",
        })
    }
}
