//! Bodies of partners' clients and their tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, secret, secret_option};
use crate::{
    domain::{
        ids::{PartnerClientId, PartnerCredentialId},
        partner::{CredentialProof, LONGEST_OVERLAP, PartnerClient, PartnerCredential, Scope},
        time::Timestamp,
    },
    problem::{FieldCode, Problem},
    services::partners::{AddedCredential, ClientPage, IssuedToken, NewCredential},
};

/// A client to register.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CreatePartnerClient {
    /// The company and its system.
    #[schema(min_length = 1, max_length = 128, example = "Harbour Analytics, reporting")]
    #[validate(length(min = 1, max = 128))]
    pub name: String,
    /// What its tokens may do, each once.
    #[schema(min_items = 1, max_items = 6)]
    #[validate(length(min = 1, max = 6))]
    pub scopes: Vec<Scope>,
    /// How many requests a minute it has.
    #[serde(default = "usual_rate")]
    #[schema(minimum = 1, maximum = 100_000, example = 600, default = 600)]
    #[validate(range(min = 1, max = 100_000))]
    pub requests_per_minute: i32,
}

const fn usual_rate() -> i32 {
    600
}

impl CreatePartnerClient {
    /// # Errors
    ///
    /// A problem if a scope stands twice.
    pub fn unique_scopes(&self) -> Result<Vec<Scope>, Problem> {
        let mut scopes = self.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.len() == self.scopes.len() {
            Ok(scopes)
        } else {
            Err(Problem::invalid("/scopes", FieldCode::DuplicateField))
        }
    }
}

/// How a credential proves its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A secret of 256 random bits.
    ClientSecret,
    /// A signed assertion (RFC 7523).
    PrivateKeyJwt,
}

/// A credential to add.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AddPartnerCredential {
    /// How it proves the client.
    pub kind: CredentialKind,
    /// For `private_key_jwt`: the Ed25519 public key, as `x` of a JWK (RFC 8037).
    #[serde(default, deserialize_with = "super::present")]
    #[schema(
        nullable = false,
        min_length = 43,
        max_length = 43,
        example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    )]
    pub public_key: Option<String>,
}

impl AddPartnerCredential {
    /// # Errors
    ///
    /// A problem unless a key comes with exactly the kind that needs one.
    pub fn into_new(self) -> Result<NewCredential, Problem> {
        let invalid = |code| Problem::invalid("/public_key", code);
        match (self.kind, self.public_key) {
            (CredentialKind::ClientSecret, None) => Ok(NewCredential::Secret),
            (CredentialKind::ClientSecret, Some(_)) => Err(invalid(FieldCode::InvalidValue)),
            (CredentialKind::PrivateKeyJwt, None) => Err(invalid(FieldCode::MissingField)),
            (CredentialKind::PrivateKeyJwt, Some(key)) => {
                let bytes =
                    URL_SAFE_NO_PAD.decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                let key = bytes.filter(|key| ed25519_dalek::VerifyingKey::from_bytes(key).is_ok());
                key.map(NewCredential::PublicKey).ok_or_else(|| invalid(FieldCode::InvalidValue))
            }
        }
    }
}

/// How long a credential still works.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RetirePartnerCredential {
    /// In hours; 0 ends it at once.
    #[schema(minimum = 0, maximum = 168, example = 24)]
    pub overlap_hours: i32,
}

impl RetirePartnerCredential {
    /// # Errors
    ///
    /// A problem for less than nothing or more than seven days.
    pub fn overlap_hours(&self) -> Result<i64, Problem> {
        let hours = i64::from(self.overlap_hours);
        if (0..=LONGEST_OVERLAP.num_hours()).contains(&hours) {
            Ok(hours)
        } else {
            Err(Problem::invalid("/overlap_hours", FieldCode::OutOfRange))
        }
    }
}

/// A credential of a client.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerCredential)]
pub struct PartnerCredentialView {
    /// Identifies the credential.
    pub partner_credential_id: PartnerCredentialId,
    /// How it proves the client.
    pub kind: CredentialKind,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it stops working; `null` if it was not retired.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
}

