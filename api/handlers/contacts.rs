//! Changing email and phone, which answer before anything changes.

use actix_web::{
    HttpResponse, delete, post,
    web::{Data, Json},
};

use super::{
    extract::{By, Client, IdempotencyKey, Person, StrictJson, Success, TypedPath, once},
    views::{
        ConfirmCode, ContactChangedView, EmailChangeView, PhoneChangeView, RequestEmailChange,
        RequestPhoneChange,
    },
};
use crate::{
    domain::ids::{ContactChangeId, EmailChangeId, PhoneChangeId},
    openapi::responses::{Gone, NotFound},
    problem::Problem,
    server::Services,
    services::accounts::Contact,
};

/// Change the email
///
/// Mails a code to the new address. Nothing changes before the code comes back; the old address is
/// told then. An address that has an account gets another mail and no code.
#[utoipa::path(
    tag = "Security",
    request_body = RequestEmailChange,
    responses((status = ACCEPTED, description = "The code is on its way.", body = EmailChangeView))
)]
#[post("/v1/account/email-changes")]
pub(super) async fn request_email_change(
    By(person, (client, key, body)): By<(Client, IdempotencyKey, StrictJson<RequestEmailChange>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, network) = (person.account_id, client.network());
    let contact = Contact::Email(body.value.email);
    once::<_, EmailChangeView, _, _>(key, id.as_bytes(), &body.digest, Success::accepted(HERE), |recording| async move {
        services.accounts.ask_contact_change(id, contact, &network, recording).await
    })
    .await
}

/// Where a change shows.
const HERE: &str = "/v1/account";

/// Confirm the new email
///
/// The code makes the new address the account's. Five tries; a change that is unknown, lapsed, used
/// or out of tries is `change_expired`, alike for all reasons.
#[utoipa::path(
    tag = "Security",
    params(("email_change_id" = EmailChangeId, Path, description = "The change to confirm.")),
    request_body = ConfirmCode,
    responses((status = CREATED, description = "The email has changed.", body = ContactChangedView), Gone, NotFound)
)]
#[post("/v1/account/email-changes/{email_change_id}/confirmation")]
pub(super) async fn confirm_email_change(
    By(person, (change, key, body)): By<(TypedPath<EmailChangeId>, IdempotencyKey, StrictJson<ConfirmCode>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let id = person.account_id;
    let change = ContactChangeId::from_uuid(change.0.as_uuid());
    let code = body.value.code.0;
    once::<_, ContactChangedView, _, _>(
        key,
        id.as_bytes(),
        &body.digest,
        Success::created(HERE),
        |recording| async move { services.accounts.confirm_email(id, change, &code, recording).await },
    )
    .await
}

/// Change the phone
///
/// Sends a code to the new number. Once it comes back the phone is a second factor, and nothing else
/// (clause 1.2).
#[utoipa::path(
    tag = "Security",
    request_body = RequestPhoneChange,
    responses((status = ACCEPTED, description = "The code is on its way.", body = PhoneChangeView))
)]
#[post("/v1/account/phone-changes")]
pub(super) async fn request_phone_change(
    By(person, (client, key, body)): By<(Client, IdempotencyKey, StrictJson<RequestPhoneChange>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, network) = (person.account_id, client.network());
    let contact = Contact::Phone(body.value.phone);
    once::<_, PhoneChangeView, _, _>(key, id.as_bytes(), &body.digest, Success::accepted(HERE), |recording| async move {
        services.accounts.ask_contact_change(id, contact, &network, recording).await
    })
    .await
}

/// Confirm the new phone
///
/// The code makes the number the account's and a second factor. Every other session ends, the old
/// number and the address are told.
#[utoipa::path(
    tag = "Security",
    params(("phone_change_id" = PhoneChangeId, Path, description = "The change to confirm.")),
    request_body = ConfirmCode,
    responses((status = CREATED, description = "The phone has changed.", body = ContactChangedView), Gone, NotFound)
)]
#[post("/v1/account/phone-changes/{phone_change_id}/confirmation")]
pub(super) async fn confirm_phone_change(
    By(person, (change, key, body)): By<(TypedPath<PhoneChangeId>, IdempotencyKey, StrictJson<ConfirmCode>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, session) = (person.account_id, person.session_id);
    let change = ContactChangeId::from_uuid(change.0.as_uuid());
    let code = body.value.code.0;
    once::<_, ContactChangedView, _, _>(key, id.as_bytes(), &body.digest, Success::created(HERE), |recording| async move {
        services.accounts.confirm_phone(id, session, change, &code, recording).await
    })
    .await
}

/// Remove the phone
///
/// Takes the number from the account, and the second factor that it was. Every other session ends.
#[utoipa::path(
    tag = "Security",
    responses((status = OK, description = "The phone has gone.", body = ContactChangedView), NotFound)
)]
#[delete("/v1/account/phone")]
pub(super) async fn remove_phone(
    person: Person,
    services: Data<Services>,
) -> Result<Json<ContactChangedView>, Problem> {
    let profile = services.accounts.remove_phone(person.account_id, person.session_id).await?;
    Ok(Json(ContactChangedView::from(&profile)))
}
