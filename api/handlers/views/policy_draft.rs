//! Bodies of drafts of the policy, and of publications.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    ClauseView, Example, PolicyChangesView, PolicyVersionView, PurposeDefinitionView, Sha256Hex,
    StoragePlaceView, member,
};
use crate::{
    domain::{
        country::Country,
        encoding::hex,
        ids::StaffId,
        policy::{ChangeKind, Clause, PolicyDocument, StoragePlace},
        purpose::{LawfulBasis, PersonalDataClass, Purpose, PurposeDefinition, RecipientClass},
        time::Timestamp,
    },
    services::policies::{Drafted, NewDraft},
};

/// A purpose, as a draft defines it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftPurpose {
    /// The purpose.
    pub purpose: Purpose,
    /// The clause that names it: that of the version in force.
    #[schema(min_length = 1, max_length = 8, example = "2.2")]
    pub clause: String,
    /// What the software enforces for this purpose.
    pub lawful_basis: LawfulBasis,
    /// What the software enforces for this purpose.
    pub required: bool,
    /// What is done, in words, on one line.
    #[schema(min_length = 1, max_length = 1000, example = "Measure how effective the platform is.")]
    pub text: String,
    /// Which data it uses, each once.
    #[schema(min_items = 1, max_items = 16)]
    pub data_classes: Vec<PersonalDataClass>,
    /// Who may receive them, each once.
    #[schema(max_items = 16)]
    pub recipients: Vec<RecipientClass>,
    /// The countries, beside home, that the data may be in; for `cross_border_transfer` those of the storage
    /// places.
    #[schema(max_items = 249)]
    pub countries: Vec<Country>,
    /// An ISO 8601 duration, `account`, or `account+` a duration.
    #[schema(max_length = 20, pattern = "^(account|(account[+])?P[1-9][0-9]{0,3}[DMY])$", example = "P90D")]
    pub retention: String,
    /// After so many days a consent is asked anew; absent if it does not lapse.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false, minimum = 1, maximum = 3650)]
    pub consent_days: Option<ConsentDays>,
}

/// How long a consent lasts, in days.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(try_from = "u32")]
#[schema(value_type = u32, minimum = 1, maximum = 3650, example = 730)]
pub struct ConsentDays(u32);

impl TryFrom<u32> for ConsentDays {
    type Error = &'static str;

    fn try_from(days: u32) -> Result<Self, &'static str> {
        if (1..=3_650).contains(&days) { Ok(Self(days)) } else { Err("out_of_range") }
    }
}

/// The whole of a draft.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DraftPolicyVersion {
    /// What kind of change it is.
    pub change_kind: ChangeKind,
    /// What changes, in words, on one line.
    #[schema(min_length = 1, max_length = 1000, example = "Analytics data are kept for thirty days.")]
    pub summary: String,
    /// The clauses in order.
    #[schema(min_items = 1, max_items = 500)]
    pub clauses: Vec<ClauseView>,
    /// The purposes.
    #[schema(min_items = 1, max_items = 16)]
    pub purposes: Vec<DraftPurpose>,
    /// Where data rest.
    #[schema(min_items = 1, max_items = 100)]
    pub storage_places: Vec<StoragePlaceView>,
}

impl From<DraftPolicyVersion> for NewDraft {
    fn from(body: DraftPolicyVersion) -> Self {
        let clause =
            |clause: ClauseView| Clause { id: clause.clause_id, title: clause.title, text: clause.text };
        let purpose = |purpose: DraftPurpose| PurposeDefinition {
            purpose: purpose.purpose,
            clause: purpose.clause,
            lawful_basis: purpose.lawful_basis,
            required: purpose.required,
            text: purpose.text,
            data_classes: purpose.data_classes,
            recipients: purpose.recipients,
            countries: purpose.countries,
            retention: purpose.retention,
            consent_days: purpose.consent_days.map(|days| days.0),
        };
        let place = |place: StoragePlaceView| StoragePlace {
            data_classes: place.data_classes,
            country: place.country,
            holder: place.holder,
            standards: place.standards,
            access: place.access,
        };
        Self {
            document: PolicyDocument {
                clauses: body.clauses.into_iter().map(clause).collect(),
                purposes: body.purposes.into_iter().map(purpose).collect(),
                storage_places: body.storage_places.into_iter().map(place).collect(),
            },
            change_kind: body.change_kind,
            summary: body.summary,
        }
    }
}

