//! The privacy policy: numbered versions, immutable once published.

pub mod changes;
pub mod clauses;
pub mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    closed_list::closed_list,
    consent::InForce,
    country::Country,
    ids::StaffId,
    purpose::{PersonalDataClass, Purpose, PurposeDefinition},
    time::Timestamp,
};

/// One clause; its id never changes its meaning between versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    pub id: String,
    pub title: String,
    pub text: String,
}

/// A place where classes of data rest or are processed (clauses 5.4 to 5.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoragePlace {
    pub data_classes: Vec<PersonalDataClass>,
    pub country: Country,
    /// Who holds the data there.
    pub holder: String,
    /// How the standards of protection there compare.
    pub standards: String,
    /// Who may reach the data there.
    pub access: String,
}

/// What a version says: its clauses, the purposes that they name, the places where data rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDocument {
    pub clauses: Vec<Clause>,
    pub purposes: Vec<PurposeDefinition>,
    pub storage_places: Vec<StoragePlace>,
}

closed_list! {
    /// What kind of change a version is. Either way it has to be accepted anew.
    ChangeKind {
        /// What is done with data changes.
        Material = "material",
        /// Only the words do.
        Editorial = "editorial",
    }
}

/// A version as published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    pub version: i32,
    pub document: PolicyDocument,
    pub content_hash: [u8; 32],
    pub change_kind: ChangeKind,
    /// What changed, for people to read.
    pub summary: String,
    /// Who wrote it, and who published it; nobody for the version that the service ships.
    pub written_by: Option<StaffId>,
    pub published_by: Option<StaffId>,
    /// Also the instant it took effect (clause 9.3).
    pub published_at: Timestamp,
}

/// A version among those before it.
#[derive(Clone, Debug)]
pub struct PublishedPolicy {
    version: PolicyVersion,
    /// Since which version without a break each purpose has had the words that it has here.
    since: BTreeMap<Purpose, i32>,
}

impl PublishedPolicy {
    /// `version`, after the one before it.
    pub fn after(previous: Option<&Self>, version: PolicyVersion) -> Self {
        let since = |definition: &PurposeDefinition| {
            let unchanged = previous.and_then(|previous| previous.in_force(definition.purpose));
            match unchanged.filter(|unchanged| unchanged.definition == definition) {
                Some(unchanged) => (definition.purpose, unchanged.since),
                None => (definition.purpose, version.version),
            }
        };
        Self { since: version.document.purposes.iter().map(since).collect(), version }
    }

    /// The words of a purpose, if this version has it.
    pub fn in_force(&self, purpose: Purpose) -> Option<InForce<'_>> {
        let definition = self.document.definition(purpose)?;
        Some(InForce { definition, since: *self.since.get(&purpose)? })
    }
}

impl std::ops::Deref for PublishedPolicy {
    type Target = PolicyVersion;

    fn deref(&self) -> &PolicyVersion {
        &self.version
    }
}

/// A version that is not published yet; at most one, under the number that it will bear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDraft {
    pub version: i32,
    pub document: PolicyDocument,
    pub content_hash: [u8; 32],
    pub change_kind: ChangeKind,
    pub summary: String,
    /// Counts its rewritings.
    pub revision: i64,
    /// Who wrote it last.
    pub written_by: StaffId,
    /// Everybody who ever wrote on it: somebody else publishes it.
    pub writers: BTreeSet<StaffId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Version 1, as the binary ships it.
const FIRST: &str = include_str!("version-1.json");

/// What a fresh installation publishes as version 1.
///
/// # Errors
///
/// Only if the text inside the binary is not what its test proved it to be.
pub fn first_version() -> Result<PolicyDocument, serde_json::Error> {
    serde_json::from_str(FIRST)
}

impl PolicyDocument {
    /// Identifies what a version says: SHA-256 over, each followed by a line feed and in order: id,
    /// title and text of each clause; the hash of each purpose's definition in hexadecimal digits;
    /// data classes (joined by commas), country, holder, standards and access of each storage place.
    pub fn content_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut line = |text: &str| {
            hash.update(text);
            hash.update("\n");
        };
        for clause in &self.clauses {
            for part in [&clause.id, &clause.title, &clause.text] {
                line(part);
            }
        }
        for definition in &self.purposes {
            line(&super::encoding::hex(&definition.hash()));
        }
        for place in &self.storage_places {
            let classes: Vec<&str> = place.data_classes.iter().map(|class| class.as_str()).collect();
            line(&classes.join(","));
            line(&place.country.to_string());
            for part in [&place.holder, &place.standards, &place.access] {
                line(part);
            }
        }
        hash.finalize().into()
    }

    pub fn definition(&self, purpose: Purpose) -> Option<&PurposeDefinition> {
        self.purposes.iter().find(|definition| definition.purpose == purpose)
    }

    /// The countries beyond the border in which data rest, or to which a purpose passes them.
    pub fn foreign_countries(&self) -> BTreeSet<Country> {
        let places = self.storage_places.iter().map(|place| place.country);
        let others = self.purposes.iter().filter(|d| d.purpose != Purpose::CrossBorderTransfer);
        let all = places.chain(others.flat_map(|definition| definition.countries.iter().copied()));
        all.filter(|country| *country != Country::HOME).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_since_their_last_change() {
        let published_at = Timestamp::from_micros(0).unwrap();
        let version = |version, document: PolicyDocument| PolicyVersion {
            version,
            content_hash: document.content_hash(),
            document,
            change_kind: ChangeKind::Material,
            summary: String::new(),
            written_by: None,
            published_by: None,
            published_at,
        };
        let words = first_version().unwrap();
        let mut others = words.clone();
        others.purposes[7].text = "Other words.".to_owned();
        let mut without = words.clone();
        without.purposes.remove(7);
        let mut last: Option<PublishedPolicy> = None;
        let mut since = Vec::new();
        for (n, document) in [&words, &words, &others, &words, &without, &words].into_iter().enumerate() {
            let number = i32::try_from(n).unwrap() + 1;
            let policy = PublishedPolicy::after(last.as_ref(), version(number, document.clone()));
            since.push(policy.in_force(Purpose::Analytics).map(|words| words.since));
            assert_eq!(policy.in_force(Purpose::Service).unwrap().since, 1);
            last = Some(policy);
        }
        assert_eq!(since, [Some(1), Some(1), Some(3), Some(4), None, Some(6)]);
    }

    #[test]
    fn version_1_has_every_clause_in_order_and_obeys_the_rules_of_drafts() {
        let first = first_version().unwrap();
        let expected: Vec<String> =
            [(0, 4), (1, 9), (2, 6), (3, 9), (4, 8), (5, 6), (6, 3), (7, 6), (8, 2), (9, 3)]
                .into_iter()
                .flat_map(|(chapter, last)| (1..=last).map(move |n| format!("{chapter}.{n}")))
                .collect();
        assert_eq!(first.clauses.iter().map(|c| c.id.clone()).collect::<Vec<_>>(), expected);
        assert_eq!(first.purposes.len(), Purpose::ALL.len());
        assert_eq!(rules::faults(&first), []);
    }
}
