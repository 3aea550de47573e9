//! Transfers to a buyer of the company: as staff brings them on their way, and as persons object.

use actix_web::{
    HttpResponse, get, post,
    web::{Data, Json},
};

use super::{
    extract::{By, ByStaff, IdempotencyKey, NoBody, Page, Person, StrictJson, Success, TypedPath, once},
    views::{
        ApproveTransfer, DraftTransfer, OwnTransferListView, OwnTransferView, TransferEntryPageView,
        TransferPageView, TransferView,
    },
};
use crate::{
    domain::ids::{StaffId, TransferId},
    openapi::responses::{Conflict, NotFound, PreconditionFailed},
    problem::{Problem, for_transfer},
    server::Services,
    services::{
        consents::ConsentOrigin,
        disclosures::{DisclosureError, ShownTransfer},
        idempotency::{self, Recording},
    },
};

fn place_of(id: TransferId) -> Success {
    Success::created(format!("/v1/staff/transfers/{id}"))
}

fn caller(by: StaffId, id: TransferId) -> Vec<u8> {
    [by.as_bytes().as_slice(), id.as_bytes()].concat()
}

/// Carries an act without a body out, once.
async fn upon<F>(
    key: IdempotencyKey,
    (by, id): (StaffId, TransferId),
    act: impl FnOnce(Recording<ShownTransfer>) -> F,
) -> Result<HttpResponse, Problem>
where
    F: Future<Output = Result<ShownTransfer, DisclosureError>>,
{
    let digest = idempotency::digest(&[]);
    once::<_, TransferView, _, _>(key, &caller(by, id), &digest, place_of(id), |recording| async move {
        act(recording).await.map_err(for_transfer)
    })
    .await
}

/// List transfers
///
/// To a buyer of the company, as far as they are about the person (clause 4.4).
#[utoipa::path(
    tag = "Disclosures",
    responses((status = OK, description = "The transfers.", body = OwnTransferListView))
)]
#[get("/v1/transfers")]
pub(super) async fn list_transfers(
    person: Person,
    services: Data<Services>,
) -> Result<Json<OwnTransferListView>, Problem> {
    Ok(Json(OwnTransferListView::new(&services.disclosures.own_transfers(person.account_id).await?)))
}

/// Object to a transfer
///
/// Nothing about the person goes to the buyer. It can be done until the transfer is carried out, at the end of the time
/// to object at the earliest; after that, withdrawing the consent to business transfers stops what was not fetched yet.
#[utoipa::path(
    tag = "Disclosures",
    params(("transfer_id" = TransferId, Path, description = "The transfer.")),
    responses((status = CREATED, description = "The transfer.", body = OwnTransferView), NotFound, Conflict)
)]
#[post("/v1/transfers/{transfer_id}/objection")]
pub(super) async fn object_to_transfer(
    By(person, (id, origin, key, _)): By<(TypedPath<TransferId>, ConsentOrigin, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (owner, id) = (person.account_id, id.0);
    let who = [owner.as_bytes().as_slice(), id.as_bytes()].concat();
    let (place, digest) = (Success::created("/v1/transfers"), idempotency::digest(&[]));
    once::<_, OwnTransferView, _, _>(key, &who, &digest, place, |recording| async move {
        let objected = services.disclosures.object_to_transfer(owner, id, origin.device, recording);
        objected.await.map_err(for_transfer)
    })
    .await
}

/// Draft a transfer
///
/// Of what all persons' accounts hold of some fields, to a buyer of the company.
#[utoipa::path(
    tag = "Transfers",
    request_body = DraftTransfer,
    responses((status = CREATED, description = "The draft.", body = TransferView), NotFound, Conflict)
)]
#[post("/v1/staff/transfers")]
pub(super) async fn draft_transfer(
    ByStaff(staff, (key, body)): ByStaff<(IdempotencyKey, StrictJson<DraftTransfer>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, digest, asked) = (staff.staff_id, body.digest, body.value.parts()?);
    let place = Success::created("/v1/staff/transfers");
    once::<_, TransferView, _, _>(key, by.as_bytes(), &digest, place, |recording| async move {
        services.disclosures.draft_transfer(by, asked, recording).await
    })
    .await
}

