//! Signing in, staying in, signing out.

use actix_web::{
    HttpResponse, HttpResponseBuilder, delete, get,
    http::header,
    post,
    web::{Data, Json},
};

use super::{
    extract::{By, Client, IdempotencyKey, NoBody, Page, StrictJson, Success, Turn, TypedPath, draft, once},
    views::{
        CreateSession, EndedSessionView, EndedSessionsView, LinkToken, RefreshDelivery, RefreshSession,
        SendStepUpCode, SentCodeView, SessionPageView, SessionTokens, SignInView, StepUpSession,
        SteppedUpView,
    },
};
use crate::{
    domain::{ids::SessionId, password::Password, session::SessionEnd},
    openapi::responses::{Gone, NotFound, Unauthorized},
    problem::{FieldCode, Problem, ProblemCode},
    server::Services,
    services::{
        idempotency,
        sessions::{SessionError, SignIn, SignedIn, StepUp},
    },
};

/// Sign in
///
/// Opens a session by email and password, or answers with a challenge where the account has a second
/// factor. An unknown address and a wrong password are both `invalid_credentials`, in the same time;
/// too many wrong ones are `too_many_attempts`, which a device of the account's own does not share with
/// strangers.
#[utoipa::path(
    tag = "Sessions",
    request_body = CreateSession,
    responses((status = CREATED, description = "How the sign-in went on.", body = SignInView), Unauthorized)
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
    let delivery = body.value.refresh_delivery;
    let sign_in = services
        .sessions
        .create(&body.value.email, password, client.origin(), draft(ticket.as_ref()))
        .await?;
    Ok(match sign_in {
        SignIn::SignedIn(opened) => {
            let view = SignInView::new(SignIn::SignedIn(opened.clone()), delivery);
            signed_in(&client, &services, &opened, delivery, place_of(&opened), view)?
        }
        SignIn::Challenged(challenged) => HttpResponse::Created()
            .insert_header((
                header::LOCATION,
                format!("/v1/sign-in-challenges/{}/answer", challenged.challenge_id),
            ))
            .cookie(client.cookie())
            .json(SignInView::new(SignIn::Challenged(challenged), delivery)),
    })
}

/// Where a session is found.
pub(super) fn place_of(opened: &SignedIn) -> String {
    format!("/v1/sessions/{}", opened.session_id)
}

/// Answers with a session: its place, the device's cookie, and the refresh token where it was asked for.
pub(super) fn signed_in(
    client: &Client,
    services: &Services,
    opened: &SignedIn,
    delivery: RefreshDelivery,
    location: String,
    view: impl serde::Serialize,
) -> Result<HttpResponse, Problem> {
    let cookie = client.cookie_of(services.vault.kms(), opened.device_id)?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, location)).cookie(cookie);
    deliver(&mut answer, client, services, opened, delivery);
    Ok(answer.json(view))
}

fn deliver(
    answer: &mut HttpResponseBuilder,
    client: &Client,
    services: &Services,
    opened: &SignedIn,
    delivery: RefreshDelivery,
) {
    if delivery == RefreshDelivery::Cookie {
        let seconds = opened.refresh_expires_at.as_seconds() - services.clock.now().as_seconds();
        answer.cookie(client.refresh_cookie_of(&opened.refresh_token, seconds));
    }
}

/// Refresh a session
///
/// Exchanges a refresh token for fresh tokens of the same session. Each works once; one that comes
/// a second time ends the session, because somebody else holds a copy of it. Without a token in the
/// body the one of the cookie is exchanged, for a script of an origin that may (`origin_not_allowed`),
/// and the next one is a cookie again.
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
    let (token, delivery) = match body.value.refresh_token {
        Some(token) => (token.0, RefreshDelivery::Body),
        None => (client.refresh_cookie()?.ok_or_else(no_token)?, RefreshDelivery::Cookie),
    };
    let renewed = services.sessions.refresh(&token, draft(ticket.as_ref())).await?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/v1/sessions/{}", renewed.session_id)));
    deliver(&mut answer, &client, &services, &renewed, delivery);
    Ok(answer.json(SessionTokens::new(renewed, delivery)))
}

