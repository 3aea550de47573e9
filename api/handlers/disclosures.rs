//! What is disclosed about a person, as the person sees it, agrees to it and takes that back; and as partners fetch it.

use actix_web::{
    HttpResponse, get,
    http::header,
    post,
    web::{Data, Json},
};

use super::{
    extract::{
        By, ByPartner, IdempotencyKey, NoBody, Page, Person, StrictJson, Success, Turn, TypedPath, draft,
        once,
    },
    views::{
        AnswerConsentRequest, ConsentRequestPageView, ConsentRequestView, DisclosureLogEntryView,
        DisclosureLogPageView, DisclosurePackageView, DisclosureProofView, PartnerDisclosurePageView,
        PartnerDisclosureView, RecipientListView,
    },
};
use crate::{
    domain::ids::{AccountId, ConsentRequestId, DisclosureId, PartnerClientId},
    openapi::responses::{Conflict, Gone, Locked, NotFound},
    problem::{Problem, for_partner},
    server::Services,
    services::{consents::ConsentOrigin, disclosures::Puller, idempotency, log::proof_file::ProofFile},
};

fn caller(owner: AccountId, id: ConsentRequestId) -> Vec<u8> {
    [owner.as_bytes().as_slice(), id.as_bytes()].concat()
}

fn partner(client: PartnerClientId, id: DisclosureId) -> Vec<u8> {
    [client.as_bytes().as_slice(), id.as_bytes()].concat()
}

/// List recipients of the ordinary course
///
/// The companies of the group (clause 4.1), and those who work for the service. What went to whom stands in the
/// disclosure log.
#[utoipa::path(
    tag = "Disclosures",
    responses((status = OK, description = "The recipients.", body = RecipientListView))
)]
#[get("/v1/recipients")]
pub(super) async fn list_recipients(
    _person: Person,
    services: Data<Services>,
) -> Result<Json<RecipientListView>, Problem> {
    Ok(Json(RecipientListView::new(&services.recipients.ordinary().await?)))
}

/// List disclosures
///
/// Who got what about the person, why, when, under which clause and on which consent; newest first.
#[utoipa::path(
    tag = "Disclosures",
    responses((status = OK, description = "A page of the log.", body = DisclosureLogPageView))
)]
#[get("/v1/disclosures")]
pub(super) async fn list_disclosures(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<DisclosureLogPageView>, Problem> {
    Ok(Json(services.disclosures.own(person.account_id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Get a disclosure
///
/// One entry of the log.
#[utoipa::path(
    tag = "Disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = OK, description = "The entry.", body = DisclosureLogEntryView), NotFound)
)]
#[get("/v1/disclosures/{disclosure_id}")]
pub(super) async fn get_disclosure(
    By(person, id): By<TypedPath<DisclosureId>>,
    services: Data<Services>,
) -> Result<Json<DisclosureLogEntryView>, Problem> {
    Ok(Json(DisclosureLogEntryView::from(&services.disclosures.own_one(person.account_id, id.0).await?)))
}

/// Get the proof of a disclosure
///
/// A file that anybody verifies without this service: everything that happened to the disclosure since its release,
/// what each leaf of the log commits to, and the way up to a signed checkpoint. `smart-mining log verify-proof` checks
/// it offline. What was done within the last minute may not be in the tree yet (`proof_not_ready`).
#[utoipa::path(
    tag = "Disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = OK, description = "The proof.", body = DisclosureProofView), NotFound, Conflict)
)]
#[get("/v1/disclosures/{disclosure_id}/proof")]
pub(super) async fn get_disclosure_proof(
    By(person, id): By<TypedPath<DisclosureId>>,
    services: Data<Services>,
) -> Result<Json<DisclosureProofView>, Problem> {
    let own = services.disclosures.own_one(person.account_id, id.0).await?;
    let proven = services.log.prove_leaves(own.steps.iter().map(|step| step.leaf_id).collect()).await?;
    Ok(Json(DisclosureProofView::from(ProofFile::new(proven, |leaf| own.facts_of(leaf)))))
}

/// List consent requests
///
/// What the person was asked before a disclosure, and what became of it; newest first.
#[utoipa::path(
    tag = "Disclosures",
    responses((status = OK, description = "A page of requests.", body = ConsentRequestPageView))
)]
#[get("/v1/consent-requests")]
pub(super) async fn list_consent_requests(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<ConsentRequestPageView>, Problem> {
    let (cursor, limit) = (page.cursor.as_deref(), page.limit);
    Ok(Json(services.disclosures.consent_requests(person.account_id, cursor, limit).await?.into()))
}

/// Get a consent request
///
/// What would be disclosed to whom, where, why, and until when it can be answered.
#[utoipa::path(
    tag = "Disclosures",
    params(("consent_request_id" = ConsentRequestId, Path, description = "The request.")),
    responses((status = OK, description = "The request.", body = ConsentRequestView), NotFound)
)]
#[get("/v1/consent-requests/{consent_request_id}")]
pub(super) async fn get_consent_request(
    By(person, id): By<TypedPath<ConsentRequestId>>,
    services: Data<Services>,
) -> Result<Json<ConsentRequestView>, Problem> {
    Ok(Json(ConsentRequestView::from(&services.disclosures.consent_request(person.account_id, id.0).await?)))
}

