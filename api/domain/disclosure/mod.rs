//! Disclosure: what leaves about one person to one recipient, and the way that it goes (clause 4.8).

pub mod classes;
pub mod consent_request;
pub mod event;
pub mod instrument;
pub mod limit;
pub mod obligation;
pub mod recipient;
pub mod refusal;
pub mod scope;
pub mod transfer;

use chrono::TimeDelta;

use super::{
    closed_list::closed_list,
    consent::ConsentKind,
    ids::{AccountId, DisclosureId, InstrumentId, RecipientId, StaffId, TransferId},
    purpose::Purpose,
    time::Timestamp,
};
use scope::DisclosureField;

closed_list! {
    /// How far a disclosure has come.
    DisclosureState {
        /// It is being written.
        Draft = "draft",
        /// It waits for the legal team.
        InReview = "in_review",
        /// The legal team approved it; the person's consent is not there.
        AwaitingConsent = "awaiting_consent",
        /// Both keys are there.
        Ready = "ready",
        /// Its recipient may fetch it.
        Released = "released",
        /// The legal team refused it.
        Denied = "denied",
        /// The person did not agree.
        Declined = "declined",
        /// Its time has passed.
        Expired = "expired",
        /// It was given up before it was released.
        Cancelled = "cancelled",
        /// What it rested on has ended: nothing of it is given out any more.
        Revoked = "revoked",
        /// An authority took the data where they are stored: it happened, and is on record.
        Recorded = "recorded",
    }
}

impl DisclosureState {
    /// Whether its recipient, fields and purpose can still be changed.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::InReview | Self::AwaitingConsent | Self::Ready)
    }

    /// Whether something may still happen to it.
    pub const fn is_live(self) -> bool {
        self.is_open() || matches!(self, Self::Released)
    }
}

closed_list! {
    /// Why the person is not told yet.
    Silence {
        /// A court or state body forbids to tell, until a day.
        Gag = "gag",
        /// Telling would prejudice an investigation of money laundering (AML/CFT Act 2009 (NZ), s 46).
        MoneyLaunderingHold = "money_laundering_hold",
    }
}

/// How long a disclosure may take from its draft to its release.
pub const TO_RELEASE: TimeDelta = TimeDelta::days(60);
/// How long what was released can be fetched.
pub const TO_PULL: TimeDelta = TimeDelta::days(30);
/// How often: once, and again where a transmission went wrong.
pub const MOST_PULLS: i32 = 5;
/// Within this time, more than [`MOST_WITH_ONE_REVIEW`] persons take two reviewers.
pub const REVIEW_WINDOW: TimeDelta = TimeDelta::days(30);
/// So many persons' data go to one recipient for one purpose on the word of one reviewer.
pub const MOST_WITH_ONE_REVIEW: i64 = 100;
/// The longest that a person is not told; after that it has to be ordered anew.
pub const LONGEST_SILENCE: TimeDelta = TimeDelta::days(366);

/// A disclosure as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    pub account_id: AccountId,
    pub id: DisclosureId,
    pub recipient_id: RecipientId,
    pub purpose: Purpose,
    /// In the order of the list, each once.
    pub fields: Vec<DisclosureField>,
    /// Whether accepting the policy suffices, or the person is asked.
    pub consent_kind: ConsentKind,
    pub instrument_id: Option<InstrumentId>,
    pub transfer_id: Option<TransferId>,
    /// Whether somebody wrote down what it is for.
    pub has_ground: bool,
    /// Counts the changes; each of them voids both keys.
    pub revision: i32,
    /// What both keys are about.
    pub scope_hash: [u8; 32],
    pub state: DisclosureState,
    pub requested_by: StaffId,
    pub requested_at: Timestamp,
    pub changed_at: Timestamp,
    /// Until when it can be released, or fetched once it was.
    pub ends_at: Timestamp,
    pub released_at: Option<Timestamp>,
    /// Its place among what was released to the recipient.
    pub feed_number: Option<i64>,
    /// How many reviewers it took.
    pub reviews_needed: i32,
    pub pulls: i32,
    /// How many steps there are in its ledger.
    pub steps: i32,
    pub silence: Option<(Silence, Timestamp)>,
    /// When the person was told of the release.
    pub told_at: Option<Timestamp>,
}

impl Disclosure {
    /// Whether no view of the person may show it at this moment.
    pub fn is_silent(&self, now: Timestamp) -> bool {
        self.silence.is_some_and(|(_, until)| now < until)
    }
}
