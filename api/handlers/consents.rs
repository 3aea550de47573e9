//! The person's decisions about the policy and its purposes.

use actix_web::{
    HttpRequest, HttpResponse, get, post, put,
    web::{Data, Json},
};

use super::{
    extract::{
        By, IdempotencyKey, Page, Person, StrictJson, Success, TypedPath, once,
        query::{malformed, values},
    },
    views::{
        ConsentDecisionView, ConsentEventPageView, ConsentOverviewView, ConsentReceiptView, DecideOnPolicy,
        PolicyDecisionPageView, PolicyDecisionView, SetConsent, StoragePlaces,
    },
};
use crate::{
    domain::{ids::ConsentEventId, purpose::Purpose},
    openapi::responses::{Conflict, NotFound},
    problem::{FieldCode, Problem},
    server::Services,
    services::consents::{Choice, ConsentOrigin},
};

/// Accept the policy
///
/// Accepts the version in force, by number and hash as shown (`policy_version_superseded` for any other).
/// With it the purposes that its clauses contain are agreed to; what the person withdrew before is not
/// revived (clause 4.8).
#[utoipa::path(
    tag = "Consent",
    request_body = DecideOnPolicy,
    responses((status = CREATED, description = "The acceptance.", body = PolicyDecisionView), Conflict)
)]
#[post("/v1/policy-acceptances")]
pub(super) async fn accept_policy(
    By(person, (origin, key, body)): By<(ConsentOrigin, IdempotencyKey, StrictJson<DecideOnPolicy>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, shown) = (person.account_id, (body.value.policy_version, body.value.policy_content_hash.0));
    let next = Success::created("/v1/consents");
    once::<_, PolicyDecisionView, _, _>(key, id.as_bytes(), &body.digest, next, |recording| async move {
        services.consents.accept(id, shown, origin, recording).await
    })
    .await
}

/// Refuse the policy
///
/// Refuses the version in force: what rested on the policy stands no more, and every session ends. Signing
/// in again reaches what reads own data, narrows processing or secures the account (clause 0.4).
#[utoipa::path(
    tag = "Consent",
    request_body = DecideOnPolicy,
    responses((status = CREATED, description = "The refusal.", body = PolicyDecisionView), Conflict)
)]
#[post("/v1/policy-refusals")]
pub(super) async fn refuse_policy(
    By(person, (origin, key, body)): By<(ConsentOrigin, IdempotencyKey, StrictJson<DecideOnPolicy>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (id, shown) = (person.account_id, (body.value.policy_version, body.value.policy_content_hash.0));
    let next = Success::created("/v1/sessions");
    once::<_, PolicyDecisionView, _, _>(key, id.as_bytes(), &body.digest, next, |recording| async move {
        services.consents.refuse(id, shown, origin, recording).await
    })
    .await
}

/// List consents
///
/// Every purpose that the person says yes or no to: what was said, and whether it stands for processing
/// that goes on and for a new release.
#[utoipa::path(
    tag = "Consent",
    responses((status = OK, description = "The consents.", body = ConsentOverviewView))
)]
#[get("/v1/consents")]
pub(super) async fn list_consents(
    person: Person,
    services: Data<Services>,
) -> Result<Json<ConsentOverviewView>, Problem> {
    let overview = services.consents.overview(person.account_id).await?;
    Ok(Json(ConsentOverviewView::new(&overview)))
}

/// Grant or withdraw a consent
///
/// One call for both, which always takes effect. A withdrawal answers what follows from it; with
/// `dry_run=true` nothing is written, and the answer says what would follow. To grant needs the policy in
/// force to be accepted (`policy_acceptance_required`), and names the words that were shown
/// (`purpose_definition_superseded`); to withdraw needs neither.
#[utoipa::path(
    tag = "Consent",
    params(
        ("purpose" = Purpose, Path, description = "The purpose.", example = "analytics"),
        ("dry_run" = Option<bool>, Query, description = "Whether only to tell what would follow.", example = false),
    ),
    request_body = SetConsent,
    responses((status = OK, description = "What came of it.", body = ConsentDecisionView), NotFound, Conflict)
)]
#[put("/v1/consents/{purpose}")]
pub(super) async fn set_consent(
    By(person, (purpose, origin, request, body)): By<(
        TypedPath<Purpose>,
        ConsentOrigin,
        HttpRequest,
        StrictJson<SetConsent>,
    )>,
    services: Data<Services>,
) -> Result<Json<ConsentDecisionView>, Problem> {
    let dry_run = match values(request.query_string(), ["dry_run"])? {
        [None | Some("false")] => false,
        [Some("true")] => true,
        [Some(_)] => return Err(malformed("dry_run", FieldCode::WrongType)),
    };
    let SetConsent { granted, definition_hash } = body.value;
    if granted && definition_hash.is_none() {
        return Err(Problem::invalid("/definition_hash", FieldCode::MissingField));
    }
    let choice = Choice { purpose: purpose.0, granted, definition_hash: definition_hash.map(|hash| hash.0) };
    let decision = services.consents.decide(person.account_id, choice, origin, dry_run).await?;
    Ok(Json(ConsentDecisionView::new(&decision)))
}

/// List decisions about the policy
///
/// Which versions the person accepted and refused, in which words and when, newest first.
#[utoipa::path(
    tag = "Consent",
    responses((status = OK, description = "A page of decisions.", body = PolicyDecisionPageView))
)]
#[get("/v1/policy-acceptances")]
pub(super) async fn list_policy_acceptances(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<PolicyDecisionPageView>, Problem> {
    let decided = services.consents.decisions(person.account_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(PolicyDecisionPageView::new(&decided)))
}

/// List consent events
///
/// The person's ledger, newest first: what was agreed to, declined and withdrawn, in which words, how and
/// when. It only ever grows.
#[utoipa::path(
    tag = "Consent",
    responses((status = OK, description = "A page of events.", body = ConsentEventPageView))
)]
#[get("/v1/consent-events")]
pub(super) async fn list_consent_events(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<ConsentEventPageView>, Problem> {
    let events = services.consents.events(person.account_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(ConsentEventPageView::new(&events)))
}

/// Get the receipt of a consent
///
/// A signed receipt of one event (ISO/IEC TS 27560), which anybody can verify with a key of
/// `/.well-known/jwks.json` and without this service.
#[utoipa::path(
    tag = "Consent",
    params(("consent_event_id" = ConsentEventId, Path, description = "The event.")),
    responses((status = OK, description = "The receipt.", body = ConsentReceiptView), NotFound)
)]
#[get("/v1/consent-events/{consent_event_id}/receipt")]
pub(super) async fn get_consent_receipt(
    By(person, id): By<TypedPath<ConsentEventId>>,
    services: Data<Services>,
) -> Result<Json<ConsentReceiptView>, Problem> {
    Ok(Json(services.consents.receipt(person.account_id, id.0).await?.into()))
}

/// List storage places
///
/// The places where data of the person rest, with a note on standards there and on who may reach the data
/// (clauses 5.4 to 5.6).
#[utoipa::path(
    tag = "Consent",
    responses((status = OK, description = "The places.", body = StoragePlaces))
)]
#[get("/v1/storage-places")]
pub(super) async fn list_storage_places(
    person: Person,
    services: Data<Services>,
) -> Result<Json<StoragePlaces>, Problem> {
    let policy = services.policies.current().await?;
    let held = services.consents.held_classes(person.account_id).await?;
    Ok(Json(StoragePlaces::new(&policy, |place| place.data_classes.iter().any(|class| held.contains(class)))))
}
