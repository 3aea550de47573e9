//! Signing in: email and password against the stored hash, and the session or the challenge that follows.
//!
//! The attempt is counted before it is compared, in a transaction of its own; an unknown address
//! takes the same statements and the same hash.

use chrono::TimeDelta;
use secrecy::SecretString;
use uuid::Uuid;

use super::{ABSOLUTE_LIFETIME, SessionError, SessionService, SignedIn};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::{Account, Profile},
        data_dictionary::{CREDENTIAL_PASSWORD, SESSION_ADDRESS, SESSION_PLACE, SESSION_USER_AGENT},
        device::Device,
        email::Email,
        factor::{FactorMethod, Factors},
        ids::{AccountId, ChallengeId, DeviceId, SessionId},
        kyc::signal::{MANY_FAILURES, SignalKind},
        message::MessageBody,
        password::Password,
        personal::{Personal, PersonalText},
        session::{AssuranceLevel, Session},
        throttle,
        time::Timestamp,
    },
    repositories::{
        account_devices, account_emails,
        credentials::{self, Credential},
        devices, factors,
        outbox::{self, SealedMessage},
        profiles as profile_rows,
        refresh_tokens::{self, RefreshToken},
        sessions::{self, NewSession},
        sign_in_challenges::{self, Challenge},
    },
    services::{
        consents::Takeover,
        idempotency::Draft,
        kyc::signals::{self, SignInSeen},
        mailing,
        passwords::Place,
        profiles,
        throttles::{self, Bucket},
        tokens::opaque::{self, TokenKind},
        vault::{
            Row, SubjectKeys, VaultError,
            kms::{KeyPurpose, KmsError},
        },
    },
};

/// How long a challenge waits for its answer.
const CHALLENGE_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// Where a sign-in comes from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub device_id: DeviceId,
    /// Whether the device showed a cookie of ours, or was given its first one now.
    pub device_known: bool,
    pub user_agent: Option<PersonalText>,
    pub address: PersonalText,
    /// The network that the address belongs to: itself, or its /64.
    pub network: String,
}

impl Origin {
    /// Where the sign-in of `account` comes from: a device that another account was used on last gets a
    /// fresh identity.
    #[must_use]
    pub fn of_account(self, account: AccountId, known: Option<&Device>, now: Timestamp) -> Self {
        let device_id = Takeover::device_for(account, self.device_id, known, now);
        Self { device_known: self.device_known && device_id == self.device_id, device_id, ..self }
    }
}

/// How a session begins.
#[derive(Clone, Copy, Debug)]
pub struct Grade {
    pub assurance: AssuranceLevel,
    /// Whether what opens it is also what a step-up asks for.
    pub stepped_up: bool,
}

/// How a sign-in went on.
pub enum SignIn {
    SignedIn(SignedIn),
    Challenged(Challenged),
}

/// A sign-in that waits for its second factor.
#[derive(Clone)]
pub struct Challenged {
    pub challenge_id: ChallengeId,
    pub token: SecretString,
    pub methods: Vec<FactorMethod>,
    pub expires_at: Timestamp,
}

/// A session whose tokens exist and whose rows do not yet.
#[derive(Clone)]
pub struct PreparedSession {
    row: NewSession,
    refresh: RefreshToken,
    signed_in: SignedIn,
    takeover: Takeover,
    place: Option<PersonalText>,
}

impl PreparedSession {
    pub fn signed_in(&self) -> SignedIn {
        self.signed_in.clone()
    }

    pub const fn device_id(&self) -> DeviceId {
        self.row.session.device_id
    }

    /// Writes the session, in the transaction that makes it true, and what the account takes over from
    /// the device.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub fn insert(&self, c: &mut Conn, keys: &SubjectKeys) -> Result<(), VaultError> {
        self.takeover.write(c, keys)?;
        sessions::insert(c, &self.row)?;
        Ok(refresh_tokens::insert(c, &self.refresh)?)
    }
}

/// What is known once the attempt was counted.
struct Admission {
    found: Option<(Account, Credential)>,
    factors: Factors,
    own_device: bool,
    device: Option<Device>,
}

