//! What an erasure erases, and what a law keeps of it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::{
    ban::Ban,
    closed_list::closed_list,
    data_dictionary::{Category, DataClass, ENTRIES},
    kyc::decision::RECORD_YEARS,
    purpose::PersonalDataClass,
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
    /// Until when; unknown while the account that it counts from goes on.
    pub until: Option<Timestamp>,
}

/// Until when the record of a verification is kept of an account that ends then.
pub fn records_kept_until(ended: Timestamp) -> Timestamp {
    ended.plus_years(RECORD_YEARS)
}

/// What comes of a category.
fn entry(category: Category, fate: ErasureFate, until: Option<Timestamp>) -> ErasureEntry {
    let mut data_classes: Vec<DataClass> =
        ENTRIES.iter().filter(|entry| entry.category == category).map(|entry| entry.class).collect();
    data_classes.sort_unstable();
    data_classes.dedup();
    ErasureEntry {
        category: category.as_str(),
        data_classes,
        fate,
        law: (fate == ErasureFate::Kept).then_some(RECORDS_LAW),
        until,
    }
}

/// The mark by which a banned person is recognised.
pub const BAN_MARK: &str = "ban_mark";

/// What an erasure comes to, category by category; a record that a law wants is kept until its day, and the mark of a
/// ban until its end.
pub fn entries(has_record: bool, ban: Option<&Ban>, ended: Timestamp) -> Vec<ErasureEntry> {
    let of = |category: &Category| {
        if has_record && *category == Category::Statutory {
            entry(*category, ErasureFate::Kept, Some(records_kept_until(ended)))
        } else {
            entry(*category, ErasureFate::Erased, None)
        }
    };
    let mark = ban.map(|ban| ErasureEntry {
        category: BAN_MARK,
        data_classes: vec![DataClass::Identifier],
        fate: ErasureFate::Kept,
        law: Some(ban.ground.law()),
        until: Some(ban.ends_at),
    });
    Category::ALL.iter().map(of).chain(mark).collect()
}

/// What an erasure of a part comes to: the record of a verification holds some of the same, and is kept for five years
/// after an account that goes on.
pub fn entries_of_part(part: Category, has_record: bool) -> Vec<ErasureEntry> {
    let is_in_record = has_record && matches!(part, Category::Address | Category::Documents);
    let record = is_in_record.then(|| entry(Category::Statutory, ErasureFate::Kept, None));
    std::iter::once(entry(part, ErasureFate::Erased, None)).chain(record).collect()
}

/// The category that goes where a class of data is erased alone; none of classes that the service stands on (clause
/// 2.5), or that are evidence or kept by a law.
pub const fn category_alone(class: PersonalDataClass) -> Option<Category> {
    match class {
        PersonalDataClass::Address => Some(Category::Address),
        PersonalDataClass::Documents => Some(Category::Documents),
        PersonalDataClass::Messages => Some(Category::Messages),
        PersonalDataClass::Identity
        | PersonalDataClass::Contact
        | PersonalDataClass::Device
        | PersonalDataClass::Security
        | PersonalDataClass::Evidence
        | PersonalDataClass::Statutory => None,
    }
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
            entries(true, None, ended).into_iter().filter(|entry| entry.fate == ErasureFate::Kept).collect();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].category, "statutory");
        assert_eq!(kept[0].until.unwrap().to_string(), "2033-02-28T10:00:00.000000Z");
        assert!(entries(false, None, ended).iter().all(|entry| entry.fate == ErasureFate::Erased));
        assert_eq!(entries(true, None, ended).len(), Category::ALL.len());
    }
}
