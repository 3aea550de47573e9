//! Forms with files (RFC 7578): few parts, each named once, bounded in size and time. What a client calls a
//! file, and what it says that it is, is not looked at.

use std::{future::Future, pin::Pin, time::Duration};

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web::Data};
use futures_util::StreamExt;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use validator::Validate;
use zeroize::Zeroizing;

use super::{
    json_rules::{is_our_kind, pointer_of},
    operation, single_header,
    strict_json::parse,
};
use crate::{
    domain::{encoding::length_prefixed, kyc::file::MOST_BYTES},
    handlers::edge::{Edge, UploadTurn, client_address, network_of},
    problem::{FieldCode, Problem, ProblemCode},
};

/// The most parts of a form.
const MOST_PARTS: usize = 16;
/// The most bytes of a part that is no file.
const MOST_TEXT: usize = 1_024;

/// The place of a file in a form.
#[derive(Clone, Copy, Debug)]
pub struct FilePart(usize);

impl<'de> Deserialize<'de> for FilePart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A text can never be a number here, so nobody names a file by its place.
        usize::deserialize(deserializer).map(Self)
    }
}

/// The files of a form, and the right to have them in memory.
pub(in crate::handlers) struct Files {
    files: Vec<Zeroizing<Vec<u8>>>,
    _turn: UploadTurn,
}

impl Files {
    /// The file of a part; each is taken once.
    pub(in crate::handlers) fn take(&mut self, part: FilePart) -> Zeroizing<Vec<u8>> {
        self.files.get_mut(part.0).map(std::mem::take).unwrap_or_default()
    }
}

/// A parsed and validated form, with the digest that tells a repeat from another request.
pub(in crate::handlers) struct StrictMultipart<T> {
    pub(in crate::handlers) value: T,
    pub(in crate::handlers) files: Files,
    pub(in crate::handlers) digest: [u8; 32],
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for StrictMultipart<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let most = operation(&request)?.most_body_bytes();
            accept(&request, most)?;
            let edge = request.app_data::<Data<Edge>>().ok_or(Problem::new(ProblemCode::Internal))?;
            let network = network_of(client_address(&request, &edge.http.trusted_proxies));
            let turn = edge.uploads.turn(network).await;
            let turn = turn.ok_or_else(|| Problem::try_again("too many uploads at once"))?;
            let deadline = Duration::from_secs(edge.http.upload_seconds);
            let form = Multipart::new(request.headers(), payload);
            let read = tokio::time::timeout(deadline, read(form, most)).await;
            let form = read.map_err(|_| Problem::new(ProblemCode::RequestTimeout))??;
            let text = Zeroizing::new(serde_json::to_vec(&Value::Object(form.fields)).unwrap_or_default());
            Ok(Self {
                value: parse(&text)?,
                files: Files { files: form.files, _turn: turn },
                digest: form.digest.finalize().into(),
            })
        })
    }
}

fn accept(request: &HttpRequest, most: usize) -> Result<(), Problem> {
    let content_type = single_header(request, header::CONTENT_TYPE.as_str())?.unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let is_encoded = request.headers().contains_key(header::CONTENT_ENCODING);
    if is_encoded || !kind.eq_ignore_ascii_case("multipart/form-data") {
        return Err(Problem::new(ProblemCode::UnsupportedMediaType));
    }
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > most) {
        return Err(Problem::new(ProblemCode::BodyTooLarge));
    }
    Ok(())
}

struct Form {
    fields: Map<String, Value>,
    files: Vec<Zeroizing<Vec<u8>>>,
    digest: Sha256,
}

fn malformed() -> Problem {
    Problem::field(ProblemCode::MalformedRequest, "body", FieldCode::InvalidValue)
}

fn unreadable(error: &MultipartError) -> Problem {
    match error {
        MultipartError::Payload(_) => Problem::new(ProblemCode::MalformedRequest),
        _ => malformed(),
    }
}

async fn read(mut multipart: Multipart, most_in_all: usize) -> Result<Form, Problem> {
    let mut form = Form { fields: Map::new(), files: Vec::new(), digest: Sha256::new() };
    let (mut parts, mut in_all) = (0, 0);
    while let Some(field) = multipart.next().await {
        let mut field = field.map_err(|error| unreadable(&error))?;
        parts += 1;
        if parts > MOST_PARTS {
            return Err(malformed());
        }
        let (name, is_file) = name_of(&field)?;
        let pointer = pointer_of(std::slice::from_ref(&name));
        let most = if is_file { MOST_BYTES } else { MOST_TEXT };
        let code = if is_file { FieldCode::FileTooLarge } else { FieldCode::OutOfRange };
        let content = collect(&mut field, most, || Problem::invalid(pointer.clone(), code)).await?;
        // However the body came: without a length declared, too.
        in_all += content.len();
        if in_all > most_in_all {
            return Err(Problem::new(ProblemCode::BodyTooLarge));
        }
        // What a browser sends for a field that was left empty.
        if content.is_empty() {
            continue;
        }
        form.digest.update(length_prefixed(&[name.as_bytes(), &content]));
        let value = if is_file {
            form.files.push(content);
            Value::from(form.files.len() - 1)
        } else {
            let text = std::str::from_utf8(&content).map_err(|_| malformed())?;
            Value::from(text)
        };
        if form.fields.insert(name, value).is_some() {
            return Err(Problem::field(ProblemCode::MalformedRequest, pointer, FieldCode::DuplicateField));
        }
    }
    Ok(form)
}

/// The name of a part, and whether it is a file.
fn name_of(field: &Field) -> Result<(String, bool), Problem> {
    // An encoding of the transfer is none of HTTP's (RFC 7578, section 4.7).
    if field.headers().contains_key("content-transfer-encoding") {
        return Err(malformed());
    }
    let disposition = field.content_disposition().ok_or_else(malformed)?;
    let name = disposition.get_name().filter(|name| is_our_kind(name)).ok_or_else(malformed)?;
    let is_file = disposition.get_filename().is_some() || disposition.get_filename_ext().is_some();
    Ok((name.to_owned(), is_file))
}

async fn collect(
    field: &mut Field,
    most: usize,
    too_large: impl Fn() -> Problem,
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut bytes = Zeroizing::new(Vec::new());
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        if bytes.len() + chunk.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
