//! What is told to everybody of disclosures.

use actix_web::{
    get,
    web::{Data, Json},
};

use super::views::TransparencyView;
use crate::{problem::Problem, server::Services};

/// Get the transparency report
///
/// How many disclosures were asked for and what they came to, by class of recipients and quarter, counted from the
/// tamper-evident log. Small numbers are held back, and what would give them away.
#[utoipa::path(
    tag = "Log",
    responses((status = OK, description = "What is told.", body = TransparencyView))
)]
#[get("/v1/transparency")]
pub(super) async fn get_transparency(services: Data<Services>) -> Result<Json<TransparencyView>, Problem> {
    Ok(Json(TransparencyView::from(&services.transparency.report().await?)))
}
