//! What an erasure erases, and what a law keeps of it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::{
    closed_list::closed_list,
    data_dictionary::{Category, DataClass, ENTRIES},
    kyc::decision::RECORD_YEARS,
    time::Timestamp,
};

/// What makes the law keep the record of a verification, and names it.
pub const RECORDS_LAW: &str =
    "Anti-Money Laundering and Countering Financing of Terrorism Act 2009, section 50";

closed_list! {
    /// What comes of data in an erasure.
    ErasureFate {
        Erased = "erased",
        /// Kept sealed under a key of its own, and destroyed on its day.
        Kept = "kept",
    }
}

/// What comes of the data under one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErasureEntry {
    /// The category of the data: what one key seals.
    pub category: &'static str,
    /// What kinds of facts these are.
    pub data_classes: Vec<DataClass>,
    pub fate: ErasureFate,
    /// Which law keeps it.
    pub law: Option<&'static str>,
    pub until: Option<Timestamp>,
}

/// Until when the record of a verification is kept of an account that ends then.
pub fn records_kept_until(ended: Timestamp) -> Timestamp {
    ended.plus_years(RECORD_YEARS)
}

/// What an erasure comes to, category by category; a record that a law wants is kept until its day.
pub fn entries(has_record: bool, ended: Timestamp) -> Vec<ErasureEntry> {
    let of = |category: &Category| {
        let mut data_classes: Vec<DataClass> =
            ENTRIES.iter().filter(|entry| entry.category == *category).map(|entry| entry.class).collect();
        data_classes.sort_unstable();
        data_classes.dedup();
        let is_kept = has_record && *category == Category::Statutory;
        ErasureEntry {
            category: category.as_str(),
            data_classes,
            fate: if is_kept { ErasureFate::Kept } else { ErasureFate::Erased },
            law: is_kept.then_some(RECORDS_LAW),
            until: is_kept.then(|| records_kept_until(ended)),
        }
    };
    Category::ALL.iter().map(of).collect()
}

/// What the log commits to of an outcome: its JSON, as it was written once.
pub fn outcome_hash(outcome: &str) -> [u8; 32] {
    Sha256::digest(outcome).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_record_of_a_verification_is_kept_and_for_five_years() {
        let ended: Timestamp = serde_json::from_value("2028-02-29T10:00:00Z".into()).unwrap();
        let kept: Vec<ErasureEntry> =
            entries(true, ended).into_iter().filter(|entry| entry.fate == ErasureFate::Kept).collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].category, "statutory");
        assert_eq!(kept[0].until.unwrap().to_string(), "2033-02-28T10:00:00.000000Z");
        assert!(entries(false, ended).iter().all(|entry| entry.fate == ErasureFate::Erased));
        assert_eq!(entries(true, ended).len(), Category::ALL.len());
    }
}