/// Answer a consent request
///
/// Once (`consent_request_closed`). To agree needs the policy in force to be accepted
/// (`policy_acceptance_required`); to decline needs nothing. What was agreed to can be taken back at any time.
#[utoipa::path(
    tag = "Disclosures",
    params(("consent_request_id" = ConsentRequestId, Path, description = "The request.")),
    request_body = AnswerConsentRequest,
    responses((status = CREATED, description = "The request, answered.", body = ConsentRequestView), NotFound, Conflict)
)]
#[post("/v1/consent-requests/{consent_request_id}/answer")]
pub(super) async fn answer_consent_request(
    By(person, (id, origin, key, body)): By<(
        TypedPath<ConsentRequestId>,
        ConsentOrigin,
        IdempotencyKey,
        StrictJson<AnswerConsentRequest>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (owner, id, granted) = (person.account_id, id.0, body.value.granted);
    let place = Success::created(format!("/v1/consent-requests/{id}"));
    let who = caller(owner, id);
    once::<_, ConsentRequestView, _, _>(key, &who, &body.digest, place, |recording| async move {
        services.disclosures.answer(owner, id, granted, origin.device, recording).await
    })
    .await
}

/// Take an answer back
///
/// At any time, before the release and after it: from this call on nothing of it is given out.
#[utoipa::path(
    tag = "Disclosures",
    params(("consent_request_id" = ConsentRequestId, Path, description = "The request.")),
    responses((status = CREATED, description = "The request, withdrawn.", body = ConsentRequestView), NotFound, Conflict)
)]
#[post("/v1/consent-requests/{consent_request_id}/withdrawal")]
pub(super) async fn withdraw_consent_answer(
    By(person, (id, origin, key, _)): By<(
        TypedPath<ConsentRequestId>,
        ConsentOrigin,
        IdempotencyKey,
        NoBody,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (owner, id) = (person.account_id, id.0);
    let place = Success::created(format!("/v1/consent-requests/{id}"));
    let (who, digest) = (caller(owner, id), idempotency::digest(&[]));
    once::<_, ConsentRequestView, _, _>(key, &who, &digest, place, |recording| async move {
        services.disclosures.withdraw_answer(owner, id, origin.device, recording).await
    })
    .await
}

/// List disclosures to the partner
///
/// In the order of their release, under a number that never changes: poll with the cursor of the last page.
#[utoipa::path(
    tag = "Partner",
    responses((status = OK, description = "A page of disclosures.", body = PartnerDisclosurePageView))
)]
#[get("/v1/partner/disclosures")]
pub(super) async fn list_partner_disclosures(
    ByPartner(client, page): ByPartner<Page>,
    services: Data<Services>,
) -> Result<Json<PartnerDisclosurePageView>, Problem> {
    Ok(Json(services.disclosures.feed(client.id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Get a disclosure to the partner
///
/// As it stands now.
#[utoipa::path(
    tag = "Partner",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = OK, description = "The disclosure.", body = PartnerDisclosureView), NotFound)
)]
#[get("/v1/partner/disclosures/{disclosure_id}")]
pub(super) async fn get_partner_disclosure(
    ByPartner(client, id): ByPartner<TypedPath<DisclosureId>>,
    services: Data<Services>,
) -> Result<Json<PartnerDisclosureView>, Problem> {
    Ok(Json(PartnerDisclosureView::from(&services.disclosures.released_to(client.id, id.0).await?)))
}

/// Pull a disclosure
///
/// The package is built now, with today's data and nothing but the released fields, sealed to the key in the register
/// and signed. Consent, review and everything else are looked at again: once the consent was withdrawn it is gone
/// (`disclosure_revoked`), and while something else stands in the way it is held (`disclosure_held`). A repeat under
/// the same `Idempotency-Key` is refused (`already_done`); pull anew where a transmission went wrong.
#[utoipa::path(
    tag = "Partner",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = CREATED, description = "The package.", body = DisclosurePackageView), NotFound, Conflict, Gone, Locked)
)]
#[post("/v1/partner/disclosures/{disclosure_id}/pulls")]
pub(super) async fn pull_disclosure(
    ByPartner(client, (id, key, _)): ByPartner<(TypedPath<DisclosureId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let id = id.0;
    let ticket = match key.turn(&partner(client.id, id), &idempotency::digest(&[])).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let pulled = services.disclosures.pull(Puller::Client(client.id), id, draft(ticket.as_ref())).await;
    let pulled = pulled.map_err(for_partner)?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/v1/partner/disclosures/{id}")))
        .json(DisclosurePackageView::from(&pulled)))
}

/// Acknowledge a pull
///
/// That the last package arrived and could be opened.
#[utoipa::path(
    tag = "Partner",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = CREATED, description = "The disclosure.", body = PartnerDisclosureView), NotFound, Conflict)
)]
#[post("/v1/partner/disclosures/{disclosure_id}/acknowledgement")]
pub(super) async fn acknowledge_disclosure(
    ByPartner(client, (id, key, _)): ByPartner<(TypedPath<DisclosureId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (client, id) = (client.id, id.0);
    let place = Success::created(format!("/v1/partner/disclosures/{id}"));
    let (who, digest) = (partner(client, id), idempotency::digest(&[]));
    once::<_, PartnerDisclosureView, _, _>(key, &who, &digest, place, |recording| async move {
        services.disclosures.acknowledge(client, id, recording).await
    })
    .await
}
