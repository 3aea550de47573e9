//! Sessions, and what one request needs to know of its own.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, Fetch, StorageError,
        schema::{accounts, policy_versions, sessions},
    },
    domain::{
        account::AccountState,
        ids::{AccountId, DeviceId, SessionId},
        personal::PersonalText,
        sealed::Sealed,
        session::{AssuranceLevel, Session, SessionEnd, SessionStanding},
        time::Timestamp,
    },
};

/// A session about to begin.
#[derive(Clone)]
pub struct NewSession {
    pub session: Session,
    pub epoch: i64,
    pub address: Option<Vec<u8>>,
}

pub fn insert(c: &mut Conn, new: &NewSession) -> Result<(), StorageError> {
    let session = &new.session;
    diesel::insert_into(sessions::table)
        .values((
            sessions::account_id.eq(session.account_id),
            sessions::session_id.eq(session.id),
            sessions::epoch.eq(new.epoch),
            sessions::assurance_level.eq(session.assurance.as_number()),
            sessions::device_id.eq(session.device_id),
            sessions::user_agent.eq(session.user_agent.as_ref().map(|sealed| sealed.envelope().to_vec())),
            sessions::address.eq(new.address.clone()),
            sessions::created_at.eq(session.created_at),
            sessions::last_used_at.eq(session.last_used_at),
            sessions::expires_at.eq(session.expires_at),
            sessions::stepped_up_at.eq(session.stepped_up_at),
            sessions::place.eq(session.place.as_ref().map(|sealed| sealed.envelope().to_vec())),
        ))
        .dispatch(c)?;
    Ok(())
}

#[derive(Queryable)]
struct StandingRow {
    session_epoch: i64,
    assurance: i16,
    stepped_up_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    expires_at: Timestamp,
    account_epoch: i64,
    state: String,
    accepted: i32,
    service_withdrawn_at: Option<Timestamp>,
    gpc_seen_at: Option<Timestamp>,
    current: Option<i32>,
}

/// Where the session, its account and the policy stand: the one statement of every request.
pub fn find_standing(
    c: &mut Conn,
    owner: AccountId,
    id: SessionId,
) -> Result<Option<SessionStanding>, StorageError> {
    let current = policy_versions::table.select(diesel::dsl::max(policy_versions::version)).single_value();
    // On the native connection, whose prepared statement is found without writing the SQL again.
    let rows: Vec<StandingRow> = sessions::table
        .inner_join(accounts::table)
        .filter(sessions::account_id.eq(owner))
        .filter(sessions::session_id.eq(id))
        .select((
            sessions::epoch,
            sessions::assurance_level,
            sessions::stepped_up_at,
            sessions::ended_at,
            sessions::expires_at,
            accounts::epoch,
            accounts::state,
            accounts::accepted_policy_version,
            accounts::service_withdrawn_at,
            accounts::gpc_seen_at,
            current,
        ))
        .fetch(c)?;
    rows.into_iter()
        .next()
        .map(|row| {
            Ok(SessionStanding {
                session_epoch: row.session_epoch,
                assurance: level(row.assurance)?,
                stepped_up_at: row.stepped_up_at,
                account_epoch: row.account_epoch,
                account_state: AccountState::parse(&row.state)
                    .ok_or(corrupt("accounts", "an unknown state"))?,
                ended: row.ended_at.is_some(),
                expires_at: row.expires_at,
                accepted_policy_version: row.accepted,
                current_policy_version: row.current.unwrap_or(0),
                service_withdrawn: row.service_withdrawn_at.is_some(),
                gpc_seen: row.gpc_seen_at.is_some(),
            })
        })
        .transpose()
}

fn level(number: i16) -> Result<AssuranceLevel, StorageError> {
    AssuranceLevel::from_number(number).ok_or(corrupt("sessions", "an unknown assurance level"))
}