impl From<&PartnerCredential> for PartnerCredentialView {
    fn from(credential: &PartnerCredential) -> Self {
        Self {
            partner_credential_id: credential.id,
            kind: match credential.proof {
                CredentialProof::Secret { .. } => CredentialKind::ClientSecret,
                CredentialProof::PublicKey(_) => CredentialKind::PrivateKeyJwt,
            },
            created_at: credential.created_at,
            expires_at: credential.expires_at,
        }
    }
}

/// A credential that was added.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedPartnerCredential)]
pub struct AddedPartnerCredentialView {
    /// The credential.
    pub credential: PartnerCredentialView,
    /// The secret, shown this once; `null` for a public key.
    #[serde(serialize_with = "secret_option")]
    #[schema(value_type = Option<String>, required, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub client_secret: Option<SecretString>,
}

impl AddedPartnerCredentialView {
    pub fn new(added: AddedCredential) -> Self {
        Self { credential: PartnerCredentialView::from(&added.credential), client_secret: added.secret }
    }
}

/// A client of a partner.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerClient)]
pub struct PartnerClientView {
    /// Identifies the client; its `client_id`.
    pub partner_client_id: PartnerClientId,
    /// The company and its system.
    #[schema(max_length = 128, example = "Harbour Analytics, reporting")]
    pub name: String,
    /// What its tokens may do.
    #[schema(max_items = 6)]
    pub scopes: Vec<Scope>,
    /// Whether it is let in.
    pub active: bool,
    /// How many requests a minute it has.
    #[schema(minimum = 1, maximum = 100_000, example = 600)]
    pub requests_per_minute: i32,
    /// When it was registered.
    pub created_at: Timestamp,
    /// What it proves itself by.
    #[schema(max_items = 1_000)]
    pub credentials: Vec<PartnerCredentialView>,
}

impl From<&PartnerClient> for PartnerClientView {
    fn from(client: &PartnerClient) -> Self {
        Self {
            partner_client_id: client.id,
            name: client.name.clone(),
            scopes: client.scopes.clone(),
            active: client.active,
            requests_per_minute: client.requests_per_minute,
            created_at: client.created_at,
            credentials: client.credentials.iter().map(PartnerCredentialView::from).collect(),
        }
    }
}

/// A page of clients.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerClientPage)]
pub struct PartnerClientPageView {
    /// The clients.
    #[schema(max_items = 100)]
    pub data: Vec<PartnerClientView>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl PartnerClientPageView {
    pub fn new(page: &ClientPage) -> Self {
        Self {
            data: page.clients.iter().map(PartnerClientView::from).collect(),
            next_cursor: page.next_cursor.clone(),
        }
    }
}

/// A request for a token (RFC 6749, section 4.4.2).
#[derive(Deserialize, ToSchema)]
pub struct CreateAccessToken {
    /// Always `client_credentials`.
    #[schema(max_length = 32, example = "client_credentials")]
    pub grant_type: String,
    /// The scopes wanted, by spaces; all that the client has if absent.
    #[schema(nullable = false, max_length = 256, example = "reports.read")]
    pub scope: Option<String>,
    /// The client, where the secret stands in the form.
    #[schema(nullable = false, max_length = 64, example = "cli_0198c8f2b1d07c3f9e21a4b7c6d5e4f3")]
    pub client_id: Option<String>,
    /// The secret, where it does not come by HTTP Basic.
    #[schema(nullable = false, max_length = 71, format = Password)]
    pub client_secret: Option<String>,
    /// Always `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`, beside an assertion.
    #[schema(nullable = false, max_length = 64)]
    pub client_assertion_type: Option<String>,
    /// A signed assertion of the client (RFC 7523).
    #[schema(nullable = false, max_length = 4096)]
    pub client_assertion: Option<String>,
}

/// A token (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = AccessToken)]
pub struct AccessTokenView {
    /// A JWT, to be sent as `Authorization: Bearer`.
    #[serde(serialize_with = "secret")]
    #[schema(value_type = String, max_length = 2048)]
    pub access_token: SecretString,
    /// Always `Bearer`.
    #[schema(max_length = 16, example = "Bearer")]
    pub token_type: String,
    /// For how many seconds it works.
    #[schema(minimum = 1, maximum = 600, example = 600)]
    pub expires_in: i64,
    /// What it may do, by spaces.
    #[schema(max_length = 256, example = "reports.read")]
    pub scope: String,
}

impl AccessTokenView {
    pub fn new(token: IssuedToken) -> Self {
        Self {
            scope: Scope::join(&token.scopes),
            access_token: token.access_token,
            token_type: "Bearer".to_owned(),
            expires_in: token.expires_in,
        }
    }
}

/// Why there is no token (RFC 6749, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OAuthErrorCode {
    InvalidRequest,
    InvalidClient,
    InvalidScope,
    UnsupportedGrantType,
}

