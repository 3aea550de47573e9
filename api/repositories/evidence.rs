//! The rows that never stand without their leaf, read one ledger after the other.

use diesel::prelude::*;

use super::{
    account_changes, advertisements, consent_events, device_consent_events, disclosure_events, instruments,
    kyc_decisions, obligations, policy_acceptances, policy_versions, processing_limit_events, recipients,
    rights_requests, staff_reads, transfers,
};
use crate::{
    db::{
        Conn, StorageError,
        schema::{
            account_changes as changes, accounts, consent_events as consents, data_confirmations,
            device_consent_events as device_consents, devices, kyc_decisions as decisions,
            policy_acceptances as acceptances, processing_limit_events as limits, staff_reads as reads,
        },
    },
    domain::{
        account::DataConfirmation,
        disclosure::{instrument::Instrument, obligation::Obligation},
        evidence::{Attested, Evidence},
        ids::{
            AccountId, DataConfirmationId, DeviceRef, DisclosureId, InstrumentId, LeafId, ObligationId,
            RecipientId, RightsRequestId,
        },
        time::Timestamp,
    },
};

/// A table whose rows are evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ledger {
    PolicyVersions,
    PolicyAcceptances,
    ConsentEvents,
    DeviceConsentEvents,
    DataConfirmations,
    AccountChanges,
    StaffReads,
    KycDecisions,
    DisclosureEvents,
    RecipientEvents,
    ProcessingLimitEvents,
    Instruments,
    ObligationRounds,
    Obligations,
    RightsRequestEvents,
    AdReports,
    TransferApprovals,
}

/// Where a page of a ledger ends.
pub type Place = (AccountId, i64);

impl Ledger {
    pub const ALL: [Self; 17] = [
        Self::PolicyVersions,
        Self::PolicyAcceptances,
        Self::ConsentEvents,
        Self::DeviceConsentEvents,
        Self::DataConfirmations,
        Self::AccountChanges,
        Self::StaffReads,
        Self::KycDecisions,
        Self::DisclosureEvents,
        Self::RecipientEvents,
        Self::ProcessingLimitEvents,
        Self::Instruments,
        Self::ObligationRounds,
        Self::Obligations,
        Self::RightsRequestEvents,
        Self::AdReports,
        Self::TransferApprovals,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PolicyVersions => "policy_versions",
            Self::PolicyAcceptances => "policy_acceptances",
            Self::ConsentEvents => "consent_events",
            Self::DeviceConsentEvents => "device_consent_events",
            Self::DataConfirmations => "data_confirmations",
            Self::AccountChanges => "account_changes",
            Self::StaffReads => "staff_reads",
            Self::KycDecisions => "kyc_decisions",
            Self::DisclosureEvents => "disclosure_events",
            Self::RecipientEvents => "recipient_events",
            Self::ProcessingLimitEvents => "processing_limit_events",
            Self::Instruments => "instruments",
            Self::ObligationRounds => "obligation_rounds",
            Self::Obligations => "obligations",
            Self::RightsRequestEvents => "rights_request_events",
            Self::AdReports => "ad_reports",
            Self::TransferApprovals => "transfer_approvals",
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
            Self::DeviceConsentEvents => list_device_consent_events(c, after, limit),
            Self::DataConfirmations => list_data_confirmations(c, after, limit),
            Self::AccountChanges => list_account_changes(c, after, limit),
            Self::StaffReads => list_staff_reads(c, after, limit),
            Self::KycDecisions => list_kyc_decisions(c, after, limit),
            Self::DisclosureEvents => list_disclosure_events(c, after, limit),
            Self::RecipientEvents => list_recipient_events(c, after, limit),
            Self::ProcessingLimitEvents => list_processing_limit_events(c, after, limit),
            Self::Instruments => list_instruments(c, after, limit),
            Self::ObligationRounds => list_obligation_rounds(c, after, limit),
            Self::Obligations => list_obligations(c, after, limit),
            Self::RightsRequestEvents => list_rights_request_events(c, after, limit),
            Self::AdReports => list_ad_reports(c, after.1, limit),
            Self::TransferApprovals => list_transfer_approvals(c, cursor),
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
    after: Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let rows = policy_acceptances::list_all(c, after, limit)?;
    Ok(rows.into_iter().map(|row| ((row.account_id, row.sequence), attested(row.leaf_id, &row))).collect())
}

fn list_consent_events(
    c: &mut Conn,
    after: Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let rows = consent_events::list_all(c, after, limit)?;
    Ok(rows.into_iter().map(|row| ((row.account_id, row.sequence), attested(row.leaf_id, &row))).collect())
}

/// A device stands in the place of a person: both are random numbers that a key begins with.
fn list_device_consent_events(
    c: &mut Conn,
    (device, sequence): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let after = (DeviceRef::from_uuid(device.as_uuid()), sequence);
    let rows = device_consent_events::list_all(c, after, limit)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let place = (AccountId::from_uuid(row.device_ref.as_uuid()), row.sequence);
            (place, attested(row.leaf_id, &row))
        })
        .collect())
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

fn list_kyc_decisions(
    c: &mut Conn,
    after: Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let rows = kyc_decisions::list_all(c, after, limit)?;
    Ok(rows.into_iter().map(|row| ((row.account_id, row.sequence), attested(row.leaf_id, &row))).collect())
}

