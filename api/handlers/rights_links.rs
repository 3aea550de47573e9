//! Rights without signing in: by a link in a mail, and then by the token of the request.

use actix_web::{
    HttpResponse,
    http::header,
    post,
    web::{Bytes, Data, Json},
};
use futures_util::TryStreamExt;

use super::{
    extract::{Client, IdempotencyKey, StrictJson, StrictMultipart, Success, Turn, draft, once},
    views::{
        FileRightsRequestByLink, FiledRightsRequestView, PreviewRightsRequestByLink, ReadRightsResult,
        RequestRightsLink, RightsLinkView, RightsRequestPreviewView, RightsRequestView,
        UploadRightsEvidenceByToken, ZipFile,
    },
};
use crate::{
    openapi::responses::{Conflict, Gone, NotFound},
    problem::{Problem, ProblemCode},
    server::Services,
    services::rights::archive::Download,
};

/// Ask for a link to use rights
///
/// For whoever cannot sign in: mails a link to the address. The answer is the same whether or not it has an account.
#[utoipa::path(
    tag = "Rights without signing in",
    request_body = RequestRightsLink,
    responses((status = ACCEPTED, description = "The link is on its way.", body = RightsLinkView))
)]
#[post("/v1/rights-request-links")]
pub(super) async fn request_rights_link(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<RequestRightsLink>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let language = client.language_or(body.value.language)?;
    let email = body.value.email;
    let owner = services.accounts.admit_link(&email, &client.origin()).await;
    let owner = owner.map_err(|error| error.into_problem(ProblemCode::Unauthenticated))?;
    let expires_at = services.rights.mail_link((email, language), owner, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, "/v1/rights-request-links/filings"))
        .cookie(client.cookie())
        .json(RightsLinkView { expires_at }))
}

/// Preview a rights request by a link
///
/// What it would lead to, as far as whoever reads the mailbox may know: nothing of what is held, or of who has it
/// (`rights_link_ended` once the link has lapsed). The answer is signed, and a request is filed with it (clause 7.6).
#[utoipa::path(
    tag = "Rights without signing in",
    request_body = PreviewRightsRequestByLink,
    responses((status = OK, description = "What it would lead to.", body = RightsRequestPreviewView), Gone)
)]
#[post("/v1/rights-request-links/previews")]
pub(super) async fn preview_rights_request_by_link(
    body: StrictJson<PreviewRightsRequestByLink>,
    services: Data<Services>,
) -> Result<Json<RightsRequestPreviewView>, Problem> {
    let scope = body.value.scope()?;
    Ok(Json(services.rights.preview_by_link(&body.value.token.0, scope).await?.into()))
}

/// File a rights request by a link
///
/// What it restricts is restricted from now on. Nothing is erased or handed over before a member of staff has seen who asks:
/// hand in what shows it with the `result_token` (clause 7.4; Privacy Act 2020, section 57; GDPR art. 12(6)).
#[utoipa::path(
    tag = "Rights without signing in",
    request_body = FileRightsRequestByLink,
    responses((status = CREATED, description = "The request, and what opens its result.", body = FiledRightsRequestView), Conflict, Gone)
)]
#[post("/v1/rights-request-links/filings")]
pub(super) async fn file_rights_request_by_link(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<FileRightsRequestByLink>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let (token, scope, preview) = body.value.parts()?;
    let filed = services.rights.file_by_link(&token.0, (scope, preview), draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, "/v1/rights-request-results"))
        .json(FiledRightsRequestView::new(filed)))
}

/// Hand in evidence by a token
///
/// As a form with a file (`multipart/form-data`): what shows who asks, or that the request is right, while it waits for its
/// answer; five files at most (`evidence_full`). They go thirty days after the answer.
#[utoipa::path(
    tag = "Rights without signing in",
    request_body(content = UploadRightsEvidenceByToken, content_type = "multipart/form-data"),
    responses((status = CREATED, description = "The request.", body = RightsRequestView), NotFound, Conflict)
)]
#[post("/v1/rights-request-results/evidence")]
pub(super) async fn upload_rights_evidence_by_token(
    client: Client,
    key: IdempotencyKey,
    body: StrictMultipart<UploadRightsEvidenceByToken>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let StrictMultipart { value, mut files, digest } = body;
    let (token, file) = (value.result_token, files.take(value.file));
    let place = Success::created("/v1/rights-request-results");
    once::<_, RightsRequestView, _, _>(key, client.caller(), &digest, place, |recording| async move {
        services.rights.add_evidence_by_token(&token.0, file, recording).await
    })
    .await
}

/// Withdraw a rights request by a token
///
/// One that was filed by a link; any other takes a session. What it asked for ends now.
#[utoipa::path(
    tag = "Rights without signing in",
    request_body = ReadRightsResult,
    responses((status = CREATED, description = "The request.", body = RightsRequestView), NotFound, Conflict)
)]
#[post("/v1/rights-request-results/withdrawal")]
pub(super) async fn withdraw_rights_request_by_token(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<ReadRightsResult>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (token, digest) = (body.value.result_token, body.digest);
    let place = Success::created("/v1/rights-request-results");
    once::<_, RightsRequestView, _, _>(key, client.caller(), &digest, place, |recording| async move {
        services.rights.withdraw_by_token(&token.0, recording).await
    })
    .await
}

/// Download an archive by a token
///
/// Of a request for access or portability that was filed by a link, once a member of staff has seen who asks; any other takes a
/// session. It can be downloaded for seven days, and each time is counted.
#[utoipa::path(
    tag = "Rights without signing in",
    request_body = ReadRightsResult,
    responses((status = OK, description = "The archive.", body = ZipFile, content_type = "application/zip"), NotFound, Conflict, Gone)
)]
#[post("/v1/rights-request-results/archive")]
pub(super) async fn download_rights_archive_by_token(
    body: StrictJson<ReadRightsResult>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    Ok(archive(services.rights.download_by_token(&body.value.result_token.0).await?))
}

/// An archive on its way.
pub(super) fn archive(download: Download) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"your-data.zip\""))
        .no_chunking(download.size)
        .streaming(download.bytes.map_ok(Bytes::from))
}
