//! Bodies of policy versions: what they say, how it is kept, what changed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Example, member};
use crate::{
    domain::{
        country::Country,
        encoding::hex,
        policy::{
            self, ChangeKind, Clause, PolicyVersion, StoragePlace,
            changes::{
                ChangeType, Changes, ClauseChange, PlaceChange, RetentionChange, Segment, SegmentKind,
                SetChange,
            },
            clauses,
        },
        purpose::{LawfulBasis, PersonalDataClass, Purpose, PurposeDefinition, RecipientClass},
        time::Timestamp,
    },
    services::policies::PolicyVersionPage,
};

/// A clause of the policy.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Clause)]
pub struct ClauseView {
    /// Its id, the same in every version.
    #[schema(max_length = 8, example = "4.8")]
    pub clause_id: String,
    /// Its heading.
    #[schema(max_length = 200, example = "Two keys")]
    pub title: String,
    /// Its words.
    #[schema(
        max_length = 2000,
        example = "Nothing personal goes to a third party without the review of our legal team and without your prior consent."
    )]
    pub text: String,
}

impl From<&Clause> for ClauseView {
    fn from(clause: &Clause) -> Self {
        Self { clause_id: clause.id.clone(), title: clause.title.clone(), text: clause.text.clone() }
    }
}

/// What a purpose means in a version of the policy.
#[derive(Serialize, ToSchema)]
#[schema(as = PurposeDefinition)]
pub struct PurposeDefinitionView {
    /// The purpose.
    pub purpose: Purpose,
    /// The clause that names it.
    #[schema(max_length = 8, example = "2.2")]
    pub clause: String,
    /// Why it is lawful (GDPR art. 6).
    pub lawful_basis: LawfulBasis,
    /// Whether the service cannot be given without it (clause 2.5).
    pub required: bool,
    /// Whether accepting the policy expresses it (clause 4.8).
    pub by_policy: bool,
    /// What is done, in words.
    #[schema(
        max_length = 1000,
        example = "Measure how effective the platform is and which trends show, from device cookies."
    )]
    pub text: String,
    /// Which data it uses.
    #[schema(max_items = 16)]
    pub data_classes: Vec<PersonalDataClass>,
    /// Who may receive them.
    #[schema(max_items = 16)]
    pub recipients: Vec<RecipientClass>,
    /// The countries, beside home, that the data may be in.
    #[schema(max_items = 249)]
    pub countries: Vec<Country>,
    /// How long the data are kept for it: an ISO 8601 duration, `account`, or `account+` a duration.
    #[schema(max_length = 20, example = "P90D")]
    pub retention: String,
    /// After so many days a consent is asked anew; `null` if it does not lapse.
    #[schema(required, minimum = 1, maximum = 3650, example = 730)]
    pub consent_days: Option<u32>,
    /// Identifies these words and facts: SHA-256 over the fields above, but for `by_policy`, each followed by
    /// a line feed and after `purpose-definition-1`; lists are joined by commas.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub definition_hash: String,
}

impl From<&PurposeDefinition> for PurposeDefinitionView {
    fn from(definition: &PurposeDefinition) -> Self {
        Self {
            purpose: definition.purpose,
            clause: definition.clause.clone(),
            lawful_basis: definition.lawful_basis,
            required: definition.required,
            by_policy: definition.purpose.is_by_policy(),
            text: definition.text.clone(),
            data_classes: definition.data_classes.clone(),
            recipients: definition.recipients.clone(),
            countries: definition.countries.clone(),
            retention: definition.retention.clone(),
            consent_days: definition.consent_days,
            definition_hash: hex(&definition.hash()),
        }
    }
}

