//! Bodies of changing a password and of resetting a forgotten one.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, MailedCode, Secret, secret};
use crate::{
    domain::{email::Email, language::LanguageTag, time::Timestamp},
    services::accounts::PasswordWasReset,
};

/// The current password and the one to come.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password that stands.
    #[schema(value_type = String, min_length = 1, max_length = 256, format = Password)]
    pub current_password: Secret<1024>,
    /// The new one, judged like that of a registration.
    #[schema(value_type = String, min_length = 12, max_length = 256, format = Password)]
    pub new_password: Secret<1024>,
}

/// The password has changed.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordChanged)]
pub struct PasswordChangedView {
    /// When it changed, and every other session ended.
    pub changed_at: Timestamp,
}

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RequestPasswordReset {
    /// The address of the account.
    pub email: Email,
    /// The language of the mail; `Accept-Language` decides if it is absent.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub language: Option<LanguageTag>,
}

/// A reset that waits for its code.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordReset)]
pub struct PasswordResetView {
    /// Keep it until the code comes; it is needed beside the code and never mailed.
    #[serde(serialize_with = "secret")]
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub password_reset_token: SecretString,
    /// When the code lapses.
    pub expires_at: Timestamp,
}

/// The code and the new password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPasswordReset {
    /// As given when the reset was asked for.
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub password_reset_token: Secret<71>,
    /// The code from the mail.
    #[schema(value_type = String, min_length = 8, max_length = 8, pattern = "^[0-9]{8}$")]
    pub code: MailedCode,
    /// The new password, judged like that of a registration.
    #[schema(value_type = String, min_length = 12, max_length = 256, format = Password)]
    pub new_password: Secret<1024>,
}

/// The password was reset; every session has ended, and the second factor stands.
#[derive(Serialize, ToSchema)]
#[schema(as = PasswordResetDone)]
pub struct PasswordResetDoneView {
    /// When it was reset.
    pub reset_at: Timestamp,
    /// Until then nothing is exported or erased, so that the person can notice.
    pub waits_until: Timestamp,
}

impl From<&PasswordWasReset> for PasswordResetDoneView {
    fn from(done: &PasswordWasReset) -> Self {
        Self { reset_at: done.reset_at, waits_until: done.waits_until }
    }
}

impl Example for ChangePassword {
    fn example() -> Value {
        json!({ "current_password": "seven violins at dawn", "new_password": "nine cellos before dusk" })
    }
}

impl Example for PasswordChangedView {
    fn example() -> Value {
        json!({ "changed_at": "2026-03-01T09:31:12.000000Z" })
    }
}

impl Example for RequestPasswordReset {
    fn example() -> Value {
        json!({ "email": "ada@example.org", "language": "en-NZ" })
    }
}

impl Example for PasswordResetView {
    fn example() -> Value {
        json!({
            "password_reset_token": "BAAAAAEBmMjysdB8P54hpLfG1eTz3q2-7wHc0V9J5kqkq0sYw3x8f2m1N4bV6cZ8aQ0pL1E",
            "expires_at": "2026-03-01T09:46:12.000000Z",
        })
    }
}

impl Example for ConfirmPasswordReset {
    fn example() -> Value {
        json!({
            "password_reset_token": super::member(&PasswordResetView::example(), "password_reset_token"),
            "code": "48151623",
            "new_password": "nine cellos before dusk",
        })
    }
}

impl Example for PasswordResetDoneView {
    fn example() -> Value {
        json!({
            "reset_at": "2026-03-01T09:31:12.000000Z",
            "waits_until": "2026-03-04T09:31:12.000000Z",
        })
    }
}
