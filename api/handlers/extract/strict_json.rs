//! JSON bodies: exact content type, bounded in size and time, one meaning, every fault with its place.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderValue},
    web::{BytesMut, Data},
};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};
use zeroize::Zeroize;

use super::{
    json_rules::{is_our_kind, pointer_of, read_object},
    operation, single_header,
};
use crate::{
    domain::operation::Operation,
    handlers::edge::Edge,
    problem::{FieldCode, FieldProblem, Problem, ProblemCode},
    services::idempotency,
};

/// A parsed and validated body, with the digest that tells a repeat from another request.
pub(in crate::handlers) struct StrictJson<T> {
    pub(in crate::handlers) value: T,
    pub(in crate::handlers) digest: [u8; 32],
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for StrictJson<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let accepted = accept(request);
        let bytes = RawBody::from_request(request, payload);
        Box::pin(async move {
            accepted?;
            let RawBody(mut bytes) = bytes.await?;
            let digest = idempotency::digest(&bytes);
            let value = parse(&bytes);
            bytes.as_mut().zeroize();
            Ok(Self { value: value?, digest })
        })
    }
}

/// The bytes of a body, bounded in size and time; whoever takes them looks after their meaning.
pub(in crate::handlers) struct RawBody(pub(in crate::handlers) BytesMut);

impl FromRequest for RawBody {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let seconds = request.app_data::<Data<Edge>>().map_or(10, |edge| edge.http.body_seconds);
        let (payload, most) = (payload.take(), most_bytes(request));
        Box::pin(async move {
            let deadline = Duration::from_secs(seconds);
            let bytes = tokio::time::timeout(deadline, collect(payload, most)).await;
            Ok(Self(bytes.map_err(|_| Problem::new(ProblemCode::RequestTimeout))??))
        })
    }
}

fn accept(request: &HttpRequest) -> Result<(), Problem> {
    let content_type = single_header(request, header::CONTENT_TYPE.as_str())?;
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase().replace([' ', '"'], "");
    let encoded = request.headers().contains_key(header::CONTENT_ENCODING);
    if encoded || !matches!(content_type.as_str(), "application/json" | "application/json;charset=utf-8") {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType));
    }
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > most_bytes(request)) {
        return Err(Problem::new(ProblemCode::BodyTooLarge));
    }
    Ok(())
}

/// The largest body that the operation takes.
fn most_bytes(request: &HttpRequest) -> usize {
    operation(request).map_or(0, Operation::most_body_bytes)
}

