//! Which page of a list is wanted.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::problem::{FieldCode, Problem, ProblemCode};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 100;

/// `cursor` and `limit`, each at most once, and nothing else.
pub(in crate::handlers) struct Page {
    pub(in crate::handlers) cursor: Option<String>,
    pub(in crate::handlers) limit: u32,
}

impl FromRequest for Page {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()))
    }
}

fn parse(query: &str) -> Result<Page, Problem> {
    let malformed = |name: &str, code| Problem::field(ProblemCode::MalformedRequest, name, code);
    let (mut cursor, mut limit) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        // Neither value needs percent-encoding, so an encoded one is none of ours.
        match pair.split_once('=') {
            Some(("cursor", _)) if cursor.is_some() => {
                return Err(malformed("cursor", FieldCode::DuplicateField));
            }
            Some(("limit", _)) if limit.is_some() => {
                return Err(malformed("limit", FieldCode::DuplicateField));
            }
            Some(("cursor", value)) => cursor = Some(value.to_owned()),
            Some(("limit", value)) => {
                let number: u32 = value.parse().map_err(|_| malformed("limit", FieldCode::WrongType))?;
                if number.to_string() != value {
                    return Err(malformed("limit", FieldCode::WrongType));
                }
                limit = Some(number);
            }
            _ => return Err(malformed("query", FieldCode::UnknownField)),
        }
    }
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(malformed("limit", FieldCode::OutOfRange));
    }
    Ok(Page { cursor, limit })
}
