//! Bodies of sessions: signing in, staying in, seeing and ending them.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, Secret, exposed_option, member, secret, secret_option};
use crate::{
    domain::{
        email::Email,
        ids::{AccountId, DeviceId, SessionId},
        personal::PersonalText,
        session::STEP_UP_LASTS,
        time::Timestamp,
    },
    services::sessions::{EndedSessions, OpenSession, SessionPage, SignedIn},
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
    /// How the refresh token comes back.
    #[serde(default)]
    #[schema(nullable = false)]
    pub refresh_delivery: RefreshDelivery,
}

/// How a refresh token reaches its client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefreshDelivery {
    /// In the answer, for apps that keep it safe themselves; the default.
    #[default]
    Body,
    /// As a cookie out of reach for scripts, for apps in a browser.
    Cookie,
}

/// A refresh token, to be exchanged.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RefreshSession {
    /// The refresh token of the last answer; absent if it comes as a cookie.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub refresh_token: Option<Secret<71>>,
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
    /// Good for one exchange at `/v1/sessions/refresh`; `null` if it went as a cookie.
    #[serde(serialize_with = "secret_option")]
    #[schema(value_type = Option<String>, required, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub refresh_token: Option<SecretString>,
    /// When the refresh token lapses.
    pub refresh_expires_at: Timestamp,
}

impl SessionTokens {
    pub fn new(signed_in: SignedIn, delivery: RefreshDelivery) -> Self {
        Self {
            session_id: signed_in.session_id,
            account_id: signed_in.account_id,
            access_token: signed_in.access_token,
            access_expires_at: signed_in.access_expires_at,
            refresh_token: (delivery == RefreshDelivery::Body).then_some(signed_in.refresh_token),
            refresh_expires_at: signed_in.refresh_expires_at,
        }
    }
}

/// The token of a link in a mail.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// What stands behind the name in the link.
    #[schema(value_type = String, min_length = 92, max_length = 92, pattern = "^[A-Za-z0-9_-]+$")]
    pub token: Secret<92>,
}

/// Sessions that have ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedSessions)]
pub struct EndedSessionsView {
    /// How many.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub count: i32,
    /// When they ended.
    pub ended_at: Timestamp,
}

impl From<&EndedSessions> for EndedSessionsView {
    fn from(ended: &EndedSessions) -> Self {
        Self { count: i32::try_from(ended.count).unwrap_or(i32::MAX), ended_at: ended.ended_at }
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
    /// Country and town that its address belongs to, if that is known; no more precise.
    #[serde(serialize_with = "exposed_option")]
    #[schema(value_type = Option<String>, required, max_length = 120)]
    pub place: Option<PersonalText>,
    /// How surely its person is known (NIST SP 800-63B): 1 with the password, 2 with a second factor.
    #[schema(minimum = 1, maximum = 2)]
    pub assurance_level: i16,
    /// Until when it may do what cannot be taken back; `null` or past if a step-up is needed.
    #[schema(required)]
    pub stepped_up_until: Option<Timestamp>,
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
        let view = |OpenSession { session, user_agent, place }: OpenSession| SessionView {
            session_id: session.id,
            current: session.id == current,
            device_id: session.device_id,
            user_agent,
            place,
            assurance_level: session.assurance.as_number(),
            stepped_up_until: session.stepped_up_at.map(|at| at.plus(STEP_UP_LASTS)),
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

impl From<&(SessionId, Timestamp)> for EndedSessionView {
    fn from((session_id, ended_at): &(SessionId, Timestamp)) -> Self {
        Self { session_id: *session_id, ended_at: *ended_at }
    }
}

impl Example for CreateSession {
    fn example() -> Value {
        json!({ "email": "ada@example.org", "password": "seven violins at dawn", "refresh_delivery": "body" })
    }
}

impl Example for LinkToken {
    fn example() -> Value {
        json!({ "token": "BQAAAAEBmMjysdB8P54hpLfG1eTzAZjI8rHQfD-eIaS3xtXk896tvu8B3NFfSeZKpKtLGMN8fH9ptTeG1enGfGkNKS9R" })
    }
}

impl Example for EndedSessionsView {
    fn example() -> Value {
        json!({ "count": 2, "ended_at": "2026-03-01T10:00:00.000000Z" })
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

impl Example for SessionPageView {
    fn example() -> Value {
        json!({
            "data": [{
                "session_id": "ses_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "current": true,
                "device_id": "dev_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "user_agent": "Mozilla/5.0",
                "place": "NZ, Auckland",
                "assurance_level": 1,
                "stepped_up_until": null,
                "created_at": "2026-03-01T09:31:12.000000Z",
                "last_used_at": "2026-03-01T09:31:12.000000Z",
                "expires_at": "2026-03-31T09:31:12.000000Z",
            }],
            "next_cursor": null,
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
