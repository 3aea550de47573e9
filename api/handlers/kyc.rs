//! The person's verification of identity (clauses 1.3 to 1.8).

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post, put,
    web::{Bytes, Data, Json},
};

use super::{
    extract::{
        By, IdempotencyKey, NoBody, Person, StrictJson, StrictMultipart, Success, TypedPath, TypedPaths, once,
    },
    views::{KycDocumentView, KycSubmissionView, KycView, Picture, SetKycDetails, UploadKycDocument},
};
use crate::{
    domain::{
        ids::DocumentId,
        kyc::{case::Residence, document::DocumentSide},
    },
    openapi::responses::{Conflict, NotFound},
    problem::Problem,
    server::Services,
    services::{idempotency, kyc::DocumentImage},
};

/// Get the verification of identity
///
/// What is asked of the person, under which clause, until when, and how each item stands.
#[utoipa::path(
    tag = "Verification",
    responses((status = OK, description = "The verification.", body = KycView))
)]
#[get("/v1/kyc")]
pub(super) async fn get_kyc(person: Person, services: Data<Services>) -> Result<Json<KycView>, Problem> {
    Ok(Json(KycView::from(&services.kyc.overview(person.account_id).await?)))
}

/// Set the personal details of the verification
///
/// Day of birth and residence; the name is that of the profile (clause 1.5). They can be set while a verification is
/// open (`kyc_not_open`).
#[utoipa::path(
    tag = "Verification",
    request_body = SetKycDetails,
    responses((status = OK, description = "The verification.", body = KycView), Conflict)
)]
#[put("/v1/kyc/personal-details")]
pub(super) async fn set_kyc_details(
    By(person, body): By<StrictJson<SetKycDetails>>,
    services: Data<Services>,
) -> Result<Json<KycView>, Problem> {
    let told = body.value;
    let residence = Residence {
        line: told.residence.line,
        postal_code: told.residence.postal_code,
        city: told.residence.city,
        country: told.residence.country,
    };
    let overview = services.kyc.set_details(person.account_id, told.birth_date, residence).await?;
    Ok(Json(KycView::from(&overview)))
}

/// Hand in a document
///
/// As a form with files (`multipart/form-data`). Pictures are decoded and encoded anew, so that nothing of a
/// file is kept but what it shows, and rest sealed; the name of a file is not looked at. Two identity documents
/// of different kinds are asked for (clause 1.6) and one proof of address (clause 1.7); what stands in the place
/// already is taken back first (`kyc_document_exists`).
#[utoipa::path(
    tag = "Verification",
    request_body(content = UploadKycDocument, content_type = "multipart/form-data"),
    responses((status = CREATED, description = "The document.", body = KycDocumentView), Conflict)
)]
#[post("/v1/kyc/documents")]
pub(super) async fn upload_kyc_document(
    By(person, (key, body)): By<(IdempotencyKey, StrictMultipart<UploadKycDocument>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let StrictMultipart { value, mut files, digest } = body;
    let upload = value.into_upload(|part| files.take(part));
    let id = person.account_id;
    once::<_, KycDocumentView, _, _>(
        key,
        id.as_bytes(),
        &digest,
        Success::created("/v1/kyc"),
        |recording| async move { services.kyc.upload(id, upload, recording).await },
    )
    .await
}

/// Get a document
///
/// What was told of it, and which pictures are kept.
#[utoipa::path(
    tag = "Verification",
    params(("document_id" = DocumentId, Path, description = "The document.")),
    responses((status = OK, description = "The document.", body = KycDocumentView), NotFound)
)]
#[get("/v1/kyc/documents/{document_id}")]
pub(super) async fn get_kyc_document(
    By(person, id): By<TypedPath<DocumentId>>,
    services: Data<Services>,
) -> Result<Json<KycDocumentView>, Problem> {
    Ok(Json(KycDocumentView::from(&services.kyc.document(person.account_id, id.0).await?)))
}

/// Take a document back
///
/// With its pictures, while the verification is open to that (`kyc_not_open`). The answer is the verification
/// as it stands then.
#[utoipa::path(
    tag = "Verification",
    params(("document_id" = DocumentId, Path, description = "The document.")),
    responses((status = OK, description = "The verification.", body = KycView), NotFound, Conflict)
)]
#[delete("/v1/kyc/documents/{document_id}")]
pub(super) async fn delete_kyc_document(
    By(person, id): By<TypedPath<DocumentId>>,
    services: Data<Services>,
) -> Result<Json<KycView>, Problem> {
    services.kyc.delete_document(person.account_id, id.0).await?;
    Ok(Json(KycView::from(&services.kyc.overview(person.account_id).await?)))
}

/// Get a picture of a document
///
/// As it is kept.
#[utoipa::path(
    tag = "Verification",
    params(
        ("document_id" = DocumentId, Path, description = "The document."),
        ("side" = DocumentSide, Path, description = "The side.")
    ),
    responses((status = OK, description = "The picture.", body = Picture, content_type = "image/jpeg"), NotFound)
)]
#[get("/v1/kyc/documents/{document_id}/images/{side}")]
pub(super) async fn get_kyc_document_image(
    By(person, TypedPaths(id, side)): By<TypedPaths<DocumentId, DocumentSide>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    Ok(picture(&services.kyc.image(person.account_id, id, side).await?))
}

/// A picture as browsers should treat it: saved, never shown in the place of a page.
pub(in crate::handlers) fn picture(image: &DocumentImage) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/jpeg")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"document.jpg\""))
        .body(Bytes::from(image.jpeg.to_vec()))
}

/// Hand the verification in
///
/// For review, once everything is there (`kyc_incomplete` names what is not). From then on it cannot be changed,
/// unless single items are asked for again.
#[utoipa::path(
    tag = "Verification",
    responses((status = CREATED, description = "What was handed in.", body = KycSubmissionView), Conflict)
)]
#[post("/v1/kyc/submission")]
pub(super) async fn submit_kyc(
    By(person, (key, NoBody)): By<(IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let id = person.account_id;
    once::<_, KycSubmissionView, _, _>(
        key,
        id.as_bytes(),
        &idempotency::digest(b""),
        Success::created("/v1/kyc"),
        |recording| async move { services.kyc.submit(id, recording).await },
    )
    .await
}
