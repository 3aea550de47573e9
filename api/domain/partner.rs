//! Partners: clients that act for a company, by scope (RFC 6749, section 4.4).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ids::{PartnerClientId, PartnerCredentialId},
    time::Timestamp,
};

/// What a partner's token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Scope {
    /// Report activity that may call for verification (clause 1.8).
    #[serde(rename = "signals.write")]
    SignalsWrite,
    /// See what is disclosed to the partner.
    #[serde(rename = "disclosures.read")]
    DisclosuresRead,
    /// Fetch what was released to the partner.
    #[serde(rename = "disclosures.pull")]
    DisclosuresPull,
    /// Acknowledge obligations to correct, erase or restrict.
    #[serde(rename = "obligations.write")]
    ObligationsWrite,
    /// Look after the endpoint that messages go to.
    #[serde(rename = "webhooks.write")]
    WebhooksWrite,
    /// Read aggregates.
    #[serde(rename = "reports.read")]
    ReportsRead,
}

impl Scope {
    pub const ALL: [Self; 6] = [
        Self::SignalsWrite,
        Self::DisclosuresRead,
        Self::DisclosuresPull,
        Self::ObligationsWrite,
        Self::WebhooksWrite,
        Self::ReportsRead,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignalsWrite => "signals.write",
            Self::DisclosuresRead => "disclosures.read",
            Self::DisclosuresPull => "disclosures.pull",
            Self::ObligationsWrite => "obligations.write",
            Self::WebhooksWrite => "webhooks.write",
            Self::ReportsRead => "reports.read",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Scopes as OAuth writes them: separated by spaces.
    pub fn join(scopes: &[Self]) -> String {
        scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The scopes of such a text, in the order of the enum; `None` if one is unknown.
    pub fn split(text: &str) -> Option<Vec<Self>> {
        let mut scopes: Vec<Self> = text.split_ascii_whitespace().map(Self::parse).collect::<Option<_>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        Some(scopes)
    }
}

/// How long two credentials may overlap in a rotation.
pub const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(7);
/// The most credentials of a client that live at once: the old and the new, and one in reserve.
pub const MOST_CREDENTIALS: usize = 3;
/// How long a signed assertion may live.
pub const ASSERTION_LASTS: TimeDelta = TimeDelta::minutes(5);

/// A client of a partner.
#[derive(Clone, Debug)]
pub struct PartnerClient {
    pub id: PartnerClientId,
    /// The company and its system; a name of a business, not of a person.
    pub name: String,
    pub scopes: Vec<Scope>,
    pub active: bool,
    pub requests_per_minute: i32,
    pub epoch: i64,
    pub created_at: Timestamp,
    pub credentials: Vec<PartnerCredential>,
}

/// What a client proves itself by.
#[derive(Clone, Debug)]
pub struct PartnerCredential {
    pub id: PartnerCredentialId,
    pub proof: CredentialProof,
    pub created_at: Timestamp,
    /// When it stops working, if it was retired.
    pub expires_at: Option<Timestamp>,
}

impl PartnerCredential {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// The hash of a secret, or a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialProof {
    Secret {
        mac: [u8; 32],
    },
    /// Ed25519, for `private_key_jwt` (RFC 7523).
    PublicKey([u8; 32]),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back_sorted_and_once() {
        let text = "reports.read signals.write reports.read";
        assert_eq!(Scope::split(text).unwrap(), [Scope::SignalsWrite, Scope::ReportsRead]);
        assert_eq!(Scope::split("everything"), None);
        for scope in Scope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
            assert_eq!(Scope::split(&Scope::join(&[scope])).unwrap(), [scope]);
        }
    }
}
