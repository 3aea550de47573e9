//! Bodies of sessions and of the keys that sign their tokens.

use std::borrow::Cow;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Discriminator, OneOfBuilder, Ref, RefOr, Schema},
};
use validator::Validate;

use super::{Example, Secret, exposed_option, member, secret, secret_option};
use crate::{
    domain::{
        email::Email,
        factor::{FactorMethod, StepUpMethod},
        ids::{AccountId, ChallengeId, DeviceId, FactorResetId, SessionId},
        personal::PersonalText,
        session::STEP_UP_LASTS,
        time::Timestamp,
    },
    services::{
        sessions::{
            Challenged, EndedSessions, FactorResetRequested, OpenSession, SentCode, SessionPage, SignIn,
            SignedIn, SteppedUp,
        },
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
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 71, max_length = 71)]
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
    #[schema(value_type = Option<String>, required, min_length = 71, max_length = 71)]
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

/// Tells a session from a challenge.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignedInTag {
    SignedIn,
}

/// Tells a challenge from a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChallengeTag {
    Challenge,
}

/// The sign-in succeeded.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub struct SignedInView {
    /// Always `signed_in`.
    pub result: SignedInTag,
    /// The new session.
    pub session: SessionTokens,
}

impl SignedInView {
    pub fn new(signed_in: SignedIn, delivery: RefreshDelivery) -> Self {
        Self { result: SignedInTag::SignedIn, session: SessionTokens::new(signed_in, delivery) }
    }
}

/// The password was right; the second factor is asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = SignInChallenge)]
pub struct SignInChallengeView {
    /// Always `challenge`.
    pub result: ChallengeTag,
    /// Identifies the challenge.
    pub challenge_id: ChallengeId,
    /// Proves that the password was right; goes along with the answer.
    #[serde(serialize_with = "secret")]
    #[schema(value_type = String, min_length = 71, max_length = 71)]
    pub challenge_token: SecretString,
    /// The ways to answer, strongest first.
    #[schema(max_items = 3)]
    pub methods: Vec<FactorMethod>,
    /// When the challenge lapses.
    pub expires_at: Timestamp,
}

impl SignInChallengeView {
    pub fn new(challenged: Challenged) -> Self {
        Self {
            result: ChallengeTag::Challenge,
            challenge_id: challenged.challenge_id,
            challenge_token: challenged.token,
            methods: challenged.methods,
            expires_at: challenged.expires_at,
        }
    }
}

/// How a sign-in went on: a session, or a challenge for the second factor.
#[derive(Serialize)]
#[serde(untagged)]
pub enum SignInView {
    SignedIn(SignedInView),
    Challenged(SignInChallengeView),
}

impl SignInView {
    pub fn new(sign_in: SignIn, delivery: RefreshDelivery) -> Self {
        match sign_in {
            SignIn::SignedIn(signed_in) => Self::SignedIn(SignedInView::new(signed_in, delivery)),
            SignIn::Challenged(challenged) => Self::Challenged(SignInChallengeView::new(challenged)),
        }
    }
}

// By hand: a union that generators understand names its tag and what each value of it means.
impl PartialSchema for SignInView {
    fn schema() -> RefOr<Schema> {
        let branches = [("signed_in", "SignedIn"), ("challenge", "SignInChallenge")];
        let reference = |name: &str| format!("#/components/schemas/{name}");
        let tag = Discriminator::with_mapping(
            "result",
            branches.map(|(value, name)| (value.to_owned(), reference(name))),
        );
        let union = branches
            .into_iter()
            .fold(OneOfBuilder::new(), |union, (_, name)| union.item(Ref::new(reference(name))));
        union
            .description(Some("How a sign-in went on: a session, or a challenge for the second factor."))
            .discriminator(Some(tag))
            .into()
    }
}

