//! Second factors: an authenticator app and recovery codes, added and removed; the phone is a contact.

use chrono::TimeDelta;
use qrcode::{QrCode, render::svg};
use zeroize::Zeroizing;

use super::{AccountError, AccountService};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::{Standing, WAIT_AFTER_RESET},
        data_dictionary::TOTP_SECRET,
        evidence::Act,
        factor::{Factors, RECOVERY_CODES, RecoveryCode, TOTP_SECRET as SECRET_LENGTH},
        ids::{AccountId, SessionId},
        message::{Factor, MessageBody},
        session::SessionEnd,
        throttle,
        time::Timestamp,
    },
    repositories::{
        accounts, credentials, factors, log as leaves, outbox, recovery_codes, sessions, sign_in_challenges,
        totp_factors,
    },
    services::{
        idempotency::{Draft, Recording},
        log::LeafDraft,
        mailing, proofs, throttles,
        vault::{
            Row, VaultError,
            kms::{KeyPurpose, KmsError},
        },
    },
};

/// How long a proposed secret waits for its first code.
const PROPOSAL_LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// Width of the QR image, in pixels; it scales without loss.
const QR_SIZE: u32 = 240;

const FACTOR_ADDED: Act = Act { name: "factor.added", object: "factor", clause: "2.3" };
const FACTOR_REMOVED: Act = Act { name: "factor.removed", object: "factor", clause: "2.3" };
const RECOVERY_CODES_MADE: Act = Act { name: "factor.recovery_codes_made", object: "factor", clause: "2.3" };

/// What proves an account's person, and since when.
#[derive(Clone, Copy)]
pub struct Security {
    pub standing: Standing,
    pub password_changed_at: Timestamp,
    pub factors: Factors,
    /// Until then nothing is exported or erased, because the password was reset.
    pub waits_until: Option<Timestamp>,
}

/// A secret for an authenticator app, not in force before its first code.
pub struct ProposedTotp {
    pub otpauth_url: Zeroizing<String>,
    pub secret: Zeroizing<String>,
    /// The same as an image, in SVG.
    pub qr_image: Zeroizing<String>,
    pub expires_at: Timestamp,
}

/// Fresh recovery codes, shown once.
pub struct RecoveryCodes {
    pub codes: Vec<Zeroizing<String>>,
    pub made_at: Timestamp,
}

impl AccountService {
    /// How well the account is kept.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`] after the account has gone.
    pub async fn security(&self, id: AccountId) -> Result<Security, AccountError> {
        let now = self.clock.now();
        self.db
            .read(move |c| {
                let standing = accounts::find_standing(c, id)?.ok_or(AccountError::NotFound)?;
                let (password_changed_at, reset_at) =
                    credentials::find_instants(c, id)?.ok_or(AccountError::NotFound)?;
                let waits_until = reset_at.map(|at| at.plus(WAIT_AFTER_RESET)).filter(|until| now < *until);
                Ok(Security { standing, password_changed_at, factors: factors::find(c, id)?, waits_until })
            })
            .await
    }

