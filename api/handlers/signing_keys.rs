//! The public keys of access tokens.

use actix_web::{HttpResponse, get, http::header, web::Data};

use super::views::SigningKeySet;
use crate::{problem::Problem, server::Services};

/// List signing keys
///
/// The public keys that verify access tokens (RFC 7517), newest first. A valid signature alone does
/// not mean a live session.
#[utoipa::path(
    tag = "Keys",
    responses((status = OK, description = "The keys.", body = SigningKeySet))
)]
#[get("/.well-known/jwks.json")]
pub(super) async fn list_signing_keys(services: Data<Services>) -> Result<HttpResponse, Problem> {
    let keys = services.access.public_keys(services.clock.now())?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(SigningKeySet::new(keys)))
}
