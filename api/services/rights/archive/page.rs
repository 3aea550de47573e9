//! The page of an archive that people read: what it holds, and the beginning of each table.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::{Table, table::Columns};

/// How many entries of a table the page shows.
pub const EXCERPT: usize = 100;

const STYLE: &str = "
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; }
th, td { border: 1px solid #8886; padding: .25rem .5rem; text-align: left; vertical-align: top; }
td { max-width: 28rem; overflow-wrap: anywhere; } thead th { white-space: nowrap; }
table.one th { font-weight: normal; opacity: .8; }
nav ul { columns: 16rem; } img { height: auto; max-width: 100%; }
";

/// The beginning of a table.
pub struct Excerpt {
    pub table: Table,
    pub columns: Columns,
    pub rows: Vec<Value>,
    pub entries: i64,
}

pub fn render(about: &Value, excerpts: &[Excerpt], pictures: &[String]) -> String {
    let text = |name: &str| about.get(name).and_then(Value::as_str).unwrap_or_default();
    let withheld = about.get("withheld").and_then(Value::as_array);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:";
                title { "Your data" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Your data" }
                    p {
                        "What the service holds about you, as of " time datetime=(text("made_at")) { (text("made_at")) }
                        ", handed over under clause " (text("clause")) " of the privacy policy and " (text("law"))
                        ". This page shows the beginning of each table; the whole of it is in " code { "data" }
                        " (JSON, described by " code { "schema.json" } ") and in " code { "tables" } " (CSV)."
                    }
                    h2 { "What is not in here" }
                    p { "This stands in every archive, whether or not there is such a thing about you." }
                    ul {
                        @for one in withheld.into_iter().flatten() {
                            li {
                                (one.get("what").and_then(Value::as_str).unwrap_or_default()) " "
                                small { (one.get("law").and_then(Value::as_str).unwrap_or_default()) }
                            }
                        }
                    }
                    nav aria-label="Tables" {
                        h2 { "Tables" }
                        ul {
                            @for one in excerpts {
                                li { a href={ "#" (one.table.name) } { (one.table.title) } " (" (one.entries) ")" }
                            }
                        }
                    }
                    @for one in excerpts { (section(one)) }
                    @if !pictures.is_empty() {
                        h2 { "Pictures" }
                        @for picture in pictures {
                            figure { img src=(picture) alt=(picture); figcaption { (picture) } }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

/// The name of a column in words.
fn readable(name: &str) -> String {
    name.replace('_', " ").replace('.', ": ")
}

fn section(one: &Excerpt) -> Markup {
    html! {
        section aria-labelledby=(one.table.name) {
            h2 id=(one.table.name) { (one.table.title) }
            @match one.rows.as_slice() {
                [] => p { "Nothing." },
                [only] => div.scroll tabindex="0" role="region" aria-label=(one.table.title) {
                    table.one {
                        tbody {
                            @for (name, cell) in one.columns.names().zip(one.columns.cells(only)) {
                                tr { th scope="row" { (readable(&name)) } td { (cell) } }
                            }
                        }
                    }
                },
                rows => {
                    div.scroll tabindex="0" role="region" aria-label=(one.table.title) {
                        table {
                            thead { tr { @for name in one.columns.names() { th scope="col" { (readable(&name)) } } } }
                            tbody {
                                @for row in rows { tr { @for cell in one.columns.cells(row) { td { (cell) } } } }
                            }
                        }
                    }
                    @if i64::try_from(rows.len()).is_ok_and(|shown| shown < one.entries) {
                        p { (one.entries) " entries in all; the others are in the files." }
                    }
                },
            }
        }
    }
}