/// What an attempt takes from, by who seems to make it. The first bucket is the name's own.
#[derive(Clone)]
struct Buckets {
    strangers: Vec<Bucket>,
    own_device: Vec<Bucket>,
}

impl Buckets {
    fn of(&self, own_device: bool) -> &[Bucket] {
        if own_device { &self.own_device } else { &self.strangers }
    }
}

/// An attempt whose password was right.
struct Attempt {
    account: Account,
    /// The version of the password that was compared.
    chosen: i64,
    own_device: bool,
    /// The name's own bucket, which gets the attempt back.
    name: Option<Bucket>,
    repeatable: Option<Draft>,
}

impl Attempt {
    /// Gives the attempt back and records the request, in the transaction of what comes of it.
    ///
    /// Refuses if the password that was compared is no longer the one: whoever changed it meanwhile
    /// wanted such sessions to end.
    fn settle(&self, c: &mut Conn, now: Timestamp) -> Result<(), SessionError> {
        let id = self.account.id;
        if credentials::find_version(c, id)? != Some(self.chosen) {
            return Err(SessionError::InvalidCredentials);
        }
        if let Some(name) = &self.name {
            throttles::give_back(c, name)?;
            if throttles::used(c, name, now)? >= MANY_FAILURES {
                signals::keep(c, id, SignalKind::FailedSignIns, now)?;
            }
        }
        if let Some(draft) = &self.repeatable {
            draft.record_secret(c, id, 201)?;
        }
        Ok(())
    }
}

impl SessionService {
    /// Signs a person in by email and password, or asks for the second factor.
    ///
    /// # Errors
    ///
    /// [`SessionError::InvalidCredentials`], with the same work done, whether the address is
    /// unknown or the password wrong; [`SessionError::Throttled`], alike too.
    #[tracing::instrument(skip_all)]
    pub async fn create(
        &self,
        email: &Email,
        password: Password,
        origin: Origin,
        repeatable: Option<Draft>,
    ) -> Result<SignIn, SessionError> {
        let now = self.clock.now();
        let place = self.passwords.place()?;
        let buckets = self.buckets(email, &origin)?;
        let admission = self.admit(email, origin.device_id, buckets.clone(), now).await?;
        let (account, credential) = self.compare(place, admission.found, password).await?;
        let origin = origin.of_account(account.id, admission.device.as_ref(), now);
        let taken = buckets.of(admission.own_device).to_vec();
        let attempt = Attempt {
            account,
            chosen: credential.version,
            own_device: admission.own_device,
            name: taken.first().copied(),
            repeatable,
        };
        let signed_in = if admission.factors.any() {
            SignIn::Challenged(self.challenge(attempt, &admission.factors, now).await?)
        } else {
            SignIn::SignedIn(self.open_by_password(attempt, &origin, now).await?)
        };
        if let Some((_, shared)) = taken.split_first().filter(|(_, shared)| !shared.is_empty()) {
            // What many people share is given back apart, so that they do not wait for each other.
            // Lost in a crash, it only counts one failure too many.
            let shared = shared.to_vec();
            let _ = self.db.write_guarded(move |c| give_back_all(c, &shared)).await;
        }
        Ok(signed_in)
    }

    fn buckets(&self, email: &Email, origin: &Origin) -> Result<Buckets, KmsError> {
        let (name, device) = (email.expose().as_bytes(), origin.device_id.as_bytes());
        let mut strangers = vec![
            self.throttles.bucket(throttle::STRANGERS, &[name])?,
            self.throttles.failures_from(&origin.network)?,
        ];
        if origin.device_known {
            strangers.push(self.throttles.bucket(throttle::BROWSER, &[device])?);
        }
        let own_device = vec![self.throttles.bucket(throttle::OWN_DEVICE, &[name, device])?];
        Ok(Buckets { strangers, own_device })
    }

