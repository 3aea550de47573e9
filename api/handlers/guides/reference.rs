//! The API reference: pages from the contract, a page for each tag and one of all schemas, without scripts.

use std::{collections::HashMap, fmt::Write as _};

use maud::{Markup, PreEscaped, html};
use serde_json::{Map, Value};

use super::page::{frame, rendered, slug};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
/// The page of all schemas.
const SCHEMAS: &str = "schemas";

/// Every page of the reference, by the last part of its address; the first is called by nothing.
pub struct Reference {
    pages: HashMap<String, String>,
}

impl Reference {
    /// Makes the pages of a contract.
    pub fn new(owner: &str, spec: &Value) -> Self {
        let tags = list(spec, "tags");
        let mut pages = HashMap::new();
        pages.insert(String::new(), frame(owner, "API reference", &html! {}, &overview(spec)).into_string());
        for tag in tags {
            let name = text(tag, "name");
            let page = frame(owner, name, &contents(tags, name), &of_tag(spec, tag));
            pages.insert(slug(name), page.into_string());
        }
        let page = frame(owner, "Schemas", &contents(tags, "Schemas"), &of_schemas(spec));
        pages.insert(SCHEMAS.to_owned(), page.into_string());
        Self { pages }
    }

    /// The page at `/docs/NAME`.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.pages.get(name).map(String::as_str)
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn entries<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// What a reference names, and the name.
fn resolved<'a>(spec: &'a Value, node: &'a Value) -> &'a Value {
    let pointer = node.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
    pointer.and_then(|pointer| spec.pointer(pointer)).unwrap_or(node)
}

/// The operations of a tag, or the webhooks, with method and path.
fn operations<'a>(
    spec: &'a Value,
    tag: &'a str,
) -> impl Iterator<Item = (&'static str, &'a String, &'a Value)> {
    let places = entries(spec, "paths").chain(entries(spec, "webhooks"));
    places
        .flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |method| Some((*method, path, item.get(method)?)))
        })
        .filter(move |(_, _, operation)| list(operation, "tags").iter().any(|of| of == tag))
}

fn contents(tags: &[Value], current: &str) -> Markup {
    let link = |name: &str| {
        html! {
            li {
                @if name == current { a href="#text" aria-current="page" { (name) } }
                @else { a href=(format!("/docs/{}", slug(name))) { (name) } }
            }
        }
    };
    html! {
        nav aria-label="Reference" class="contents" {
            // Closed: on a phone it would fill the first screen.
            details {
                summary { "All pages of the reference" }
                ul {
                    li { a href="/docs/" { "All operations" } }
                    @for tag in tags { (link(text(tag, "name"))) }
                    (link("Schemas"))
                }
            }
        }
    }
}

fn overview(spec: &Value) -> Markup {
    let info = spec.get("info").unwrap_or(&Value::Null);
    html! {
        h1 { "API reference" }
        (PreEscaped(rendered(text(info, "description"))))
        p {
            a href="/openapi.yaml" { "openapi.yaml" } " is this reference for generators; " a href="/docs/schemas" { "schemas" }
            " shows every body, and " a href="/guides/errors" { "problems" } " every code of a refusal."
        }
        @for tag in list(spec, "tags") {
            @let name = text(tag, "name");
            h2 { a href=(format!("/docs/{}", slug(name))) { (name) } }
            p { (text(tag, "description")) }
            ul class="operations" {
                @for (method, path, operation) in operations(spec, name) {
                    li {
                        a href=(format!("/docs/{}#{}", slug(name), text(operation, "operationId"))) { (text(operation, "summary")) }
                        " " code { (method.to_uppercase()) " " (path) }
                    }
                }
            }
        }
    }
}

fn of_tag(spec: &Value, tag: &Value) -> Markup {
    let name = text(tag, "name");
    html! {
        h1 { (name) }
        p { (text(tag, "description")) }
        @for (method, path, operation) in operations(spec, name) { (shown(spec, (method, path), operation)) }
    }
}

fn shown(spec: &Value, (method, path): (&str, &str), operation: &Value) -> Markup {
    let id = text(operation, "operationId");
    let parameters: Vec<&Value> =
        list(operation, "parameters").iter().map(|parameter| resolved(spec, parameter)).collect();
    let is_webhook = !path.starts_with('/');
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (text(operation, "summary")) }
            p { code { (method.to_uppercase()) " " (path) } " " code class="name" { (id) } }
            (PreEscaped(rendered(text(operation, "description"))))
            p { (needs(spec, operation)) }
            @if !parameters.is_empty() { (parameters_table(&parameters)) }
            @if let Some(body) = operation.get("requestBody") {
                h3 { "Body" }
                (contents_of(body))
            }
            @if !is_webhook { (scrollable("Example of a call", &call(method, path, operation))) }
            h3 { "Answers" }
            @for (status, answer) in entries(operation, "responses") {
                @let answer = resolved(spec, answer);
                @if status.starts_with('2') {
                    p { strong { (status) } " " (text(answer, "description")) }
                    (contents_of(answer))
                }
            }
            (refusals(operation))
        }
    }
}

/// Which token it takes.
fn needs(spec: &Value, operation: &Value) -> Markup {
    let ways = operation.get("security").or_else(|| spec.get("security")).and_then(Value::as_array);
    let ways: Vec<&Map<String, Value>> = ways.into_iter().flatten().filter_map(Value::as_object).collect();
    let names = ways.iter().flat_map(|way| way.iter()).map(|(scheme, scopes)| {
        let scopes: Vec<&str> = scopes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if scopes.is_empty() {
            format!("a token of a {scheme}")
        } else {
            format!("a token of a {scheme} with {}", scopes.join(", "))
        }
    });
    let names: Vec<String> = names.collect();
    html! {
        @if names.is_empty() { "Takes no token." }
        @else if ways.iter().any(|way| way.is_empty()) { "Takes " (names.join(" or ")) ", or none." }
        @else { "Takes " (names.join(" or ")) "." }
    }
}