/// List transfers of the company
///
/// With who approved them.
#[utoipa::path(
    tag = "Transfers",
    responses((status = OK, description = "A page of transfers.", body = TransferPageView))
)]
#[get("/v1/staff/transfers")]
pub(super) async fn list_staff_transfers(
    ByStaff(staff, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<TransferPageView>, Problem> {
    Ok(Json(services.disclosures.transfers(staff.staff_id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Get a transfer
///
/// As it stands now.
#[utoipa::path(
    tag = "Transfers",
    params(("transfer_id" = TransferId, Path, description = "The transfer.")),
    responses((status = OK, description = "The transfer.", body = TransferView), NotFound)
)]
#[get("/v1/staff/transfers/{transfer_id}")]
pub(super) async fn get_transfer(
    ByStaff(_staff, id): ByStaff<TypedPath<TransferId>>,
    services: Data<Services>,
) -> Result<Json<TransferView>, Problem> {
    Ok(Json(TransferView::from(&services.disclosures.transfer(id.0).await?)))
}

/// List the entries of a transfer
///
/// Its manifest: what it is about and what came of it, person by person, under names that lead nowhere.
#[utoipa::path(
    tag = "Transfers",
    params(("transfer_id" = TransferId, Path, description = "The transfer.")),
    responses((status = OK, description = "A page of entries.", body = TransferEntryPageView), NotFound)
)]
#[get("/v1/staff/transfers/{transfer_id}/entries")]
pub(super) async fn list_transfer_entries(
    ByStaff(staff, (id, page)): ByStaff<(TypedPath<TransferId>, Page)>,
    services: Data<Services>,
) -> Result<Json<TransferEntryPageView>, Problem> {
    let (cursor, limit) = (page.cursor.as_deref(), page.limit);
    let entries = services.disclosures.transfer_entries(staff.staff_id, id.0, cursor, limit).await?;
    Ok(Json(entries.into()))
}

/// Announce a transfer
///
/// By somebody else than who drafted it. Everybody whom it is about is told, and can object for as long as the draft
/// says.
#[utoipa::path(
    tag = "Transfers",
    params(("transfer_id" = TransferId, Path, description = "The transfer.")),
    responses((status = CREATED, description = "The transfer.", body = TransferView), NotFound, Conflict)
)]
#[post("/v1/staff/transfers/{transfer_id}/announcement")]
pub(super) async fn announce_transfer(
    ByStaff(staff, (id, key, NoBody)): ByStaff<(TypedPath<TransferId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    upon(
        key,
        (by, id),
        |recording| async move { services.disclosures.announce_transfer(by, id, recording).await },
    )
    .await
}

/// Approve a transfer
///
/// Exactly this cohort, by two of the legal team. It is carried out once both approved it and the time to object is
/// over: each person's part passes the gate by itself.
#[utoipa::path(
    tag = "Transfers",
    params(("transfer_id" = TransferId, Path, description = "The transfer.")),
    request_body = ApproveTransfer,
    responses((status = CREATED, description = "The transfer.", body = TransferView), NotFound, Conflict, PreconditionFailed)
)]
#[post("/v1/staff/transfers/{transfer_id}/approvals")]
pub(super) async fn approve_transfer(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<TransferId>,
        IdempotencyKey,
        StrictJson<ApproveTransfer>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, hash) = (staff.staff_id, id.0, body.value.cohort_hash.0);
    once::<_, TransferView, _, _>(key, &caller(by, id), &body.digest, place_of(id), |recording| async move {
        services.disclosures.approve_transfer(by, (id, hash), recording).await.map_err(for_transfer)
    })
    .await
}

/// Cancel a transfer
///
/// Before it is completed: whoever waits for it is kept out.
#[utoipa::path(
    tag = "Transfers",
    params(("transfer_id" = TransferId, Path, description = "The transfer.")),
    responses((status = CREATED, description = "The transfer.", body = TransferView), NotFound, Conflict)
)]
#[post("/v1/staff/transfers/{transfer_id}/cancellation")]
pub(super) async fn cancel_transfer(
    ByStaff(staff, (id, key, NoBody)): ByStaff<(TypedPath<TransferId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    upon(
        key,
        (by, id),
        |recording| async move { services.disclosures.cancel_transfer(by, id, recording).await },
    )
    .await
}
