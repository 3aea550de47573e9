//! Second factors, compared and used up: each proof works once, also when it comes many times at once.

use subtle::ConstantTimeEq;
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::{
    db::{Conn, StorageError},
    domain::{
        data_dictionary::{Entry, TOTP_SECRET},
        email::Email,
        factor::{self, FactorMethod, RecoveryCode, TOTP_SKEW, TOTP_STEP},
        ids::AccountId,
        personal::Personal,
        time::Timestamp,
    },
    repositories::{
        one_time_codes::{self, CodePlace, StoredCode},
        recovery_codes,
        totp_factors::{self, TotpFactor},
    },
    services::{
        tokens::opaque,
        vault::{
            Row, SubjectKeys, VaultError,
            kms::{KeyPurpose, Kms, KmsError},
        },
    },
};

/// How often one code may be tried.
pub const MAX_TRIES: i32 = 5;

/// What a presented code is held against.
#[derive(Clone)]
pub enum Evidence {
    Totp(TotpFactor),
    Code(CodePlace, StoredCode),
    RecoveryCodes,
}

/// A code that is right, as far as can be told before it is used up.
#[derive(Clone)]
pub enum Proof {
    Totp { step: i64 },
    Code(CodePlace, StoredCode),
    RecoveryCode { macs: Vec<[u8; 32]> },
}

/// Counts a try of the method and gives what it is held against; `None` if there is nothing.
///
/// # Errors
///
/// Storage trouble only.
pub fn count_try(
    c: &mut Conn,
    id: AccountId,
    method: FactorMethod,
    place: &CodePlace,
    now: Timestamp,
) -> Result<Option<Evidence>, StorageError> {
    Ok(match method {
        FactorMethod::Totp => {
            totp_factors::find(c, id)?.filter(|factor| factor.confirmed_at.is_some()).map(Evidence::Totp)
        }
        FactorMethod::Sms => {
            one_time_codes::count_try(c, place, MAX_TRIES, now)?.map(|code| Evidence::Code(*place, code))
        }
        FactorMethod::RecoveryCode => Some(Evidence::RecoveryCodes),
    })
}

/// Holds a presented code against the evidence.
///
/// # Errors
///
/// [`VaultError`] if the secret does not open.
pub fn judge(
    kms: &Kms,
    keys: &SubjectKeys,
    evidence: &Evidence,
    presented: &str,
    now: Timestamp,
) -> Result<Option<Proof>, VaultError> {
    match evidence {
        Evidence::Totp(factor) => {
            let step = totp_step(keys, &factor.secret, presented, now)?;
            Ok(step.filter(|step| *step > factor.last_step).map(|step| Proof::Totp { step }))
        }
        Evidence::Code(place, code) => {
            let is_right = code_matches(kms, place, code, presented)?;
            Ok(is_right.then_some(Proof::Code(*place, *code)))
        }
        Evidence::RecoveryCodes => {
            let Some(code) = RecoveryCode::parse(presented) else { return Ok(None) };
            let versions = kms.live_versions(KeyPurpose::TokenMac);
            let macs =
                versions.into_iter().map(|version| recovery_mac(kms, version, keys.account_id(), &code));
            Ok(Some(Proof::RecoveryCode { macs: macs.collect::<Result<_, _>>()? }))
        }
    }
}

/// Uses a proof up; `false` if it was used before, or in this very moment.
///
/// # Errors
///
/// Storage trouble only.
pub fn spend(c: &mut Conn, id: AccountId, proof: &Proof, now: Timestamp) -> Result<bool, StorageError> {
    match proof {
        Proof::Totp { step } => totp_factors::spend(c, id, *step),
        Proof::Code(place, code) => one_time_codes::spend(c, place, code),
        Proof::RecoveryCode { macs } => recovery_codes::spend(c, id, macs, now),
    }
}

