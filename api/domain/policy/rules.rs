//! What a draft of the policy has to obey before anybody can publish it.

use std::collections::{BTreeSet, HashSet};

use super::{ChangeKind, PolicyDocument, clauses};
use crate::domain::{
    country::Country,
    purpose::{Purpose, PurposeDefinition, is_retention},
};

/// What is wrong, and where in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer into the document.
    pub pointer: String,
    pub kind: FaultKind,
}

/// What can be wrong with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The text is empty, too long, or not on one line.
    NotOneLine,
    /// The list is empty or too long.
    WrongCount,
    /// Nothing says how this clause is kept.
    ClauseWithoutRule,
    ClauseTwice,
    /// A clause that the software keeps, and names, is missing.
    ClauseMissing,
    PurposeTwice,
    /// A required purpose, or one that a clause rests on, is missing.
    PurposeMissing,
    /// Clause, basis or necessity are not what the software enforces for this purpose.
    NotOfThisPurpose,
    /// The text says no period.
    NoPeriod,
    /// The countries are not those of the storage places and of the other purposes.
    NotThePlaces,
    /// Recipients of this class get counts alone, so only what is counted names them.
    AggregatesOnly,
    /// Something that is done with data changes, so it is not editorial.
    NotEditorial,
    /// Something stands twice in a list, or the list is empty.
    NotASet,
}

/// Everything that is wrong with a document, in its order.
pub fn faults(document: &PolicyDocument) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut fault = |pointer: String, kind| found.push(Fault { pointer, kind });
    let counts = [
        ("/clauses", document.clauses.len(), 500),
        ("/purposes", document.purposes.len(), Purpose::ALL.len()),
        ("/storage_places", document.storage_places.len(), 100),
    ];
    for (pointer, count, most) in counts {
        if !(1..=most).contains(&count) {
            fault(pointer.to_owned(), FaultKind::WrongCount);
        }
    }
    let mut seen = HashSet::new();
    for (n, clause) in document.clauses.iter().enumerate() {
        if clauses::find(&clause.id).is_none() {
            fault(format!("/clauses/{n}/clause_id"), FaultKind::ClauseWithoutRule);
        }
        if !seen.insert(&clause.id) {
            fault(format!("/clauses/{n}/clause_id"), FaultKind::ClauseTwice);
        }
        if !is_line(&clause.title, 200) {
            fault(format!("/clauses/{n}/title"), FaultKind::NotOneLine);
        }
        if !is_line(&clause.text, 2_000) {
            fault(format!("/clauses/{n}/text"), FaultKind::NotOneLine);
        }
    }
    if clauses::CLAUSES.iter().any(|rule| !document.clauses.iter().any(|clause| clause.id == rule.clause)) {
        fault("/clauses".to_owned(), FaultKind::ClauseMissing);
    }
    let mut seen = HashSet::new();
    for (n, definition) in document.purposes.iter().enumerate() {
        if !seen.insert(definition.purpose) {
            fault(format!("/purposes/{n}/purpose"), FaultKind::PurposeTwice);
        }
        for (member, kind) in of_definition(document, definition) {
            fault(format!("/purposes/{n}/{member}"), kind);
        }
    }
    let is_lacking =
        |purpose: &&Purpose| (purpose.is_required() || purpose.is_by_policy()) && !seen.contains(purpose);
    if Purpose::ALL.iter().any(|purpose| is_lacking(&purpose)) {
        fault("/purposes".to_owned(), FaultKind::PurposeMissing);
    }
    for (n, place) in document.storage_places.iter().enumerate() {
        if !is_set(&place.data_classes) || place.data_classes.is_empty() {
            fault(format!("/storage_places/{n}/data_classes"), FaultKind::NotASet);
        }
        for (member, text, most) in [
            ("holder", &place.holder, 200),
            ("standards", &place.standards, 1_000),
            ("access", &place.access, 1_000),
        ] {
            if !is_line(text, most) {
                fault(format!("/storage_places/{n}/{member}"), FaultKind::NotOneLine);
            }
        }
    }
    found
}

