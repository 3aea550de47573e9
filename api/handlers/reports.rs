//! Aggregates: clicks come in from people and devices, counts go out to those who get counts alone.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};

use super::{
    extract::{
        ByPartner, ByStaff, IdempotencyKey, MaybePerson, NoBody, Page, StrictJson, Success, TypedPath, once,
    },
    views::{
        AdClickReportPageView, AdEventResultsView, AdvertisementPageView, AdvertisementView,
        RegisterAdvertisement, ReportAdEvents,
    },
};
use crate::{
    domain::ids::AdvertisementId,
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::{consents::ConsentOrigin, idempotency, reports::Teller},
};

/// Report clicks on advertisements
///
/// Of a signed-in person, or of the device that its cookie recognises; counted only where the consent to `advertising`
/// stands. People are counted, not clicks, so a report that may not have arrived is sent again as it is. What arrives
/// later than five minutes after its hour is dropped.
#[utoipa::path(
    tag = "Devices",
    request_body = ReportAdEvents,
    responses((status = OK, description = "What became of each.", body = AdEventResultsView))
)]
#[post("/v1/ad-events")]
pub(super) async fn report_ad_events(
    person: MaybePerson,
    origin: ConsentOrigin,
    body: StrictJson<ReportAdEvents>,
    services: Data<Services>,
) -> Result<Json<AdEventResultsView>, Problem> {
    let teller = Teller { account: person.0, device: origin.device };
    if let (None, Some(device), true) = (teller.account, teller.device, origin.gpc) {
        // The first sight of Global Privacy Control refuses.
        services.consents.of_device(device, true).await?;
    }
    Ok(Json(AdEventResultsView::new(services.reports.take(teller, body.value.into_clicks()).await?)))
}

/// List reports of clicks
///
/// How many people clicked an advertisement in an hour: published once, ten minutes after the hour, and never changed.
/// Nothing is told of fewer people with accounts than `minimum_group`. An advertiser sees its own advertisements, whoever
/// analyses or searches all of them. Poll with the cursor of the last page.
#[utoipa::path(
    tag = "Partner",
    responses((status = OK, description = "A page of reports.", body = AdClickReportPageView))
)]
#[get("/v1/partner/reports/ad-clicks")]
pub(super) async fn list_ad_click_reports(
    ByPartner(client, page): ByPartner<Page>,
    services: Data<Services>,
) -> Result<Json<AdClickReportPageView>, Problem> {
    Ok(Json(services.reports.published(client.id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Register an advertisement
///
/// Of an active recipient of the class `advertiser`. Its clicks are counted from now on.
#[utoipa::path(
    tag = "Advertisements",
    request_body = RegisterAdvertisement,
    responses((status = CREATED, description = "The advertisement.", body = AdvertisementView), Conflict)
)]
#[post("/v1/staff/advertisements")]
pub(super) async fn register_advertisement(
    ByStaff(staff, (key, body)): ByStaff<(IdempotencyKey, StrictJson<RegisterAdvertisement>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, asked) = (staff.staff_id, body.value);
    let place = Success::created("/v1/staff/advertisements");
    once::<_, AdvertisementView, _, _>(key, by.as_bytes(), &body.digest, place, |recording| async move {
        services.reports.register(by, asked.recipient_id, asked.label, recording).await
    })
    .await
}

/// List advertisements
///
/// Those that run, and those that have ended.
#[utoipa::path(
    tag = "Advertisements",
    responses((status = OK, description = "A page of advertisements.", body = AdvertisementPageView))
)]
#[get("/v1/staff/advertisements")]
pub(super) async fn list_advertisements(
    ByStaff(staff, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<AdvertisementPageView>, Problem> {
    Ok(Json(
        services.reports.advertisements(staff.staff_id, page.cursor.as_deref(), page.limit).await?.into(),
    ))
}

/// End an advertisement
///
/// Clicks of the hour that runs are still counted, later ones are not.
#[utoipa::path(
    tag = "Advertisements",
    params(("advertisement_id" = AdvertisementId, Path, description = "The advertisement.")),
    responses((status = CREATED, description = "The advertisement.", body = AdvertisementView), NotFound, Conflict)
)]
#[post("/v1/staff/advertisements/{advertisement_id}/end")]
pub(super) async fn end_advertisement(
    ByStaff(staff, (id, key, NoBody)): ByStaff<(TypedPath<AdvertisementId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    let who = [by.as_bytes().as_slice(), id.as_bytes()].concat();
    let (place, digest) = (Success::created("/v1/staff/advertisements"), idempotency::digest(&[]));
    once::<_, AdvertisementView, _, _>(key, &who, &digest, place, |recording| async move {
        services.reports.end(by, id, recording).await
    })
    .await
}
