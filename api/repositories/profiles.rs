//! Profiles: what an account knows of its person, sealed.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{Conn, Dispatch, StorageError, schema::profiles},
    domain::{account::SealedProfile, email::Email, ids::AccountId, sealed::Sealed, time::Timestamp},
};

#[derive(Queryable, Insertable)]
#[diesel(table_name = profiles, treat_none_as_default_value = false)]
struct Row {
    account_id: AccountId,
    version: i64,
    real_name: Option<Vec<u8>>,
    display_name: Option<Vec<u8>>,
    email: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
    language: Option<Vec<u8>>,
    time_zone: Option<Vec<u8>>,
    email_verified_at: Timestamp,
    phone_verified_at: Option<Timestamp>,
    confirmed_at: Option<Timestamp>,
    updated_at: Timestamp,
}

impl TryFrom<Row> for SealedProfile {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        fn needed<T>(cell: Option<Vec<u8>>) -> Result<Sealed<T>, StorageError> {
            cell.map(Sealed::from_envelope).ok_or(corrupt("profiles", "an erased field of a living account"))
        }
        Ok(Self {
            account_id: row.account_id,
            version: row.version,
            real_name: needed(row.real_name)?,
            display_name: row.display_name.map(Sealed::from_envelope),
            email: needed(row.email)?,
            phone: row.phone.map(Sealed::from_envelope),
            language: needed(row.language)?,
            time_zone: row.time_zone.map(Sealed::from_envelope),
            email_verified_at: row.email_verified_at,
            phone_verified_at: row.phone_verified_at,
            confirmed_at: row.confirmed_at,
            updated_at: row.updated_at,
        })
    }
}

fn row(profile: &SealedProfile) -> Row {
    let option = |envelope: Option<&[u8]>| envelope.map(<[u8]>::to_vec);
    Row {
        account_id: profile.account_id,
        version: profile.version,
        real_name: Some(profile.real_name.envelope().to_vec()),
        display_name: option(profile.display_name.as_ref().map(Sealed::envelope)),
        email: Some(profile.email.envelope().to_vec()),
        phone: option(profile.phone.as_ref().map(Sealed::envelope)),
        language: Some(profile.language.envelope().to_vec()),
        time_zone: option(profile.time_zone.as_ref().map(Sealed::envelope)),
        email_verified_at: profile.email_verified_at,
        phone_verified_at: profile.phone_verified_at,
        confirmed_at: profile.confirmed_at,
        updated_at: profile.updated_at,
    }
}

pub fn find(c: &mut Conn, id: AccountId) -> Result<Option<SealedProfile>, StorageError> {
    let row: Option<Row> = profiles::table.find(id).get_result(c).optional()?;
    row.map(SealedProfile::try_from).transpose()
}

/// The version and the sealed address of a profile, unless that was erased.
pub fn find_email(c: &mut Conn, id: AccountId) -> Result<Option<(i64, Sealed<Email>)>, StorageError> {
    let cell: Option<(i64, Option<Vec<u8>>)> =
        profiles::table.find(id).select((profiles::version, profiles::email)).get_result(c).optional()?;
    Ok(cell.and_then(|(version, email)| Some((version, Sealed::from_envelope(email?)))))
}

pub fn insert(c: &mut Conn, profile: &SealedProfile) -> Result<(), StorageError> {
    diesel::insert_into(profiles::table).values(row(profile)).dispatch(c)?;
    Ok(())
}

/// Writes the changed profile over the version it was made from; `false` if that one is gone.
pub fn update(c: &mut Conn, profile: &SealedProfile) -> Result<bool, StorageError> {
    let row = row(profile);
    let changed = diesel::update(profiles::table.find(row.account_id))
        .filter(profiles::version.eq(row.version - 1))
        .set((
            profiles::version.eq(row.version),
            profiles::real_name.eq(row.real_name),
            profiles::display_name.eq(row.display_name),
            profiles::email.eq(row.email),
            profiles::phone.eq(row.phone),
            profiles::language.eq(row.language),
            profiles::time_zone.eq(row.time_zone),
            profiles::updated_at.eq(row.updated_at),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Records that the person confirmed the data at `at`, and gives the version that was confirmed.
pub fn confirm(c: &mut Conn, id: AccountId, at: Timestamp) -> Result<Option<i64>, StorageError> {
    diesel::update(profiles::table.find(id)).set(profiles::confirmed_at.eq(Some(at))).execute(c)?;
    Ok(profiles::table.find(id).select(profiles::version).get_result(c).optional()?)
}
