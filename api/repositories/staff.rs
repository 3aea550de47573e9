//! Members of staff, their roles and sessions.

use std::collections::HashMap;

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{staff_emails, staff_members, staff_role_grants, staff_roles, staff_sessions},
    },
    domain::{
        ids::{AccountId, LeafId, StaffId, StaffSessionId},
        sealed::Sealed,
        staff::{SealedMember, StaffRole, StaffSession, StaffState},
        time::Timestamp,
    },
};

const TABLE: &str = "staff_members";

/// A member who is invited.
#[derive(Clone)]
pub struct Invitation {
    pub id: StaffId,
    pub email: Vec<u8>,
    pub indexes: Vec<(u32, [u8; 32])>,
    pub token_mac: [u8; 32],
    pub expires_at: Timestamp,
    pub invited_by: Option<StaffId>,
    pub created_at: Timestamp,
}

/// What a member proves itself by.
#[derive(Clone, Queryable)]
pub struct StaffCredential {
    pub id: StaffId,
    state: String,
    pub password: Option<Vec<u8>>,
    pub totp_secret: Option<Vec<u8>>,
    pub totp_last_step: i64,
    pub epoch: i64,
}

impl StaffCredential {
    pub fn is_active(&self) -> bool {
        self.state == StaffState::Active.as_str()
    }
}

/// Adds a member; [`StorageError::Duplicate`] if the address is one's already.
pub fn invite(c: &mut Conn, invitation: &Invitation) -> Result<(), StorageError> {
    diesel::insert_into(staff_members::table)
        .values((
            staff_members::staff_id.eq(invitation.id),
            staff_members::state.eq(StaffState::Invited.as_str()),
            staff_members::email.eq(invitation.email.clone()),
            staff_members::totp_last_step.eq(0),
            staff_members::token_mac.eq(Some(invitation.token_mac.to_vec())),
            staff_members::token_expires_at.eq(Some(invitation.expires_at)),
            staff_members::epoch.eq(1),
            staff_members::invited_by.eq(invitation.invited_by),
            staff_members::created_at.eq(invitation.created_at),
            staff_members::updated_at.eq(invitation.created_at),
        ))
        .dispatch(c)?;
    for (version, index) in &invitation.indexes {
        let version =
            i32::try_from(*version).map_err(|_| corrupt("staff_emails", "a version out of range"))?;
        diesel::insert_into(staff_emails::table)
            .values((
                staff_emails::blind_index.eq(index.to_vec()),
                staff_emails::key_version.eq(version),
                staff_emails::staff_id.eq(invitation.id),
            ))
            .dispatch(c)?;
    }
    Ok(())
}

/// The state of a member whose invitation, by this token, can still be accepted.
pub fn find_invited(
    c: &mut Conn,
    id: StaffId,
    token_mac: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(staff_members::table
        .find(id)
        .filter(staff_members::state.eq_any([StaffState::Invited.as_str(), StaffState::Enrolling.as_str()]))
        .filter(staff_members::token_mac.eq(Some(token_mac.to_vec())))
        .filter(staff_members::token_expires_at.gt(now).assume_not_null())
        .select(staff_members::email)
        .get_result(c)
        .optional()?)
}

/// Takes the member's name, password and proposed second factor; `false` if the invitation has ended.
pub fn enrol(
    c: &mut Conn,
    id: StaffId,
    token_mac: &[u8; 32],
    (name, password, totp_secret): (&[u8], &[u8], &[u8]),
    now: Timestamp,
) -> Result<bool, StorageError> {
    let enrolled = diesel::update(staff_members::table.find(id))
        .filter(staff_members::state.eq_any([StaffState::Invited.as_str(), StaffState::Enrolling.as_str()]))
        .filter(staff_members::token_mac.eq(Some(token_mac.to_vec())))
        .filter(staff_members::token_expires_at.gt(now).assume_not_null())
        .set((
            staff_members::state.eq(StaffState::Enrolling.as_str()),
            staff_members::name.eq(Some(name.to_vec())),
            staff_members::password.eq(Some(password.to_vec())),
            staff_members::totp_secret.eq(Some(totp_secret.to_vec())),
            staff_members::updated_at.eq(now),
        ))
        .execute(c)?;
    Ok(enrolled == 1)
}

/// Makes the member active once its factor has answered; `false` if the invitation has ended, or
/// another secret was proposed meanwhile.
pub fn activate(
    c: &mut Conn,
    id: StaffId,
    token_mac: &[u8; 32],
    secret: &[u8],
    step: i64,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let activated = diesel::update(staff_members::table.find(id))
        .filter(staff_members::state.eq(StaffState::Enrolling.as_str()))
        .filter(staff_members::token_mac.eq(Some(token_mac.to_vec())))
        .filter(staff_members::token_expires_at.gt(now).assume_not_null())
        .filter(staff_members::totp_secret.eq(Some(secret.to_vec())))
        .set((
            staff_members::state.eq(StaffState::Active.as_str()),
            staff_members::totp_last_step.eq(step),
            staff_members::token_mac.eq(None::<Vec<u8>>),
            staff_members::token_expires_at.eq(None::<Timestamp>),
            staff_members::updated_at.eq(now),
        ))
        .execute(c)?;
    Ok(activated == 1)
}

