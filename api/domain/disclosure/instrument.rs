//! The order of a court or state body that compels disclosures (clause 4.5).

use chrono::NaiveDate;

use super::scope::DisclosureField;
use crate::domain::{
    evidence::{Act, Attested, Facts},
    ids::{InstrumentId, LeafId, RecipientId, StaffId},
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
    pub withdrawn: Option<Withdrawal>,
    pub leaf_id: LeafId,
}

/// Its end before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    pub by: StaffId,
    pub at: Timestamp,
    pub leaf_id: LeafId,
}

impl Instrument {
    /// What a leaf about it says.
    pub fn facts(&self, by: StaffId) -> Facts {
        vec![
            ("instrument", self.id.to_string()),
            ("recipient", self.recipient_id.to_string()),
            ("issuer", self.issuer.clone()),
            ("issued_on", self.issued_on.to_string()),
            ("valid_until", self.valid_until.to_string()),
            ("fields", DisclosureField::join(&self.fields)),
            ("gag_until", self.gag_until.map(|until| until.to_string()).unwrap_or_default()),
            ("staff", by.to_string()),
        ]
    }

    /// The acts that it stands for: its entry, and its end.
    pub fn attested(&self) -> Vec<Attested> {
        let attested = |leaf_id, act, by| Attested { leaf_id, act, facts: self.facts(by) };
        let mut acts = vec![attested(self.leaf_id, &INSTRUMENT_REGISTERED, self.registered_by)];
        acts.extend(self.withdrawn.map(|end| attested(end.leaf_id, &INSTRUMENT_WITHDRAWN, end.by)));
        acts
    }

    /// Whether it compels anything at this moment.
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        now < self.valid_until && self.withdrawn.is_none_or(|end| now < end.at)
    }
}
