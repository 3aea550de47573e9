//! Bodies of what keeps an account its owner's: factors, contacts, state.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;
use zeroize::Zeroizing;

use super::{Example, MailedCode, Secret, shown};
use crate::{
    domain::{
        account::{AccountState, Profile, Standing, StateReason},
        email::Email,
        factor::StepUpMethod,
        ids::{EmailChangeId, PhoneChangeId},
        phone::PhoneNumber,
        time::Timestamp,
    },
    services::accounts::{ChangeAsked, ProposedTotp, RecoveryCodes, Security},
};

/// How well the account is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountSecurity)]
pub struct AccountSecurityView {
    /// What the account may do.
    pub state: AccountState,
    /// Why.
    pub state_reason: StateReason,
    /// The clause of the policy that says so.
    #[schema(max_length = 8, example = "1.1")]
    pub state_clause: String,
    /// Since when.
    pub state_since: Timestamp,
    /// Until when a closure can be taken back.
    #[schema(required)]
    pub closes_at: Option<Timestamp>,
    /// When the password was chosen.
    pub password_changed_at: Timestamp,
    /// Since when an authenticator app is a second factor.
    #[schema(required)]
    pub totp_since: Option<Timestamp>,
    /// Since when the phone is a second factor.
    #[schema(required)]
    pub phone_since: Option<Timestamp>,
    /// Recovery codes that were not used.
    #[schema(minimum = 0, maximum = 10)]
    pub recovery_codes_left: i64,
    /// How this account steps up.
    #[schema(max_items = 4)]
    pub step_up_methods: Vec<StepUpMethod>,
    /// Until when nothing is exported or erased, because the password was reset.
    #[schema(required)]
    pub data_rights_wait_until: Option<Timestamp>,
}

impl AccountSecurityView {
    pub fn new(security: &Security) -> Self {
        Self {
            state: security.standing.state,
            state_reason: security.standing.reason,
            state_clause: security.standing.reason.clause().to_owned(),
            state_since: security.standing.since,
            closes_at: security.standing.closes_at,
            password_changed_at: security.password_changed_at,
            totp_since: security.factors.totp_since,
            phone_since: security.factors.phone_since,
            recovery_codes_left: security.factors.recovery_codes_left,
            step_up_methods: security.factors.step_up_methods(),
            data_rights_wait_until: security.waits_until,
        }
    }
}

/// The state of a closure.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountClosure)]
pub struct AccountClosureView {
    /// What the account may do.
    pub state: AccountState,
    /// Why.
    pub state_reason: StateReason,
    /// The clause of the policy that says so.
    #[schema(max_length = 8, example = "7.6")]
    pub state_clause: String,
    /// Since when.
    pub state_since: Timestamp,
    /// Until when the closure can be taken back.
    #[schema(required)]
    pub closes_at: Option<Timestamp>,
}

impl From<&Standing> for AccountClosureView {
    fn from(standing: &Standing) -> Self {
        Self {
            state: standing.state,
            state_reason: standing.reason,
            state_clause: standing.reason.clause().to_owned(),
            state_since: standing.since,
            closes_at: standing.closes_at,
        }
    }
}

/// The email that the account is to have.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RequestEmailChange {
    /// The new address; a code goes there.
    pub email: Email,
}

/// The phone that the account is to have.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RequestPhoneChange {
    /// The number; a code goes there.
    pub phone: PhoneNumber,
}

/// A new email that waits for its code.
#[derive(Serialize, ToSchema)]
#[schema(as = EmailChange)]
pub struct EmailChangeView {
    /// Identifies the change.
    pub email_change_id: EmailChangeId,
    /// When the code lapses.
    pub expires_at: Timestamp,
}

impl From<&ChangeAsked> for EmailChangeView {
    fn from(asked: &ChangeAsked) -> Self {
        Self { email_change_id: EmailChangeId::from_uuid(asked.id.as_uuid()), expires_at: asked.expires_at }
    }
}

/// A new phone that waits for its code.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneChange)]
pub struct PhoneChangeView {
    /// Identifies the change.
    pub phone_change_id: PhoneChangeId,
    /// When the code lapses.
    pub expires_at: Timestamp,
}

impl From<&ChangeAsked> for PhoneChangeView {
    fn from(asked: &ChangeAsked) -> Self {
        Self { phone_change_id: PhoneChangeId::from_uuid(asked.id.as_uuid()), expires_at: asked.expires_at }
    }
}

/// The code that was mailed or sent.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ConfirmCode {
    /// Eight digits.
    #[schema(value_type = String, min_length = 8, max_length = 8, pattern = "^[0-9]{8}$")]
    pub code: MailedCode,
}

/// Email or phone have changed.
#[derive(Serialize, ToSchema)]
#[schema(as = ContactChanged)]
pub struct ContactChangedView {
    /// When.
    pub changed_at: Timestamp,
}

impl From<&Profile> for ContactChangedView {
    fn from(profile: &Profile) -> Self {
        Self { changed_at: profile.updated_at }
    }
}

