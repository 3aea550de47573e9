//! What handlers take from a request, already checked.

mod idempotency;
mod if_match;
mod json_rules;
mod multipart;
mod origin;
mod page;
mod partner;
mod person;
pub(in crate::handlers) mod query;
mod staff;
mod strict_json;
mod typed_path;

pub(super) use idempotency::{IdempotencyKey, Success, Turn, draft, once};
pub(super) use if_match::{IfMatch, etag};
pub use multipart::FilePart;
pub(super) use multipart::StrictMultipart;
pub(super) use origin::{Client, asks_for_gpc, consent_origin, device_of};
pub(super) use page::{Page, Queue};
pub(super) use partner::{ByPartner, Partner};
pub(super) use person::{By, MaybePerson, Person};
pub(super) use staff::{ByStaff, Staff};
pub(super) use strict_json::{NoBody, RawBody, StrictJson};
pub(super) use typed_path::{TypedPath, TypedPaths};

use actix_web::{HttpMessage, HttpRequest, http::header, web::Data};

use crate::{
    domain::operation::Operation,
    problem::{Problem, ProblemCode},
    server::Services,
};

/// The services that the composition root put beside the routes.
fn services(request: &HttpRequest) -> Result<Data<Services>, Problem> {
    request.app_data::<Data<Services>>().cloned().ok_or(Problem::new(ProblemCode::Internal))
}

/// The operation that this request reached.
fn operation(request: &HttpRequest) -> Result<&'static Operation, Problem> {
    // Without an entry in the table nothing is allowed: deny by default.
    let operation = request.extensions().get::<&'static Operation>().copied();
    operation.ok_or(Problem::new(ProblemCode::NotFound))
}

/// The token that a caller of any kind sends (RFC 6750, section 2.1).
fn bearer_token(request: &HttpRequest) -> Result<&str, Problem> {
    let header = single_header(request, header::AUTHORIZATION.as_str()).ok().flatten();
    let parts = header.and_then(|header| header.split_once(' '));
    // The scheme's name has no case (RFC 9110, section 11.1).
    parts
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token)
        .ok_or(Problem::new(ProblemCode::Unauthenticated))
}

/// One visible-ASCII header value; `Err` if it stands twice or holds anything else.
pub(super) fn single_header<'a>(request: &'a HttpRequest, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = request.headers().get_all(name);
    let first = values.next();
    let malformed = || {
        Problem::field(
            ProblemCode::MalformedRequest,
            name.to_owned(),
            crate::problem::FieldCode::InvalidValue,
        )
    };
    if values.next().is_some() {
        return Err(malformed());
    }
    first.map(|value| value.to_str().map_err(|_| malformed())).transpose()
}
