//! Rights requests as they stand, and the ledger of their steps, to which rows are only ever added.

use diesel::prelude::*;

use super::{corrupt, hash32};
use crate::{
    db::{
        Conn, Dispatch, MultiBackend, StorageError,
        schema::{accounts, rights_request_events as e, rights_requests as t},
    },
    domain::{
        account::StateReason,
        ids::{AccountId, LeafId, ProcessingLimitId, RightsRequestId, StaffId},
        purpose::{PersonalDataClass, Purpose},
        rights::{
            deadline::{Deadline, DeadlineLaw},
            rectification::RectifiedField,
            request::{
                ExtensionReason, RefusalGround, RightKind, RightsEvent, RightsRequest, RightsScope,
                RightsState, RightsStep,
            },
        },
        time::Timestamp,
    },
};

const TABLE: &str = "rights_requests";
const EVENTS: &str = "rights_request_events";

/// A value of a closed list, if there is one.
fn known<T>(
    table: &'static str,
    text: Option<String>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, StorageError> {
    text.map(|text| parse(&text).ok_or(corrupt(table, "an unknown value"))).transpose()
}

fn scope(
    table: &'static str,
    kind: &str,
    (purpose, data_class, field): (Option<String>, Option<String>, Option<String>),
) -> Result<RightsScope, StorageError> {
    Ok(RightsScope {
        kind: RightKind::parse(kind).ok_or(corrupt(table, "an unknown kind"))?,
        purpose: known(table, purpose, Purpose::parse)?,
        data_class: known(table, data_class, PersonalDataClass::parse)?,
        field: known(table, field, RectifiedField::parse)?,
    })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = t)]
struct Row {
    account_id: AccountId,
    #[diesel(column_name = rights_request_id)]
    id: RightsRequestId,
    kind: String,
    purpose: Option<String>,
    data_class: Option<String>,
    field: Option<String>,
    state: String,
    filed_at: Timestamp,
    due_at: Timestamp,
    due_law: String,
    extension: Option<String>,
    answered_at: Option<Timestamp>,
    refusal: Option<String>,
    lifts_at: Option<Timestamp>,
    #[diesel(column_name = processing_limit_id)]
    limit_id: Option<ProcessingLimitId>,
    executes_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    kept_until: Option<Timestamp>,
    complained_at: Option<Timestamp>,
    outcome_hash: Option<Vec<u8>>,
    steps: i32,
    by_link: i16,
}

impl TryFrom<Row> for RightsRequest {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let law = DeadlineLaw::parse(&row.due_law).ok_or(corrupt(TABLE, "an unknown law"))?;
        Ok(Self {
            account_id: row.account_id,
            id: row.id,
            scope: scope(TABLE, &row.kind, (row.purpose, row.data_class, row.field))?,
            state: RightsState::parse(&row.state).ok_or(corrupt(TABLE, "an unknown state"))?,
            filed_at: row.filed_at,
            deadline: Deadline { due_at: row.due_at, law },
            extension: known(TABLE, row.extension, ExtensionReason::parse)?,
            answered_at: row.answered_at,
            refusal: known(TABLE, row.refusal, RefusalGround::parse)?,
            lifts_at: row.lifts_at,
            limit_id: row.limit_id,
            executes_at: row.executes_at,
            completed_at: row.completed_at,
            kept_until: row.kept_until,
            complained_at: row.complained_at,
            outcome_hash: row.outcome_hash.map(|hash| hash32(TABLE, &hash)).transpose()?,
            steps: row.steps,
            by_link: row.by_link != 0,
        })
    }
}

/// What a request is read from: not what only its result takes.
fn columns() -> <Row as Selectable<MultiBackend>>::SelectExpression {
    <Row as Selectable<MultiBackend>>::construct_selection()
}