/// A secret for an authenticator app, not in force before its first code.
#[derive(Serialize, ToSchema)]
#[schema(as = ProposedTotp)]
pub struct ProposedTotpView {
    /// What an app takes up (`otpauth://totp/…`).
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, max_length = 1024)]
    pub otpauth_url: Zeroizing<String>,
    /// The secret in base 32, to be typed.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, max_length = 64)]
    pub secret: Zeroizing<String>,
    /// The address as a QR code: an SVG image as a `data:` URL.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, max_length = 65536)]
    pub qr_image: Zeroizing<String>,
    /// When the proposal lapses without a code.
    pub expires_at: Timestamp,
}

impl ProposedTotpView {
    pub fn new(proposed: ProposedTotp) -> Self {
        let image = STANDARD.encode(proposed.qr_image.as_bytes());
        Self {
            otpauth_url: proposed.otpauth_url,
            secret: proposed.secret,
            qr_image: Zeroizing::new(format!("data:image/svg+xml;base64,{image}")),
            expires_at: proposed.expires_at,
        }
    }
}

/// The first code of an authenticator app.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ConfirmTotp {
    /// Six digits.
    #[schema(value_type = String, min_length = 6, max_length = 6, pattern = "^[0-9]{6}$")]
    pub code: Secret<6>,
}

/// A second factor was added or removed.
#[derive(Serialize, ToSchema)]
#[schema(as = FactorChanged)]
pub struct FactorChangedView {
    /// When, and every other session ended.
    pub changed_at: Timestamp,
}

impl From<&Timestamp> for FactorChangedView {
    fn from(changed_at: &Timestamp) -> Self {
        Self { changed_at: *changed_at }
    }
}

/// A recovery code; case and dashes mean nothing.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 19, max_length = 19, pattern = "^[0-9a-z]{4}(-[0-9a-z]{4}){3}$", example = "7m3k-x9pq-2hcv-0tzn")]
pub struct RecoveryCodeText(#[serde(serialize_with = "shown")] Zeroizing<String>);

/// Fresh recovery codes; they are shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub struct RecoveryCodesView {
    /// The codes, each good once. All earlier ones are void.
    #[schema(max_items = 10)]
    pub codes: Vec<RecoveryCodeText>,
    /// When they were made.
    pub made_at: Timestamp,
}

impl RecoveryCodesView {
    pub fn new(made: &RecoveryCodes) -> Self {
        Self { codes: made.codes.iter().cloned().map(RecoveryCodeText).collect(), made_at: made.made_at }
    }
}

impl Example for AccountSecurityView {
    fn example() -> Value {
        json!({
            "state": "active",
            "state_reason": "opened",
            "state_clause": "1.1",
            "state_since": "2026-03-01T09:31:12.000000Z",
            "closes_at": null,
            "password_changed_at": "2026-03-01T09:31:12.000000Z",
            "totp_since": "2026-03-01T09:40:00.000000Z",
            "phone_since": null,
            "recovery_codes_left": 10,
            "step_up_methods": ["totp", "recovery_code"],
            "data_rights_wait_until": null,
        })
    }
}

impl Example for AccountClosureView {
    fn example() -> Value {
        json!({
            "state": "closing",
            "state_reason": "closure_requested",
            "state_clause": "7.6",
            "state_since": "2026-03-01T09:31:12.000000Z",
            "closes_at": "2026-03-15T09:31:12.000000Z",
        })
    }
}

impl Example for RequestEmailChange {
    fn example() -> Value {
        json!({ "email": "ada.king@example.org" })
    }
}

impl Example for RequestPhoneChange {
    fn example() -> Value {
        json!({ "phone": "+64217654321" })
    }
}

impl Example for ConfirmCode {
    fn example() -> Value {
        json!({ "code": "48151623" })
    }
}

impl Example for EmailChangeView {
    fn example() -> Value {
        json!({
            "email_change_id": "emc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "expires_at": "2026-03-01T09:46:12.000000Z",
        })
    }
}

impl Example for PhoneChangeView {
    fn example() -> Value {
        json!({
            "phone_change_id": "phc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "expires_at": "2026-03-01T09:46:12.000000Z",
        })
    }
}

impl Example for ContactChangedView {
    fn example() -> Value {
        json!({ "changed_at": "2026-03-01T09:31:12.000000Z" })
    }
}

impl Example for ProposedTotpView {
    fn example() -> Value {
        json!({
            "otpauth_url": "otpauth://totp/Smart-mining:ada%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Smart-mining",
            "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "qr_image": "data:image/svg+xml;base64,PHN2Zy8+",
            "expires_at": "2026-03-01T09:46:12.000000Z",
        })
    }
}

impl Example for ConfirmTotp {
    fn example() -> Value {
        json!({ "code": "481516" })
    }
}

impl Example for FactorChangedView {
    fn example() -> Value {
        json!({ "changed_at": "2026-03-01T09:31:12.000000Z" })
    }
}

impl Example for RecoveryCodesView {
    fn example() -> Value {
        json!({
            "codes": ["7m3k-x9pq-2hcv-0tzn", "w4d8-r6fj-5b1s-ye2a"],
            "made_at": "2026-03-01T09:31:12.000000Z",
        })
    }
}
