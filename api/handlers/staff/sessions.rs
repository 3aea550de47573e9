//! Sessions of staff.

use actix_web::{
    HttpResponse, delete,
    http::header,
    post,
    web::{Data, Json},
};

use crate::{
    domain::password::Password,
    handlers::{
        extract::{ByStaff, Client, IdempotencyKey, NoBody, Staff, StrictJson, Success, Turn, draft, once},
        views::{
            CreateStaffSession, EndedStaffSessionView, StaffSessionTokens, StaffSteppedUpView,
            StepUpStaffSession,
        },
    },
    openapi::responses::Unauthorized,
    problem::{Problem, ProblemCode},
    server::Services,
    services::idempotency,
};

const HERE: &str = "/v1/staff/members/current";

/// Sign in as staff
///
/// Email, password and a code of the authenticator app together; whatever is wrong, the answer is
/// `invalid_credentials`. A session lapses after ten minutes without a renewal, and after eight hours.
#[utoipa::path(
    tag = "Staff sessions",
    request_body = CreateStaffSession,
    responses((status = CREATED, description = "The session.", body = StaffSessionTokens), Unauthorized)
)]
#[post("/v1/staff/sessions")]
pub(super) async fn create_staff_session(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<CreateStaffSession>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let password = Password::presented(&body.value.password.0);
    let password = password.ok_or(Problem::new(ProblemCode::InvalidCredentials))?;
    let network = client.origin().network;
    let (email, code) = (&body.value.email, &body.value.code.0);
    let opened = services.staff.sign_in(email, password, code, &network, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created().insert_header((header::LOCATION, HERE)).json(StaffSessionTokens::new(opened)))
}

/// Renew the session
///
/// A fresh access token, for a session that has not lapsed.
#[utoipa::path(
    tag = "Staff sessions",
    responses((status = CREATED, description = "The session.", body = StaffSessionTokens))
)]
#[post("/v1/staff/sessions/current/renewals")]
pub(super) async fn renew_staff_session(
    ByStaff(caller, (key, NoBody)): ByStaff<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(caller.staff_id.as_bytes(), &idempotency::digest(b"")).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let renewed = services.staff.renew(&caller, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created().insert_header((header::LOCATION, HERE)).json(StaffSessionTokens::new(renewed)))
}

/// Step the session up
///
/// A fresh code of the app, for what needs a proof within the last minutes.
#[utoipa::path(
    tag = "Staff sessions",
    request_body = StepUpStaffSession,
    responses((status = CREATED, description = "Until when the session is stepped up.", body = StaffSteppedUpView))
)]
#[post("/v1/staff/sessions/current/step-up")]
pub(super) async fn step_up_staff_session(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<StepUpStaffSession>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let code = body.value.code.0;
    let owner = caller.staff_id;
    once::<_, StaffSteppedUpView, _, _>(
        key,
        owner.as_bytes(),
        &body.digest,
        Success::created(HERE),
        |recording| async move { services.staff.step_up(&caller, &code, recording).await },
    )
    .await
}

/// Sign out
///
/// Ends the caller's session at once.
#[utoipa::path(
    tag = "Staff sessions",
    responses((status = OK, description = "The session has ended.", body = EndedStaffSessionView))
)]
#[delete("/v1/staff/sessions/current")]
pub(super) async fn end_staff_session(
    Staff(caller): Staff,
    services: Data<Services>,
) -> Result<Json<EndedStaffSessionView>, Problem> {
    let ended_at = services.staff.sign_out(&caller).await?;
    Ok(Json(EndedStaffSessionView { ended_at }))
}
