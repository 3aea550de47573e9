//! Activity that the platform reports (clause 1.8).

use actix_web::{
    post,
    web::{Data, Json},
};

use super::{
    extract::{ByPartner, StrictJson},
    views::{ReportSignals, SignalReportView},
};
use crate::{problem::Problem, server::Services};

/// Report activity
///
/// What accounts were seen to do, from a closed list. Enough of it calls for a verification of identity. A signal
/// that is reported twice under one reference is kept once, so a report that may not have arrived is sent again as
/// it is.
#[utoipa::path(
    tag = "Partner",
    request_body = ReportSignals,
    responses((status = OK, description = "What became of each.", body = SignalReportView))
)]
#[post("/v1/partner/signals")]
pub(super) async fn report_signals(
    ByPartner(client, body): ByPartner<StrictJson<ReportSignals>>,
    services: Data<Services>,
) -> Result<Json<SignalReportView>, Problem> {
    let reports = body.value.into_reports(services.clock.now())?;
    let references = reports.iter().map(|report| report.reference.clone()).collect();
    let outcomes = services.kyc.report(client.id, reports).await?;
    Ok(Json(SignalReportView::new(references, outcomes)))
}
