//! Profiles between their sealed rest and their person: opened, sealed, and kept as they were.

use crate::{
    db::Conn,
    domain::{
        account::{Profile, ProfileField, SealedProfile},
        data_dictionary::{
            CHANGE_OLD_CONTACT, CHANGE_OLD_IDENTITY, Category, Entry, PROFILE_DISPLAY_NAME, PROFILE_EMAIL,
            PROFILE_LANGUAGE, PROFILE_PHONE, PROFILE_REAL_NAME, PROFILE_TIME_ZONE,
        },
        disclosure::scope::DisclosureField,
        ids::AccountId,
        personal::PersonalText,
        sealed::Sealed,
        time::Timestamp,
    },
    repositories::{
        account_changes::{self, SealedChange},
        accounts, log as leaves, profiles,
    },
    services::{
        contests,
        log::LeafDraft,
        obligations::{self, Change},
        vault::{Row, SubjectKeys, VaultError},
    },
};

/// What a cell of a profile is bound to beside its column: the account, and the version of the row.
/// An older cell of the same place does not open again.
pub struct ProfileRow([u8; 24]);

pub fn profile_row(id: AccountId, version: i64) -> ProfileRow {
    let mut bytes = [0; 24];
    let (head, tail) = bytes.split_at_mut(16);
    head.copy_from_slice(id.as_bytes());
    tail.copy_from_slice(&version.to_be_bytes());
    ProfileRow(bytes)
}

impl ProfileRow {
    pub const fn row(&self) -> Row<'_> {
        Row(&self.0)
    }
}

/// Opens a profile for its person.
///
/// # Errors
///
/// [`VaultError::Broken`] if a cell is not what was sealed there.
pub fn open(keys: &SubjectKeys, sealed: &SealedProfile) -> Result<Profile, VaultError> {
    let bound = profile_row(sealed.account_id, sealed.version);
    let row = bound.row();
    Ok(Profile {
        account_id: sealed.account_id,
        version: sealed.version,
        real_name: keys.open(&PROFILE_REAL_NAME, row, &sealed.real_name)?,
        display_name: keys.open_option(&PROFILE_DISPLAY_NAME, row, sealed.display_name.as_ref())?,
        email: keys.open(&PROFILE_EMAIL, row, &sealed.email)?,
        phone: keys.open_option(&PROFILE_PHONE, row, sealed.phone.as_ref())?,
        language: keys.open(&PROFILE_LANGUAGE, row, &sealed.language)?,
        time_zone: keys.open_option(&PROFILE_TIME_ZONE, row, sealed.time_zone.as_ref())?,
        email_verified_at: sealed.email_verified_at,
        phone_verified_at: sealed.phone_verified_at,
        confirmed_at: sealed.confirmed_at,
        updated_at: sealed.updated_at,
    })
}

/// Seals every cell of a profile for its version.
///
/// # Errors
///
/// [`VaultError::NoKey`] if a category was erased.
pub fn seal(keys: &SubjectKeys, profile: &Profile) -> Result<SealedProfile, VaultError> {
    let bound = profile_row(profile.account_id, profile.version);
    let row = bound.row();
    Ok(SealedProfile {
        account_id: profile.account_id,
        version: profile.version,
        real_name: keys.seal(&PROFILE_REAL_NAME, row, &profile.real_name)?,
        display_name: keys.seal_option(&PROFILE_DISPLAY_NAME, row, profile.display_name.as_ref())?,
        email: keys.seal(&PROFILE_EMAIL, row, &profile.email)?,
        phone: keys.seal_option(&PROFILE_PHONE, row, profile.phone.as_ref())?,
        language: keys.seal(&PROFILE_LANGUAGE, row, &profile.language)?,
        time_zone: keys.seal_option(&PROFILE_TIME_ZONE, row, profile.time_zone.as_ref())?,
        email_verified_at: profile.email_verified_at,
        phone_verified_at: profile.phone_verified_at,
        confirmed_at: profile.confirmed_at,
        reminder_due_at: None,
        updated_at: profile.updated_at,
    })
}

