//! Bodies of a sign-in that may ask for a second factor, and of the way out when that is lost.

use std::borrow::Cow;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Discriminator, OneOfBuilder, Ref, RefOr, Schema},
};
use validator::Validate;

use super::{Example, RefreshDelivery, Secret, SessionTokens, secret};
use crate::{
    domain::{
        factor::FactorMethod,
        ids::{ChallengeId, FactorResetId},
        time::Timestamp,
    },
    services::sessions::{Challenged, FactorResetRequested, SignIn, SignedIn},
};

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
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
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
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub challenge_token: Secret<71>,
    /// How the person answers.
    pub method: FactorMethod,
    /// Six digits of the app, eight digits of the SMS, or a recovery code.
    #[schema(value_type = String, min_length = 6, max_length = 24, pattern = "^[0-9A-Za-z -]+$")]
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
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub challenge_token: Secret<71>,
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

impl Example for SignedInView {
    fn example() -> Value {
        json!({ "result": "signed_in", "session": SessionTokens::example() })
    }
}
