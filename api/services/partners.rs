//! Partners: clients that admins look after, and the tokens that they get (OAuth 2, client credentials).

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::SecretString;
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::{
    db::{Db, StorageError},
    domain::{
        evidence::Act,
        ids::{AccountId, PartnerClientId, PartnerCredentialId, StaffId},
        partner::{
            ASSERTION_LASTS, CredentialProof, LONGEST_OVERLAP, MOST_CREDENTIALS, PartnerClient,
            PartnerCredential, Scope,
        },
        throttle::Exhausted,
        time::Timestamp,
    },
    repositories::{log as leaves, partners},
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        idempotency::{Draft, IdempotencyError, Recording},
        log::LeafDraft,
        throttles::{self, Throttles},
        tokens::{
            access::{AccessTokens, LIFETIME, OfPartner},
            opaque::{self, TokenKind},
        },
        vault::{Vault, VaultError, kms::KeyPurpose},
    },
};

/// Why a partner, or who looks after one, was refused.
#[derive(Debug, thiserror::Error)]
pub enum PartnerError {
    #[error("no live token of a partner")]
    Unauthenticated,
    #[error("the client does not prove itself")]
    InvalidClient,
    #[error("a scope that the client does not have")]
    InvalidScope,
    #[error("no such client or credential")]
    NotFound,
    #[error("the state does not allow it")]
    StateConflict,
    #[error("too many attempts")]
    Throttled(Exhausted),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(PartnerError, storage in Idempotency, Vault);

impl From<Exhausted> for PartnerError {
    fn from(exhausted: Exhausted) -> Self {
        Self::Throttled(exhausted)
    }
}

const CREATED: Act = Act { name: "partner.client_created", object: "partner_client", clause: "4.8" };
const ENDED: Act = Act { name: "partner.client_deactivated", object: "partner_client", clause: "4.8" };
const CREDENTIAL_ADDED: Act =
    Act { name: "partner.credential_added", object: "partner_credential", clause: "4.8" };
const CREDENTIAL_RETIRED: Act =
    Act { name: "partner.credential_retired", object: "partner_credential", clause: "4.8" };

const LIST: &str = "partner_clients";
/// One proof, of possession.
const AAL: i16 = 1;

/// What a client is to prove itself by.
pub enum NewCredential {
    Secret,
    PublicKey([u8; 32]),
}

/// A new credential; a secret is shown this once.
pub struct AddedCredential {
    pub credential: PartnerCredential,
    pub secret: Option<SecretString>,
}

/// How a client proves itself at the token endpoint.
pub enum ClientProof {
    Secret {
        client_id: PartnerClientId,
        secret: String,
    },
    /// A signed assertion (RFC 7523).
    Assertion(String),
}

/// A token as its client gets it.
pub struct IssuedToken {
    pub access_token: SecretString,
    pub expires_in: i64,
    pub scopes: Vec<Scope>,
}

/// A page of clients.
pub struct ClientPage {
    pub clients: Vec<PartnerClient>,
    pub next_cursor: Option<String>,
}

/// The limits of clients, each its own.
type Limits = Mutex<HashMap<PartnerClientId, (i32, Arc<DefaultDirectRateLimiter>)>>;

/// Looks after clients, and lets them in.
#[derive(Clone)]
pub struct PartnerService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub access: AccessTokens<OfPartner>,
    pub throttles: Throttles,
    /// The address of the token endpoint, which assertions name as their audience.
    pub token_endpoint: String,
    limits: Arc<Limits>,
}

/// What an assertion says (RFC 7523, section 3).
#[derive(Deserialize)]
struct Assertion {
    iss: PartnerClientId,
    sub: PartnerClientId,
    exp: i64,
    jti: String,
}

impl PartnerService {
    pub fn new(
        db: Db,
        vault: Vault,
        clock: Clock,
        access: AccessTokens<OfPartner>,
        throttles: Throttles,
        issuer: &str,
    ) -> Self {
        let token_endpoint = format!("{issuer}/oauth/token");
        Self { db, vault, clock, access, throttles, token_endpoint, limits: Arc::default() }
    }