/// An error of the token endpoint (RFC 6749, section 5.2).
#[derive(Serialize, ToSchema)]
#[schema(as = OAuthError)]
pub struct OAuthErrorView {
    /// Which.
    pub error: OAuthErrorCode,
    /// In words.
    #[schema(max_length = 256, example = "The client does not prove itself.")]
    pub error_description: String,
}

impl OAuthErrorView {
    pub fn new(error: OAuthErrorCode) -> Self {
        let words = match error {
            OAuthErrorCode::InvalidRequest => {
                "A parameter is missing, stands twice, or does not belong here."
            }
            OAuthErrorCode::InvalidClient => "The client does not prove itself.",
            OAuthErrorCode::InvalidScope => "The client does not have this scope.",
            OAuthErrorCode::UnsupportedGrantType => "Only client_credentials is granted.",
        };
        Self { error, error_description: words.to_owned() }
    }
}

const CLIENT: &str = "cli_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
const INSTANT: &str = "2026-03-01T09:31:12.000000Z";

impl Example for CreatePartnerClient {
    fn example() -> Value {
        json!({ "name": "Harbour Analytics, reporting", "scopes": ["reports.read"], "requests_per_minute": 600 })
    }
}

impl Example for AddPartnerCredential {
    fn example() -> Value {
        json!({ "kind": "client_secret" })
    }
}

impl Example for RetirePartnerCredential {
    fn example() -> Value {
        json!({ "overlap_hours": 24 })
    }
}

impl Example for PartnerCredentialView {
    fn example() -> Value {
        json!({
            "partner_credential_id": "crd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "kind": "client_secret",
            "created_at": INSTANT,
            "expires_at": null,
        })
    }
}

impl Example for AddedPartnerCredentialView {
    fn example() -> Value {
        json!({
            "credential": PartnerCredentialView::example(),
            "client_secret": "CAAAAAEBmMjysdB8P54hpLfG1eTzAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        })
    }
}

impl Example for PartnerClientView {
    fn example() -> Value {
        json!({
            "partner_client_id": CLIENT,
            "name": "Harbour Analytics, reporting",
            "scopes": ["reports.read"],
            "active": true,
            "requests_per_minute": 600,
            "created_at": INSTANT,
            "credentials": [PartnerCredentialView::example()],
        })
    }
}

impl Example for PartnerClientPageView {
    fn example() -> Value {
        json!({ "data": [PartnerClientView::example()], "next_cursor": null })
    }
}

impl Example for CreateAccessToken {
    fn example() -> Value {
        json!({
            "grant_type": "client_credentials",
            "scope": "reports.read",
            "client_id": CLIENT,
            "client_secret": "CAAAAAEBmMjysdB8P54hpLfG1eTzAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        })
    }
}

impl Example for AccessTokenView {
    fn example() -> Value {
        json!({
            "access_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dDtwYXJ0bmVyIiwia2lkIjoicGFydG5lci0xIn0.e30.c2ln",
            "token_type": "Bearer",
            "expires_in": 600,
            "scope": "reports.read",
        })
    }
}

impl Example for OAuthErrorView {
    fn example() -> Value {
        json!({ "error": "invalid_client", "error_description": "The client does not prove itself." })
    }
}