/// A place where data rest or are processed (clauses 5.4 to 5.6).
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StoragePlace)]
pub struct StoragePlaceView {
    /// Which data are there.
    #[schema(max_items = 16)]
    pub data_classes: Vec<PersonalDataClass>,
    /// Where it is.
    pub country: Country,
    /// Who holds the data there.
    #[schema(max_length = 200, example = "Smart-mining, own data centre")]
    pub holder: String,
    /// How the standards of protection there compare.
    #[schema(max_length = 1000, example = "Privacy Act 2020 of New Zealand.")]
    pub standards: String,
    /// Who may reach the data there.
    #[schema(max_length = 1000, example = "Authorities of New Zealand with an order.")]
    pub access: String,
}

impl From<&StoragePlace> for StoragePlaceView {
    fn from(place: &StoragePlace) -> Self {
        Self {
            data_classes: place.data_classes.clone(),
            country: place.country,
            holder: place.holder.clone(),
            standards: place.standards.clone(),
            access: place.access.clone(),
        }
    }
}

/// A published version of the policy; it never changes.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyVersion)]
pub struct PolicyVersionView {
    /// Its number.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub version: i32,
    /// SHA-256 over, each followed by a line feed and in order: id, title and text of each clause; the hash
    /// of each purpose's definition; data classes joined by commas, country, holder, standards and access of
    /// each storage place.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub content_hash: String,
    /// What kind of change it was.
    pub change_kind: ChangeKind,
    /// What changed, in words.
    #[schema(max_length = 1000, example = "The first version.")]
    pub summary: String,
    /// When it was published, and took effect (clause 9.3).
    pub published_at: Timestamp,
    /// The clauses in order.
    #[schema(max_items = 500)]
    pub clauses: Vec<ClauseView>,
    /// The purposes that they name.
    #[schema(max_items = 16)]
    pub purposes: Vec<PurposeDefinitionView>,
    /// Where data rest.
    #[schema(max_items = 100)]
    pub storage_places: Vec<StoragePlaceView>,
}

impl From<&PolicyVersion> for PolicyVersionView {
    fn from(version: &PolicyVersion) -> Self {
        let document = &version.document;
        Self {
            version: version.version,
            content_hash: hex(&version.content_hash),
            change_kind: version.change_kind,
            summary: version.summary.clone(),
            published_at: version.published_at,
            clauses: document.clauses.iter().map(ClauseView::from).collect(),
            purposes: document.purposes.iter().map(PurposeDefinitionView::from).collect(),
            storage_places: document.storage_places.iter().map(StoragePlaceView::from).collect(),
        }
    }
}

/// A version in a list; its words are found under its number.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyVersionSummary)]
pub struct PolicyVersionSummaryView {
    /// Its number.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub version: i32,
    /// As the version has it.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub content_hash: String,
    /// What kind of change it was.
    pub change_kind: ChangeKind,
    /// What changed, in words.
    #[schema(max_length = 1000, example = "The first version.")]
    pub summary: String,
    /// When it was published, and took effect (clause 9.3).
    pub published_at: Timestamp,
}

