//! An account: the relation between a data subject and the platform.

use chrono::TimeDelta;

use super::{
    display_name::DisplayName,
    email::Email,
    evidence::Act,
    ids::{AccountId, DataConfirmationId, LeafId},
    language::LanguageTag,
    phone::PhoneNumber,
    real_name::RealName,
    sealed::Sealed,
    time::Timestamp,
    time_zone::TimeZone,
};

/// What an account may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Everything the person's consents allow.
    Active,
    /// Reading own data and narrowing processing only.
    Restricted,
    /// On its way out; nothing new begins.
    Closing,
    /// Ended.
    Closed,
}

impl AccountState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Restricted => "restricted",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Restricted, Self::Closing, Self::Closed]
            .into_iter()
            .find(|state| state.as_str() == text)
    }

    /// Whether a person may hold a session at all.
    pub const fn may_sign_in(self) -> bool {
        !matches!(self, Self::Closed)
    }
}

/// Why an account is in its state, with the clause of the policy that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateReason {
    /// The registration was verified.
    Opened,
    /// The person took the closure back.
    ClosureWithdrawn,
    /// The restriction was lifted.
    RestrictionLifted,
    /// Something about the account's security is being looked into.
    SecurityReview,
    /// The person abused the service (clauses 2.4 and 6.3).
    Banned,
    /// What a verification asked for did not come in time (clause 1.3).
    VerificationOverdue,
    /// A verification was refused.
    VerificationRejected,
    /// A verification stands no longer in the way.
    VerificationSettled,
    /// The person asked to close the account.
    ClosureRequested,
    /// The time to take the closure back has passed.
    ClosureCompleted,
    /// The person's data were erased at their request.
    Erased,
}

impl StateReason {
    pub const ALL: [Self; 11] = [
        Self::Opened,
        Self::ClosureWithdrawn,
        Self::RestrictionLifted,
        Self::SecurityReview,
        Self::Banned,
        Self::VerificationOverdue,
        Self::VerificationRejected,
        Self::VerificationSettled,
        Self::ClosureRequested,
        Self::ClosureCompleted,
        Self::Erased,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::ClosureWithdrawn => "closure_withdrawn",
            Self::RestrictionLifted => "restriction_lifted",
            Self::SecurityReview => "security_review",
            Self::Banned => "banned",
            Self::VerificationOverdue => "verification_overdue",
            Self::VerificationRejected => "verification_rejected",
            Self::VerificationSettled => "verification_settled",
            Self::ClosureRequested => "closure_requested",
            Self::ClosureCompleted => "closure_completed",
            Self::Erased => "erased",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    /// The clause that lets the service do so.
    pub const fn clause(self) -> &'static str {
        match self {
            Self::Opened => "1.1",
            Self::VerificationOverdue | Self::VerificationRejected | Self::VerificationSettled => "1.3",
            Self::SecurityReview | Self::RestrictionLifted => "2.3",
            Self::Banned => "2.4",
            Self::ClosureRequested | Self::ClosureWithdrawn | Self::ClosureCompleted => "7.6",
            Self::Erased => "7.1",
        }
    }

    /// The state that an account enters for this reason.
    pub const fn state(self) -> AccountState {
        match self {
            Self::Opened | Self::ClosureWithdrawn | Self::RestrictionLifted | Self::VerificationSettled => {
                AccountState::Active
            }
            Self::SecurityReview | Self::Banned | Self::VerificationOverdue | Self::VerificationRejected => {
                AccountState::Restricted
            }
            Self::ClosureRequested => AccountState::Closing,
            Self::ClosureCompleted | Self::Erased => AccountState::Closed,
        }
    }

    /// What the log calls it.
    pub const fn act(self) -> Act {
        let name = match self {
            Self::Opened => "account.opened",
            Self::SecurityReview | Self::Banned | Self::VerificationOverdue | Self::VerificationRejected => {
                "account.restricted"
            }
            Self::RestrictionLifted | Self::VerificationSettled => "account.restriction_lifted",
            Self::ClosureRequested => "account.closing",
            Self::ClosureWithdrawn => "account.reopened",
            Self::ClosureCompleted | Self::Erased => "account.closed",
        };
        Act { name, object: "account", clause: self.clause() }
    }

