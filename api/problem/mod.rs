//! Problems (RFC 9457): what a refused request is answered with.
//!
//! A [`Problem`] holds nothing that the client sent, nor any cause: only codes, pointers and
//! constants. The edge renders it, with the request's id and in the caller's language.

pub mod codes;
mod disclosures;
mod mapping;

use std::fmt;
use std::fmt::Write as _;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

pub use codes::{FieldCode, ProblemCode};
pub use disclosures::{for_partner, for_transfer};

/// One value that is wrong, by its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// JSON pointer (RFC 6901) into the body, or the name of a parameter.
    pub pointer: String,
    pub code: FieldCode,
}

/// A refusal on its way out.
#[derive(Clone, Debug)]
pub struct Problem {
    pub code: ProblemCode,
    pub clause: Option<&'static str>,
    pub errors: Vec<FieldProblem>,
    /// Value of the `Allow` header.
    pub allow: Option<String>,
    /// Seconds, for the `Retry-After` header.
    pub retry_after: Option<u64>,
    /// What the log says of it; never part of an answer.
    pub cause: Option<String>,
}

impl Problem {
    pub const fn new(code: ProblemCode) -> Self {
        Self { code, clause: None, errors: Vec::new(), allow: None, retry_after: None, cause: None }
    }

    /// A problem with one value.
    pub fn field(code: ProblemCode, pointer: impl Into<String>, field: FieldCode) -> Self {
        Self { errors: vec![FieldProblem { pointer: pointer.into(), code: field }], ..Self::new(code) }
    }

    /// A value that is understood and not acceptable.
    pub fn invalid(pointer: impl Into<String>, field: FieldCode) -> Self {
        Self::field(ProblemCode::ValidationFailed, pointer, field)
    }

    /// An internal failure with what the log should say of it.
    pub fn internal(cause: &dyn std::error::Error) -> Self {
        let mut text = cause.to_string();
        let mut source = cause.source();
        while let Some(next) = source {
            let _ = write!(text, ": {next}");
            source = next.source();
        }
        Self { cause: Some(text), ..Self::new(ProblemCode::Internal) }
    }

    /// Trouble that may pass.
    pub fn try_again(cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), retry_after: Some(2), ..Self::new(ProblemCode::TryAgain) }
    }

    #[must_use]
    pub const fn under_clause(mut self, clause: &'static str) -> Self {
        self.clause = Some(clause);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.slug())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// An empty answer that carries the problem to the edge.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// Why a request was not carried out (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// A URN of the kind of problem, the same for ever.
    #[schema(max_length = 128, example = "urn:smart-mining:problem:validation_failed")]
    pub r#type: String,
    /// What went wrong, in the caller's language.
    #[schema(max_length = 200, example = "The request is understood but not acceptable")]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    pub status: u16,
    /// What the first of `errors` says, or the title again.
    #[schema(max_length = 400, example = "This is not an email address, or one that imitates another.")]
    pub detail: String,
    /// The id of the request, as in `X-Request-Id`; quote it to support.
    #[schema(max_length = 64, example = "req_0198c8f2b1d07c3f9e21a4b7c6d5e4f3")]
    pub instance: String,
    /// A stable code. The list grows: treat one that you do not know like its status.
    #[schema(max_length = 64, pattern = "^[a-z][a-z0-9_]*$", example = "validation_failed")]
    pub code: String,
    /// The clause of the policy that decided, if one did.
    #[schema(required, max_length = 8, example = json!(null))]
    pub clause: Option<String>,
    /// The values that are wrong.
    #[schema(max_items = 100)]
    pub errors: Vec<FieldProblemView>,
}

/// One value that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldProblem)]
pub struct FieldProblemView {
    /// JSON pointer (RFC 6901) into the body, or the name of a parameter.
    #[schema(max_length = 300, example = "/email")]
    pub pointer: String,
    /// A stable code; the list grows.
    #[schema(max_length = 64, pattern = "^[a-z][a-z0-9_]*$", example = "invalid_email")]
    pub code: String,
    /// What is wrong, in words.
    #[schema(max_length = 400, example = "This is not an email address, or one that imitates another.")]
    pub detail: String,
}

impl ProblemView {
    /// The problem in its final words.
    pub fn new(problem: &Problem, instance: &str, title: String) -> Self {
        let errors: Vec<FieldProblemView> = problem.errors.iter().map(FieldProblemView::new).collect();
        Self {
            r#type: format!("urn:smart-mining:problem:{}", problem.code.slug()),
            detail: errors.first().map_or_else(|| title.clone(), |first| first.detail.clone()),
            title,
            status: problem.code.status(),
            instance: instance.to_owned(),
            code: problem.code.slug().to_owned(),
            clause: problem.clause.map(str::to_owned),
            errors,
        }
    }
}

impl FieldProblemView {
    fn new(field: &FieldProblem) -> Self {
        Self {
            pointer: field.pointer.clone(),
            code: field.code.slug().to_owned(),
            detail: field.code.text().to_owned(),
        }
    }
}