    /// Registers a client; it has no credential yet.
    ///
    /// # Errors
    ///
    /// Storage and sealing trouble only.
    #[tracing::instrument(skip_all)]
    pub async fn create(
        &self,
        by: StaffId,
        name: String,
        scopes: Vec<Scope>,
        requests_per_minute: i32,
        recording: Recording<PartnerClient>,
    ) -> Result<PartnerClient, PartnerError> {
        let now = self.clock.now();
        let client = PartnerClient {
            id: PartnerClientId::generate(now),
            name,
            scopes,
            active: true,
            requests_per_minute,
            epoch: 1,
            created_at: now,
            credentials: Vec::new(),
        };
        let facts = vec![
            ("partner_client", client.id.to_string()),
            ("scopes", Scope::join(&client.scopes)),
            ("staff", by.to_string()),
        ];
        let leaf = LeafDraft::new(now)?.of_staff(by, &CREATED, &facts);
        let own = self.vault.keys_of(by.subject()).await?;
        let answer = client.clone();
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                partners::insert(c, &answer)?;
                leaves::append(c, &leaf)?;
                recording.record(c, &own, &answer)?;
                Ok::<_, PartnerError>(())
            })
            .await?;
        Ok(client)
    }

    /// The clients, page by page.
    ///
    /// # Errors
    ///
    /// [`PartnerError::Cursor`].
    pub async fn list(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ClientPage, PartnerError> {
        let (kms, owner) = (self.vault.kms(), reader.subject());
        let after = cursors::id(kms, LIST, owner, cursor, PartnerClientId::from_uuid)?;
        let rows = self.db.read(move |c| partners::list(c, after, i64::from(limit) + 1)).await?;
        let (clients, next_cursor) =
            cursors::page(kms, LIST, owner, rows, limit, |client| client.id.as_bytes().to_vec())?;
        Ok(ClientPage { clients, next_cursor })
    }

    /// Ends a client at once, with every token of it.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`], [`PartnerError::StateConflict`] if it has ended.
    #[tracing::instrument(skip_all)]
    pub async fn deactivate(
        &self,
        by: StaffId,
        id: PartnerClientId,
        recording: Recording<PartnerClient>,
    ) -> Result<PartnerClient, PartnerError> {
        let now = self.clock.now();
        let client = self.db.read(move |c| partners::find(c, id)).await?.ok_or(PartnerError::NotFound)?;
        let client = PartnerClient { active: false, ..client };
        let facts = vec![("partner_client", id.to_string()), ("staff", by.to_string())];
        let leaf = LeafDraft::new(now)?.of_staff(by, &ENDED, &facts);
        let own = self.vault.keys_of(by.subject()).await?;
        let answer = client.clone();
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                if !partners::deactivate(c, id)? {
                    return Err(PartnerError::StateConflict);
                }
                leaves::append(c, &leaf)?;
                recording.record(c, &own, &answer)?;
                Ok(())
            })
            .await?;
        Ok(client)
    }

    /// Adds a credential beside those that live, so that a rotation has an overlap.
    ///
    /// # Errors
    ///
    /// [`PartnerError::StateConflict`] if the client has ended or has as many as it may.
    #[tracing::instrument(skip_all)]
    pub async fn add_credential(
        &self,
        by: StaffId,
        id: PartnerClientId,
        new: NewCredential,
        repeatable: Option<Draft>,
    ) -> Result<AddedCredential, PartnerError> {
        let now = self.clock.now();
        let credential_id = PartnerCredentialId::generate(now);
        let (proof, secret) = match new {
            NewCredential::PublicKey(key) => (CredentialProof::PublicKey(key), None),
            NewCredential::Secret => {
                let issued = opaque::issue(self.vault.kms(), TokenKind::PartnerSecret, subject(id))?;
                (CredentialProof::Secret { mac: issued.mac }, Some(issued.text))
            }
        };
        let credential = PartnerCredential { id: credential_id, proof, created_at: now, expires_at: None };
        let facts = vec![
            ("partner_credential", credential_id.to_string()),
            ("partner_client", id.to_string()),
            ("staff", by.to_string()),
        ];
        let leaf = LeafDraft::new(now)?.of_staff(by, &CREDENTIAL_ADDED, &facts);
        let added = credential.clone();
        self.db
            .write(move |c| {
                if let Some(draft) = &repeatable {
                    draft.refuse_if_done(c)?;
                    draft.record_secret(c, by.subject(), 201)?;
                }
                let client = partners::find(c, id)?.ok_or(PartnerError::NotFound)?;
                let live = client.credentials.iter().filter(|known| known.is_live(now)).count();
                if !client.active || live >= MOST_CREDENTIALS {
                    return Err(PartnerError::StateConflict);
                }
                partners::insert_credential(c, id, &added)?;
                leaves::append(c, &leaf)?;
                Ok(())
            })
            .await?;
        Ok(AddedCredential { credential, secret })
    }

    /// Retires a credential, at once or after an overlap. Its tokens end with it.
    ///
    /// # Errors
    ///
    /// [`PartnerError::NotFound`], [`PartnerError::StateConflict`] if it ends before that anyhow.
    #[tracing::instrument(skip_all)]
    pub async fn retire_credential(
        &self,
        by: StaffId,
        id: PartnerClientId,
        credential: PartnerCredentialId,
        overlap: TimeDelta,
        recording: Recording<PartnerCredential>,
    ) -> Result<PartnerCredential, PartnerError> {
        let now = self.clock.now();
        let until = now.plus(overlap.min(LONGEST_OVERLAP));
        let facts = vec![
            ("partner_credential", credential.to_string()),
            ("partner_client", id.to_string()),
            ("until", until.to_string()),
            ("staff", by.to_string()),
        ];
        let leaf = LeafDraft::new(now)?.of_staff(by, &CREDENTIAL_RETIRED, &facts);
        let own = self.vault.keys_of(by.subject()).await?;
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                let client = partners::find(c, id)?.ok_or(PartnerError::NotFound)?;
                let known = client.credentials.into_iter().find(|known| known.id == credential);
                let known = known.ok_or(PartnerError::NotFound)?;
                if !partners::retire_credential(c, id, credential, until)? {
                    return Err(PartnerError::StateConflict);
                }
                leaves::append(c, &leaf)?;
                let retired = PartnerCredential { expires_at: Some(until), ..known };
                recording.record(c, &own, &retired)?;
                Ok(retired)
            })
            .await
    }

    /// Gives a token to a client that proves itself, for the scopes asked for or all that it has.
    ///
    /// # Errors
    ///
    /// [`PartnerError::InvalidClient`], alike for all reasons, after counting the failure of the
    /// network; [`PartnerError::InvalidScope`].
    #[tracing::instrument(skip_all)]
    pub async fn token(
        &self,
        proof: ClientProof,
        scope: Option<&str>,
        network: &str,
    ) -> Result<IssuedToken, PartnerError> {
        let now = self.clock.now();
        let bucket = self.throttles.failures_from(network)?;
        self.db.write(move |c| throttles::take::<PartnerError>(c, &[bucket], now)).await?;
        let (client, credential) = self.prove(proof, now).await?;
        let scopes = match scope {
            None => client.scopes.clone(),
            Some(asked) => Scope::split(asked)
                .filter(|asked| !asked.is_empty() && asked.iter().all(|scope| client.scopes.contains(scope)))
                .ok_or(PartnerError::InvalidScope)?,
        };
        self.db.write_guarded(move |c| throttles::give_back(c, &bucket)).await?;
        let (access_token, _) = self.access.issue_scoped(
            client.id,
            credential,
            AAL,
            client.epoch,
            Some(Scope::join(&scopes)),
            now,
        )?;
        Ok(IssuedToken { access_token, expires_in: LIFETIME.num_seconds(), scopes })
    }

    async fn prove(
        &self,
        proof: ClientProof,
        now: Timestamp,
    ) -> Result<(PartnerClient, PartnerCredentialId), PartnerError> {
        match proof {
            ClientProof::Secret { client_id, secret } => {
                let presented = opaque::read(self.vault.kms(), TokenKind::PartnerSecret, &secret)
                    .filter(|presented| presented.account_id == subject(client_id))
                    .ok_or(PartnerError::InvalidClient)?;
                self.matching(client_id, now, |proof| match proof {
                    CredentialProof::Secret { mac } => bool::from(mac.ct_eq(&presented.mac)),
                    CredentialProof::PublicKey(_) => false,
                })
                .await
            }
            ClientProof::Assertion(assertion) => self.assert(&assertion, now).await,
        }
    }

    /// The client, by the credential that matches and lives.
    async fn matching(
        &self,
        id: PartnerClientId,
        now: Timestamp,
        matches: impl Fn(&CredentialProof) -> bool,
    ) -> Result<(PartnerClient, PartnerCredentialId), PartnerError> {
        let client = self.db.read(move |c| partners::find(c, id)).await?;
        let client = client.filter(|client| client.active).ok_or(PartnerError::InvalidClient)?;
        let found = client.credentials.iter().find(|known| known.is_live(now) && matches(&known.proof));
        let credential = found.ok_or(PartnerError::InvalidClient)?.id;
        Ok((client, credential))
    }

    /// An assertion is signed by a key of the client, for this endpoint, short-lived, and used once.
    async fn assert(
        &self,
        assertion: &str,
        now: Timestamp,
    ) -> Result<(PartnerClient, PartnerCredentialId), PartnerError> {
        let payload = assertion.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claimed: Option<Assertion> = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
        let claimed = claimed.ok_or(PartnerError::InvalidClient)?;
        let id = claimed.sub;
        let mut validation = Validation::new(Algorithm::EdDSA);
        // Times are held against the injected clock below.
        validation.validate_exp = false;
        validation.set_audience(&[&self.token_endpoint]);
        validation.set_required_spec_claims(&["aud", "exp", "sub", "iss"]);
        let (client, credential) = self
            .matching(id, now, |proof| match proof {
                CredentialProof::PublicKey(key) => {
                    DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(key)).is_ok_and(|key| {
                        jsonwebtoken::decode::<Assertion>(assertion, &key, &validation).is_ok()
                    })
                }
                CredentialProof::Secret { .. } => false,
            })
            .await?;
        let in_time = now.as_seconds() < claimed.exp && claimed.exp <= now.plus(ASSERTION_LASTS).as_seconds();
        if claimed.iss != id || !in_time || claimed.jti.is_empty() || claimed.jti.len() > 256 {
            return Err(PartnerError::InvalidClient);
        }
        let kms = self.vault.kms();
        let version = kms.live_versions(KeyPurpose::TokenMac).last().copied().unwrap_or(1);
        let parts: [&[u8]; 3] = [b"assertion", id.as_bytes(), claimed.jti.as_bytes()];
        let mac = kms.mac(KeyPurpose::TokenMac, version, &parts)?;
        let lapses = now.plus(ASSERTION_LASTS);
        let fresh = self.db.write_guarded(move |c| partners::spend_assertion(c, id, &mac, lapses)).await?;
        if fresh { Ok((client, credential)) } else { Err(PartnerError::InvalidClient) }
    }

    /// The client behind a token, with the scopes that the token has. Client, credential and epoch are
    /// asked for at every request.
    ///
    /// # Errors
    ///
    /// [`PartnerError::Unauthenticated`], alike for all reasons.
    pub async fn authenticate(&self, token: &str) -> Result<PartnerClient, PartnerError> {
        let now = self.clock.now();
        let claims = self.access.verify(token, now).ok_or(PartnerError::Unauthenticated)?;
        let (id, credential_id) = (claims.sub, claims.sid);
        let client = self.db.read(move |c| partners::find(c, id)).await?;
        let mut client = client
            .filter(|client| client.active && client.epoch == claims.epoch)
            .filter(|client| {
                client.credentials.iter().any(|known| known.id == credential_id && known.is_live(now))
            })
            .ok_or(PartnerError::Unauthenticated)?;
        let granted = claims.scope.as_deref().and_then(Scope::split).unwrap_or_default();
        client.scopes.retain(|scope| granted.contains(scope));
        Ok(client)
    }

    /// Takes one request of the client's minute; seconds to wait if none is left.
    pub fn take(&self, client: &PartnerClient) -> Option<u64> {
        let per_minute = client.requests_per_minute;
        let limiter = {
            let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
            let made = || {
                let quota =
                    NonZeroU32::new(u32::try_from(per_minute).unwrap_or(1)).unwrap_or(NonZeroU32::MIN);
                (per_minute, Arc::new(RateLimiter::direct(Quota::per_minute(quota))))
            };
            let entry = limits.entry(client.id).or_insert_with(made);
            if entry.0 != per_minute {
                *entry = made();
            }
            Arc::clone(&entry.1)
        };
        let refused = limiter.check().err()?;
        let wait = refused.wait_time_from(governor::clock::DefaultClock::default().now());
        Some(wait.as_secs().max(1))
    }
}

/// A client in the place of a subject, for secrets that lead to it.
const fn subject(id: PartnerClientId) -> AccountId {
    AccountId::from_uuid(id.as_uuid())
}
