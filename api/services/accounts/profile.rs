//! The profile: read, changed with its history, and confirmed.

use super::AccountService;
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::{DataConfirmation, Profile, ProfileChanges, ProfileField, SealedProfile},
        data_dictionary::{
            CHANGE_OLD_CONTACT, CHANGE_OLD_IDENTITY, Category, Entry, PROFILE_DISPLAY_NAME, PROFILE_EMAIL,
            PROFILE_LANGUAGE, PROFILE_PHONE, PROFILE_REAL_NAME, PROFILE_TIME_ZONE,
        },
        ids::{AccountId, DataConfirmationId},
        personal::{Personal, PersonalText},
        sealed::Sealed,
        time::Timestamp,
    },
    repositories::{
        account_changes::{self, SealedChange},
        accounts, data_confirmations, log as leaves, profiles,
    },
    services::{
        cursors::{self, InvalidCursor},
        idempotency::{Draft, IdempotencyError},
        log::{Act, LeafDraft},
        vault::{Row, SubjectKeys, VaultError},
    },
};

/// Why a profile was not given or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("no such account")]
    NotFound,
    #[error("the profile has changed since")]
    Stale,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(ProfileError, storage in Vault, Idempotency);

/// A change as its person sees it.
#[derive(Clone, Debug)]
pub struct AccountChange {
    pub sequence: i64,
    pub field: ProfileField,
    pub old_value: Option<PersonalText>,
    pub changed_at: Timestamp,
}

/// A page of changes and the way to the next.
pub struct ChangePage {
    pub changes: Vec<AccountChange>,
    pub next_cursor: Option<String>,
}

const CHANGES: &str = "account_changes";

const ACCOUNT_CHANGED: Act = Act { name: "account.changed", object: "account", clause: "3.9" };
const DATA_CONFIRMED: Act = Act { name: "account.data_confirmed", object: "account", clause: "3.8" };

impl AccountService {
    /// The person's profile.
    ///
    /// # Errors
    ///
    /// [`ProfileError::NotFound`] after the account has gone.
    pub async fn profile(&self, id: AccountId) -> Result<Profile, ProfileError> {
        let sealed = self.db.read(move |c| profiles::find(c, id)).await?.ok_or(ProfileError::NotFound)?;
        let keys = self.vault.keys_of(id).await?;
        Ok(open(&keys, &sealed)?)
    }

    /// Changes the profile and keeps what it was (clause 3.9).
    ///
    /// # Errors
    ///
    /// [`ProfileError::Stale`] if `expected` names another version than the one that stands.
    #[tracing::instrument(skip_all)]
    pub async fn update(
        &self,
        id: AccountId,
        changes: ProfileChanges,
        expected: Option<i64>,
    ) -> Result<Profile, ProfileError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(id).await?;
        let drafts = [(); 4].map(|()| LeafDraft::new(now));
        let drafts = drafts.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.db
            .write_for(id, move |c| {
                let standing = profiles::find(c, id)?.ok_or(ProfileError::NotFound)?;
                if expected.is_some_and(|version| version != standing.version) {
                    return Err(ProfileError::Stale);
                }
                change(c, &keys, &standing, &changes, &drafts, now)
            })
            .await
    }

    /// The person's changes, newest first.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Cursor`] for a cursor of another list or person.
    pub async fn changes(
        &self,
        id: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ChangePage, ProfileError> {
        let kms = self.vault.kms();
        let before = match cursor {
            Some(cursor) => {
                let position = cursors::unwrap(kms, CHANGES, id, cursor)?;
                i64::from_be_bytes(position.try_into().map_err(|_| InvalidCursor)?)
            }
            None => i64::MAX,
        };
        let wanted = i64::from(limit);
        let mut rows = self.db.read(move |c| account_changes::list_owned(c, id, before, wanted + 1)).await?;
        let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let last = rows.last().map(|change| change.sequence.to_be_bytes());
        let next_cursor =
            last.filter(|_| more).map(|position| cursors::wrap(kms, CHANGES, id, &position)).transpose()?;
        let keys = self.vault.keys_of(id).await?;
        let changes = rows.into_iter().map(|change| open_change(&keys, change)).collect::<Result<_, _>>()?;
        Ok(ChangePage { changes, next_cursor })
    }

    /// Records that the person confirmed the data as complete and true (clause 3.8).
    ///
    /// `present` makes the answer that a repeated request gets again.
    ///
    /// # Errors
    ///
    /// [`ProfileError::NotFound`] after the account has gone.
    #[tracing::instrument(skip_all)]
    pub async fn confirm(
        &self,
        id: AccountId,
        repeatable: Option<Draft>,
        present: fn(&DataConfirmation) -> Vec<u8>,
    ) -> Result<DataConfirmation, ProfileError> {
        let now = self.clock.now();
        let confirmation_id = DataConfirmationId::generate(now);
        let keys = self.vault.keys_of(id).await?;
        let draft = LeafDraft::new(now)?;
        self.db
            .write_for(id, move |c| {
                let sequence = accounts::take_sequence(c, id, 1)?.ok_or(ProfileError::NotFound)?;
                let profile_version = profiles::confirm(c, id, now)?.ok_or(ProfileError::NotFound)?;
                let confirmation = DataConfirmation {
                    account_id: id,
                    sequence,
                    id: confirmation_id,
                    profile_version,
                    confirmed_at: now,
                    leaf_id: draft.id(),
                };
                let facts = [
                    ("account", id.to_string()),
                    ("sequence", sequence.to_string()),
                    ("profile_version", profile_version.to_string()),
                ];
                leaves::append(c, &draft.of_person(&keys, &DATA_CONFIRMED, &facts)?)?;
                data_confirmations::insert(c, &confirmation)?;
                if let Some(repeatable) = &repeatable {
                    repeatable.record_answer(c, &keys, 201, &present(&confirmation))?;
                }
                Ok(confirmation)
            })
            .await
    }
}

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
pub(super) fn open(keys: &SubjectKeys, sealed: &SealedProfile) -> Result<Profile, VaultError> {
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
pub(super) fn seal(keys: &SubjectKeys, profile: &Profile) -> Result<SealedProfile, VaultError> {
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
        updated_at: profile.updated_at,
    })
}

