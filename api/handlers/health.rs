//! Liveness, readiness and metrics, for the operator.

use actix_web::{HttpResponse, get, web::Data};

use crate::{problem::Problem, server::Services, telemetry};

/// The process runs.
#[get("/health/live")]
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "live" }))
}

/// The process can do its work: both stores answer.
#[get("/health/ready")]
pub(super) async fn ready(services: Data<Services>) -> Result<HttpResponse, Problem> {
    services.ready().await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "status": "ready" })))
}

/// Metrics in the text form of Prometheus; on the operator's listener alone.
#[get("/metrics")]
pub(super) async fn metrics() -> Result<HttpResponse, Problem> {
    let text = telemetry::metrics().render().map_err(|error| Problem::internal(&error))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}