    /// The states that it can be entered from.
    pub const fn from_states(self) -> &'static [AccountState] {
        match self {
            Self::Opened => &[],
            // Ends a closure that is under way: whoever took the account over does not run away with it.
            // And takes the place of a lesser restriction, which could be lifted by handing something in.
            Self::SecurityReview | Self::Banned => {
                &[AccountState::Active, AccountState::Closing, AccountState::Restricted]
            }
            // Not from a restriction: taking the closure back would lift that.
            Self::ClosureRequested | Self::VerificationOverdue | Self::VerificationRejected => {
                &[AccountState::Active]
            }
            Self::RestrictionLifted | Self::VerificationSettled => &[AccountState::Restricted],
            Self::ClosureWithdrawn | Self::ClosureCompleted => &[AccountState::Closing],
            Self::Erased => {
                &[AccountState::Active, AccountState::Restricted, AccountState::Closing, AccountState::Closed]
            }
        }
    }
}

/// How long a person can take a closure back.
pub const CLOSURE_GRACE: TimeDelta = TimeDelta::days(14);

/// After a password was reset, nothing is exported or erased for so long: whoever reset it may not
/// be the person, and the person shall have time to notice.
pub const WAIT_AFTER_RESET: TimeDelta = TimeDelta::hours(72);

/// How long the data of a profile count as confirmed (clause 3.8).
pub const CONFIRMATION_LASTS: TimeDelta = TimeDelta::days(365);

/// The reminders of a confirmation that is due: so long after each other.
pub const REMINDERS: [TimeDelta; 3] = [TimeDelta::days(14), TimeDelta::days(16), TimeDelta::days(335)];

/// An account's state, why, since when, and until when it can be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub state: AccountState,
    pub reason: StateReason,
    pub since: Timestamp,
    pub closes_at: Option<Timestamp>,
}

/// An account without anything that names its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub state: AccountState,
    pub reason: StateReason,
    /// Sessions of an earlier epoch are dead.
    pub epoch: i64,
    pub accepted_policy_version: i32,
    pub created_at: Timestamp,
}

/// The profile as it rests in the database.
#[derive(Clone, Debug)]
pub struct SealedProfile {
    pub account_id: AccountId,
    /// Rises with every change; the `ETag` of the profile.
    pub version: i64,
    pub real_name: Sealed<RealName>,
    pub display_name: Option<Sealed<DisplayName>>,
    pub email: Sealed<Email>,
    pub phone: Option<Sealed<PhoneNumber>>,
    pub language: Sealed<LanguageTag>,
    pub time_zone: Option<Sealed<TimeZone>>,
    pub email_verified_at: Timestamp,
    pub phone_verified_at: Option<Timestamp>,
    pub confirmed_at: Option<Timestamp>,
    /// When the person is next asked to confirm the data.
    pub reminder_due_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// The profile as its person sees it.
#[derive(Clone, Debug)]
pub struct Profile {
    pub account_id: AccountId,
    pub version: i64,
    pub real_name: RealName,
    pub display_name: Option<DisplayName>,
    pub email: Email,
    pub phone: Option<PhoneNumber>,
    pub language: LanguageTag,
    pub time_zone: Option<TimeZone>,
    pub email_verified_at: Timestamp,
    pub phone_verified_at: Option<Timestamp>,
    pub confirmed_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// A field of the profile whose changes are kept (clause 3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProfileField {
    RealName,
    DisplayName,
    Email,
    Phone,
    Language,
    TimeZone,
}

impl ProfileField {
    pub const ALL: [Self; 6] =
        [Self::RealName, Self::DisplayName, Self::Email, Self::Phone, Self::Language, Self::TimeZone];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RealName => "real_name",
            Self::DisplayName => "display_name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Language => "language",
            Self::TimeZone => "time_zone",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == text)
    }
}

/// What a person wants changed; the outer `None` leaves a field, the inner one clears it.
#[derive(Clone, Debug, Default)]
pub struct ProfileChanges {
    pub real_name: Option<RealName>,
    pub display_name: Option<Option<DisplayName>>,
    pub language: Option<LanguageTag>,
    pub time_zone: Option<Option<TimeZone>>,
}

/// The person's word that the data held are complete and true (clause 3.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataConfirmation {
    pub account_id: AccountId,
    pub sequence: i64,
    pub id: DataConfirmationId,
    pub profile_version: i64,
    pub confirmed_at: Timestamp,
    pub leaf_id: LeafId,
}