/// The secret that a member who enrols has proposed.
pub fn find_proposed(c: &mut Conn, id: StaffId) -> Result<Option<Vec<u8>>, StorageError> {
    let secret: Option<Option<Vec<u8>>> = staff_members::table
        .find(id)
        .filter(staff_members::state.eq(StaffState::Enrolling.as_str()))
        .select(staff_members::totp_secret)
        .get_result(c)
        .optional()?;
    Ok(secret.flatten())
}

/// Ends a member: its sessions, its roles and its invitation; `false` if it has ended.
pub fn deactivate(c: &mut Conn, id: StaffId, now: Timestamp) -> Result<bool, StorageError> {
    let ended = diesel::update(staff_members::table.find(id))
        .filter(staff_members::state.ne(StaffState::Deactivated.as_str()))
        .set((
            staff_members::state.eq(StaffState::Deactivated.as_str()),
            staff_members::epoch.eq(staff_members::epoch + 1),
            staff_members::token_mac.eq(None::<Vec<u8>>),
            staff_members::token_expires_at.eq(None::<Timestamp>),
            // Nobody signs in by them again.
            staff_members::password.eq(None::<Vec<u8>>),
            staff_members::totp_secret.eq(None::<Vec<u8>>),
            staff_members::updated_at.eq(now),
        ))
        .execute(c)?;
    diesel::delete(staff_roles::table.filter(staff_roles::staff_id.eq(id))).execute(c)?;
    diesel::update(staff_sessions::table.filter(staff_sessions::staff_id.eq(id)))
        .filter(staff_sessions::ended_at.is_null())
        .set(staff_sessions::ended_at.eq(Some(now)))
        .execute(c)?;
    Ok(ended == 1)
}

