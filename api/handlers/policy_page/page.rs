//! The markup of the policy's page.

use maud::{DOCTYPE, Markup, html};

use crate::{
    domain::{
        country::Country,
        encoding::hex,
        policy::{
            PolicyVersion, StoragePlace,
            changes::{ChangeType, Changes, ClauseChange, Segment, SegmentKind},
        },
        purpose::{LawfulBasis, Purpose, PurposeDefinition, RecipientClass},
    },
    services::consents::Controller,
};

/// What the page shows.
pub(super) struct Page<'a> {
    pub(super) shown: &'a PolicyVersion,
    pub(super) in_force: i32,
    pub(super) versions: &'a [PolicyVersion],
    pub(super) changes: Option<(i32, &'a Changes)>,
    pub(super) controller: &'a Controller,
}

/// The chapters, by the first part of their clauses' ids.
const CHAPTERS: &[(&str, &str)] = &[
    ("0", "About this policy"),
    ("1", "Registration and verification"),
    ("2", "Addresses, devices and cookies"),
    ("3", "What we use data for"),
    ("4", "Sharing"),
    ("5", "Security and places"),
    ("6", "What the law requires"),
    ("7", "Your rights"),
    ("8", "Elsewhere"),
    ("9", "Changes of this policy"),
];

impl Page<'_> {
    pub(super) fn render(&self) -> Markup {
        let title = format!("Privacy policy, version {}", self.shown.version);
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (title) " – " (self.controller.name) }
                    // There is none, and browsers need not ask for one.
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href="/policy.css";
                }
                body {
                    a class="skip" href="#policy" { "Skip to the policy" }
                    header {
                        p class="owner" { (self.controller.name) }
                        h1 { (title) }
                        (self.standing())
                        (self.switch())
                    }
                    nav aria-label="Contents" class="contents" { (self.contents()) }
                    main id="policy" tabindex="-1" {
                        @if let Some((since, changes)) = self.changes { (changes_section(since, changes)) }
                        (self.clauses())
                        (self.purposes())
                        (self.places())
                    }
                    footer {
                        p { "Questions about your data: " (self.controller.contact) }
                        p { "These words are identified by " code { (hex(&self.shown.content_hash)) } "." }
                    }
                }
            }
        }
    }

    fn standing(&self) -> Markup {
        let day = self.shown.published_at.to_string();
        let day = day.get(..10).unwrap_or(&day);
        html! {
            p {
                @if self.shown.version == self.in_force {
                    strong { "In force" } " since " time datetime=(day) { (day) } "."
                } @else {
                    strong { "No longer in force." } " Published on " time datetime=(day) { (day) } ". "
                    a href="/policy" { "Read the version in force" } "."
                }
            }
            p { (self.shown.summary) }
        }
    }

    fn switch(&self) -> Markup {
        html! {
            form action="/policy" method="get" class="switch" {
                p {
                    label for="version" { "Version" }
                    select id="version" name="version" {
                        @for version in self.versions {
                            option value=(version.version) selected[version.version == self.shown.version] {
                                (version.version)
                                @if version.version == self.in_force { " (in force)" }
                            }
                        }
                    }
                }
                @if self.versions.len() > 1 {
                    p {
                        label for="since" { "Show what changed since" }
                        select id="since" name="since" {
                            option value="" { "nothing" }
                            @for version in self.versions {
                                option value=(version.version)
                                    selected[self.changes.is_some_and(|(since, _)| since == version.version)]
                                { "version " (version.version) }
                            }
                        }
                    }
                }
                p { button type="submit" { "Show" } }
            }
        }
    }

    fn contents(&self) -> Markup {
        html! {
            h2 { "Contents" }
            ul {
                @if self.changes.is_some() { li { a href="#changes" { "What changed" } } }
                @for (number, title) in CHAPTERS {
                    li { a href={ "#chapter-" (number) } { (number) ". " (title) } }
                }
                li { a href="#purposes" { "Purposes" } }
                li { a href="#places" { "Storage places" } }
            }
        }
    }

    fn clauses(&self) -> Markup {
        html! {
            @for (number, title) in CHAPTERS {
                section aria-labelledby={ "chapter-" (number) } {
                    h2 id={ "chapter-" (number) } tabindex="-1" { (number) ". " (title) }
                    @for clause in &self.shown.document.clauses {
                        @if clause.id.split('.').next() == Some(number) {
                            h3 id={ "clause-" (clause.id) } { (clause.id) " " (clause.title) }
                            p { (clause.text) }
                        }
                    }
                }
            }
        }
    }

    fn purposes(&self) -> Markup {
        html! {
            section aria-labelledby="purposes" {
                h2 id="purposes" tabindex="-1" { "Purposes" }
                p { "What each purpose uses, on which basis, for whom and for how long." }
                @for definition in &self.shown.document.purposes { (purpose(definition)) }
            }
        }
    }

    fn places(&self) -> Markup {
        html! {
            section aria-labelledby="places" {
                h2 id="places" tabindex="-1" { "Storage places" }
                @for place in &self.shown.document.storage_places { (storage_place(place)) }
            }
        }
    }
}

