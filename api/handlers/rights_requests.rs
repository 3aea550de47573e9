//! Rights requests: as their persons file them, and as staff answers them.

use super::{
    extract::{
        By, ByStaff, IdempotencyKey, NoBody, Page, Person, Queue, StrictJson, Success, Turn, TypedPath,
        draft, once,
    },
    views::{
        AnswerRightsRequest, ExtendRightsRequest, FileRightsRequest, FiledRightsRequestView,
        PreviewRightsRequest, ReadRightsResult, RightsRequestPageView, RightsRequestPreviewView,
        RightsRequestResultView, RightsRequestView, StaffRightsRequestPageView, StaffRightsRequestView,
        ZipFile,
    },
};
use crate::{
    domain::{
        ids::{AccountId, RightsRequestId, StaffId},
        rights::request::RightsState,
    },
    openapi::responses::{Conflict, Gone, NotFound},
    problem::Problem,
    server::Services,
    services::{
        idempotency::{self, Recording},
        log::{proof_file::ProofFile, proofs::ProofError},
        rights::{RightsError, ShownRequest},
    },
};
use actix_web::{
    HttpResponse, get,
    http::header,
    post,
    web::{Bytes, Data, Json},
};
use futures_util::TryStreamExt;

/// Preview a rights request
///
/// What it would lead to: what is done no more, and who is told (clause 7.6). The answer is signed, and a request is filed
/// with it; nothing is changed by looking.
#[utoipa::path(
    tag = "Rights requests",
    request_body = PreviewRightsRequest,
    responses((status = OK, description = "What it would lead to.", body = RightsRequestPreviewView))
)]
#[post("/v1/rights-request-previews")]
pub(super) async fn preview_rights_request(
    By(person, body): By<StrictJson<PreviewRightsRequest>>,
    services: Data<Services>,
) -> Result<Json<RightsRequestPreviewView>, Problem> {
    let preview = services.rights.preview(person.account_id, body.value.scope()?).await?;
    Ok(Json(preview.into()))
}

/// File a rights request
///
/// A restriction or an objection holds from now on, while its answer is awaited, and until it is taken back, or refused and
/// seven days have passed. Access and portability are answered with an archive, within minutes. A restriction is told to whoever fetched what it is about (clause 7.3; GDPR art. 18, 19 and 21).
#[utoipa::path(
    tag = "Rights requests",
    request_body = FileRightsRequest,
    responses((status = CREATED, description = "The request, and what opens its result.", body = FiledRightsRequestView), Conflict)
)]
#[post("/v1/rights-requests")]
pub(super) async fn file_rights_request(
    By(person, (key, body)): By<(IdempotencyKey, StrictJson<FileRightsRequest>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let owner = person.account_id;
    let ticket = match key.turn(owner.as_bytes(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let filed = services.rights.file(owner, body.value.parts()?, draft(ticket.as_ref())).await?;
    let place = format!("/v1/rights-requests/{}", filed.shown.request.id);
    let answer = FiledRightsRequestView::new(filed);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, place)).json(answer))
}

/// Read the result of a rights request
///
/// By the token that came with the filing, so also after an erasure, when nobody signs in any more. Some seconds after an
/// erasure was completed there is its certificate.
#[utoipa::path(
    tag = "Rights requests",
    request_body = ReadRightsResult,
    responses((status = OK, description = "The request, and its certificate.", body = RightsRequestResultView), NotFound)
)]
#[post("/v1/rights-request-results")]
pub(super) async fn read_rights_request_result(
    body: StrictJson<ReadRightsResult>,
    services: Data<Services>,
) -> Result<Json<RightsRequestResultView>, Problem> {
    let result = services.rights.result(&body.value.result_token.0).await?;
    let certificate = match result.completion {
        None => None,
        Some(leaf) => match services.log.prove_leaves(vec![leaf]).await {
            Ok(proven) => {
                let proof = ProofFile::new(proven, |leaf| result.facts_of(leaf));
                services.rights.certify(&result, proof)?
            }
            // The tree takes it in within the minute; a leaf of a log before this one has its proof there.
            Err(ProofError::NoCheckpoint | ProofError::NotFound) => None,
            Err(error) => return Err(error.into()),
        },
    };
    Ok(Json(RightsRequestResultView::new(&result, certificate)))
}

