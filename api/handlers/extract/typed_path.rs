//! A path parameter of its own type; anything else in its place is simply not there.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::problem::{Problem, ProblemCode};

/// The only parameter of a path.
pub(in crate::handlers) struct TypedPath<T>(pub(in crate::handlers) T);

impl<T: FromStr + ToString> FromRequest for TypedPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().iter().next().map(|(_, text)| text);
        // In its one spelling: two addresses of one thing are one too many.
        let parsed = text.and_then(|text| Some((text, text.parse::<T>().ok()?)));
        let parsed = parsed.filter(|(text, value)| value.to_string() == *text).map(|(_, value)| value);
        ready(parsed.map(Self).ok_or(Problem::new(ProblemCode::NotFound)))
    }
}
