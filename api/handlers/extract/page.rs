//! Which page of a list is wanted.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use super::query::{malformed, number, values};
use crate::problem::{FieldCode, Problem};

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
    let [cursor, limit] = values(query, ["cursor", "limit"])?;
    Page::of(cursor, limit)
}

impl Page {
    /// The page that a list with more parameters was asked for.
    pub(in crate::handlers) fn of(cursor: Option<&str>, limit: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.map(|limit| number("limit", limit)).transpose()?.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(malformed("limit", FieldCode::OutOfRange));
        }
        Ok(Self { cursor: cursor.map(str::to_owned), limit })
    }
}
