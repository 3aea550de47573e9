//! Sessions: a person signed in on one device.

use super::{
    account::AccountState,
    ids::{AccountId, DeviceId, SessionId},
    personal::PersonalText,
    sealed::Sealed,
    time::Timestamp,
};

/// How strongly the person behind a session is known (NIST SP 800-63B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssuranceLevel {
    /// One factor.
    Aal1,
}

impl AssuranceLevel {
    pub const fn as_number(self) -> i16 {
        match self {
            Self::Aal1 => 1,
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    SignedOut,
    Revoked,
    /// A spent refresh token came back: somebody else holds a copy.
    RefreshReused,
}

impl SessionEnd {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::RefreshReused => "refresh_reused",
        }
    }
}

/// A session as its person lists it.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub account_id: AccountId,
    pub device_id: DeviceId,
    pub user_agent: Option<Sealed<PersonalText>>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// All that one request needs to know of its session, in one statement.
#[derive(Clone, Debug)]
pub struct SessionStanding {
    pub session_epoch: i64,
    pub account_epoch: i64,
    pub account_state: AccountState,
    pub ended: bool,
    pub expires_at: Timestamp,
    pub accepted_policy_version: i32,
    pub current_policy_version: i32,
}

impl SessionStanding {
    /// Whether the session still speaks for its person at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.ended
            && self.session_epoch == self.account_epoch
            && self.account_state.may_sign_in()
            && now < self.expires_at
    }
}
