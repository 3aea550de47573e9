//! Bodies of registration and its verification.

use std::collections::HashSet;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::{
    AccountView, Example, MailedCode, RefreshDelivery, Secret, SessionTokens, Sha256Hex, member, secret,
};
use crate::domain::{
    email::Email,
    language::LanguageTag,
    phone::PhoneNumber,
    purpose::{LawfulBasis, Purpose},
    real_name::RealName,
    time::Timestamp,
};

/// What a person fills in to open an account.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RegisterAccount {
    /// The address that the code goes to.
    pub email: Email,
    /// The person's real name (clause 1.1).
    pub real_name: RealName,
    /// 12 to 256 characters, not breached, not guessable, not like name or address. No rules of
    /// composition.
    #[schema(value_type = String, min_length = 12, max_length = 256, format = Password)]
    pub password: Secret<1024>,
    /// The policy version that the person saw and accepts.
    #[schema(minimum = 1, maximum = 1_000_000)]
    #[validate(range(min = 1, max = 1_000_000))]
    pub policy_version: i32,
    /// The `content_hash` of that version, as shown.
    #[schema(value_type = String, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub policy_content_hash: Sha256Hex,
    /// A number for second-factor messages, if the person wishes (clause 1.2).
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub phone: Option<PhoneNumber>,
    /// The language to write to the person in; `Accept-Language` decides if it is absent.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub language: Option<LanguageTag>,
    /// What the person chose for each optional purpose. A purpose that is absent is not consented.
    #[serde(default)]
    #[schema(max_items = 16)]
    #[validate(length(max = 16), custom(function = "distinct_optional"))]
    pub consents: Vec<ConsentChoice>,
}

/// Yes or no to one purpose.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentChoice {
    /// The purpose that was asked.
    pub purpose: Purpose,
    /// Whether the person agreed.
    pub granted: bool,
}

fn distinct_optional(choices: &[ConsentChoice]) -> Result<(), ValidationError> {
    let mut seen = HashSet::new();
    for choice in choices {
        if choice.purpose.is_by_policy() {
            return Err(ValidationError::new("purpose_by_policy"));
        }
        if choice.purpose.lawful_basis() != LawfulBasis::Consent {
            return Err(ValidationError::new("purpose_not_by_consent"));
        }
        if !seen.insert(choice.purpose) {
            return Err(ValidationError::new("purpose_twice"));
        }
    }
    Ok(())
}

/// A registration that waits for its code.
#[derive(Serialize, ToSchema)]
#[schema(as = Registration)]
pub struct RegistrationView {
    /// Keep it until the code comes; it is needed beside the code and never mailed.
    #[serde(serialize_with = "secret")]
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub registration_id: SecretString,
    /// When the code lapses.
    pub expires_at: Timestamp,
}

/// What proves that the registrant reads the address.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct VerifyAccount {
    /// As the registration answered.
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub registration_id: Secret<71>,
    /// Eight digits, as mailed.
    #[schema(value_type = String, min_length = 8, max_length = 8, pattern = "^[0-9]{8}$")]
    pub code: MailedCode,
    /// How the refresh token comes back.
    #[serde(default)]
    #[schema(nullable = false)]
    pub refresh_delivery: RefreshDelivery,
}

/// A fresh account, signed in.
#[derive(Serialize, ToSchema)]
pub struct VerifiedAccount {
    /// The account.
    pub account: AccountView,
    /// A session on the registering device.
    pub session: SessionTokens,
}

impl Example for RegisterAccount {
    fn example() -> Value {
        json!({
            "email": "ada@example.org",
            "real_name": "Ada Lovelace",
            "password": "seven violins at dawn",
            "policy_version": 1,
            "policy_content_hash": member(&super::PolicyVersionView::example(), "content_hash"),
            "phone": "+64211234567",
            "language": "en-NZ",
            "consents": [
                {"purpose": "analytics", "granted": false},
                {"purpose": "innovations", "granted": true},
            ],
        })
    }
}

impl Example for RegistrationView {
    fn example() -> Value {
        json!({
            "registration_id": "AQAAAAEBmMjysdB8P54hpLfG1eTz3q2-7wHc0V9J5kqkq0sYw3x8f2m1N4bV6cZ8aQ0pL1E",
            "expires_at": "2026-03-01T09:40:00.000000Z",
        })
    }
}

impl Example for VerifyAccount {
    fn example() -> Value {
        json!({ "registration_id": member(&RegistrationView::example(), "registration_id"), "code": "48151623", "refresh_delivery": "body" })
    }
}

impl Example for VerifiedAccount {
    fn example() -> Value {
        json!({ "account": AccountView::example(), "session": SessionTokens::example() })
    }
}
