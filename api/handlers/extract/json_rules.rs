//! The first reading of a body: one meaning only, no hidden characters, not too deep.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{
    domain::personal::is_deceptive,
    problem::{FieldCode, FieldProblem, Problem, ProblemCode},
};

const MAX_DEPTH: usize = 32;

/// Reads bytes into an object without duplicate members or unacceptable characters.
pub(super) fn read_object(bytes: &[u8]) -> Result<Value, Problem> {
    let mut finding = None;
    let mut pointer = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0, pointer: &mut pointer, finding: &mut finding }
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value));
    match (value, finding) {
        (Ok(Value::Object(object)), _) => Ok(Value::Object(object)),
        (Ok(_), _) => Err(Problem::field(ProblemCode::MalformedJson, "", FieldCode::WrongType)),
        (Err(_), Some(found)) => {
            let code = if found.code == FieldCode::DuplicateField {
                ProblemCode::MalformedJson
            } else {
                ProblemCode::ValidationFailed
            };
            Err(Problem { errors: vec![found], ..Problem::new(code) })
        }
        (Err(_), None) => Err(Problem::new(ProblemCode::MalformedJson)),
    }
}

/// A JSON pointer of these segments. Names that are not of our kind are not repeated.
pub(super) fn pointer_of(segments: &[String]) -> String {
    segments.iter().take_while(|segment| is_our_kind(segment)).flat_map(|segment| ["/", segment]).collect()
}

/// Names like ours can be told back; another might be a value in the wrong place.
pub(super) fn is_our_kind(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 48
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

struct Strict<'a> {
    depth: usize,
    pointer: &'a mut Vec<String>,
    finding: &'a mut Option<FieldProblem>,
}

impl Strict<'_> {
    fn refuse<E: Error>(&mut self, code: FieldCode) -> E {
        *self.finding = Some(FieldProblem { pointer: pointer_of(self.pointer), code });
        E::custom("refused")
    }

    fn check_text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        let bad = |c: char| (c.is_control() && !matches!(c, '\n' | '\r' | '\t')) || is_reordering(c);
        if text.chars().any(bad) { Err(self.refuse(FieldCode::UnacceptableCharacter)) } else { Ok(()) }
    }

    fn inner(&mut self) -> Strict<'_> {
        Strict { depth: self.depth + 1, pointer: self.pointer, finding: self.finding }
    }
}

/// Marks that some scripts need in running text are left to the rules of each field.
fn is_reordering(c: char) -> bool {
    is_deceptive(c) && !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}')
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth > MAX_DEPTH {
            return Err(D::Error::custom("too deep"));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: Error>(mut self, value: &str) -> Result<Value, E> {
        self.check_text(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            self.pointer.push(items.len().to_string());
            let item = seq.next_element_seed(self.inner())?;
            self.pointer.pop();
            match item {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let (mut members, mut seen) = (Map::new(), HashSet::new());
        while let Some(name) = map.next_key::<String>()? {
            self.check_text(&name)?;
            self.pointer.push(name.clone());
            if !seen.insert(name.clone()) {
                return Err(self.refuse(FieldCode::DuplicateField));
            }
            let value = map.next_value_seed(self.inner())?;
            self.pointer.pop();
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
