//! Members of staff and their roles.

use actix_web::{
    HttpResponse, delete, get,
    http::header,
    post,
    web::{Data, Json},
};

use crate::{
    domain::{
        ids::{RoleGrantId, StaffId},
        password::Password,
        staff::StaffRole,
    },
    handlers::{
        extract::{
            ByStaff, Client, IdempotencyKey, NoBody, Page, Staff, StrictJson, Success, Turn, TypedPath,
            TypedPaths, draft, once,
        },
        views::{
            AcceptStaffInvitation, ConfirmStaffInvitation, DecideRoleGrant, InviteStaffMember, ProposeRole,
            ProposedStaffTotpView, RoleGrantPageView, RoleGrantView, StaffMemberPageView, StaffMemberView,
        },
    },
    openapi::responses::{Conflict, Gone, NotFound},
    problem::{FieldCode, Problem},
    server::Services,
    services::{idempotency, staff::Enrolment},
};

/// Accept an invitation
///
/// Takes name and password, and proposes a second factor; the member is none before its first code. An
/// invitation is good for 72 hours, and until then can be taken up anew.
#[utoipa::path(
    tag = "Staff members",
    request_body = AcceptStaffInvitation,
    responses((status = CREATED, description = "The second factor to confirm.", body = ProposedStaffTotpView), Gone)
)]
#[post("/v1/staff/invitation-acceptances")]
pub(super) async fn accept_staff_invitation(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<AcceptStaffInvitation>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let asked = body.value;
    let password = Password::presented(&asked.password.0);
    let password = password.ok_or_else(|| Problem::invalid("/password", FieldCode::PasswordTooLong))?;
    let enrolment =
        Enrolment { token: asked.invitation_token.0.to_string(), name: asked.real_name, password };
    let proposed = services.staff.accept(enrolment, draft(ticket.as_ref())).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, "/v1/staff/invitation-confirmations"))
        .json(ProposedStaffTotpView::new(proposed)))
}

/// Confirm an invitation
///
/// The first code of the authenticator app makes the member an active one, without any role yet.
#[utoipa::path(
    tag = "Staff members",
    request_body = ConfirmStaffInvitation,
    responses((status = CREATED, description = "The member.", body = StaffMemberView), Gone)
)]
#[post("/v1/staff/invitation-confirmations")]
pub(super) async fn confirm_staff_invitation(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<ConfirmStaffInvitation>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (token, code) = (body.value.invitation_token.0, body.value.code.0);
    once::<_, StaffMemberView, _, _>(
        key,
        client.caller(),
        &body.digest,
        Success::created("/v1/staff/sessions"),
        |recording| async move { services.staff.confirm(&token, &code, recording).await },
    )
    .await
}

/// Get the caller's own membership
///
/// Who is signed in, and in which roles.
#[utoipa::path(
    tag = "Staff members",
    responses((status = OK, description = "The member.", body = StaffMemberView))
)]
#[get("/v1/staff/members/current")]
pub(super) async fn get_own_staff_member(
    Staff(caller): Staff,
    services: Data<Services>,
) -> Result<Json<StaffMemberView>, Problem> {
    Ok(Json(StaffMemberView::from(&services.staff.member(caller.staff_id).await?)))
}

/// List members of staff
///
/// Everybody who was ever invited, with state and roles.
#[utoipa::path(
    tag = "Staff members",
    responses((status = OK, description = "A page of members.", body = StaffMemberPageView))
)]
#[get("/v1/staff/members")]
pub(super) async fn list_staff_members(
    ByStaff(caller, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<StaffMemberPageView>, Problem> {
    let members = services.staff.members(caller.staff_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(StaffMemberPageView::new(members)))
}

/// Invite a member of staff
///
/// Mails an invitation that is good for 72 hours. Roles are granted apart, once the member has joined.
#[utoipa::path(
    tag = "Staff members",
    request_body = InviteStaffMember,
    responses((status = CREATED, description = "The member, invited.", body = StaffMemberView), Conflict)
)]
#[post("/v1/staff/members")]
pub(super) async fn invite_staff_member(
    ByStaff(caller, (key, body)): ByStaff<(IdempotencyKey, StrictJson<InviteStaffMember>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, email) = (caller.staff_id, body.value.email);
    once::<_, StaffMemberView, _, _>(
        key,
        by.as_bytes(),
        &body.digest,
        Success::created("/v1/staff/members"),
        |recording| async move { services.staff.invite(by, &email, recording).await },
    )
    .await
}

