//! Clients of partners, as admins look after them and as they see themselves.

use actix_web::{
    HttpResponse, get,
    http::header,
    post,
    web::{Data, Json},
};
use chrono::TimeDelta;

use super::{
    extract::{
        ByStaff, IdempotencyKey, NoBody, Page, Partner, StrictJson, Success, Turn, TypedPath, TypedPaths,
        draft, once,
    },
    views::{
        AddPartnerCredential, AddedPartnerCredentialView, CreatePartnerClient, PartnerClientPageView,
        PartnerClientView, PartnerCredentialView, RetirePartnerCredential,
    },
};
use crate::{
    domain::ids::{PartnerClientId, PartnerCredentialId},
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::idempotency,
};

/// Register a partner's client
///
/// With the scopes that its tokens may have, and its own rate. It has no credential yet.
#[utoipa::path(
    tag = "Partner clients",
    request_body = CreatePartnerClient,
    responses((status = CREATED, description = "The client.", body = PartnerClientView))
)]
#[post("/v1/staff/partner-clients")]
pub(super) async fn create_partner_client(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<CreatePartnerClient>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, asked) = (caller.staff_id, body.value);
    let scopes = asked.unique_scopes()?;
    once::<_, PartnerClientView, _, _>(
        key,
        by.as_bytes(),
        &body.digest,
        Success::created("/v1/staff/partner-clients"),
        |recording| async move {
            services.partners.create(by, asked.name, scopes, asked.requests_per_minute, recording).await
        },
    )
    .await
}

/// List partners' clients
///
/// With scopes and credentials; secrets are shown once, and never here.
#[utoipa::path(
    tag = "Partner clients",
    responses((status = OK, description = "A page of clients.", body = PartnerClientPageView))
)]
#[get("/v1/staff/partner-clients")]
pub(super) async fn list_partner_clients(
    ByStaff(caller, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<PartnerClientPageView>, Problem> {
    let clients = services.partners.list(caller.staff_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(PartnerClientPageView::new(&clients)))
}

/// Deactivate a partner's client
///
/// At once, with every token of it.
#[utoipa::path(
    tag = "Partner clients",
    params(("partner_client_id" = PartnerClientId, Path, description = "The client.")),
    responses((status = CREATED, description = "The client, deactivated.", body = PartnerClientView), NotFound, Conflict)
)]
#[post("/v1/staff/partner-clients/{partner_client_id}/deactivation")]
pub(super) async fn deactivate_partner_client(
    ByStaff(caller, (id, key, NoBody)): ByStaff<(TypedPath<PartnerClientId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (caller.staff_id, id.0);
    once::<_, PartnerClientView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &idempotency::digest(b""),
        Success::created("/v1/staff/partner-clients"),
        |recording| async move { services.partners.deactivate(by, id, recording).await },
    )
    .await
}

/// Add a credential to a client
///
/// A secret, shown this once, or a public key for `private_key_jwt` (RFC 7523). Old and new work beside
/// each other until the old one is retired.
#[utoipa::path(
    tag = "Partner clients",
    params(("partner_client_id" = PartnerClientId, Path, description = "The client.")),
    request_body = AddPartnerCredential,
    responses((status = CREATED, description = "The credential.", body = AddedPartnerCredentialView), NotFound, Conflict)
)]
#[post("/v1/staff/partner-clients/{partner_client_id}/credentials")]
pub(super) async fn add_partner_credential(
    ByStaff(caller, (id, key, body)): ByStaff<(
        TypedPath<PartnerClientId>,
        IdempotencyKey,
        StrictJson<AddPartnerCredential>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (caller.staff_id, id.0);
    let new = body.value.into_new()?;
    let owner = [by.as_bytes().as_slice(), id.as_bytes()].concat();
    let ticket = match key.turn(&owner, &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let added = services.partners.add_credential(by, id, new, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, "/v1/staff/partner-clients"))
        .json(AddedPartnerCredentialView::new(added)))
}

/// Retire a credential
///
/// At once, or after an overlap of at most seven days. Its tokens end with it.
#[utoipa::path(
    tag = "Partner clients",
    params(
        ("partner_client_id" = PartnerClientId, Path, description = "The client."),
        ("partner_credential_id" = PartnerCredentialId, Path, description = "The credential."),
    ),
    request_body = RetirePartnerCredential,
    responses((status = CREATED, description = "The credential, with its end.", body = PartnerCredentialView), NotFound, Conflict)
)]
#[post("/v1/staff/partner-clients/{partner_client_id}/credentials/{partner_credential_id}/retirement")]
pub(super) async fn retire_partner_credential(
    ByStaff(caller, (TypedPaths(id, credential), key, body)): ByStaff<(
        TypedPaths<PartnerClientId, PartnerCredentialId>,
        IdempotencyKey,
        StrictJson<RetirePartnerCredential>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let by = caller.staff_id;
    let overlap = TimeDelta::hours(body.value.overlap_hours()?);
    once::<_, PartnerCredentialView, _, _>(
        key,
        &[by.as_bytes().as_slice(), credential.as_bytes()].concat(),
        &body.digest,
        Success::created("/v1/staff/partner-clients"),
        |recording| async move {
            services.partners.retire_credential(by, id, credential, overlap, recording).await
        },
    )
    .await
}

/// Get the caller's own client
///
/// Who the token belongs to, and its scopes.
#[utoipa::path(
    tag = "Partner",
    responses((status = OK, description = "The client.", body = PartnerClientView))
)]
#[get("/v1/partner/client")]
pub(super) async fn get_own_partner_client(Partner(caller): Partner) -> Json<PartnerClientView> {
    Json(PartnerClientView::from(&caller))
}
