//! The second factor of a sign-in.

use actix_web::{HttpResponse, post, web::Data};

use super::{
    extract::{Client, IdempotencyKey, StrictJson, Success, Turn, TypedPath, draft, once},
    sessions::{place_of, signed_in},
    views::{
        AnswerSignInChallenge, CancelledFactorResetView, ContinueSignInChallenge, FactorResetView, LinkToken,
        SentCodeView, SignedInView,
    },
};
use crate::{
    domain::ids::ChallengeId,
    openapi::responses::{Gone, NotFound},
    problem::{Problem, ProblemCode},
    server::Services,
    services::sessions::{Answer, ChallengeKey},
};

/// Send the code of a sign-in
///
/// Sends a code to the verified phone, for a challenge that can be answered by `sms`. A new code makes
/// the one before void.
#[utoipa::path(
    tag = "Sessions",
    params(("challenge_id" = ChallengeId, Path, description = "The challenge.")),
    request_body = ContinueSignInChallenge,
    responses((status = ACCEPTED, description = "The code is on its way.", body = SentCodeView), Gone, NotFound)
)]
#[post("/v1/sign-in-challenges/{challenge_id}/sms-code")]
pub(super) async fn send_sign_in_code(
    client: Client,
    challenge: TypedPath<ChallengeId>,
    key: IdempotencyKey,
    body: StrictJson<ContinueSignInChallenge>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let (origin, next) = (client.origin(), answer_of(challenge.0));
    let challenge = ChallengeKey { id: challenge.0, token: body.value.challenge_token.0 };
    once::<_, SentCodeView, _, _>(key, client.caller(), &body.digest, next, |recording| async move {
        services.sessions.send_sign_in_code(challenge, &origin, recording).await
    })
    .await
}

fn answer_of(challenge: ChallengeId) -> Success {
    Success::accepted(format!("/v1/sign-in-challenges/{challenge}/answer"))
}

/// Answer a sign-in challenge
///
/// The second factor opens the session. Five tries within ten minutes, counted against the account
/// too; a challenge that is unknown, lapsed, used or out of tries is `challenge_expired`, alike for
/// all reasons. A code that was used is `wrong_code`.
#[utoipa::path(
    tag = "Sessions",
    params(("challenge_id" = ChallengeId, Path, description = "The challenge.")),
    request_body = AnswerSignInChallenge,
    responses((status = CREATED, description = "Signed in.", body = SignedInView), Gone, NotFound)
)]
#[post("/v1/sign-in-challenges/{challenge_id}/answer")]
pub(super) async fn answer_sign_in_challenge(
    client: Client,
    challenge: TypedPath<ChallengeId>,
    key: IdempotencyKey,
    body: StrictJson<AnswerSignInChallenge>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let ticket = match key.turn(client.caller(), &body.digest).await? {
        Turn::Act(ticket) => ticket,
        Turn::Repeat(answer) => return Ok(answer),
    };
    let delivery = body.value.refresh_delivery;
    let answer = Answer {
        key: ChallengeKey { id: challenge.0, token: body.value.challenge_token.0 },
        method: body.value.method,
        code: body.value.code.0,
        origin: client.origin(),
    };
    let opened = services.sessions.answer(answer, draft(ticket.as_ref())).await?;
    let view = SignedInView::new(opened.clone(), delivery);
    signed_in(&client, &services, &opened, delivery, place_of(&opened), view)
}

/// Ask for the removal of lost factors
///
/// For a person whose second factor and recovery codes are gone. Two members of staff decide, a week
/// passes, and the link in the notice calls it off until then. A request that waits is given again.
#[utoipa::path(
    tag = "Sessions",
    params(("challenge_id" = ChallengeId, Path, description = "The challenge.")),
    request_body = ContinueSignInChallenge,
    responses((status = ACCEPTED, description = "The request.", body = FactorResetView), Gone, NotFound)
)]
#[post("/v1/sign-in-challenges/{challenge_id}/factor-reset")]
pub(super) async fn request_factor_reset(
    client: Client,
    challenge: TypedPath<ChallengeId>,
    key: IdempotencyKey,
    body: StrictJson<ContinueSignInChallenge>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let challenge = ChallengeKey { id: challenge.0, token: body.value.challenge_token.0 };
    let next = Success::accepted("/v1/factor-reset-cancellations");
    once::<_, FactorResetView, _, _>(key, client.caller(), &body.digest, next, |recording| async move {
        services.sessions.request_factor_reset(challenge, recording).await
    })
    .await
}

/// Call off a factor reset
///
/// With the token of the link in the notice; without signing in, since the notice may be the first
/// that the person hears of it.
#[utoipa::path(
    tag = "Sessions",
    request_body = LinkToken,
    responses((status = CREATED, description = "The request was called off.", body = CancelledFactorResetView), Gone)
)]
#[post("/v1/factor-reset-cancellations")]
pub(super) async fn cancel_factor_reset(
    client: Client,
    key: IdempotencyKey,
    body: StrictJson<LinkToken>,
    services: Data<Services>,
) -> Result<HttpResponse, Problem> {
    let token = body.value.token.0;
    let next = Success::created("/v1/account/security");
    once::<_, CancelledFactorResetView, _, _>(
        key,
        client.caller(),
        &body.digest,
        next,
        |recording| async move {
            let cancelled = services.accounts.cancel_factor_reset(&token, recording).await;
            cancelled.map_err(|error| error.into_problem(ProblemCode::LinkExpired))
        },
    )
    .await
}
