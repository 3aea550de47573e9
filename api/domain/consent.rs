//! Consent events: what a person agreed to, in which words, when and how.

use super::{
    ids::{AccountId, ConsentEventId, LeafId},
    purpose::Purpose,
    time::Timestamp,
};

/// What an event did to the consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentAction {
    Granted,
    Declined,
}

impl ConsentAction {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Declined => "declined",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Granted, Self::Declined].into_iter().find(|known| known.as_str() == text)
    }
}

/// Whether the person chose this purpose, or accepted a policy whose clause contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentKind {
    Specific,
    PolicyClause,
}

impl ConsentKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Specific => "specific",
            Self::PolicyClause => "policy_clause",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Specific, Self::PolicyClause].into_iter().find(|known| known.as_str() == text)
    }
}

/// How the person expressed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentMethod {
    /// In the registration form, effective when the email was verified.
    Registration,
}

impl ConsentMethod {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Registration].into_iter().find(|known| known.as_str() == text)
    }
}

/// One row of the consent ledger; rows are only ever added.
#[derive(Clone, Debug)]
pub struct ConsentEvent {
    pub id: ConsentEventId,
    pub account_id: AccountId,
    /// The person's own count of events; the only order among them.
    pub sequence: i64,
    pub purpose: Purpose,
    pub action: ConsentAction,
    pub kind: ConsentKind,
    pub policy_version: i32,
    pub definition_hash: [u8; 32],
    pub method: ConsentMethod,
    pub given_at: Timestamp,
    pub recorded_at: Timestamp,
    pub leaf_id: LeafId,
}

/// One row of the ledger of policy acceptances.
#[derive(Clone, Debug)]
pub struct PolicyAcceptance {
    pub account_id: AccountId,
    pub sequence: i64,
    pub version: i32,
    pub content_hash: [u8; 32],
    pub method: ConsentMethod,
    pub given_at: Timestamp,
    pub recorded_at: Timestamp,
    pub leaf_id: LeafId,
}
