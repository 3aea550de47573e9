//! Opening an account.

use actix_web::{HttpResponse, http::header, post, web::Data};

use super::{
    extract::{Client, IdempotencyKey, StrictJson, Turn, draft},
    sessions::signed_in,
    views::{AccountView, RegisterAccount, RegistrationView, SessionTokens, VerifiedAccount, VerifyAccount},
};
use crate::{
    domain::password::Password,
    openapi::responses::Gone,
    problem::{FieldCode, Problem, ProblemCode},
    server::Services,
    services::{
        accounts::{Registration, Verification},
        consents::ConsentOrigin,
    },
};

/// Register an account
///
/// Takes a registration in and mails a code to its address. The answer is the same whether or not
/// the address has an account; its owner alone learns that, by mail. The policy version and its
/// hash must be those in force (`policy_version_superseded`). The password is judged by NIST SP
/// 800-63B: length and a list of breached ones, no composition rules.
#[utoipa::path(
    tag = "Accounts",
    request_body = RegisterAccount,
    responses((status = ACCEPTED, description = "The code is on its way.", body = RegistrationView))
)]
#[post("/v1/accounts")]
pub(super) async fn register_account(
    client: Client,
    origin: ConsentOrigin,
    key: IdempotencyKey,
    body: StrictJson<RegisterAccount>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let registration = registration(body.value, &client, origin.gpc)?;
    let receipt = services.accounts.register(registration, draft(ticket.as_ref())).await?;
    let view = RegistrationView { registration_id: receipt.registration_id, expires_at: receipt.expires_at };
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, "/v1/accounts/verification"))
        .cookie(client.cookie())
        .json(view))
}

fn registration(body: RegisterAccount, client: &Client, gpc: bool) -> Result<Registration, Problem> {
    let too_long = || Problem::invalid("/password", FieldCode::PasswordTooLong);
    Ok(Registration {
        email: body.email,
        real_name: body.real_name,
        phone: body.phone,
        password: Password::presented(&body.password.0).ok_or_else(too_long)?,
        language: client.language_or(body.language)?,
        policy_version: body.policy_version,
        content_hash: body.policy_content_hash.0,
        consents: body.consents.iter().map(|choice| (choice.purpose, choice.granted)).collect(),
        gpc,
        origin: client.origin(),
    })
}

/// Verify a registration
///
/// The code turns the registration into an account, records the acceptance of the policy and the
/// consents with both instants, and signs in. Five tries within ten minutes; a registration that
/// is unknown, lapsed, used or out of tries is `registration_expired`, alike for all reasons.
#[utoipa::path(
    tag = "Accounts",
    request_body = VerifyAccount,
    responses((status = CREATED, description = "The account, signed in.", body = VerifiedAccount), Gone)
)]
#[post("/v1/accounts/verification")]
pub(super) async fn verify_account(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<VerifyAccount>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let delivery = body.value.refresh_delivery;
    let verification = Verification {
        registration_id: body.value.registration_id.0,
        code: body.value.code.0,
        origin: client.origin(),
    };
    let opened = services.accounts.verify(verification, draft(ticket.as_ref())).await;
    let opened = opened.map_err(|error| error.into_problem(ProblemCode::RegistrationExpired))?;
    let session = opened.session.clone();
    let view = VerifiedAccount {
        account: AccountView::new(opened.profile, opened.account.state),
        session: SessionTokens::new(opened.session, delivery),
    };
    signed_in(&client, &services, &session, delivery, "/v1/account".to_owned(), view)
}
