//! The transfer of many persons' data to a buyer of the company (clause 4.4): announced to everybody whom it is about,
//! open to objections for a while, approved as a whole, and carried out person by person through the gate.

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::{Disclosure, DisclosureState, scope::DisclosureField};
use crate::domain::{
    closed_list::closed_list,
    encoding::hex,
    evidence::{Act, Evidence, Facts},
    ids::{AccountId, LeafId, RecipientId, StaffId, TransferId},
    time::Timestamp,
};

closed_list! {
    /// How far a transfer has come.
    TransferState {
        Draft = "draft",
        /// Everybody whom it is about is being told.
        Gathering = "gathering",
        /// Everybody was told, and can object; the legal team looks at it.
        Announced = "announced",
        /// Two of the legal team approved it; it is carried out once the time to object is over.
        Approved = "approved",
        Completed = "completed",
        Cancelled = "cancelled",
    }
}

closed_list! {
    /// What a transfer is to one person whom it is about.
    TransferPart {
        /// The person can object.
        Open = "open",
        /// The person objected.
        Objected = "objected",
        /// The data were released to the buyer.
        Transferred = "transferred",
        /// Nothing was released: a consent did not stand, something was in the way, or the transfer was given up.
        Withheld = "withheld",
    }
}

/// How long people have at least to object, and at most.
pub const NOTICE_DAYS: std::ops::RangeInclusive<i32> = 30..=180;
/// How many of the legal team approve a transfer.
pub const APPROVALS: usize = 2;
/// How long after the time to object a transfer can still be carried out.
pub const TO_CARRY_OUT: TimeDelta = TimeDelta::days(60);

/// A transfer as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    pub id: TransferId,
    pub recipient_id: RecipientId,
    pub fields: Vec<DisclosureField>,
    pub notice_days: i32,
    pub state: TransferState,
    pub drafted_by: StaffId,
    pub drafted_at: Timestamp,
    pub announced: Option<(StaffId, Timestamp)>,
    pub window_ends_at: Option<Timestamp>,
    /// The last account that was looked at while everybody is told.
    pub gathered_to: Option<AccountId>,
    /// How many persons it is about.
    pub cohort: i64,
    /// Identifies what it is about: each person's disclosure with its scope.
    pub cohort_hash: Option<[u8; 32]>,
    pub completed_at: Option<Timestamp>,
    /// How many persons' data were released.
    pub released: i64,
    /// Identifies what came of each person's disclosure.
    pub manifest_hash: Option<[u8; 32]>,
}

/// That a member of the legal team approved a cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferApproval {
    pub transfer_id: TransferId,
    pub staff_id: StaffId,
    pub cohort_hash: [u8; 32],
    pub approved_at: Timestamp,
    pub leaf_id: LeafId,
}

pub const TRANSFER_DRAFTED: Act = Act { name: "transfer.drafted", object: "transfer", clause: "4.4" };
pub const TRANSFER_ANNOUNCED: Act = Act { name: "transfer.announced", object: "transfer", clause: "4.4" };
pub const TRANSFER_GATHERED: Act = Act { name: "transfer.gathered", object: "transfer", clause: "4.4" };
pub const TRANSFER_APPROVED: Act = Act { name: "transfer.approved", object: "transfer", clause: "4.4" };
pub const TRANSFER_COMPLETED: Act = Act { name: "transfer.completed", object: "transfer", clause: "4.4" };
pub const TRANSFER_CANCELLED: Act = Act { name: "transfer.cancelled", object: "transfer", clause: "4.4" };

impl Transfer {
    /// What a leaf about it says.
    pub fn facts(&self) -> Facts {
        let hash = |hash: Option<[u8; 32]>| hash.map(|hash| hex(&hash)).unwrap_or_default();
        vec![
            ("transfer", self.id.to_string()),
            ("recipient", self.recipient_id.to_string()),
            ("fields", DisclosureField::join(&self.fields)),
            ("state", self.state.as_str().to_owned()),
            ("window_ends_at", self.window_ends_at.map(|at| at.to_string()).unwrap_or_default()),
            ("cohort", self.cohort.to_string()),
            ("cohort_hash", hash(self.cohort_hash)),
            ("released", self.released.to_string()),
            ("manifest_hash", hash(self.manifest_hash)),
        ]
    }
}

impl Evidence for TransferApproval {
    fn act(&self) -> &'static Act {
        &TRANSFER_APPROVED
    }

    fn facts(&self) -> Facts {
        vec![
            ("transfer", self.transfer_id.to_string()),
            ("staff", self.staff_id.to_string()),
            ("cohort_hash", hex(&self.cohort_hash)),
            ("at", self.approved_at.to_string()),
        ]
    }
}

/// What a person's part came to; what was released stays so in the manifest, whatever becomes of it later.
pub fn came_to(disclosure: &Disclosure) -> DisclosureState {
    if disclosure.released_at.is_some() { DisclosureState::Released } else { disclosure.state }
}

/// A hash over disclosures in the order of their persons, one after the other: SHA-256 over the hash so far, the
/// disclosure's id, its scope hash, and its state where the end of it is told.
#[derive(Clone, Copy, Debug)]
pub struct Manifest {
    hash: [u8; 32],
    with_states: bool,
}

impl Manifest {
    /// Over what a transfer is about.
    pub const fn of_cohort() -> Self {
        Self { hash: [0; 32], with_states: false }
    }

    /// Over what came of it.
    pub const fn of_outcome() -> Self {
        Self { hash: [0; 32], with_states: true }
    }

    #[must_use]
    pub fn with(self, disclosure: &Disclosure) -> Self {
        let state = if self.with_states { came_to(disclosure).as_str() } else { "" };
        let hash = Sha256::new()
            .chain_update(self.hash)
            .chain_update(disclosure.id.as_bytes())
            .chain_update(disclosure.scope_hash)
            .chain_update(state)
            .finalize()
            .into();
        Self { hash, ..self }
    }

    pub const fn hash(self) -> [u8; 32] {
        self.hash
    }
}
