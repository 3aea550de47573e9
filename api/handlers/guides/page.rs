//! The markup of the first page and of guides.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::Guide;

pub(super) fn frame(owner: &str, title: &str, contents: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – " (owner) }
                // There is none, and browsers need not ask for one.
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/guides.css";
            }
            body {
                a class="skip" href="#text" { "Skip to the text" }
                header { p class="owner" { a href="/" { (owner) " privacy API" } } }
                (contents)
                main id="text" tabindex="-1" { (main) }
                footer { p { "Version " (env!("CARGO_PKG_VERSION")) ", Apache-2.0" } }
            }
        }
    }
}

/// What there is, and for whom.
pub(super) fn landing(owner: &str, guides: &[Guide]) -> Markup {
    let contents = html! {};
    let main = html! {
        h1 { "The privacy API of " (owner) }
        p {
            "Accounts, verification, consent, a log of disclosures and rights requests: what the "
            a href="/policy" { "privacy policy" } " promises, kept by a service that anybody can check."
        }
        h2 { "Read" }
        ul class="cards" {
            li {
                a href="/docs/" { "API reference" }
                p { "Every operation, with an example of its call. " a href="/openapi.yaml" { "openapi.yaml" } " is what SDKs are generated from." }
            }
            @for guide in guides {
                li { a href=(format!("/guides/{}", guide.name)) { (guide.title) } p { (guide.is_for) } }
            }
        }
        h2 { "Check" }
        ul {
            li { a href="/v1/log/checkpoint" { "Newest checkpoint of the log" } }
            li { a href="/.well-known/jwks.json" { "Public keys" } }
            li { a href="/v1/transparency" { "What authorities asked for" } }
        }
    };
    frame(owner, "API", &contents, &main)
}

/// One guide, with the way to the others.
pub(super) fn guide(owner: &str, guides: &[Guide], shown: &Guide) -> Markup {
    let contents = html! {
        nav aria-label="Guides" class="contents" {
            ul {
                li { a href="/docs/" { "API reference" } }
                @for guide in guides {
                    li {
                        @if guide.name == shown.name { a href="#text" aria-current="page" { (guide.title) } }
                        @else { a href=(format!("/guides/{}", guide.name)) { (guide.title) } }
                    }
                }
            }
        }
    };
    frame(owner, shown.title, &contents, &PreEscaped(rendered(shown.text)))
}

/// The text as HTML. Headings can be led to, and what is wide can be scrolled by keyboard.
pub(super) fn rendered(text: &str) -> String {
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut heading: Option<usize> = None;
    let mut within_source = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                heading = Some(events.len());
                events.push(event);
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some(at) = heading.take() {
                    let words = words_of(events.get(at + 1..).unwrap_or_default());
                    if let Some(place) = events.get_mut(at) {
                        *place = opened(level, &words);
                    }
                }
                events.push(event);
            }
            // What another text of the source is called stays, and leads nowhere.
            Event::Start(Tag::Link { ref dest_url, .. }) if !leads_on(dest_url) => within_source = true,
            Event::End(TagEnd::Link) if within_source => within_source = false,
            Event::Start(Tag::Table(_)) => events.extend([wide("Table"), event]),
            Event::Start(Tag::CodeBlock(_)) => events.extend([wide("Code"), event]),
            Event::End(TagEnd::Table | TagEnd::CodeBlock) => {
                events.extend([event, Event::Html("</div>".into())]);
            }
            event => events.push(event),
        }
    }
    let mut page = String::new();
    pulldown_cmark::html::push_html(&mut page, events.into_iter());
    page
}

fn words_of(events: &[Event<'_>]) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
            _ => None,
        })
        .collect()
}

fn opened(level: HeadingLevel, words: &str) -> Event<'static> {
    Event::Start(Tag::Heading { level, id: Some(slug(words).into()), classes: Vec::new(), attrs: Vec::new() })
}

/// Words as a part of an address.
pub(super) fn slug(words: &str) -> String {
    let letters = words.to_lowercase();
    let parts = letters.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-")
}

fn leads_on(to: &str) -> bool {
    to.starts_with('/') || to.starts_with('#') || to.starts_with("https://")
}

fn wide(what: &str) -> Event<'static> {
    let around = format!(r#"<div class="wide" tabindex="0" role="group" aria-label="{what}">"#);
    Event::Html(around.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_led_to_and_what_is_wide_scrolls() {
        let text = "# A `b` c\n\n| x |\n|---|\n| y |\n\n```sh\nls\n```\n[here](/docs/) [there](rights.md)\n";
        let page = rendered(text);
        assert!(page.starts_with("<h1 id=\"a-b-c\">"), "{page}");
        assert_eq!(page.matches("<div class=\"wide\" tabindex=\"0\"").count(), 2);
        assert_eq!(page.matches("</div>").count(), 2);
        assert!(page.contains("<a href=\"/docs/\">here</a> there"), "{page}");
    }
}
