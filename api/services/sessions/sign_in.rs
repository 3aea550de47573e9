//! Signing in: email and password against the stored hash, and the session that follows.

use uuid::Uuid;

use super::{ABSOLUTE_LIFETIME, SessionError, SessionService, SignedIn};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::Account,
        data_dictionary::{CREDENTIAL_PASSWORD, SESSION_ADDRESS, SESSION_USER_AGENT},
        email::Email,
        ids::{AccountId, DeviceId, SessionId},
        password::Password,
        personal::{Personal, PersonalText},
        session::{AssuranceLevel, Session},
        time::Timestamp,
    },
    repositories::{
        account_emails, credentials, devices,
        refresh_tokens::{self, RefreshToken},
        sessions::{self, NewSession},
    },
    services::{
        idempotency::Draft,
        vault::{Row, SubjectKeys, VaultError, kms::KeyPurpose},
    },
};

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub device_id: DeviceId,
    pub user_agent: Option<PersonalText>,
    pub address: PersonalText,
}

/// A session whose tokens exist and whose rows do not yet.
#[derive(Clone)]
pub struct PreparedSession {
    row: NewSession,
    refresh: RefreshToken,
    signed_in: SignedIn,
}

impl PreparedSession {
    pub fn signed_in(&self) -> SignedIn {
        self.signed_in.clone()
    }

    pub const fn device_id(&self) -> DeviceId {
        self.row.session.device_id
    }

    /// Writes the session, in the transaction that makes it true.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub fn insert(&self, c: &mut Conn) -> Result<(), StorageError> {
        sessions::insert(c, &self.row)?;
        refresh_tokens::insert(c, &self.refresh)
    }
}

impl SessionService {
    /// Signs a person in by email and password.
    ///
    /// # Errors
    ///
    /// [`SessionError::InvalidCredentials`], with the same work done, whether the address is
    /// unknown or the password wrong.
    #[tracing::instrument(skip_all)]
    pub async fn create(
        &self,
        email: &Email,
        password: Password,
        origin: Origin,
        repeatable: Option<Draft>,
    ) -> Result<SignedIn, SessionError> {
        let now = self.clock.now();
        let indexes = self.vault.blind_indexes(KeyPurpose::EmailIndex, email.expose());
        let found = self
            .db
            .read(move |c| {
                // An unknown address asks for the credentials of nobody: as many statements as a known one.
                let nobody = AccountId::from_uuid(Uuid::nil());
                let id = account_emails::find_account(c, &indexes)?.unwrap_or(nobody);
                credentials::find_with_account(c, id)
            })
            .await?;
        let stored = match &found {
            Some((account, sealed)) => Some(self.vault.unpepper(account.id, &CREDENTIAL_PASSWORD, sealed)?),
            None => None,
        };
        let stale_pepper = stored.as_ref().is_some_and(|(_, stale)| *stale);
        let comparison = self.passwords.compare(password.clone(), stored.map(|(phc, _)| phc)).await?;
        let (account, old_hash) = found
            .filter(|(account, _)| comparison.matches && account.state.may_sign_in())
            .ok_or(SessionError::InvalidCredentials)?;
        let mut new_hash = None;
        // A machine too busy for a second hash renews it another time.
        if (comparison.outdated || stale_pepper)
            && let Ok(phc) = self.passwords.hash(password).await
        {
            new_hash = Some(self.vault.pepper(account.id, &phc)?);
        }
        let keys = self.vault.keys_of(account.id).await?;
        let prepared = self.prepare(&keys, &account, &origin, now)?;
        let (signed_in, id) = (prepared.signed_in(), account.id);
        self.db
            .write_for(id, move |c| {
                if let Some(new_hash) = &new_hash {
                    credentials::replace_hash(c, id, &old_hash, new_hash)?;
                }
                devices::link(c, id, prepared.device_id(), now)?;
                prepared.insert(c)?;
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, id, 201)?;
                }
                Ok::<_, SessionError>(())
            })
            .await?;
        Ok(signed_in)
    }

    /// Makes a session of `account` ready to be written.
    ///
    /// # Errors
    ///
    /// [`VaultError`] if the person's keys are gone.
    pub fn prepare(
        &self,
        keys: &SubjectKeys,
        account: &Account,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<PreparedSession, VaultError> {
        let id = SessionId::generate(now);
        let row = Row(id.as_bytes());
        let expires_at = now.plus(ABSOLUTE_LIFETIME);
        let session = Session {
            id,
            account_id: account.id,
            device_id: origin.device_id,
            user_agent: keys.seal_option(&SESSION_USER_AGENT, row, origin.user_agent.as_ref())?,
            created_at: now,
            last_used_at: now,
            expires_at,
        };
        let assurance = AssuranceLevel::Aal1;
        let (access_token, access_expires_at) =
            self.access.issue(account.id, id, assurance.as_number(), account.epoch, now)?;
        let (refresh, refresh_token) = self.refresh_token(account.id, id, expires_at, now)?;
        let signed_in = SignedIn {
            account_id: account.id,
            session_id: id,
            access_token,
            access_expires_at,
            refresh_token,
            refresh_expires_at: refresh.expires_at,
        };
        let address = Some(keys.seal(&SESSION_ADDRESS, row, &origin.address)?.into_envelope());
        Ok(PreparedSession {
            row: NewSession { session, epoch: account.epoch, assurance, address },
            refresh,
            signed_in,
        })
    }
}