/// One field that really changes: what it was, for the history.
struct Replaced {
    field: ProfileField,
    old: Option<PersonalText>,
}

fn change(
    c: &mut Conn,
    keys: &SubjectKeys,
    standing: &SealedProfile,
    changes: &ProfileChanges,
    drafts: &[LeafDraft],
    now: Timestamp,
) -> Result<Profile, ProfileError> {
    let mut profile = open(keys, standing)?;
    let replaced = apply(&mut profile, changes);
    let count = i64::try_from(replaced.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Ok(profile);
    }
    let id = profile.account_id;
    let first = accounts::take_sequence(c, id, count)?.ok_or(ProfileError::NotFound)?;
    profile.version += 1;
    profile.updated_at = now;
    for ((sequence, old), draft) in (first..).zip(replaced).zip(drafts) {
        let facts = [
            ("account", id.to_string()),
            ("sequence", sequence.to_string()),
            ("field", old.field.as_str().to_owned()),
        ];
        leaves::append(c, &draft.of_person(keys, &ACCOUNT_CHANGED, &facts)?)?;
        account_changes::insert(c, &sealed_change(keys, id, sequence, &old, draft, now)?)?;
    }
    if profiles::update(c, &seal(keys, &profile)?)? { Ok(profile) } else { Err(ProfileError::Stale) }
}

/// Puts the new values in and tells which fields they changed.
fn apply(profile: &mut Profile, changes: &ProfileChanges) -> Vec<Replaced> {
    fn text<T: Personal>(value: &T) -> PersonalText {
        PersonalText::new(value.expose().to_owned())
    }
    let mut replaced = Vec::new();
    let mut note = |field, old| replaced.push(Replaced { field, old });
    if let Some(new) = changes.real_name.as_ref().filter(|new| **new != profile.real_name) {
        let old = std::mem::replace(&mut profile.real_name, new.clone());
        note(ProfileField::RealName, Some(text(&old)));
    }
    if let Some(new) = changes.display_name.as_ref().filter(|new| **new != profile.display_name) {
        let old = std::mem::replace(&mut profile.display_name, new.clone());
        note(ProfileField::DisplayName, old.as_ref().map(text));
    }
    if let Some(new) = changes.language.as_ref().filter(|new| **new != profile.language) {
        let old = std::mem::replace(&mut profile.language, new.clone());
        note(ProfileField::Language, Some(text(&old)));
    }
    if let Some(new) = changes.time_zone.as_ref().filter(|new| **new != profile.time_zone) {
        let old = std::mem::replace(&mut profile.time_zone, new.clone());
        note(ProfileField::TimeZone, old.as_ref().map(text));
    }
    replaced
}

/// The history's column for a field: it dies with the category that the field belongs to.
const fn history_entry(field: ProfileField) -> &'static Entry {
    match field {
        ProfileField::RealName | ProfileField::DisplayName => &CHANGE_OLD_IDENTITY,
        ProfileField::Language | ProfileField::TimeZone => &CHANGE_OLD_CONTACT,
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

fn open_change(keys: &SubjectKeys, change: SealedChange) -> Result<AccountChange, VaultError> {
    let cell = change.old_identity.or(change.old_contact).map(Sealed::from_envelope);
    let entry = history_entry(change.field);
    Ok(AccountChange {
        sequence: change.sequence,
        field: change.field,
        old_value: keys.open_option(entry, Row(&history_row(change.sequence)), cell.as_ref())?,
        changed_at: change.changed_at,
    })
}
