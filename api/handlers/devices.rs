//! What is asked of a device before anybody signs in on it, and which cookies there are (clause 2.6).

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header,
    put,
    web::{Data, Json},
};

use super::{
    Edge,
    extract::{Client, StrictJson},
    views::{CookieRegister, DeviceConsentsView, GpcSupport, SetDeviceConsents},
};
use crate::{
    openapi::responses::Conflict,
    problem::{Problem, ProblemCode},
    server::Services,
    services::consents::ConsentOrigin,
};

/// Get the device's consents
///
/// What was said on this device, recognised by its cookie. The first sight of `Sec-GPC: 1` refuses
/// analytics and advertising. A device without a cookie gets one.
#[utoipa::path(
    tag = "Devices",
    responses((status = OK, description = "What the device is asked.", body = DeviceConsentsView))
)]
#[get("/v1/devices/current/consents")]
pub(super) async fn get_device_consents(
    client: Client,
    origin: ConsentOrigin,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let consents = services.consents.of_device(client.device_id(), origin.gpc).await?;
    Ok(HttpResponse::Ok().cookie(client.cookie()).json(DeviceConsentsView::new(&consents)))
}

/// Set the device's consents
///
/// Grants and refuses on this device, without signing in. A grant names the words that were shown
/// (`purpose_definition_superseded`). The account that signs in here takes a refusal over, and a grant
/// where it has said nothing; a notice tells of it.
#[utoipa::path(
    tag = "Devices",
    request_body = SetDeviceConsents,
    responses((status = OK, description = "What the device is asked.", body = DeviceConsentsView), Conflict)
)]
#[put("/v1/devices/current/consents")]
pub(super) async fn set_device_consents(
    client: Client,
    origin: ConsentOrigin,
    body: StrictJson<SetDeviceConsents>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (choices, gpc) = (body.value.choices()?, origin.gpc);
    let consents = services.consents.choose_on_device(client.device_id(), choices, gpc).await?;
    Ok(HttpResponse::Ok().cookie(client.cookie()).json(DeviceConsentsView::new(&consents)))
}

/// List cookies
///
/// Every cookie that the service sets, with its purpose and lifetime.
#[utoipa::path(
    tag = "Devices",
    responses((status = OK, description = "The cookies.", body = CookieRegister))
)]
#[get("/v1/cookies")]
pub(super) async fn list_cookies(request: HttpRequest) -> Result<Json<CookieRegister>, Problem> {
    let edge = request.app_data::<Data<Edge>>().ok_or(Problem::new(ProblemCode::Internal))?;
    Ok(Json(CookieRegister::new(edge.http.https)))
}

/// Get whether Global Privacy Control is honoured
///
/// The support resource of the Global Privacy Control specification.
#[utoipa::path(
    tag = "Devices",
    responses((status = OK, description = "It is.", body = GpcSupport))
)]
#[get("/.well-known/gpc.json")]
pub(super) async fn get_gpc_support() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .json(GpcSupport::current())
}
