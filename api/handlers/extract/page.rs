//! Which page of a list is wanted.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use super::query::{malformed, number, values};
use crate::{
    domain::{disclosure::DisclosureState, rights::request::RightsState},
    problem::{FieldCode, Problem},
};

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

/// What the entries of a queue stand in.
pub(in crate::handlers) trait QueueState: Sized {
    fn named(name: &str) -> Option<Self>;
}

impl QueueState for DisclosureState {
    fn named(name: &str) -> Option<Self> {
        Self::parse(name)
    }
}

impl QueueState for RightsState {
    fn named(name: &str) -> Option<Self> {
        Self::parse(name)
    }
}

/// Which part of a queue is wanted: `state`, `cursor` and `limit`, each at most once.
pub(in crate::handlers) struct Queue<S> {
    pub(in crate::handlers) state: Option<S>,
    pub(in crate::handlers) page: Page,
}

impl<S: QueueState> FromRequest for Queue<S> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(queue(request.query_string()))
    }
}

fn queue<S: QueueState>(query: &str) -> Result<Queue<S>, Problem> {
    let [state, cursor, limit] = values(query, ["state", "cursor", "limit"])?;
    let unknown = || malformed("state", FieldCode::InvalidValue);
    let state = state.map(|state| S::named(state).ok_or_else(unknown)).transpose()?;
    Ok(Queue { state, page: Page::of(cursor, limit)? })
}
