//! Support cases: what a person asks, who answers, and by when (clause 3.7).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ids::{AccountId, StaffId, SupportCaseId},
    personal::{PersonalText, personal_text},
    time::Timestamp,
};

/// How soon a message of a person is answered.
pub const ANSWER_WITHIN: TimeDelta = TimeDelta::hours(72);
/// The longest message, in characters.
const MESSAGE_LENGTH: usize = 4_000;
/// The most messages of a case; whoever has more to say opens another.
pub const MOST_MESSAGES: i64 = 200;
/// The most cases of a person that wait at once.
pub const MOST_OPEN: i64 = 20;

personal_text! {
    /// A message to the support, or from it; lines may break.
    SupportText, refusal InvalidSupportText = "invalid_support_text", parse message,
    length 1 ..= 4000, format None, example "Why was my withdrawal put off?"
}

fn message(text: &str) -> Option<String> {
    let text = text.trim();
    (1..=MESSAGE_LENGTH).contains(&text.chars().count()).then(|| text.to_owned())
}

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseCategory {
    Account,
    Identity,
    Privacy,
    Payments,
    Other,
}

impl CaseCategory {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Identity => "identity",
            Self::Privacy => "privacy",
            Self::Payments => "payments",
            Self::Other => "other",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Account, Self::Identity, Self::Privacy, Self::Payments, Self::Other]
            .into_iter()
            .find(|category| category.as_str() == text)
    }
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    /// The support is to answer.
    Open,
    /// The person may answer.
    Answered,
    Closed,
}

impl CaseState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Answered, Self::Closed].into_iter().find(|state| state.as_str() == text)
    }
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportCase {
    pub account_id: AccountId,
    pub id: SupportCaseId,
    pub category: CaseCategory,
    pub state: CaseState,
    /// The member of staff who opened it, if the person did not.
    pub opened_by_staff: Option<StaffId>,
    pub opened_at: Timestamp,
    /// By when the support answers, while it is the support's turn.
    pub due_at: Timestamp,
    pub updated_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub messages: i64,
}

/// A message of a case.
#[derive(Clone, Debug)]
pub struct CaseMessage {
    pub number: i64,
    /// The member of staff who wrote it; nobody means the person.
    pub staff_id: Option<StaffId>,
    /// Nothing once the person's messages were erased.
    pub body: Option<PersonalText>,
    pub sent_at: Timestamp,
}