#[derive(Queryable)]
struct Row {
    id: SessionId,
    device_id: DeviceId,
    user_agent: Option<Vec<u8>>,
    place: Option<Vec<u8>>,
    assurance: i16,
    stepped_up_at: Option<Timestamp>,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
}

/// The person's live sessions before `before`, newest first.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    now: Timestamp,
    before: Option<(Timestamp, SessionId)>,
    limit: i64,
) -> Result<Vec<Session>, StorageError> {
    let mut query = sessions::table
        .inner_join(accounts::table)
        .filter(sessions::account_id.eq(owner))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::epoch.eq(accounts::epoch))
        .select((
            sessions::session_id,
            sessions::device_id,
            sessions::user_agent,
            sessions::place,
            sessions::assurance_level,
            sessions::stepped_up_at,
            sessions::created_at,
            sessions::last_used_at,
            sessions::expires_at,
        ))
        .order((sessions::created_at.desc(), sessions::session_id.desc()))
        .limit(limit)
        .into_boxed();
    if let Some((at, id)) = before {
        query = query.filter(
            sessions::created_at.lt(at).or(sessions::created_at.eq(at).and(sessions::session_id.lt(id))),
        );
    }
    let rows: Vec<Row> = query.load(c)?;
    let session = |row: Row| {
        Ok(Session {
            id: row.id,
            account_id: owner,
            device_id: row.device_id,
            user_agent: row.user_agent.map(Sealed::from_envelope),
            place: row.place.map(Sealed::from_envelope),
            assurance: level(row.assurance)?,
            stepped_up_at: row.stepped_up_at,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        })
    };
    rows.into_iter().map(session).collect()
}

