//! Bodies of sessions and of the keys that sign their tokens.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, Secret, exposed_option, member, secret};
use crate::{
    domain::{
        email::Email,
        ids::{AccountId, DeviceId, SessionId},
        personal::PersonalText,
        time::Timestamp,
    },
    services::{
        sessions::{OpenSession, SessionPage, SignedIn},
        tokens::access::PublicKey,
    },
};

/// Email and password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The address of the account.
    pub email: Email,
    /// The password.
    #[schema(value_type = String, min_length = 1, max_length = 256, format = Password)]
    pub password: Secret<1024>,
}

/// A refresh token, to be exchanged.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RefreshSession {
    /// The refresh token of the last answer.
    #[schema(value_type = String, min_length = 71, max_length = 71)]
    pub refresh_token: Secret<71>,
}

/// What a signed-in person holds.
#[derive(Serialize, ToSchema)]
pub struct SessionTokens {
    /// Identifies the session.
    pub session_id: SessionId,
    /// The account that is signed in.
    pub account_id: AccountId,
    /// A JWT, to be sent as `Authorization: Bearer`.
    #[serde(serialize_with = "secret")]
    #[schema(value_type = String, max_length = 2048)]
    pub access_token: SecretString,
    /// When the access token lapses; ten minutes after it was made.
    pub access_expires_at: Timestamp,
    /// Good for one exchange at `/v1/sessions/refresh`.
    #[serde(serialize_with = "secret")]
    #[schema(value_type = String, min_length = 71, max_length = 71)]
    pub refresh_token: SecretString,
    /// When the refresh token lapses.
    pub refresh_expires_at: Timestamp,
}

impl SessionTokens {
    pub fn new(signed_in: SignedIn) -> Self {
        Self {
            session_id: signed_in.session_id,
            account_id: signed_in.account_id,
            access_token: signed_in.access_token,
            access_expires_at: signed_in.access_expires_at,
            refresh_token: signed_in.refresh_token,
            refresh_expires_at: signed_in.refresh_expires_at,
        }
    }
}

/// Which kind of answer a sign-in got.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInSucceeded {
    SignedIn,
}

/// The sign-in succeeded.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub struct SignedInView {
    /// Always `signed_in`; another kind of answer has another value and other fields.
    pub result: SignInSucceeded,
    /// The new session.
    pub session: SessionTokens,
}

impl SignedInView {
    pub fn new(signed_in: SignedIn) -> Self {
        Self { result: SignInSucceeded::SignedIn, session: SessionTokens::new(signed_in) }
    }
}

/// A live session of the person.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// Identifies the session.
    pub session_id: SessionId,
    /// Whether this request came with it.
    pub current: bool,
    /// The device that it lives on.
    pub device_id: DeviceId,
    /// What the device's program called itself.
    #[serde(serialize_with = "exposed_option")]
    #[schema(value_type = Option<String>, required, max_length = 300)]
    pub user_agent: Option<PersonalText>,
    /// When it began.
    pub created_at: Timestamp,
    /// When its tokens were last renewed.
    pub last_used_at: Timestamp,
    /// When it ends, however it is used.
    pub expires_at: Timestamp,
}

/// A page of sessions, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionPage)]
pub struct SessionPageView {
    /// The sessions.
    #[schema(max_items = 100)]
    pub data: Vec<SessionView>,
    /// Where the next page begins.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl SessionPageView {
    pub fn new(page: SessionPage, current: SessionId) -> Self {
        let view = |OpenSession { session, user_agent }: OpenSession| SessionView {
            session_id: session.id,
            current: session.id == current,
            device_id: session.device_id,
            user_agent,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        };
        Self { data: page.sessions.into_iter().map(view).collect(), next_cursor: page.next_cursor }
    }
}

/// A session that has ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedSession)]
pub struct EndedSessionView {
    /// Identifies the session.
    pub session_id: SessionId,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// A public key that verifies access tokens (RFC 8037).
#[derive(Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub struct SigningKeyView {
    /// Key type.
    #[schema(max_length = 8, example = "OKP")]
    pub kty: String,
    /// Curve.
    #[schema(max_length = 16, example = "Ed25519")]
    pub crv: String,
    /// Algorithm.
    #[schema(max_length = 16, example = "EdDSA")]
    pub alg: String,
    /// Use.
    #[serde(rename = "use")]
    #[schema(max_length = 8, example = "sig")]
    pub usage: String,
    /// Identifies the key; tokens name it in their header.
    #[schema(max_length = 32, example = "person-1")]
    pub kid: String,
    /// The public key.
    #[schema(min_length = 43, max_length = 43, example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
}

/// The public keys in use (RFC 7517).
#[derive(Serialize, ToSchema)]
pub struct SigningKeySet {
    /// The keys, newest first.
    #[schema(max_items = 16)]
    pub keys: Vec<SigningKeyView>,
}

impl SigningKeySet {
    pub fn new(keys: Vec<PublicKey>) -> Self {
        let view = |key: PublicKey| SigningKeyView {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            kid: key.kid,
            x: key.x,
        };
        Self { keys: keys.into_iter().map(view).collect() }
    }
}

impl Example for CreateSession {
    fn example() -> Value {
        json!({ "email": "ada@example.org", "password": "seven violins at dawn" })
    }
}

impl Example for RefreshSession {
    fn example() -> Value {
        json!({ "refresh_token": member(&SessionTokens::example(), "refresh_token") })
    }
}

impl Example for SessionTokens {
    fn example() -> Value {
        json!({
            "session_id": "ses_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "access_token": "eyJ0eXAiOiJhdCtqd3Q7cGVyc29uIiwiYWxnIjoiRWREU0EiLCJraWQiOiJwZXJzb24tMSJ9.e30.c2ln",
            "access_expires_at": "2026-03-01T09:41:12.000000Z",
            "refresh_token": "AgAAAAEBmMjysdB8P54hpLfG1eTz3q2-7wHc0V9J5kqkq0sYw3x8f2m1N4bV6cZ8aQ0pL1E",
            "refresh_expires_at": "2026-03-15T09:31:12.000000Z",
        })
    }
}

impl Example for SignedInView {
    fn example() -> Value {
        json!({ "result": "signed_in", "session": SessionTokens::example() })
    }
}

impl Example for SessionPageView {
    fn example() -> Value {
        json!({
            "data": [{
                "session_id": "ses_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "current": true,
                "device_id": "dev_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "user_agent": "Mozilla/5.0",
                "created_at": "2026-03-01T09:31:12.000000Z",
                "last_used_at": "2026-03-01T09:31:12.000000Z",
                "expires_at": "2026-03-31T09:31:12.000000Z",
            }],
            "next_cursor": null,
        })
    }
}

impl Example for SigningKeySet {
    fn example() -> Value {
        json!({
            "keys": [{
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": "person-1",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            }],
        })
    }
}

impl Example for EndedSessionView {
    fn example() -> Value {
        json!({
            "session_id": "ses_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "ended_at": "2026-03-01T10:00:00.000000Z",
        })
    }
}