fn words<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string().replace('_', " ")).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn purpose(definition: &PurposeDefinition) -> Markup {
    let basis = match definition.lawful_basis {
        LawfulBasis::Consent => "your consent",
        LawfulBasis::Contract => "the contract with you",
        LawfulBasis::LegalObligation => "a legal obligation",
        LawfulBasis::LegitimateInterests => "legitimate interests",
    };
    html! {
        h3 { (words([definition.purpose])) }
        p { (definition.text) }
        dl {
            div { dt { "Basis" } dd { (basis) " (clause " (definition.clause) ")" } }
            div { dt { "Data" } dd { (words(definition.data_classes.iter().map(|class| class.as_str()))) } }
            div { dt { "Recipients" } dd { (words(definition.recipients.iter().map(|class| class.as_str()))) } }
            div { dt { "Other countries" } dd { (words(&definition.countries)) } }
            div { dt { "Kept" } dd { (retention(&definition.retention)) } }
            @if let Some(days) = definition.consent_days {
                div { dt { "Asked anew" } dd { "after " (days) " days" } }
            }
        }
    }
}

/// How long data are kept, in words.
fn retention(text: &str) -> String {
    match text.strip_prefix("account+") {
        Some(rest) => format!("{} after the account ends", duration(rest)),
        None if text == "account" => "as long as the account".to_owned(),
        None => duration(text),
    }
}

fn duration(text: &str) -> String {
    let count = text.trim_matches(|c: char| !c.is_ascii_digit());
    let unit = match text.chars().last() {
        Some('D') => "day",
        Some('M') => "month",
        _ => "year",
    };
    if count == "1" { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

fn storage_place(place: &StoragePlace) -> Markup {
    html! {
        h3 { (place.holder) ", " (place.country) }
        dl {
            div { dt { "Data" } dd { (words(place.data_classes.iter().map(|class| class.as_str()))) } }
            div {
                dt { "Border" }
                dd { @if place.country == Country::HOME { "at home" } @else { "in another country" } }
            }
            div { dt { "Standards" } dd { (place.standards) } }
            div { dt { "Access" } dd { (place.access) } }
        }
    }
}

fn changes_section(since: i32, changes: &Changes) -> Markup {
    let nothing = changes.clauses.is_empty() && changes.purposes.is_empty() && changes.places.is_empty();
    html! {
        section aria-labelledby="changes" class="changes" {
            h2 id="changes" tabindex="-1" { "What changed since version " (since) }
            @if nothing { p { "Nothing that clauses, purposes or places say." } }
            @for change in &changes.clauses { (clause_change(change)) }
            @if !changes.purposes.is_empty() {
                h3 { "Purposes" }
                ul {
                    @for change in &changes.purposes {
                        li { (words([change.purpose])) ": " (change.change.as_str()) }
                    }
                }
            }
            @if !changes.retention.is_empty() {
                h3 { "How long data are kept" }
                ul {
                    @for change in &changes.retention {
                        li {
                            (words([change.purpose])) ": "
                            (change.before.as_deref().map_or_else(|| "not at all".to_owned(), retention))
                            " before, "
                            (change.after.as_deref().map_or_else(|| "not at all".to_owned(), retention))
                            " now"
                        }
                    }
                }
            }
            @if !changes.places.is_empty() {
                h3 { "Storage places" }
                ul {
                    @for place in &changes.places {
                        @if let Some(it) = place.after.as_ref().or(place.before.as_ref()) {
                            li { (it.holder) ", " (it.country) ": " (place.change.as_str()) }
                        }
                    }
                }
            }
            (came_and_went("Recipients", &recipients(&changes.recipients.added), &recipients(&changes.recipients.removed)))
            (came_and_went("Countries", &names(&changes.countries.added), &names(&changes.countries.removed)))
        }
    }
}

fn recipients(pairs: &[(Purpose, RecipientClass)]) -> Vec<String> {
    let words = |(purpose, class): &(Purpose, RecipientClass)| format!("{} for {purpose}", class.as_str());
    pairs.iter().map(words).map(|text| text.replace('_', " ")).collect()
}

fn names<T: ToString>(items: &[T]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn came_and_went(title: &str, added: &[String], removed: &[String]) -> Markup {
    html! {
        @if !added.is_empty() || !removed.is_empty() {
            h3 { (title) }
            ul {
                @for item in added { li { "Added: " (item) } }
                @for item in removed { li { "Removed: " (item) } }
            }
        }
    }
}

fn clause_change(change: &ClauseChange) -> Markup {
    html! {
        h3 {
            (change.clause_id) " " (segments(&change.title))
            @match change.change {
                ChangeType::Added => " (new)",
                ChangeType::Removed => " (removed)",
                ChangeType::Changed => "",
            }
        }
        p { (segments(&change.text)) }
    }
}

/// What went and what came, told by more than colour.
fn segments(segments: &[Segment]) -> Markup {
    html! {
        @for segment in segments {
            @match segment.kind {
                SegmentKind::Unchanged => (segment.text),
                SegmentKind::Removed => del { span class="unseen" { "removed: " } (segment.text) },
                SegmentKind::Added => ins { span class="unseen" { "added: " } (segment.text) },
            }
        }
    }
}
