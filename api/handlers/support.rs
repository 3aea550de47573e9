//! Support cases and the access log, as their person sees them.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};

use super::{
    extract::{By, IdempotencyKey, NoBody, Page, Person, StrictJson, Success, TypedPath, once},
    views::{
        AccessLogPageView, OpenSupportCase, SendSupportMessage, SupportCasePageView, SupportCaseView,
        SupportCaseWithMessagesView, SupportMessageView,
    },
};
use crate::{
    domain::{ids::SupportCaseId, personal::PersonalText},
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::{idempotency, support::Author},
};

/// Where a case is found.
fn place_of(id: SupportCaseId) -> String {
    format!("/v1/support-cases/{id}")
}

/// List who opened the person's data
///
/// Which role of staff opened which fields, when, and under which public purpose, newest first
/// (clause 5.2).
#[utoipa::path(
    tag = "Access log",
    responses((status = OK, description = "A page of openings.", body = AccessLogPageView))
)]
#[get("/v1/access-log")]
pub(super) async fn list_access_log(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<AccessLogPageView>, Problem> {
    let log = services.staff.access_log(person.account_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(AccessLogPageView::new(log)))
}

/// Open a support case
///
/// The support answers within 72 hours, without seeing the person's data (clause 3.7).
#[utoipa::path(
    tag = "Support",
    request_body = OpenSupportCase,
    responses((status = CREATED, description = "The case.", body = SupportCaseWithMessagesView))
)]
#[post("/v1/support-cases")]
pub(super) async fn open_support_case(
    By(person, (key, body)): By<(IdempotencyKey, StrictJson<OpenSupportCase>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, digest) = (person.account_id, body.digest);
    let asked = body.value;
    let text = Some(PersonalText::of(&asked.message));
    once::<_, SupportCaseWithMessagesView, _, _>(
        key,
        id.as_bytes(),
        &digest,
        Success::created("/v1/support-cases"),
        |recording| async move {
            services.support.open(Author::Person(id), id, asked.category, text, recording).await
        },
    )
    .await
}

/// List support cases
///
/// The person's cases with state and timer, newest first.
#[utoipa::path(
    tag = "Support",
    responses((status = OK, description = "A page of cases.", body = SupportCasePageView))
)]
#[get("/v1/support-cases")]
pub(super) async fn list_support_cases(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<SupportCasePageView>, Problem> {
    let cases = services.support.list(person.account_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(SupportCasePageView::new(cases)))
}

/// Get a support case
///
/// The case with all messages, oldest first.
#[utoipa::path(
    tag = "Support",
    params(("support_case_id" = SupportCaseId, Path, description = "The case.")),
    responses((status = OK, description = "The case.", body = SupportCaseWithMessagesView), NotFound)
)]
#[get("/v1/support-cases/{support_case_id}")]
pub(super) async fn get_support_case(
    person: Person,
    id: TypedPath<SupportCaseId>,
    services: Data<Services>,
) -> Result<Json<SupportCaseWithMessagesView>, Problem> {
    let case = services.support.get(Author::Person(person.account_id), id.0).await?;
    Ok(Json(SupportCaseWithMessagesView::from(&case)))
}

/// Write to a support case
///
/// It is the support's turn again. A closed case takes no message (`support_case_conflict`).
#[utoipa::path(
    tag = "Support",
    params(("support_case_id" = SupportCaseId, Path, description = "The case.")),
    request_body = SendSupportMessage,
    responses((status = CREATED, description = "The message.", body = SupportMessageView), NotFound, Conflict)
)]
#[post("/v1/support-cases/{support_case_id}/messages")]
pub(super) async fn send_support_message(
    By(person, (id, key, body)): By<(
        TypedPath<SupportCaseId>,
        IdempotencyKey,
        StrictJson<SendSupportMessage>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (owner, id, text) = (person.account_id, id.0, PersonalText::of(&body.value.message));
    let caller = [owner.as_bytes().as_slice(), id.as_bytes()].concat();
    once::<_, SupportMessageView, _, _>(
        key,
        &caller,
        &body.digest,
        Success::created(place_of(id)),
        |recording| async move { services.support.send(Author::Person(owner), id, text, recording).await },
    )
    .await
}

/// Close a support case
///
/// For good; whoever has more to ask opens another.
#[utoipa::path(
    tag = "Support",
    params(("support_case_id" = SupportCaseId, Path, description = "The case.")),
    responses((status = CREATED, description = "The case, closed.", body = SupportCaseView), NotFound, Conflict)
)]
#[post("/v1/support-cases/{support_case_id}/closure")]
pub(super) async fn close_support_case(
    By(person, (id, key, NoBody)): By<(TypedPath<SupportCaseId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (owner, id) = (person.account_id, id.0);
    let caller = [owner.as_bytes().as_slice(), id.as_bytes()].concat();
    once::<_, SupportCaseView, _, _>(
        key,
        &caller,
        &idempotency::digest(b""),
        Success::created(place_of(id)),
        |recording| async move { services.support.close(Author::Person(owner), id, recording).await },
    )
    .await
}
