//! The profile: read, changed with its history, and confirmed.

use super::AccountService;
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::{
            CONFIRMATION_LASTS, DataConfirmation, Profile, ProfileChanges, ProfileField, SealedProfile,
        },
        ids::{AccountId, DataConfirmationId},
        kyc::case::{DAYS_FOR_A_NAME, KycGround},
        personal::PersonalText,
        time::Timestamp,
    },
    repositories::{account_changes, accounts, data_confirmations, kyc_cases, log as leaves, profiles},
    services::{
        cursors::{self, InvalidCursor},
        idempotency::{IdempotencyError, Recording},
        kyc::asking::{Asked, Asking},
        log::LeafDraft,
        profiles::{AccountChange, Replaced, open, open_change, rewrite},
        vault::{SubjectKeys, VaultError},
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

/// A page of changes and the way to the next.
pub struct ChangePage {
    pub changes: Vec<AccountChange>,
    pub next_cursor: Option<String>,
}

const CHANGES: &str = "account_changes";

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
        let asking = match changes.real_name {
            Some(_) => Some(self.asking_for_a_new_name(id, &keys, now).await?),
            None => None,
        };
        let profile = self
            .db
            .write_holding(id, move |c| {
                accounts::hold(c, id)?.ok_or(ProfileError::NotFound)?;
                let standing = profiles::find(c, id)?.ok_or(ProfileError::NotFound)?;
                if expected.is_some_and(|version| version != standing.version) {
                    return Err(ProfileError::Stale);
                }
                let profile = change(c, &keys, &standing, &changes, &drafts, now)?;
                if let Some(asking) = &asking {
                    reopen_verification(c, &keys, &standing, &profile, asking)?;
                }
                Ok::<_, ProfileError>(profile)
            })
            .await?;
        self.outbox.wake();
        Ok(profile)
    }

    /// The verification that a new name asks for, where the one before was verified.
    async fn asking_for_a_new_name(
        &self,
        id: AccountId,
        keys: &SubjectKeys,
        now: Timestamp,
    ) -> Result<Asking, ProfileError> {
        let profile = self.profile(id).await?;
        let asked =
            Asked { ground: KycGround::NameChanged, by: None, private_reason: None, days: DAYS_FOR_A_NAME };
        Ok(Asking::prepare(keys, &profile, &asked, now)?)
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
        let before = cursors::count(kms, CHANGES, id, cursor)?.unwrap_or(i64::MAX);
        let wanted = i64::from(limit) + 1;
        let rows = self.db.read(move |c| account_changes::list_owned(c, id, before, wanted)).await?;
        let (rows, next_cursor) =
            cursors::page(kms, CHANGES, id, rows, limit, |change| change.sequence.to_be_bytes().to_vec())?;
        let keys = self.vault.keys_of(id).await?;
        let changes = rows.into_iter().map(|change| open_change(&keys, change)).collect::<Result<_, _>>()?;
        Ok(ChangePage { changes, next_cursor })
    }

    /// Records that the person confirmed the data as complete and true (clause 3.8).
    ///
    /// # Errors
    ///
    /// [`ProfileError::NotFound`] after the account has gone.
    #[tracing::instrument(skip_all)]
    pub async fn confirm(
        &self,
        id: AccountId,
        recording: Recording<DataConfirmation>,
    ) -> Result<DataConfirmation, ProfileError> {
        let now = self.clock.now();
        let confirmation_id = DataConfirmationId::generate(now);
        let keys = self.vault.keys_of(id).await?;
        let draft = LeafDraft::new(now)?;
        self.db
            .write_for(id, move |c| {
                let sequence = accounts::take_sequence(c, id, 1)?.ok_or(ProfileError::NotFound)?;
                let profile_version = profiles::confirm(c, id, now, now.plus(CONFIRMATION_LASTS))?
                    .ok_or(ProfileError::NotFound)?;
                let confirmation = DataConfirmation {
                    account_id: id,
                    sequence,
                    id: confirmation_id,
                    profile_version,
                    confirmed_at: now,
                    leaf_id: draft.id(),
                };
                leaves::append(c, &draft.of_evidence(&keys, &confirmation)?)?;
                data_confirmations::insert(c, &confirmation)?;
                recording.record(c, &keys, &confirmation)?;
                Ok(confirmation)
            })
            .await
    }
}

/// Asks anew for a verification if the name that was verified is no longer the name.
fn reopen_verification(
    c: &mut Conn,
    keys: &SubjectKeys,
    standing: &SealedProfile,
    profile: &Profile,
    asking: &Asking,
) -> Result<(), ProfileError> {
    let is_same = open(keys, standing)?.real_name == profile.real_name;
    // Where one is open already, it is about the name that stands.
    if !is_same && kyc_cases::has_approved(c, profile.account_id)? {
        asking.write(c, keys)?;
    }
    Ok(())
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
    if replaced.is_empty() {
        return Ok(profile);
    }
    rewrite(c, keys, profile, &replaced, drafts, now)?.ok_or(ProfileError::Stale)
}

/// Puts the new values in and tells which fields they changed.
fn apply(profile: &mut Profile, changes: &ProfileChanges) -> Vec<Replaced> {
    let mut replaced = Vec::new();
    let mut note = |field, old| replaced.push(Replaced { field, old });
    if let Some(new) = changes.real_name.as_ref().filter(|new| **new != profile.real_name) {
        let old = std::mem::replace(&mut profile.real_name, new.clone());
        note(ProfileField::RealName, Some(PersonalText::of(&old)));
    }
    if let Some(new) = changes.display_name.as_ref().filter(|new| **new != profile.display_name) {
        let old = std::mem::replace(&mut profile.display_name, new.clone());
        note(ProfileField::DisplayName, old.as_ref().map(PersonalText::of));
    }
    if let Some(new) = changes.language.as_ref().filter(|new| **new != profile.language) {
        let old = std::mem::replace(&mut profile.language, new.clone());
        note(ProfileField::Language, Some(PersonalText::of(&old)));
    }
    if let Some(new) = changes.time_zone.as_ref().filter(|new| **new != profile.time_zone) {
        let old = std::mem::replace(&mut profile.time_zone, new.clone());
        note(ProfileField::TimeZone, old.as_ref().map(PersonalText::of));
    }
    replaced
}
