//! Rights requests: as their persons file them, and as staff answers them.

use super::{
    extract::{
        By, ByStaff, IdempotencyKey, NoBody, Page, Person, Queue, StrictJson, StrictMultipart, Success, Turn,
        TypedPath, draft, once,
    },
    kyc::picture,
    rights_links::archive,
    views::{
        AnswerRightsRequest, AttachStatement, ExtendRightsRequest, FileRightsRequest, FiledRightsRequestView,
        Filing, OpenRightsEvidence, OpenedCorrectionView, OpenedEvidenceView, OpenedRequesterView, Picture,
        PreviewRightsRequest, ReadRightsResult, RightsRequestPageView, RightsRequestPreviewView,
        RightsRequestResultView, RightsRequestView, StaffRightsRequestPageView, StaffRightsRequestView,
        UploadRightsEvidence, ZipFile,
    },
};
use crate::{
    domain::{
        ids::{AccountId, RightsRequestId, StaffId, StaffReadId},
        rights::request::RightsState,
    },
    openapi::responses::{Conflict, Gone, NotFound},
    problem::Problem,
    server::Services,
    services::{
        idempotency::{self, Recording},
        kyc::DocumentImage,
        log::{proof_file::ProofFile, proofs::ProofError},
        rights::{RightsError, ShownRequest},
    },
};
use actix_web::{
    HttpResponse, get,
    http::header,
    post,
    web::{Data, Json},
};
use serde::Serialize;

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
/// seven days have passed. Access and portability are answered with an archive, within minutes. A rectification is done at
/// once, and waits for an answer where a verification vouches for the value (`nothing_to_correct` where nothing else
/// stands). Whoever fetched what is restricted, erased or corrected is told (clauses 7.1 to 7.3; GDPR art. 15 to 21).
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
    let draft = draft(ticket.as_ref());
    let filed = match body.value.parts()? {
        Filing::Rectification(correction, preview) => {
            services.rights.file_rectification(owner, (correction, preview), draft).await?
        }
        Filing::Other(scope, when, preview) => {
            services.rights.file(owner, (scope, when, preview), draft).await?
        }
    };
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
            Err(ProofError::NoCheckpoint | ProofError::NotPlaced | ProofError::NotFound) => None,
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
    Ok(archive(services.rights.download(person.account_id, id.0).await?))
}

/// Takes a step on a request of the person's own, once.
async fn on_own<F: Future<Output = Result<ShownRequest, RightsError>>>(
    (owner, id): (AccountId, RightsRequestId),
    (key, digest): (IdempotencyKey, [u8; 32]),
    act: impl FnOnce(Recording<ShownRequest>) -> F,
) -> Result<HttpResponse, Problem> {
    let who = [owner.as_bytes().as_slice(), id.as_bytes()].concat();
    let place = Success::created(format!("/v1/rights-requests/{id}"));
    once::<_, RightsRequestView, _, _>(key, &who, &digest, place, act).await
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
    on_own((owner, id), (key, idempotency::digest(&[])), |recording| async move {
        services.rights.withdraw(owner, id, recording).await
    })
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
    on_own((owner, id), (key, idempotency::digest(&[])), |recording| async move {
        services.rights.complain(owner, id, recording).await
    })
    .await
}