/// Members who left before an instant, and those whose invitation lapsed before another.
pub fn list_to_forget(
    c: &mut Conn,
    (left, lapsed): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<StaffId>, StorageError> {
    let has_left = staff_members::state
        .eq(StaffState::Deactivated.as_str())
        .and(staff_members::updated_at.le(left))
        .assume_not_null();
    let never_came = staff_members::state
        .eq_any([StaffState::Invited.as_str(), StaffState::Enrolling.as_str()])
        .assume_not_null()
        .and(staff_members::token_expires_at.le(lapsed).assume_not_null());
    Ok(staff_members::table
        .filter(has_left.or(never_came))
        .order(staff_members::staff_id)
        .select(staff_members::staff_id)
        .limit(limit)
        .load(c)?)
}

/// Deletes a member with roles and sessions; ledgers and the log name the id, which leads to nobody from then on.
pub fn delete(c: &mut Conn, id: StaffId) -> Result<(), StorageError> {
    diesel::delete(staff_emails::table.filter(staff_emails::staff_id.eq(id))).execute(c)?;
    diesel::delete(staff_roles::table.filter(staff_roles::staff_id.eq(id))).execute(c)?;
    diesel::delete(staff_role_grants::table.filter(staff_role_grants::staff_id.eq(id))).execute(c)?;
    diesel::delete(staff_sessions::table.filter(staff_sessions::staff_id.eq(id))).execute(c)?;
    diesel::delete(staff_members::table.find(id)).execute(c)?;
    Ok(())
}

/// Whether there is any member.
pub fn exists(c: &mut Conn) -> Result<bool, StorageError> {
    Ok(staff_members::table.count().get_result::<i64>(c)? > 0)
}

/// Which of `subjects` are members.
pub fn filter_existing(c: &mut Conn, subjects: &[AccountId]) -> Result<Vec<AccountId>, StorageError> {
    let ids: Vec<StaffId> = subjects.iter().map(|subject| StaffId::from_uuid(subject.as_uuid())).collect();
    let known: Vec<StaffId> = staff_members::table
        .filter(staff_members::staff_id.eq_any(ids))
        .select(staff_members::staff_id)
        .load(c)?;
    Ok(known.into_iter().map(StaffId::subject).collect())
}

/// What the member behind an address proves itself by; one statement, found or not.
pub fn find_credential(
    c: &mut Conn,
    indexes: &[(u32, [u8; 32])],
) -> Result<Option<StaffCredential>, StorageError> {
    let indexes: Vec<Vec<u8>> = indexes.iter().map(|(_, index)| index.to_vec()).collect();
    Ok(staff_emails::table
        .inner_join(staff_members::table.on(staff_members::staff_id.eq(staff_emails::staff_id)))
        .filter(staff_emails::blind_index.eq_any(indexes))
        .select(CREDENTIAL)
        .limit(1)
        .get_result(c)
        .optional()?)
}

/// What a member proves itself by.
pub fn find_own_credential(c: &mut Conn, id: StaffId) -> Result<Option<StaffCredential>, StorageError> {
    Ok(staff_members::table.find(id).select(CREDENTIAL).get_result(c).optional()?)
}

const CREDENTIAL: (
    staff_members::staff_id,
    staff_members::state,
    staff_members::password,
    staff_members::totp_secret,
    staff_members::totp_last_step,
    staff_members::epoch,
) = (
    staff_members::staff_id,
    staff_members::state,
    staff_members::password,
    staff_members::totp_secret,
    staff_members::totp_last_step,
    staff_members::epoch,
);

/// Takes a step of the app; `false` if it, or a later one, was taken before.
pub fn spend_step(c: &mut Conn, id: StaffId, step: i64) -> Result<bool, StorageError> {
    let spent = diesel::update(staff_members::table.find(id))
        .filter(staff_members::totp_last_step.lt(step))
        .set(staff_members::totp_last_step.eq(step))
        .execute(c)?;
    Ok(spent == 1)
}

#[derive(Queryable)]
struct Row {
    id: StaffId,
    state: String,
    email: Vec<u8>,
    name: Option<Vec<u8>>,
    created_at: Timestamp,
}

fn members(c: &mut Conn, rows: Vec<Row>) -> Result<Vec<SealedMember>, StorageError> {
    let ids: Vec<StaffId> = rows.iter().map(|row| row.id).collect();
    let mut roles: HashMap<StaffId, Vec<StaffRole>> = HashMap::new();
    for (id, role) in list_roles(c, &ids)? {
        roles.entry(id).or_default().push(role);
    }
    rows.into_iter()
        .map(|row| {
            Ok(SealedMember {
                state: StaffState::parse(&row.state).ok_or(corrupt(TABLE, "an unknown state"))?,
                email: Sealed::from_envelope(row.email),
                name: row.name.map(Sealed::from_envelope),
                roles: roles.remove(&row.id).unwrap_or_default(),
                id: row.id,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// A member.
pub fn find(c: &mut Conn, id: StaffId) -> Result<Option<SealedMember>, StorageError> {
    let row: Option<Row> = staff_members::table
        .find(id)
        .select((
            staff_members::staff_id,
            staff_members::state,
            staff_members::email,
            staff_members::name,
            staff_members::created_at,
        ))
        .get_result(c)
        .optional()?;
    Ok(members(c, row.into_iter().collect())?.pop())
}

/// Members after `cursor`, in the order of their ids.
pub fn list(c: &mut Conn, cursor: Option<StaffId>, limit: i64) -> Result<Vec<SealedMember>, StorageError> {
    let after = cursor.unwrap_or(StaffId::from_uuid(uuid::Uuid::nil()));
    let rows: Vec<Row> = staff_members::table
        .filter(staff_members::staff_id.gt(after))
        .select((
            staff_members::staff_id,
            staff_members::state,
            staff_members::email,
            staff_members::name,
            staff_members::created_at,
        ))
        .order(staff_members::staff_id)
        .limit(limit)
        .load(c)?;
    members(c, rows)
}

fn list_roles(c: &mut Conn, ids: &[StaffId]) -> Result<Vec<(StaffId, StaffRole)>, StorageError> {
    let rows: Vec<(StaffId, String)> = staff_roles::table
        .filter(staff_roles::staff_id.eq_any(ids))
        .select((staff_roles::staff_id, staff_roles::role))
        .order((staff_roles::staff_id, staff_roles::role))
        .load(c)?;
    rows.into_iter()
        .map(|(id, role)| Ok((id, StaffRole::parse(&role).ok_or(corrupt("staff_roles", "an unknown role"))?)))
        .collect()
}

/// The roles of a member.
pub fn roles_of(c: &mut Conn, id: StaffId) -> Result<Vec<StaffRole>, StorageError> {
    Ok(list_roles(c, &[id])?.into_iter().map(|(_, role)| role).collect())
}

/// How many active members hold a role.
pub fn count_holders(c: &mut Conn, role: StaffRole) -> Result<usize, StorageError> {
    let holders: i64 = staff_roles::table
        .inner_join(staff_members::table.on(staff_members::staff_id.eq(staff_roles::staff_id)))
        .filter(staff_roles::role.eq(role.as_str()))
        .filter(staff_members::state.ne(StaffState::Deactivated.as_str()))
        .count()
        .get_result(c)?;
    Ok(usize::try_from(holders).unwrap_or(0))
}

/// Gives a role; [`StorageError::Duplicate`] if the member holds it.
pub fn grant(
    c: &mut Conn,
    id: StaffId,
    role: StaffRole,
    leaf_id: LeafId,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::insert_into(staff_roles::table)
        .values((
            staff_roles::staff_id.eq(id),
            staff_roles::role.eq(role.as_str()),
            staff_roles::granted_at.eq(now),
            staff_roles::leaf_id.eq(leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// Takes a role back; `false` if the member does not hold it.
pub fn revoke(c: &mut Conn, id: StaffId, role: StaffRole) -> Result<bool, StorageError> {
    Ok(diesel::delete(staff_roles::table.find((id, role.as_str()))).execute(c)? == 1)
}

/// Opens a session.
pub fn insert_session(c: &mut Conn, session: &StaffSession) -> Result<(), StorageError> {
    diesel::insert_into(staff_sessions::table)
        .values((
            staff_sessions::staff_id.eq(session.staff_id),
            staff_sessions::staff_session_id.eq(session.id),
            staff_sessions::created_at.eq(session.created_at),
            staff_sessions::stepped_up_at.eq(session.stepped_up_at),
            staff_sessions::renewed_at.eq(session.renewed_at),
            staff_sessions::expires_at.eq(session.expires_at),
        ))
        .dispatch(c)?;
    Ok(())
}

/// A live session with all that a request needs to know.
pub struct LiveSession {
    pub session: StaffSession,
    pub epoch: i64,
    pub roles: Vec<StaffRole>,
}

/// The session, if it and its member live at `now`; one statement.
pub fn find_live_session(
    c: &mut Conn,
    id: StaffId,
    session: StaffSessionId,
    now: Timestamp,
) -> Result<Option<LiveSession>, StorageError> {
    type Found = (i64, Timestamp, Timestamp, Timestamp, Timestamp, Option<String>);
    let rows: Vec<Found> = staff_sessions::table
        .inner_join(staff_members::table.on(staff_members::staff_id.eq(staff_sessions::staff_id)))
        .left_join(staff_roles::table.on(staff_roles::staff_id.eq(staff_sessions::staff_id)))
        .filter(staff_sessions::staff_id.eq(id))
        .filter(staff_sessions::staff_session_id.eq(session))
        .filter(staff_sessions::ended_at.is_null())
        .filter(staff_sessions::expires_at.gt(now))
        .filter(staff_members::state.eq(StaffState::Active.as_str()))
        .select((
            staff_members::epoch,
            staff_sessions::created_at,
            staff_sessions::stepped_up_at,
            staff_sessions::renewed_at,
            staff_sessions::expires_at,
            staff_roles::role.nullable(),
        ))
        .load(c)?;
    let Some((epoch, created_at, stepped_up_at, renewed_at, expires_at, _)) = rows.first().cloned() else {
        return Ok(None);
    };
    let roles = rows.iter().filter_map(|row| row.5.as_deref().and_then(StaffRole::parse)).collect();
    let session =
        StaffSession { staff_id: id, id: session, created_at, stepped_up_at, renewed_at, expires_at };
    Ok(Some(LiveSession { session, epoch, roles }))
}

/// Renews a session; `false` if it has ended.
pub fn renew_session(
    c: &mut Conn,
    id: StaffId,
    session: StaffSessionId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let renewed = diesel::update(staff_sessions::table.find((id, session)))
        .filter(staff_sessions::ended_at.is_null())
        .filter(staff_sessions::expires_at.gt(now))
        .set(staff_sessions::renewed_at.eq(now))
        .execute(c)?;
    Ok(renewed == 1)
}

/// Marks a session as stepped up; `false` if it has ended.
pub fn step_up_session(
    c: &mut Conn,
    id: StaffId,
    session: StaffSessionId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let stepped = diesel::update(staff_sessions::table.find((id, session)))
        .filter(staff_sessions::ended_at.is_null())
        .set(staff_sessions::stepped_up_at.eq(now))
        .execute(c)?;
    Ok(stepped == 1)
}

/// Ends a session.
pub fn end_session(
    c: &mut Conn,
    id: StaffId,
    session: StaffSessionId,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(staff_sessions::table.find((id, session)))
        .filter(staff_sessions::ended_at.is_null())
        .set(staff_sessions::ended_at.eq(Some(now)))
        .execute(c)?;
    Ok(())
}

/// Deletes some sessions that were over before `before`.
pub fn delete_past_sessions(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(StaffId, StaffSessionId)> = staff_sessions::table
        .filter(staff_sessions::expires_at.lt(before))
        .select((staff_sessions::staff_id, staff_sessions::staff_session_id))
        .limit(limit)
        .load(c)?;
    for key in &past {
        diesel::delete(staff_sessions::table.find(*key)).execute(c)?;
    }
    Ok(past.len())
}
