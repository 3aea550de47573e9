//! The rows that never stand without their leaf, read one ledger after the other.

use diesel::prelude::*;

use super::{account_changes, corrupt, hash32, policy_versions, staff_reads};
use crate::{
    db::{
        Conn, StorageError,
        schema::{
            account_changes as changes, accounts, consent_events, data_confirmations, policy_acceptances,
            staff_reads as reads,
        },
    },
    domain::{
        account::DataConfirmation,
        consent::{ConsentAction, ConsentEvent, ConsentKind, ConsentMethod, PolicyAcceptance},
        evidence::{Attested, Evidence},
        ids::{AccountId, ConsentEventId, DataConfirmationId, LeafId},
        purpose::Purpose,
        time::Timestamp,
    },
};

/// A table whose rows are evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ledger {
    PolicyVersions,
    PolicyAcceptances,
    ConsentEvents,
    DataConfirmations,
    AccountChanges,
    StaffReads,
}

/// Where a page of a ledger ends.
pub type Place = (AccountId, i64);

impl Ledger {
    pub const ALL: [Self; 6] = [
        Self::PolicyVersions,
        Self::PolicyAcceptances,
        Self::ConsentEvents,
        Self::DataConfirmations,
        Self::AccountChanges,
        Self::StaffReads,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PolicyVersions => "policy_versions",
            Self::PolicyAcceptances => "policy_acceptances",
            Self::ConsentEvents => "consent_events",
            Self::DataConfirmations => "data_confirmations",
            Self::AccountChanges => "account_changes",
            Self::StaffReads => "staff_reads",
        }
    }

    /// Some rows after `cursor`, each with its place.
    pub fn list(
        self,
        c: &mut Conn,
        cursor: Option<Place>,
        limit: i64,
    ) -> Result<Vec<(Place, Attested)>, StorageError> {
        let after = cursor.unwrap_or((AccountId::from_uuid(uuid::Uuid::nil()), 0));
        match self {
            Self::PolicyVersions => list_policy_versions(c, after.1, limit),
            Self::PolicyAcceptances => list_policy_acceptances(c, after, limit),
            Self::ConsentEvents => list_consent_events(c, after, limit),
            Self::DataConfirmations => list_data_confirmations(c, after, limit),
            Self::AccountChanges => list_account_changes(c, after, limit),
            Self::StaffReads => list_staff_reads(c, after, limit),
        }
    }
}

fn attested(leaf_id: LeafId, row: &impl Evidence) -> Attested {
    Attested { leaf_id, act: row.act(), facts: row.facts() }
}

fn list_policy_versions(
    c: &mut Conn,
    after: i64,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let nobody = AccountId::from_uuid(uuid::Uuid::nil());
    let rows = policy_versions::list_with_leaves(c, i32::try_from(after).unwrap_or(i32::MAX), limit)?;
    Ok(rows
        .into_iter()
        .map(|(version, leaf)| ((nobody, version.version.into()), attested(leaf, &version)))
        .collect())
}

fn list_policy_acceptances(
    c: &mut Conn,
    (account, sequence): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    #[derive(Queryable)]
    struct Row {
        account_id: AccountId,
        sequence: i64,
        version: i32,
        content_hash: Vec<u8>,
        method: String,
        given_at: Timestamp,
        recorded_at: Timestamp,
        leaf_id: LeafId,
    }
    const TABLE: &str = "policy_acceptances";
    use policy_acceptances as t;
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter()
        .map(|row| {
            let acceptance = PolicyAcceptance {
                account_id: row.account_id,
                sequence: row.sequence,
                version: row.version,
                content_hash: hash32(TABLE, &row.content_hash)?,
                method: ConsentMethod::parse(&row.method).ok_or(corrupt(TABLE, "an unknown method"))?,
                given_at: row.given_at,
                recorded_at: row.recorded_at,
                leaf_id: row.leaf_id,
            };
            Ok(((row.account_id, row.sequence), attested(row.leaf_id, &acceptance)))
        })
        .collect()
}

