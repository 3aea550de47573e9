//! Finishes answers: problems get their words, and every answer its headers, metrics and log line.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};

use super::{Passage, status_label};
use crate::{
    messages,
    problem::{Problem, ProblemCode, ProblemView},
    telemetry::metrics,
};

pub(super) fn finish(response: ServiceResponse<BoxBody>, passage: &Passage) -> ServiceResponse<BoxBody> {
    let mut problem = response.response().extensions().get::<Problem>().cloned();
    if response.status() == StatusCode::NOT_FOUND && response.response().body().size() == BodySize::Sized(0) {
        // A library's own refusal, without words.
        problem = problem.or(Some(Problem::new(ProblemCode::NotFound)));
    }
    let mut response = match problem {
        Some(problem) => {
            log(&problem, passage);
            let answer = document(&problem, passage);
            response.into_response(answer)
        }
        None => response,
    };
    let status = response.status();
    dress(response.headers_mut(), passage);
    metrics().requests.with_label_values(&[passage.label(), status_label(status)]).inc();
    metrics()
        .request_seconds
        .with_label_values(&[passage.label()])
        .observe(passage.begun.elapsed().as_secs_f64());
    tracing::debug!(
        request.id = passage.id,
        operation = passage.label(),
        status = status.as_u16(),
        "answered"
    );
    response
}

fn log(problem: &Problem, passage: &Passage) {
    let (id, operation, code) = (&passage.id, passage.label(), problem.code.slug());
    let cause = problem.cause.as_deref().unwrap_or_default();
    match problem.code {
        ProblemCode::Internal => tracing::error!(request.id = id, operation, code, cause, "failed"),
        ProblemCode::TryAgain => tracing::warn!(request.id = id, operation, code, cause, "put off"),
        _ => tracing::debug!(request.id = id, operation, code, "refused"),
    }
}

/// The problem document, in the caller's language.
fn document(problem: &Problem, passage: &Passage) -> HttpResponse {
    let key = format!("problem-{}", problem.code.slug().replace('_', "-"));
    let title = messages::find(passage.language, &key).unwrap_or_else(|| problem.code.text().to_owned());
    let view = ProblemView::new(problem, &passage.id, title);
    let mut answer = HttpResponse::build(problem.status_code());
    answer.content_type("application/problem+json");
    answer.insert_header((header::CONTENT_LANGUAGE, passage.language.tag()));
    if let Some(allow) = &problem.allow {
        answer.insert_header((header::ALLOW, allow.as_str()));
    }
    if let Some(seconds) = problem.retry_after {
        answer.insert_header((header::RETRY_AFTER, seconds));
    }
    if problem.code.status() == 401 {
        answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    answer.body(serde_json::to_vec(&view).unwrap_or_default())
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Headers that no answer goes without. A handler's own value of one stands.
fn dress(headers: &mut HeaderMap, passage: &Passage) {
    let mut set = |name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    set(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    set(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    set(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    set(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    set(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if passage.https {
        set(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
    let mut set_made = |name: HeaderName, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            set(name, value);
        }
    };
    set_made(X_REQUEST_ID, passage.id.clone());
    if let Some(allowance) = &passage.allowance {
        let class = allowance.class.as_str();
        set_made(RATELIMIT_POLICY, format!("\"{class}\";q={};w=60", allowance.per_minute));
        let wait = allowance.wait.unwrap_or(0);
        set_made(RATELIMIT, format!("\"{class}\";r={};t={wait}", allowance.remaining));
    }
}

/// A finished answer in the form of an error: after a panic there is no request to answer to.
pub(super) struct Finished {
    passage: Passage,
}

pub(super) fn panicked(passage: &Passage) -> Finished {
    Finished { passage: passage.clone() }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finished")
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the handler panicked")
    }
}

impl ResponseError for Finished {
    fn error_response(&self) -> HttpResponse {
        let problem = Problem { cause: Some("panic".to_owned()), ..Problem::new(ProblemCode::Internal) };
        log(&problem, &self.passage);
        let mut answer = document(&problem, &self.passage);
        dress(answer.headers_mut(), &self.passage);
        answer
    }
}