    /// Looks everything up and counts the attempt, durably. Whoever comes with the device of the
    /// account has attempts of its own, which no stranger can use up.
    async fn admit(
        &self,
        email: &Email,
        device: DeviceId,
        buckets: Buckets,
        now: Timestamp,
    ) -> Result<Admission, SessionError> {
        let indexes = self.vault.blind_indexes(KeyPurpose::EmailIndex, email.expose());
        self.db
            .write_guarded(move |c| {
                // An unknown address asks for what nobody has: as many statements as a known one.
                let nobody = AccountId::from_uuid(Uuid::nil());
                let id = account_emails::find_account(c, &indexes)?.unwrap_or(nobody);
                let found = credentials::find_with_account(c, id)?;
                let own_device = account_devices::is_linked(c, id, device)?;
                let factors = factors::find(c, id)?;
                let device = devices::find(c, device)?;
                throttles::take::<SessionError>(c, buckets.of(own_device), now)?;
                Ok(Admission { found, factors, own_device, device })
            })
            .await
    }

    /// The account, if the password is its own.
    async fn compare(
        &self,
        place: Place,
        found: Option<(Account, Credential)>,
        password: Password,
    ) -> Result<(Account, Credential), SessionError> {
        let stored = match &found {
            Some((account, credential)) => {
                Some(self.vault.unpepper(account.id, &CREDENTIAL_PASSWORD, &credential.sealed)?)
            }
            None => None,
        };
        let stale_pepper = stored.as_ref().is_some_and(|(_, stale)| *stale);
        let comparison = self.passwords.compare(place, password.clone(), stored.map(|(phc, _)| phc)).await?;
        let (account, credential) = found
            .filter(|(account, _)| comparison.matches && account.state.may_sign_in())
            .ok_or(SessionError::InvalidCredentials)?;
        // A machine too busy for a second hash renews it another time.
        if (comparison.outdated || stale_pepper)
            && let Ok(place) = self.passwords.place()
            && let Ok(phc) = self.passwords.hash(place, password).await
        {
            let (id, old, new) =
                (account.id, credential.sealed.clone(), self.vault.pepper(account.id, &phc)?);
            self.db.write_for(id, move |c| credentials::replace_hash(c, id, &old, &new)).await?;
        }
        Ok((account, credential))
    }

