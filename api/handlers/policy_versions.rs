//! The policy, public: its versions, how its clauses are kept, what changed, what its purposes mean.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header,
    web::{Data, Json},
};

use super::{
    extract::{
        Page, TypedPath,
        query::{malformed, number, values},
    },
    views::{ClauseRulesView, PolicyChangesView, PolicyVersionPageView, PolicyVersionView, PurposeCatalogue},
};
use crate::{
    openapi::responses::NotFound,
    problem::{FieldCode, Problem},
    server::Services,
};

const FOREVER: &str = "public, max-age=31536000, immutable";

fn public(cache: &'static str, body: impl serde::Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, cache)).json(body)
}

/// List policy versions
///
/// Every published version, newest first (clause 9.1).
#[utoipa::path(
    tag = "Policy",
    responses((status = OK, description = "A page of versions.", body = PolicyVersionPageView))
)]
#[get("/v1/policy-versions")]
pub(super) async fn list_policy_versions(
    page: Page,
    services: Data<Services>,
) -> Result<Json<PolicyVersionPageView>, Problem> {
    let versions = services.policies.list(page.cursor.as_deref(), page.limit).await?;
    Ok(Json(PolicyVersionPageView::new(versions)))
}

/// Get the policy in force
///
/// The newest published version. Show it, and send its number and hash with a registration or an
/// acceptance. `/policy` is the same as a readable page.
#[utoipa::path(
    tag = "Policy",
    responses((status = OK, description = "The version in force.", body = PolicyVersionView))
)]
#[get("/v1/policy-versions/current")]
pub(super) async fn get_current_policy_version(services: Data<Services>) -> Result<HttpResponse, Problem> {
    let version = services.policies.current().await?;
    Ok(public("no-cache", PolicyVersionView::from(&**version)))
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
    Ok(public(FOREVER, PolicyVersionView::from(&**version)))
}

/// List how clauses are kept
///
/// For each clause of a version the rule that keeps it and the operations that enforce the rule, or why
/// software cannot.
#[utoipa::path(
    tag = "Policy",
    params(("version" = i32, Path, description = "The number of the version.", minimum = 1, maximum = 1_000_000, example = 1)),
    responses((status = OK, description = "The clauses.", body = ClauseRulesView), NotFound)
)]
#[get("/v1/policy-versions/{version}/clauses")]
pub(super) async fn list_policy_clauses(
    version: TypedPath<i32>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let version = services.policies.find(version.0).await?;
    Ok(public("no-cache", ClauseRulesView::new(&version)))
}

/// Get what changed in a policy version
///
/// Against the version named by `since`, or the one before: clauses word by word, and purposes, recipients,
/// countries and retention as data.
#[utoipa::path(
    tag = "Policy",
    params(
        ("version" = i32, Path, description = "The number of the version.", minimum = 1, maximum = 1_000_000, example = 1),
        ("since" = Option<i32>, Query, description = "The version to compare with; the one before if absent.", minimum = 1, maximum = 1_000_000, example = 1),
    ),
    responses((status = OK, description = "What changed.", body = PolicyChangesView), NotFound)
)]
#[get("/v1/policy-versions/{version}/changes")]
pub(super) async fn get_policy_changes(
    version: TypedPath<i32>,
    request: HttpRequest,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let [since] = values(request.query_string(), ["since"])?;
    let since: Option<i32> = since.map(|since| number("since", since)).transpose()?;
    let since = since.unwrap_or_else(|| version.0.saturating_sub(1).max(1));
    if since < 1 {
        return Err(malformed("since", FieldCode::OutOfRange));
    }
    let changes = services.policies.changes(version.0, since).await?;
    Ok(public(FOREVER, PolicyChangesView::new(since, version.0, &changes)))
}

/// List purposes
///
/// The catalogue of the policy in force: for each purpose its lawful basis, clause, data, recipients,
/// countries, retention, and the hash of the definition that a consent names.
#[utoipa::path(
    tag = "Policy",
    responses((status = OK, description = "The purposes.", body = PurposeCatalogue))
)]
#[get("/v1/purposes")]
pub(super) async fn list_purposes(services: Data<Services>) -> Result<HttpResponse, Problem> {
    let version = services.policies.current().await?;
    Ok(public("no-cache", PurposeCatalogue::new(&version)))
}