/// Deactivate a member of staff
///
/// Ends sessions, roles and invitation at once. There are never fewer than two admins.
#[utoipa::path(
    tag = "Staff members",
    params(("staff_id" = StaffId, Path, description = "The member.")),
    responses((status = CREATED, description = "The member, deactivated.", body = StaffMemberView), NotFound, Conflict)
)]
#[post("/v1/staff/members/{staff_id}/deactivation")]
pub(super) async fn deactivate_staff_member(
    ByStaff(caller, (id, key, NoBody)): ByStaff<(TypedPath<StaffId>, IdempotencyKey, NoBody)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id) = (caller.staff_id, id.0);
    once::<_, StaffMemberView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &idempotency::digest(b""),
        Success::created("/v1/staff/members"),
        |recording| async move { services.staff.deactivate(by, id, recording).await },
    )
    .await
}

/// Ask for a role
///
/// `support` and `auditor` are granted at once. `admin`, `legal` and `data_processor` wait for another
/// admin, and nobody holds two of these.
#[utoipa::path(
    tag = "Staff members",
    params(("staff_id" = StaffId, Path, description = "The member.")),
    request_body = ProposeRole,
    responses((status = CREATED, description = "The grant.", body = RoleGrantView), NotFound, Conflict)
)]
#[post("/v1/staff/members/{staff_id}/role-grants")]
pub(super) async fn propose_staff_role(
    ByStaff(caller, (id, key, body)): ByStaff<(TypedPath<StaffId>, IdempotencyKey, StrictJson<ProposeRole>)>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, role) = (caller.staff_id, id.0, body.value.role);
    once::<_, RoleGrantView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &body.digest,
        Success::created("/v1/staff/role-grants"),
        |recording| async move { services.staff.propose_role(by, id, role, recording).await },
    )
    .await
}

/// Revoke a role
///
/// At once, and by one admin. There are never fewer than two admins.
#[utoipa::path(
    tag = "Staff members",
    params(
        ("staff_id" = StaffId, Path, description = "The member."),
        ("role" = StaffRole, Path, description = "The role.", example = "support"),
    ),
    responses((status = OK, description = "The member without the role.", body = StaffMemberView), NotFound, Conflict)
)]
#[delete("/v1/staff/members/{staff_id}/roles/{role}")]
pub(super) async fn revoke_staff_role(
    ByStaff(caller, TypedPaths(id, role)): ByStaff<TypedPaths<StaffId, StaffRole>>,
    services: Data<Services>,
) -> Result<Json<StaffMemberView>, Problem> {
    Ok(Json(StaffMemberView::from(&services.staff.revoke_role(caller.staff_id, id, role).await?)))
}

/// List role grants
///
/// What was asked for, by whom, and who decided, newest first.
#[utoipa::path(
    tag = "Staff members",
    responses((status = OK, description = "A page of grants.", body = RoleGrantPageView))
)]
#[get("/v1/staff/role-grants")]
pub(super) async fn list_staff_role_grants(
    ByStaff(caller, page): ByStaff<Page>,
    services: Data<Services>,
) -> Result<Json<RoleGrantPageView>, Problem> {
    let grants = services.staff.role_grants(caller.staff_id, page.cursor.as_deref(), page.limit).await?;
    Ok(Json(RoleGrantPageView::new(&grants)))
}

/// Decide a role grant
///
/// By another admin than the one who asked for it; whoever asked may only take it back.
#[utoipa::path(
    tag = "Staff members",
    params(("role_grant_id" = RoleGrantId, Path, description = "The grant.")),
    request_body = DecideRoleGrant,
    responses((status = CREATED, description = "The grant, decided.", body = RoleGrantView), NotFound, Conflict)
)]
#[post("/v1/staff/role-grants/{role_grant_id}/decision")]
pub(super) async fn decide_staff_role_grant(
    ByStaff(caller, (id, key, body)): ByStaff<(
        TypedPath<RoleGrantId>,
        IdempotencyKey,
        StrictJson<DecideRoleGrant>,
    )>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (by, id, approve) = (caller.staff_id, id.0, body.value.decision.is_approval());
    once::<_, RoleGrantView, _, _>(
        key,
        &[by.as_bytes().as_slice(), id.as_bytes()].concat(),
        &body.digest,
        Success::created("/v1/staff/role-grants"),
        |recording| async move { services.staff.decide_role(by, id, approve, recording).await },
    )
    .await
}