fn no_token() -> Problem {
    Problem::invalid("/refresh_token", FieldCode::MissingField)
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
    By(person, client): By<Client>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ended = services.sessions.end(person.account_id, person.session_id, SessionEnd::SignedOut).await;
    // Ended by another request in this very moment: it speaks for nobody any more.
    let ended_at = ended.map_err(|error| match error {
        SessionError::NotFound => Problem::new(ProblemCode::Unauthenticated),
        other => other.into(),
    })?;
    Ok(HttpResponse::Ok()
        .cookie(client.no_refresh_cookie())
        .json(EndedSessionView { session_id: person.session_id, ended_at }))
}

/// End all other sessions
///
/// Ends every session of the person but the one that asks; their tokens stop working at once.
#[utoipa::path(
    tag = "Sessions",
    responses((status = CREATED, description = "The others have ended.", body = EndedSessionsView))
)]
#[post("/v1/sessions/revoke-others")]
pub(super) async fn end_other_sessions(
    By(person, (key, NoBody)): By<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, session, digest) = (person.account_id, person.session_id, idempotency::digest(b""));
    let next = Success::created("/v1/sessions");
    once::<_, EndedSessionsView, _, _>(key, id.as_bytes(), &digest, next, |recording| async move {
        services.sessions.end_others(id, session, recording).await
    })
    .await
}

/// Send the code of a step-up
///
/// By SMS, or by mail where the account has no second factor.
#[utoipa::path(
    tag = "Sessions",
    request_body = SendStepUpCode,
    responses((status = ACCEPTED, description = "The code is on its way.", body = SentCodeView))
)]
#[post("/v1/sessions/step-up/code")]
pub(super) async fn send_step_up_code(
    By(person, (client, key, body)): By<(Client, IdempotencyKey, StrictJson<SendStepUpCode>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, session, network) = (person.account_id, person.session_id, client.network());
    let method = body.value.method;
    let next = Success::accepted("/v1/sessions/step-up");
    once::<_, SentCodeView, _, _>(key, id.as_bytes(), &body.digest, next, |recording| async move {
        services.sessions.send_step_up_code(id, session, method, &network, recording).await
    })
    .await
}

/// Step the session up
///
/// Proves once more who it is, by the second factor; where none is enrolled, by the password and a
/// code to the verified email. It stands for ten minutes. A code that was used is `wrong_code`.
#[utoipa::path(
    tag = "Sessions",
    request_body = StepUpSession,
    responses((status = CREATED, description = "The session is stepped up.", body = SteppedUpView))
)]
#[post("/v1/sessions/step-up")]
pub(super) async fn step_up_session(
    By(person, (key, body)): By<(IdempotencyKey, StrictJson<StepUpSession>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, session) = (person.account_id, person.session_id);
    let wrong = || Problem::new(ProblemCode::WrongPassword);
    let password = body.value.password.as_ref();
    let password = password.map(|text| Password::presented(&text.0).ok_or_else(wrong)).transpose()?;
    let presented = StepUp { method: body.value.method, code: body.value.code.0, password };
    let next = Success::created(format!("/v1/sessions/{session}"));
    once::<_, SteppedUpView, _, _>(key, id.as_bytes(), &body.digest, next, |recording| async move {
        services.sessions.step_up(id, session, presented, recording).await
    })
    .await
}

/// End the session of a notice
///
/// With the token of the link in the notice of a new device; without signing in, since whoever signed
/// in may have been somebody else. Every session on that device ends, and the device is a stranger to
/// the account from then on. The link works once.
#[utoipa::path(
    tag = "Sessions",
    request_body = LinkToken,
    responses((status = CREATED, description = "The session has ended.", body = EndedSessionView), Gone)
)]
#[post("/v1/session-revocations")]
pub(super) async fn revoke_session_by_link(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<LinkToken>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let token = body.value.token.0;
    let next = Success::created("/v1/sessions");
    once::<_, EndedSessionView, _, _>(key, client.caller(), &body.digest, next, |recording| async move {
        let revoked = services.sessions.revoke_by_link(&token, recording).await;
        revoked.map_err(|error| match error {
            SessionError::NotFound => Problem::new(ProblemCode::LinkExpired),
            other => other.into(),
        })
    })
    .await
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
