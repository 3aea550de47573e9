//! `Idempotency-Key`: a repeated request gets the answer of the first.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{StatusCode, header},
};
use serde::Serialize;

use super::{operation, services, single_header};
use crate::{
    problem::{FieldCode, Problem, ProblemCode},
    services::idempotency::{Begin, Draft, Recording, Request, Ticket},
};

/// The key, if the client gave one.
pub(in crate::handlers) struct IdempotencyKey {
    key: Option<String>,
    request: HttpRequest,
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(single_header(request, "idempotency-key").and_then(|value| {
            let fits =
                |key: &str| (16..=128).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
            match value {
                Some(key) if !fits(key) => Err(Problem::field(
                    ProblemCode::MalformedRequest,
                    "idempotency-key",
                    FieldCode::InvalidValue,
                )),
                key => Ok(Self { key: key.map(str::to_owned), request: request.clone() }),
            }
        }))
    }
}

/// Whose turn it is: this request's, or the answer's of the one that it repeats.
pub(in crate::handlers) enum Turn {
    /// Keep the ticket until the answer is made; hand its draft to the service.
    Act(Option<Ticket>),
    Repeat(HttpResponse),
}

impl IdempotencyKey {
    pub(in crate::handlers) async fn turn(self, caller: &[u8], digest: &[u8; 32]) -> Result<Turn, Problem> {
        let Some(key) = &self.key else { return Ok(Turn::Act(None)) };
        let request = Request { caller, key, operation: operation(&self.request)?.id, body_digest: digest };
        match services(&self.request)?.idempotency.begin(request).await? {
            Begin::Fresh(ticket) => Ok(Turn::Act(Some(ticket))),
            Begin::Replay { status, answer } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                Ok(Turn::Repeat(HttpResponse::build(status).content_type("application/json").body(answer)))
            }
        }
    }
}

/// How an act that succeeded is answered.
pub(in crate::handlers) struct Success {
    pub(in crate::handlers) status: StatusCode,
    /// Where what was made is found, or where the next step is taken.
    pub(in crate::handlers) location: String,
}

impl Success {
    pub(in crate::handlers) fn created(location: impl Into<String>) -> Self {
        Self { status: StatusCode::CREATED, location: location.into() }
    }

    pub(in crate::handlers) fn accepted(location: impl Into<String>) -> Self {
        Self { status: StatusCode::ACCEPTED, location: location.into() }
    }

    fn answer(&self, bytes: Vec<u8>) -> HttpResponse {
        HttpResponse::build(self.status)
            .content_type("application/json")
            .insert_header((header::LOCATION, self.location.as_str()))
            .body(bytes)
    }
}

/// Carries an act out and presents its result as `V`; a repeat gets the same bytes again.
pub(in crate::handlers) async fn once<T, V, E, F>(
    key: IdempotencyKey,
    caller: &[u8],
    digest: &[u8; 32],
    success: Success,
    act: impl FnOnce(Recording<T>) -> F,
) -> Result<HttpResponse, Problem>
where
    V: Serialize + for<'a> From<&'a T>,
    F: Future<Output = Result<T, E>>,
    Problem: From<E>,
{
    let ticket = match key.turn(caller, digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(mut answer) => {
            if let Ok(location) = header::HeaderValue::from_str(&success.location) {
                answer.headers_mut().insert(header::LOCATION, location);
            }
            return Ok(answer);
        }
    };
    let recording = Recording::new(draft(ticket.as_ref()), success.status.as_u16(), bytes_of::<T, V>);
    let result = act(recording).await?;
    Ok(success.answer(bytes_of::<T, V>(&result)))
}

fn bytes_of<T, V: Serialize + for<'a> From<&'a T>>(result: &T) -> Vec<u8> {
    serde_json::to_vec(&V::from(result)).unwrap_or_default()
}

/// The draft of a ticket, for the transaction.
pub(in crate::handlers) fn draft(ticket: Option<&Ticket>) -> Option<Draft> {
    ticket.map(Ticket::draft)
}
