//! Disclosures, from draft to release.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post, put,
    web::{Data, Json},
};

use crate::{
    domain::{
        disclosure::DisclosureState,
        ids::{DisclosureId, StaffId},
    },
    handlers::{
        extract::{
            ByStaff, IdempotencyKey, IfMatch, NoBody, Queue, StrictJson, Success, Turn, TypedPath, draft,
            etag, once,
        },
        views::{
            DisclosurePackageView, DraftDisclosure, RecordAuthorityAccess, ReviewDisclosure,
            SilenceDisclosure, StaffDisclosureDetailView, StaffDisclosurePageView, WriteDisclosure,
        },
    },
    openapi::responses::{Conflict, NotFound, PreconditionFailed},
    problem::Problem,
    server::Services,
    services::{
        disclosures::{DisclosureError, Puller, StaffDisclosure},
        idempotency::{self, Recording},
    },
};

fn present(shown: &StaffDisclosure) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag(shown.disclosure.revision.into())))
        .json(StaffDisclosureDetailView::from(shown))
}

/// Where a disclosure is found.
fn place_of(id: DisclosureId) -> String {
    format!("/v1/staff/disclosures/{id}")
}

/// Whose request this is, and about which disclosure: a key means one thing for each.
fn caller(by: StaffId, id: DisclosureId) -> Vec<u8> {
    [by.as_bytes().as_slice(), id.as_bytes()].concat()
}

/// Carries an act without a body out, once.
async fn upon<F>(
    key: IdempotencyKey,
    (by, id): (StaffId, DisclosureId),
    act: impl FnOnce(Recording<StaffDisclosure>) -> F,
) -> Result<HttpResponse, Problem>
where
    F: Future<Output = Result<StaffDisclosure, DisclosureError>>,
{
    let (who, digest, place) = (caller(by, id), idempotency::digest(&[]), Success::created(place_of(id)));
    once::<_, StaffDisclosureDetailView, _, _>(key, &who, &digest, place, act).await
}

/// Draft a disclosure
///
/// About one person, to one recipient. The class of the recipient decides what it may be told, on which consent, and
/// whether it takes an order. The ground is refused where it tells who the person is (`tells_who_it_is`), since the
/// legal team reads it and must not know.
#[utoipa::path(
    tag = "Staff disclosures",
    request_body = DraftDisclosure,
    responses((status = CREATED, description = "The draft.", body = StaffDisclosureDetailView), NotFound, Conflict)
)]
#[post("/v1/staff/disclosures")]
pub(super) async fn draft_disclosure(
    ByStaff(staff, (key, body)): ByStaff<(IdempotencyKey, StrictJson<DraftDisclosure>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, digest, asked) = (staff.staff_id, body.digest, body.value.into_draft()?);
    let place = Success::created("/v1/staff/disclosures");
    once::<_, StaffDisclosureDetailView, _, _>(key, by.as_bytes(), &digest, place, |recording| async move {
        services.disclosures.draft(by, asked, recording).await
    })
    .await
}

/// Record an authority's access
///
/// An authority of another country took data about a person where they are stored (clauses 5.4 to 5.6). Nothing is let
/// out by that: it is put on record, and the person is told, at once or when an order does not forbid it any more.
#[utoipa::path(
    tag = "Staff disclosures",
    request_body = RecordAuthorityAccess,
    responses((status = CREATED, description = "What is on record.", body = StaffDisclosureDetailView), NotFound, Conflict)
)]
#[post("/v1/staff/authority-accesses")]
pub(super) async fn record_authority_access(
    ByStaff(staff, (key, body)): ByStaff<(IdempotencyKey, StrictJson<RecordAuthorityAccess>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, digest, access) = (staff.staff_id, body.digest, body.value.into_access()?);
    let place = Success::created("/v1/staff/disclosures");
    once::<_, StaffDisclosureDetailView, _, _>(key, by.as_bytes(), &digest, place, |recording| async move {
        services.disclosures.record_access(by, access, recording).await
    })
    .await
}

/// List disclosures
///
/// Those that end first before the others; unless a state is named, what waits for a review.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("state" = Option<DisclosureState>, Query, description = "How far they have come; what waits for a review if absent.")),
    responses((status = OK, description = "A page of disclosures.", body = StaffDisclosurePageView))
)]
#[get("/v1/staff/disclosures")]
pub(super) async fn list_staff_disclosures(
    ByStaff(staff, query): ByStaff<Queue<DisclosureState>>,
    services: Data<Services>,
) -> Result<Json<StaffDisclosurePageView>, Problem> {
    let states = vec![query.state.unwrap_or(DisclosureState::InReview)];
    let (cursor, limit) = (query.page.cursor.as_deref(), query.page.limit);
    Ok(Json(services.disclosures.queue(staff.staff_id, states, cursor, limit).await?.into()))
}

/// Get a disclosure
///
/// Names of fields, no values, and the person under a name that leads nowhere; with what the gate would say now.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = OK, description = "The disclosure.", body = StaffDisclosureDetailView), NotFound)
)]
#[get("/v1/staff/disclosures/{disclosure_id}")]
pub(super) async fn get_staff_disclosure(
    ByStaff(_staff, id): ByStaff<TypedPath<DisclosureId>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    Ok(present(&services.disclosures.staff_disclosure(id.0).await?))
}

