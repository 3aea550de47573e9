//! Orders of courts and state bodies.

use actix_web::{
    HttpResponse, get,
    http::header,
    post,
    web::{Bytes, Data, Json},
};

use crate::{
    domain::ids::{InstrumentId, StaffId},
    handlers::{
        extract::{ByStaff, IdempotencyKey, NoBody, Page, StrictMultipart, Success, TypedPath, once},
        views::{InstrumentPageView, InstrumentView, OpenedInstrumentView, Picture, RegisterInstrument},
    },
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::idempotency,
};

/// Where an order is found.
fn place_of(id: InstrumentId) -> String {
    format!("/v1/staff/instruments/{id}")
}

/// Whose request this is, and about which order: a key means one thing for each.
fn caller(by: StaffId, id: InstrumentId) -> Vec<u8> {
    [by.as_bytes().as_slice(), id.as_bytes()].concat()
}

/// Register an order
///
/// Of a court or a state body, as a form with its file. Nothing but what it names is ever disclosed on its strength, and
/// only while it is in force. What names persons in it rests sealed under a key of its own.
#[utoipa::path(
    tag = "Orders",
    request_body(content = RegisterInstrument, content_type = "multipart/form-data"),
    responses((status = CREATED, description = "The order.", body = InstrumentView), Conflict)
)]
#[post("/v1/staff/instruments")]
pub(super) async fn register_instrument(
    ByStaff(staff, (key, body)): ByStaff<(IdempotencyKey, StrictMultipart<RegisterInstrument>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let StrictMultipart { value, mut files, digest } = body;
    let (by, new) = (staff.staff_id, value.into_new(|part| files.take(part))?);
    let place = Success::created("/v1/staff/instruments");
    once::<_, InstrumentView, _, _>(key, by.as_bytes(), &digest, place, |recording| async move {
        services.instruments.register(by, new, recording).await
    })
    .await
}

/// List orders
///
/// Without what is sealed.
#[utoipa::path(
    tag = "Orders",
    responses((status = OK, description = "A page of orders.", body = InstrumentPageView))
)]
#[get("/v1/staff/instruments")]
pub(super) async fn list_instruments(
    ByStaff(staff, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<InstrumentPageView>, Problem> {
    Ok(Json(services.instruments.list(staff.staff_id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Get an order
///
/// Without what is sealed.
#[utoipa::path(
    tag = "Orders",
    params(("instrument_id" = InstrumentId, Path, description = "The order.")),
    responses((status = OK, description = "The order.", body = InstrumentView), NotFound)
)]
#[get("/v1/staff/instruments/{instrument_id}")]
pub(super) async fn get_instrument(
    ByStaff(_staff, id): ByStaff<TypedPath<InstrumentId>>,
    services: Data<Services>,
) -> Result<Json<InstrumentView>, Problem> {
    Ok(Json(InstrumentView::from(&services.instruments.find(id.0).await?)))
}

/// Open an order
///
/// The number of the case, and whom it names; the log has every opening.
#[utoipa::path(
    tag = "Orders",
    params(("instrument_id" = InstrumentId, Path, description = "The order.")),
    responses((status = CREATED, description = "The order, opened.", body = OpenedInstrumentView), NotFound)
)]
#[post("/v1/staff/instruments/{instrument_id}/reads")]
pub(super) async fn read_instrument(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<InstrumentId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    let (who, digest, place) = (caller(by, id), idempotency::digest(&[]), Success::created(place_of(id)));
    once::<_, OpenedInstrumentView, _, _>(key, &who, &digest, place, |recording| async move {
        services.instruments.read(by, id, recording).await
    })
    .await
}

/// Get the file of an order
///
/// For the legal team alone; the log has every opening.
#[utoipa::path(
    tag = "Orders",
    params(("instrument_id" = InstrumentId, Path, description = "The order.")),
    responses((status = OK, description = "The file.", body = Picture, content_type = "image/jpeg"), NotFound)
)]
#[get("/v1/staff/instruments/{instrument_id}/file")]
pub(super) async fn get_instrument_file(
    ByStaff(staff, id): ByStaff<TypedPath<InstrumentId>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let jpeg = services.instruments.file(staff.staff_id, id.0).await?;
    Ok(HttpResponse::Ok()
        .content_type("image/jpeg")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"order.jpg\""))
        .body(Bytes::from(jpeg.to_vec())))
}

/// Withdraw an order
///
/// When it was lifted, or entered by mistake: nothing is disclosed on its strength any more.
#[utoipa::path(
    tag = "Orders",
    params(("instrument_id" = InstrumentId, Path, description = "The order.")),
    responses((status = CREATED, description = "The order, withdrawn.", body = InstrumentView), NotFound, Conflict)
)]
#[post("/v1/staff/instruments/{instrument_id}/withdrawal")]
pub(super) async fn withdraw_instrument(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<InstrumentId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    let (who, digest, place) = (caller(by, id), idempotency::digest(&[]), Success::created(place_of(id)));
    once::<_, InstrumentView, _, _>(key, &who, &digest, place, |recording| async move {
        services.instruments.withdraw(by, id, recording).await
    })
    .await
}
