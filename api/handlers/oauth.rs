//! The token endpoint. It speaks RFC 6749, errors included, and nothing else does.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    post,
    web::Data,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    extract::{Client, RawBody, single_header},
    views::{AccessTokenView, CreateAccessToken, OAuthErrorCode, OAuthErrorView},
};
use crate::{
    domain::ids::PartnerClientId,
    problem::Problem,
    server::Services,
    services::partners::{ClientProof, PartnerError},
};

const FORM: &str = "application/x-www-form-urlencoded";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Get an access token
///
/// Client credentials (RFC 6749, section 4.4): the secret by HTTP Basic or in the form, or a signed
/// assertion (`private_key_jwt`, RFC 7523) whose audience is this address. Errors are those of RFC 6749.
#[utoipa::path(
    tag = "Partner",
    request_body(content = CreateAccessToken, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = OK, description = "The token.", body = AccessTokenView),
        (status = BAD_REQUEST, description = "The request is not one that is answered with a token.", body = OAuthErrorView),
        (status = UNAUTHORIZED, description = "The client does not prove itself.", body = OAuthErrorView),
    )
)]
#[post("/oauth/token")]
pub(super) async fn create_access_token(
    request: HttpRequest,
    client: Client,
    body: RawBody,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let asked = match read(&request, &body.0) {
        Ok(asked) => asked,
        Err(code) => return Ok(refuse(code)),
    };
    let issued = services.partners.token(asked.proof, asked.scope.as_deref(), &client.origin().network).await;
    match issued {
        Ok(token) => Ok(HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .json(AccessTokenView::new(token))),
        Err(PartnerError::InvalidClient) => Ok(refuse(OAuthErrorCode::InvalidClient)),
        Err(PartnerError::InvalidScope) => Ok(refuse(OAuthErrorCode::InvalidScope)),
        Err(other) => Err(other.into()),
    }
}

struct Asked {
    proof: ClientProof,
    scope: Option<String>,
}

fn read(request: &HttpRequest, body: &[u8]) -> Result<Asked, OAuthErrorCode> {
    let invalid = OAuthErrorCode::InvalidRequest;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = kind.is_some_and(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(FORM))
    });
    if !is_form {
        return Err(invalid);
    }
    let mut fields = std::collections::BTreeMap::new();
    for (name, value) in form(body) {
        // Twice the same parameter is malformed (RFC 6749, section 3.2).
        if fields.insert(name, value).is_some() {
            return Err(invalid);
        }
    }
    match fields.remove("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err(OAuthErrorCode::UnsupportedGrantType),
        None => return Err(invalid),
    }
    let scope = fields.remove("scope");
    let basic = single_header(request, header::AUTHORIZATION.as_str()).map_err(|_| invalid)?;
    let secret = (fields.remove("client_id"), fields.remove("client_secret"));
    let assertion = (fields.remove("client_assertion_type"), fields.remove("client_assertion"));
    let proof = match (basic, secret, assertion) {
        (Some(header), (None, None), (None, None)) => {
            basic_proof(header).ok_or(OAuthErrorCode::InvalidClient)?
        }
        (None, (Some(id), Some(secret)), (None, None)) => ClientProof::Secret {
            client_id: id.parse::<PartnerClientId>().map_err(|_| OAuthErrorCode::InvalidClient)?,
            secret,
        },
        (None, (_, None), (Some(kind), Some(assertion))) if kind == JWT_BEARER => {
            ClientProof::Assertion(assertion)
        }
        // One way of proving it, and only one (RFC 6749, section 2.3).
        (None, (_, None), (None, None)) => return Err(OAuthErrorCode::InvalidClient),
        _ => return Err(invalid),
    };
    Ok(Asked { proof, scope })
}

fn basic_proof(header: &str) -> Option<ClientProof> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some(ClientProof::Secret { client_id: id.parse().ok()?, secret: secret.to_owned() })
}

fn form(body: &[u8]) -> Vec<(String, String)> {
    let pairs = url::form_urlencoded::parse(body);
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn refuse(code: OAuthErrorCode) -> HttpResponse {
    let status = match code {
        OAuthErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    if status == StatusCode::UNAUTHORIZED {
        answer.insert_header((header::WWW_AUTHENTICATE, "Basic realm=\"oauth\""));
    }
    answer.json(OAuthErrorView::new(code))
}
