//! What the person was told.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};

use super::{
    extract::{By, IdempotencyKey, NoBody, Page, Success, TypedPath, once},
    views::{NoticePageView, NoticeView},
};
use crate::{
    domain::ids::NoticeId, openapi::responses::NotFound, problem::Problem, server::Services,
    services::idempotency,
};

/// List notices
///
/// What the person was told, newest first, with how far each mail has come (clauses 3.3 and 9.2).
#[utoipa::path(
    tag = "Notices",
    responses((status = OK, description = "A page of notices.", body = NoticePageView))
)]
#[get("/v1/notices")]
pub(super) async fn list_notices(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<NoticePageView>, Problem> {
    let notices = services.notices.list(person.account_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(NoticePageView::new(&notices)))
}

/// Acknowledge a notice
///
/// Notes that the person has read it; the first time stands.
#[utoipa::path(
    tag = "Notices",
    params(("notice_id" = NoticeId, Path, description = "The notice.")),
    responses((status = CREATED, description = "The notice, acknowledged.", body = NoticeView), NotFound)
)]
#[post("/v1/notices/{notice_id}/acknowledgement")]
pub(super) async fn acknowledge_notice(
    By(person, (notice, key, NoBody)): By<(TypedPath<NoticeId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, notice) = (person.account_id, notice.0);
    let (caller, digest) = ([id.as_bytes().as_slice(), notice.as_bytes()].concat(), idempotency::digest(b""));
    let next = Success::created("/v1/notices");
    once::<_, NoticeView, _, _>(key, &caller, &digest, next, |recording| async move {
        services.notices.acknowledge(id, notice, recording).await
    })
    .await
}
