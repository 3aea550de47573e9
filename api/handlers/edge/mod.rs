//! The edge: what every request passes before and after its handler.

mod address;
mod held_payload;
mod limits;
mod render;
mod uploads;

use std::{panic::AssertUnwindSafe, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web::Data,
};
use futures_util::FutureExt;
use uuid::Uuid;

use super::extract::device_of;
use crate::{
    config::HttpConfig,
    domain::operation::{Operation, RateClass, Shape},
    messages::{self, Language},
    problem::{FieldCode, Problem, ProblemCode},
    server::Services,
    services::log::promise::{LeafHash, collecting_leaves},
    telemetry::{counting_statements, metrics},
};
pub(super) use address::client_address;
use held_payload::HeldPayload;
pub(super) use limits::network_of;
use limits::{Allowance, Limits};
pub(super) use uploads::UploadTurn;
use uploads::Uploads;

const LOG_PROMISE: header::HeaderName = header::HeaderName::from_static("log-promise");

/// What the edge knows of the process.
pub struct Edge {
    pub http: HttpConfig,
    limits: Limits,
    pub uploads: Uploads,
}

impl Edge {
    pub fn new(http: HttpConfig) -> Self {
        let limits = Limits::new(http.rate_ordinary, http.rate_costly);
        let uploads = Uploads::new(http.uploads_at_once);
        Self { http, limits, uploads }
    }
}

/// What is known of a request from its first byte to its last.
#[derive(Clone)]
pub(super) struct Passage {
    pub(super) id: String,
    pub(super) language: Language,
    pub(super) operation: Option<&'static Operation>,
    https: bool,
    begun: Instant,
    allowance: Option<Allowance>,
}

impl Passage {
    fn new(request: &ServiceRequest, edge: &Edge) -> Self {
        let wanted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        // The decoded path, which is also what the router sees.
        let path = request.match_info().unprocessed();
        Self {
            id: format!("req_{}", Uuid::now_v7().simple()),
            language: wanted.map_or(Language::English, messages::negotiate),
            operation: Operation::matching(request.method().as_str(), path),
            https: edge.http.https,
            begun: Instant::now(),
            allowance: None,
        }
    }

    fn label(&self) -> &'static str {
        self.operation.map_or("other", |operation| operation.id)
    }
}

/// Admits a request, runs it, and finishes its answer; nothing leaves without passing here.
///
/// # Errors
///
/// Only with a finished problem document inside, after a panic.
pub async fn guard<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(edge) = request.app_data::<Data<Edge>>().cloned() else {
        return Err(Problem::new(ProblemCode::Internal).into());
    };
    let mut passage = Passage::new(&request, &edge);
    let held = HeldPayload::of(&mut request);
    let finish = |response: ServiceResponse<BoxBody>, passage: &Passage| {
        let finished = render::finish(response, passage);
        match held {
            Some(held) => held.until_sent(finished),
            None => finished,
        }
    };
    if let Err(problem) = admit(&request, &edge, &mut passage) {
        let refused = request.error_response(problem).map_into_boxed_body();
        return Ok(finish(refused, &passage));
    }
    if let Some(operation) = passage.operation {
        request.extensions_mut().insert(operation);
    }
    let handled = collecting_leaves(AssertUnwindSafe(next.call(request)).catch_unwind());
    let ((outcome, leaves), statements) = counting_statements(handled).await;
    metrics().statements.with_label_values(&[passage.label()]).inc_by(statements.into());
    match outcome {
        Ok(Ok(response)) => {
            let mut response = response.map_into_boxed_body();
            promise(&mut response, &leaves);
            Ok(finish(response, &passage))
        }
        Ok(Err(error)) => Err(error),
        Err(_) => {
            metrics().requests.with_label_values(&[passage.label(), "500"]).inc();
            Err(render::panicked(&passage).into())
        }
    }
}

/// Names the leaves of the act in its answer, and promises their place in the tree.
fn promise(response: &mut ServiceResponse<BoxBody>, leaves: &[LeafHash]) {
    // What an operation does not promise to write is nobody's to notice: it may be about the caller.
    let operation = response.request().extensions().get::<&'static Operation>().copied();
    let tells = operation.is_some_and(|operation| operation.promises_leaf);
    if leaves.is_empty() || !tells || !response.status().is_success() {
        return;
    }
    let services = response.request().app_data::<Data<Services>>().cloned();
    // Without it the act stands all the same, and so does its leaf.
    let Some(Ok(promise)) = services.map(|services| services.log.promise(leaves)) else { return };
    if let Ok(value) = header::HeaderValue::from_str(&promise) {
        response.headers_mut().insert(LOG_PROMISE, value);
    }
}

fn admit(request: &ServiceRequest, edge: &Edge, passage: &mut Passage) -> Result<(), Problem> {
    if !is_allowed_host(request, &edge.http.allowed_hosts) {
        return Err(Problem::new(ProblemCode::HostNotAllowed));
    }
    let class = passage.operation.map_or(RateClass::Ordinary, |operation| operation.rate);
    let address = client_address(request.request(), &edge.http.trusted_proxies);
    if let Some(services) = request.app_data::<Data<Services>>() {
        // Whose device it is costs a keyed hash, and matters only while a device is blocked.
        let device = || device_of(request.request(), services.vault.kms(), edge.http.https);
        if services.blocks.is_blocked(address, device) {
            return Err(Problem::new(ProblemCode::Blocked).under_clause("2.4"));
        }
    }
    let allowance = edge.limits.take(class, address);
    let wait = allowance.wait;
    passage.allowance = Some(allowance);
    if let Some(seconds) = wait {
        return Err(Problem { retry_after: Some(seconds), ..Problem::new(ProblemCode::TooManyRequests) });
    }
    if passage.operation.is_none() {
        // Before the routes, of which a pattern may cover a path that other methods are named for.
        let methods = Operation::methods_of(request.match_info().unprocessed());
        if !methods.is_empty() {
            return Err(other_method(&methods));
        }
    }
    let takes_query =
        passage.operation.is_none_or(|operation| matches!(operation.shape, Shape::Page | Shape::Query));
    if !takes_query && !request.query_string().is_empty() {
        return Err(Problem::field(ProblemCode::MalformedRequest, "query", FieldCode::UnknownField));
    }
    Ok(())
}

fn is_allowed_host(request: &ServiceRequest, allowed: &[String]) -> bool {
    let from_uri = request.uri().host();
    let from_header = || request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let Some(host) = from_uri.or_else(from_header) else { return false };
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    };
    allowed.iter().any(|known| known.trim_matches(['[', ']']).eq_ignore_ascii_case(name))
}

/// What stands beside the operations and is read alone.
const SURROUNDINGS: [&str; 6] =
    ["/", "/openapi.yaml", "/links", "/links.js", "/health/live", "/health/ready"];

/// Answers what no route answers: another method of a page, or nothing at all.
pub(super) async fn nowhere(request: HttpRequest) -> Result<HttpResponse, Problem> {
    if SURROUNDINGS.contains(&request.match_info().as_str()) {
        return Err(other_method(&["GET"]));
    }
    Err(Problem::new(ProblemCode::NotFound))
}

fn other_method(allowed: &[&str]) -> Problem {
    Problem { allow: Some(allowed.join(", ")), ..Problem::new(ProblemCode::MethodNotAllowed) }
}

fn status_label(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
