//! What recipients have to do about persons' data that they fetched.

use std::collections::HashMap;

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, StorageError,
        schema::{
            disclosures as d, obligation_disclosures as about, obligation_rounds as rounds, obligations as t,
        },
    },
    domain::{
        disclosure::{
            obligation::{AcknowledgedBy, Acknowledgement, Obligation, ObligationKind, ObligationRound},
            scope::DisclosureField,
        },
        ids::{AccountId, DisclosureId, LeafId, ObligationId, PartnerClientId, RecipientId, StaffId},
        time::Timestamp,
    },
};

const TABLE: &str = "obligations";

#[derive(Queryable)]
struct Row {
    account_id: AccountId,
    id: ObligationId,
    recipient_id: RecipientId,
    kind: String,
    fields: String,
    feed_number: i64,
    opened_at: Timestamp,
    due_at: Timestamp,
    leaf_id: LeafId,
    acknowledged_at: Option<Timestamp>,
    by_client: Option<PartnerClientId>,
    by_staff: Option<StaffId>,
    acknowledgement_leaf_id: Option<LeafId>,
}

impl Row {
    fn with(self, disclosures: Vec<DisclosureId>) -> Result<Obligation, StorageError> {
        let by = match (self.by_client, self.by_staff) {
            (Some(id), None) => Some(AcknowledgedBy::Client(id)),
            (None, Some(id)) => Some(AcknowledgedBy::Staff(id)),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(corrupt(TABLE, "two who acknowledged")),
        };
        Ok(Obligation {
            account_id: self.account_id,
            id: self.id,
            recipient_id: self.recipient_id,
            kind: ObligationKind::parse(&self.kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
            fields: DisclosureField::split(&self.fields).ok_or(corrupt(TABLE, "an unknown field"))?,
            feed_number: self.feed_number,
            disclosures,
            opened_at: self.opened_at,
            due_at: self.due_at,
            acknowledgement: match (by, self.acknowledged_at, self.acknowledgement_leaf_id) {
                (None, None, None) => None,
                (Some(by), Some(at), Some(leaf_id)) => Some(Acknowledgement { by, at, leaf_id }),
                _ => return Err(corrupt(TABLE, "half an acknowledgement")),
            },
        })
    }
}

/// The rows, each with the disclosures that it is about.
fn complete(c: &mut Conn, rows: Vec<Row>) -> Result<Vec<Obligation>, StorageError> {
    let ids: Vec<ObligationId> = rows.iter().map(|row| row.id).collect();
    let pairs: Vec<(ObligationId, DisclosureId)> = about::table
        .filter(about::obligation_id.eq_any(&ids))
        .select((about::obligation_id, about::disclosure_id))
        .order((about::obligation_id, about::disclosure_id))
        .load(c)?;
    let mut disclosures: HashMap<ObligationId, Vec<DisclosureId>> = HashMap::new();
    for (obligation, disclosure) in pairs {
        disclosures.entry(obligation).or_default().push(disclosure);
    }
    rows.into_iter()
        .map(|row| {
            let about = disclosures.remove(&row.id).unwrap_or_default();
            row.with(about)
        })
        .collect()
}

/// Keeps a round with its obligations.
pub fn insert(c: &mut Conn, round: &ObligationRound) -> Result<(), StorageError> {
    diesel::insert_into(rounds::table)
        .values((
            rounds::leaf_id.eq(round.leaf_id),
            rounds::account_id.eq(round.account_id),
            rounds::kind.eq(round.kind.as_str()),
            rounds::opened_at.eq(round.opened_at),
        ))
        .dispatch(c)?;
    round.obligations.iter().try_for_each(|obligation| insert_one(c, obligation, round.leaf_id))
}

fn insert_one(c: &mut Conn, obligation: &Obligation, round: LeafId) -> Result<(), StorageError> {
    diesel::insert_into(t::table)
        .values((
            t::account_id.eq(obligation.account_id),
            t::obligation_id.eq(obligation.id),
            t::recipient_id.eq(obligation.recipient_id),
            t::kind.eq(obligation.kind.as_str()),
            t::fields.eq(DisclosureField::join(&obligation.fields)),
            t::feed_number.eq(obligation.feed_number),
            t::opened_at.eq(obligation.opened_at),
            t::due_at.eq(obligation.due_at),
            t::leaf_id.eq(round),
        ))
        .dispatch(c)?;
    for disclosure in &obligation.disclosures {
        diesel::insert_into(about::table)
            .values((
                about::account_id.eq(obligation.account_id),
                about::obligation_id.eq(obligation.id),
                about::disclosure_id.eq(*disclosure),
            ))
            .dispatch(c)?;
    }
    Ok(())
}

/// Notes that it is done; `false` if somebody noted that before.
pub fn acknowledge(c: &mut Conn, id: ObligationId, done: &Acknowledgement) -> Result<bool, StorageError> {
    let (client, staff) = match done.by {
        AcknowledgedBy::Client(id) => (Some(id), None),
        AcknowledgedBy::Staff(id) => (None, Some(id)),
    };
    let changed = diesel::update(t::table.filter(t::obligation_id.eq(id)))
        .filter(t::acknowledged_at.is_null())
        .set((
            t::acknowledged_at.eq(Some(done.at)),
            t::acknowledged_by_client.eq(client),
            t::acknowledged_by_staff.eq(staff),
            t::acknowledgement_leaf_id.eq(Some(done.leaf_id)),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

pub fn find(c: &mut Conn, id: ObligationId) -> Result<Option<Obligation>, StorageError> {
    let row: Option<Row> = t::table.filter(t::obligation_id.eq(id)).get_result(c).optional()?;
    Ok(complete(c, row.into_iter().collect())?.pop())
}

/// The duties of a recipient after a place of its feed, in order.
pub fn list_feed(
    c: &mut Conn,
    recipient: RecipientId,
    after: i64,
    limit: i64,
) -> Result<Vec<Obligation>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::recipient_id.eq(recipient))
        .filter(t::feed_number.gt(after))
        .order(t::feed_number)
        .limit(limit)
        .load(c)?;
    complete(c, rows)
}

/// Where a page ends.
pub type Place = (Timestamp, ObligationId);

/// What is not done yet, what is due first before the others.
pub fn list_open(c: &mut Conn, after: Option<Place>, limit: i64) -> Result<Vec<Obligation>, StorageError> {
    let mut query = t::table.filter(t::acknowledged_at.is_null()).into_boxed();
    if let Some((at, id)) = after {
        query = query.filter(t::due_at.gt(at).or(t::due_at.eq(at).and(t::obligation_id.gt(id))));
    }
    let rows: Vec<Row> = query.order((t::due_at, t::obligation_id)).limit(limit).load(c)?;
    complete(c, rows)
}

/// What others have to do about the person's data, newest first; nothing that rests on what the person must not know
/// of yet.
pub fn list_shown(
    c: &mut Conn,
    owner: AccountId,
    before: Option<Place>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Obligation>, StorageError> {
    let silent = about::table
        .inner_join(
            d::table.on(d::account_id.eq(about::account_id).and(d::disclosure_id.eq(about::disclosure_id))),
        )
        .filter(about::account_id.eq(owner))
        .filter(d::silent_until.gt(now).assume_not_null())
        .select(about::obligation_id);
    let mut query =
        t::table.filter(t::account_id.eq(owner)).filter(t::obligation_id.ne_all(silent)).into_boxed();
    if let Some((at, id)) = before {
        query = query.filter(t::opened_at.lt(at).or(t::opened_at.eq(at).and(t::obligation_id.lt(id))));
    }
    let rows: Vec<Row> = query.order((t::opened_at.desc(), t::obligation_id.desc())).limit(limit).load(c)?;
    complete(c, rows)
}

/// What is done, after `cursor`, in the order of ids.
pub fn list_done(c: &mut Conn, cursor: ObligationId, limit: i64) -> Result<Vec<Obligation>, StorageError> {
    let rows: Vec<Row> = t::table
        .filter(t::acknowledged_at.is_not_null())
        .filter(t::obligation_id.gt(cursor))
        .order(t::obligation_id)
        .limit(limit)
        .load(c)?;
    complete(c, rows)
}

#[derive(Queryable)]
struct RoundRow {
    account_id: AccountId,
    leaf_id: LeafId,
    kind: String,
    opened_at: Timestamp,
}

/// Rounds after one, in the order of their leaves.
pub fn list_rounds(c: &mut Conn, after: LeafId, limit: i64) -> Result<Vec<ObligationRound>, StorageError> {
    let found: Vec<RoundRow> =
        rounds::table.filter(rounds::leaf_id.gt(after)).order(rounds::leaf_id).limit(limit).load(c)?;
    let leaves: Vec<LeafId> = found.iter().map(|round| round.leaf_id).collect();
    let rows: Vec<Row> = t::table.filter(t::leaf_id.eq_any(&leaves)).load(c)?;
    let mut obligations: HashMap<LeafId, Vec<Obligation>> = HashMap::new();
    for row in rows {
        // What a leaf says of an obligation is no matter of the disclosures that it rests on.
        obligations.entry(row.leaf_id).or_default().push(row.with(Vec::new())?);
    }
    found
        .into_iter()
        .map(|round| {
            Ok(ObligationRound {
                account_id: round.account_id,
                kind: ObligationKind::parse(&round.kind)
                    .ok_or(corrupt("obligation_rounds", "an unknown kind"))?,
                opened_at: round.opened_at,
                obligations: obligations.remove(&round.leaf_id).unwrap_or_default(),
                leaf_id: round.leaf_id,
            })
        })
        .collect()
}
