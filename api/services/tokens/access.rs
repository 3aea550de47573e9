//! Access tokens: `EdDSA`, ten minutes at most, and nothing in them but who and which session. Each
//! audience has keys, a type and an audience claim of its own; no token passes for another's.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use secrecy::SecretString;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use crate::{
    domain::{
        ids::{AccountId, PartnerClientId, PartnerCredentialId, SessionId, StaffId, StaffSessionId},
        time::Timestamp,
    },
    services::vault::kms::{KeyPurpose, Kms, KmsError},
};

/// How long an access token lives.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Tolerated difference between clocks, in seconds.
const LEEWAY: i64 = 5;
/// How long a key still verifies after its successor was made: every process knows the new one by
/// then, and every token of the old one has lapsed. A leaked key is so worthless within the hour.
const OVERLAP: TimeDelta = TimeDelta::hours(1);
const CACHED: usize = 50_000;
const MAX_LENGTH: usize = 2_048;

/// Whose tokens these are.
pub trait Bearer: 'static {
    type Subject: Serialize + DeserializeOwned + Send + Sync;
    type Session: Serialize + DeserializeOwned + Send + Sync;
    const NAME: &'static str;
    const PURPOSE: KeyPurpose;
}

/// Persons, on their own data.
pub struct OfPerson;

impl Bearer for OfPerson {
    type Subject = AccountId;
    type Session = SessionId;
    const NAME: &'static str = "person";
    const PURPOSE: KeyPurpose = KeyPurpose::PersonToken;
}

/// Members of staff.
pub struct OfStaff;

impl Bearer for OfStaff {
    type Subject = StaffId;
    type Session = StaffSessionId;
    const NAME: &'static str = "staff";
    const PURPOSE: KeyPurpose = KeyPurpose::StaffToken;
}

/// Clients of partners.
pub struct OfPartner;

impl Bearer for OfPartner {
    type Subject = PartnerClientId;
    type Session = PartnerCredentialId;
    const NAME: &'static str = "partner";
    const PURPOSE: KeyPurpose = KeyPurpose::PartnerToken;
}

/// What a token says; every claim is required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims<S, I> {
    pub iss: String,
    pub aud: String,
    pub sub: S,
    pub sid: I,
    pub jti: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub aal: i16,
    pub epoch: i64,
    /// What a partner's token may do; persons and staff have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// Exactly the header that tokens of ours have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    kid: String,
    typ: String,
}

/// A public signing key (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub kid: String,
    pub x: String,
}

/// Signs and verifies access tokens. Only the result of a signature check is remembered; whether
/// the session lives is asked every time.
pub struct AccessTokens<B: Bearer> {
    inner: Arc<Inner<B>>,
}

impl<B: Bearer> Clone for AccessTokens<B> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

type ClaimsOf<B> = Claims<<B as Bearer>::Subject, <B as Bearer>::Session>;

struct Inner<B: Bearer> {
    kms: Arc<Kms>,
    issuer: String,
    verified: Cache<[u8; 32], Arc<ClaimsOf<B>>>,
    keys: RwLock<HashMap<String, Arc<KeyPair>>>,
}

struct KeyPair {
    public: PublicKey,
    verifies: DecodingKey,
    signs: EncodingKey,
}

