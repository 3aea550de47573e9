//! Bodies of the profile, its history and its confirmation.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, exposed, exposed_option};
use crate::{
    domain::{
        account::{AccountState, DataConfirmation, Profile, ProfileChanges, ProfileField},
        display_name::DisplayName,
        email::Email,
        ids::{AccountId, DataConfirmationId},
        language::LanguageTag,
        personal::PersonalText,
        phone::PhoneNumber,
        real_name::RealName,
        time::Timestamp,
        time_zone::TimeZone,
    },
    services::{accounts::ChangePage, profiles::AccountChange},
};

/// The person's own account.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountView {
    /// Identifies the account.
    pub account_id: AccountId,
    /// What the account may do.
    pub state: AccountState,
    /// The real name.
    #[serde(serialize_with = "exposed")]
    pub real_name: RealName,
    /// The user name that the platform shows.
    #[serde(serialize_with = "exposed_option")]
    #[schema(required)]
    pub display_name: Option<DisplayName>,
    /// The verified address.
    #[serde(serialize_with = "exposed")]
    pub email: Email,
    /// When the address was verified.
    pub email_verified_at: Timestamp,
    /// The number for second-factor messages.
    #[serde(serialize_with = "exposed_option")]
    #[schema(required)]
    pub phone: Option<PhoneNumber>,
    /// When the number was verified.
    #[schema(required)]
    pub phone_verified_at: Option<Timestamp>,
    /// The language to write to the person in.
    #[serde(serialize_with = "exposed")]
    pub language: LanguageTag,
    /// The time zone in whose days ages and deadlines count.
    #[serde(serialize_with = "exposed_option")]
    #[schema(required)]
    pub time_zone: Option<TimeZone>,
    /// When the person last confirmed these data as complete and true (clause 3.8).
    #[schema(required)]
    pub confirmed_at: Option<Timestamp>,
    /// When the profile last changed.
    pub updated_at: Timestamp,
}

impl AccountView {
    pub fn new(profile: Profile, state: AccountState) -> Self {
        Self {
            account_id: profile.account_id,
            state,
            real_name: profile.real_name,
            display_name: profile.display_name,
            email: profile.email,
            email_verified_at: profile.email_verified_at,
            phone: profile.phone,
            phone_verified_at: profile.phone_verified_at,
            language: profile.language,
            time_zone: profile.time_zone,
            confirmed_at: profile.confirmed_at,
            updated_at: profile.updated_at,
        }
    }
}

/// What the person changes: absent fields stay, `null` clears one that may be empty.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct UpdateAccount {
    /// The new real name.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub real_name: Option<RealName>,
    /// The new user name.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<DisplayName>)]
    pub display_name: Option<Option<DisplayName>>,
    /// The new language.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub language: Option<LanguageTag>,
    /// The new time zone.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<TimeZone>)]
    pub time_zone: Option<Option<TimeZone>>,
}

impl From<UpdateAccount> for ProfileChanges {
    fn from(update: UpdateAccount) -> Self {
        Self {
            real_name: update.real_name,
            display_name: update.display_name,
            language: update.language,
            time_zone: update.time_zone,
        }
    }
}

/// What a field of the profile was before a change (clause 3.9).
#[derive(Serialize, ToSchema)]
#[schema(as = AccountChange)]
pub struct AccountChangeView {
    /// The number of the change among the person's events; later ones are larger.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub sequence: i64,
    /// The field that changed.
    pub field: ProfileField,
    /// What it was.
    #[serde(serialize_with = "exposed_option")]
    #[schema(value_type = Option<String>, required, max_length = 254)]
    pub old_value: Option<PersonalText>,
    /// When it changed.
    pub changed_at: Timestamp,
}

/// A page of changes, newest first.
#[derive(Serialize, ToSchema)]
pub struct AccountChangePage {
    /// The changes.
    #[schema(max_items = 100)]
    pub data: Vec<AccountChangeView>,
    /// Where the next page begins.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl AccountChangePage {
    pub fn new(page: ChangePage) -> Self {
        let view = |change: AccountChange| AccountChangeView {
            sequence: change.sequence,
            field: change.field,
            old_value: change.old_value,
            changed_at: change.changed_at,
        };
        Self { data: page.changes.into_iter().map(view).collect(), next_cursor: page.next_cursor }
    }
}

/// The person's word that the data held are complete and true.
#[derive(Serialize, ToSchema)]
#[schema(as = DataConfirmation)]
pub struct DataConfirmationView {
    /// Identifies the confirmation.
    pub data_confirmation_id: DataConfirmationId,
    /// The version of the profile that was confirmed, as in its `ETag`.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub profile_version: i64,
    /// When it was confirmed.
    pub confirmed_at: Timestamp,
}

impl From<&DataConfirmation> for DataConfirmationView {
    fn from(confirmation: &DataConfirmation) -> Self {
        Self {
            data_confirmation_id: confirmation.id,
            profile_version: confirmation.profile_version,
            confirmed_at: confirmation.confirmed_at,
        }
    }
}

impl Example for AccountView {
    fn example() -> Value {
        json!({
            "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "state": "active",
            "real_name": "Ada Lovelace",
            "display_name": null,
            "email": "ada@example.org",
            "email_verified_at": "2026-03-01T09:31:12.000000Z",
            "phone": "+64211234567",
            "phone_verified_at": null,
            "language": "en-NZ",
            "time_zone": null,
            "confirmed_at": null,
            "updated_at": "2026-03-01T09:31:12.000000Z",
        })
    }
}

impl Example for UpdateAccount {
    fn example() -> Value {
        json!({ "display_name": "ada", "time_zone": "Pacific/Auckland" })
    }
}

impl Example for AccountChangePage {
    fn example() -> Value {
        json!({
            "data": [{
                "sequence": 9,
                "field": "real_name",
                "old_value": "Ada Byron",
                "changed_at": "2026-03-02T10:00:00.000000Z",
            }],
            "next_cursor": null,
        })
    }
}

impl Example for DataConfirmationView {
    fn example() -> Value {
        json!({
            "data_confirmation_id": "dcf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "profile_version": 1,
            "confirmed_at": "2026-03-02T10:00:00.000000Z",
        })
    }
}