/// A disclosure stands in the place of a person, as a device does.
fn list_disclosure_events(
    c: &mut Conn,
    (disclosure, number): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let after = (DisclosureId::from_uuid(disclosure.as_uuid()), i32::try_from(number).unwrap_or(i32::MAX));
    let rows = disclosure_events::list_all(c, after, limit)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let place = (AccountId::from_uuid(row.disclosure_id.as_uuid()), row.number.into());
            (place, attested(row.leaf_id, &row))
        })
        .collect())
}

/// A recipient stands in the place of a person, as a device does.
fn list_recipient_events(
    c: &mut Conn,
    (recipient, number): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let after = (RecipientId::from_uuid(recipient.as_uuid()), number);
    let rows = recipients::list_all_events(c, after, limit)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let place = (AccountId::from_uuid(row.recipient_id.as_uuid()), row.number);
            (place, attested(row.leaf_id, &row))
        })
        .collect())
}

fn list_processing_limit_events(
    c: &mut Conn,
    after: Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let rows = processing_limit_events::list_all(c, after, limit)?;
    Ok(rows.into_iter().map(|row| ((row.account_id, row.sequence), attested(row.leaf_id, &row))).collect())
}

/// An order stands in the place of a person, and for one act or two.
fn list_instruments(
    c: &mut Conn,
    (instrument, _): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let after = InstrumentId::from_uuid(instrument.as_uuid());
    let rows = instruments::list(c, Some(after), limit)?;
    let attested = |row: Instrument| {
        let place = (AccountId::from_uuid(row.id.as_uuid()), 0);
        row.attested().into_iter().map(move |act| (place, act))
    };
    Ok(rows.into_iter().flat_map(attested).collect())
}

/// A leaf stands in the place of a person.
fn list_obligation_rounds(
    c: &mut Conn,
    (leaf, _): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let rows = obligations::list_rounds(c, LeafId::from_uuid(leaf.as_uuid()), limit)?;
    Ok(rows
        .into_iter()
        .map(|row| ((AccountId::from_uuid(row.leaf_id.as_uuid()), 0), attested(row.leaf_id, &row)))
        .collect())
}

/// An obligation stands in the place of a person, and for one act if it is done.
fn list_obligations(
    c: &mut Conn,
    (obligation, _): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let rows = obligations::list_done(c, ObligationId::from_uuid(obligation.as_uuid()), limit)?;
    let attested = |row: Obligation| {
        let place = (AccountId::from_uuid(row.id.as_uuid()), 0);
        row.attested().map(|act| (place, act))
    };
    Ok(rows.into_iter().filter_map(attested).collect())
}

/// A request stands in the place of a person.
fn list_rights_request_events(
    c: &mut Conn,
    (request, number): Place,
    limit: i64,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    let after = (RightsRequestId::from_uuid(request.as_uuid()), i32::try_from(number).unwrap_or(i32::MAX));
    let rows = rights_requests::list_all_events(c, after, limit)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let place = (AccountId::from_uuid(row.request_id.as_uuid()), row.number.into());
            (place, attested(row.leaf_id, &row))
        })
        .collect())
}

fn list_ad_reports(c: &mut Conn, after: i64, limit: i64) -> Result<Vec<(Place, Attested)>, StorageError> {
    let nobody = AccountId::from_uuid(uuid::Uuid::nil());
    let rows = advertisements::list_reports(c, None, after, limit)?;
    Ok(rows.into_iter().map(|row| ((nobody, row.number), attested(row.leaf_id, &row))).collect())
}

/// Two for each transfer, and few transfers: one page has them all.
fn list_transfer_approvals(
    c: &mut Conn,
    cursor: Option<Place>,
) -> Result<Vec<(Place, Attested)>, StorageError> {
    if cursor.is_some() {
        return Ok(Vec::new());
    }
    let nobody = AccountId::from_uuid(uuid::Uuid::nil());
    let rows = transfers::list_all_approvals(c)?;
    Ok(rows.into_iter().map(|row| ((nobody, 1), attested(row.leaf_id, &row))).collect())
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
    count!(acceptances, consents, data_confirmations, changes, reads, decisions, limits);
    Ok(counts.into_iter().map(|(id, sequence)| (id, sequence, rows.get(&id).copied().unwrap_or(0))).collect())
}

/// Devices after `cursor`, as [`list_counts`] has persons.
pub fn list_device_counts(
    c: &mut Conn,
    cursor: Option<DeviceRef>,
    limit: i64,
) -> Result<Vec<(DeviceRef, i64, i64)>, StorageError> {
    let after = cursor.unwrap_or(DeviceRef::from_uuid(uuid::Uuid::nil()));
    let counts: Vec<(DeviceRef, i64)> = devices::table
        .filter(devices::device_ref.gt(after))
        .select((devices::device_ref, devices::sequence))
        .order(devices::device_ref)
        .limit(limit)
        .load(c)?;
    let refs: Vec<DeviceRef> = counts.iter().map(|(device, _)| *device).collect();
    let rows: Vec<(DeviceRef, i64)> = device_consents::table
        .filter(device_consents::device_ref.eq_any(&refs))
        .group_by(device_consents::device_ref)
        .select((device_consents::device_ref, diesel::dsl::count_star()))
        .load(c)?;
    let there = |device| rows.iter().find(|(of, _)| *of == device).map_or(0, |(_, count)| *count);
    Ok(counts.into_iter().map(|(device, sequence)| (device, sequence, there(device))).collect())
}