/// Makes a code for a place: what is sent, and what is kept.
///
/// # Errors
///
/// Only if the machine gives no randomness.
pub fn new_code(kms: &Kms, place: &CodePlace) -> Result<(Zeroizing<String>, StoredCode), KmsError> {
    let code = opaque::code()?;
    let mac_version = kms.active(KeyPurpose::TokenMac);
    let mac = code_mac(kms, mac_version, place, &code)?;
    Ok((code, StoredCode { mac, mac_version }))
}

/// Whether this is the code of the place.
///
/// # Errors
///
/// [`KmsError::UnknownVersion`].
pub fn code_matches(
    kms: &Kms,
    place: &CodePlace,
    code: &StoredCode,
    presented: &str,
) -> Result<bool, KmsError> {
    let presented = code_mac(kms, code.mac_version, place, presented)?;
    Ok(presented.ct_eq(&code.mac).into())
}

fn code_mac(kms: &Kms, version: u32, place: &CodePlace, code: &str) -> Result<[u8; 32], KmsError> {
    let bound_to = [place.purpose.as_str().as_bytes(), &place.bound_to].concat();
    opaque::code_mac(kms, version, place.account_id, &bound_to, code)
}

/// The keyed hash under which a recovery code rests.
///
/// # Errors
///
/// [`KmsError::UnknownVersion`].
pub fn recovery_mac(
    kms: &Kms,
    version: u32,
    id: AccountId,
    code: &RecoveryCode,
) -> Result<[u8; 32], KmsError> {
    let parts: [&[u8]; 3] = [b"recovery-code", id.as_bytes(), code.expose().as_bytes()];
    kms.mac(KeyPurpose::TokenMac, version, &parts)
}

/// The step of a right code of the app; `None` for a wrong one.
///
/// # Errors
///
/// [`VaultError`] if the secret does not open.
pub fn totp_step(
    keys: &SubjectKeys,
    sealed_secret: &[u8],
    presented: &str,
    now: Timestamp,
) -> Result<Option<i64>, VaultError> {
    totp_step_in(&TOTP_SECRET, keys, sealed_secret, presented, now)
}

/// [`totp_step`] for a secret that rests in the column of `entry`.
///
/// # Errors
///
/// As [`totp_step`].
pub fn totp_step_in(
    entry: &'static Entry,
    keys: &SubjectKeys,
    sealed_secret: &[u8],
    presented: &str,
    now: Timestamp,
) -> Result<Option<i64>, VaultError> {
    let secret = keys.open_bytes(entry, Row(keys.account_id().as_bytes()), sealed_secret)?;
    let seconds = u64::try_from(now.as_seconds()).unwrap_or(0);
    let step = totp(&secret, None)?.check(presented, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

/// The address by which an app takes a secret up (the `otpauth` scheme).
///
/// # Errors
///
/// [`VaultError`] for a secret that is none.
pub fn otpauth_url(secret: &[u8], issuer: &str, email: &Email) -> Result<Zeroizing<String>, VaultError> {
    totp(secret, Some((issuer, email.expose())))?.to_url().map(Zeroizing::new).map_err(|_| unusable())
}

/// A secret as people type it into an app.
pub fn base32(secret: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(Secret::from(secret).to_base32())
}

fn totp(secret: &[u8], names: Option<(&str, &str)>) -> Result<Totp, VaultError> {
    debug_assert_eq!(secret.len(), factor::TOTP_SECRET);
    let builder = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(TOTP_SKEW)
        .with_step_duration(TOTP_STEP)
        .with_secret(secret);
    let builder = match names {
        Some((issuer, account)) => {
            // A colon separates the two in the label, and a name must not bring its own.
            builder.with_issuer(Some(issuer)).with_account_name(account.replace(':', " "))
        }
        None => builder,
    };
    builder.build().map_err(|_| unusable())
}

fn unusable() -> VaultError {
    VaultError::Broken { table: TOTP_SECRET.table, column: TOTP_SECRET.column, why: "not a secret" }
}