/// List rights requests
///
/// Newest first.
#[utoipa::path(
    tag = "Rights requests",
    responses((status = OK, description = "A page of requests.", body = RightsRequestPageView))
)]
#[get("/v1/rights-requests")]
pub(super) async fn list_rights_requests(
    By(person, page): By<Page>,
    services: Data<Services>,
) -> Result<Json<RightsRequestPageView>, Problem> {
    Ok(Json(services.rights.list(person.account_id, page.cursor.as_deref(), page.limit).await?.into()))
}

/// Get a rights request
///
/// As it stands now, with its steps.
#[utoipa::path(
    tag = "Rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    responses((status = OK, description = "The request.", body = RightsRequestView), NotFound)
)]
#[get("/v1/rights-requests/{rights_request_id}")]
pub(super) async fn get_rights_request(
    person: Person,
    id: TypedPath<RightsRequestId>,
    services: Data<Services>,
) -> Result<Json<RightsRequestView>, Problem> {
    Ok(Json(RightsRequestView::from(&services.rights.get(person.account_id, id.0).await?)))
}

/// Get the result of a rights request
///
/// The archive of a request for access or portability, as a ZIP file: every table as JSON, described by `schema.json`, and as
/// CSV, the pictures of documents, and a page to read, `index.html`. It can be downloaded for seven days, and each time is
/// counted (`archive_not_ready` before, `archive_expired` after).
#[utoipa::path(
    tag = "Rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    responses((status = OK, description = "The archive.", body = ZipFile, content_type = "application/zip"), NotFound, Conflict, Gone)
)]
#[get("/v1/rights-requests/{rights_request_id}/result")]
pub(super) async fn get_rights_request_result(
    By(person, id): By<TypedPath<RightsRequestId>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let download = services.rights.download(person.account_id, id.0).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"your-data.zip\""))
        .no_chunking(download.size)
        .streaming(download.bytes.map_ok(Bytes::from)))
}

/// Takes a step on a request of the person's own, once.
async fn on_own<F: Future<Output = Result<ShownRequest, RightsError>>>(
    (owner, id): (AccountId, RightsRequestId),
    key: IdempotencyKey,
    act: impl FnOnce(Recording<ShownRequest>) -> F,
) -> Result<HttpResponse, Problem> {
    let who = [owner.as_bytes().as_slice(), id.as_bytes()].concat();
    let place = Success::created(format!("/v1/rights-requests/{id}"));
    once::<_, RightsRequestView, _, _>(key, &who, &idempotency::digest(&[]), place, act).await
}