async fn collect(mut payload: Payload, most: usize) -> Result<BytesMut, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Problem::new(ProblemCode::MalformedRequest))?;
        if bytes.len() + chunk.len() > most {
            return Err(Problem::new(ProblemCode::BodyTooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(super) fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    let object = read_object(bytes)?;
    let value: T = serde_path_to_error::deserialize(object).map_err(|error| {
        let mut place: Vec<String> = error.path().iter().filter_map(segment).collect();
        let code = interpret(&error.inner().to_string(), &mut place);
        Problem::invalid(pointer_of(&place), code)
    })?;
    value.validate().map_err(|errors| {
        let mut found = Vec::new();
        gather(&errors, "", &mut found);
        found.sort_by(|a: &FieldProblem, b| a.pointer.cmp(&b.pointer));
        Problem { errors: found, ..Problem::new(ProblemCode::ValidationFailed) }
    })?;
    Ok(value)
}

fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

/// What serde says, as a code. Its words hold the client's values and go no further.
fn interpret(words: &str, place: &mut Vec<String>) -> FieldCode {
    let quoted = || words.split('`').nth(1).unwrap_or_default().to_owned();
    if words.starts_with("missing field") {
        place.push(quoted());
        return FieldCode::MissingField;
    }
    if words.starts_with("unknown field") {
        let name = quoted();
        if place.last() != Some(&name) && is_our_kind(&name) {
            place.push(name);
        }
        return FieldCode::UnknownField;
    }
    if words.starts_with("invalid type") {
        return FieldCode::WrongType;
    }
    FieldCode::find(words).unwrap_or(FieldCode::InvalidValue)
}

fn gather(errors: &ValidationErrors, base: &str, found: &mut Vec<FieldProblem>) {
    for (field, kind) in errors.errors() {
        let pointer = format!("{base}/{field}");
        match kind {
            ValidationErrorsKind::Field(all) => found.extend(all.iter().map(|error| FieldProblem {
                pointer: pointer.clone(),
                code: FieldCode::find(&error.code).unwrap_or(FieldCode::OutOfRange),
            })),
            ValidationErrorsKind::Struct(inner) => gather(inner, &pointer, found),
            ValidationErrorsKind::List(items) => {
                for (n, inner) in items {
                    gather(inner, &format!("{pointer}/{n}"), found);
                }
            }
        }
    }
}

/// The absence of a body, where an operation takes none: one that is sent means something else.
pub(in crate::handlers) struct NoBody;

impl FromRequest for NoBody {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let length = request.headers().get(header::CONTENT_LENGTH).map(HeaderValue::as_bytes);
        let is_empty = matches!(length, None | Some(b"0"));
        let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
        ready(if is_empty && !is_chunked {
            Ok(Self)
        } else {
            Err(Problem::field(ProblemCode::MalformedRequest, "body", FieldCode::UnknownField))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handlers::views::{CreateSession, RegisterAccount};

    fn refusal<T: DeserializeOwned + Validate>(body: &str) -> (u16, String, &'static str) {
        let problem = parse::<T>(body.as_bytes()).err().expect("the body is refused");
        let first = problem.errors.first();
        (
            problem.code.status(),
            first.map(|error| error.pointer.clone()).unwrap_or_default(),
            first.map_or("", |error| error.code.slug()),
        )
    }

    #[test]
    fn every_fault_has_its_place_and_no_value() {
        type Is<'a> = (u16, &'a str, &'static str);
        let cases: [(&str, Is<'_>); 12] = [
            ("[]", (400, "", "wrong_type")),
            ("{", (400, "", "")),
            (r#"{"email":"a@example.org","email":"b@example.org"}"#, (400, "/email", "duplicate_field")),
            (r#"{"email":"a@example.org"}"#, (422, "/password", "missing_field")),
            (r#"{"email":"a@example.org","password":"x","role":"admin"}"#, (422, "/role", "unknown_field")),
            (r#"{"email":"a@example.org","password":"x","S3cret!":1}"#, (422, "", "unknown_field")),
            (r#"{"email":7,"password":"x"}"#, (422, "/email", "wrong_type")),
            (r#"{"email":null,"password":"x"}"#, (422, "/email", "wrong_type")),
            (r#"{"email":"hunter2","password":"x"}"#, (422, "/email", "invalid_email")),
            (
                "{\"email\":\"a\\u0000@example.org\",\"password\":\"x\"}",
                (422, "/email", "unacceptable_character"),
            ),
            (
                "{\"email\":\"a\\u202e@example.org\",\"password\":\"x\"}",
                (422, "/email", "unacceptable_character"),
            ),
            (r#"{"email":"a@example.org","password":"x"} trailing"#, (400, "", "")),
        ];
        for (body, (status, pointer, code)) in cases {
            assert_eq!(refusal::<CreateSession>(body), (status, pointer.to_owned(), code), "{body}");
        }
        let deep = format!("{{\"email\":{}1{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(refusal::<CreateSession>(&deep).0, 400);
        let many = format!(r#"{{"consents":[{}]}}"#, ["{\"purpose\":\"x\",\"granted\":true}"; 2].join(","));
        assert_eq!(refusal::<RegisterAccount>(&many), (422, "/consents/0/purpose".into(), "invalid_value"));
    }
}
