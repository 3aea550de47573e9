//! Documents that a person hands in: what the person tells of them, and whether that can be taken at all.

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{
    DocumentKind, IssuerClass, KycItem,
    days::{self, LocalDay},
    rules,
};
use crate::domain::{
    closed_list::closed_list,
    country::Country,
    ids::{AccountId, DocumentId, InvalidId, KycCaseId},
    personal::{Personal, PersonalText, personal_text, tidy},
    time::Timestamp,
};

/// How long a picture can be fetched after its opening was recorded.
pub const PICTURE_OPEN_FOR: TimeDelta = TimeDelta::minutes(5);

closed_list! {
    /// A side of a document.
    DocumentSide {
        Front = "front",
        Back = "back",
    }
}

impl std::fmt::Display for DocumentSide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for DocumentSide {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text).ok_or(InvalidId)
    }
}

personal_text! {
    /// The name that a document bears, as it is printed.
    PrintedName, refusal InvalidPrintedName = "invalid_printed_name", parse printed_name,
    length 1 ..= 200, format None, example "LOVELACE ADA"
}

personal_text! {
    /// The number of a document, as it is printed.
    DocumentNumber, refusal InvalidDocumentNumber = "invalid_document_number", parse number,
    length 4 ..= 32, format None, example "LH123456"
}

personal_text! {
    /// The address that a document bears, as it is printed, on one line.
    PrintedAddress, refusal InvalidPrintedAddress = "invalid_printed_address", parse printed_address,
    length 1 ..= 300, format None, example "12 Queen St, Auckland 1010"
}

personal_text! {
    /// The lines of a machine-readable zone (ICAO 9303), one below the other.
    ZoneText, refusal InvalidZoneText = "invalid_machine_readable_zone", parse zone,
    length 60 ..= 92, format None, example "P<NZLLOVELACE<<ADA<<<<<<<<<<<<<<<<<<<<<<<<<<\nLH123456<7NZL9012107F2812314<<<<<<<<<<<<<<02"
}

fn printed_name(text: &str) -> Option<String> {
    let name = tidy(text)?;
    (name.chars().count() <= 200 && name.chars().any(char::is_alphabetic)).then_some(name)
}

fn number(text: &str) -> Option<String> {
    let number = tidy(text)?.to_uppercase();
    let signs = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '.');
    (number.chars().count() <= 32 && alike(&number).len() >= 4 && number.chars().all(signs)).then_some(number)
}

/// What a number looks like, whatever script it is written in: what is read alike is alike.
fn alike(number: &str) -> String {
    let skeleton: String = unicode_security::confusable_detection::skeleton(&number.to_uppercase()).collect();
    super::mrz::bare(&any_ascii::any_ascii(&skeleton))
}

fn printed_address(text: &str) -> Option<String> {
    let address = tidy(text)?;
    (address.chars().count() <= 300 && address.chars().any(char::is_alphanumeric)).then_some(address)
}

fn zone(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let signs = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '<';
    let fits = |line: &&str| line.len() <= 44 && line.chars().all(signs);
    let text = lines.join("\n");
    (matches!(lines.len(), 2 | 3) && lines.iter().all(fits) && text.len() >= 60).then_some(text)
}

impl ZoneText {
    pub fn lines(&self) -> Vec<&str> {
        self.expose().lines().collect()
    }
}

/// A day on a document (`YYYY-MM-DD`), in a year that one can bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentDay(pub NaiveDate);

impl TryFrom<String> for DocumentDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let day: NaiveDate = text.parse().map_err(|_| "invalid_day")?;
        if day.to_string() != text {
            return Err("invalid_day");
        }
        if (1900..=2199).contains(&day.year()) { Ok(Self(day)) } else { Err("out_of_range") }
    }
}

impl From<DocumentDay> for String {
    fn from(day: DocumentDay) -> Self {
        day.0.to_string()
    }
}

/// What a person tells of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldDocument {
    pub kind: DocumentKind,
    pub issuer: IssuerClass,
    pub country: Country,
    pub name: PrintedName,
    pub number: Option<DocumentNumber>,
    pub issued_on: Option<DocumentDay>,
    pub expires_on: Option<DocumentDay>,
    pub address: Option<PrintedAddress>,
    pub zone: Option<ZoneText>,
}

/// How it is written before it is sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    kind: DocumentKind,
    issuer: IssuerClass,
    country: Country,
    name: String,
    number: Option<String>,
    issued_on: Option<DocumentDay>,
    expires_on: Option<DocumentDay>,
    address: Option<String>,
    zone: Option<String>,
}

/// What is wrong with what was told: the field, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldFault {
    pub field: &'static str,
    pub fault: ToldFaultKind,
}

