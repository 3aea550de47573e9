//! Sessions: signing in, staying in by rotating refresh tokens, and ending it.

use chrono::TimeDelta;
use secrecy::SecretString;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    db::{Conn, Db, Refusal, StorageError},
    domain::{
        account::{Account, AccountState},
        data_dictionary::{CREDENTIAL_PASSWORD, SESSION_ADDRESS, SESSION_USER_AGENT},
        email::Email,
        ids::{AccountId, DeviceId, SessionId},
        password::Password,
        personal::{Personal, PersonalText},
        session::{AssuranceLevel, Session, SessionEnd},
        time::Timestamp,
    },
    repositories::{
        account_emails, credentials, devices,
        refresh_tokens::{self, RefreshToken},
        sessions::{self, NewSession},
    },
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        idempotency::{Draft, IdempotencyError},
        passwords::{HashingError, Passwords},
        tokens::{
            access::AccessTokens,
            opaque::{self, TokenKind},
        },
        vault::{
            Row, SubjectKeys, Vault, VaultError,
            kms::{KeyPurpose, KmsError},
        },
    },
};

/// However it is used, a session ends after this.
const ABSOLUTE_LIFETIME: TimeDelta = TimeDelta::days(30);
/// Unused, it ends after this.
const IDLE_LIFETIME: TimeDelta = TimeDelta::days(14);
const LIST: &str = "sessions";

/// Why a session was not given.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("the token does not speak for a live session")]
    Unauthenticated,
    #[error("email and password do not belong together")]
    InvalidCredentials,
    #[error("the refresh token is spent, expired or unknown")]
    InvalidRefreshToken,
    #[error("no such session")]
    NotFound,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<KmsError> for SessionError {
    fn from(error: KmsError) -> Self {
        Self::Vault(error.into())
    }
}

impl Refusal for SessionError {
    fn storage(&self) -> Option<&StorageError> {
        match self {
            Self::Storage(error) => Some(error),
            Self::Vault(error) => error.storage(),
            Self::Idempotency(error) => error.storage(),
            _ => None,
        }
    }
}

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub device_id: DeviceId,
    pub user_agent: Option<PersonalText>,
    pub address: PersonalText,
}

/// What a signed-in person holds.
#[derive(Clone)]
pub struct SignedIn {
    pub account_id: AccountId,
    pub session_id: SessionId,
    pub access_token: SecretString,
    pub access_expires_at: Timestamp,
    pub refresh_token: SecretString,
    pub refresh_expires_at: Timestamp,
}

/// The person behind a request, as the database knows it this very moment.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub account_id: AccountId,
    pub session_id: SessionId,
    pub account_state: AccountState,
    pub policy_accepted: bool,
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

/// A page of sessions and the way to the next.
pub struct SessionPage {
    pub sessions: Vec<OpenSession>,
    pub next_cursor: Option<String>,
}

/// A session as its person lists it.
pub struct OpenSession {
    pub session: Session,
    pub user_agent: Option<PersonalText>,
}

/// How a refresh ended, decided inside its transaction.
enum Refreshed {
    Renewed,
    Refused,
}

/// Opens, renews and ends sessions.
#[derive(Clone)]
pub struct SessionService {
    db: Db,
    vault: Vault,
    clock: Clock,
    passwords: Passwords,
    access: AccessTokens,
}

impl SessionService {
    pub const fn new(db: Db, vault: Vault, clock: Clock, passwords: Passwords, access: AccessTokens) -> Self {
        Self { db, vault, clock, passwords, access }
    }

    /// The person behind an access token. One statement asks for everything that could have ended
    /// the session, at every request.
    ///
    /// # Errors
    ///
    /// [`SessionError::Unauthenticated`], alike for all reasons.
    pub async fn authenticate(&self, token: &str) -> Result<Caller, SessionError> {
        let now = self.clock.now();
        let claims = self.access.verify(token, now).ok_or(SessionError::Unauthenticated)?;
        let (account_id, session_id) = (claims.sub, claims.sid);
        let standing = self
            .db
            .read(move |c| sessions::find_standing(c, account_id, session_id))
            .await?
            .filter(|standing| standing.is_live(now) && standing.session_epoch == claims.epoch)
            .ok_or(SessionError::Unauthenticated)?;
        Ok(Caller {
            account_id,
            session_id,
            account_state: standing.account_state,
            policy_accepted: standing.accepted_policy_version >= standing.current_policy_version,
        })
    }

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
        let new_hash = if comparison.outdated || stale_pepper {
            let phc = self.passwords.hash(password).await?;
            Some(self.vault.pepper(account.id, &phc)?)
        } else {
            None
        };
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

    fn refresh_token(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        session_ends: Timestamp,
        now: Timestamp,
    ) -> Result<(RefreshToken, SecretString), KmsError> {
        let issued = opaque::issue(self.vault.kms(), TokenKind::Refresh, account_id)?;
        let expires_at = now.plus(IDLE_LIFETIME).min(session_ends);
        Ok((
            RefreshToken { account_id, mac: issued.mac, session_id, issued_at: now, expires_at },
            issued.text,
        ))
    }

