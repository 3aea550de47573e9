//! What recipients have to do: as the person sees it, as they do it, and as staff looks after it.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};

use super::{
    extract::{By, ByPartner, ByStaff, IdempotencyKey, NoBody, Page, Success, TypedPath, once},
    views::{
        ObligationPageView, PartnerObligationPageView, PartnerObligationView, StaffObligationPageView,
        StaffObligationView,
    },
};
use crate::{
    domain::ids::ObligationId,
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::idempotency,
};

/// List obligations
///
/// What everybody who got the person's data has to do since it was corrected, erased or restricted, and whether it is
/// done; newest first.
#[utoipa::path(
    tag = "Disclosures",
    responses((status = OK, description = "A page of obligations.", body = ObligationPageView))
)]
#[get("/v1/obligations")]
pub(super) async fn list_obligations(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<ObligationPageView>, Problem> {
    Ok(Json(services.obligations.own(person.account_id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// List the partner's obligations
///
/// In the order in which they came to be, under a number that never changes: poll with the cursor of the last page.
#[utoipa::path(
    tag = "Partner",
    responses((status = OK, description = "A page of obligations.", body = PartnerObligationPageView))
)]
#[get("/v1/partner/obligations")]
pub(super) async fn list_partner_obligations(
    ByPartner(client, page): ByPartner<Page>,
    services: Data<Services>,
) -> Result<Json<PartnerObligationPageView>, Problem> {
    Ok(Json(services.obligations.feed(client.id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Get an obligation of the partner
///
/// As it stands now.
#[utoipa::path(
    tag = "Partner",
    params(("obligation_id" = ObligationId, Path, description = "The obligation.")),
    responses((status = OK, description = "The obligation.", body = PartnerObligationView), NotFound)
)]
#[get("/v1/partner/obligations/{obligation_id}")]
pub(super) async fn get_partner_obligation(
    ByPartner(client, id): ByPartner<TypedPath<ObligationId>>,
    services: Data<Services>,
) -> Result<Json<PartnerObligationView>, Problem> {
    Ok(Json(PartnerObligationView::from(&services.obligations.of_client(client.id, id.0).await?)))
}

/// Acknowledge an obligation
///
/// That the partner corrected, erased or restricted what it fetched.
#[utoipa::path(
    tag = "Partner",
    params(("obligation_id" = ObligationId, Path, description = "The obligation.")),
    responses((status = CREATED, description = "The obligation.", body = PartnerObligationView), NotFound, Conflict)
)]
#[post("/v1/partner/obligations/{obligation_id}/acknowledgement")]
pub(super) async fn acknowledge_obligation(
    ByPartner(client, (id, key, _)): ByPartner<(TypedPath<ObligationId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (client, id) = (client.id, id.0);
    let who = [client.as_bytes().as_slice(), id.as_bytes()].concat();
    let place = Success::created(format!("/v1/partner/obligations/{id}"));
    let digest = idempotency::digest(&[]);
    once::<_, PartnerObligationView, _, _>(key, &who, &digest, place, |recording| async move {
        services.obligations.acknowledge(client, id, recording).await
    })
    .await
}

/// List open obligations
///
/// What recipients have not done yet, what is due first before the others; so what is overdue comes first.
#[utoipa::path(
    tag = "Staff disclosures",
    responses((status = OK, description = "A page of obligations.", body = StaffObligationPageView))
)]
#[get("/v1/staff/obligations")]
pub(super) async fn list_staff_obligations(
    ByStaff(staff, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<StaffObligationPageView>, Problem> {
    Ok(Json(services.obligations.open(staff.staff_id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Record an acknowledgement
///
/// Of a recipient without a client, which said by letter that it is done.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("obligation_id" = ObligationId, Path, description = "The obligation.")),
    responses((status = CREATED, description = "The obligation.", body = StaffObligationView), NotFound, Conflict)
)]
#[post("/v1/staff/obligations/{obligation_id}/acknowledgement")]
pub(super) async fn record_obligation_acknowledgement(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<ObligationId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    let who = [by.as_bytes().as_slice(), id.as_bytes()].concat();
    let place = Success::created("/v1/staff/obligations");
    let digest = idempotency::digest(&[]);
    once::<_, StaffObligationView, _, _>(key, &who, &digest, place, |recording| async move {
        services.obligations.record(by, id, recording).await
    })
    .await
}
