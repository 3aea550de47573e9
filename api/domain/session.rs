//! Sessions: a person signed in on one device.

use chrono::TimeDelta;

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
    /// Password and a second factor.
    Aal2,
}

impl AssuranceLevel {
    pub const fn as_number(self) -> i16 {
        match self {
            Self::Aal1 => 1,
            Self::Aal2 => 2,
        }
    }

    pub const fn from_number(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Aal1),
            2 => Some(Self::Aal2),
            _ => None,
        }
    }
}

/// How long a step-up stands.
pub const STEP_UP_LASTS: TimeDelta = TimeDelta::minutes(10);

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    SignedOut,
    Revoked,
    /// Ended from another session of the same person.
    OthersRevoked,
    /// By the link in the notice of a new device.
    RevokedByLink,
    /// A spent refresh token came back: somebody else holds a copy.
    RefreshReused,
    PasswordChanged,
    PasswordReset,
    FactorChanged,
    AccountClosing,
    AccountClosed,
    AccountRestricted,
    PolicyRefused,
}

impl SessionEnd {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::OthersRevoked => "others_revoked",
            Self::RevokedByLink => "revoked_by_link",
            Self::RefreshReused => "refresh_reused",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::FactorChanged => "factor_changed",
            Self::AccountClosing => "account_closing",
            Self::AccountClosed => "account_closed",
            Self::AccountRestricted => "account_restricted",
            Self::PolicyRefused => "policy_refused",
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
    /// Country and town of its address, if a database of places is at hand.
    pub place: Option<Sealed<PersonalText>>,
    pub assurance: AssuranceLevel,
    pub stepped_up_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// All that one request needs to know of its session, in one statement.
#[derive(Clone, Debug)]
pub struct SessionStanding {
    pub session_epoch: i64,
    pub assurance: AssuranceLevel,
    pub stepped_up_at: Option<Timestamp>,
    pub account_epoch: i64,
    pub account_state: AccountState,
    pub ended: bool,
    pub expires_at: Timestamp,
    pub accepted_policy_version: i32,
    pub current_policy_version: i32,
    /// Whether what the service cannot do without is withdrawn (clause 2.5).
    pub service_withdrawn: bool,
    /// Whether a browser of the person asked for Global Privacy Control before.
    pub gpc_seen: bool,
}

impl SessionStanding {
    /// Whether the session still speaks for its person at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.ended
            && self.session_epoch == self.account_epoch
            && self.account_state.may_sign_in()
            && now < self.expires_at
    }

    /// Whether the person proved to be there within the last minutes.
    pub fn is_stepped_up(&self, now: Timestamp) -> bool {
        self.stepped_up_at.is_some_and(|at| now < at.plus(STEP_UP_LASTS))
    }
}
