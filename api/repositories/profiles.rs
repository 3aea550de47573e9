//! Profiles: what an account knows of its person, sealed.

use diesel::prelude::*;

use super::corrupt;
use crate::{
    db::{
        Conn, Dispatch, Fetch, StorageError,
        schema::{accounts, profiles},
    },
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
    reminder_due_at: Option<Timestamp>,
    reminders_sent: i32,
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
            reminder_due_at: row.reminder_due_at,
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
        reminder_due_at: profile.reminder_due_at,
        reminders_sent: 0,
    }
}

pub fn find(c: &mut Conn, id: AccountId) -> Result<Option<SealedProfile>, StorageError> {
    // On the native connection, whose prepared statement is found without writing the SQL again.
    let rows: Vec<Row> = profiles::table.find(id).fetch(c)?;
    rows.into_iter().next().map(SealedProfile::try_from).transpose()
}

/// The profile, unless what names its person was erased.
pub fn find_unless_erased(c: &mut Conn, id: AccountId) -> Result<Option<SealedProfile>, StorageError> {
    let rows: Vec<Row> = profiles::table.find(id).fetch(c)?;
    let whole =
        rows.into_iter().find(|row| row.real_name.is_some() && row.email.is_some() && row.language.is_some());
    whole.map(SealedProfile::try_from).transpose()
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
            profiles::email_verified_at.eq(row.email_verified_at),
            profiles::phone_verified_at.eq(row.phone_verified_at),
            profiles::updated_at.eq(row.updated_at),
        ))
        .execute(c)?;
    Ok(changed == 1)
}

/// Some profiles whose person is to be asked to confirm the data, with how often that was done for
/// this year.
pub fn list_to_remind(
    c: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(AccountId, Timestamp, i32)>, StorageError> {
    Ok(profiles::table
        .inner_join(accounts::table)
        .filter(accounts::state.eq_any(["active", "restricted"]))
        .filter(profiles::reminder_due_at.le(now).assume_not_null())
        .filter(profiles::email.is_not_null())
        .select((profiles::account_id, profiles::reminder_due_at.assume_not_null(), profiles::reminders_sent))
        .order(profiles::reminder_due_at)
        .limit(limit)
        .load(c)?)
}

/// Notes that the reminder of `due_at` went out; `false` if another process was faster, or the
/// person confirmed meanwhile.
pub fn note_reminder(
    c: &mut Conn,
    id: AccountId,
    due_at: Timestamp,
    next: Timestamp,
    sent: i32,
) -> Result<bool, StorageError> {
    let noted = diesel::update(profiles::table.find(id))
        .filter(profiles::reminder_due_at.eq(due_at).assume_not_null())
        .set((profiles::reminder_due_at.eq(Some(next)), profiles::reminders_sent.eq(sent)))
        .execute(c)?;
    Ok(noted == 1)
}

/// Records that the person confirmed the data at `at`, and gives the version that was confirmed.
pub fn confirm(
    c: &mut Conn,
    id: AccountId,
    at: Timestamp,
    next_due_at: Timestamp,
) -> Result<Option<i64>, StorageError> {
    diesel::update(profiles::table.find(id))
        .set((
            profiles::confirmed_at.eq(Some(at)),
            profiles::reminder_due_at.eq(Some(next_due_at)),
            profiles::reminders_sent.eq(0),
        ))
        .execute(c)?;
    Ok(profiles::table.find(id).select(profiles::version).get_result(c).optional()?)
}