/// Why a field is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldFaultKind {
    /// A document of this kind has it.
    Missing,
    /// A document of this kind does not have it.
    NotOfThisKind,
    /// The policy takes no such document from such an issuer.
    Issuer,
    /// It is not valid any more (clause 1.6).
    Expired,
    /// It was issued more than three months ago (clause 1.7).
    TooOld,
    /// The day is yet to come.
    InTheFuture,
}

impl ToldDocument {
    /// One text, to be sealed as one.
    ///
    /// # Errors
    ///
    /// Never, for these types.
    pub fn write(&self) -> Result<PersonalText, serde_json::Error> {
        fn text(value: &impl Personal) -> String {
            value.expose().to_owned()
        }
        let written = Written {
            kind: self.kind,
            issuer: self.issuer,
            country: self.country,
            name: text(&self.name),
            number: self.number.as_ref().map(text),
            issued_on: self.issued_on,
            expires_on: self.expires_on,
            address: self.address.as_ref().map(text),
            zone: self.zone.as_ref().map(text),
        };
        serde_json::to_string(&written).map(PersonalText::new)
    }

    pub fn read(text: &str) -> Option<Self> {
        fn restored<T: Personal>(text: String) -> Option<T> {
            T::restore(zeroize::Zeroizing::new(text))
        }
        let written: Written = serde_json::from_str(text).ok()?;
        Some(Self {
            kind: written.kind,
            issuer: written.issuer,
            country: written.country,
            name: restored(written.name)?,
            number: written.number.and_then(restored),
            issued_on: written.issued_on,
            expires_on: written.expires_on,
            address: written.address.and_then(restored),
            zone: written.zone.and_then(restored),
        })
    }

    /// What is wrong already: nobody has to wait for a reviewer to learn that a card has expired.
    pub fn faults(&self, has_back: bool, today: LocalDay) -> Vec<ToldFault> {
        let mut found = Vec::new();
        let mut fault = |field, fault| found.push(ToldFault { field, fault });
        let identity = self.kind.is_identity();
        let fields = [
            ("number", self.number.is_some(), identity),
            ("expires_on", self.expires_on.is_some(), identity),
            ("issued_on", self.issued_on.is_some(), !identity),
            ("address", self.address.is_some(), !identity),
            ("back", has_back, self.kind.has_back()),
        ];
        for (field, is_there, is_needed) in fields {
            match (is_there, is_needed) {
                (false, true) => fault(field, ToldFaultKind::Missing),
                // An identity document may tell when it was issued, and show an address.
                (true, false) if !(identity && matches!(field, "issued_on" | "address")) => {
                    fault(field, ToldFaultKind::NotOfThisKind);
                }
                _ => {}
            }
        }
        if self.zone.is_some() && !identity {
            fault("machine_readable_zone", ToldFaultKind::NotOfThisKind);
        }
        if !self.issuer.may_issue(self.kind) {
            fault("issuer_class", ToldFaultKind::Issuer);
        }
        if identity && self.expires_on.is_some_and(|last| !days::is_unexpired(last.0, today.latest)) {
            fault("expires_on", ToldFaultKind::Expired);
        }
        match self.issued_on {
            Some(issued) if issued.0 > today.latest => {
                fault("issued_on", ToldFaultKind::InTheFuture);
            }
            Some(issued) if !identity && !days::is_recent(issued.0, today) => {
                fault("issued_on", ToldFaultKind::TooOld);
            }
            _ => {}
        }
        found
    }

    /// The things that it can stand for.
    pub const fn items(&self) -> &'static [KycItem] {
        if self.kind.is_identity() {
            &[KycItem::FirstIdentityDocument, KycItem::SecondIdentityDocument]
        } else {
            &[KycItem::AddressProof]
        }
    }

    /// What the number is told apart by: two spellings of one number are one.
    pub fn number_key(&self) -> Option<String> {
        let number = alike(self.number.as_ref()?.expose());
        Some(format!("{}:{}:{number}", self.kind.as_str(), self.country))
    }
}

/// A file that shows a side of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFile {
    pub side: DocumentSide,
    pub width: u32,
    pub height: u32,
    /// Bytes of the picture.
    pub size: i64,
}

/// A document as it was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KycDocument {
    pub account_id: AccountId,
    pub id: DocumentId,
    pub case_id: KycCaseId,
    pub item: KycItem,
    pub told: ToldDocument,
    pub files: Vec<DocumentFile>,
    pub uploaded_at: Timestamp,
    /// When it was first submitted for review; none before.
    pub submitted_at: Option<Timestamp>,
}

impl KycDocument {
    fn shows(&self, side: DocumentSide) -> bool {
        self.files.iter().any(|file| file.side == side)
    }