fn parameters_table(parameters: &[&Value]) -> Markup {
    html! {
        h3 { "Parameters" }
        div class="wide" tabindex="0" role="group" aria-label="Parameters" {
            table {
                thead { tr { th { "name" } th { "in" } th { "value" } th { "meaning" } } }
                tbody {
                    @for parameter in parameters {
                        tr {
                            td { code { (text(parameter, "name")) } @if parameter.get("required") == Some(&Value::Bool(true)) { " (required)" } }
                            td { (text(parameter, "in")) }
                            td { (kind(parameter.get("schema").unwrap_or(&Value::Null))) }
                            td { (PreEscaped(rendered(text(parameter, "description")))) }
                        }
                    }
                }
            }
        }
    }
}

/// Media types with their schema and example.
fn contents_of(body: &Value) -> Markup {
    html! {
        @for (media, content) in entries(body, "content") {
            p { code { (media) } ": " (kind(content.get("schema").unwrap_or(&Value::Null))) }
            @if let Some(example) = content.get("example").filter(|_| media == "application/json") {
                (scrollable("Example", &serde_json::to_string_pretty(example).unwrap_or_default()))
            }
        }
    }
}

fn scrollable(label: &str, words: &str) -> Markup {
    html! { div class="wide" tabindex="0" role="group" aria-label=(label) { pre { code { (words) } } } }
}

fn refusals(operation: &Value) -> Markup {
    let refused: Vec<&String> = entries(operation, "responses")
        .map(|(status, _)| status)
        .filter(|status| !status.starts_with('2'))
        .collect();
    html! {
        @if !refused.is_empty() {
            p {
                "Refusals: "
                @for (n, status) in refused.iter().enumerate() { @if n > 0 { ", " } (status) }
                ", each a " a href="/guides/errors" { "problem" } "."
            }
        }
    }
}

/// The call as one types it.
fn call(method: &str, path: &str, operation: &Value) -> String {
    let mut words = format!("curl -X {} \"$API{path}\"", method.to_uppercase());
    let is_open = operation.get("security").and_then(Value::as_array).is_some_and(Vec::is_empty);
    if !is_open {
        words.push_str(" \\\n  -H \"authorization: Bearer $TOKEN\"");
    }
    for (media, content) in operation.get("requestBody").into_iter().flat_map(|body| entries(body, "content"))
    {
        let example = content.get("example").unwrap_or(&Value::Null);
        if media == "application/json" {
            let _ = write!(words, " \\\n  -H 'content-type: application/json' \\\n  -d '{example}'");
        } else {
            let flag = if media == "multipart/form-data" { "-F" } else { "-d" };
            for (name, value) in example.as_object().into_iter().flat_map(Map::iter) {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let value = if value.starts_with('(') { "@FILE".to_owned() } else { value };
                let _ = write!(words, " \\\n  {flag} '{name}={value}'");
            }
        }
    }
    words
}

/// A schema in a few words; a named one leads to its place.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next()) {
        return html! { a href=(format!("/docs/{SCHEMAS}#{name}")) { (name) } };
    }
    let branches = list(schema, "oneOf");
    if !branches.is_empty() {
        return html! { @for (n, branch) in branches.iter().enumerate() { @if n > 0 { " or " } (kind(branch)) } };
    }
    if let Some(items) = schema.get("items") {
        return html! { "list of " (kind(items)) (bounds(schema)) };
    }
    let values = list(schema, "enum");
    if !values.is_empty() {
        return html! {
            @for (n, value) in values.iter().enumerate() { @if n > 0 { ", " } code { (value.as_str().unwrap_or_default()) } }
        };
    }
    let types = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => text(schema, "type").to_owned(),
    };
    let format = text(schema, "format");
    html! { (types) @if !format.is_empty() { " (" (format) ")" } (bounds(schema)) }
}

fn bounds(schema: &Value) -> String {
    let mut words = String::new();
    for (key, means) in [
        ("minLength", "at least"),
        ("maxLength", "at most"),
        ("minItems", "at least"),
        ("maxItems", "at most"),
        ("minimum", "from"),
        ("maximum", "to"),
    ] {
        if let Some(bound) = schema.get(key) {
            let _ = write!(words, ", {means} {bound}");
        }
    }
    words
}

fn of_schemas(spec: &Value) -> Markup {
    let components = spec.get("components").unwrap_or(&Value::Null);
    html! {
        h1 { "Schemas" }
        p { "Every body and everything in it. What an answer always has is required; a field of a request may be absent if it is not." }
        @for (name, schema) in entries(components, "schemas") {
            section aria-labelledby=(name) {
                h2 id=(name) { (name) }
                (PreEscaped(rendered(text(schema, "description"))))
                @if schema.get("properties").is_some() { (properties(name, schema)) }
                @else { p { (kind(schema)) } }
            }
        }
    }
}

fn properties(name: &str, schema: &Value) -> Markup {
    let required = list(schema, "required");
    html! {
        div class="wide" tabindex="0" role="group" aria-label=(format!("Fields of {name}")) {
            table {
                thead { tr { th { "field" } th { "value" } th { "meaning" } } }
                tbody {
                    @for (field, of) in entries(schema, "properties") {
                        tr {
                            td { code { (field) } @if required.iter().any(|one| one == field) { " (required)" } }
                            td { (kind(of)) }
                            td { (PreEscaped(rendered(text(of, "description")))) }
                        }
                    }
                }
            }
        }
    }
}