/// A draft, and what it changes against the version in force.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyDraft)]
pub struct PolicyDraftView {
    /// The number that it will bear.
    #[schema(minimum = 2, maximum = 1_000_000, example = 2)]
    pub version: i32,
    /// Counts its rewritings; `ETag` and `If-Match` name it.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub revision: i64,
    /// What a publication has to name.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub content_hash: String,
    /// What kind of change it is.
    pub change_kind: ChangeKind,
    /// What changes, in words.
    #[schema(max_length = 1000, example = "Analytics data are kept for thirty days.")]
    pub summary: String,
    /// Who wrote it last; somebody publishes it who never wrote on it.
    pub written_by: StaffId,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was written last.
    pub updated_at: Timestamp,
    /// The clauses in order.
    #[schema(max_items = 500)]
    pub clauses: Vec<ClauseView>,
    /// The purposes.
    #[schema(max_items = 16)]
    pub purposes: Vec<PurposeDefinitionView>,
    /// Where data rest.
    #[schema(max_items = 100)]
    pub storage_places: Vec<StoragePlaceView>,
    /// What it changes.
    pub changes: PolicyChangesView,
}

impl From<&Drafted> for PolicyDraftView {
    fn from(drafted: &Drafted) -> Self {
        let (draft, document) = (&drafted.draft, &drafted.draft.document);
        Self {
            version: draft.version,
            revision: draft.revision,
            content_hash: hex(&draft.content_hash),
            change_kind: draft.change_kind,
            summary: draft.summary.clone(),
            written_by: draft.written_by,
            created_at: draft.created_at,
            updated_at: draft.updated_at,
            clauses: document.clauses.iter().map(ClauseView::from).collect(),
            purposes: document.purposes.iter().map(PurposeDefinitionView::from).collect(),
            storage_places: document.storage_places.iter().map(StoragePlaceView::from).collect(),
            changes: PolicyChangesView::new(draft.version - 1, draft.version, &drafted.changes),
        }
    }
}

/// The words that are published.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PublishPolicyVersion {
    /// The `content_hash` of the draft, as it was read.
    #[schema(value_type = String, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub content_hash: Sha256Hex,
    /// The `revision` of the draft, as it was read: summary and kind are published with it.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    #[validate(range(min = 1, max = 1_000_000))]
    pub revision: i64,
}

/// A draft that was thrown away.
#[derive(Serialize, ToSchema)]
#[schema(as = DiscardedPolicyDraft)]
pub struct DiscardedPolicyDraftView {
    /// The number that it would have borne.
    #[schema(minimum = 2, maximum = 1_000_000, example = 2)]
    pub version: i32,
}

impl Example for DraftPolicyVersion {
    fn example() -> Value {
        let version = PolicyVersionView::example();
        let mut purpose = super::policy_version::first_definition(Purpose::Analytics);
        if let Some(purpose) = purpose.as_object_mut() {
            purpose.retain(|name, _| name != "definition_hash" && name != "by_policy");
        }
        json!({
            "change_kind": "material",
            "summary": "Analytics data are kept for thirty days.",
            "clauses": member(&version, "clauses"),
            "purposes": [purpose],
            "storage_places": member(&version, "storage_places"),
        })
    }
}

impl Example for PolicyDraftView {
    fn example() -> Value {
        let version = PolicyVersionView::example();
        json!({
            "version": 2,
            "revision": 1,
            "content_hash": member(&version, "content_hash"),
            "change_kind": "material",
            "summary": "Analytics data are kept for thirty days.",
            "written_by": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "created_at": "2026-03-01T09:30:00.000000Z",
            "updated_at": "2026-03-01T09:30:00.000000Z",
            "clauses": member(&version, "clauses"),
            "purposes": member(&version, "purposes"),
            "storage_places": member(&version, "storage_places"),
            "changes": PolicyChangesView::example(),
        })
    }
}

impl Example for PublishPolicyVersion {
    fn example() -> Value {
        json!({ "content_hash": member(&PolicyVersionView::example(), "content_hash"), "revision": 1 })
    }
}

impl Example for DiscardedPolicyDraftView {
    fn example() -> Value {
        json!({ "version": 2 })
    }
}
