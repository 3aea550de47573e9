//! The policy as a readable page, from the binary: every version, and what changed between two.

mod page;

use actix_web::{HttpRequest, HttpResponse, get, http::header, web::Data};

use super::extract::query::{number, values};
use crate::{problem::Problem, server::Services};

/// Its own style sheet, and a form that asks this origin for another version.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; \
                           base-uri 'none'";
/// More versions than this are found over the API.
const MOST_VERSIONS: u32 = 100;

/// `?version=` shows another version than the one in force, `?since=` what changed since an earlier one.
#[get("/policy")]
pub(super) async fn policy(request: HttpRequest, services: Data<Services>) -> Result<HttpResponse, Problem> {
    let [version, since] = values(request.query_string(), ["version", "since"])?;
    let version: Option<i32> = version.map(|version| number("version", version)).transpose()?;
    // The form names nothing to compare with by an empty value.
    let since: Option<i32> =
        since.filter(|since| !since.is_empty()).map(|since| number("since", since)).transpose()?;
    let current = services.policies.current().await?;
    let shown = match version {
        Some(version) => services.policies.find(version).await?,
        None => current.clone(),
    };
    let changes = match since {
        Some(since) => Some((since, services.policies.changes(shown.version, since).await?)),
        None => None,
    };
    let versions = services.policies.list(None, MOST_VERSIONS).await?.versions;
    let page = page::Page {
        shown: &shown,
        in_force: current.version,
        versions: &versions,
        changes: changes.as_ref().map(|(since, changes)| (*since, changes)),
        controller: &services.consents.controller,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(page.render().into_string()))
}

/// The page's style.
#[get("/policy.css")]
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(include_str!("policy.css"))
}
