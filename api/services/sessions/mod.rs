//! Sessions: signing in with one factor or two, staying in by rotating refresh tokens, proving to be
//! there once more, and ending it.

mod challenges;
mod list;
mod refresh;
mod revoke;
mod sign_in;
mod step_up;

use chrono::TimeDelta;
use secrecy::SecretString;

pub use challenges::{Answer, ChallengeKey, FactorResetRequested, SentCode};
pub use list::{OpenSession, SessionPage};
pub use revoke::EndedSessions;
pub use sign_in::{Challenged, Grade, Origin, PreparedSession, SignIn};
pub use step_up::{StepUp, SteppedUp};

use crate::{
    db::{Db, StorageError},
    domain::{
        account::AccountState,
        ids::{AccountId, DeviceId, SessionId},
        session::SessionEnd,
        throttle::Exhausted,
        time::Timestamp,
    },
    repositories::{refresh_tokens::RefreshToken, sessions},
    services::{
        clock::Clock,
        cursors::InvalidCursor,
        idempotency::IdempotencyError,
        mailing::Links,
        outbox::OutboxService,
        passwords::{HashingError, Passwords},
        places::Places,
        throttles::Throttles,
        tokens::{
            access::{AccessTokens, OfPerson},
            opaque::{self, TokenKind},
        },
        vault::{Vault, VaultError, kms::KmsError},
    },
};

/// However it is used, a session ends after this.
const ABSOLUTE_LIFETIME: TimeDelta = TimeDelta::days(30);
/// Unused, it ends after this.
const IDLE_LIFETIME: TimeDelta = TimeDelta::days(14);

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
    #[error("the sign-in challenge is unknown, lapsed, used or out of tries")]
    ChallengeExpired,
    #[error("the code is wrong, used or lapsed")]
    WrongCode,
    #[error("the password is wrong")]
    WrongPassword,
    #[error("the account has no such way to prove it")]
    MethodUnavailable,
    #[error("too many attempts")]
    Throttled(Exhausted),
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

impl From<Exhausted> for SessionError {
    fn from(exhausted: Exhausted) -> Self {
        Self::Throttled(exhausted)
    }
}

service_error!(SessionError, storage in Vault, Idempotency);

/// What a signed-in person holds.
#[derive(Clone)]
pub struct SignedIn {
    pub account_id: AccountId,
    /// The device that the session began on, which may have got a fresh identity with it; none where a
    /// session only goes on.
    pub device_id: Option<DeviceId>,
    pub session_id: SessionId,
    pub access_token: SecretString,
    pub access_expires_at: Timestamp,
    pub refresh_token: SecretString,
    pub refresh_expires_at: Timestamp,
}

/// Whether anything new may begin with the person's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewProcessing {
    Allowed,
    /// Not before the policy in force is accepted (clause 0.4).
    NeedsAcceptance,
    /// Not while what the service cannot do without is withdrawn (clause 2.5).
    ServiceWithdrawn,
}

/// The person behind a request, as the database knows it this very moment.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub account_id: AccountId,
    pub session_id: SessionId,
    pub account_state: AccountState,
    pub stepped_up: bool,
    pub new_processing: NewProcessing,
    /// Whether a browser of the person asked for Global Privacy Control before.
    pub gpc_seen: bool,
}

/// Opens, renews and ends sessions.
#[derive(Clone)]
pub struct SessionService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub passwords: Passwords,
    pub access: AccessTokens<OfPerson>,
    pub throttles: Throttles,
    pub outbox: OutboxService,
    pub places: Places,
    pub links: Links,
}

impl SessionService {
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
            stepped_up: standing.is_stepped_up(now),
            new_processing: if standing.accepted_policy_version < standing.current_policy_version {
                NewProcessing::NeedsAcceptance
            } else if standing.service_withdrawn {
                NewProcessing::ServiceWithdrawn
            } else {
                NewProcessing::Allowed
            },
            gpc_seen: standing.gpc_seen,
        })
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
}
