//! Signing in, staying in, signing out.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post,
    web::{Data, Json},
};

use super::{
    extract::{By, Client, IdempotencyKey, Page, Person, StrictJson, Turn, TypedPath, draft},
    views::{CreateSession, EndedSessionView, RefreshSession, SessionPageView, SessionTokens, SignedInView},
};
use crate::{
    domain::{ids::SessionId, password::Password, session::SessionEnd},
    openapi::responses::{NotFound, Unauthorized},
    problem::{Problem, ProblemCode},
    server::Services,
    services::sessions::SessionError,
};

/// Sign in
///
/// Opens a session by email and password. An unknown address and a wrong password are both
/// `invalid_credentials`, in the same time.
#[utoipa::path(
    tag = "Sessions",
    request_body = CreateSession,
    responses((status = CREATED, description = "How the sign-in went on.", body = SignedInView), Unauthorized)
)]
#[post("/v1/sessions")]
pub(super) async fn create_session(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<CreateSession>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let password = Password::presented(&body.value.password.0);
    let password = password.ok_or(Problem::new(ProblemCode::InvalidCredentials))?;
    let signed_in = services
        .sessions
        .create(&body.value.email, password, client.origin(), draft(ticket.as_ref()))
        .await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/sessions/{}", signed_in.session_id)))
        .cookie(client.cookie())
        .json(SignedInView::new(signed_in)))
}

/// Refresh a session
///
/// Exchanges a refresh token for fresh tokens of the same session. Each works once; one that comes
/// a second time ends the session, because somebody else holds a copy of it.
#[utoipa::path(
    tag = "Sessions",
    request_body = RefreshSession,
    responses((status = CREATED, description = "Fresh tokens.", body = SessionTokens), Unauthorized)
)]
#[post("/v1/sessions/refresh")]
pub(super) async fn refresh_session(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<RefreshSession>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let renewed = services.sessions.refresh(&body.value.refresh_token.0, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/sessions/{}", renewed.session_id)))
        .json(SessionTokens::new(renewed)))
}

/// List sessions
///
/// The person's live sessions, newest first.
#[utoipa::path(
    tag = "Sessions",
    responses((status = OK, description = "A page of sessions.", body = SessionPageView))
)]
#[get("/v1/sessions")]
pub(super) async fn list_sessions(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<SessionPageView>, Problem> {
    let sessions = services.sessions.list(person.account_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(SessionPageView::new(sessions, person.session_id)))
}

/// Sign out
///
/// Ends the session that the request came with; its tokens stop working at once.
#[utoipa::path(
    tag = "Sessions",
    responses((status = OK, description = "The session has ended.", body = EndedSessionView))
)]
#[delete("/v1/sessions/current")]
pub(super) async fn end_current_session(
    person: Person,
    services: Data<Services>,
) -> Result<Json<EndedSessionView>, Problem> {
    let ended = services.sessions.end(person.account_id, person.session_id, SessionEnd::SignedOut).await;
    // Ended by another request in this very moment: it speaks for nobody any more.
    let ended_at = ended.map_err(|error| match error {
        SessionError::NotFound => Problem::new(ProblemCode::Unauthenticated),
        other => other.into(),
    })?;
    Ok(Json(EndedSessionView { session_id: person.session_id, ended_at }))
}

/// End a session
///
/// Ends one of the person's sessions; its tokens stop working at once.
#[utoipa::path(
    tag = "Sessions",
    params(("session_id" = SessionId, Path, description = "The session to end.")),
    responses((status = OK, description = "The session has ended.", body = EndedSessionView), NotFound)
)]
#[delete("/v1/sessions/{session_id}")]
pub(super) async fn end_session(
    By(person, session): By<TypedPath<SessionId>>,
    services: Data<Services>,
) -> Result<Json<EndedSessionView>, Problem> {
    let ended_at = services.sessions.end(person.account_id, session.0, SessionEnd::Revoked).await?;
    Ok(Json(EndedSessionView { session_id: session.0, ended_at }))
}
