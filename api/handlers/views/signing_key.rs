//! Bodies of the keys that sign tokens.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Example;
use crate::services::tokens::access::PublicKey;

/// A public key that verifies access tokens (RFC 8037).
#[derive(Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub struct SigningKeyView {
    /// Key type.
    #[schema(max_length = 8, example = "OKP")]
    pub kty: String,
    /// Curve.
    #[schema(max_length = 16, example = "Ed25519")]
    pub crv: String,
    /// Algorithm.
    #[schema(max_length = 16, example = "EdDSA")]
    pub alg: String,
    /// Use.
    #[serde(rename = "use")]
    #[schema(max_length = 8, example = "sig")]
    pub usage: String,
    /// Identifies the key; tokens name it in their header.
    #[schema(max_length = 32, example = "person-1")]
    pub kid: String,
    /// The public key.
    #[schema(min_length = 43, max_length = 43, example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
}

/// The public keys in use (RFC 7517).
#[derive(Serialize, ToSchema)]
pub struct SigningKeySet {
    /// The keys, newest first.
    #[schema(max_items = 16)]
    pub keys: Vec<SigningKeyView>,
}

impl SigningKeySet {
    pub fn new(keys: Vec<PublicKey>) -> Self {
        let view = |key: PublicKey| SigningKeyView {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            kid: key.kid,
            x: key.x,
        };
        Self { keys: keys.into_iter().map(view).collect() }
    }
}

impl Example for SigningKeySet {
    fn example() -> Value {
        json!({
            "keys": [{
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": "person-1",
                "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            }],
        })
    }
}
