//! Verifications of identity: asking for them, looking at them, deciding on them.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    get, post, put,
    web::{Data, Json},
};

use crate::{
    domain::{
        ids::{KycCaseId, StaffId, StaffReadId},
        kyc::{KycState, case::QueueFilter},
        personal::PersonalText,
    },
    handlers::{
        extract::{
            ByStaff, IdempotencyKey, Page, StrictJson, Success, TypedPath, once,
            query::{malformed, values},
        },
        kyc::picture,
        views::{
            AddKycNote, AssignKycCase, Assignee, DecideKycCase, KycDecisionView, KycNoteView, OpenKycDetails,
            OpenKycImage, OpenedKycDetailsView, OpenedKycImageView, Picture, RequestKyc,
            StaffKycCaseDetailView, StaffKycCasePageView, StaffKycCaseView,
        },
    },
    openapi::responses::{Conflict, Locked, NotFound},
    problem::{FieldCode, Problem},
    server::Services,
    services::kyc::KycRequest,
};

/// Where a verification is found.
fn place_of(id: KycCaseId) -> String {
    format!("/v1/staff/kyc-cases/{id}")
}

/// Whose request this is, and about which verification: a key means one thing for each.
fn caller(by: StaffId, id: KycCaseId) -> Vec<u8> {
    [by.as_bytes().as_slice(), id.as_bytes()].concat()
}

/// Which part of the queue is wanted.
pub(super) struct QueueQuery {
    state: Option<KycState>,
    assigned_to: Option<Assignee>,
    page: Page,
}

impl FromRequest for QueueQuery {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(queue_query(request.query_string()))
    }
}

fn queue_query(query: &str) -> Result<QueueQuery, Problem> {
    let [state, assigned_to, cursor, limit] = values(query, ["state", "assigned_to", "cursor", "limit"])?;
    let wrong = |name| malformed(name, FieldCode::InvalidValue);
    let state = state.map(|state| KycState::parse(state).ok_or_else(|| wrong("state"))).transpose()?;
    let assigned_to = match assigned_to {
        None => None,
        Some("me") => Some(Assignee::Me),
        Some("nobody") => Some(Assignee::Nobody),
        Some(_) => return Err(wrong("assigned_to")),
    };
    Ok(QueueQuery { state, assigned_to, page: Page::of(cursor, limit)? })
}

/// Ask for a verification of identity
///
/// The person learns the clause and the day, by a notice and by mail, and never the private reason. That reason is
/// refused where it speaks of a special category of data (`special_category`, clause 1.9).
#[utoipa::path(
    tag = "Staff verification",
    request_body = RequestKyc,
    responses((status = CREATED, description = "What is asked for.", body = StaffKycCaseView), NotFound, Conflict)
)]
#[post("/v1/staff/kyc-cases")]
pub(super) async fn request_kyc(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<RequestKyc>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, digest, asked) = (caller.staff_id, body.digest, body.value);
    let request = KycRequest {
        account_id: asked.account_id,
        ground: asked.ground,
        private_reason: asked.private_reason.into_text(),
        days: asked.days.0,
    };
    once::<_, StaffKycCaseView, _, _>(
        key,
        by.as_bytes(),
        &digest,
        Success::created("/v1/staff/kyc-cases"),
        |recording| async move { services.kyc.request(by, request, recording).await },
    )
    .await
}

/// List verifications
///
/// The next to be due first; unless a state is named, what waits for a decision.
#[utoipa::path(
    tag = "Staff verification",
    params(
        ("state" = Option<KycState>, Query, description = "How far they have come; what waits for a decision if absent."),
        ("assigned_to" = Option<Assignee>, Query, description = "The caller, or nobody yet; whoever it is if absent."),
    ),
    responses((status = OK, description = "A page of verifications.", body = StaffKycCasePageView))
)]
#[get("/v1/staff/kyc-cases")]
pub(super) async fn list_staff_kyc_cases(
    ByStaff(caller, query): ByStaff<QueueQuery>,
    services: Data<Services>,
) -> Result<Json<StaffKycCasePageView>, Problem> {
    let filter = QueueFilter {
        states: query
            .state
            .map_or_else(|| vec![KycState::Submitted, KycState::InReview], |state| vec![state]),
        assigned_to: query.assigned_to.map(|who| match who {
            Assignee::Me => Some(caller.staff_id),
            Assignee::Nobody => None,
        }),
    };
    let (cursor, limit) = (query.page.cursor.as_deref(), query.page.limit);
    Ok(Json(services.kyc.queue(caller.staff_id, filter, cursor, limit).await?.into()))
}

/// Get a verification
///
/// With the machine's finding about every rule and nothing of what was told: that is opened apart, and the
/// person sees who did.
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_case_id" = KycCaseId, Path, description = "The verification.")),
    responses((status = OK, description = "The verification.", body = StaffKycCaseDetailView), NotFound)
)]
#[get("/v1/staff/kyc-cases/{kyc_case_id}")]
pub(super) async fn get_staff_kyc_case(
    ByStaff(staff, id): ByStaff<TypedPath<KycCaseId>>,
    services: Data<Services>,
) -> Result<Json<StaffKycCaseDetailView>, Problem> {
    Ok(Json(StaffKycCaseDetailView::from(&services.kyc.staff_case(staff.staff_id, id.0).await?)))
}