fn list_consent_events(
    c: &mut Conn,
    (account, sequence): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    #[derive(Queryable)]
    struct Row {
        account_id: AccountId,
        sequence: i64,
        id: ConsentEventId,
        purpose: String,
        action: String,
        kind: String,
        policy_version: i32,
        definition_hash: Vec<u8>,
        method: String,
        given_at: Timestamp,
        recorded_at: Timestamp,
        leaf_id: LeafId,
    }
    const TABLE: &str = "consent_events";
    use consent_events as t;
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .limit(limit)
        .load(c)?;
    rows.into_iter()
        .map(|row| {
            let event = ConsentEvent {
                id: row.id,
                account_id: row.account_id,
                sequence: row.sequence,
                purpose: Purpose::parse(&row.purpose).ok_or(corrupt(TABLE, "an unknown purpose"))?,
                action: ConsentAction::parse(&row.action).ok_or(corrupt(TABLE, "an unknown action"))?,
                kind: ConsentKind::parse(&row.kind).ok_or(corrupt(TABLE, "an unknown kind"))?,
                policy_version: row.policy_version,
                definition_hash: hash32(TABLE, &row.definition_hash)?,
                method: ConsentMethod::parse(&row.method).ok_or(corrupt(TABLE, "an unknown method"))?,
                given_at: row.given_at,
                recorded_at: row.recorded_at,
                leaf_id: row.leaf_id,
            };
            Ok(((row.account_id, row.sequence), attested(row.leaf_id, &event)))
        })
        .collect()
}

fn list_data_confirmations(
    c: &mut Conn,
    (account, sequence): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    type Row = (AccountId, i64, DataConfirmationId, i64, Timestamp, LeafId);
    use data_confirmations as t;
    let rows: Vec<Row> = t::table
        .filter(t::account_id.gt(account).or(t::account_id.eq(account).and(t::sequence.gt(sequence))))
        .order((t::account_id, t::sequence))
        .select((
            t::account_id,
            t::sequence,
            t::data_confirmation_id,
            t::profile_version,
            t::confirmed_at,
            t::leaf_id,
        ))
        .limit(limit)
        .load(c)?;
    Ok(rows
        .into_iter()
        .map(|(account_id, sequence, id, profile_version, confirmed_at, leaf_id)| {
            let row = DataConfirmation { account_id, sequence, id, profile_version, confirmed_at, leaf_id };
            ((account_id, sequence), attested(leaf_id, &row))
        })
        .collect())
}

fn list_account_changes(
    c: &mut Conn,
    after: Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let rows = account_changes::list_all(c, after, limit)?;
    Ok(rows.into_iter().map(|row| ((row.account_id, row.sequence), attested(row.leaf_id, &row))).collect())
}

fn list_staff_reads(c: &mut Conn, after: Place, limit: i64) -> Result<Vec<(Place, Attested)>, StorageError> {
    let rows = staff_reads::list_all(c, after, limit)?;
    Ok(rows.into_iter().map(|row| ((row.account_id, row.sequence), attested(row.leaf_id, &row))).collect())
}

/// Accounts after `cursor`, with the count of events that each stands at and the rows that there are.
pub fn list_counts(
    c: &mut Conn,
    cursor: Option<AccountId>,
    limit: i64,
) -> Result<Vec<(AccountId, i64, i64)>, StorageError> {
    let after = cursor.unwrap_or(AccountId::from_uuid(uuid::Uuid::nil()));
    let counts: Vec<(AccountId, i64)> = accounts::table
        .filter(accounts::account_id.gt(after))
        .select((accounts::account_id, accounts::sequence))
        .order(accounts::account_id)
        .limit(limit)
        .load(c)?;
    let ids: Vec<AccountId> = counts.iter().map(|(id, _)| *id).collect();
    let mut rows = std::collections::HashMap::new();
    macro_rules! count {
        ($($table:ident),*) => { $({
            let owners: Vec<AccountId> = $table::table
                .filter($table::account_id.eq_any(&ids))
                .select($table::account_id)
                .load(c)?;
            for owner in owners {
                *rows.entry(owner).or_insert(0_i64) += 1;
            }
        })* };
    }
    count!(policy_acceptances, consent_events, data_confirmations, changes, reads);
    Ok(counts.into_iter().map(|(id, sequence)| (id, sequence, rows.get(&id).copied().unwrap_or(0))).collect())
}
