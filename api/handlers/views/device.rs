//! Bodies of what devices choose, and of the register of cookies.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, PurposeDefinitionView, Sha256Hex, member, policy_version};
use crate::{
    domain::{
        consent::{ConsentMethod, ConsentState},
        device::{COOKIES, Cookie, CookieName},
        purpose::Purpose,
        time::Timestamp,
    },
    problem::{FieldCode, Problem},
    services::consents::{DeviceChoice, DeviceConsents, DeviceStanding},
};

/// Yes or no of a device to one purpose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeviceConsentChoice)]
pub struct DeviceConsentChoice {
    /// The purpose: one that is asked of devices.
    pub purpose: Purpose,
    /// Whether the device's user agrees.
    pub granted: bool,
    /// The `definition_hash` of the words that were shown; needed to grant.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = String, nullable = false, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub definition_hash: Option<Sha256Hex>,
}

/// What a device chooses; what is not named stays as it is.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SetDeviceConsents {
    /// The choices.
    #[schema(min_items = 1, max_items = 16)]
    pub consents: Vec<DeviceConsentChoice>,
}

impl SetDeviceConsents {
    pub fn choices(&self) -> Result<Vec<DeviceChoice>, Problem> {
        if !(1..=16).contains(&self.consents.len()) {
            return Err(Problem::invalid("/consents", FieldCode::OutOfRange));
        }
        let mut seen = HashSet::new();
        let choice = |(n, choice): (usize, &DeviceConsentChoice)| {
            let refuse = |member, code| Err(Problem::invalid(format!("/consents/{n}/{member}"), code));
            if !choice.purpose.is_of_device() {
                return refuse("purpose", FieldCode::PurposeNotOfDevices);
            }
            if !seen.insert(choice.purpose) {
                return refuse("purpose", FieldCode::PurposeTwice);
            }
            let definition_hash = choice.definition_hash.as_ref().map(|hash| hash.0);
            if choice.granted && definition_hash.is_none() {
                return refuse("definition_hash", FieldCode::MissingField);
            }
            Ok(DeviceChoice { purpose: choice.purpose, granted: choice.granted, definition_hash })
        };
        self.consents.iter().enumerate().map(choice).collect()
    }
}

/// Where the consent to a purpose stands on a device.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceConsent)]
pub struct DeviceConsentView {
    /// The purpose, in the words in force.
    pub definition: PurposeDefinitionView,
    /// What was said on the device; `unset` is no refusal.
    pub state: ConsentState,
    /// Whether the device may be measured or counted for it.
    pub stands: bool,
    /// How it was expressed; `null` if nothing was.
    #[schema(required)]
    pub method: Option<ConsentMethod>,
    /// Whether the browser asked for Global Privacy Control when it was expressed.
    pub gpc: bool,
    /// When it was expressed; `null` if nothing was.
    #[schema(required)]
    pub given_at: Option<Timestamp>,
    /// When it lapses; `null` if it does not.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
}

impl From<&DeviceStanding> for DeviceConsentView {
    fn from(purpose: &DeviceStanding) -> Self {
        let last = purpose.last.as_ref();
        Self {
            definition: PurposeDefinitionView::from(&purpose.definition),
            state: purpose.standing.state,
            stands: purpose.standing.for_existing,
            method: last.map(|event| event.method),
            gpc: last.is_some_and(|event| event.gpc),
            given_at: last.map(|event| event.given_at),
            expires_at: last.and_then(|event| event.expires_at),
        }
    }
}

/// Everything that this device is asked.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceConsents)]
pub struct DeviceConsentsView {
    /// The version of the policy that defines the purposes.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub policy_version: i32,
    /// Whether the device was seen asking for Global Privacy Control.
    pub gpc: bool,
    /// The purposes.
    #[schema(max_items = 16)]
    pub consents: Vec<DeviceConsentView>,
}

impl DeviceConsentsView {
    pub fn new(device: &DeviceConsents) -> Self {
        Self {
            policy_version: device.policy_version,
            gpc: device.gpc,
            consents: device.purposes.iter().map(DeviceConsentView::from).collect(),
        }
    }
}

/// A cookie that the service sets.
#[derive(Serialize, ToSchema)]
#[schema(as = Cookie)]
pub struct CookieView {
    /// Its name on the wire.
    #[schema(max_length = 64, example = "__Host-device")]
    pub name: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The clause that names it.
    #[schema(max_length = 8, example = "2.1")]
    pub clause: String,
    /// How long a browser keeps it, in seconds.
    #[schema(minimum = 0, maximum = 31_536_000, example = 31_536_000)]
    pub max_age_seconds: i64,
    /// Whether scripts can read it.
    pub readable_by_scripts: bool,
    /// Whether it is sent to anybody else.
    pub third_party: bool,
    /// Whether it is set without asking, since the service needs it.
    pub strictly_necessary: bool,
    /// What it does, in words.
    #[schema(
        max_length = 400,
        example = "Recognises the browser, so that a sign-in on a new device is noticed."
    )]
    pub description: String,
}

/// Every cookie that the service sets.
#[derive(Serialize, ToSchema)]
pub struct CookieRegister {
    /// The cookies.
    #[schema(max_items = 32)]
    pub cookies: Vec<CookieView>,
}

impl CookieRegister {
    pub fn new(https: bool) -> Self {
        let view = |cookie: &Cookie| CookieView {
            name: cookie.name.on_the_wire(https).to_owned(),
            purpose: cookie.purpose,
            clause: cookie.clause.to_owned(),
            max_age_seconds: cookie.seconds,
            readable_by_scripts: false,
            third_party: false,
            strictly_necessary: matches!(cookie.name, CookieName::Device | CookieName::Refresh),
            description: cookie.text.to_owned(),
        };
        Self { cookies: COOKIES.iter().map(view).collect() }
    }
}

/// That Global Privacy Control is honoured (globalprivacycontrol.org, GPC Support Resource).
#[derive(Serialize, ToSchema)]
pub struct GpcSupport {
    /// Whether it is honoured.
    pub gpc: bool,
    /// Since when it is honoured as it is now.
    #[serde(rename = "lastUpdate")]
    pub last_update: chrono::NaiveDate,
}

impl GpcSupport {
    /// What this release says; the day is that of the rule's last change.
    pub fn current() -> Self {
        Self { gpc: true, last_update: chrono::NaiveDate::from_ymd_opt(2026, 11, 26).unwrap_or_default() }
    }
}

impl Example for SetDeviceConsents {
    fn example() -> Value {
        let definition = policy_version::first_definition(Purpose::Analytics);
        json!({ "consents": [
            { "purpose": "analytics", "granted": true, "definition_hash": member(&definition, "definition_hash") },
            { "purpose": "advertising", "granted": false },
        ] })
    }
}

impl Example for DeviceConsentsView {
    fn example() -> Value {
        json!({ "policy_version": 1, "gpc": false, "consents": [{
            "definition": policy_version::first_definition(Purpose::Analytics),
            "state": "granted",
            "stands": true,
            "method": "device_settings",
            "gpc": false,
            "given_at": "2026-03-01T09:30:00.000000Z",
            "expires_at": "2028-02-29T09:30:00.000000Z",
        }] })
    }
}

impl Example for CookieRegister {
    fn example() -> Value {
        json!(Self::new(true))
    }
}

impl Example for GpcSupport {
    fn example() -> Value {
        json!(Self::current())
    }
}
