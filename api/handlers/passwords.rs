//! Changing a password, and resetting a forgotten one.

use actix_web::{
    HttpResponse,
    http::header,
    post, put,
    web::{Data, Json},
};

use super::{
    extract::{By, Client, IdempotencyKey, StrictJson, Success, Turn, draft, once},
    views::{
        ChangePassword, ConfirmPasswordReset, PasswordChangedView, PasswordResetDoneView, PasswordResetView,
        RequestPasswordReset,
    },
};
use crate::{
    domain::password::Password,
    openapi::responses::Gone,
    problem::{FieldCode, Problem, ProblemCode},
    server::Services,
    services::accounts::{AccountError, ResetAnswer, ResetRequest},
};

/// Change the password
///
/// Takes the current one once more. Every other session ends, and the person is told.
#[utoipa::path(
    tag = "Security",
    request_body = ChangePassword,
    responses((status = OK, description = "The password has changed.", body = PasswordChangedView))
)]
#[put("/v1/account/password")]
pub(super) async fn change_password(
    By(person, body): By<StrictJson<ChangePassword>>,
    services: Data<Services>,
) -> Result<Json<PasswordChangedView>, Problem> {
    let current = Password::presented(&body.value.current_password.0)
        .ok_or(Problem::new(ProblemCode::WrongPassword))?;
    let new = new_password(&body.value.new_password.0)?;
    let changed = services.accounts.change_password(person.account_id, person.session_id, current, new).await;
    let changed_at = changed.map_err(|error| weak_as_new(error, ProblemCode::Unauthenticated))?;
    Ok(Json(PasswordChangedView { changed_at }))
}

fn new_password(text: &zeroize::Zeroizing<String>) -> Result<Password, Problem> {
    Password::presented(text).ok_or_else(|| Problem::invalid("/new_password", FieldCode::PasswordTooLong))
}

/// A weak password is at fault where these bodies have it.
fn weak_as_new(error: AccountError, expired: ProblemCode) -> Problem {
    let mut problem = error.into_problem(expired);
    for fault in &mut problem.errors {
        if fault.pointer == "/password" {
            "/new_password".clone_into(&mut fault.pointer);
        }
    }
    problem
}

/// Reset a forgotten password
///
/// Mails a code to the address. The answer is the same whether or not it has an account. The second
/// factor stays as it is.
#[utoipa::path(
    tag = "Security",
    request_body = RequestPasswordReset,
    responses((status = ACCEPTED, description = "The code is on its way.", body = PasswordResetView))
)]
#[post("/v1/password-resets")]
pub(super) async fn request_password_reset(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<RequestPasswordReset>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let request = ResetRequest {
        email: body.value.email,
        language: client.language_or(body.value.language)?,
        origin: client.origin(),
    };
    let receipt = services.accounts.request_reset(request, draft(ticket.as_ref())).await?;
    let view = PasswordResetView { password_reset_token: receipt.token, expires_at: receipt.expires_at };
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, "/v1/password-resets/confirmation"))
        .cookie(client.cookie())
        .json(view))
}

/// Confirm a password reset
///
/// The code and the token put the new password in force; every session ends, every device is a stranger
/// but this one, and resets that were asked for earlier are void. Five tries; a reset that
/// is unknown, lapsed, used or out of tries is `reset_expired`, alike for all reasons.
#[utoipa::path(
    tag = "Security",
    request_body = ConfirmPasswordReset,
    responses((status = CREATED, description = "The password was reset.", body = PasswordResetDoneView), Gone)
)]
#[post("/v1/password-resets/confirmation")]
pub(super) async fn confirm_password_reset(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<ConfirmPasswordReset>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let new = new_password(&body.value.new_password.0)?;
    let answer = ResetAnswer {
        token: body.value.password_reset_token.0,
        code: body.value.code.0,
        new,
        origin: client.origin(),
    };
    let next = Success::created("/v1/sessions");
    once::<_, PasswordResetDoneView, _, _>(key, client.caller(), &body.digest, next, |recording| async move {
        let done = services.accounts.confirm_reset(answer, recording).await;
        done.map_err(|error| weak_as_new(error, ProblemCode::ResetExpired))
    })
    .await
}