/// One field that changed, and what it was.
#[derive(Clone)]
pub struct Replaced {
    pub field: ProfileField,
    pub old: Option<PersonalText>,
}

/// Writes a changed profile with its history and a leaf for each field, in the caller's transaction.
/// `profile` is the standing one with new values in it.
///
/// # Errors
///
/// Storage and sealing trouble; `None` if the account, or the version that was changed, has gone.
pub fn rewrite(
    c: &mut Conn,
    keys: &SubjectKeys,
    mut profile: Profile,
    replaced: &[Replaced],
    drafts: &[LeafDraft],
    now: Timestamp,
) -> Result<Option<Profile>, VaultError> {
    let id = profile.account_id;
    let count = i64::try_from(replaced.len()).unwrap_or(i64::MAX);
    let Some(first) = accounts::take_sequence(c, id, count)? else { return Ok(None) };
    profile.version += 1;
    profile.updated_at = now;
    for ((sequence, old), draft) in (first..).zip(replaced).zip(drafts) {
        let change = sealed_change(keys, id, sequence, old, draft, now)?;
        leaves::append(c, &draft.of_evidence(keys, &change)?)?;
        account_changes::insert(c, &change)?;
    }
    let written = profiles::update(c, &seal(keys, &profile)?)?;
    let corrected: Vec<DisclosureField> =
        replaced.iter().filter_map(|replaced| disclosed_as(replaced.field)).collect();
    obligations::open(c, keys, Change::Corrected(&corrected), now)?;
    contests::end(c, id, &corrected)?;
    Ok(written.then_some(profile))
}

/// Under which name a field is disclosed, if it ever is.
const fn disclosed_as(field: ProfileField) -> Option<DisclosureField> {
    match field {
        ProfileField::RealName => Some(DisclosureField::RealName),
        ProfileField::DisplayName => Some(DisclosureField::DisplayName),
        ProfileField::Email => Some(DisclosureField::Email),
        ProfileField::Phone => Some(DisclosureField::Phone),
        ProfileField::Language | ProfileField::TimeZone => None,
    }
}

/// A change as its person sees it.
#[derive(Clone, Debug)]
pub struct AccountChange {
    pub sequence: i64,
    pub field: ProfileField,
    pub old_value: Option<PersonalText>,
    pub changed_at: Timestamp,
}

/// The history's column for a field: it dies with the category that the field belongs to.
const fn history_entry(field: ProfileField) -> &'static Entry {
    match field {
        ProfileField::RealName | ProfileField::DisplayName => &CHANGE_OLD_IDENTITY,
        ProfileField::Email | ProfileField::Phone | ProfileField::Language | ProfileField::TimeZone => {
            &CHANGE_OLD_CONTACT
        }
    }
}

fn history_row(sequence: i64) -> [u8; 8] {
    sequence.to_be_bytes()
}

fn sealed_change(
    keys: &SubjectKeys,
    id: AccountId,
    sequence: i64,
    replaced: &Replaced,
    draft: &LeafDraft,
    now: Timestamp,
) -> Result<SealedChange, VaultError> {
    let entry = history_entry(replaced.field);
    let old = keys
        .seal_option(entry, Row(&history_row(sequence)), replaced.old.as_ref())?
        .map(Sealed::into_envelope);
    let (old_identity, old_contact) =
        if entry.category == Category::Identity { (old, None) } else { (None, old) };
    Ok(SealedChange {
        account_id: id,
        sequence,
        field: replaced.field,
        old_identity,
        old_contact,
        changed_at: now,
        leaf_id: draft.id(),
    })
}

/// Opens a change for its person.
///
/// # Errors
///
/// [`VaultError::Broken`] if it is not what was sealed there.
pub fn open_change(keys: &SubjectKeys, change: SealedChange) -> Result<AccountChange, VaultError> {
    let cell = change.old_identity.or(change.old_contact).map(Sealed::from_envelope);
    let entry = history_entry(change.field);
    Ok(AccountChange {
        sequence: change.sequence,
        field: change.field,
        old_value: keys.open_option(entry, Row(&history_row(change.sequence)), cell.as_ref())?,
        changed_at: change.changed_at,
    })
}
