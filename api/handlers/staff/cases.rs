//! Support cases, as the support sees them: what was written, and nothing of the profile.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};

use crate::{
    domain::{ids::SupportCaseId, personal::PersonalText},
    handlers::{
        extract::{ByStaff, IdempotencyKey, NoBody, Page, StrictJson, Success, TypedPath, once},
        views::{
            OpenStaffSupportCase, SendSupportMessage, StaffSupportCasePageView, StaffSupportCaseView,
            StaffSupportCaseWithMessagesView, SupportMessageView,
        },
    },
    openapi::responses::{Conflict, Locked, NotFound},
    problem::Problem,
    server::Services,
    services::{idempotency, support::Author},
};

/// Where a case is found.
fn place_of(id: SupportCaseId) -> String {
    format!("/v1/staff/support-cases/{id}")
}

/// Open a case about a person
///
/// For what the person did not ask for; opening personal data needs a case.
#[utoipa::path(
    tag = "Staff support",
    request_body = OpenStaffSupportCase,
    responses((status = CREATED, description = "The case.", body = StaffSupportCaseWithMessagesView), NotFound, Conflict)
)]
#[post("/v1/staff/support-cases")]
pub(super) async fn open_staff_support_case(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<OpenStaffSupportCase>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, asked) = (caller.staff_id, body.value);
    once::<_, StaffSupportCaseWithMessagesView, _, _>(
        key,
        by.as_bytes(),
        &body.digest,
        Success::created("/v1/staff/support-cases"),
        |recording| async move {
            services.support.open(Author::Staff(by), asked.account_id, asked.category, None, recording).await
        },
    )
    .await
}

/// List cases that wait
///
/// What is to be answered, the next to be due first.
#[utoipa::path(
    tag = "Staff support",
    responses((status = OK, description = "A page of cases.", body = StaffSupportCasePageView))
)]
#[get("/v1/staff/support-cases")]
pub(super) async fn list_staff_support_cases(
    ByStaff(caller, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<StaffSupportCasePageView>, Problem> {
    let cases = services.support.queue(caller.staff_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(StaffSupportCasePageView::new(cases)))
}

/// Get a case
///
/// The case with all messages, oldest first.
#[utoipa::path(
    tag = "Staff support",
    params(("support_case_id" = SupportCaseId, Path, description = "The case.")),
    responses((status = OK, description = "The case.", body = StaffSupportCaseWithMessagesView), NotFound, Locked)
)]
#[get("/v1/staff/support-cases/{support_case_id}")]
pub(super) async fn get_staff_support_case(
    ByStaff(caller, id): ByStaff<TypedPath<SupportCaseId>>,
    services: Data<Services>,
) -> Result<Json<StaffSupportCaseWithMessagesView>, Problem> {
    let case = services.support.get(Author::Staff(caller.staff_id), id.0).await?;
    Ok(Json(StaffSupportCaseWithMessagesView::from(&case)))
}

/// Answer a case
///
/// Stops the timer and tells the person by mail that there is an answer.
#[utoipa::path(
    tag = "Staff support",
    params(("support_case_id" = SupportCaseId, Path, description = "The case.")),
    request_body = SendSupportMessage,
    responses((status = CREATED, description = "The message.", body = SupportMessageView), NotFound, Conflict)
)]
#[post("/v1/staff/support-cases/{support_case_id}/messages")]
pub(super) async fn answer_support_case(
    ByStaff(caller, (id, key, body)): ByStaff<(
        TypedPath<SupportCaseId>,
        IdempotencyKey,
        StrictJson<SendSupportMessage>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, text) = (caller.staff_id, id.0, PersonalText::of(&body.value.message));
    once::<_, SupportMessageView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &body.digest,
        Success::created(place_of(id)),
        |recording| async move { services.support.send(Author::Staff(by), id, text, recording).await },
    )
    .await
}

/// Close a case
///
/// For good.
#[utoipa::path(
    tag = "Staff support",
    params(("support_case_id" = SupportCaseId, Path, description = "The case.")),
    responses((status = CREATED, description = "The case, closed.", body = StaffSupportCaseView), NotFound, Conflict)
)]
#[post("/v1/staff/support-cases/{support_case_id}/closure")]
pub(super) async fn close_staff_support_case(
    ByStaff(caller, (id, key, NoBody)): ByStaff<(TypedPath<SupportCaseId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (caller.staff_id, id.0);
    once::<_, StaffSupportCaseView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &idempotency::digest(b""),
        Success::created(place_of(id)),
        |recording| async move { services.support.close(Author::Staff(by), id, recording).await },
    )
    .await
}
