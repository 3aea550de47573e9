//! Asking persons for a verification of identity.

use actix_web::{HttpResponse, post, web::Data};

use crate::{
    handlers::{
        extract::{ByStaff, IdempotencyKey, StrictJson, Success, once},
        views::{RequestKyc, StaffKycCaseView},
    },
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::kyc::KycRequest,
};

/// Ask for a verification of identity
///
/// The person learns the clause and the day, by a notice and by mail, and never the private reason. That reason is
/// refused where it speaks of a special category of data (`special_category`, clause 1.9).
#[utoipa::path(
    tag = "Staff verification",
    request_body = RequestKyc,
    responses((status = CREATED, description = "What is asked for.", body = StaffKycCaseView), NotFound, Conflict)
)]
#[post("/v1/staff/kyc-cases")]
pub(super) async fn request_kyc(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<RequestKyc>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, digest, asked) = (caller.staff_id, body.digest, body.value);
    let request = KycRequest {
        account_id: asked.account_id,
        ground: asked.ground,
        private_reason: asked.private_reason.into_text(),
        days: asked.days.0,
    };
    once::<_, StaffKycCaseView, _, _>(
        key,
        by.as_bytes(),
        &digest,
        Success::created("/v1/staff/kyc-cases"),
        |recording| async move { services.kyc.request(by, request, recording).await },
    )
    .await
}