impl<B: Bearer> AccessTokens<B> {
    pub fn new(kms: Arc<Kms>, issuer: String) -> Self {
        let inner = Inner { kms, issuer, verified: Cache::new(CACHED), keys: RwLock::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Signs a token for a session; it expires at the instant given back.
    ///
    /// # Errors
    ///
    /// Only if the signing key is gone.
    pub fn issue(
        &self,
        subject: B::Subject,
        session: B::Session,
        aal: i16,
        epoch: i64,
        now: Timestamp,
    ) -> Result<(SecretString, Timestamp), KmsError> {
        self.issue_scoped(subject, session, aal, epoch, None, now)
    }

    /// [`issue`](Self::issue), for what the scope names alone.
    ///
    /// # Errors
    ///
    /// As [`issue`](Self::issue).
    pub fn issue_scoped(
        &self,
        subject: B::Subject,
        session: B::Session,
        aal: i16,
        epoch: i64,
        scope: Option<String>,
        now: Timestamp,
    ) -> Result<(SecretString, Timestamp), KmsError> {
        let expires_at = now.plus(LIFETIME);
        let claims = Claims {
            iss: self.inner.issuer.clone(),
            aud: audience::<B>(),
            sub: subject,
            sid: session,
            jti: URL_SAFE_NO_PAD.encode(uuid::Uuid::new_v4().as_bytes()),
            iat: now.as_seconds(),
            nbf: now.as_seconds(),
            exp: expires_at.as_seconds(),
            aal,
            epoch,
            scope,
        };
        let pair = self.pair(self.inner.kms.active(B::PURPOSE))?;
        let header = Header {
            typ: Some(format!("at+jwt;{}", B::NAME)),
            kid: Some(pair.public.kid.clone()),
            ..Header::new(Algorithm::EdDSA)
        };
        let token = jsonwebtoken::encode(&header, &claims, &pair.signs).map_err(|_| KmsError::Crypto)?;
        Ok((SecretString::from(token), expires_at))
    }

    /// The claims of a token that we signed and that is valid at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Arc<ClaimsOf<B>>> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let digest: [u8; 32] = Sha256::digest(token).into();
        let claims = if let Some(claims) = self.inner.verified.get(&digest) {
            claims
        } else {
            let claims = Arc::new(self.check(token, now)?);
            self.inner.verified.insert(digest, Arc::clone(&claims));
            claims
        };
        let seconds = now.as_seconds();
        let in_time = claims.nbf <= seconds + LEEWAY && seconds < claims.exp + LEEWAY;
        in_time.then_some(claims)
    }

    fn check(&self, token: &str, now: Timestamp) -> Option<ClaimsOf<B>> {
        let header = token.split('.').next()?;
        let header: StrictHeader = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.alg != "EdDSA" || header.typ.strip_prefix("at+jwt;") != Some(B::NAME) {
            return None;
        }
        let version: u32 = header.kid.strip_prefix(B::NAME)?.strip_prefix('-')?.parse().ok()?;
        let pair = self.pair(version).ok()?;
        if !self.verifying_versions(now).contains(&version) {
            return None;
        }
        // Times are checked at every use, against the injected clock.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.set_audience(&[audience::<B>()]);
        validation.set_issuer(&[&self.inner.issuer]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
        // Serde refuses duplicate claims of a struct, so one payload has one meaning.
        jsonwebtoken::decode::<ClaimsOf<B>>(token, &pair.verifies, &validation).ok().map(|data| data.claims)
    }

    /// The keys with which anybody can check our tokens.
    ///
    /// # Errors
    ///
    /// Only if a signing key is gone.
    pub fn public_keys(&self, now: Timestamp) -> Result<Vec<PublicKey>, KmsError> {
        self.verifying_versions(now)
            .into_iter()
            .map(|version| Ok(self.pair(version)?.public.clone()))
            .collect()
    }

    /// The active version, and the ones before it whose overlap has not passed; newest first.
    fn verifying_versions(&self, now: Timestamp) -> Vec<u32> {
        let mut keys = self.inner.kms.facts();
        keys.retain(|key| key.purpose == B::PURPOSE);
        keys.sort_unstable_by_key(|key| std::cmp::Reverse(key.version));
        let mut successor: Option<Timestamp> = None;
        let mut versions = Vec::new();
        for key in keys {
            if successor.is_some_and(|made_at| made_at.plus(OVERLAP) <= now) {
                break;
            }
            versions.push(key.version);
            successor = Some(key.created_at);
        }
        versions
    }

    fn pair(&self, version: u32) -> Result<Arc<KeyPair>, KmsError> {
        let kid = format!("{}-{version}", B::NAME);
        let known = match self.inner.keys.read() {
            Ok(keys) => keys.get(&kid).cloned(),
            Err(_) => None,
        };
        if let Some(pair) = known {
            return Ok(pair);
        }
        let (public, pkcs8) = self.inner.kms.ed25519(B::PURPOSE, version)?;
        let x = URL_SAFE_NO_PAD.encode(public);
        let pair = Arc::new(KeyPair {
            verifies: DecodingKey::from_ed_components(&x).map_err(|_| KmsError::Crypto)?,
            signs: EncodingKey::from_ed_der(&pkcs8),
            public: PublicKey { kid: kid.clone(), x },
        });
        if let Ok(mut keys) = self.inner.keys.write() {
            keys.insert(kid, Arc::clone(&pair));
        }
        Ok(pair)
    }
}

fn audience<B: Bearer>() -> String {
    format!("smart-mining:{}", B::NAME)
}
