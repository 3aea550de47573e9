//! `Idempotency-Key`: a repeated request gets the answer of the first.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::StatusCode};

use super::{operation, services, single_header};
use crate::{
    problem::{FieldCode, Problem, ProblemCode},
    services::idempotency::{Begin, Draft, Request, Ticket},
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

/// The draft of a ticket, for the transaction.
pub(in crate::handlers) fn draft(ticket: Option<&Ticket>) -> Option<Draft> {
    ticket.map(Ticket::draft)
}
