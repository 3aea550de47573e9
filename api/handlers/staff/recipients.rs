//! The register of recipients, as staff keeps it.

use actix_web::{
    HttpResponse, get,
    http::header,
    post, put,
    web::{Data, Json},
};

use crate::{
    domain::{disclosure::recipient::Recipient, ids::RecipientId},
    handlers::{
        extract::{
            ByStaff, IdempotencyKey, IfMatch, NoBody, Page, StrictJson, Success, TypedPath, etag, once,
        },
        views::{
            ActivateRecipient, RecipientEventPageView, StaffRecipientPageView, StaffRecipientView,
            WriteRecipient,
        },
    },
    openapi::responses::{Conflict, NotFound, PreconditionFailed},
    problem::Problem,
    server::Services,
    services::idempotency,
};

fn present(recipient: &Recipient) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag(recipient.version)))
        .json(StaffRecipientView::from(recipient))
}

fn place_of(id: RecipientId) -> String {
    format!("/v1/staff/recipients/{id}")
}

/// Register a recipient
///
/// With its class, its country, what binds it and what packages are sealed to. Nothing goes there before somebody else
/// activated it.
#[utoipa::path(
    tag = "Recipients",
    request_body = WriteRecipient,
    responses((status = CREATED, description = "The recipient, proposed.", body = StaffRecipientView), Conflict)
)]
#[post("/v1/staff/recipients")]
pub(super) async fn register_recipient(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<WriteRecipient>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, digest, entry) = (caller.staff_id, body.digest, body.value.into_entry()?);
    let place = Success::created("/v1/staff/recipients");
    once::<_, StaffRecipientView, _, _>(key, by.as_bytes(), &digest, place, |recording| async move {
        services.recipients.register(by, entry, recording).await
    })
    .await
}

/// List recipients
///
/// All of them, active or not.
#[utoipa::path(
    tag = "Recipients",
    responses((status = OK, description = "A page of recipients.", body = StaffRecipientPageView))
)]
#[get("/v1/staff/recipients")]
pub(super) async fn list_staff_recipients(
    ByStaff(caller, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<StaffRecipientPageView>, Problem> {
    let page = services.recipients.list(caller.staff_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(page.into()))
}

/// Get a recipient
///
/// As it stands now.
#[utoipa::path(
    tag = "Recipients",
    params(("recipient_id" = RecipientId, Path, description = "The recipient.")),
    responses((status = OK, description = "The recipient.", body = StaffRecipientView), NotFound)
)]
#[get("/v1/staff/recipients/{recipient_id}")]
pub(super) async fn get_staff_recipient(
    ByStaff(_staff, id): ByStaff<TypedPath<RecipientId>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    Ok(present(&services.recipients.find(id.0).await?))
}

/// Change a recipient
///
/// Replaces the whole entry, apart from its class. Nothing goes there before somebody else activated it again, and
/// whatever was reviewed under other terms has to be reviewed anew.
#[utoipa::path(
    tag = "Recipients",
    params(("recipient_id" = RecipientId, Path, description = "The recipient.")),
    request_body = WriteRecipient,
    responses((status = OK, description = "The recipient, proposed.", body = StaffRecipientView), NotFound, PreconditionFailed)
)]
#[put("/v1/staff/recipients/{recipient_id}")]
pub(super) async fn change_recipient(
    ByStaff(caller, (id, expected, body)): ByStaff<(
        TypedPath<RecipientId>,
        IfMatch,
        StrictJson<WriteRecipient>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let entry = body.value.into_entry()?;
    Ok(present(&services.recipients.change(caller.staff_id, (id.0, expected.0), entry).await?))
}

/// Activate a recipient
///
/// As it was shown, by its `version` (`stale_version` if it is other by now), and by nobody who wrote any of it since it
/// was activated last (`second_person_required`).
#[utoipa::path(
    tag = "Recipients",
    params(("recipient_id" = RecipientId, Path, description = "The recipient.")),
    request_body = ActivateRecipient,
    responses((status = CREATED, description = "The recipient, active.", body = StaffRecipientView), NotFound, Conflict, PreconditionFailed)
)]
#[post("/v1/staff/recipients/{recipient_id}/activation")]
pub(super) async fn activate_recipient(
    ByStaff(caller, (id, key, body)): ByStaff<(
        TypedPath<RecipientId>,
        IdempotencyKey,
        StrictJson<ActivateRecipient>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, version) = (caller.staff_id, id.0, body.value.version);
    let who = [by.as_bytes().as_slice(), id.as_bytes()].concat();
    let place = Success::created(place_of(id));
    once::<_, StaffRecipientView, _, _>(key, &who, &body.digest, place, |recording| async move {
        services.recipients.activate(by, (id, version), recording).await
    })
    .await
}

/// Deactivate a recipient
///
/// At once: nothing is released to it and nothing given out any more.
#[utoipa::path(
    tag = "Recipients",
    params(("recipient_id" = RecipientId, Path, description = "The recipient.")),
    responses((status = CREATED, description = "The recipient, inactive.", body = StaffRecipientView), NotFound, Conflict)
)]
#[post("/v1/staff/recipients/{recipient_id}/deactivation")]
pub(super) async fn deactivate_recipient(
    ByStaff(caller, (id, key, _)): ByStaff<(TypedPath<RecipientId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (caller.staff_id, id.0);
    let who = [by.as_bytes().as_slice(), id.as_bytes()].concat();
    let place = Success::created(place_of(id));
    once::<_, StaffRecipientView, _, _>(key, &who, &idempotency::digest(&[]), place, |recording| async move {
        services.recipients.deactivate(by, id, recording).await
    })
    .await
}

/// List the history of a recipient
///
/// Every step since it was registered, with what it was called, where it was and what bound it since.
#[utoipa::path(
    tag = "Recipients",
    params(("recipient_id" = RecipientId, Path, description = "The recipient.")),
    responses((status = OK, description = "A page of steps.", body = RecipientEventPageView), NotFound)
)]
#[get("/v1/staff/recipients/{recipient_id}/events")]
pub(super) async fn list_recipient_events(
    ByStaff(_staff, (id, page)): ByStaff<(TypedPath<RecipientId>, Page)>,
    services: Data<Services>,
) -> Result<Json<RecipientEventPageView>, Problem> {
    let page = services.recipients.history(id.0, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(page.into()))
}