/// Withdraw a rights request
///
/// What it asked for ends now; possible until it has ended otherwise.
#[utoipa::path(
    tag = "Rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    responses((status = CREATED, description = "The request.", body = RightsRequestView), NotFound, Conflict)
)]
#[post("/v1/rights-requests/{rights_request_id}/withdrawal")]
pub(super) async fn withdraw_rights_request(
    By(person, (id, key, _)): By<(TypedPath<RightsRequestId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (owner, id) = (person.account_id, id.0);
    on_own((owner, id), key, |recording| async move { services.rights.withdraw(owner, id, recording).await })
        .await
}

/// Complain about a rights request
///
/// The legal team sees that the person is not content with how it is dealt with, and the log attests it; it takes its course
/// all the same. Whoever wants to can complain to the `authority` at any time (Privacy Act 2020, section 70; GDPR art. 77).
#[utoipa::path(
    tag = "Rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    responses((status = CREATED, description = "The request.", body = RightsRequestView), NotFound, Conflict)
)]
#[post("/v1/rights-requests/{rights_request_id}/complaint")]
pub(super) async fn complain_about_rights_request(
    By(person, (id, key, _)): By<(TypedPath<RightsRequestId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (owner, id) = (person.account_id, id.0);
    on_own((owner, id), key, |recording| async move { services.rights.complain(owner, id, recording).await })
        .await
}

fn place_of(id: RightsRequestId) -> Success {
    Success::created(format!("/v1/staff/rights-requests/{id}"))
}

fn caller(by: StaffId, id: RightsRequestId) -> Vec<u8> {
    [by.as_bytes().as_slice(), id.as_bytes()].concat()
}

/// List rights requests to answer
///
/// What is due first before the others, so what is overdue comes first; unless a state is named, what waits for an answer.
#[utoipa::path(
    tag = "Staff rights requests",
    params(("state" = Option<RightsState>, Query, description = "How far they have come; what waits for an answer if absent.")),
    responses((status = OK, description = "A page of requests.", body = StaffRightsRequestPageView))
)]
#[get("/v1/staff/rights-requests")]
pub(super) async fn list_staff_rights_requests(
    ByStaff(staff, query): ByStaff<Queue<RightsState>>,
    services: Data<Services>,
) -> Result<Json<StaffRightsRequestPageView>, Problem> {
    let state = query.state.unwrap_or(RightsState::InReview);
    let (cursor, limit) = (query.page.cursor.as_deref(), query.page.limit);
    Ok(Json(services.rights.queue(staff.staff_id, state, cursor, limit).await?.into()))
}

/// Get a rights request to answer
///
/// Nothing personal, and the person under a name that leads nowhere.
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    responses((status = OK, description = "The request.", body = StaffRightsRequestView), NotFound)
)]
#[get("/v1/staff/rights-requests/{rights_request_id}")]
pub(super) async fn get_staff_rights_request(
    ByStaff(_staff, id): ByStaff<TypedPath<RightsRequestId>>,
    services: Data<Services>,
) -> Result<Json<StaffRightsRequestView>, Problem> {
    Ok(Json(StaffRightsRequestView::from(&services.rights.staff_request(id.0).await?)))
}

/// Extend a rights request
///
/// Once, for a reason that its person is told, to at most three months after the filing (GDPR art. 12(3); Privacy Act 2020,
/// section 48).
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    request_body = ExtendRightsRequest,
    responses((status = CREATED, description = "The request.", body = StaffRightsRequestView), NotFound, Conflict)
)]
#[post("/v1/staff/rights-requests/{rights_request_id}/extensions")]
pub(super) async fn extend_rights_request(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<RightsRequestId>,
        IdempotencyKey,
        StrictJson<ExtendRightsRequest>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, asked) = (staff.staff_id, id.0, (body.value.until, body.value.reason));
    once::<_, StaffRightsRequestView, _, _>(
        key,
        &caller(by, id),
        &body.digest,
        place_of(id),
        |recording| async move { services.rights.extend((by, id), asked, recording).await },
    )
    .await
}

/// Answer a rights request
///
/// Granted, it holds until its person takes it back. Refused, on a ground with its clause and law, it ends seven days after
/// its person was told; what was granted can be refused later, when its ground has passed (GDPR art. 18(3)).
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    request_body = AnswerRightsRequest,
    responses((status = CREATED, description = "The request.", body = StaffRightsRequestView), NotFound, Conflict)
)]
#[post("/v1/staff/rights-requests/{rights_request_id}/answers")]
pub(super) async fn answer_rights_request(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<RightsRequestId>,
        IdempotencyKey,
        StrictJson<AnswerRightsRequest>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, digest, answer) = (staff.staff_id, id.0, body.digest, body.value.parts()?);
    once::<_, StaffRightsRequestView, _, _>(
        key,
        &caller(by, id),
        &digest,
        place_of(id),
        |recording| async move { services.rights.answer((by, id), answer, recording).await },
    )
    .await
}
