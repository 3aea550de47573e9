//! Step-up: a signed-in person proves to be there, before what cannot be taken back.

use zeroize::Zeroizing;

use super::{SentCode, SessionError, SessionService, challenges::CODE_LIFETIME};
use crate::{
    domain::{
        data_dictionary::CREDENTIAL_PASSWORD,
        factor::{Factors, StepUpMethod},
        ids::{AccountId, SessionId},
        message::MessageBody,
        password::Password,
        personal::Personal,
        session::{AssuranceLevel, STEP_UP_LASTS},
        throttle,
        time::Timestamp,
    },
    repositories::{
        credentials::{self, Credential},
        factors,
        one_time_codes::{self, CodePlace, CodePurpose},
        outbox, sessions,
    },
    services::{
        idempotency::Recording,
        mailing,
        passwords::Place,
        proofs::{self, Evidence, Proof},
        throttles::{self, Bucket},
    },
};

/// What a person presents.
pub struct StepUp {
    pub method: StepUpMethod,
    pub code: Zeroizing<String>,
    /// With `password_and_email` alone.
    pub password: Option<Password>,
}

/// The session knows its person again.
#[derive(Clone, Copy)]
pub struct SteppedUp {
    pub session_id: SessionId,
    pub until: Timestamp,
}

struct Counted {
    evidence: Option<Evidence>,
    credential: Option<Credential>,
    bucket: Bucket,
}

impl SessionService {
    /// Sends the code of a step-up: by SMS, or by mail where there is no second factor.
    ///
    /// # Errors
    ///
    /// [`SessionError::MethodUnavailable`] for a method that this account does not step up by, or
    /// that needs no code sent; [`SessionError::Throttled`].
    #[tracing::instrument(skip_all)]
    pub async fn send_step_up_code(
        &self,
        owner: AccountId,
        session: SessionId,
        method: StepUpMethod,
        network: &str,
        recording: Recording<SentCode>,
    ) -> Result<SentCode, SessionError> {
        let factors = self.db.read(move |c| factors::find(c, owner)).await?;
        if !factors.step_up_methods().contains(&method) {
            return Err(SessionError::MethodUnavailable);
        }
        let place = match method {
            StepUpMethod::Sms => {
                let place = place(owner, session, CodePurpose::StepUpBySms);
                return self.send_sms_code(place, network, recording).await;
            }
            StepUpMethod::PasswordAndEmail => place(owner, session, CodePurpose::StepUpByMail),
            StepUpMethod::Totp | StepUpMethod::RecoveryCode => return Err(SessionError::MethodUnavailable),
        };
        let now = self.clock.now();
        let keys = self.vault.keys_of(owner).await?;
        let profile = self.profile_of(&keys, owner).await?;
        let (code, stored) = proofs::new_code(self.vault.kms(), &place)?;
        let body = MessageBody::StepUpCode { code, minutes: CODE_LIFETIME.num_minutes() };
        let mail = mailing::mail(&keys, &profile, body, now)?;
        let address = profile.email.expose().as_bytes();
        let bucket = self.throttles.bucket(throttle::MAILBOX_OWN_DEVICE, &[address, owner.as_bytes()])?;
        let sent = SentCode { expires_at: now.plus(CODE_LIFETIME) };
        self.db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                throttles::take::<SessionError>(c, &[bucket], now)?;
                one_time_codes::put(c, &place, &stored, now, sent.expires_at)?;
                outbox::insert(c, &mail)?;
                recording.record(c, &keys, &sent)?;
                Ok::<_, SessionError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(sent)
    }

