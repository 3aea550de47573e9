//! Verifications of identity, one open at a time for each person.

use diesel::{prelude::*, sql_types::Bool};

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{accounts, kyc_cases as t, kyc_documents},
        types::JsonText,
    },
    domain::{
        account::AccountState,
        ids::{AccountId, KycCaseId, StaffId},
        kyc::{
            KycState,
            case::{KycCase, KycGround, QueueFilter, REMINDERS_BEFORE, Rejection},
        },
        time::Timestamp,
    },
};

const TABLE: &str = "kyc_cases";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: KycCaseId,
    state: String,
    ground: String,
    _private_reason: Option<Vec<u8>>,
    requested_by: Option<StaffId>,
    requested_at: Timestamp,
    due_at: Timestamp,
    submitted_at: Option<Timestamp>,
    decided_at: Option<Timestamp>,
    rejections: JsonText,
    revision: i64,
    number: i64,
    assigned_to: Option<StaffId>,
    reminders_sent: i32,
}

impl TryFrom<Row> for KycCase {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            id: row.id,
            state: KycState::parse(&row.state).ok_or(corrupt(TABLE, "an unknown state"))?,
            ground: KycGround::parse(&row.ground).ok_or(corrupt(TABLE, "an unknown ground"))?,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            due_at: row.due_at,
            submitted_at: row.submitted_at,
            decided_at: row.decided_at,
            rejections: serde_json::from_str(&row.rejections.0)
                .map_err(|_| corrupt(TABLE, "rejections that do not parse"))?,
            revision: row.revision,
            number: row.number,
            assigned_to: row.assigned_to,
            reminders_sent: row.reminders_sent,
        })
    }
}

fn write(rejections: &[Rejection]) -> Result<JsonText, StorageError> {
    serde_json::to_string(rejections)
        .map(JsonText)
        .map_err(|_| corrupt(TABLE, "rejections that do not write"))
}

/// Adds a case with its sealed reason; `false` if one is open.
pub fn insert(c: &mut Conn, case: &KycCase, private_reason: Option<&[u8]>) -> Result<bool, StorageError> {
    let added = diesel::insert_into(t::table)
        .values((
            t::account_id.eq(case.account_id),
            t::kyc_case_id.eq(case.id),
            t::state.eq(case.state.as_str()),
            t::ground.eq(case.ground.as_str()),
            t::private_reason.eq(private_reason.map(<[u8]>::to_vec)),
            t::requested_by.eq(case.requested_by),
            t::requested_at.eq(case.requested_at),
            t::due_at.eq(case.due_at),
            t::submitted_at.eq(case.submitted_at),
            t::decided_at.eq(case.decided_at),
            t::rejections.eq(write(&case.rejections)?),
            t::revision.eq(case.revision),
            t::number.eq(case.number),
            t::assigned_to.eq(case.assigned_to),
            t::reminders_sent.eq(case.reminders_sent),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(added == 1)
}

/// A case of the person.
pub fn find_owned(c: &mut Conn, owner: AccountId, id: KycCaseId) -> Result<Option<KycCase>, StorageError> {
    let row: Option<Row> = t::table.find((owner, id)).get_result(c).optional()?;
    row.map(KycCase::try_from).transpose()
}

/// A case, whoever it is about.
pub fn find(c: &mut Conn, id: KycCaseId) -> Result<Option<KycCase>, StorageError> {
    let row: Option<Row> = t::table.filter(t::kyc_case_id.eq(id)).get_result(c).optional()?;
    row.map(KycCase::try_from).transpose()
}

/// The private reason of a case, sealed.
pub fn find_private_reason(
    c: &mut Conn,
    owner: AccountId,
    id: KycCaseId,
) -> Result<Option<Vec<u8>>, StorageError> {
    let reason: Option<Option<Vec<u8>>> =
        t::table.find((owner, id)).select(t::private_reason).get_result(c).optional()?;
    Ok(reason.flatten())
}

/// Cases in the order in which they are due.
pub fn list_queue(
    c: &mut Conn,
    filter: &QueueFilter,
    after: Option<(Timestamp, KycCaseId)>,
    limit: i64,
) -> Result<Vec<KycCase>, StorageError> {
    let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
    let (due, id) = after.unwrap_or((
        Timestamp::from_micros(0).ok_or(corrupt(TABLE, "no beginning of time"))?,
        KycCaseId::from_uuid(uuid::Uuid::nil()),
    ));
    // Nobody is assigned where the one is asked for who is not there.
    let nobody = StaffId::from_uuid(uuid::Uuid::nil());
    let is_any = filter.assigned_to.is_none().into_sql::<Bool>();
    let is_none = (filter.assigned_to == Some(None)).into_sql::<Bool>();
    let who = filter.assigned_to.flatten().unwrap_or(nobody);
    let rows: Vec<Row> = t::table
        .filter(t::state.eq_any(states))
        .filter(
            is_any
                .or(is_none.and(t::assigned_to.is_null()))
                .or(t::assigned_to.is_not_null().and(t::assigned_to.eq(who).assume_not_null())),
        )
        .filter(t::due_at.gt(due).or(t::due_at.eq(due).and(t::kyc_case_id.gt(id))))
        .order((t::due_at, t::kyc_case_id))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(KycCase::try_from).collect()
}

/// States in which something is awaited from the person, and the day has not passed.
const AWAITING: [KycState; 3] = [KycState::Requested, KycState::InProgress, KycState::Resubmission];

fn awaiting() -> Vec<&'static str> {
    AWAITING.iter().map(|state| state.as_str()).collect()
}

/// Asks a person for nothing any more, unless somebody is looking at what was handed in; gives the case.
pub fn withdraw_awaiting(
    c: &mut Conn,
    owner: AccountId,
    now: Timestamp,
) -> Result<Option<KycCaseId>, StorageError> {
    let is_awaiting = |case: &KycCase| AWAITING.contains(&case.state) || case.state == KycState::Expired;
    let Some(was) = find_current(c, owner)?.filter(is_awaiting) else { return Ok(None) };
    let case = KycCase {
        state: KycState::NotRequired,
        decided_at: Some(now),
        rejections: Vec::new(),
        assigned_to: None,
        ..was.clone()
    };
    Ok(update(c, &was, &case)?.then_some(was.id))
}

/// Whether a verification of the person was ever approved.
pub fn has_approved(c: &mut Conn, owner: AccountId) -> Result<bool, StorageError> {
    let approved: i64 = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::state.eq(KycState::Approved.as_str()))
        .count()
        .get_result(c)?;
    Ok(approved > 0)
}