    /// The document as the rules see it.
    ///
    /// `now` stands for its submission where that is yet to come.
    pub fn as_evidence(&self, now: Timestamp, zone: Option<chrono_tz::Tz>) -> rules::Document<'_> {
        rules::Document {
            handed_in_on: LocalDay::at(self.submitted_at.unwrap_or(now), zone),
            item: self.item,
            kind: self.told.kind,
            issuer: self.told.issuer,
            number: self.told.number.as_ref().map(Personal::expose),
            issued_on: self.told.issued_on.map(|day| day.0),
            expires_on: self.told.expires_on.map(|day| day.0),
            name: self.told.name.expose(),
            address: self.told.address.as_ref().map(Personal::expose),
            zone: self.told.zone.as_ref().map(ZoneText::lines),
            has_front: self.shows(DocumentSide::Front),
            has_back: self.shows(DocumentSide::Back),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> DocumentDay {
        DocumentDay::try_from(text.to_owned()).unwrap()
    }

    fn card(kind: DocumentKind) -> ToldDocument {
        ToldDocument {
            kind,
            issuer: IssuerClass::State,
            country: Country::HOME,
            name: "LOVELACE ADA".parse().unwrap(),
            number: Some("lh 123-456".parse().unwrap()),
            issued_on: None,
            expires_on: Some(day("2026-11-27")),
            address: None,
            zone: None,
        }
    }

    fn proof() -> ToldDocument {
        ToldDocument {
            issuer: IssuerClass::Utility,
            number: None,
            issued_on: Some(day("2026-08-27")),
            expires_on: None,
            address: Some("12 Queen St, Auckland 1010".parse().unwrap()),
            ..card(DocumentKind::AddressProof)
        }
    }

    #[test]
    fn what_is_told_reads_back() {
        let zone = format!("P<NZLLOVELACE<<ADA{}\n{}", "<".repeat(26), "0".repeat(44));
        let told = ToldDocument { zone: Some(zone.parse().unwrap()), ..card(DocumentKind::Passport) };
        assert_eq!(ToldDocument::read(told.write().unwrap().expose()), Some(told.clone()));
        let key = |number: &str| {
            let number = Some(number.parse().unwrap());
            ToldDocument { number, ..card(DocumentKind::Passport) }.number_key().unwrap()
        };
        assert_eq!(key("LH 123-456"), key("lh123456"));
        assert_eq!(key("LH123456"), key("L\u{041D}123456"), "a Cyrillic letter that looks like H");
        assert_ne!(key("\u{0661}\u{0662}\u{0663}\u{0664}"), key("\u{0661}\u{0662}\u{0663}\u{0665}"));
        assert_eq!(ToldDocument::read("{}"), None);
        for text in ["1", "abc", "<b>", ""] {
            assert!(text.parse::<DocumentNumber>().is_err(), "{text}");
        }
        for text in ["P<UTO", "p<nzl", "A\nB\nC\nD"] {
            assert!(text.parse::<ZoneText>().is_err(), "{text}");
        }
        for text in ["2026-2-01", "1899-12-31", "2026-02-30", "27.11.2026"] {
            assert!(DocumentDay::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_taken_is_said_at_once() {
        use ToldFaultKind::*;
        let today = LocalDay::exactly(day("2026-11-27").0);
        let faults = |told: &ToldDocument, back| -> Vec<(&str, ToldFaultKind)> {
            told.faults(back, today).into_iter().map(|found| (found.field, found.fault)).collect()
        };
        assert_eq!(faults(&card(DocumentKind::Passport), false), []);
        assert_eq!(faults(&card(DocumentKind::NationalId), true), []);
        assert_eq!(faults(&proof(), false), []);
        assert_eq!(faults(&card(DocumentKind::Passport), true), [("back", NotOfThisKind)]);
        assert_eq!(faults(&card(DocumentKind::NationalId), false), [("back", Missing)]);
        let expired = ToldDocument { expires_on: Some(day("2026-11-26")), ..card(DocumentKind::Passport) };
        assert_eq!(faults(&expired, false), [("expires_on", Expired)]);
        let bare = ToldDocument { number: None, expires_on: None, ..card(DocumentKind::Passport) };
        assert_eq!(faults(&bare, false), [("number", Missing), ("expires_on", Missing)]);
        let private = ToldDocument { issuer: IssuerClass::Utility, ..card(DocumentKind::Passport) };
        assert_eq!(faults(&private, false), [("issuer_class", Issuer)]);
        let old = ToldDocument { issued_on: Some(day("2026-08-26")), ..proof() };
        assert_eq!(faults(&old, false), [("issued_on", TooOld)]);
        let early = ToldDocument { issued_on: Some(day("2026-11-28")), ..proof() };
        assert_eq!(faults(&early, false), [("issued_on", InTheFuture)]);
        let nowhere = ToldDocument { address: None, ..proof() };
        assert_eq!(faults(&nowhere, false), [("address", Missing)]);
    }
}
