//! Flags: what gave rise to a closer look at an account (clause 1.8). Nobody outside sees them.

use crate::domain::{
    closed_list::closed_list,
    evidence::{Act, Facts},
    ids::{AccountId, KycFlagId},
    time::Timestamp,
};

pub const FLAG_RAISED: Act = Act { name: "kyc.flag_raised", object: "kyc_flag", clause: "1.8" };

closed_list! {
    /// What gave rise to a closer look.
    FlagKind {
        /// What the account was seen to do.
        Activity = "activity",
        /// Another account shows a document of the same number.
        SameDocument = "same_document",
        /// A document shows the number of somebody who was banned.
        BannedPerson = "banned_person",
        /// A reviewer suspects fraud.
        SuspectedFraud = "suspected_fraud",
    }
}

impl FlagKind {
    /// Whether a decision takes a second reviewer while it is up.
    pub const fn takes_two(self) -> bool {
        matches!(self, Self::SameDocument | Self::BannedPerson | Self::SuspectedFraud)
    }
}

closed_list! {
    /// What became of a flag.
    FlagState {
        Open = "open",
        /// A decision was made with it in view.
        Decided = "decided",
        /// A member of staff found nothing in it.
        Dismissed = "dismissed",
    }
}

/// A flag on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KycFlag {
    pub account_id: AccountId,
    pub id: KycFlagId,
    pub kind: FlagKind,
    pub state: FlagState,
    pub raised_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

impl KycFlag {
    pub fn raise(account_id: AccountId, id: KycFlagId, kind: FlagKind, now: Timestamp) -> Self {
        Self { account_id, id, kind, state: FlagState::Open, raised_at: now, settled_at: None }
    }

    /// What leaves say of it.
    pub fn facts(&self) -> Facts {
        vec![
            ("kyc_flag", self.id.to_string()),
            ("account", self.account_id.to_string()),
            ("kind", self.kind.as_str().to_owned()),
        ]
    }
}
