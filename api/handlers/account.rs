//! The person's own account: profile, history, confirmation.

use actix_web::{
    HttpResponse, get,
    http::header,
    patch, post,
    web::{Data, Json},
};

use super::{
    extract::{By, IdempotencyKey, IfMatch, NoBody, Page, Person, StrictJson, Success, etag, once},
    views::{AccountChangePage, AccountView, DataConfirmationView, UpdateAccount},
};
use crate::{
    domain::account::{AccountState, Profile},
    openapi::responses::PreconditionFailed,
    problem::Problem,
    server::Services,
    services::idempotency,
};

/// Get the account
///
/// The person's profile. Its `ETag` names the version, for `If-Match` of a change.
#[utoipa::path(
    tag = "Account",
    responses((status = OK, description = "The account.", body = AccountView))
)]
#[get("/v1/account")]
pub(super) async fn get_account(person: Person, services: Data<Services>) -> Result<HttpResponse, Problem> {
    let profile = services.accounts.profile(person.account_id).await?;
    Ok(present(profile, person.account_state))
}

/// Change the account
///
/// Changes the fields that are present and keeps what they were (clause 3.9). With `If-Match`, only
/// the version that it names is changed (`stale_version`). Email and phone change elsewhere, after
/// the new one has answered.
#[utoipa::path(
    tag = "Account",
    request_body = UpdateAccount,
    responses((status = OK, description = "The account as changed.", body = AccountView), PreconditionFailed)
)]
#[patch("/v1/account")]
pub(super) async fn update_account(
    By(person, (expected, body)): By<(IfMatch, StrictJson<UpdateAccount>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let profile = services.accounts.update(person.account_id, body.value.into(), expected.0).await?;
    Ok(present(profile, person.account_state))
}

fn present(profile: Profile, state: AccountState) -> HttpResponse {
    let tag = etag(profile.version);
    HttpResponse::Ok().insert_header((header::ETAG, tag)).json(AccountView::new(profile, state))
}

/// List changes of the account
///
/// What each field was before it changed, newest first (clause 3.9).
#[utoipa::path(
    tag = "Account",
    responses((status = OK, description = "A page of changes.", body = AccountChangePage))
)]
#[get("/v1/account/changes")]
pub(super) async fn list_account_changes(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<AccountChangePage>, Problem> {
    let changes = services.accounts.changes(person.account_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(AccountChangePage::new(changes)))
}

/// Confirm the account's data
///
/// Records the person's word that the data held are complete, accurate and true (clause 3.8).
#[utoipa::path(
    tag = "Account",
    responses((status = CREATED, description = "The confirmation.", body = DataConfirmationView))
)]
#[post("/v1/account/data-confirmations")]
pub(super) async fn confirm_account_data(
    By(person, (key, NoBody)): By<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, digest) = (person.account_id, idempotency::digest(b""));
    // What a confirmation changed is seen in the account.
    let next = Success::created("/v1/account");
    once::<_, DataConfirmationView, _, _>(key, id.as_bytes(), &digest, next, |recording| async move {
        services.accounts.confirm(id, recording).await
    })
    .await
}
