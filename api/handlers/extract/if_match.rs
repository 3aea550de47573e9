//! `If-Match`: the version that a change is meant for.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};

use super::single_header;
use crate::problem::{FieldCode, Problem, ProblemCode};

/// The expected version; `None` without the header, or with `*`.
pub(in crate::handlers) struct IfMatch(pub(in crate::handlers) Option<i64>);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(single_header(request, header::IF_MATCH.as_str()).and_then(parse))
    }
}

/// The `ETag` of a version.
pub(in crate::handlers) fn etag(version: i64) -> String {
    format!("\"v{version}\"")
}

fn parse(value: Option<&str>) -> Result<IfMatch, Problem> {
    let Some(value) = value.filter(|value| *value != "*") else { return Ok(IfMatch(None)) };
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    // Any entity tag that we never gave out names a state that does not stand.
    let Some(tag) = quoted.filter(|tag| !tag.contains('"')) else {
        return Err(Problem::field(ProblemCode::MalformedRequest, "if-match", FieldCode::InvalidValue));
    };
    Ok(IfMatch(Some(tag.strip_prefix('v').and_then(|version| version.parse().ok()).unwrap_or(-1))))
}
