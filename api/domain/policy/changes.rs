//! What changed from one version of the policy to another: for machines and for readers.

use similar::{ChangeTag, TextDiff};

use super::{Clause, PolicyDocument, StoragePlace};
use crate::domain::{
    closed_list::closed_list,
    country::Country,
    purpose::{Purpose, PurposeDefinition, RecipientClass},
};

closed_list! {
    /// What happened to something between two versions.
    ChangeType {
        Added = "added",
        Removed = "removed",
        Changed = "changed",
    }
}

closed_list! {
    /// What happened to a piece of a text.
    SegmentKind {
        Unchanged = "unchanged",
        Removed = "removed",
        Added = "added",
    }
}

/// A piece of a text, as both or one of the versions have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub kind: SegmentKind,
    pub text: String,
}

/// A clause that is not the same in both versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseChange {
    pub clause_id: String,
    pub change: ChangeType,
    /// Heading and words of both, word by word.
    pub title: Vec<Segment>,
    pub text: Vec<Segment>,
}

/// A purpose that is not the same in both versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurposeChange {
    pub purpose: Purpose,
    pub change: ChangeType,
    pub before: Option<PurposeDefinition>,
    pub after: Option<PurposeDefinition>,
}

/// A retention that is not the same in both versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionChange {
    pub purpose: Purpose,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A storage place that is not the same in both versions, known by its holder and country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceChange {
    pub change: ChangeType,
    pub before: Option<StoragePlace>,
    pub after: Option<StoragePlace>,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    pub clauses: Vec<ClauseChange>,
    pub purposes: Vec<PurposeChange>,
    pub recipients: SetChange<(Purpose, RecipientClass)>,
    pub countries: SetChange<Country>,
    pub retention: Vec<RetentionChange>,
    pub places: Vec<PlaceChange>,
}

/// What came into a set and what left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetChange<T> {
    pub added: Vec<T>,
    pub removed: Vec<T>,
}

impl<T: PartialEq + Copy> SetChange<T> {
    fn between(before: &[T], after: &[T]) -> Self {
        Self {
            added: after.iter().filter(|item| !before.contains(item)).copied().collect(),
            removed: before.iter().filter(|item| !after.contains(item)).copied().collect(),
        }
    }
}

impl Changes {
    pub fn between(before: &PolicyDocument, after: &PolicyDocument) -> Self {
        Self {
            clauses: clauses(&before.clauses, &after.clauses),
            purposes: purposes(before, after),
            recipients: SetChange::between(&recipients(before), &recipients(after)),
            countries: SetChange::between(&countries(before), &countries(after)),
            retention: retention(before, after),
            places: places(before, after),
        }
    }
}

fn clauses(before: &[Clause], after: &[Clause]) -> Vec<ClauseChange> {
    let find = |list: &[Clause], id: &str| list.iter().find(|clause| clause.id == id).cloned();
    let mut ids: Vec<&str> = after.iter().map(|clause| clause.id.as_str()).collect();
    ids.extend(before.iter().map(|clause| clause.id.as_str()).filter(|id| find(after, id).is_none()));
    ids.into_iter()
        .filter_map(|id| {
            let (old, new) = (find(before, id), find(after, id));
            let change = change_type(old.as_ref(), new.as_ref())?;
            let text = |clause: &Option<Clause>, part: fn(&Clause) -> &String| {
                clause.as_ref().map(part).cloned().unwrap_or_default()
            };
            Some(ClauseChange {
                clause_id: id.to_owned(),
                change,
                title: segments(&text(&old, |c| &c.title), &text(&new, |c| &c.title)),
                text: segments(&text(&old, |c| &c.text), &text(&new, |c| &c.text)),
            })
        })
        .collect()
}

fn change_type<T: PartialEq>(before: Option<&T>, after: Option<&T>) -> Option<ChangeType> {
    match (before, after) {
        (None, Some(_)) => Some(ChangeType::Added),
        (Some(_), None) => Some(ChangeType::Removed),
        (Some(before), Some(after)) if before != after => Some(ChangeType::Changed),
        _ => None,
    }
}

/// Two texts as one, word by word. Spaces between changed words go with them, so that what went and what
/// came read as whole phrases.
pub fn segments(before: &str, after: &str) -> Vec<Segment> {
    let mut pieces = Pieces::default();
    for change in TextDiff::from_words(before, after).iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => pieces.keep(change.value()),
            ChangeTag::Delete => pieces.change().0.push_str(change.value()),
            ChangeTag::Insert => pieces.change().1.push_str(change.value()),
        }
    }
    pieces.finish()
}

#[derive(Default)]
struct Pieces {
    done: Vec<Segment>,
    /// What went and what came since the last unchanged word.
    removed: String,
    added: String,
    /// Spaces that both have, after a change.
    spaces: String,
}

impl Pieces {
    fn change(&mut self) -> (&mut String, &mut String) {
        self.removed.push_str(&self.spaces);
        self.added.push_str(&self.spaces);
        self.spaces.clear();
        (&mut self.removed, &mut self.added)
    }

    fn keep(&mut self, word: &str) {
        let is_changing = !self.removed.is_empty() || !self.added.is_empty();
        if is_changing && word.trim().is_empty() {
            self.spaces.push_str(word);
            return;
        }
        self.end_change();
        self.push(SegmentKind::Unchanged, word.to_owned());
    }