/// Change a disclosure
///
/// Replaces recipient, fields and ground, before the release. Whatever was approved or agreed to was something else:
/// both keys are void, and the disclosure is a draft again.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    request_body = WriteDisclosure,
    responses((status = OK, description = "The disclosure, a draft.", body = StaffDisclosureDetailView), NotFound, Conflict, PreconditionFailed)
)]
#[put("/v1/staff/disclosures/{disclosure_id}")]
pub(super) async fn change_disclosure(
    ByStaff(staff, (id, expected, body)): ByStaff<(
        TypedPath<DisclosureId>,
        IfMatch,
        StrictJson<WriteDisclosure>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let change = |account_id| body.value.about(account_id);
    let asked = change(services.disclosures.subject(id.0).await?)?;
    Ok(present(&services.disclosures.change(staff.staff_id, (id.0, expected.0), asked).await?))
}

/// Submit a disclosure
///
/// To the legal team.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = CREATED, description = "The disclosure, in review.", body = StaffDisclosureDetailView), NotFound, Conflict)
)]
#[post("/v1/staff/disclosures/{disclosure_id}/submission")]
pub(super) async fn submit_disclosure(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<DisclosureId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    upon(key, (by, id), |recording| async move { services.disclosures.submit(by, id, recording).await }).await
}

/// Review a disclosure
///
/// Exactly as it was shown, by its `scope_hash` (`stale_version` if it is other by now), and by nobody who asked for it
/// or changed it (`second_person_required`). Where more than 100 persons' data went to the recipient for the purpose
/// within 30 days, two reviewers have to approve. Then the person's consent is looked for, or asked for.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    request_body = ReviewDisclosure,
    responses((status = CREATED, description = "The disclosure after the review.", body = StaffDisclosureDetailView), NotFound, Conflict, PreconditionFailed)
)]
#[post("/v1/staff/disclosures/{disclosure_id}/reviews")]
pub(super) async fn review_disclosure(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<DisclosureId>,
        IdempotencyKey,
        StrictJson<ReviewDisclosure>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, outcome) = (staff.staff_id, id.0, body.value.into_outcome()?);
    let (who, place) = (caller(by, id), Success::created(place_of(id)));
    once::<_, StaffDisclosureDetailView, _, _>(key, &who, &body.digest, place, |recording| async move {
        services.disclosures.review(by, id, outcome, recording).await
    })
    .await
}

/// Release a disclosure
///
/// If both keys are there and nothing is in the way at this very moment (`disclosure_refused`, with the clause). The
/// person is told, unless an order or a law forbids it for now.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = CREATED, description = "The disclosure, released.", body = StaffDisclosureDetailView), NotFound, Conflict)
)]
#[post("/v1/staff/disclosures/{disclosure_id}/release")]
pub(super) async fn release_disclosure(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<DisclosureId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    upon(key, (by, id), |recording| async move { services.disclosures.release(by, id, recording).await })
        .await
}

/// Keep a disclosure from its person
///
/// While an order forbids to tell, or telling would prejudice an investigation of money laundering; until a day, on which
/// the person is told. Only before that, and not where the person was asked. An order that forbids to tell does so
/// by itself.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    request_body = SilenceDisclosure,
    responses((status = OK, description = "The disclosure.", body = StaffDisclosureDetailView), NotFound, Conflict)
)]
#[put("/v1/staff/disclosures/{disclosure_id}/silence")]
pub(super) async fn silence_disclosure(
    ByStaff(staff, (id, body)): ByStaff<(TypedPath<DisclosureId>, StrictJson<SilenceDisclosure>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let SilenceDisclosure { kind, until } = body.value;
    Ok(present(&services.disclosures.silence(staff.staff_id, id.0, kind, until).await?))
}

/// Let a disclosure be told
///
/// The person is told of what was released, at once.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = OK, description = "The disclosure.", body = StaffDisclosureDetailView), NotFound, Conflict)
)]
#[delete("/v1/staff/disclosures/{disclosure_id}/silence")]
pub(super) async fn end_disclosure_silence(
    ByStaff(staff, id): ByStaff<TypedPath<DisclosureId>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    Ok(present(&services.disclosures.end_silence(staff.staff_id, id.0).await?))
}

/// Cancel a disclosure
///
/// Before its release.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = CREATED, description = "The disclosure, cancelled.", body = StaffDisclosureDetailView), NotFound, Conflict)
)]
#[post("/v1/staff/disclosures/{disclosure_id}/cancellation")]
pub(super) async fn cancel_disclosure(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<DisclosureId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    upon(key, (by, id), |recording| async move { services.disclosures.cancel(by, id, recording).await }).await
}

/// Hand a disclosure over
///
/// For a recipient without a client of its own: the package, sealed to the recipient's key, which nobody here opens.
/// The gate is asked as at every pull.
#[utoipa::path(
    tag = "Staff disclosures",
    params(("disclosure_id" = DisclosureId, Path, description = "The disclosure.")),
    responses((status = CREATED, description = "The package.", body = DisclosurePackageView), NotFound, Conflict)
)]
#[post("/v1/staff/disclosures/{disclosure_id}/hand-overs")]
pub(super) async fn hand_over_disclosure(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<DisclosureId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    let ticket = match key.turn(&caller(by, id), &idempotency::digest(&[])).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let pulled = services.disclosures.pull(Puller::Staff(by), id, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, place_of(id)))
        .json(DisclosurePackageView::from(&pulled)))
}
