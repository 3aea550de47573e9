//! Obligations: what a recipient has to do since the data that it fetched were corrected, erased or restricted
//! (GDPR art. 19; Privacy Act 2020, IPP 7).

use chrono::TimeDelta;

use super::scope::DisclosureField;
use crate::domain::{
    closed_list::closed_list,
    data_dictionary::Category,
    evidence::{Act, Attested, Facts},
    ids::{AccountId, DisclosureId, LeafId, ObligationId, PartnerClientId, RecipientId, StaffId},
    time::Timestamp,
};

closed_list! {
    /// What a recipient has to do.
    ObligationKind {
        /// Use the old values no more; fetch the new ones while the disclosure lasts.
        Correct = "correct",
        /// Destroy what was fetched.
        Erase = "erase",
        /// Keep what was fetched, and do nothing else with it.
        Restrict = "restrict",
    }
}

/// How long a recipient has to say that it is done.
pub const TO_ACKNOWLEDGE: TimeDelta = TimeDelta::days(14);

pub const OBLIGATION_OPENED: Act = Act { name: "obligation.opened", object: "obligation", clause: "4.8" };
pub const OBLIGATION_ACKNOWLEDGED: Act =
    Act { name: "obligation.acknowledged", object: "obligation", clause: "4.8" };

/// A duty of one recipient about one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    pub account_id: AccountId,
    pub id: ObligationId,
    pub recipient_id: RecipientId,
    pub kind: ObligationKind,
    /// What it is about, of what the recipient had fetched.
    pub fields: Vec<DisclosureField>,
    /// Its place among the duties of the recipient.
    pub feed_number: i64,
    /// The disclosures that the recipient had it from.
    pub disclosures: Vec<DisclosureId>,
    pub opened_at: Timestamp,
    pub due_at: Timestamp,
    pub leaf_id: LeafId,
    pub acknowledgement: Option<Acknowledgement>,
}

/// That the recipient did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    pub by: AcknowledgedBy,
    pub at: Timestamp,
    pub leaf_id: LeafId,
}

/// Who said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcknowledgedBy {
    /// The recipient's own client.
    Client(PartnerClientId),
    /// A member of staff, for a recipient that answered by letter.
    Staff(StaffId),
}

impl Obligation {
    /// Whether the recipient has let its time pass.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.acknowledgement.is_none() && self.due_at <= now
    }

    /// What the leaf of its opening says.
    pub fn facts(&self) -> Facts {
        vec![
            ("obligation", self.id.to_string()),
            ("account", self.account_id.to_string()),
            ("recipient", self.recipient_id.to_string()),
            ("kind", self.kind.as_str().to_owned()),
            ("fields", DisclosureField::join(&self.fields)),
            ("opened_at", self.opened_at.to_string()),
            ("due_at", self.due_at.to_string()),
        ]
    }

    /// What the leaf of its acknowledgement says; nothing of the person, who may be erased by then.
    pub fn facts_of(&self, acknowledgement: &Acknowledgement) -> Facts {
        let by = match acknowledgement.by {
            AcknowledgedBy::Client(id) => ("partner_client", id.to_string()),
            AcknowledgedBy::Staff(id) => ("staff", id.to_string()),
        };
        vec![
            ("obligation", self.id.to_string()),
            ("recipient", self.recipient_id.to_string()),
            by,
            ("at", acknowledgement.at.to_string()),
        ]
    }

    /// The acts that it stands for.
    pub fn attested(&self) -> Vec<Attested> {
        let opened = Attested { leaf_id: self.leaf_id, act: &OBLIGATION_OPENED, facts: self.facts() };
        let done = self.acknowledgement.map(|done| Attested {
            leaf_id: done.leaf_id,
            act: &OBLIGATION_ACKNOWLEDGED,
            facts: self.facts_of(&done),
        });
        std::iter::once(opened).chain(done).collect()
    }
}

/// The fields that go with a category of a person's data.
pub const fn fields_of(category: Category) -> &'static [DisclosureField] {
    match category {
        Category::Identity => {
            &[DisclosureField::RealName, DisclosureField::DisplayName, DisclosureField::BirthDate]
        }
        Category::Contact => &[DisclosureField::Email, DisclosureField::Phone],
        Category::Address => &[DisclosureField::Residence],
        Category::Statutory => &[DisclosureField::IdentityDocuments, DisclosureField::VerificationStatus],
        Category::Security => &[DisclosureField::RegisteredAt],
        Category::Documents | Category::Messages | Category::LogDetail => &[],
    }
}
