//! The second factor of a sign-in: sent where it must be, counted, compared, used up.

use std::sync::Arc;

use chrono::TimeDelta;
use zeroize::Zeroizing;

use super::{Grade, Origin, SessionError, SessionService, SignedIn, sign_in::begin};
use crate::{
    domain::{
        account::{Account, Profile},
        device::Device,
        evidence::Act,
        factor::{FactorMethod, Factors},
        ids::{AccountId, ChallengeId, FactorResetId},
        message::MessageBody,
        personal::Personal,
        session::AssuranceLevel,
        throttle,
        time::Timestamp,
    },
    repositories::{
        account_devices, credentials, devices, factor_resets, factors, log as leaves,
        one_time_codes::{self, CodePlace, CodePurpose},
        outbox, sign_in_challenges,
    },
    services::{
        idempotency::{Draft, Recording},
        log::LeafDraft,
        mailing,
        proofs::{self, Evidence, MAX_TRIES, Proof},
        throttles::{self, Bucket},
        tokens::opaque::{self, Presented, TokenKind},
        vault::SubjectKeys,
    },
};

/// How long a code that was sent can be used.
pub(super) const CODE_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// What names a challenge and proves that the password was right.
pub struct ChallengeKey {
    pub id: ChallengeId,
    pub token: Zeroizing<String>,
}

/// An answer to a challenge.
pub struct Answer {
    pub key: ChallengeKey,
    pub method: FactorMethod,
    pub code: Zeroizing<String>,
    pub origin: Origin,
}

/// A code is on its way.
#[derive(Clone, Copy)]
pub struct SentCode {
    pub expires_at: Timestamp,
}

/// A request to remove lost second factors.
#[derive(Clone, Copy)]
pub struct FactorResetRequested {
    pub id: FactorResetId,
    pub requested_at: Timestamp,
}

/// What is known once the answer was counted.
struct Counted {
    /// Of all challenges that nobody answered within a day.
    tries: i64,
    account: Account,
    evidence: Option<Evidence>,
    factors: Factors,
    bucket: Bucket,
    device: Option<Device>,
}

const FACTOR_RESET_REQUESTED: Act =
    Act { name: "factor_reset.requested", object: "factor_reset", clause: "2.3" };

impl SessionService {
    /// Answers a challenge, which opens the session.
    ///
    /// # Errors
    ///
    /// [`SessionError::ChallengeExpired`] for whatever is not live, alike for all reasons;
    /// [`SessionError::WrongCode`] after counting the try, durably, also for a code that was used.
    #[tracing::instrument(skip_all)]
    pub async fn answer(&self, answer: Answer, repeatable: Option<Draft>) -> Result<SignedIn, SessionError> {
        let now = self.clock.now();
        let presented = self.challenge_token(&answer.key)?;
        let id = presented.account_id;
        let counted = self.count(&answer, presented, repeatable.clone(), now).await?;
        let keys = self.vault.keys_of(id).await?;
        let profile = self.profile_of(&keys, id).await?;
        let proof = match &counted.evidence {
            Some(evidence) => proofs::judge(self.vault.kms(), &keys, evidence, &answer.code, now)?,
            None => None,
        };
        let tries = counted.tries;
        let opened = match proof {
            Some(proof) => {
                self.open_by_factor(&answer, &keys, &profile, counted, proof, repeatable, now).await
            }
            None => Err(SessionError::WrongCode),
        };
        if matches!(opened, Err(SessionError::WrongCode)) {
            self.warn(&keys, &profile, tries, now).await?;
        }
        opened
    }

    fn challenge_token(&self, key: &ChallengeKey) -> Result<Presented, SessionError> {
        opaque::read(self.vault.kms(), TokenKind::Challenge, &key.token).ok_or(SessionError::ChallengeExpired)
    }