/// Hand in evidence for a rights request
///
/// As a form with a file (`multipart/form-data`): whatever shows that the request is right, while it waits for its answer;
/// five files at most (`evidence_full`). It is decoded and encoded anew, rests sealed, and goes thirty days after the answer
/// (clause 7.4). Who asked by a link is shown with the token of that request alone.
#[utoipa::path(
    tag = "Rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    request_body(content = UploadRightsEvidence, content_type = "multipart/form-data"),
    responses((status = CREATED, description = "The request.", body = RightsRequestView), NotFound, Conflict)
)]
#[post("/v1/rights-requests/{rights_request_id}/evidence")]
pub(super) async fn upload_rights_evidence(
    By(person, (id, key, body)): By<(
        TypedPath<RightsRequestId>,
        IdempotencyKey,
        StrictMultipart<UploadRightsEvidence>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let StrictMultipart { value, mut files, digest } = body;
    let (owner, id, file) = (person.account_id, id.0, files.take(value.file));
    on_own((owner, id), (key, digest), |recording| async move {
        services.rights.add_evidence((owner, id, None), file, recording).await
    })
    .await
}

/// Attach a statement of correction
///
/// To a value that was not corrected: it is read beside it, and goes wherever it is disclosed, until the value changes. Whoever
/// fetched the value is told (Privacy Act 2020, section 22, IPP 7(3)).
#[utoipa::path(
    tag = "Rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request, a rectification that was refused.")),
    request_body = AttachStatement,
    responses((status = CREATED, description = "The request.", body = RightsRequestView), NotFound, Conflict)
)]
#[post("/v1/rights-requests/{rights_request_id}/statement")]
pub(super) async fn attach_statement_of_correction(
    By(person, (id, key, body)): By<(
        TypedPath<RightsRequestId>,
        IdempotencyKey,
        StrictJson<AttachStatement>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (owner, id, statement) = (person.account_id, id.0, body.value.statement);
    on_own((owner, id), (key, body.digest), |recording| async move {
        services.rights.attach_statement((owner, id), statement, recording).await
    })
    .await
}

/// Takes an act of a member of staff on a request, once.
async fn on_queue<T, V, F>(
    (by, id): (StaffId, RightsRequestId),
    key: IdempotencyKey,
    digest: &[u8; 32],
    act: impl FnOnce(Recording<T>) -> F,
) -> Result<HttpResponse, Problem>
where
    V: Serialize + for<'a> From<&'a T>,
    F: Future<Output = Result<T, RightsError>>,
{
    let who = [by.as_bytes().as_slice(), id.as_bytes()].concat();
    let place = Success::created(format!("/v1/staff/rights-requests/{id}"));
    once::<_, V, _, _>(key, &who, digest, place, act).await
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
    on_queue::<_, StaffRightsRequestView, _>((by, id), key, &body.digest, |recording| async move {
        services.rights.extend((by, id), asked, recording).await
    })
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
    on_queue::<_, StaffRightsRequestView, _>((by, id), key, &digest, |recording| async move {
        services.rights.answer((by, id), answer, recording).await
    })
    .await
}

/// Ask for more proof of a rights request
///
/// Its person is told to hand in what shows that it is right, or who asks; three times at most (`proof_exhausted`). The day by
/// which it is answered stays (clause 7.4; GDPR art. 12(6)).
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    responses((status = CREATED, description = "The request.", body = StaffRightsRequestView), NotFound, Conflict)
)]
#[post("/v1/staff/rights-requests/{rights_request_id}/proof-requests")]
pub(super) async fn ask_for_proof(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<RightsRequestId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    let digest = idempotency::digest(&[]);
    on_queue::<_, StaffRightsRequestView, _>((by, id), key, &digest, |recording| async move {
        services.rights.ask_for_proof((by, id), recording).await
    })
    .await
}

/// Open a correction
///
/// What its person says that the value is, and what stands. The person sees the opening, and nobody opens their own.
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request, a rectification.")),
    responses((status = CREATED, description = "What was opened.", body = OpenedCorrectionView), NotFound, Conflict)
)]
#[post("/v1/staff/rights-requests/{rights_request_id}/correction-reads")]
pub(super) async fn open_correction(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<RightsRequestId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    let digest = idempotency::digest(&[]);
    on_queue::<_, OpenedCorrectionView, _>((by, id), key, &digest, |recording| async move {
        services.rights.open_correction((by, id), recording).await
    })
    .await
}

