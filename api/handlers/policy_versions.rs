//! The policy, public.

use actix_web::{HttpResponse, get, http::header, web::Data};

use super::{extract::TypedPath, views::PolicyVersionView};
use crate::{openapi::responses::NotFound, problem::Problem, server::Services};

/// Get the policy in force
///
/// The newest published version. Show it, and send its number and hash with a registration.
#[utoipa::path(
    tag = "Policy",
    responses((status = OK, description = "The version in force.", body = PolicyVersionView))
)]
#[get("/v1/policy-versions/current")]
pub(super) async fn get_current_policy_version(services: Data<Services>) -> Result<HttpResponse, Problem> {
    let version = services.policies.current().await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .json(PolicyVersionView::new(version)))
}

/// Get a policy version
///
/// A published version by its number; it never changes.
#[utoipa::path(
    tag = "Policy",
    params(("version" = i32, Path, description = "The number of the version.", minimum = 1, maximum = 1_000_000, example = 1)),
    responses((status = OK, description = "The version.", body = PolicyVersionView), NotFound)
)]
#[get("/v1/policy-versions/{version}")]
pub(super) async fn get_policy_version(
    version: TypedPath<i32>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let version = services.policies.find(version.0).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .json(PolicyVersionView::new(version)))
}