    /// Steps the session up.
    ///
    /// # Errors
    ///
    /// [`SessionError::WrongCode`] or [`SessionError::WrongPassword`] after counting the try,
    /// durably; [`SessionError::MethodUnavailable`], so that password and email are no way around a
    /// second factor.
    #[tracing::instrument(skip_all)]
    pub async fn step_up(
        &self,
        owner: AccountId,
        session: SessionId,
        presented: StepUp,
        recording: Recording<SteppedUp>,
    ) -> Result<SteppedUp, SessionError> {
        let now = self.clock.now();
        let factors = self.db.read(move |c| factors::find(c, owner)).await?;
        if !factors.step_up_methods().contains(&presented.method) {
            return Err(SessionError::MethodUnavailable);
        }
        let by_password = presented.method == StepUpMethod::PasswordAndEmail;
        let place = by_password.then(|| self.passwords.place()).transpose()?;
        let counted = self.count_step_up(owner, session, presented.method, recording.clone(), now).await?;
        let keys = self.vault.keys_of(owner).await?;
        let proof = match &counted.evidence {
            Some(evidence) => proofs::judge(self.vault.kms(), &keys, evidence, &presented.code, now)?,
            None => None,
        };
        let proof = proof.ok_or(SessionError::WrongCode)?;
        if let Some(place) = place {
            self.compare_password(place, owner, counted.credential, presented.password).await?;
        }
        let used = match proof {
            Proof::RecoveryCode { .. } => Some(self.recovery_notice(owner, &factors, now).await?),
            Proof::Totp { .. } | Proof::Code(..) => None,
        };
        let assurance = match presented.method {
            StepUpMethod::PasswordAndEmail => AssuranceLevel::Aal1,
            _ => AssuranceLevel::Aal2,
        };
        let stepped_up = SteppedUp { session_id: session, until: now.plus(STEP_UP_LASTS) };
        self.db
            .write_for(owner, move |c| {
                if !proofs::spend(c, owner, &proof, now)? {
                    return Err(SessionError::WrongCode);
                }
                if !sessions::step_up(c, owner, session, assurance, now)? {
                    return Err(SessionError::Unauthenticated);
                }
                throttles::give_back(c, &counted.bucket)?;
                if let Some(used) = &used {
                    outbox::insert(c, used)?;
                }
                recording.record(c, &keys, &stepped_up)?;
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(stepped_up)
    }

    async fn count_step_up(
        &self,
        owner: AccountId,
        session: SessionId,
        method: StepUpMethod,
        recording: Recording<SteppedUp>,
        now: Timestamp,
    ) -> Result<Counted, SessionError> {
        // By session, so that a thief of one cannot keep the person from another.
        let rule = throttle::FACTOR_OWN_DEVICE;
        let bucket = self.throttles.bucket(rule, &[owner.as_bytes(), session.as_bytes()])?;
        self.db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                throttles::take::<SessionError>(c, &[bucket], now)?;
                let evidence = if let Some(factor) = method.factor() {
                    let sent = place(owner, session, CodePurpose::StepUpBySms);
                    proofs::count_try(c, owner, factor, &sent, now)?
                } else {
                    let sent = place(owner, session, CodePurpose::StepUpByMail);
                    one_time_codes::count_try(c, &sent, proofs::MAX_TRIES, now)?
                        .map(|code| Evidence::Code(sent, code))
                };
                let credential = credentials::find_with_account(c, owner)?.map(|(_, credential)| credential);
                Ok(Counted { evidence, credential, bucket })
            })
            .await
    }

    async fn compare_password(
        &self,
        place: Place,
        owner: AccountId,
        credential: Option<Credential>,
        presented: Option<Password>,
    ) -> Result<(), SessionError> {
        let presented = presented.ok_or(SessionError::WrongPassword)?;
        let credential = credential.ok_or(SessionError::Unauthenticated)?;
        let (phc, _) = self.vault.unpepper(owner, &CREDENTIAL_PASSWORD, &credential.sealed)?;
        let comparison = self.passwords.compare(place, presented, Some(phc)).await?;
        if comparison.matches { Ok(()) } else { Err(SessionError::WrongPassword) }
    }

    async fn recovery_notice(
        &self,
        owner: AccountId,
        factors: &Factors,
        now: Timestamp,
    ) -> Result<outbox::SealedMessage, SessionError> {
        let keys = self.vault.keys_of(owner).await?;
        let profile = self.profile_of(&keys, owner).await?;
        let left = factors.recovery_codes_left - 1;
        let body = MessageBody::RecoveryCodeUsed { left, at: now.for_people() };
        Ok(mailing::mail(&keys, &profile, body, now)?)
    }
}

/// Where a code for the session rests.
const fn place(owner: AccountId, session: SessionId, purpose: CodePurpose) -> CodePlace {
    CodePlace { account_id: owner, purpose, bound_to: *session.as_bytes() }
}
