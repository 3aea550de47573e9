//! Pending registrations; several may wait for one address, each with its own code.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, Fetch, StorageError, schema::registrations},
    domain::{
        email::Email,
        ids::{AccountId, DeviceId},
        language::LanguageTag,
        personal::PersonalText,
        phone::PhoneNumber,
        real_name::RealName,
        sealed::Sealed,
        time::Timestamp,
    },
};

/// A registration as it rests. Its account id becomes the account's, so its keys do too.
#[derive(Clone)]
pub struct PendingRegistration {
    pub account_id: AccountId,
    pub token_mac: [u8; 32],
    pub code_mac: [u8; 32],
    pub mac_version: u32,
    pub tries: i32,
    pub real_name: Sealed<RealName>,
    pub email: Sealed<Email>,
    pub phone: Option<Sealed<PhoneNumber>>,
    pub language: Sealed<LanguageTag>,
    pub consents: Sealed<PersonalText>,
    pub password: Vec<u8>,
    pub device_id: DeviceId,
    pub policy_version: i32,
    pub content_hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = registrations, treat_none_as_default_value = false)]
struct Row {
    account_id: AccountId,
    token_mac: Vec<u8>,
    code_mac: Vec<u8>,
    mac_version: i32,
    tries: i32,
    real_name: Vec<u8>,
    email: Vec<u8>,
    phone: Option<Vec<u8>>,
    language: Vec<u8>,
    consents: Vec<u8>,
    password: Vec<u8>,
    device_id: DeviceId,
    policy_version: i32,
    content_hash: Vec<u8>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl TryFrom<Row> for PendingRegistration {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        const TABLE: &str = "registrations";
        Ok(Self {
            account_id: row.account_id,
            token_mac: super::hash32(TABLE, &row.token_mac)?,
            code_mac: super::hash32(TABLE, &row.code_mac)?,
            mac_version: u32::try_from(row.mac_version).map_err(|_| corrupt(TABLE, "a negative version"))?,
            tries: row.tries,
            real_name: Sealed::from_envelope(row.real_name),
            email: Sealed::from_envelope(row.email),
            phone: row.phone.map(Sealed::from_envelope),
            language: Sealed::from_envelope(row.language),
            consents: Sealed::from_envelope(row.consents),
            password: row.password,
            device_id: row.device_id,
            policy_version: row.policy_version,
            content_hash: super::hash32(TABLE, &row.content_hash)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

pub fn insert(c: &mut Conn, pending: &PendingRegistration) -> Result<(), StorageError> {
    let mac_version =
        i32::try_from(pending.mac_version).map_err(|_| corrupt("registrations", "a version out of range"))?;
    let row = Row {
        account_id: pending.account_id,
        token_mac: pending.token_mac.to_vec(),
        code_mac: pending.code_mac.to_vec(),
        mac_version,
        tries: pending.tries,
        real_name: pending.real_name.envelope().to_vec(),
        email: pending.email.envelope().to_vec(),
        phone: pending.phone.as_ref().map(|phone| phone.envelope().to_vec()),
        language: pending.language.envelope().to_vec(),
        consents: pending.consents.envelope().to_vec(),
        password: pending.password.clone(),
        device_id: pending.device_id,
        policy_version: pending.policy_version,
        content_hash: pending.content_hash.to_vec(),
        created_at: pending.created_at,
        expires_at: pending.expires_at,
    };
    diesel::insert_into(registrations::table).values(row).dispatch(c)?;
    Ok(())
}

/// Counts one try and gives the registration, if it is live and has tries left.
///
/// The caller commits this before it compares any code.
pub fn count_try(
    c: &mut Conn,
    id: AccountId,
    token_mac: &[u8; 32],
    max_tries: i32,
    now: Timestamp,
) -> Result<Option<PendingRegistration>, StorageError> {
    let rows: Vec<Row> = diesel::update(
        registrations::table
            .filter(registrations::account_id.eq(id))
            .filter(registrations::token_mac.eq(token_mac.to_vec()))
            .filter(registrations::tries.lt(max_tries))
            .filter(registrations::expires_at.gt(now)),
    )
    .set(registrations::tries.eq(registrations::tries + 1))
    .returning(registrations::all_columns)
    .fetch(c)?;
    rows.into_iter().next().map(PendingRegistration::try_from).transpose()
}

/// Uses the registration up; `false` if somebody did before.
pub fn consume(c: &mut Conn, id: AccountId) -> Result<bool, StorageError> {
    Ok(diesel::delete(registrations::table.find(id)).execute(c)? == 1)
}

/// Takes a registration away that lapsed before `now`; `false` if it was verified meanwhile.
///
/// It is the row that [`consume`] takes, so one of the two wins.
pub fn delete_lapsed(c: &mut Conn, id: AccountId, now: Timestamp) -> Result<bool, StorageError> {
    let lapsed = registrations::table.find(id).filter(registrations::expires_at.le(now));
    Ok(diesel::delete(lapsed).execute(c)? == 1)
}

/// Some registrations that lapsed before `now`.
pub fn list_lapsed(c: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<AccountId>, StorageError> {
    Ok(registrations::table
        .filter(registrations::expires_at.le(now))
        .select(registrations::account_id)
        .order(registrations::expires_at)
        .limit(limit)
        .load(c)?)
}

/// The addresses of those that wait, as they are sealed, under whom they stand.
pub fn list_emails(c: &mut Conn, limit: i64) -> Result<Vec<(AccountId, Sealed<Email>)>, StorageError> {
    let rows: Vec<(AccountId, Vec<u8>)> = registrations::table
        .select((registrations::account_id, registrations::email))
        .limit(limit)
        .load(c)?;
    Ok(rows.into_iter().map(|(id, email)| (id, Sealed::from_envelope(email))).collect())
}

/// Which of `ids` are pending.
pub fn filter_existing(c: &mut Conn, ids: &[AccountId]) -> Result<Vec<AccountId>, StorageError> {
    let pending = registrations::table.filter(registrations::account_id.eq_any(ids));
    Ok(pending.select(registrations::account_id).load(c)?)
}
