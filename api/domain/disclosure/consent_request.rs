//! What a person is asked before one disclosure: once, with an answer that can be taken back at any time.

use chrono::TimeDelta;

use crate::domain::{
    closed_list::closed_list,
    ids::{AccountId, ConsentRequestId, DisclosureId},
    time::Timestamp,
};

closed_list! {
    /// What became of the question.
    ConsentRequestState {
        /// It waits for an answer.
        Open = "open",
        Granted = "granted",
        Declined = "declined",
        Withdrawn = "withdrawn",
        /// Nobody answered in time.
        Expired = "expired",
        /// The disclosure was changed or given up before an answer.
        Cancelled = "cancelled",
    }
}

/// How long the person has to answer.
pub const TO_ANSWER: TimeDelta = TimeDelta::days(30);

/// The question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentRequest {
    pub account_id: AccountId,
    pub id: ConsentRequestId,
    /// The person's own count of what was asked; the only order among it.
    pub number: i64,
    pub disclosure_id: DisclosureId,
    /// The revision of the disclosure that it is about.
    pub revision: i32,
    pub state: ConsentRequestState,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
    pub answered_at: Option<Timestamp>,
}
