//! Narrow reads of personal data, and what takes two members.

use actix_web::{HttpResponse, post, web::Data};

use crate::{
    domain::ids::{FactorResetId, StaffId},
    handlers::{
        extract::{ByStaff, IdempotencyKey, NoBody, StrictJson, Success, TypedPath, once},
        views::{
            AllowReads, ApprovedFactorResetView, FindPerson, MaskedPersonView, OpenedFieldsView,
            ReadAllowanceView, ReadPersonalData,
        },
    },
    openapi::responses::{Conflict, Locked, NotFound},
    problem::Problem,
    server::Services,
    services::{idempotency, staff::ReadRequest},
};

/// Find a person
///
/// By an exact match of email, verified phone or account; nothing is browsed. What comes back is masked,
/// and the lookup is in the log.
#[utoipa::path(
    tag = "Staff reads",
    request_body = FindPerson,
    responses((status = CREATED, description = "The person, masked.", body = MaskedPersonView), NotFound)
)]
#[post("/v1/staff/person-lookups")]
pub(super) async fn find_person(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<FindPerson>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, lookup) = (caller.staff_id, body.value.into_lookup()?);
    once::<_, MaskedPersonView, _, _>(
        key,
        by.as_bytes(),
        &body.digest,
        Success::created("/v1/staff/person-lookups"),
        |recording| async move { services.staff.find_person(by, lookup, recording).await },
    )
    .await
}

/// Open personal data
///
/// The asked fields of one person, for a public purpose and an open case of that person. Each field
/// counts against the reader's hour (`read_budget_exhausted`), and the person sees the opening in the
/// access log (clause 5.2).
#[utoipa::path(
    tag = "Staff reads",
    request_body = ReadPersonalData,
    responses((status = CREATED, description = "The fields.", body = OpenedFieldsView), NotFound, Conflict, Locked)
)]
#[post("/v1/staff/personal-data-reads")]
pub(super) async fn read_personal_data(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<ReadPersonalData>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, asked) = (caller.staff_id, body.value);
    let request = ReadRequest {
        account_id: asked.account_id,
        fields: asked.unique_fields()?,
        purpose: asked.purpose,
        support_case_id: asked.support_case_id,
    };
    once::<_, OpenedFieldsView, _, _>(
        key,
        by.as_bytes(),
        &body.digest,
        Success::created("/v1/staff/personal-data-reads"),
        |recording| async move { services.staff.read_personal_data(by, request, recording).await },
    )
    .await
}

/// Allow a reader more
///
/// Gives back so many openings of the reader's hour; not to oneself.
#[utoipa::path(
    tag = "Staff reads",
    params(("staff_id" = StaffId, Path, description = "The reader.")),
    request_body = AllowReads,
    responses((status = CREATED, description = "The allowance.", body = ReadAllowanceView), NotFound)
)]
#[post("/v1/staff/members/{staff_id}/read-allowances")]
pub(super) async fn allow_staff_reads(
    ByStaff(caller, (id, key, body)): ByStaff<(TypedPath<StaffId>, IdempotencyKey, StrictJson<AllowReads>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, reads) = (caller.staff_id, id.0, body.value.reads()?);
    once::<_, ReadAllowanceView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &body.digest,
        Success::created("/v1/staff/members"),
        |recording| async move { services.staff.allow_reads(by, id, reads, recording).await },
    )
    .await
}

/// Approve a factor reset
///
/// Two members approve, then seven days pass in which the person can call it off by the link in the
/// notice (clause 2.3).
#[utoipa::path(
    tag = "Staff reads",
    params(("factor_reset_id" = FactorResetId, Path, description = "The reset.")),
    responses((status = CREATED, description = "How far the approval has come.", body = ApprovedFactorResetView), NotFound, Conflict)
)]
#[post("/v1/staff/factor-resets/{factor_reset_id}/approval")]
pub(super) async fn approve_factor_reset(
    ByStaff(caller, (id, key, NoBody)): ByStaff<(TypedPath<FactorResetId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (caller.staff_id, id.0);
    once::<_, ApprovedFactorResetView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &idempotency::digest(b""),
        Success::created("/v1/staff/factor-resets"),
        |recording| async move { services.staff.approve_factor_reset(by, id, recording).await },
    )
    .await
}
