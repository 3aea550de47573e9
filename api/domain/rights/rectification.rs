//! Rectifications: what a person says their data are (clause 7.2; Privacy Act 2020, IPP 7; GDPR art. 16), what shows it,
//! and the statement that stays beside a value which is not changed.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::domain::{
    closed_list::closed_list,
    data_dictionary::Category,
    disclosure::scope::DisclosureField,
    display_name::DisplayName,
    ids::DocumentId,
    kyc::case::{BirthDate, Residence},
    personal::{Personal, PersonalText, personal_text, tidy},
    purpose::PersonalDataClass,
    real_name::RealName,
    staff::ReadField,
    time::Timestamp,
};

/// How many files a request can be shown by.
pub const MOST_EVIDENCE: usize = 5;
/// So long after the last decision the files go.
pub const EVIDENCE_KEPT: TimeDelta = TimeDelta::days(30);
/// How often staff can ask for more proof of one request (clause 7.4).
pub const MOST_PROOF_REQUESTS: usize = 3;

closed_list! {
    /// What can be corrected by a request; an address or a number is proven by a code where it is changed.
    RectifiedField {
        RealName = "real_name",
        DisplayName = "display_name",
        BirthDate = "birth_date",
        Residence = "residence",
    }
}

impl RectifiedField {
    /// Whether a verification vouches for it, so that a change takes evidence.
    pub const fn is_vouched_for(self) -> bool {
        !matches!(self, Self::DisplayName)
    }

    /// The name that it is disclosed under.
    pub const fn disclosed_as(self) -> DisclosureField {
        match self {
            Self::RealName => DisclosureField::RealName,
            Self::DisplayName => DisclosureField::DisplayName,
            Self::BirthDate => DisclosureField::BirthDate,
            Self::Residence => DisclosureField::Residence,
        }
    }

    /// The name that staff opens it under.
    pub const fn read_as(self) -> ReadField {
        match self {
            Self::RealName => ReadField::RealName,
            Self::DisplayName => ReadField::DisplayName,
            Self::BirthDate => ReadField::BirthDate,
            Self::Residence => ReadField::Residence,
        }
    }

    pub const fn data_class(self) -> PersonalDataClass {
        self.read_as().data_class()
    }

    /// The key that seals what is said about it: that of the value itself.
    pub const fn category(self) -> Category {
        match self {
            Self::RealName | Self::DisplayName | Self::BirthDate => Category::Identity,
            Self::Residence => Category::Address,
        }
    }
}

/// What a value is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Correction {
    RealName(RealName),
    DisplayName(DisplayName),
    BirthDate(BirthDate),
    Residence(Residence),
}

impl Correction {
    pub const fn field(&self) -> RectifiedField {
        match self {
            Self::RealName(_) => RectifiedField::RealName,
            Self::DisplayName(_) => RectifiedField::DisplayName,
            Self::BirthDate(_) => RectifiedField::BirthDate,
            Self::Residence(_) => RectifiedField::Residence,
        }
    }

    /// One text, to be sealed as one.
    fn write(&self) -> Result<String, serde_json::Error> {
        Ok(match self {
            Self::RealName(name) => name.expose().to_owned(),
            Self::DisplayName(name) => name.expose().to_owned(),
            Self::BirthDate(day) => day.expose().to_owned(),
            Self::Residence(residence) => residence.write()?,
        })
    }

    fn read(field: RectifiedField, text: String) -> Option<Self> {
        Some(match field {
            RectifiedField::Residence => Self::Residence(Residence::read(&text)?),
            RectifiedField::RealName => Self::RealName(RealName::restore(text.into())?),
            RectifiedField::DisplayName => Self::DisplayName(DisplayName::restore(text.into())?),
            RectifiedField::BirthDate => Self::BirthDate(BirthDate::restore(text.into())?),
        })
    }
}

personal_text! {
    /// What a person wants to be read beside a value that was not changed (Privacy Act 2020, section 63).
    StatementOfCorrection, refusal InvalidStatement = "invalid_statement", parse statement,
    length 1 ..= 1_000, format None, example "I was born on 10 December 1990; the register of births was corrected in 2019."
}

fn statement(text: &str) -> Option<String> {
    let words = tidy(text)?;
    (words.chars().count() <= 1_000 && words.chars().any(char::is_alphabetic)).then_some(words)
}

/// What a person said in one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub correction: Correction,
    /// Attached once the correction was refused, and when.
    pub statement: Option<(StatementOfCorrection, Timestamp)>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    value: String,
    statement: Option<(String, Timestamp)>,
}

impl Told {
    /// One text, to be sealed as one.
    ///
    /// # Errors
    ///
    /// Never, for these types.
    pub fn write(&self) -> Result<PersonalText, serde_json::Error> {
        let statement = self.statement.as_ref().map(|(words, at)| (words.expose().to_owned(), *at));
        let written = Written { value: self.correction.write()?, statement };
        Ok(PersonalText::new(serde_json::to_string(&written)?))
    }

    pub fn read(field: RectifiedField, text: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        let statement = match written.statement {
            Some((words, at)) => Some((StatementOfCorrection::restore(words.into())?, at)),
            None => None,
        };
        Some(Self { correction: Correction::read(field, written.value)?, statement })
    }
}

/// A file that shows that a request is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceFile {
    pub document_id: DocumentId,
    pub width: u32,
    pub height: u32,
    pub size: i64,
    pub uploaded_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_read_as_it_was_written() {
        let at: Timestamp = serde_json::from_value("2026-03-01T09:30:00Z".into()).unwrap();
        let residence = Residence {
            line: "12 Queen Street".parse().unwrap(),
            postal_code: "1010".parse().unwrap(),
            city: "Auckland".parse().unwrap(),
            country: crate::domain::country::Country::HOME,
        };
        for correction in [
            Correction::RealName("Ada King".parse().unwrap()),
            Correction::DisplayName("countess".parse().unwrap()),
            Correction::BirthDate("1990-12-10".parse().unwrap()),
            Correction::Residence(residence),
        ] {
            let field = correction.field();
            for statement in [None, Some((" It is  so. ".parse().unwrap(), at))] {
                let told = Told { correction: correction.clone(), statement };
                let text = told.write().unwrap();
                assert_eq!(Told::read(field, text.expose()), Some(told));
            }
        }
        assert_eq!(Told::read(RectifiedField::BirthDate, "{}"), None);
        assert!("...".parse::<StatementOfCorrection>().is_err());
        assert!("a".repeat(1_001).parse::<StatementOfCorrection>().is_err());
    }
}
