//! The public keys of what the service signs.

use actix_web::{HttpResponse, get, http::header, web::Data};

use super::views::SigningKeySet;
use crate::{problem::Problem, server::Services};

/// List signing keys
///
/// The public keys that verify access tokens (`person-…`), promises of the log (`log-…`),
/// receipts of consent (`receipt-…`) and packages for recipients (`package-…`), newest first (RFC 7517). A valid signature of a token alone does not mean a live session.
#[utoipa::path(
    tag = "Keys",
    responses((status = OK, description = "The keys.", body = SigningKeySet))
)]
#[get("/.well-known/jwks.json")]
pub(super) async fn list_signing_keys(services: Data<Services>) -> Result<HttpResponse, Problem> {
    let mut keys = services.access.public_keys(services.clock.now())?;
    keys.extend(services.log.public_keys()?);
    keys.extend(services.consents.public_keys()?);
    keys.extend(services.disclosures.public_keys()?);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(SigningKeySet::new(keys)))
}
