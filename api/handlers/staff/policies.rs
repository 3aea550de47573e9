//! The next version of the policy, written by one and published by another; records of processing.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post, put,
    web::{Data, Json},
};

use crate::{
    domain::policy::PolicyVersion,
    handlers::{
        extract::{ByStaff, IdempotencyKey, IfMatch, Staff, StrictJson, Success, TypedPath, etag, once},
        views::{
            DiscardedPolicyDraftView, DraftPolicyVersion, PolicyDraftView, PolicyVersionView,
            ProcessingRecords, PublishPolicyVersion,
        },
    },
    openapi::responses::{Conflict, NotFound, PreconditionFailed},
    problem::Problem,
    server::Services,
    services::{idempotency::Recording, policies::Drafted},
};

fn present(drafted: &Drafted) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ETAG, etag(drafted.draft.revision)))
        .json(PolicyDraftView::from(drafted))
}

/// Draft a policy version
///
/// Begins the next version, whole: clauses, purposes and storage places; one draft at a time
/// (`policy_draft_exists`). Every clause needs a rule that keeps it, or a reason (`clause_without_rule`);
/// a storage place in another country is a new definition of `cross_border_transfer` (clause 5.6).
#[utoipa::path(
    tag = "Staff policy",
    request_body = DraftPolicyVersion,
    responses((status = CREATED, description = "The draft, with what it changes.", body = PolicyDraftView), Conflict)
)]
#[post("/v1/staff/policy-versions")]
pub(super) async fn draft_policy_version(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<DraftPolicyVersion>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, digest) = (caller.staff_id, body.digest);
    let next = Success::created("/v1/staff/policy-versions");
    let new = body.value.into();
    once::<_, PolicyDraftView, _, _>(
        key,
        by.as_bytes(),
        &digest,
        next,
        |recording: Recording<Drafted>| async move { services.policies.draft(by, new, recording).await },
    )
    .await
}

/// Get a policy draft
///
/// The draft under its number, with what it changes against the version in force.
#[utoipa::path(
    tag = "Staff policy",
    params(("version" = i32, Path, description = "The number that the draft will bear.", minimum = 2, maximum = 1_000_000, example = 2)),
    responses((status = OK, description = "The draft.", body = PolicyDraftView), NotFound)
)]
#[get("/v1/staff/policy-versions/{version}")]
pub(super) async fn get_policy_draft(
    ByStaff(_caller, version): ByStaff<TypedPath<i32>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    Ok(present(&services.policies.find_draft(version.0).await?))
}

/// Write a policy draft anew
///
/// Replaces the whole draft; whoever does is one of its writers, so somebody else publishes it.
#[utoipa::path(
    tag = "Staff policy",
    params(("version" = i32, Path, description = "The number that the draft will bear.", minimum = 2, maximum = 1_000_000, example = 2)),
    request_body = DraftPolicyVersion,
    responses((status = OK, description = "The draft as written.", body = PolicyDraftView), NotFound, PreconditionFailed)
)]
#[put("/v1/staff/policy-versions/{version}")]
pub(super) async fn rewrite_policy_draft(
    ByStaff(caller, (version, expected, body)): ByStaff<(
        TypedPath<i32>,
        IfMatch,
        StrictJson<DraftPolicyVersion>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let by = caller.staff_id;
    Ok(present(&services.policies.rewrite_draft(by, version.0, body.value.into(), expected.0).await?))
}

/// Discard a policy draft
///
/// Throws the draft away; its number is free again.
#[utoipa::path(
    tag = "Staff policy",
    params(("version" = i32, Path, description = "The number that the draft would have borne.", minimum = 2, maximum = 1_000_000, example = 2)),
    responses((status = OK, description = "What was thrown away.", body = DiscardedPolicyDraftView), NotFound)
)]
#[delete("/v1/staff/policy-versions/{version}")]
pub(super) async fn discard_policy_draft(
    ByStaff(caller, version): ByStaff<TypedPath<i32>>,
    services: Data<Services>,
) -> Result<Json<DiscardedPolicyDraftView>, Problem> {
    let discarded = services.policies.discard_draft(caller.staff_id, version.0).await?;
    Ok(Json(DiscardedPolicyDraftView { version: discarded.version }))
}

/// Publish a policy version
///
/// The draft comes into force in this very call, as `content_hash` and `revision` name it (`stale_version` if it
/// is other by now), and everybody is told; from then on each person's next call needs acceptance (clause
/// 9.3). Whoever wrote on it does not publish it (`second_person_required`).
#[utoipa::path(
    tag = "Staff policy",
    params(("version" = i32, Path, description = "The number of the draft.", minimum = 2, maximum = 1_000_000, example = 2)),
    request_body = PublishPolicyVersion,
    responses((status = CREATED, description = "The version in force.", body = PolicyVersionView), NotFound, PreconditionFailed)
)]
#[post("/v1/staff/policy-versions/{version}/publication")]
pub(super) async fn publish_policy_version(
    ByStaff(caller, (version, key, body)): ByStaff<(
        TypedPath<i32>,
        IdempotencyKey,
        StrictJson<PublishPolicyVersion>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, version) = (caller.staff_id, version.0);
    let read = (body.value.content_hash.0, body.value.revision);
    let next = Success::created(format!("/v1/policy-versions/{version}"));
    let caller = [by.as_bytes().as_slice(), &version.to_be_bytes()].concat();
    once::<_, PolicyVersionView, _, _>(
        key,
        &caller,
        &body.digest,
        next,
        |recording: Recording<PolicyVersion>| async move {
            services.policies.publish(by, version, read, recording).await
        },
    )
    .await
}

/// List the records of processing
///
/// What article 30 of the GDPR asks for: the purposes of the policy in force with basis, data, recipients,
/// countries and retention, the storage places, and every personal value that is stored.
#[utoipa::path(
    tag = "Staff policy",
    responses((status = OK, description = "The records.", body = ProcessingRecords))
)]
#[get("/v1/staff/processing-records")]
pub(super) async fn list_processing_records(
    _caller: Staff,
    services: Data<Services>,
) -> Result<Json<ProcessingRecords>, Problem> {
    let policy = services.policies.current().await?;
    let controller = &services.consents.controller;
    Ok(Json(ProcessingRecords::new(controller, &policy, services.clock.now())))
}
