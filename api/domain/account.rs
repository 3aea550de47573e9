//! An account: the relation between a data subject and the platform.

use super::{
    display_name::DisplayName,
    email::Email,
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

/// An account without anything that names its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub state: AccountState,
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

/// A field of the profile that the person changes directly (clause 3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProfileField {
    RealName,
    DisplayName,
    Language,
    TimeZone,
}

impl ProfileField {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RealName => "real_name",
            Self::DisplayName => "display_name",
            Self::Language => "language",
            Self::TimeZone => "time_zone",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::RealName, Self::DisplayName, Self::Language, Self::TimeZone]
            .into_iter()
            .find(|field| field.as_str() == text)
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