/// Gives a case whose documents were destroyed a number of its own, beyond another, and so a key for new ones.
pub fn renumber(c: &mut Conn, owner: AccountId, id: KycCaseId, beyond: i64) -> Result<(), StorageError> {
    let next = last_number(c, owner)?.max(beyond) + 1;
    diesel::update(t::table.find((owner, id)))
        .filter(t::decided_at.is_null())
        .set((t::number.eq(next), t::revision.eq(t::revision + 1)))
        .execute(c)?;
    Ok(())
}

/// Some cases of whose day a reminder is due.
pub fn list_to_remind(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<KycCase>, StorageError> {
    let mut due = Vec::new();
    for (sent, before) in REMINDERS_BEFORE.iter().enumerate() {
        let sent = i32::try_from(sent).map_err(|_| corrupt(TABLE, "too many reminders"))?;
        let rows: Vec<Row> = t::table
            .filter(t::state.eq_any(awaiting()))
            .filter(t::reminders_sent.le(sent))
            .filter(t::due_at.gt(now))
            .filter(t::due_at.le(now.plus(*before)))
            .order(t::due_at)
            .limit(limit)
            .load(c)?;
        for row in rows {
            let case = KycCase::try_from(row)?;
            if !due.iter().any(|other: &KycCase| other.id == case.id) {
                due.push(case);
            }
        }
    }
    Ok(due)
}

/// Some cases whose day has passed, but of accounts that are closing: whoever leaves is not pressed.
pub fn list_overdue(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<KycCase>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::state.eq_any(awaiting()))
        .filter(t::due_at.le(now))
        .filter(diesel::dsl::exists(
            accounts::table
                .filter(accounts::account_id.eq(t::account_id))
                .filter(accounts::state.ne(AccountState::Closing.as_str())),
        ))
        .order(t::due_at)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(KycCase::try_from).collect()
}

/// Some cases with documents that were decided before an instant, were given up on before another, or are asked
/// for no longer.
pub fn list_with_documents(
    c: &mut Conn,
    (decided_before, due_before): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<KycCase>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(
            t::state
                .eq(KycState::NotRequired.as_str())
                .or(t::state.eq(KycState::Expired.as_str()).and(t::due_at.lt(due_before)))
                .or(t::decided_at.is_not_null().and(t::decided_at.lt(decided_before).assume_not_null())),
        )
        .filter(diesel::dsl::exists(
            kyc_documents::table
                .filter(kyc_documents::account_id.eq(t::account_id))
                .filter(kyc_documents::kyc_case_id.eq(t::kyc_case_id)),
        ))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(KycCase::try_from).collect()
}

/// The verification whose documents a version of the person's key sealed, if any are there.
pub fn find_with_documents(
    c: &mut Conn,
    owner: AccountId,
    number: i64,
) -> Result<Option<KycCase>, StorageError> {
    let row: Option<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::number.eq(number))
        .filter(diesel::dsl::exists(
            kyc_documents::table
                .filter(kyc_documents::account_id.eq(t::account_id))
                .filter(kyc_documents::kyc_case_id.eq(t::kyc_case_id)),
        ))
        .first(c)
        .optional()?;
    row.map(KycCase::try_from).transpose()
}

/// How many verifications the person was asked for.
pub fn last_number(c: &mut Conn, owner: AccountId) -> Result<i64, StorageError> {
    let last: Option<i64> =
        t::table.filter(t::account_id.eq(owner)).select(diesel::dsl::max(t::number)).get_result(c)?;
    Ok(last.unwrap_or(0))
}

/// The person's newest case: the open one, or the one decided last.
pub fn find_current(c: &mut Conn, owner: AccountId) -> Result<Option<KycCase>, StorageError> {
    let row: Option<Row> =
        t::table.filter(t::account_id.eq(owner)).order(t::number.desc()).limit(1).get_result(c).optional()?;
    row.map(KycCase::try_from).transpose()
}

/// Writes a case as it stands now; `false` if somebody else wrote it since `was` was read.
pub fn update(c: &mut Conn, was: &KycCase, case: &KycCase) -> Result<bool, StorageError> {
    let written = diesel::update(t::table.find((case.account_id, case.id)))
        .filter(t::revision.eq(was.revision))
        .set((
            t::state.eq(case.state.as_str()),
            t::due_at.eq(case.due_at),
            t::submitted_at.eq(case.submitted_at),
            t::decided_at.eq(case.decided_at),
            t::rejections.eq(write(&case.rejections)?),
            t::assigned_to.eq(case.assigned_to),
            t::reminders_sent.eq(case.reminders_sent),
            t::revision.eq(was.revision + 1),
        ))
        .execute(c)?;
    Ok(written == 1)
}
