//! Roles: the heavy ones take two admins, and nobody holds two of them.

use super::{GrantPage, StaffError, StaffService};
use crate::{
    db::{Conn, StorageError},
    domain::{
        evidence::Act,
        ids::{LeafId, RoleGrantId, StaffId},
        staff::{FEWEST_ADMINS, GrantState, RoleGrant, StaffMember, StaffRole, StaffState},
        time::Timestamp,
    },
    repositories::{log as leaves, role_grants, staff},
    services::{cursors, idempotency::Recording, log::LeafDraft},
};

const PROPOSED: Act = Act { name: "staff.role_proposed", object: "role_grant", clause: "5.2" };
const GRANTED: Act = Act { name: "staff.role_granted", object: "role_grant", clause: "5.2" };
const DECLINED: Act = Act { name: "staff.role_declined", object: "role_grant", clause: "5.2" };
const REVOKED: Act = Act { name: "staff.role_revoked", object: "staff", clause: "5.2" };

const LIST: &str = "staff_role_grants";

fn facts(grant: &RoleGrant) -> crate::domain::evidence::Facts {
    vec![
        ("role_grant", grant.id.to_string()),
        ("staff", grant.staff_id.to_string()),
        ("role", grant.role.as_str().to_owned()),
        ("proposed_by", grant.proposed_by.to_string()),
        ("decided_by", grant.decided_by.map(|by| by.to_string()).unwrap_or_default()),
    ]
}

impl StaffService {
    /// Asks for a role. A light one is granted at once, a heavy one waits for another admin.
    ///
    /// # Errors
    ///
    /// [`StaffError::SecondPersonRequired`] for oneself, [`StaffError::RoleConflict`] beside another
    /// heavy role, [`StaffError::StateConflict`] if it is held or waits already.
    #[tracing::instrument(skip_all)]
    pub async fn propose_role(
        &self,
        by: StaffId,
        id: StaffId,
        role: StaffRole,
        recording: Recording<RoleGrant>,
    ) -> Result<RoleGrant, StaffError> {
        if by == id {
            return Err(StaffError::SecondPersonRequired);
        }
        let now = self.clock.now();
        let at_once = !role.is_heavy();
        let grant = RoleGrant {
            id: RoleGrantId::generate(now),
            staff_id: id,
            role,
            state: if at_once { GrantState::Effective } else { GrantState::Proposed },
            proposed_by: by,
            proposed_at: now,
            decided_by: at_once.then_some(by),
            decided_at: at_once.then_some(now),
        };
        let act = if at_once { &GRANTED } else { &PROPOSED };
        let leaf = LeafDraft::new(now)?.of_staff(by, act, &facts(&grant));
        let own = self.vault.keys_of(by.subject()).await?;
        let answer = grant.clone();
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                may_hold(c, id, role)?;
                leaves::append(c, &leaf)?;
                role_grants::insert(c, &grant).map_err(conflict)?;
                if at_once {
                    give(c, &grant, leaf.id, now)?;
                }
                recording.record(c, &own, &grant)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(answer)
    }

    /// Grants a role that another admin asked for, or declines it.
    ///
    /// # Errors
    ///
    /// [`StaffError::SecondPersonRequired`] for whoever asked for it, or is to get it;
    /// [`StaffError::StateConflict`] if it was decided; [`StaffError::RoleConflict`] if the member has
    /// got another heavy role meanwhile.
    #[tracing::instrument(skip_all)]
    pub async fn decide_role(
        &self,
        by: StaffId,
        id: RoleGrantId,
        approve: bool,
        recording: Recording<RoleGrant>,
    ) -> Result<RoleGrant, StaffError> {
        let now = self.clock.now();
        let waiting = self.db.read(move |c| role_grants::find(c, id)).await?.ok_or(StaffError::NotFound)?;
        // To take back what oneself has asked for needs nobody else.
        let own_affair = waiting.staff_id == by || (waiting.proposed_by == by && approve);
        if own_affair {
            return Err(StaffError::SecondPersonRequired);
        }
        let state = if approve { GrantState::Effective } else { GrantState::Declined };
        let grant = RoleGrant { state, decided_by: Some(by), decided_at: Some(now), ..waiting };
        let act = if approve { &GRANTED } else { &DECLINED };
        let leaf = LeafDraft::new(now)?.of_staff(by, act, &facts(&grant));
        let own = self.vault.keys_of(by.subject()).await?;
        let answer = grant.clone();
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                if !role_grants::decide(c, id, state, by, now)? {
                    return Err(StaffError::StateConflict);
                }
                leaves::append(c, &leaf)?;
                if approve {
                    may_hold(c, grant.staff_id, grant.role)?;
                    give(c, &grant, leaf.id, now)?;
                }
                recording.record(c, &own, &grant)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(answer)
    }

    /// Takes a role back at once.
    ///
    /// # Errors
    ///
    /// [`StaffError::NotFound`] if the member does not hold it, [`StaffError::StateConflict`] if fewer
    /// admins were left than it takes to grant a role.
    #[tracing::instrument(skip_all)]
    pub async fn revoke_role(
        &self,
        by: StaffId,
        id: StaffId,
        role: StaffRole,
    ) -> Result<StaffMember, StaffError> {
        let now = self.clock.now();
        let facts =
            vec![("staff", id.to_string()), ("role", role.as_str().to_owned()), ("by", by.to_string())];
        let leaf = LeafDraft::new(now)?.of_staff(by, &REVOKED, &facts);
        self.db
            .write(move |c| {
                if role == StaffRole::Admin && staff::count_holders(c, role)? <= FEWEST_ADMINS {
                    return Err(StaffError::StateConflict);
                }
                if !staff::revoke(c, id, role)? {
                    return Err(StaffError::NotFound);
                }
                leaves::append(c, &leaf)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        self.member(id).await
    }

    /// Role grants, newest first.
    ///
    /// # Errors
    ///
    /// [`StaffError::Cursor`].
    pub async fn role_grants(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<GrantPage, StaffError> {
        let kms = self.vault.kms();
        let before = cursors::id(kms, LIST, reader.subject(), cursor, RoleGrantId::from_uuid)?;
        let rows = self.db.read(move |c| role_grants::list(c, before, i64::from(limit) + 1)).await?;
        let (grants, next_cursor) =
            cursors::page(kms, LIST, reader.subject(), rows, limit, |grant| grant.id.as_bytes().to_vec())?;
        Ok(GrantPage { grants, next_cursor })
    }
}

/// Only an active member gets a role, and no second heavy one.
fn may_hold(c: &mut Conn, id: StaffId, role: StaffRole) -> Result<(), StaffError> {
    let member = staff::find(c, id)?.ok_or(StaffError::NotFound)?;
    if member.state != StaffState::Active || member.roles.contains(&role) {
        return Err(StaffError::StateConflict);
    }
    if role.goes_with(&member.roles) { Ok(()) } else { Err(StaffError::RoleConflict) }
}

fn give(c: &mut Conn, grant: &RoleGrant, leaf: LeafId, now: Timestamp) -> Result<(), StaffError> {
    staff::grant(c, grant.staff_id, grant.role, leaf, now).map_err(conflict)
}

fn conflict(error: StorageError) -> StaffError {
    match error {
        StorageError::Duplicate { .. } => StaffError::StateConflict,
        other => other.into(),
    }
}
