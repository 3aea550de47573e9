//! Bodies of a step-up, and of the codes that it and a sign-in send.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, Secret};
use crate::{
    domain::{factor::StepUpMethod, ids::SessionId, time::Timestamp},
    services::sessions::{SentCode, SteppedUp},
};

/// A code is on its way.
#[derive(Serialize, ToSchema)]
#[schema(as = SentCode)]
pub struct SentCodeView {
    /// When the code lapses.
    pub expires_at: Timestamp,
}

impl From<&SentCode> for SentCodeView {
    fn from(sent: &SentCode) -> Self {
        Self { expires_at: sent.expires_at }
    }
}

/// Which code of a step-up to send.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SendStepUpCode {
    /// `sms`, or `password_and_email` where there is no second factor.
    pub method: StepUpMethod,
}

/// What proves once more who it is.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StepUpSession {
    /// How the person proves it.
    pub method: StepUpMethod,
    /// Six digits of the app, eight digits of the SMS or mail, or a recovery code.
    #[schema(value_type = String, min_length = 6, max_length = 24, pattern = "^[0-9A-Za-z -]+$")]
    pub code: Secret<24>,
    /// The password, with `password_and_email` alone.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 256, format = Password)]
    pub password: Option<Secret<1024>>,
}

/// The session knows its person again.
#[derive(Serialize, ToSchema)]
#[schema(as = SteppedUp)]
pub struct SteppedUpView {
    /// Identifies the session.
    pub session_id: SessionId,
    /// Until when the session may do what cannot be taken back.
    pub stepped_up_until: Timestamp,
}

impl From<&SteppedUp> for SteppedUpView {
    fn from(stepped_up: &SteppedUp) -> Self {
        Self { session_id: stepped_up.session_id, stepped_up_until: stepped_up.until }
    }
}

impl Example for SentCodeView {
    fn example() -> Value {
        json!({ "expires_at": "2026-03-01T09:40:00.000000Z" })
    }
}

impl Example for SendStepUpCode {
    fn example() -> Value {
        json!({ "method": "password_and_email" })
    }
}

impl Example for StepUpSession {
    fn example() -> Value {
        json!({ "method": "password_and_email", "code": "48151623", "password": "seven violins at dawn" })
    }
}

impl Example for SteppedUpView {
    fn example() -> Value {
        json!({
            "session_id": "ses_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "stepped_up_until": "2026-03-01T09:51:12.000000Z",
        })
    }
}
