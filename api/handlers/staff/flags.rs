//! What gave rise to a closer look, and easing what is asked of persons.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};

use crate::{
    domain::ids::{KycCaseId, KycFlagId},
    handlers::{
        extract::{ByStaff, IdempotencyKey, NoBody, Page, StrictJson, Success, TypedPath, once},
        views::{ExtendKycCase, StaffKycCaseView, StaffKycFlagPageView, StaffKycFlagView, WithdrawKycCase},
    },
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::{idempotency, kyc::Ease},
};

/// List flags
///
/// What accounts were seen to do that calls for a closer look, and whose documents others show; oldest first.
#[utoipa::path(
    tag = "Staff verification",
    responses((status = OK, description = "A page of flags.", body = StaffKycFlagPageView))
)]
#[get("/v1/staff/kyc-flags")]
pub(super) async fn list_kyc_flags(
    ByStaff(caller, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<StaffKycFlagPageView>, Problem> {
    let flags = services.kyc.flags(caller.staff_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(flags.into()))
}

/// Dismiss a flag
///
/// Where there is nothing in it.
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_flag_id" = KycFlagId, Path, description = "The flag.")),
    responses((status = CREATED, description = "The flag, taken down.", body = StaffKycFlagView), NotFound)
)]
#[post("/v1/staff/kyc-flags/{kyc_flag_id}/dismissal")]
pub(super) async fn dismiss_kyc_flag(
    ByStaff(caller, (id, key, NoBody)): ByStaff<(TypedPath<KycFlagId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (caller.staff_id, id.0);
    once::<_, StaffKycFlagView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &idempotency::digest(b""),
        Success::created("/v1/staff/kyc-flags"),
        |recording| async move { services.kyc.dismiss_flag(by, id, recording).await },
    )
    .await
}

/// Give more time
///
/// Until so many days from now; a restriction because the verification is overdue ends.
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_case_id" = KycCaseId, Path, description = "The verification.")),
    request_body = ExtendKycCase,
    responses((status = CREATED, description = "The verification.", body = StaffKycCaseView), NotFound, Conflict)
)]
#[post("/v1/staff/kyc-cases/{kyc_case_id}/extensions")]
pub(super) async fn extend_kyc_case(
    ByStaff(caller, (id, key, body)): ByStaff<(
        TypedPath<KycCaseId>,
        IdempotencyKey,
        StrictJson<ExtendKycCase>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, asked, digest) = (caller.staff_id, id.0, body.value, body.digest);
    let (ease, reason) = (Ease::Extend { days: asked.days.0 }, asked.private_reason.into_text());
    once::<_, StaffKycCaseView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &digest,
        Success::created(format!("/v1/staff/kyc-cases/{id}")),
        |recording| async move { services.kyc.ease(by, id, ease, reason, recording).await },
    )
    .await
}

/// Ask no longer
///
/// Nothing is asked of the person any more, what was handed in is destroyed within the hour, and a restriction that
/// the verification brought ends.
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_case_id" = KycCaseId, Path, description = "The verification.")),
    request_body = WithdrawKycCase,
    responses((status = CREATED, description = "The verification.", body = StaffKycCaseView), NotFound, Conflict)
)]
#[post("/v1/staff/kyc-cases/{kyc_case_id}/withdrawal")]
pub(super) async fn withdraw_kyc_case(
    ByStaff(caller, (id, key, body)): ByStaff<(
        TypedPath<KycCaseId>,
        IdempotencyKey,
        StrictJson<WithdrawKycCase>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, digest) = (caller.staff_id, id.0, body.digest);
    let reason = body.value.private_reason.into_text();
    once::<_, StaffKycCaseView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &digest,
        Success::created(format!("/v1/staff/kyc-cases/{id}")),
        |recording| async move { services.kyc.ease(by, id, Ease::Withdraw, reason, recording).await },
    )
    .await
}