/// Keeps a request; `false` if one about the same holds.
pub fn insert(
    c: &mut Conn,
    request: &RightsRequest,
    result_mac: Option<[u8; 32]>,
) -> Result<bool, StorageError> {
    let inserted = diesel::insert_into(t::table)
        .values((
            t::account_id.eq(request.account_id),
            t::rights_request_id.eq(request.id),
            t::kind.eq(request.scope.kind.as_str()),
            t::purpose.eq(request.scope.purpose.map(Purpose::as_str)),
            t::data_class.eq(request.scope.data_class.map(PersonalDataClass::as_str)),
            t::field.eq(request.scope.field.map(RectifiedField::as_str)),
            t::state.eq(request.state.as_str()),
            t::filed_at.eq(request.filed_at),
            t::due_at.eq(request.deadline.due_at),
            t::due_law.eq(request.deadline.law.as_str()),
            t::processing_limit_id.eq(request.limit_id),
            t::executes_at.eq(request.executes_at),
            t::result_mac.eq(result_mac.map(|mac| mac.to_vec())),
            t::steps.eq(request.steps),
            t::by_link.eq(i16::from(request.by_link)),
        ))
        .on_conflict_do_nothing()
        .dispatch(c)?;
    Ok(inserted == 1)
}

/// Puts another token in the place of the one that opens the result of a request.
pub fn replace_result(
    c: &mut Conn,
    request: &RightsRequest,
    result_mac: [u8; 32],
) -> Result<(), StorageError> {
    diesel::update(t::table.find((request.account_id, request.id)))
        .set(t::result_mac.eq(Some(result_mac.to_vec())))
        .execute(c)?;
    Ok(())
}

/// Writes over a request; `false` if somebody else did since it was read.
pub fn update(c: &mut Conn, was: &RightsRequest, now: &RightsRequest) -> Result<bool, StorageError> {
    let updated = diesel::update(t::table.find((was.account_id, was.id)))
        .filter(t::steps.eq(was.steps))
        .set((
            t::state.eq(now.state.as_str()),
            t::due_at.eq(now.deadline.due_at),
            t::due_law.eq(now.deadline.law.as_str()),
            t::extension.eq(now.extension.map(ExtensionReason::as_str)),
            t::answered_at.eq(now.answered_at),
            t::refusal.eq(now.refusal.map(RefusalGround::as_str)),
            t::lifts_at.eq(now.lifts_at),
            t::executes_at.eq(now.executes_at),
            t::completed_at.eq(now.completed_at),
            t::kept_until.eq(now.kept_until),
            t::complained_at.eq(now.complained_at),
            t::outcome_hash.eq(now.outcome_hash.map(|hash| hash.to_vec())),
            t::steps.eq(now.steps),
        ))
        .execute(c)?;
    Ok(updated == 1)
}