/// Assign a verification
///
/// To a data processor, who opens and decides it then, or back to the queue; nobody reviews their own
/// (`second_person_required`).
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_case_id" = KycCaseId, Path, description = "The verification.")),
    request_body = AssignKycCase,
    responses((status = OK, description = "The verification.", body = StaffKycCaseView), NotFound, Conflict)
)]
#[put("/v1/staff/kyc-cases/{kyc_case_id}/assignment")]
pub(super) async fn assign_kyc_case(
    ByStaff(_staff, (id, body)): ByStaff<(TypedPath<KycCaseId>, StrictJson<AssignKycCase>)>,
    services: Data<Services>,
) -> Result<Json<StaffKycCaseView>, Problem> {
    Ok(Json(StaffKycCaseView::from(&services.kyc.assign(id.0, body.value.staff_id).await?)))
}

/// Add a note
///
/// For other reviewers; refused where it speaks of a special category of data (`special_category`, clause 1.9).
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_case_id" = KycCaseId, Path, description = "The verification.")),
    request_body = AddKycNote,
    responses((status = CREATED, description = "The note.", body = KycNoteView), NotFound)
)]
#[post("/v1/staff/kyc-cases/{kyc_case_id}/notes")]
pub(super) async fn add_kyc_note(
    ByStaff(staff, (id, key, body)): ByStaff<(TypedPath<KycCaseId>, IdempotencyKey, StrictJson<AddKycNote>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, text) = (staff.staff_id, id.0, PersonalText::of(&body.value.note));
    let (who, place) = (caller(by, id), Success::created(place_of(id)));
    once::<_, KycNoteView, _, _>(key, &who, &body.digest, place, |recording| async move {
        services.kyc.write_note(by, id, text, recording).await
    })
    .await
}

/// Open what was told
///
/// To the reviewer whom it is assigned to (`kyc_not_assigned`). It counts against the reader's hour
/// (`read_budget_exhausted`), and the person sees the opening in the access log (clause 5.2).
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_case_id" = KycCaseId, Path, description = "The verification.")),
    request_body = OpenKycDetails,
    responses((status = CREATED, description = "What was told.", body = OpenedKycDetailsView), NotFound, Conflict, Locked)
)]
#[post("/v1/staff/kyc-cases/{kyc_case_id}/detail-reads")]
pub(super) async fn open_kyc_details(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<KycCaseId>,
        IdempotencyKey,
        StrictJson<OpenKycDetails>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, purpose) = (staff.staff_id, id.0, body.value.purpose);
    let (who, place) = (caller(by, id), Success::created(place_of(id)));
    once::<_, OpenedKycDetailsView, _, _>(key, &who, &body.digest, place, |recording| async move {
        services.kyc.open_details(by, id, purpose, recording).await
    })
    .await
}

/// Open a picture
///
/// As what was told. The picture is fetched under the id of the opening, by whoever opened it, for five minutes.
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_case_id" = KycCaseId, Path, description = "The verification.")),
    request_body = OpenKycImage,
    responses((status = CREATED, description = "The opening.", body = OpenedKycImageView), NotFound, Conflict, Locked)
)]
#[post("/v1/staff/kyc-cases/{kyc_case_id}/image-reads")]
pub(super) async fn open_kyc_image(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<KycCaseId>,
        IdempotencyKey,
        StrictJson<OpenKycImage>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, request) = (staff.staff_id, id.0, body.value.of(id.0));
    let (who, place) = (caller(by, id), Success::created(place_of(id)));
    once::<_, OpenedKycImageView, _, _>(key, &who, &body.digest, place, |recording| async move {
        services.kyc.open_image(by, request, recording).await
    })
    .await
}

/// Get an opened picture
///
/// While the opening lasts and the verification is still the caller's; for nobody else.
#[utoipa::path(
    tag = "Staff verification",
    params(("staff_read_id" = StaffReadId, Path, description = "The opening.")),
    responses((status = OK, description = "The picture.", body = Picture, content_type = "image/jpeg"), NotFound, Locked)
)]
#[get("/v1/staff/kyc-image-reads/{staff_read_id}/image")]
pub(super) async fn get_opened_kyc_image(
    ByStaff(staff, id): ByStaff<TypedPath<StaffReadId>>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    Ok(picture(&services.kyc.opened_image(staff.staff_id, id.0).await?))
}

/// Decide on a verification
///
/// By the reviewer whom it is assigned to. An approval holds every rule of clauses 1.4 to 1.7 again, and
/// `kyc_rules_fail` names each that does not hold. Where fraud is suspected, or another account shows the same
/// document, the decision is proposed first and stands once a second reviewer decides the same.
#[utoipa::path(
    tag = "Staff verification",
    params(("kyc_case_id" = KycCaseId, Path, description = "The verification.")),
    request_body = DecideKycCase,
    responses((status = CREATED, description = "The decision.", body = KycDecisionView), NotFound, Conflict, Locked)
)]
#[post("/v1/staff/kyc-cases/{kyc_case_id}/decisions")]
pub(super) async fn decide_kyc_case(
    ByStaff(staff, (id, key, body)): ByStaff<(
        TypedPath<KycCaseId>,
        IdempotencyKey,
        StrictJson<DecideKycCase>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, wanted) = (staff.staff_id, id.0, body.value.into_decision(id.0));
    let (who, place) = (caller(by, id), Success::created(place_of(id)));
    once::<_, KycDecisionView, _, _>(key, &who, &body.digest, place, |recording| async move {
        services.kyc.decide(by, wanted, recording).await
    })
    .await
}