/// A session as it is kept, also after its end.
pub struct KeptSession {
    pub id: SessionId,
    pub device_id: DeviceId,
    pub address: Option<Sealed<PersonalText>>,
    pub user_agent: Option<Sealed<PersonalText>>,
    pub place: Option<Sealed<PersonalText>>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

#[derive(Queryable)]
struct KeptRow {
    id: SessionId,
    device_id: DeviceId,
    address: Option<Vec<u8>>,
    user_agent: Option<Vec<u8>>,
    place: Option<Vec<u8>>,
    created_at: Timestamp,
    last_used_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// A person's sessions after one, whether or not they live.
pub fn list_kept(
    c: &mut Conn,
    owner: AccountId,
    after: SessionId,
    limit: i64,
) -> Result<Vec<KeptSession>, StorageError> {
    let rows: Vec<KeptRow> = sessions::table
        .filter(sessions::account_id.eq(owner))
        .filter(sessions::session_id.gt(after))
        .select((
            sessions::session_id,
            sessions::device_id,
            sessions::address,
            sessions::user_agent,
            sessions::place,
            sessions::created_at,
            sessions::last_used_at,
            sessions::ended_at,
        ))
        .order(sessions::session_id)
        .limit(limit)
        .load(c)?;
    let kept = |row: KeptRow| KeptSession {
        id: row.id,
        device_id: row.device_id,
        address: row.address.map(Sealed::from_envelope),
        user_agent: row.user_agent.map(Sealed::from_envelope),
        place: row.place.map(Sealed::from_envelope),
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        ended_at: row.ended_at,
    };
    Ok(rows.into_iter().map(kept).collect())
}

/// Ends a live session of `owner`; `false` if there is none.
pub fn end_owned(
    c: &mut Conn,
    owner: AccountId,
    id: SessionId,
    reason: SessionEnd,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let ended = diesel::update(sessions::table.find((owner, id)))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .set((sessions::ended_at.eq(Some(now)), sessions::end_reason.eq(Some(reason.as_str()))))
        .execute(c)?;
    Ok(ended == 1)
}

/// Ends every live session of `owner` but `kept`, and says how many those were.
pub fn end_others(
    c: &mut Conn,
    owner: AccountId,
    kept: Option<SessionId>,
    reason: SessionEnd,
    now: Timestamp,
) -> Result<usize, StorageError> {
    let nobody = SessionId::from_uuid(uuid::Uuid::nil());
    Ok(diesel::update(sessions::table)
        .filter(sessions::account_id.eq(owner))
        .filter(sessions::session_id.ne(kept.unwrap_or(nobody)))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .set((sessions::ended_at.eq(Some(now)), sessions::end_reason.eq(Some(reason.as_str()))))
        .execute(c)?)
}

/// Ends every live session of `owner` on a device.
pub fn end_on_device(
    c: &mut Conn,
    owner: AccountId,
    device: DeviceId,
    reason: SessionEnd,
    now: Timestamp,
) -> Result<(), StorageError> {
    diesel::update(sessions::table)
        .filter(sessions::account_id.eq(owner))
        .filter(sessions::device_id.eq(device))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .set((sessions::ended_at.eq(Some(now)), sessions::end_reason.eq(Some(reason.as_str()))))
        .execute(c)?;
    Ok(())
}

/// Notes that the person proved to be there, and how surely; `false` if the session has ended.
pub fn step_up(
    c: &mut Conn,
    owner: AccountId,
    id: SessionId,
    assurance: AssuranceLevel,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let stepped_up = diesel::update(sessions::table.find((owner, id)))
        .filter(sessions::ended_at.is_null())
        .set((sessions::stepped_up_at.eq(Some(now)), sessions::assurance_level.eq(assurance.as_number())))
        .execute(c)?;
    Ok(stepped_up == 1)
}

/// Marks a session as revoked by its link, which works once, and gives its device; `None` if the link
/// was used before. A session that had ended otherwise keeps its instant.
pub fn use_link(
    c: &mut Conn,
    owner: AccountId,
    id: SessionId,
    now: Timestamp,
) -> Result<Option<DeviceId>, StorageError> {
    let by_link = SessionEnd::RevokedByLink.as_str();
    let devices: Vec<DeviceId> = diesel::update(sessions::table.find((owner, id)))
        .filter(sessions::end_reason.is_null().or(sessions::end_reason.ne(by_link).assume_not_null()))
        .set(sessions::end_reason.eq(Some(by_link)))
        .returning(sessions::device_id)
        .fetch(c)?;
    let still_open = sessions::table.find((owner, id)).filter(sessions::ended_at.is_null());
    diesel::update(still_open).set(sessions::ended_at.eq(Some(now))).execute(c)?;
    Ok(devices.first().copied())
}

/// Notes that the session was used.
pub fn touch(c: &mut Conn, owner: AccountId, id: SessionId, now: Timestamp) -> Result<(), StorageError> {
    diesel::update(sessions::table.find((owner, id))).set(sessions::last_used_at.eq(now)).execute(c)?;
    Ok(())
}

/// Deletes some sessions that were last used, and are over, before `before`; their refresh tokens go along.
pub fn delete_past(c: &mut Conn, before: Timestamp, limit: i64) -> Result<usize, StorageError> {
    let past: Vec<(AccountId, SessionId)> = sessions::table
        .filter(sessions::expires_at.lt(before).or(sessions::ended_at.lt(before).assume_not_null()))
        .select((sessions::account_id, sessions::session_id))
        .limit(limit)
        .load(c)?;
    for id in &past {
        diesel::delete(sessions::table.find(*id)).execute(c)?;
    }
    Ok(past.len())
}

/// What is left of a session once it ended: when it began, and from where.
#[derive(Queryable)]
pub struct RecentSession {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub place: Option<Vec<u8>>,
}

/// The person's sessions that began after an instant, each with its sealed place; the newest hundred.
pub fn list_recent(
    c: &mut Conn,
    owner: AccountId,
    since: Timestamp,
) -> Result<Vec<RecentSession>, StorageError> {
    Ok(sessions::table
        .filter(sessions::account_id.eq(owner))
        .filter(sessions::created_at.gt(since))
        .order(sessions::created_at.desc())
        .limit(100)
        .select((sessions::session_id, sessions::created_at, sessions::place))
        .load(c)?)
}
