//! Bodies of the records of processing activities (GDPR art. 30).

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{Example, PolicyVersionView, PurposeDefinitionView, StoragePlaceView, member, policy_version};
use crate::{
    domain::{
        data_dictionary::{DataClass, ENTRIES, Entry, Protection, Retention},
        policy::PolicyVersion,
        purpose::{LawfulBasis, Purpose},
        time::Timestamp,
    },
    services::consents::Controller,
};

/// A personal value that is stored, from the data dictionary.
#[derive(Serialize, ToSchema)]
#[schema(as = StoredValue)]
pub struct StoredValueView {
    /// Where it is stored.
    #[schema(max_length = 128, example = "profiles.email")]
    pub place: String,
    /// What kind of fact it is.
    pub data_class: DataClass,
    /// How it is protected.
    pub protection: Protection,
    /// The clause that names what it is held for.
    #[schema(max_length = 8, example = "1.1")]
    pub clause: String,
    /// Why holding it is lawful.
    pub lawful_basis: LawfulBasis,
    /// When it goes.
    #[schema(max_length = 64, example = "with the account")]
    pub retention: String,
}

impl From<&Entry> for StoredValueView {
    fn from(entry: &Entry) -> Self {
        Self {
            place: format!("{}.{}", entry.table, entry.column),
            data_class: entry.class,
            protection: entry.protection,
            clause: entry.purpose_clause.to_owned(),
            lawful_basis: entry.basis,
            retention: match entry.retention {
                Retention::Account => "with the account".to_owned(),
                Retention::Registration => "when the registration ends".to_owned(),
                Retention::Sent => "when the message was sent".to_owned(),
                Retention::Expiry => "at the instant beside it".to_owned(),
                Retention::YearsAfterAccount(years) => format!("{years} years after the account ends"),
                Retention::Days(days) => format!("{days} days after its last use"),
            },
        }
    }
}

/// An activity of processing: a purpose with everything that article 30 asks of it.
#[derive(Serialize, ToSchema)]
#[schema(as = ProcessingRecord)]
pub struct ProcessingRecordView {
    /// Purpose, data, recipients, countries, retention.
    pub definition: PurposeDefinitionView,
    /// Whose data they are.
    #[schema(max_length = 200, example = "Users of the platform, and who registers to become one")]
    pub data_subjects: String,
    /// How they are protected (GDPR art. 32).
    #[schema(max_length = 1000, example = "Sealed per person; opened by one department alone, logged.")]
    pub security_measures: String,
}

/// The records of processing activities (GDPR art. 30).
#[derive(Serialize, ToSchema)]
pub struct ProcessingRecords {
    /// Who answers for the processing.
    #[schema(max_length = 200, example = "Smart-mining")]
    pub controller: String,
    /// Where people write to.
    #[schema(max_length = 200, example = "privacy@smart-mining.example")]
    pub contact: String,
    /// The version of the policy that defines the purposes.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub policy_version: i32,
    /// When this was put together.
    pub generated_at: Timestamp,
    /// The activities.
    #[schema(max_items = 16)]
    pub activities: Vec<ProcessingRecordView>,
    /// Where data rest.
    #[schema(max_items = 100)]
    pub storage_places: Vec<StoragePlaceView>,
    /// Every personal value that is stored.
    #[schema(max_items = 1000)]
    pub stored_values: Vec<StoredValueView>,
}

const SUBJECTS: &str = "Users of the platform, and who registers to become one";
const MEASURES: &str = "Values are sealed under keys of their person, which rest apart from the data; only the \
     data-processing department opens them, for a case, within a budget, and the person sees it; every act \
     leaves a leaf in a tamper-evident log.";

impl ProcessingRecords {
    pub fn new(controller: &Controller, policy: &PolicyVersion, now: Timestamp) -> Self {
        let record = |definition| ProcessingRecordView {
            definition: PurposeDefinitionView::from(definition),
            data_subjects: SUBJECTS.to_owned(),
            security_measures: MEASURES.to_owned(),
        };
        Self {
            controller: controller.name.clone(),
            contact: controller.contact.clone(),
            policy_version: policy.version,
            generated_at: now,
            activities: policy.document.purposes.iter().map(record).collect(),
            storage_places: policy.document.storage_places.iter().map(StoragePlaceView::from).collect(),
            stored_values: ENTRIES.iter().map(|entry| StoredValueView::from(*entry)).collect(),
        }
    }
}

impl Example for ProcessingRecords {
    fn example() -> Value {
        json!({
            "controller": "Smart-mining",
            "contact": "privacy@smart-mining.example",
            "policy_version": 1,
            "generated_at": "2026-03-01T09:30:00.000000Z",
            "activities": [{
                "definition": policy_version::first_definition(Purpose::Analytics),
                "data_subjects": SUBJECTS,
                "security_measures": MEASURES,
            }],
            "storage_places": member(&PolicyVersionView::example(), "storage_places"),
            "stored_values": ENTRIES.iter().take(1).map(|entry| StoredValueView::from(*entry)).collect::<Vec<_>>(),
        })
    }
}