    /// Exchanges a refresh token for fresh tokens of the same session. Each works once; one that
    /// comes a second time ends the session, since somebody else holds a copy.
    ///
    /// # Errors
    ///
    /// [`SessionError::InvalidRefreshToken`], alike for all reasons.
    #[tracing::instrument(skip_all)]
    pub async fn refresh(
        &self,
        token: &Zeroizing<String>,
        repeatable: Option<Draft>,
    ) -> Result<SignedIn, SessionError> {
        let now = self.clock.now();
        let presented = opaque::read(self.vault.kms(), TokenKind::Refresh, token)
            .ok_or(SessionError::InvalidRefreshToken)?;
        let (id, mac) = (presented.account_id, presented.mac);
        let known = self
            .db
            .read(move |c| {
                let Some((session, ..)) = refresh_tokens::find(c, id, &mac)? else { return Ok(None) };
                Ok::<_, StorageError>(
                    sessions::find_standing(c, id, session)?.map(|standing| (session, standing)),
                )
            })
            .await?;
        let (session_id, standing) = known.ok_or(SessionError::InvalidRefreshToken)?;
        let (next, refresh_token) = self.refresh_token(id, session_id, standing.expires_at, now)?;
        let refresh_expires_at = next.expires_at;
        let outcome =
            self.db.write_for(id, move |c| rotate(c, id, &mac, &next, repeatable.as_ref(), now)).await?;
        match outcome {
            Refreshed::Refused => Err(SessionError::InvalidRefreshToken),
            Refreshed::Renewed => {
                let aal = AssuranceLevel::Aal1.as_number();
                let (access_token, access_expires_at) =
                    self.access.issue(id, session_id, aal, standing.session_epoch, now)?;
                Ok(SignedIn {
                    account_id: id,
                    session_id,
                    access_token,
                    access_expires_at,
                    refresh_token,
                    refresh_expires_at,
                })
            }
        }
    }

    /// The person's live sessions, newest first.
    ///
    /// # Errors
    ///
    /// [`SessionError::Cursor`] for a cursor of another list or person.
    pub async fn list(
        &self,
        owner: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<SessionPage, SessionError> {
        let kms = self.vault.kms();
        let before = cursor
            .map(|cursor| {
                cursors::unwrap(kms, LIST, owner, cursor).and_then(|position| read_position(&position))
            })
            .transpose()?;
        let (now, wanted) = (self.clock.now(), i64::from(limit));
        let mut rows = self.db.read(move |c| sessions::list_owned(c, owner, now, before, wanted + 1)).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = match rows.last().filter(|_| more) {
            Some(last) => {
                let position = [&last.created_at.as_micros().to_be_bytes()[..], last.id.as_bytes()].concat();
                Some(cursors::wrap(kms, LIST, owner, &position)?)
            }
            None => None,
        };
        let keys = self.vault.keys_of(owner).await?;
        let open = |session: Session| {
            let row = Row(session.id.as_bytes());
            let user_agent = keys.open_option(&SESSION_USER_AGENT, row, session.user_agent.as_ref())?;
            Ok(OpenSession { session, user_agent })
        };
        let sessions = rows.into_iter().map(open).collect::<Result<_, VaultError>>()?;
        Ok(SessionPage { sessions, next_cursor })
    }

    /// Ends a session of `owner`; its tokens stop working at once.
    ///
    /// # Errors
    ///
    /// [`SessionError::NotFound`] also for another person's session.
    pub async fn end(
        &self,
        owner: AccountId,
        id: SessionId,
        reason: SessionEnd,
    ) -> Result<Timestamp, SessionError> {
        let now = self.clock.now();
        let ended = self.db.write_for(owner, move |c| sessions::end_owned(c, owner, id, reason, now)).await?;
        if ended { Ok(now) } else { Err(SessionError::NotFound) }
    }
}

/// A refusal that ends the session must be committed, so it is no `Err`.
fn rotate(
    c: &mut Conn,
    id: AccountId,
    mac: &[u8; 32],
    next: &RefreshToken,
    repeatable: Option<&Draft>,
    now: Timestamp,
) -> Result<Refreshed, SessionError> {
    let Some((session, expires_at, _)) = refresh_tokens::find(c, id, mac)? else {
        return Ok(Refreshed::Refused);
    };
    if !refresh_tokens::spend(c, id, mac, now)? {
        sessions::end_owned(c, id, session, SessionEnd::RefreshReused, now)?;
        return Ok(Refreshed::Refused);
    }
    let live = sessions::find_standing(c, id, session)?.is_some_and(|standing| standing.is_live(now));
    if expires_at <= now || !live {
        return Ok(Refreshed::Refused);
    }
    refresh_tokens::insert(c, next)?;
    sessions::touch(c, id, session, now)?;
    if let Some(draft) = repeatable {
        draft.record_secret(c, id, 201)?;
    }
    Ok(Refreshed::Renewed)
}

fn read_position(position: &[u8]) -> Result<(Timestamp, SessionId), InvalidCursor> {
    let (at, id) = position.split_first_chunk::<8>().ok_or(InvalidCursor)?;
    let at = Timestamp::from_micros(i64::from_be_bytes(*at)).ok_or(InvalidCursor)?;
    Ok((at, SessionId::from_uuid(Uuid::from_slice(id).map_err(|_| InvalidCursor)?)))
}
