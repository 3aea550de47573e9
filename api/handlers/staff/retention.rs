//! The report of retention, as staff reads it.

use actix_web::{
    get,
    web::{Data, Json},
};

use crate::{
    handlers::{extract::Staff, views::RetentionReportView},
    problem::Problem,
    server::Services,
};

/// Get the retention report
///
/// By which rule each stored value goes, when that was last applied, and how much it took away on each of the last thirty
/// days.
#[utoipa::path(
    tag = "Staff policy",
    responses((status = OK, description = "The report.", body = RetentionReportView))
)]
#[get("/v1/staff/retention-report")]
pub(in crate::handlers) async fn get_retention_report(
    _staff: Staff,
    services: Data<Services>,
) -> Result<Json<RetentionReportView>, Problem> {
    Ok(Json(RetentionReportView::from(&services.retention.report().await?)))
}
