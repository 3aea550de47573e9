//! Rows of archives as lines of text: what is nested in a row becomes columns of its own, as its schema says.

use serde_json::Value;

/// How deep columns are looked for; what is nested deeper stays JSON.
const DEEPEST: usize = 4;

/// The columns of a table, each by the way to its value.
pub struct Columns(Vec<Vec<String>>);

impl Columns {
    /// The columns of the rows that a definition describes.
    pub fn of(schema: &Value, definition: &str) -> Self {
        let mut columns = Vec::new();
        if let Some(row) = schema.pointer(&format!("/$defs/{definition}")) {
            gather(schema, row, &mut Vec::new(), &mut columns);
        }
        Self(columns)
    }

    /// Their names: the way to the value, with dots.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|way| way.join("."))
    }

    /// The values of a row, as text.
    pub fn cells(&self, row: &Value) -> impl Iterator<Item = String> {
        self.0.iter().map(move |way| text(way.iter().try_fold(row, |value, name| value.get(name))))
    }

    /// The first line of a CSV file (RFC 4180).
    pub fn header(&self) -> String {
        line(self.names())
    }

    pub fn line(&self, row: &Value) -> String {
        line(self.cells(row))
    }
}

/// Where a schema refers to another, that one; of what may be null, the other alternative.
fn resolved<'a>(schema: &'a Value, node: &'a Value) -> &'a Value {
    if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
        let target = reference.strip_prefix('#').and_then(|pointer| schema.pointer(pointer));
        return target.map_or(node, |target| resolved(schema, target));
    }
    let alternatives = ["oneOf", "anyOf", "allOf"].into_iter().find_map(|name| node.get(name)?.as_array());
    let is_null = |node: &&Value| node.get("type").and_then(Value::as_str) == Some("null");
    let mut others = alternatives.into_iter().flatten().filter(|node| !is_null(node));
    match (others.next(), others.next()) {
        (Some(one), None) => resolved(schema, one),
        _ => node,
    }
}

fn gather(schema: &Value, node: &Value, way: &mut Vec<String>, columns: &mut Vec<Vec<String>>) {
    let properties = resolved(schema, node).get("properties").and_then(Value::as_object);
    match properties {
        Some(properties) if way.len() < DEEPEST => {
            for (name, property) in properties {
                way.push(name.clone());
                gather(schema, property, way, columns);
                way.pop();
            }
        }
        _ => columns.push(way.clone()),
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A line of CSV. What a program that opens it would take for a formula is told apart by an apostrophe.
fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells.map(|cell| {
        let cell = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell };
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    });
    format!("{}\r\n", quoted.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_nested_becomes_columns_and_lists_stay_json() {
        let schema = json!({ "$defs": {
            "row": { "properties": {
                "name": { "type": "string" },
                "place": { "oneOf": [{ "type": "null" }, { "$ref": "#/$defs/place" }] },
                "tags": { "type": "array" },
            } },
            "place": { "properties": { "country": { "type": "string" }, "lines": { "type": ["string", "null"] } } },
        } });
        let columns = Columns::of(&schema, "row");
        assert_eq!(columns.header(), "name,place.country,place.lines,tags\r\n");
        let row = json!({ "name": "Ada, \"A\"", "place": { "country": "NZ", "lines": null }, "tags": ["a"] });
        assert_eq!(columns.line(&row), "\"Ada, \"\"A\"\"\",NZ,,\"[\"\"a\"\"]\"\r\n");
        assert_eq!(columns.line(&json!({ "name": "=1+1", "place": null })), "'=1+1,,,\r\n");
    }
}
