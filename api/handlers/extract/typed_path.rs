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
        let parsed = request.match_info().iter().next().and_then(|(_, text)| parse(text));
        ready(parsed.map(Self).ok_or(Problem::new(ProblemCode::NotFound)))
    }
}

/// Both parameters of a path.
pub(in crate::handlers) struct TypedPaths<A, B>(pub(in crate::handlers) A, pub(in crate::handlers) B);

impl<A: FromStr + ToString, B: FromStr + ToString> FromRequest for TypedPaths<A, B> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut texts = request.match_info().iter().map(|(_, text)| text);
        let first = texts.next().and_then(parse);
        let second = texts.next().and_then(parse);
        let both = first.zip(second).map(|(first, second)| Self(first, second));
        ready(both.ok_or(Problem::new(ProblemCode::NotFound)))
    }
}

/// In its one spelling: two addresses of one thing are one too many.
fn parse<T: FromStr + ToString>(text: &str) -> Option<T> {
    text.parse::<T>().ok().filter(|value| value.to_string() == text)
}