    /// Counts the try against the challenge and the account, in a transaction of its own.
    async fn count(
        &self,
        answer: &Answer,
        presented: Presented,
        repeatable: Option<Draft>,
        now: Timestamp,
    ) -> Result<Counted, SessionError> {
        let (id, challenge, device) = (presented.account_id, answer.key.id, answer.origin.device_id);
        let (method, place) = (answer.method, sms_place(id, challenge));
        let stranger = self.throttles.bucket(throttle::FACTOR_STRANGERS, &[id.as_bytes()])?;
        let own = self.throttles.bucket(throttle::FACTOR_OWN_DEVICE, &[id.as_bytes(), device.as_bytes()])?;
        self.db
            .write_for(id, move |c| {
                if let Some(draft) = &repeatable {
                    draft.refuse_if_done(c)?;
                }
                let bucket = if account_devices::is_linked(c, id, device)? { own } else { stranger };
                throttles::take::<SessionError>(c, &[bucket], now)?;
                if !sign_in_challenges::count_try(c, id, challenge, &presented.mac, MAX_TRIES, now)? {
                    return Err(SessionError::ChallengeExpired);
                }
                let tries = sign_in_challenges::count_tries(c, id)?;
                let (account, _) =
                    credentials::find_with_account(c, id)?.ok_or(SessionError::ChallengeExpired)?;
                let factors = factors::find(c, id)?;
                let evidence =
                    if factors.has(method) { proofs::count_try(c, id, method, &place, now)? } else { None };
                let device = devices::find(c, device)?;
                Ok(Counted { tries, account, evidence, factors, bucket, device })
            })
            .await
    }

    /// Tells the person at every so many wrong answers, however they are spread over challenges:
    /// somebody has the password.
    async fn warn(
        &self,
        keys: &SubjectKeys,
        profile: &Profile,
        tries: i64,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        if tries > 0 && tries % i64::from(MAX_TRIES) == 0 {
            let body = MessageBody::SecondFactorFailing { at: now.for_people() };
            let notice = mailing::mail(keys, profile, body, now)?;
            self.db.write_for(keys.account_id(), move |c| outbox::insert(c, &notice)).await?;
            self.outbox.wake();
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "everything that the one transaction writes")]
    async fn open_by_factor(
        &self,
        answer: &Answer,
        keys: &Arc<SubjectKeys>,
        profile: &Profile,
        counted: Counted,
        proof: Proof,
        repeatable: Option<Draft>,
        now: Timestamp,
    ) -> Result<SignedIn, SessionError> {
        let (id, challenge) = (keys.account_id(), answer.key.id);
        let grade = Grade { assurance: AssuranceLevel::Aal2, stepped_up: true };
        let origin = answer.origin.clone().of_account(id, counted.device.as_ref(), now);
        let prepared = self.prepare(keys, &counted.account, profile, &origin, grade, now)?;
        let notice = self.new_device_notice(keys, profile, &prepared, &origin, now)?;
        let used = match proof {
            Proof::RecoveryCode { .. } => {
                let left = counted.factors.recovery_codes_left - 1;
                let body = MessageBody::RecoveryCodeUsed { left, at: now.for_people() };
                Some(mailing::mail(keys, profile, body, now)?)
            }
            Proof::Totp { .. } | Proof::Code(..) => None,
        };
        let (signed_in, keys) = (prepared.signed_in(), Arc::clone(keys));
        self.db
            .write_for(id, move |c| {
                if !sign_in_challenges::consume(c, id, challenge)? {
                    return Err(SessionError::ChallengeExpired);
                }
                if !proofs::spend(c, id, &proof, now)? {
                    return Err(SessionError::WrongCode);
                }
                throttles::give_back(c, &counted.bucket)?;
                begin(c, &keys, &prepared, Some(&notice), now)?;
                if let Some(used) = &used {
                    outbox::insert(c, used)?;
                }
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, id, 201)?;
                }
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(signed_in)
    }

    /// Sends a code to the verified phone of a challenge's person (clause 1.2).
    ///
    /// # Errors
    ///
    /// [`SessionError::MethodUnavailable`] without a verified phone, [`SessionError::Throttled`].
    #[tracing::instrument(skip_all)]
    pub async fn send_sign_in_code(
        &self,
        key: ChallengeKey,
        origin: &Origin,
        recording: Recording<SentCode>,
    ) -> Result<SentCode, SessionError> {
        let now = self.clock.now();
        let presented = self.challenge_token(&key)?;
        let (id, challenge) = (presented.account_id, key.id);
        self.live(id, challenge, presented.mac, now).await?;
        self.send_sms_code(sms_place(id, challenge), &origin.network, recording).await
    }