/// A page of versions, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyVersionPage)]
pub struct PolicyVersionPageView {
    /// The versions.
    #[schema(max_items = 100)]
    pub data: Vec<PolicyVersionSummaryView>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl PolicyVersionPageView {
    pub fn new(page: PolicyVersionPage) -> Self {
        let view = |version: PolicyVersion| PolicyVersionSummaryView {
            version: version.version,
            content_hash: hex(&version.content_hash),
            change_kind: version.change_kind,
            summary: version.summary,
            published_at: version.published_at,
        };
        Self { data: page.versions.into_iter().map(view).collect(), next_cursor: page.next_cursor }
    }
}

/// How a clause is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = ClauseRule)]
pub struct ClauseRuleView {
    /// The clause.
    #[schema(max_length = 8, example = "4.8")]
    pub clause_id: String,
    /// Its heading.
    #[schema(max_length = 200, example = "Two keys")]
    pub title: String,
    /// The rule that keeps it.
    #[schema(max_length = 400, example = "Devices are asked per purpose, also before sign-in.")]
    pub rule: String,
    /// The operations that enforce it, by their ids.
    #[schema(max_items = 32)]
    pub operations: Vec<OperationId>,
    /// Whether it holds at every operation, below the API.
    pub everywhere: bool,
    /// Why software cannot enforce it, or cannot yet; `null` where it does.
    #[schema(required, max_length = 400, example = json!(null))]
    pub reason: Option<String>,
}

/// An operation of this contract, by its id.
#[derive(Serialize, ToSchema)]
#[schema(value_type = String, max_length = 64, pattern = "^[a-z][a-z0-9_]*$", example = "set_consent")]
pub struct OperationId(String);

/// How each clause of a version is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = ClauseRules)]
pub struct ClauseRulesView {
    /// The version.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub version: i32,
    /// Its clauses in order.
    #[schema(max_items = 500)]
    pub clauses: Vec<ClauseRuleView>,
}

impl ClauseRulesView {
    pub fn new(version: &PolicyVersion) -> Self {
        let view = |clause: &Clause| {
            let rule = clauses::find(&clause.id);
            ClauseRuleView {
                clause_id: clause.id.clone(),
                title: clause.title.clone(),
                rule: rule.map_or("", |rule| rule.rule).to_owned(),
                operations: rule
                    .map(|rule| rule.enforced_by().map(|op| OperationId(op.id.to_owned())).collect())
                    .unwrap_or_default(),
                everywhere: rule.is_some_and(|rule| rule.everywhere),
                reason: rule.and_then(|rule| rule.reason).map(str::to_owned),
            }
        };
        Self { version: version.version, clauses: version.document.clauses.iter().map(view).collect() }
    }
}

/// A piece of a text that both versions have, or one of them.
#[derive(Serialize, ToSchema)]
#[schema(as = TextSegment)]
pub struct TextSegmentView {
    /// Which version has it.
    pub kind: SegmentKind,
    /// The piece.
    #[schema(max_length = 4000, example = "We keep data for ")]
    pub text: String,
}

impl From<&Segment> for TextSegmentView {
    fn from(segment: &Segment) -> Self {
        Self { kind: segment.kind, text: segment.text.clone() }
    }
}

/// A clause that is not the same in both versions.
#[derive(Serialize, ToSchema)]
#[schema(as = ClauseChange)]
pub struct ClauseChangeView {
    /// The clause.
    #[schema(max_length = 8, example = "4.8")]
    pub clause_id: String,
    /// What happened to it.
    pub change: ChangeType,
    /// Both headings, word by word.
    #[schema(max_items = 1000)]
    pub title: Vec<TextSegmentView>,
    /// Both texts, word by word.
    #[schema(max_items = 1000)]
    pub text: Vec<TextSegmentView>,
}

impl From<&ClauseChange> for ClauseChangeView {
    fn from(change: &ClauseChange) -> Self {
        Self {
            clause_id: change.clause_id.clone(),
            change: change.change,
            title: change.title.iter().map(TextSegmentView::from).collect(),
            text: change.text.iter().map(TextSegmentView::from).collect(),
        }
    }
}

/// A purpose that is not the same in both versions: consents to it are asked anew.
#[derive(Serialize, ToSchema)]
#[schema(as = PurposeChange)]
pub struct PurposeChangeView {
    /// The purpose.
    pub purpose: Purpose,
    /// What happened to it.
    pub change: ChangeType,
    /// What it meant; `null` if it was not there.
    #[schema(required)]
    pub before: Option<PurposeDefinitionView>,
    /// What it means; `null` if it is there no more.
    #[schema(required)]
    pub after: Option<PurposeDefinitionView>,
}

/// A recipient of a purpose.
#[derive(Serialize, ToSchema)]
#[schema(as = PurposeRecipient)]
pub struct PurposeRecipientView {
    /// The purpose.
    pub purpose: Purpose,
    /// Who may receive data for it.
    pub recipient: RecipientClass,
}

/// Recipients that came or went.
#[derive(Serialize, ToSchema)]
#[schema(as = RecipientChanges)]
pub struct RecipientChangesView {
    /// What came.
    #[schema(max_items = 200)]
    pub added: Vec<PurposeRecipientView>,
    /// What went.
    #[schema(max_items = 200)]
    pub removed: Vec<PurposeRecipientView>,
}

impl RecipientChangesView {
    fn new(change: &SetChange<(Purpose, RecipientClass)>) -> Self {
        let view = |(purpose, recipient): &(Purpose, RecipientClass)| PurposeRecipientView {
            purpose: *purpose,
            recipient: *recipient,
        };
        Self {
            added: change.added.iter().map(view).collect(),
            removed: change.removed.iter().map(view).collect(),
        }
    }
}

/// Countries that came or went.
#[derive(Serialize, ToSchema)]
#[schema(as = CountryChanges)]
pub struct CountryChangesView {
    /// What came.
    #[schema(max_items = 249)]
    pub added: Vec<Country>,
    /// What went.
    #[schema(max_items = 249)]
    pub removed: Vec<Country>,
}

/// A retention that is not the same in both versions.
#[derive(Serialize, ToSchema)]
#[schema(as = RetentionChange)]
pub struct RetentionChangeView {
    /// The purpose.
    pub purpose: Purpose,
    /// How long data were kept; `null` if the purpose was not there.
    #[schema(required, max_length = 20, example = "P90D")]
    pub before: Option<String>,
    /// How long data are kept; `null` if the purpose is there no more.
    #[schema(required, max_length = 20, example = "P30D")]
    pub after: Option<String>,
}

impl From<&RetentionChange> for RetentionChangeView {
    fn from(change: &RetentionChange) -> Self {
        Self { purpose: change.purpose, before: change.before.clone(), after: change.after.clone() }
    }
}

/// A storage place that is not the same in both versions.
#[derive(Serialize, ToSchema)]
#[schema(as = StoragePlaceChange)]
pub struct StoragePlaceChangeView {
    /// What happened to it.
    pub change: ChangeType,
    /// As it was; `null` if it is new.
    #[schema(required)]
    pub before: Option<StoragePlaceView>,
    /// As it is; `null` if it is there no more.
    #[schema(required)]
    pub after: Option<StoragePlaceView>,
}

impl From<&PlaceChange> for StoragePlaceChangeView {
    fn from(change: &PlaceChange) -> Self {
        Self {
            change: change.change,
            before: change.before.as_ref().map(StoragePlaceView::from),
            after: change.after.as_ref().map(StoragePlaceView::from),
        }
    }
}

/// What changed from one version to another.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyChanges)]
pub struct PolicyChangesView {
    /// From this version …
    #[schema(minimum = 0, maximum = 1_000_000, example = 1)]
    pub since: i32,
    /// … to this one.
    #[schema(minimum = 1, maximum = 1_000_000, example = 2)]
    pub version: i32,
    /// Clauses, word by word.
    #[schema(max_items = 500)]
    pub clauses: Vec<ClauseChangeView>,
    /// Purposes.
    #[schema(max_items = 16)]
    pub purposes: Vec<PurposeChangeView>,
    /// Recipients by purpose.
    pub recipients: RecipientChangesView,
    /// Countries of purposes and storage places.
    pub countries: CountryChangesView,
    /// Retentions by purpose.
    #[schema(max_items = 16)]
    pub retention: Vec<RetentionChangeView>,
    /// Storage places.
    #[schema(max_items = 200)]
    pub storage_places: Vec<StoragePlaceChangeView>,
}

impl PolicyChangesView {
    pub fn new(since: i32, version: i32, changes: &Changes) -> Self {
        let purposes = changes.purposes.iter().map(|change| PurposeChangeView {
            purpose: change.purpose,
            change: change.change,
            before: change.before.as_ref().map(PurposeDefinitionView::from),
            after: change.after.as_ref().map(PurposeDefinitionView::from),
        });
        Self {
            since,
            version,
            clauses: changes.clauses.iter().map(ClauseChangeView::from).collect(),
            purposes: purposes.collect(),
            recipients: RecipientChangesView::new(&changes.recipients),
            countries: CountryChangesView {
                added: changes.countries.added.clone(),
                removed: changes.countries.removed.clone(),
            },
            retention: changes.retention.iter().map(RetentionChangeView::from).collect(),
            storage_places: changes.places.iter().map(StoragePlaceChangeView::from).collect(),
        }
    }
}

/// The purposes of the policy in force.
#[derive(Serialize, ToSchema)]
pub struct PurposeCatalogue {
    /// The version that defines them.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub policy_version: i32,
    /// The purposes.
    #[schema(max_items = 16)]
    pub purposes: Vec<PurposeDefinitionView>,
}

impl PurposeCatalogue {
    pub fn new(version: &PolicyVersion) -> Self {
        Self {
            policy_version: version.version,
            purposes: version.document.purposes.iter().map(PurposeDefinitionView::from).collect(),
        }
    }
}

/// A definition of version 1, for examples.
pub(super) fn first_definition(purpose: Purpose) -> Value {
    let first = policy::first_version().ok();
    let definition =
        first.and_then(|first| first.definition(purpose).map(|d| json!(PurposeDefinitionView::from(d))));
    definition.unwrap_or_default()
}

impl Example for PolicyVersionView {
    fn example() -> Value {
        // The real hash of the first version, so that the example of a registration works as it stands.
        let Ok(document) = policy::first_version() else { return Value::Null };
        json!({
            "version": 1,
            "content_hash": hex(&document.content_hash()),
            "change_kind": "material",
            "summary": "The first version.",
            "published_at": "2026-03-01T00:00:00.000000Z",
            "clauses": document.clauses.iter().take(1).map(ClauseView::from).collect::<Vec<_>>(),
            "purposes": [first_definition(Purpose::Analytics)],
            "storage_places":
                document.storage_places.iter().take(1).map(StoragePlaceView::from).collect::<Vec<_>>(),
        })
    }
}

impl Example for PolicyVersionPageView {
    fn example() -> Value {
        let version = PolicyVersionView::example();
        let names = ["version", "content_hash", "change_kind", "summary", "published_at"];
        let summary: serde_json::Map<String, Value> =
            names.into_iter().map(|name| (name.to_owned(), member(&version, name))).collect();
        json!({ "data": [summary], "next_cursor": null })
    }
}

impl Example for ClauseRulesView {
    fn example() -> Value {
        json!({ "version": 1, "clauses": [{
            "clause_id": "2.6",
            "title": "Cookies",
            "rule": "Devices are asked per purpose, also before sign-in; Global Privacy Control refuses analytics and advertising.",
            "operations": ["get_device_consents", "set_device_consents", "list_cookies"],
            "everywhere": false,
            "reason": null,
        }] })
    }
}

impl Example for PolicyChangesView {
    fn example() -> Value {
        json!({
            "since": 1,
            "version": 2,
            "clauses": [{
                "clause_id": "2.4",
                "change": "changed",
                "title": [{ "kind": "unchanged", "text": "Keeping abuse out" }],
                "text": [
                    { "kind": "unchanged", "text": "We keep it for that " },
                    { "kind": "removed", "text": "only shortly." },
                    { "kind": "added", "text": "thirty days." },
                ],
            }],
            "purposes": [],
            "recipients": { "added": [{ "purpose": "analytics", "recipient": "analytics_provider" }], "removed": [] },
            "countries": { "added": ["AU"], "removed": [] },
            "retention": [{ "purpose": "analytics", "before": "P90D", "after": "P30D" }],
            "storage_places": [],
        })
    }
}

impl Example for PurposeCatalogue {
    fn example() -> Value {
        json!({ "policy_version": 1, "purposes": [first_definition(Purpose::Analytics)] })
    }
}