    async fn open_by_password(
        &self,
        attempt: Attempt,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<SignedIn, SessionError> {
        let id = attempt.account.id;
        let keys = self.vault.keys_of(id).await?;
        let grade = Grade { assurance: AssuranceLevel::Aal1, stepped_up: false };
        let profile = self.profile_of(&keys, id).await?;
        let prepared = self.prepare(&keys, &attempt.account, &profile, origin, grade, now)?;
        let notice = if attempt.own_device {
            None
        } else {
            Some(self.new_device_notice(&keys, &profile, &prepared, origin, now)?)
        };
        let signed_in = prepared.signed_in();
        self.db
            .write_for(id, move |c| {
                // Enrolled since the attempt was admitted: it was never asked for, so it opens nothing.
                if factors::find(c, id)?.any() {
                    return Err(SessionError::InvalidCredentials);
                }
                attempt.settle(c, now)?;
                begin(c, &keys, &prepared, notice.as_ref(), now)?;
                Ok::<_, SessionError>(())
            })
            .await?;
        self.outbox.wake();
        Ok(signed_in)
    }

    async fn challenge(
        &self,
        attempt: Attempt,
        factors: &Factors,
        now: Timestamp,
    ) -> Result<Challenged, SessionError> {
        let id = attempt.account.id;
        let token = opaque::issue(self.vault.kms(), TokenKind::Challenge, id)?;
        let row = Challenge {
            account_id: id,
            id: ChallengeId::generate(now),
            token_mac: token.mac,
            created_at: now,
            expires_at: now.plus(CHALLENGE_LIFETIME),
        };
        let challenged = Challenged {
            challenge_id: row.id,
            token: token.text,
            methods: factors.methods(),
            expires_at: row.expires_at,
        };
        self.db
            .write_for(id, move |c| {
                attempt.settle(c, now)?;
                sign_in_challenges::insert(c, &row)?;
                Ok::<_, SessionError>(())
            })
            .await?;
        Ok(challenged)
    }

    /// Makes a session of `account` ready to be written.
    ///
    /// # Errors
    ///
    /// [`VaultError`] if the person's keys are gone.
    pub fn prepare(
        &self,
        keys: &SubjectKeys,
        account: &Account,
        profile: &Profile,
        origin: &Origin,
        grade: Grade,
        now: Timestamp,
    ) -> Result<PreparedSession, VaultError> {
        let id = SessionId::generate(now);
        let row = Row(id.as_bytes());
        let expires_at = now.plus(ABSOLUTE_LIFETIME);
        let place = self.places.of(origin.address.expose());
        let session = Session {
            id,
            account_id: account.id,
            device_id: origin.device_id,
            user_agent: keys.seal_option(&SESSION_USER_AGENT, row, origin.user_agent.as_ref())?,
            place: keys.seal_option(&SESSION_PLACE, row, place.as_ref())?,
            assurance: grade.assurance,
            stepped_up_at: grade.stepped_up.then_some(now),
            created_at: now,
            last_used_at: now,
            expires_at,
        };
        let (access_token, access_expires_at) =
            self.access.issue(account.id, id, grade.assurance.as_number(), account.epoch, now)?;
        let (refresh, refresh_token) = self.refresh_token(account.id, id, expires_at, now)?;
        let signed_in = SignedIn {
            account_id: account.id,
            device_id: Some(origin.device_id),
            session_id: id,
            access_token,
            access_expires_at,
            refresh_token,
            refresh_expires_at: refresh.expires_at,
        };
        let address = Some(keys.seal(&SESSION_ADDRESS, row, &origin.address)?.into_envelope());
        let takeover = Takeover::new(keys, profile, origin.device_id, now)?;
        let row = NewSession { session, epoch: account.epoch, address };
        Ok(PreparedSession { row, refresh, signed_in, takeover, place })
    }

    /// The mail that tells of a sign-in on a device that is new to the account.
    pub(super) fn new_device_notice(
        &self,
        keys: &SubjectKeys,
        profile: &Profile,
        prepared: &PreparedSession,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<SealedMessage, VaultError> {
        let session = prepared.row.session.id;
        let token = opaque::link(
            self.vault.kms(),
            TokenKind::SessionRevocation,
            keys.account_id(),
            session.as_bytes(),
        )?;
        let text = |value: Option<&PersonalText>| value.map_or("-", Personal::expose).to_owned();
        let body = MessageBody::NewDevice {
            program: text(origin.user_agent.as_ref()),
            place: text(self.places.of(origin.address.expose()).as_ref()),
            at: now.for_people(),
            link: self.links.to("revoke-session", &token),
        };
        mailing::mail(keys, profile, body, now)
    }

    pub(super) async fn profile_of(
        &self,
        keys: &SubjectKeys,
        id: AccountId,
    ) -> Result<Profile, SessionError> {
        let sealed = self.db.read(move |c| profile_rows::find(c, id)).await?;
        let sealed = sealed.ok_or(SessionError::Unauthenticated)?;
        Ok(profiles::open(keys, &sealed)?)
    }
}

/// Writes the session, and the notice if the device is new to the account.
pub(super) fn begin(
    c: &mut Conn,
    keys: &SubjectKeys,
    prepared: &PreparedSession,
    notice: Option<&SealedMessage>,
    now: Timestamp,
) -> Result<(), VaultError> {
    let (id, device) = (prepared.signed_in.account_id, prepared.device_id());
    if let Some(notice) = notice
        && !account_devices::is_linked(c, id, device)?
    {
        outbox::insert(c, notice)?;
    }
    account_devices::link(c, id, device, now)?;
    let seen = SignInSeen { session: prepared.row.session.id, place: prepared.place.as_ref() };
    signals::observe_sign_in(c, keys, &seen, now)?;
    prepared.insert(c, keys)
}

fn give_back_all(c: &mut Conn, buckets: &[Bucket]) -> Result<(), StorageError> {
    buckets.iter().try_for_each(|bucket| throttles::give_back(c, bucket))
}
