//! Sessions of staff: password and second factor together, ten idle minutes, eight hours.

use secrecy::SecretString;

use super::{StaffError, StaffService};
use crate::{
    domain::{
        data_dictionary::{STAFF_PASSWORD, STAFF_TOTP},
        email::Email,
        ids::{StaffId, StaffSessionId},
        password::Password,
        personal::Personal,
        session::STEP_UP_LASTS,
        staff::{SESSION_ABSOLUTE, StaffRole, StaffSession},
        throttle,
        time::Timestamp,
    },
    repositories::staff::{self, StaffCredential},
    services::{
        idempotency::{Draft, Recording},
        passwords::Place,
        proofs,
        throttles::{self, Bucket},
        vault::kms::{KmsError, random_key},
    },
};

/// The member behind a request, as the database knows it this very moment.
#[derive(Clone, Debug)]
pub struct StaffCaller {
    pub staff_id: StaffId,
    pub session_id: StaffSessionId,
    pub roles: Vec<StaffRole>,
    pub stepped_up: bool,
}

/// A session as its member gets it.
#[derive(Clone)]
pub struct StaffSignedIn {
    pub staff_id: StaffId,
    pub session_id: StaffSessionId,
    pub access_token: SecretString,
    pub access_expires_at: Timestamp,
    pub session_expires_at: Timestamp,
}

/// Until when a session may do what needs a fresh proof.
#[derive(Clone, Copy)]
pub struct StaffSteppedUp {
    pub until: Timestamp,
}

/// Password and code of a second factor: what an assurance level of 2 takes.
const AAL: i16 = 2;

impl StaffService {
    /// The member behind an access token. One statement asks for everything that could have ended
    /// the session, and for the roles.
    ///
    /// # Errors
    ///
    /// [`StaffError::Unauthenticated`], alike for all reasons.
    pub async fn authenticate(&self, token: &str) -> Result<StaffCaller, StaffError> {
        let now = self.clock.now();
        let claims = self.access.verify(token, now).ok_or(StaffError::Unauthenticated)?;
        let (staff_id, session_id) = (claims.sub, claims.sid);
        let live = self
            .db
            .read(move |c| staff::find_live_session(c, staff_id, session_id, now))
            .await?
            .filter(|live| live.epoch == claims.epoch)
            .ok_or(StaffError::Unauthenticated)?;
        let stepped_up = now < live.session.stepped_up_at.plus(STEP_UP_LASTS);
        Ok(StaffCaller { staff_id, session_id, roles: live.roles, stepped_up })
    }

    /// Opens a session. The attempt is counted before anything is compared; whatever was wrong, the
    /// answer is the same.
    ///
    /// # Errors
    ///
    /// [`StaffError::InvalidCredentials`], [`StaffError::Throttled`].
    #[tracing::instrument(skip_all)]
    pub async fn sign_in(
        &self,
        email: &Email,
        password: Password,
        code: &str,
        network: &str,
        repeatable: Option<Draft>,
    ) -> Result<StaffSignedIn, StaffError> {
        let now = self.clock.now();
        let place = self.passwords.place()?;
        let indexes = self.email_indexes(email);
        let name = [b"name".as_slice(), email.expose().as_bytes(), network.as_bytes()];
        let name = self.throttles.bucket(throttle::STAFF, &name)?;
        let buckets = [name, self.throttles.failures_from(network)?];
        let found = self
            .db
            .write(move |c| {
                throttles::take::<StaffError>(c, &buckets, now)?;
                Ok::<_, StaffError>(staff::find_credential(c, &indexes)?)
            })
            .await?;
        let compared = self.compare(place, found, password).await;
        // A wrong password counts as many statements as a right one with a wrong code.
        let factor = self.factor_bucket(compared.as_ref().ok().map(|credential| credential.id))?;
        self.db.write(move |c| throttles::take::<StaffError>(c, &[factor], now)).await?;
        let credential = compared?;
        let step = self.step(&credential, code, now).await?.ok_or(StaffError::InvalidCredentials)?;
        let id = credential.id;
        let session = StaffSession {
            staff_id: id,
            id: StaffSessionId::generate(now),
            created_at: now,
            stepped_up_at: now,
            renewed_at: now,
            expires_at: now.plus(SESSION_ABSOLUTE),
        };
        let signed_in = self.signed_in(&session, credential.epoch, now)?;
        self.db
            .write_for(id, move |c| {
                if !staff::spend_step(c, id, step)? {
                    return Err(StaffError::InvalidCredentials);
                }
                for bucket in buckets.iter().chain([&factor]) {
                    throttles::give_back(c, bucket)?;
                }
                staff::insert_session(c, &session)?;
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, id.subject(), 201)?;
                }
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(signed_in)
    }