    /// Refuses a challenge that is not live: nothing of its person is looked at before.
    async fn live(
        &self,
        id: AccountId,
        challenge: ChallengeId,
        mac: [u8; 32],
        now: Timestamp,
    ) -> Result<(), SessionError> {
        let live = self.db.read(move |c| sign_in_challenges::is_live(c, id, challenge, &mac, now)).await?;
        if live { Ok(()) } else { Err(SessionError::ChallengeExpired) }
    }

    /// Sends a code to the verified phone, for a sign-in or a step-up.
    pub(super) async fn send_sms_code(
        &self,
        place: CodePlace,
        network: &str,
        recording: Recording<SentCode>,
    ) -> Result<SentCode, SessionError> {
        let (now, id) = (self.clock.now(), place.account_id);
        let keys = self.vault.keys_of(id).await?;
        let profile = self.profile_of(&keys, id).await?;
        let phone = profile.phone.as_ref().filter(|_| profile.phone_verified_at.is_some());
        let phone = phone.ok_or(SessionError::MethodUnavailable)?;
        let (code, stored) = proofs::new_code(self.vault.kms(), &place)?;
        let body = MessageBody::SmsCode { code, minutes: CODE_LIFETIME.num_minutes() };
        let sms = mailing::sms_to(&keys, phone, &profile, body, now)?;
        let own =
            self.throttles.bucket(throttle::SMS_VERIFIED, &[id.as_bytes(), phone.expose().as_bytes()])?;
        let mut buckets = vec![own];
        buckets.extend(self.throttles.sms_from(network)?);
        self.db.write_guarded(move |c| throttles::take::<SessionError>(c, &buckets, now)).await?;
        let sent = SentCode { expires_at: now.plus(CODE_LIFETIME) };
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                one_time_codes::put(c, &place, &stored, now, sent.expires_at)?;
                outbox::insert(c, &sms)?;
                recording.record(c, &keys, &sent)?;
                Ok::<_, SessionError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(sent)
    }

    /// Asks for the removal of lost second factors. Two members of staff decide, a week passes, and
    /// the person can call it off by a link until then.
    ///
    /// # Errors
    ///
    /// [`SessionError::ChallengeExpired`]. A request that waits already is given again.
    #[tracing::instrument(skip_all)]
    pub async fn request_factor_reset(
        &self,
        key: ChallengeKey,
        recording: Recording<FactorResetRequested>,
    ) -> Result<FactorResetRequested, SessionError> {
        let now = self.clock.now();
        let presented = self.challenge_token(&key)?;
        let (id, challenge) = (presented.account_id, key.id);
        self.live(id, challenge, presented.mac, now).await?;
        let keys = self.vault.keys_of(id).await?;
        let profile = self.profile_of(&keys, id).await?;
        let requested = FactorResetRequested { id: FactorResetId::generate(now), requested_at: now };
        let token =
            opaque::link(self.vault.kms(), TokenKind::FactorResetCancellation, id, requested.id.as_bytes())?;
        let link = self.links.to("cancel-factor-reset", &token);
        let body = MessageBody::FactorResetRequested { at: now.for_people(), link };
        let notice = mailing::mail(&keys, &profile, body, now)?;
        let facts = vec![("factor_reset", requested.id.to_string()), ("account", id.to_string())];
        let leaf = LeafDraft::new(now)?.of_person(&keys, &FACTOR_RESET_REQUESTED, &facts)?;
        let requested = self
            .db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                if !sign_in_challenges::is_live(c, id, challenge, &presented.mac, now)? {
                    return Err(SessionError::ChallengeExpired);
                }
                if let Some((waiting, requested_at)) = factor_resets::find_pending(c, id)? {
                    return Ok(FactorResetRequested { id: waiting, requested_at });
                }
                leaves::append(c, &leaf)?;
                factor_resets::insert(c, id, requested.id, now)?;
                outbox::insert(c, &notice)?;
                recording.record(c, &keys, &requested)?;
                Ok(requested)
            })
            .await?;
        self.outbox.wake();
        Ok(requested)
    }
}

const fn sms_place(id: AccountId, challenge: ChallengeId) -> CodePlace {
    CodePlace { account_id: id, purpose: CodePurpose::SignInBySms, bound_to: *challenge.as_bytes() }
}
