//! What a disclosure is about, in the words that both keys are given for.

use sha2::{Digest, Sha256};

use super::recipient::RecipientTerms;
use crate::domain::{
    closed_list::closed_list,
    consent::ConsentKind,
    country::Country,
    encoding::length_prefixed,
    ids::{AccountId, DisclosureId, InstrumentId, RecipientId},
    purpose::{PersonalDataClass, Purpose, RecipientClass},
};

closed_list! {
    /// What can be disclosed about a person. Images of documents never are.
    DisclosureField {
        RealName = "real_name",
        DisplayName = "display_name",
        Email = "email",
        Phone = "phone",
        BirthDate = "birth_date",
        Residence = "residence",
        /// Kinds, issuers and numbers of the documents of an approved verification.
        IdentityDocuments = "identity_documents",
        /// Whether the identity is verified, and since when.
        VerificationStatus = "verification_status",
        /// When the account was opened.
        RegisteredAt = "registered_at",
    }
}

impl DisclosureField {
    /// The class of data that it belongs to, as restrictions and objections name it.
    pub const fn data_class(self) -> PersonalDataClass {
        match self {
            Self::RealName
            | Self::DisplayName
            | Self::BirthDate
            | Self::VerificationStatus
            | Self::RegisteredAt => PersonalDataClass::Identity,
            Self::Email | Self::Phone => PersonalDataClass::Contact,
            Self::Residence => PersonalDataClass::Address,
            Self::IdentityDocuments => PersonalDataClass::Documents,
        }
    }

    /// Their names, as rows and leaves hold them.
    pub fn join(fields: &[Self]) -> String {
        fields.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The fields of such a text; `None` if one is unknown.
    pub fn split(text: &str) -> Option<Vec<Self>> {
        text.split(',').map(Self::parse).collect()
    }

    /// Each once, in the order of the list.
    pub fn sorted(mut fields: Vec<Self>) -> Vec<Self> {
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

/// What both keys are given for: exactly this, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub recipient_id: RecipientId,
    pub class: RecipientClass,
    pub country: Country,
    pub purpose: Purpose,
    pub fields: Vec<DisclosureField>,
    pub consent_kind: ConsentKind,
    pub instrument_id: Option<InstrumentId>,
}

impl Scope {
    /// Its text, which leaves carry: names, each with its value.
    pub fn write(&self) -> String {
        format!(
            "recipient={} class={} country={} purpose={} fields={} consent={} instrument={}",
            self.recipient_id,
            self.class.as_str(),
            self.country,
            self.purpose.as_str(),
            DisclosureField::join(&self.fields),
            self.consent_kind.as_str(),
            self.instrument_id.map(|id| id.to_string()).unwrap_or_default(),
        )
    }

    /// Reads what [`write`](Self::write) wrote; `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let mut values = text.split(' ').map(|part| part.split_once('='));
        let mut next = |name: &str| match values.next()?? {
            (found, value) if found == name => Some(value),
            _ => None,
        };
        let scope = Self {
            recipient_id: next("recipient")?.parse().ok()?,
            class: RecipientClass::parse(next("class")?)?,
            country: next("country")?.parse().ok()?,
            purpose: Purpose::parse(next("purpose")?)?,
            fields: DisclosureField::split(next("fields")?)?,
            consent_kind: ConsentKind::parse(next("consent")?)?,
            instrument_id: match next("instrument")? {
                "" => None,
                id => Some(id.parse().ok()?),
            },
        };
        values.next().is_none().then_some(scope)
    }

    /// Identifies it, with the person, the revision of the disclosure and the terms of the recipient: SHA-256
    /// over `disclosure-scope-1`, account, disclosure, revision, terms and text, each after its length. Nothing
    /// that was changed and changed back has the hash that it had.
    pub fn hash(
        &self,
        (account, disclosure, revision): (AccountId, DisclosureId, i32),
        terms: &RecipientTerms,
    ) -> [u8; 32] {
        let (terms, text) = (terms.hash(), self.write());
        let parts: [&[u8]; 6] = [
            b"disclosure-scope-1",
            account.as_bytes(),
            disclosure.as_bytes(),
            &revision.to_be_bytes(),
            &terms,
            text.as_bytes(),
        ];
        Sha256::digest(length_prefixed(&parts)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_and_nothing_else_does() {
        let scope = Scope {
            recipient_id: "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".parse().unwrap(),
            class: RecipientClass::Court,
            country: "NZ".parse().unwrap(),
            purpose: Purpose::CompelledDisclosure,
            fields: vec![DisclosureField::RealName, DisclosureField::Email],
            consent_kind: ConsentKind::PolicyClause,
            instrument_id: Some("itr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3".parse().unwrap()),
        };
        for scope in [Scope { instrument_id: None, ..scope.clone() }, scope] {
            let text = scope.write();
            assert_eq!(Scope::read(&text), Some(scope));
            assert_eq!(Scope::read(&format!("{text} more=1")), None);
            assert_eq!(Scope::read(&text.replace("country=NZ", "country=XX")), None);
        }
    }
}
