//! What keeps an account its owner's: factors, and the account's own state.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post,
    web::{Data, Json},
};

use super::{
    extract::{By, IdempotencyKey, NoBody, Person, StrictJson, Success, Turn, draft, once},
    views::{
        AccountClosureView, AccountSecurityView, ConfirmTotp, FactorChangedView, ProposedTotpView,
        RecoveryCodesView,
    },
};
use crate::{
    openapi::responses::{Conflict, Gone, NotFound},
    problem::{Problem, ProblemCode},
    server::Services,
    services::idempotency,
};

/// Get the account's security
///
/// Which second factors the account has, how it steps up, what state it is in and why.
#[utoipa::path(
    tag = "Security",
    responses((status = OK, description = "How well the account is kept.", body = AccountSecurityView))
)]
#[get("/v1/account/security")]
pub(super) async fn get_account_security(
    person: Person,
    services: Data<Services>,
) -> Result<Json<AccountSecurityView>, Problem> {
    let security = services.accounts.security(person.account_id).await?;
    Ok(Json(AccountSecurityView::new(&security)))
}

/// Enrol an authenticator app
///
/// Proposes a secret (RFC 6238: SHA-1, six digits, thirty seconds). It is no factor before its first
/// code comes; an app that is confirmed has to be removed first (`factor_exists`).
#[utoipa::path(
    tag = "Security",
    responses((status = CREATED, description = "The secret, shown this once.", body = ProposedTotpView))
)]
#[post("/v1/account/totp")]
pub(super) async fn enrol_totp(
    By(person, (key, NoBody)): By<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(person.account_id.as_bytes(), &idempotency::digest(b"")).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let proposed = services.accounts.propose_totp(person.account_id, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, "/v1/account/totp/confirmation"))
        .json(ProposedTotpView::new(proposed)))
}

/// Where a change of factors shows.
const HERE: &str = "/v1/account/security";

/// Confirm the authenticator app
///
/// The first code makes the app a second factor: from now on a sign-in asks for one. Every other
/// session ends, and the person is told.
#[utoipa::path(
    tag = "Security",
    request_body = ConfirmTotp,
    responses((status = CREATED, description = "The app is a second factor.", body = FactorChangedView), Gone)
)]
#[post("/v1/account/totp/confirmation")]
pub(super) async fn confirm_totp(
    By(person, (key, body)): By<(IdempotencyKey, StrictJson<ConfirmTotp>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, session, code) = (person.account_id, person.session_id, body.value.code.0);
    once::<_, FactorChangedView, _, _>(
        key,
        id.as_bytes(),
        &body.digest,
        Success::created(HERE),
        |recording| async move {
            let confirmed = services.accounts.confirm_totp(id, session, &code, recording).await;
            confirmed.map_err(|error| error.into_problem(ProblemCode::EnrolmentExpired))
        },
    )
    .await
}

/// Remove the authenticator app
///
/// Every other session ends, and the person is told. Without any factor left the recovery codes are
/// void.
#[utoipa::path(
    tag = "Security",
    responses((status = OK, description = "The app is no factor any more.", body = FactorChangedView), NotFound)
)]
#[delete("/v1/account/totp")]
pub(super) async fn remove_totp(
    person: Person,
    services: Data<Services>,
) -> Result<Json<FactorChangedView>, Problem> {
    let changed_at = services.accounts.remove_totp(person.account_id, person.session_id).await?;
    Ok(Json(FactorChangedView { changed_at }))
}

/// Make recovery codes
///
/// Ten codes for the day when the second factor is out of reach, each good once. All earlier ones
/// are void. Without a second factor there is nothing to recover (`no_second_factor`).
#[utoipa::path(
    tag = "Security",
    responses((status = CREATED, description = "The codes, shown this once.", body = RecoveryCodesView))
)]
#[post("/v1/account/recovery-codes")]
pub(super) async fn create_recovery_codes(
    By(person, (key, NoBody)): By<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(person.account_id.as_bytes(), &idempotency::digest(b"")).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let made = services.accounts.make_recovery_codes(person.account_id, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created().insert_header((header::LOCATION, HERE)).json(RecoveryCodesView::new(&made)))
}

/// Close the account
///
/// Nothing new begins from now on, every other session ends, and after fourteen days nobody signs in
/// any more. Until then the person can take it back. Closing erases nothing: that is a right of its own.
#[utoipa::path(
    tag = "Security",
    responses((status = CREATED, description = "The account is closing.", body = AccountClosureView))
)]
#[post("/v1/account/closure")]
pub(super) async fn close_account(
    By(person, (key, NoBody)): By<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, session) = (person.account_id, person.session_id);
    let digest = idempotency::digest(b"");
    once::<_, AccountClosureView, _, _>(
        key,
        id.as_bytes(),
        &digest,
        Success::created(HERE),
        |recording| async move { services.accounts.close(id, session, recording).await },
    )
    .await
}

/// Reopen the account
///
/// Takes the closure back.
#[utoipa::path(
    tag = "Security",
    responses(
        (status = OK, description = "The account is active again.", body = AccountClosureView),
        Conflict,
    )
)]
#[delete("/v1/account/closure")]
pub(super) async fn reopen_account(
    person: Person,
    services: Data<Services>,
) -> Result<Json<AccountClosureView>, Problem> {
    let standing = services.accounts.reopen(person.account_id, person.session_id).await?;
    Ok(Json(AccountClosureView::from(&standing)))
}