    fn end_change(&mut self) {
        let (removed, added) = (std::mem::take(&mut self.removed), std::mem::take(&mut self.added));
        let spaces = std::mem::take(&mut self.spaces);
        self.push(SegmentKind::Removed, removed);
        self.push(SegmentKind::Added, added);
        self.push(SegmentKind::Unchanged, spaces);
    }

    fn push(&mut self, kind: SegmentKind, text: String) {
        match self.done.last_mut() {
            _ if text.is_empty() => {}
            Some(last) if last.kind == kind => last.text.push_str(&text),
            _ => self.done.push(Segment { kind, text }),
        }
    }

    fn finish(mut self) -> Vec<Segment> {
        self.end_change();
        self.done
    }
}

fn purposes(before: &PolicyDocument, after: &PolicyDocument) -> Vec<PurposeChange> {
    let all = Purpose::ALL.iter().copied();
    all.filter_map(|purpose| {
        let (before, after) = (before.definition(purpose), after.definition(purpose));
        let change = change_type(before, after)?;
        Some(PurposeChange { purpose, change, before: before.cloned(), after: after.cloned() })
    })
    .collect()
}

fn recipients(document: &PolicyDocument) -> Vec<(Purpose, RecipientClass)> {
    let of = |definition: &PurposeDefinition| {
        definition.recipients.iter().map(|class| (definition.purpose, *class)).collect::<Vec<_>>()
    };
    document.purposes.iter().flat_map(of).collect()
}

/// The countries of purposes and places.
fn countries(document: &PolicyDocument) -> Vec<Country> {
    let mut all: Vec<Country> = document.purposes.iter().flat_map(|d| d.countries.clone()).collect();
    all.extend(document.storage_places.iter().map(|place| place.country));
    all.sort_unstable();
    all.dedup();
    all
}

fn retention(before: &PolicyDocument, after: &PolicyDocument) -> Vec<RetentionChange> {
    let all = Purpose::ALL.iter().copied();
    all.filter_map(|purpose| {
        let of = |document: &PolicyDocument| document.definition(purpose).map(|d| d.retention.clone());
        let (before, after) = (of(before), of(after));
        (before != after).then_some(RetentionChange { purpose, before, after })
    })
    .collect()
}

fn places(before: &PolicyDocument, after: &PolicyDocument) -> Vec<PlaceChange> {
    let find = |document: &PolicyDocument, like: &StoragePlace| {
        let mut all = document.storage_places.iter();
        all.find(|place| (&place.holder, place.country) == (&like.holder, like.country)).cloned()
    };
    let gone = before.storage_places.iter().filter(|place| find(after, place).is_none());
    let all = after.storage_places.iter().chain(gone);
    all.filter_map(|place| {
        let (before, after) = (find(before, place), find(after, place));
        let change = change_type(before.as_ref(), after.as_ref())?;
        Some(PlaceChange { change, before, after })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::first_version, *};

    #[test]
    fn nothing_changed_is_nothing_and_each_change_is_told() {
        let first = first_version().unwrap();
        let none = Changes::between(&first, &first);
        assert!(none.clauses.is_empty() && none.purposes.is_empty() && none.retention.is_empty());
        assert_eq!(none.places, []);
        let mut second = first.clone();
        second.clauses[0].text = second.clauses[0].text.replace("Personal", "Private");
        second.purposes[7].retention = "P30D".to_owned();
        second.purposes[7].recipients = vec![RecipientClass::AnalyticsProvider];
        second.storage_places[0].country = "AU".parse().unwrap();
        let changes = Changes::between(&first, &second);
        assert_eq!(changes.clauses.len(), 1);
        let words: Vec<_> =
            changes.clauses[0].text.iter().take(2).map(|s| (s.kind, s.text.as_str())).collect();
        assert_eq!(words, [(SegmentKind::Removed, "Personal"), (SegmentKind::Added, "Private")]);
        assert_eq!(changes.purposes[0].purpose, Purpose::Analytics);
        assert_eq!(changes.recipients.added, [(Purpose::Analytics, RecipientClass::AnalyticsProvider)]);
        assert_eq!(changes.countries.added, ["AU".parse().unwrap()]);
        assert_eq!(changes.countries.removed, [Country::HOME]);
        assert_eq!(changes.retention[0].after.as_deref(), Some("P30D"));
        let moved: Vec<_> = changes.places.iter().map(|place| place.change).collect();
        assert_eq!(moved, [ChangeType::Added, ChangeType::Removed]);
    }

    #[test]
    fn the_pieces_of_a_text_put_both_texts_together_again() {
        let (before, after) =
            ("We keep data for ninety days.", "We keep your data for thirty days, at home.");
        let pieces = segments(before, after);
        let whole = |not: SegmentKind| -> String {
            pieces.iter().filter(|s| s.kind != not).map(|s| s.text.as_str()).collect()
        };
        assert_eq!(whole(SegmentKind::Added), before);
        assert_eq!(whole(SegmentKind::Removed), after);
        let phrases: Vec<_> = segments("all of it is old", "all this became new");
        let texts: Vec<&str> = phrases.iter().map(|segment| segment.text.as_str()).collect();
        assert_eq!(texts, ["all ", "of it is old", "this became new"]);
    }
}