/// The request, if `owner` filed it.
pub fn find_owned(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<Option<RightsRequest>, StorageError> {
    let row: Option<Row> = t::table.find((owner, id)).select(columns()).get_result(c).optional()?;
    row.map(RightsRequest::try_from).transpose()
}

/// The request, whoever filed it.
pub fn find(c: &mut Conn, id: RightsRequestId) -> Result<Option<RightsRequest>, StorageError> {
    let row: Option<Row> =
        t::table.filter(t::rights_request_id.eq(id)).select(columns()).get_result(c).optional()?;
    row.map(RightsRequest::try_from).transpose()
}

/// Where a page ends.
pub type Place = (Timestamp, RightsRequestId);

/// A person's requests before a place, newest first.
pub fn list_owned(
    c: &mut Conn,
    owner: AccountId,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<RightsRequest>, StorageError> {
    let mut query = t::table.filter(t::account_id.eq(owner)).select(columns()).into_boxed();
    if let Some((at, id)) = before {
        query = query.filter(t::filed_at.lt(at).or(t::filed_at.eq(at).and(t::rights_request_id.lt(id))));
    }
    let rows: Vec<Row> =
        query.order((t::filed_at.desc(), t::rights_request_id.desc())).limit(limit).load(c)?;
    rows.into_iter().map(RightsRequest::try_from).collect()
}

/// Requests in a state after a place, those that are due first before the others.
pub fn list_queue(
    c: &mut Conn,
    state: RightsState,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<RightsRequest>, StorageError> {
    let mut query = t::table.filter(t::state.eq(state.as_str())).select(columns()).into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(t::due_at.gt(at).or(t::due_at.eq(at).and(t::rights_request_id.gt(id))));
    }
    let rows: Vec<Row> = query.order((t::due_at, t::rights_request_id)).limit(limit).load(c)?;
    rows.into_iter().map(RightsRequest::try_from).collect()
}

/// Keeps what an erasure began after, or what it came to.
pub fn keep(
    c: &mut Conn,
    request: &RightsRequest,
    (checkpoint, outcome): (Option<&str>, Option<&str>),
) -> Result<(), StorageError> {
    let own = t::table.find((request.account_id, request.id));
    if let Some(checkpoint) = checkpoint {
        diesel::update(own).set(t::checkpoint.eq(checkpoint)).execute(c)?;
    }
    if let Some(outcome) = outcome {
        diesel::update(own).set(t::outcome.eq(outcome)).execute(c)?;
    }
    Ok(())
}

/// The checkpoint before an erasure, and what it came to.
pub type Kept = (Option<String>, Option<String>);

/// What was kept of an erasure beside its request.
pub fn find_outcome(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<Option<Kept>, StorageError> {
    Ok(t::table.find((owner, id)).select((t::checkpoint, t::outcome)).get_result(c).optional()?)
}

/// The request whose result a token opens.
pub fn find_by_result(c: &mut Conn, mac: &[u8; 32]) -> Result<Option<RightsRequest>, StorageError> {
    let row: Option<Row> =
        t::table.filter(t::result_mac.eq(mac.to_vec())).select(columns()).get_result(c).optional()?;
    row.map(RightsRequest::try_from).transpose()
}

/// Some of those of some kinds that are to be carried out by now, or are being carried out.
pub fn list_to_execute(
    c: &mut Conn,
    (kinds, after): (&[RightKind], Option<RightsRequestId>),
    now: Timestamp,
    limit: i64,
) -> Result<Vec<RightsRequest>, StorageError> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let is_due = t::state.eq(RightsState::Scheduled.as_str()).and(t::executes_at.le(now).assume_not_null());
    let rows: Vec<Row> = t::table
        .filter(t::kind.eq_any(kinds))
        .filter(is_due.or(t::state.eq(RightsState::Executing.as_str())))
        .filter(t::rights_request_id.gt(after.unwrap_or(RightsRequestId::from_uuid(uuid::Uuid::nil()))))
        .select(columns())
        .order(t::rights_request_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(RightsRequest::try_from).collect()
}

/// Whether an erasure is to come, or is being carried out, of what a verification is made of.
pub fn erases_verification(c: &mut Conn, owner: AccountId) -> Result<bool, StorageError> {
    let concerned = [PersonalDataClass::Address, PersonalDataClass::Documents];
    let is_coming = |request: &RightsRequest| {
        request.scope.kind == RightKind::Erasure
            && request.scope.data_class.is_some_and(|class| concerned.contains(&class))
            && matches!(request.state, RightsState::Scheduled | RightsState::Executing)
    };
    Ok(list_open(c, owner)?.iter().any(is_coming))
}

/// Whether an erasure about the person is being carried out, or was since an instant.
pub fn erases_since(c: &mut Conn, owner: AccountId, since: Timestamp) -> Result<bool, StorageError> {
    let is_executing = t::state.eq(RightsState::Executing.as_str());
    let executing: i64 = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::kind.eq(RightKind::Erasure.as_str()))
        .filter(is_executing.or(t::completed_at.ge(since).assume_not_null()))
        .count()
        .get_result(c)?;
    Ok(executing > 0)
}

/// When a class of the person's data was erased last, alone.
pub fn find_part_erased_at(
    c: &mut Conn,
    owner: AccountId,
    class: PersonalDataClass,
) -> Result<Option<Timestamp>, StorageError> {
    Ok(t::table
        .filter(t::account_id.eq(owner))
        .filter(t::kind.eq(RightKind::Erasure.as_str()))
        .filter(t::data_class.eq(class.as_str()))
        .select(diesel::dsl::max(t::completed_at))
        .get_result(c)?)
}

/// Some of those of which a law keeps nothing from now on.
pub fn list_to_release(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<RightsRequest>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::state.eq(RightsState::PartlyCompleted.as_str()))
        .filter(t::kept_until.le(now))
        .select(columns())
        .order(t::rights_request_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(RightsRequest::try_from).collect()
}

/// A person's requests that have not come to an end.
pub fn list_open(c: &mut Conn, owner: AccountId) -> Result<Vec<RightsRequest>, StorageError> {
    let open = RightsState::ALL.iter().filter(|state| state.is_open());
    let open: Vec<&str> = open.map(|state| state.as_str()).collect();
    let rows: Vec<Row> = t::table
        .filter(t::account_id.eq(owner))
        .filter(t::state.eq_any(open))
        .select(columns())
        .order(t::rights_request_id)
        .load(c)?;
    rows.into_iter().map(RightsRequest::try_from).collect()
}

/// Some of those that end by now, as their persons were told.
pub fn list_to_lift(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<RightsRequest>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::state.eq(RightsState::Lifting.as_str()))
        .filter(t::lifts_at.le(now))
        .select(columns())
        .order(t::rights_request_id)
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(RightsRequest::try_from).collect()
}

/// Some accounts that were closed before an instant, and whose erasure nobody asked for; none about whom something is
/// under way.
pub fn list_closed_accounts(
    c: &mut Conn,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<AccountId>, StorageError> {
    let open: Vec<&str> =
        RightsState::ALL.iter().filter(|state| state.is_open()).map(|state| state.as_str()).collect();
    // An objection that was granted asks for nothing more; a restriction may stand against the very erasure.
    let is_settled =
        t::kind.eq(RightKind::Objection.as_str()).and(t::state.eq(RightsState::Granted.as_str()));
    let under_way = t::table
        .filter(t::account_id.eq(accounts::account_id))
        .filter(t::state.eq_any(open))
        .filter(diesel::dsl::not(is_settled));
    Ok(accounts::table
        .filter(accounts::state_reason.eq(StateReason::ClosureCompleted.as_str()))
        .filter(accounts::state_since.le(before).assume_not_null())
        .filter(diesel::dsl::not(diesel::dsl::exists(under_way)))
        .select(accounts::account_id)
        .order(accounts::account_id)
        .limit(limit)
        .load(c)?)
}

/// Some of which those who answer are to be told, and for which time: the first before the day, the second when it has
/// passed.
pub fn list_to_escalate(
    c: &mut Conn,
    (now, soon): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<(RightsRequest, i32)>, StorageError> {
    let mut found = Vec::new();
    for (time, by) in [(2, now), (1, soon)] {
        let rows: Vec<Row> = t::table
            .filter(t::state.eq(RightsState::InReview.as_str()))
            .filter(t::escalations.lt(time))
            .filter(t::due_at.le(by))
            .select(columns())
            .order((t::due_at, t::rights_request_id))
            .limit(limit)
            .load(c)?;
        for row in rows {
            let request = RightsRequest::try_from(row)?;
            if !found.iter().any(|(other, _): &(RightsRequest, i32)| other.id == request.id) {
                found.push((request, time));
            }
        }
    }
    Ok(found)
}

/// Notes that they were told for the `time`th time; `false` if they were before.
pub fn note_escalation(c: &mut Conn, request: &RightsRequest, time: i32) -> Result<bool, StorageError> {
    let noted = diesel::update(t::table.find((request.account_id, request.id)))
        .filter(t::escalations.lt(time))
        .set(t::escalations.eq(time))
        .execute(c)?;
    Ok(noted == 1)
}

/// How many wait for an answer that was due by now.
pub fn count_overdue(c: &mut Conn, now: Timestamp) -> Result<i64, StorageError> {
    let waiting = [RightsState::InReview, RightsState::Scheduled, RightsState::Executing];
    let count = t::table
        .filter(t::state.eq_any(waiting.map(RightsState::as_str)))
        .filter(t::due_at.le(now))
        .count()
        .get_result(c)?;
    Ok(count)
}

#[derive(Queryable)]
struct EventRow {
    account_id: AccountId,
    request_id: RightsRequestId,
    number: i32,
    step: String,
    kind: String,
    purpose: Option<String>,
    data_class: Option<String>,
    field: Option<String>,
    due_at: Timestamp,
    extension: Option<String>,
    refusal: Option<String>,
    outcome_hash: Option<Vec<u8>>,
    staff_id: Option<StaffId>,
    at: Timestamp,
    leaf_id: LeafId,
}

impl TryFrom<EventRow> for RightsEvent {
    type Error = StorageError;

    fn try_from(row: EventRow) -> Result<Self, StorageError> {
        Ok(Self {
            account_id: row.account_id,
            request_id: row.request_id,
            number: row.number,
            step: RightsStep::parse(&row.step).ok_or(corrupt(EVENTS, "an unknown step"))?,
            scope: scope(EVENTS, &row.kind, (row.purpose, row.data_class, row.field))?,
            due_at: row.due_at,
            extension: known(EVENTS, row.extension, ExtensionReason::parse)?,
            refusal: known(EVENTS, row.refusal, RefusalGround::parse)?,
            outcome_hash: row.outcome_hash.map(|hash| hash32(EVENTS, &hash)).transpose()?,
            staff_id: row.staff_id,
            at: row.at,
            leaf_id: row.leaf_id,
        })
    }
}

pub fn append(c: &mut Conn, event: &RightsEvent) -> Result<(), StorageError> {
    diesel::insert_into(e::table)
        .values((
            e::account_id.eq(event.account_id),
            e::rights_request_id.eq(event.request_id),
            e::number.eq(event.number),
            e::step.eq(event.step.as_str()),
            e::kind.eq(event.scope.kind.as_str()),
            e::purpose.eq(event.scope.purpose.map(Purpose::as_str)),
            e::data_class.eq(event.scope.data_class.map(PersonalDataClass::as_str)),
            e::field.eq(event.scope.field.map(RectifiedField::as_str)),
            e::due_at.eq(event.due_at),
            e::extension.eq(event.extension.map(ExtensionReason::as_str)),
            e::refusal.eq(event.refusal.map(RefusalGround::as_str)),
            e::outcome_hash.eq(event.outcome_hash.map(|hash| hash.to_vec())),
            e::staff_id.eq(event.staff_id),
            e::occurred_at.eq(event.at),
            e::leaf_id.eq(event.leaf_id),
        ))
        .dispatch(c)?;
    Ok(())
}

/// The steps of one request, oldest first.
pub fn list_events(
    c: &mut Conn,
    owner: AccountId,
    id: RightsRequestId,
) -> Result<Vec<RightsEvent>, StorageError> {
    let rows: Vec<EventRow> = e::table
        .filter(e::account_id.eq(owner))
        .filter(e::rights_request_id.eq(id))
        .order(e::number)
        .load(c)?;
    rows.into_iter().map(RightsEvent::try_from).collect()
}

/// Steps of all requests after a place, in order.
pub fn list_all_events(
    c: &mut Conn,
    (request, number): (RightsRequestId, i32),
    limit: i64,
) -> Result<Vec<RightsEvent>, StorageError> {
    let is_later = e::rights_request_id.eq(request).and(e::number.gt(number));
    let rows: Vec<EventRow> = e::table
        .filter(e::rights_request_id.gt(request).or(is_later))
        .order((e::rights_request_id, e::number))
        .limit(limit)
        .load(c)?;
    rows.into_iter().map(RightsEvent::try_from).collect()
}