impl ToSchema for SignInView {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SignIn")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((SignedInView::name().into(), SignedInView::schema()));
        SignedInView::schemas(schemas);
        schemas.push((SignInChallengeView::name().into(), SignInChallengeView::schema()));
        SignInChallengeView::schemas(schemas);
    }
}

/// An answer to a sign-in challenge.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AnswerSignInChallenge {
    /// The token of the challenge.
    #[schema(value_type = String, min_length = 71, max_length = 71)]
    pub challenge_token: Secret<71>,
    /// How the person answers.
    pub method: FactorMethod,
    /// Six digits of the app, eight digits of the SMS, or a recovery code.
    #[schema(value_type = String, min_length = 6, max_length = 24)]
    pub code: Secret<24>,
    /// How the refresh token comes back.
    #[serde(default)]
    #[schema(nullable = false)]
    pub refresh_delivery: RefreshDelivery,
}

/// What proves that the password of a challenge was right.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ContinueSignInChallenge {
    /// The token of the challenge.
    #[schema(value_type = String, min_length = 71, max_length = 71)]
    pub challenge_token: Secret<71>,
}

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
    #[schema(value_type = String, min_length = 6, max_length = 24)]
    pub code: Secret<24>,
    /// The password, with `password_and_email` alone.
    #[serde(default)]
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

/// The token of a link in a mail.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// What stands behind the name in the link.
    #[schema(value_type = String, min_length = 92, max_length = 92)]
    pub token: Secret<92>,
}

/// A request to remove lost second factors.
#[derive(Serialize, ToSchema)]
#[schema(as = FactorReset)]
pub struct FactorResetView {
    /// Identifies the request.
    pub factor_reset_id: FactorResetId,
    /// When it was made.
    pub requested_at: Timestamp,
}

impl From<&FactorResetRequested> for FactorResetView {
    fn from(requested: &FactorResetRequested) -> Self {
        Self { factor_reset_id: requested.id, requested_at: requested.requested_at }
    }
}

/// A request that was called off.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelledFactorReset)]
pub struct CancelledFactorResetView {
    /// Identifies the request.
    pub factor_reset_id: FactorResetId,
    /// When it was called off.
    pub cancelled_at: Timestamp,
}

impl From<&(FactorResetId, Timestamp)> for CancelledFactorResetView {
    fn from((factor_reset_id, cancelled_at): &(FactorResetId, Timestamp)) -> Self {
        Self { factor_reset_id: *factor_reset_id, cancelled_at: *cancelled_at }
    }
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
        json!({ "email": "ada@example.org", "password": "seven violins at dawn", "refresh_delivery": "body" })
    }
}

impl Example for SignInView {
    fn example() -> Value {
        SignedInView::example()
    }
}

impl Example for AnswerSignInChallenge {
    fn example() -> Value {
        json!({ "challenge_token": challenge_token(), "method": "totp", "code": "481516", "refresh_delivery": "body" })
    }
}

impl Example for ContinueSignInChallenge {
    fn example() -> Value {
        json!({ "challenge_token": challenge_token() })
    }
}

fn challenge_token() -> &'static str {
    "AwAAAAEBmMjysdB8P54hpLfG1eTz3q2-7wHc0V9J5kqkq0sYw3x8f2m1N4bV6cZ8aQ0pL1E"
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

impl Example for LinkToken {
    fn example() -> Value {
        json!({ "token": "BQAAAAEBmMjysdB8P54hpLfG1eTzAZjI8rHQfD-eIaS3xtXk896tvu8B3NFfSeZKpKtLGMN8fH9ptTeG1enGfGkNKS9R" })
    }
}

impl Example for FactorResetView {
    fn example() -> Value {
        json!({
            "factor_reset_id": "fcr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "requested_at": "2026-03-01T09:31:12.000000Z",
        })
    }
}

impl Example for CancelledFactorResetView {
    fn example() -> Value {
        json!({
            "factor_reset_id": "fcr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "cancelled_at": "2026-03-01T09:31:12.000000Z",
        })
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