fn of_definition(
    document: &PolicyDocument,
    definition: &PurposeDefinition,
) -> Vec<(&'static str, FaultKind)> {
    let purpose = definition.purpose;
    let mut faults = Vec::new();
    if definition.clause != purpose.clause() {
        faults.push(("clause", FaultKind::NotOfThisPurpose));
    }
    if definition.lawful_basis != purpose.lawful_basis() {
        faults.push(("lawful_basis", FaultKind::NotOfThisPurpose));
    }
    if definition.required != purpose.is_required() {
        faults.push(("required", FaultKind::NotOfThisPurpose));
    }
    if !is_line(&definition.text, 1_000) {
        faults.push(("text", FaultKind::NotOneLine));
    }
    if !is_set(&definition.data_classes) || definition.data_classes.is_empty() {
        faults.push(("data_classes", FaultKind::NotASet));
    }
    if !is_set(&definition.recipients) {
        faults.push(("recipients", FaultKind::NotASet));
    }
    // Clauses 4.2 and 4.3: there is no personal variant of what they receive.
    if definition.recipients.iter().any(|class| class.receives_aggregates_only()) && !purpose.is_counted() {
        faults.push(("recipients", FaultKind::AggregatesOnly));
    }
    if !is_set(&definition.countries) || definition.countries.contains(&Country::HOME) {
        faults.push(("countries", FaultKind::NotASet));
    }
    // A new country is thereby a new definition, asked anew (clause 5.6).
    if purpose == Purpose::CrossBorderTransfer
        && definition.countries.iter().copied().collect::<BTreeSet<_>>() != document.foreign_countries()
    {
        faults.push(("countries", FaultKind::NotThePlaces));
    }
    if !is_retention(&definition.retention) {
        faults.push(("retention", FaultKind::NoPeriod));
    }
    // What the policy expresses, or the service cannot do without, does not lapse by itself.
    if definition.consent_days.is_some()
        && (purpose.is_by_policy() || !purpose.is_answerable() || purpose.is_required())
    {
        faults.push(("consent_days", FaultKind::NotOfThisPurpose));
    }
    faults
}

/// Whether a draft calls itself editorial although what is done with data changes.
pub fn is_falsely_editorial(
    change_kind: ChangeKind,
    before: &PolicyDocument,
    after: &PolicyDocument,
) -> bool {
    change_kind == ChangeKind::Editorial
        && (before.purposes != after.purposes || before.storage_places != after.storage_places)
}

/// Whether a text is readable, on one line: hashes separate texts by line feeds.
pub fn is_line(text: &str, most: usize) -> bool {
    text.chars().any(char::is_alphanumeric)
        && text.chars().count() <= most
        && !text.chars().any(char::is_control)
}

fn is_set<T: std::hash::Hash + Eq>(items: &[T]) -> bool {
    let mut seen = HashSet::new();
    items.iter().all(|item| seen.insert(item))
}

#[cfg(test)]
mod tests {
    use super::{super::first_version, *};
    use crate::domain::purpose::RecipientClass;

    fn of(change: impl FnOnce(&mut PolicyDocument)) -> Vec<(String, FaultKind)> {
        let mut document = first_version().unwrap();
        change(&mut document);
        faults(&document).into_iter().map(|fault| (fault.pointer, fault.kind)).collect()
    }

    #[test]
    fn each_fault_is_named_where_it_stands() {
        use FaultKind::*;
        let at = |pointer: &str, kind| vec![(pointer.to_owned(), kind)];
        let renamed = of(|d| d.clauses[0].id = "10.1".to_owned());
        assert_eq!(renamed[..1], at("/clauses/0/clause_id", ClauseWithoutRule));
        assert_eq!(renamed[1..], at("/clauses", ClauseMissing));
        let twice = of(|d| d.clauses.push(d.clauses[0].clone()));
        assert_eq!(twice, at("/clauses/56/clause_id", ClauseTwice));
        assert_eq!(of(|d| drop(d.clauses.remove(30))), at("/clauses", ClauseMissing));
        assert_eq!(of(|d| d.clauses[0].text = "a\nb".to_owned()), at("/clauses/0/text", NotOneLine));
        assert_eq!(of(|d| d.clauses[0].title = " ".to_owned()), at("/clauses/0/title", NotOneLine));
        assert_eq!(of(|d| drop(d.purposes.remove(0))), at("/purposes", PurposeMissing));
        assert_eq!(of(|d| d.purposes[7].required = true), at("/purposes/7/required", NotOfThisPurpose));
        assert_eq!(
            of(|d| d.purposes[7].retention = "long".to_owned()),
            at("/purposes/7/retention", NoPeriod)
        );
        assert_eq!(
            of(|d| d.purposes[0].consent_days = Some(1)),
            at("/purposes/0/consent_days", NotOfThisPurpose)
        );
        let twice = |d: &mut PolicyDocument| d.purposes[8] = d.purposes[7].clone();
        assert_eq!(of(twice), at("/purposes/8/purpose", PurposeTwice));
        assert_eq!(of(|d| d.storage_places.clear()), at("/storage_places", WrongCount));
        let abroad = |d: &mut PolicyDocument| d.storage_places[0].country = "AU".parse().unwrap();
        assert_eq!(of(abroad), at("/purposes/15/countries", NotThePlaces));
        let passed_on = |d: &mut PolicyDocument| d.purposes[7].countries = vec!["US".parse().unwrap()];
        assert_eq!(of(passed_on), at("/purposes/15/countries", NotThePlaces));
        let sold = |d: &mut PolicyDocument| d.purposes[10].recipients = vec![RecipientClass::Advertiser];
        assert_eq!(of(sold), at("/purposes/10/recipients", AggregatesOnly));
        assert_eq!(of(|d| d.clauses[0].title = "\u{200b}".to_owned()), at("/clauses/0/title", NotOneLine));
    }
}
