//! The order of a court or state body that compels disclosures (clause 4.5).

use chrono::NaiveDate;

use super::scope::DisclosureField;
use crate::domain::{
    evidence::Act,
    ids::{InstrumentId, RecipientId, StaffId},
    kyc::file::FileName,
    time::Timestamp,
};

pub const INSTRUMENT_REGISTERED: Act =
    Act { name: "instrument.registered", object: "instrument", clause: "4.5" };
pub const INSTRUMENT_WITHDRAWN: Act =
    Act { name: "instrument.withdrawn", object: "instrument", clause: "4.5" };
pub const INSTRUMENT_READ: Act = Act { name: "instrument.read", object: "instrument", clause: "4.5" };

/// An order as it rests; its number, whom it names and its file are sealed under a key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    pub id: InstrumentId,
    /// The authority that issued it, and that gets what it orders.
    pub recipient_id: RecipientId,
    pub issuer: String,
    pub issued_on: NaiveDate,
    pub valid_until: Timestamp,
    /// What it orders to disclose.
    pub fields: Vec<DisclosureField>,
    /// Until when it forbids to tell.
    pub gag_until: Option<Timestamp>,
    pub file_name: Option<FileName>,
    pub registered_by: StaffId,
    pub registered_at: Timestamp,
    pub withdrawn_at: Option<Timestamp>,
}

impl Instrument {
    /// Whether it compels anything at this moment.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        now < self.valid_until && self.withdrawn_at.is_none_or(|at| now < at)
    }
}