    /// The codes that a member may get wrong; nobody's, where no password was right.
    fn factor_bucket(&self, member: Option<StaffId>) -> Result<Bucket, KmsError> {
        let nobody = random_key()?;
        let subject = member.as_ref().map_or(nobody.as_slice(), |id| id.as_bytes().as_slice());
        self.throttles.bucket(throttle::STAFF_FACTOR, &[subject])
    }

    fn signed_in(
        &self,
        session: &StaffSession,
        epoch: i64,
        now: Timestamp,
    ) -> Result<StaffSignedIn, StaffError> {
        let (access_token, expires_at) = self.access.issue(session.staff_id, session.id, AAL, epoch, now)?;
        Ok(StaffSignedIn {
            staff_id: session.staff_id,
            session_id: session.id,
            access_token,
            access_expires_at: expires_at.min(session.expires_at),
            session_expires_at: session.expires_at,
        })
    }

    async fn compare(
        &self,
        place: Place,
        found: Option<StaffCredential>,
        password: Password,
    ) -> Result<StaffCredential, StaffError> {
        let stored = match found.as_ref().and_then(|found| Some((found.id, found.password.as_ref()?))) {
            Some((id, sealed)) => Some(self.vault.unpepper(id.subject(), &STAFF_PASSWORD, sealed)?.0),
            None => None,
        };
        let comparison = self.passwords.compare(place, password, stored).await?;
        found.filter(|found| comparison.matches && found.is_active()).ok_or(StaffError::InvalidCredentials)
    }

    /// The step of a right code that is later than any that was used.
    async fn step(
        &self,
        credential: &StaffCredential,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, StaffError> {
        let Some(secret) = &credential.totp_secret else { return Ok(None) };
        let keys = self.vault.keys_of(credential.id.subject()).await?;
        let step = proofs::totp_step_in(&STAFF_TOTP, &keys, secret, code, now)?;
        Ok(step.filter(|step| *step > credential.totp_last_step))
    }

    /// Renews a session that has not lapsed: a fresh access token. Whoever does not renew within the
    /// life of one has been idle for too long.
    ///
    /// # Errors
    ///
    /// [`StaffError::Unauthenticated`] if it has ended in this very moment.
    pub async fn renew(
        &self,
        caller: &StaffCaller,
        repeatable: Option<Draft>,
    ) -> Result<StaffSignedIn, StaffError> {
        let now = self.clock.now();
        let (id, session_id) = (caller.staff_id, caller.session_id);
        let live = self
            .db
            .write_for(id, move |c| {
                if let Some(draft) = &repeatable {
                    draft.refuse_if_done(c)?;
                    draft.record_secret(c, id.subject(), 201)?;
                }
                if !staff::renew_session(c, id, session_id, now)? {
                    return Err(StaffError::Unauthenticated);
                }
                staff::find_live_session(c, id, session_id, now)?.ok_or(StaffError::Unauthenticated)
            })
            .await?;
        self.signed_in(&live.session, live.epoch, now)
    }

    /// Proves by a fresh code that it is still the member.
    ///
    /// # Errors
    ///
    /// [`StaffError::WrongCode`] after counting the try.
    #[tracing::instrument(skip_all)]
    pub async fn step_up(
        &self,
        caller: &StaffCaller,
        code: &str,
        recording: Recording<StaffSteppedUp>,
    ) -> Result<StaffSteppedUp, StaffError> {
        let now = self.clock.now();
        let (id, session_id) = (caller.staff_id, caller.session_id);
        let bucket = self.throttles.bucket(throttle::STAFF_FACTOR, &[b"step-up", id.as_bytes()])?;
        let repeated = recording.clone();
        let credential = self
            .db
            .write_for(id, move |c| {
                repeated.refuse_if_done(c)?;
                throttles::take::<StaffError>(c, &[bucket], now)?;
                staff::find_own_credential(c, id)?.ok_or(StaffError::Unauthenticated)
            })
            .await?;
        let step = self.step(&credential, code, now).await?.ok_or(StaffError::WrongCode)?;
        let keys = self.vault.keys_of(id.subject()).await?;
        let stepped_up = StaffSteppedUp { until: now.plus(STEP_UP_LASTS) };
        self.db
            .write_for(id, move |c| {
                if !staff::spend_step(c, id, step)? {
                    return Err(StaffError::WrongCode);
                }
                if !staff::step_up_session(c, id, session_id, now)? {
                    return Err(StaffError::Unauthenticated);
                }
                throttles::give_back(c, &bucket)?;
                recording.record(c, &keys, &stepped_up)?;
                Ok::<_, StaffError>(())
            })
            .await?;
        Ok(stepped_up)
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn sign_out(&self, caller: &StaffCaller) -> Result<Timestamp, StaffError> {
        let now = self.clock.now();
        let (id, session) = (caller.staff_id, caller.session_id);
        self.db.write_for(id, move |c| staff::end_session(c, id, session, now)).await?;
        Ok(now)
    }
}
