//! The log, public: the newest checkpoint, and proofs against it.

use actix_web::{HttpRequest, HttpResponse, get, http::header, web::Data};

use super::{
    extract::query::{malformed, number, values},
    views::{LogCheckpointView, LogConsistencyProofView, LogInclusionProofView},
};
use crate::{
    domain::encoding::unhex,
    openapi::responses::NotFound,
    problem::{FieldCode, Problem},
    server::Services,
};

/// Get the newest checkpoint of the log
///
/// What the tamper-evident log came to, signed: a C2SP checkpoint over an RFC 6962 tree. Keep one; the
/// log must for ever begin with it. Leaves carry no personal data.
#[utoipa::path(
    tag = "Log",
    responses((status = OK, description = "The checkpoint.", body = LogCheckpointView))
)]
#[get("/v1/log/checkpoint")]
pub(super) async fn get_log_checkpoint(services: Data<Services>) -> Result<HttpResponse, Problem> {
    let checkpoint = services.log.checkpoint().await?;
    Ok(public(LogCheckpointView::new(checkpoint)))
}

/// Prove that a leaf is in the log
///
/// The audit path (RFC 6962, section 2.1.1) of a leaf whose hash came in a `Log-Promise`, against the
/// newest checkpoint or a smaller tree.
#[utoipa::path(
    tag = "Log",
    params(
        ("leaf_hash" = String, Query, description = "The leaf's hash, in hexadecimal digits.", min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$", example = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        ("tree_size" = Option<i64>, Query, description = "The size of the tree; that of the newest checkpoint if absent.", minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1_204),
    ),
    responses((status = OK, description = "The proof.", body = LogInclusionProofView), NotFound)
)]
#[get("/v1/log/proofs/inclusion")]
pub(super) async fn get_log_inclusion_proof(
    request: HttpRequest,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let [leaf, size] = values(request.query_string(), ["leaf_hash", "tree_size"])?;
    let leaf = leaf.ok_or_else(|| malformed("leaf_hash", FieldCode::MissingField))?;
    let hash = unhex(leaf).and_then(|bytes| bytes.try_into().ok());
    let hash = hash.ok_or_else(|| malformed("leaf_hash", FieldCode::WrongType))?;
    let size = size.map(|size| number("tree_size", size)).transpose()?;
    let proof = services.log.prove_inclusion(hash, size).await?;
    Ok(public(LogInclusionProofView::new(&hash, &proof)))
}

/// Prove that the log only grew
///
/// That the tree of `to_size` entries begins with the tree of `from_size` entries (RFC 6962, section 2.1.2).
#[utoipa::path(
    tag = "Log",
    params(
        ("from_size" = i64, Query, description = "The size of the older tree.", minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1_000),
        ("to_size" = Option<i64>, Query, description = "The size of the newer tree; that of the newest checkpoint if absent.", minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 1_204),
    ),
    responses((status = OK, description = "The proof.", body = LogConsistencyProofView))
)]
#[get("/v1/log/proofs/consistency")]
pub(super) async fn get_log_consistency_proof(
    request: HttpRequest,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let [from, to] = values(request.query_string(), ["from_size", "to_size"])?;
    let from = number("from_size", from.ok_or_else(|| malformed("from_size", FieldCode::MissingField))?)?;
    let to = to.map(|to| number("to_size", to)).transpose()?;
    let proof = services.log.prove_consistency(from, to).await?;
    Ok(public(LogConsistencyProofView::new(&proof)))
}

fn public(body: impl serde::Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-cache")).json(body)
}
