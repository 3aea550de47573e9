//! Obligations: what a recipient has to do since the data that it fetched were corrected, erased or restricted
//! (GDPR art. 19; Privacy Act 2020, IPP 7).

use chrono::TimeDelta;

use super::scope::DisclosureField;
use crate::domain::{
    closed_list::closed_list,
    data_dictionary::Category,
    evidence::{Act, Attested, Evidence, Facts},
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

/// Attested for every correction, erasure and restriction, also where nobody had fetched anything.
pub const RECIPIENTS_TOLD: Act = Act { name: "account.recipients_told", object: "account", clause: "4.8" };
pub const OBLIGATION_ACKNOWLEDGED: Act =
    Act { name: "obligation.acknowledged", object: "obligation", clause: "4.8" };

/// Those who were told of one change of a person's data, and what each has to do.
///
/// One leaf attests them all, also if there are none: how many there are shows nowhere outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObligationRound {
    pub account_id: AccountId,
    pub kind: ObligationKind,
    pub opened_at: Timestamp,
    /// In the order of their ids.
    pub obligations: Vec<Obligation>,
    pub leaf_id: LeafId,
}

impl Evidence for ObligationRound {
    fn act(&self) -> &'static Act {
        &RECIPIENTS_TOLD
    }

    fn facts(&self) -> Facts {
        let mut obligations: Vec<&Obligation> = self.obligations.iter().collect();
        obligations.sort_unstable_by_key(|obligation| obligation.id);
        let obligations: Vec<String> = obligations.into_iter().map(Obligation::write).collect();
        vec![
            ("account", self.account_id.to_string()),
            ("kind", self.kind.as_str().to_owned()),
            ("opened_at", self.opened_at.to_string()),
            ("obligations", obligations.join(";")),
        ]
    }
}

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

    /// Its text, which the leaf of its round carries.
    fn write(&self) -> String {
        format!(
            "obligation={} recipient={} fields={} due_at={}",
            self.id,
            self.recipient_id,
            DisclosureField::join(&self.fields),
            self.due_at,
        )
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

    /// The act of its acknowledgement, if it is done.
    pub fn attested(&self) -> Option<Attested> {
        self.acknowledgement.map(|done| Attested {
            leaf_id: done.leaf_id,
            act: &OBLIGATION_ACKNOWLEDGED,
            facts: self.facts_of(&done),
        })
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
        Category::Documents
        | Category::Messages
        | Category::LogDetail
        | Category::Proofs
        | Category::Copies => &[],
    }
}

/// The fields that go with a class of data that is erased alone.
pub const fn fields_of_part(part: Category) -> &'static [DisclosureField] {
    match part {
        Category::Documents => &[DisclosureField::IdentityDocuments],
        // It was told beside the address, and goes with it.
        Category::Address => &[DisclosureField::Residence, DisclosureField::BirthDate],
        other => fields_of(other),
    }
}
