//! Roles that are asked for, and what became of them.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::staff_role_grants as t},
    domain::{
        ids::{RoleGrantId, StaffId},
        staff::{GrantState, RoleGrant, StaffRole},
        time::Timestamp,
    },
};

const TABLE: &str = "staff_role_grants";

#[derive(Queryable)]
struct Row {
    id: RoleGrantId,
    staff_id: StaffId,
    role: String,
    state: String,
    proposed_by: StaffId,
    proposed_at: Timestamp,
    decided_by: Option<StaffId>,
    decided_at: Option<Timestamp>,
}

impl TryFrom<Row> for RoleGrant {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: row.id,
            staff_id: row.staff_id,
            role: StaffRole::parse(&row.role).ok_or(corrupt(TABLE, "an unknown role"))?,
            state: GrantState::parse(&row.state).ok_or(corrupt(TABLE, "an unknown state"))?,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
        })
    }
}

/// Adds a grant; [`StorageError::Duplicate`] if the same role waits for the same member.
pub fn insert(c: &mut Conn, grant: &RoleGrant) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::role_grant_id.eq(grant.id),
            t::staff_id.eq(grant.staff_id),
            t::role.eq(grant.role.as_str()),
            t::state.eq(grant.state.as_str()),
            t::proposed_by.eq(grant.proposed_by),
            t::proposed_at.eq(grant.proposed_at),
            t::decided_by.eq(grant.decided_by),
            t::decided_at.eq(grant.decided_at),
        ))
        .dispatch(c)?;
    Ok(())
}

pub fn find(c: &mut Conn, id: RoleGrantId) -> Result<Option<RoleGrant>, StorageError> {
    let row: Option<Row> = t::table.find(id).get_result(c).optional()?;
    row.map(RoleGrant::try_from).transpose()
}

/// Decides a grant that waits; `false` if it was decided before.
pub fn decide(
    c: &mut Conn,
    id: RoleGrantId,
    state: GrantState,
    by: StaffId,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let decided = diesel::update(t::table.find(id))
        .filter(t::state.eq(GrantState::Proposed.as_str()))
        .set((t::state.eq(state.as_str()), t::decided_by.eq(Some(by)), t::decided_at.eq(Some(now))))
        .execute(c)?;
    Ok(decided == 1)
}

/// Grants before `cursor`, newest first.
pub fn list(c: &mut Conn, cursor: Option<RoleGrantId>, limit: i64) -> Result<Vec<RoleGrant>, StorageError> {
    let before = cursor.unwrap_or(RoleGrantId::from_uuid(uuid::Uuid::max()));
    let rows: Vec<Row> =
        t::table.filter(t::role_grant_id.lt(before)).order(t::role_grant_id.desc()).limit(limit).load(c)?;
    rows.into_iter().map(RoleGrant::try_from).collect()
}
