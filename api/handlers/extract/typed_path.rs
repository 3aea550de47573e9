//! A path parameter of its own type; anything else in its place is simply not there.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::problem::{Problem, ProblemCode};

/// The only parameter of a path.
pub(in crate::handlers) struct TypedPath<T>(pub(in crate::handlers) T);

impl<T: FromStr> FromRequest for TypedPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = request.match_info().iter().next().and_then(|(_, text)| text.parse().ok());
        ready(parsed.map(Self).ok_or(Problem::new(ProblemCode::NotFound)))
    }
}