    /// Proposes a secret for an authenticator app; an unconfirmed one before it lapses.
    ///
    /// # Errors
    ///
    /// [`AccountError::FactorExists`] if an app is confirmed.
    #[tracing::instrument(skip_all)]
    pub async fn propose_totp(
        &self,
        id: AccountId,
        repeatable: Option<Draft>,
    ) -> Result<ProposedTotp, AccountError> {
        let now = self.clock.now();
        let (keys, profile) = self.person(id).await?;
        let mut secret = Zeroizing::new([0; SECRET_LENGTH]);
        getrandom::fill(secret.as_mut_slice()).map_err(|_| KmsError::Randomness)?;
        let otpauth_url = proofs::otpauth_url(secret.as_slice(), &self.issuer, &profile.email)?;
        let proposed = ProposedTotp {
            qr_image: qr_image(&otpauth_url)?,
            otpauth_url,
            secret: proofs::base32(secret.as_slice()),
            expires_at: now.plus(PROPOSAL_LIFETIME),
        };
        let sealed = keys.seal_bytes(&TOTP_SECRET, Row(id.as_bytes()), secret.as_slice())?;
        self.db
            .write_for(id, move |c| {
                if !totp_factors::propose(c, id, &sealed, now)? {
                    return Err(AccountError::FactorExists);
                }
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, id, 201)?;
                }
                Ok(())
            })
            .await?;
        Ok(proposed)
    }

    /// Confirms the app by a first code; from then on a sign-in asks for one.
    ///
    /// # Errors
    ///
    /// [`AccountError::Expired`] if no secret waits, [`AccountError::WrongCode`] after counting the
    /// try, durably.
    #[tracing::instrument(skip_all)]
    pub async fn confirm_totp(
        &self,
        id: AccountId,
        session: SessionId,
        code: &str,
        recording: Recording<Timestamp>,
    ) -> Result<Timestamp, AccountError> {
        let now = self.clock.now();
        let bucket = self.throttles.bucket(throttle::FACTOR_OWN_DEVICE, &[id.as_bytes(), b"enrolment"])?;
        let repeated = recording.clone();
        let proposed = self
            .db
            .write_for(id, move |c| {
                repeated.refuse_if_done(c)?;
                throttles::take::<AccountError>(c, &[bucket], now)?;
                Ok::<_, AccountError>(totp_factors::find(c, id)?)
            })
            .await?;
        let waits = |factor: &totp_factors::TotpFactor| {
            factor.confirmed_at.is_none() && now < factor.created_at.plus(PROPOSAL_LIFETIME)
        };
        let proposed = proposed.filter(waits).ok_or(AccountError::Expired)?;
        let (keys, profile) = self.person(id).await?;
        let step = proofs::totp_step(&keys, &proposed.secret, code, now)?.ok_or(AccountError::WrongCode)?;
        let facts = vec![("factor", "totp".to_owned()), ("account", id.to_string())];
        let leaf = LeafDraft::new(now)?.of_person(&keys, &FACTOR_ADDED, &facts)?;
        let body = MessageBody::FactorAdded { factor: Factor::Totp, at: now.for_people() };
        let notice = mailing::mail(&keys, &profile, body, now)?;
        self.db
            .write_for(id, move |c| {
                if !totp_factors::confirm(c, id, &proposed.secret, step, now)? {
                    return Err(AccountError::Expired);
                }
                throttles::give_back(c, &bucket)?;
                end_what_rested_on_factors(c, id, Some(session), now)?;
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                recording.record(c, &keys, &now)?;
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(now)
    }

    /// Removes the authenticator app; without any factor left, the recovery codes go along.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchFactor`].
    #[tracing::instrument(skip_all)]
    pub async fn remove_totp(&self, id: AccountId, session: SessionId) -> Result<Timestamp, AccountError> {
        let now = self.clock.now();
        let (keys, profile) = self.person(id).await?;
        let facts = vec![("factor", "totp".to_owned()), ("account", id.to_string())];
        let leaf = LeafDraft::new(now)?.of_person(&keys, &FACTOR_REMOVED, &facts)?;
        let body = MessageBody::FactorRemoved { factor: Factor::Totp, at: now.for_people() };
        let notice = mailing::mail(&keys, &profile, body, now)?;
        self.db
            .write_for(id, move |c| {
                if !totp_factors::delete(c, id)? {
                    return Err(AccountError::NoSuchFactor);
                }
                end_what_rested_on_factors(c, id, Some(session), now)?;
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(now)
    }

    /// Makes recovery codes in the place of all earlier ones.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSecondFactor`]: alone they would be a second password.
    #[tracing::instrument(skip_all)]
    pub async fn make_recovery_codes(
        &self,
        id: AccountId,
        repeatable: Option<Draft>,
    ) -> Result<RecoveryCodes, AccountError> {
        let now = self.clock.now();
        let (keys, profile) = self.person(id).await?;
        let version = self.vault.kms().active(KeyPurpose::TokenMac);
        let codes = (0..RECOVERY_CODES).map(|_| new_recovery_code()).collect::<Result<Vec<_>, _>>()?;
        let macs = codes
            .iter()
            .map(|code| proofs::recovery_mac(self.vault.kms(), version, id, code))
            .collect::<Result<Vec<_>, _>>()?;
        let facts = vec![("factor", "recovery_codes".to_owned()), ("account", id.to_string())];
        let leaf = LeafDraft::new(now)?.of_person(&keys, &RECOVERY_CODES_MADE, &facts)?;
        let notice =
            mailing::mail(&keys, &profile, MessageBody::RecoveryCodesMade { at: now.for_people() }, now)?;
        self.db
            .write_for(id, move |c| {
                if !factors::find(c, id)?.any() {
                    return Err(AccountError::NoSecondFactor);
                }
                recovery_codes::replace(c, id, &macs, now)?;
                leaves::append(c, &leaf)?;
                outbox::insert(c, &notice)?;
                if let Some(draft) = &repeatable {
                    draft.record_secret(c, id, 201)?;
                }
                Ok(())
            })
            .await?;
        self.outbox.wake();
        Ok(RecoveryCodes { codes: codes.iter().map(RecoveryCode::shown).collect(), made_at: now })
    }
}

/// What a change of second factors ends: sessions that began before it, challenges that wait, and
/// recovery codes without a factor.
pub(super) fn end_what_rested_on_factors(
    c: &mut Conn,
    id: AccountId,
    kept: Option<SessionId>,
    now: Timestamp,
) -> Result<(), StorageError> {
    if !factors::find(c, id)?.any() {
        recovery_codes::delete_all(c, id)?;
    }
    sessions::end_others(c, id, kept, SessionEnd::FactorChanged, now)?;
    sign_in_challenges::delete_all(c, id)
}

fn new_recovery_code() -> Result<RecoveryCode, KmsError> {
    let mut random = Zeroizing::new([0; 10]);
    getrandom::fill(random.as_mut_slice()).map_err(|_| KmsError::Randomness)?;
    Ok(RecoveryCode::of(&random))
}

/// A QR code as an SVG image.
///
/// # Errors
///
/// Only for a text that is too long.
pub fn qr_image(text: &str) -> Result<Zeroizing<String>, VaultError> {
    let unusable =
        VaultError::Broken { table: "totp_factors", column: "secret", why: "too long for an image" };
    let code = QrCode::new(text).map_err(|_| unusable)?;
    Ok(Zeroizing::new(code.render::<svg::Color<'_>>().min_dimensions(QR_SIZE, QR_SIZE).build()))
}