/// Open evidence of a rights request
///
/// The picture can be fetched for five minutes from then on; the person sees the opening.
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request.")),
    request_body = OpenRightsEvidence,
    responses((status = CREATED, description = "The opening.", body = OpenedEvidenceView), NotFound, Conflict)
)]
#[post("/v1/staff/rights-requests/{rights_request_id}/evidence-reads")]
pub(super) async fn open_rights_evidence(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<RightsRequestId>,
        IdempotencyKey,
        StrictJson<OpenRightsEvidence>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, document) = (staff.staff_id, id.0, body.value.document_id);
    on_queue::<_, OpenedEvidenceView, _>((by, id), key, &body.digest, |recording| async move {
        services.rights.open_evidence((by, id), document, recording).await
    })
    .await
}

/// Get opened evidence
///
/// While the opening lasts and the request waits for its answer; for nobody else.
#[utoipa::path(
    tag = "Staff rights requests",
    params(("staff_read_id" = StaffReadId, Path, description = "The opening.")),
    responses((status = OK, description = "The picture.", body = Picture, content_type = "image/jpeg"), NotFound)
)]
#[get("/v1/staff/rights-evidence-reads/{staff_read_id}/image")]
pub(super) async fn get_opened_rights_evidence(
    ByStaff(staff, id): ByStaff<TypedPath<StaffReadId>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let jpeg = services.rights.opened_evidence(staff.staff_id, id.0).await?;
    Ok(picture(&DocumentImage { jpeg }))
}

/// Decide on a correction
///
/// By whoever opened it (`correction_not_opened`). Granted, the value is corrected, and whoever fetched it is told. Refused, on a
/// ground with its clause and law, it stays, and its person can attach a statement.
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request, a rectification.")),
    request_body = AnswerRightsRequest,
    responses((status = CREATED, description = "The request.", body = StaffRightsRequestView), NotFound, Conflict)
)]
#[post("/v1/staff/rights-requests/{rights_request_id}/corrections")]
pub(super) async fn decide_correction(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<RightsRequestId>,
        IdempotencyKey,
        StrictJson<AnswerRightsRequest>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, digest, answer) = (staff.staff_id, id.0, body.digest, body.value.parts()?);
    on_queue::<_, StaffRightsRequestView, _>((by, id), key, &digest, |recording| async move {
        services.rights.decide_correction((by, id), answer, recording).await
    })
    .await
}

/// Open who a person is
///
/// To hold it against what was handed in with a request that was filed by a link: name, email, phone and day of birth. The
/// person sees the opening, and nobody opens their own.
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request, filed by a link.")),
    responses((status = CREATED, description = "What was opened.", body = OpenedRequesterView), NotFound, Conflict)
)]
#[post("/v1/staff/rights-requests/{rights_request_id}/identity-reads")]
pub(super) async fn open_requester(
    ByStaff(staff, (id, key, _)): ByStaff<(TypedPath<RightsRequestId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (staff.staff_id, id.0);
    let digest = idempotency::digest(&[]);
    on_queue::<_, OpenedRequesterView, _>((by, id), key, &digest, |recording| async move {
        services.rights.open_requester((by, id), recording).await
    })
    .await
}

/// Decide who asks
///
/// Of a request for erasure or data that was filed by a link, by whoever opened the person and every file
/// (`identity_not_seen`). Granted, it is carried out; refused as `identity_not_shown`, it ends (clause 7.4; Privacy Act 2020,
/// section 57; GDPR art. 12(6)).
#[utoipa::path(
    tag = "Staff rights requests",
    params(("rights_request_id" = RightsRequestId, Path, description = "The request, filed by a link.")),
    request_body = AnswerRightsRequest,
    responses((status = CREATED, description = "The request.", body = StaffRightsRequestView), NotFound, Conflict)
)]
#[post("/v1/staff/rights-requests/{rights_request_id}/identity-decisions")]
pub(super) async fn decide_identity(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<RightsRequestId>,
        IdempotencyKey,
        StrictJson<AnswerRightsRequest>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, digest, answer) = (staff.staff_id, id.0, body.digest, body.value.parts()?);
    on_queue::<_, StaffRightsRequestView, _>((by, id), key, &digest, |recording| async move {
        services.rights.decide_identity((by, id), answer, recording).await
    })
    .await
}
