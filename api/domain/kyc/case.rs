//! A verification of a person: who asked and why, what the person told, how it stands.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::{KycItem, KycItemState, KycState, RejectionReason};
use crate::domain::{
    closed_list::closed_list,
    country::Country,
    evidence::Act,
    ids::{AccountId, KycCaseId, StaffId},
    notice::NoticeKind,
    personal::{Personal, personal_text, tidy},
    time::Timestamp,
};

pub const KYC_REQUESTED: Act = Act { name: "kyc.requested", object: "kyc_case", clause: "1.3" };

pub const KYC_WITHDRAWN: Act = Act { name: "kyc.withdrawn", object: "kyc_case", clause: "1.3" };
pub const KYC_SUBMITTED: Act = Act { name: "kyc.submitted", object: "kyc_case", clause: "1.3" };

/// Documents of a verification that its person gave up on go so long after the day that passed.
pub const ABANDONED_AFTER: TimeDelta = TimeDelta::days(90);

/// How long a person has after a change of the name.
pub const DAYS_FOR_A_NAME: u16 = 30;

/// Reminders come so long before what is asked for is due.
pub const REMINDERS_BEFORE: [TimeDelta; 2] = [TimeDelta::days(7), TimeDelta::days(1)];

/// How long the company takes to look at what was handed in.
pub const REVIEWED_WITHIN_DAYS: i64 = 7;

/// How long a person has, unless whoever asks says otherwise, and what may be said.
pub const DAYS_TO_ANSWER: u16 = 14;
pub const LEAST_DAYS: u16 = 7;
pub const MOST_DAYS: u16 = 90;

closed_list! {
    /// Why a verification is asked for, as far as everybody may know.
    KycGround {
        /// A full verification of identity (clause 1.3).
        FullVerification = "full_verification",
        /// What the account does raised a question (clause 1.8).
        Activity = "activity",
        /// The name changed after the identity had been verified (clause 3.9).
        NameChanged = "name_changed",
    }
}

impl KycGround {
    pub const fn clause(self) -> &'static str {
        match self {
            Self::FullVerification => "1.3",
            Self::Activity => "1.8",
            Self::NameChanged => "3.9",
        }
    }

    /// The notice that tells of the request.
    pub const fn notice(self) -> NoticeKind {
        match self {
            Self::FullVerification => NoticeKind::KycRequested,
            Self::Activity => NoticeKind::KycRequestedAfterActivity,
            Self::NameChanged => NoticeKind::KycRequestedAfterNameChange,
        }
    }
}

personal_text! {
    /// A day of birth (`YYYY-MM-DD`).
    BirthDate, refusal InvalidBirthDate = "invalid_birth_date", parse birth_date,
    length 10 ..= 10, format Some("date"), example "1990-12-10"
}

/// Nobody is older than this.
const EARLIEST: i32 = 1890;

fn birth_date(text: &str) -> Option<String> {
    use chrono::Datelike;
    let day: NaiveDate = text.parse().ok()?;
    // One spelling alone, and a year of four digits.
    (text.len() == 10 && day.year() >= EARLIEST && day.to_string() == text).then(|| text.to_owned())
}

impl BirthDate {
    pub fn day(&self) -> Option<NaiveDate> {
        self.expose().parse().ok()
    }
}

personal_text! {
    /// Street and house number, as on an envelope.
    AddressLine, refusal InvalidAddressLine = "invalid_address_line", parse line,
    length 1 ..= 200, format None, example "12 Queen Street"
}

personal_text! {
    /// A postal code.
    PostalCode, refusal InvalidPostalCode = "invalid_postal_code", parse postal_code,
    length 2 ..= 12, format None, example "1010"
}

personal_text! {
    /// A town or city.
    City, refusal InvalidCity = "invalid_city", parse city,
    length 1 ..= 100, format None, example "Auckland"
}

fn line(text: &str) -> Option<String> {
    let line = tidy(text)?;
    let plain = !line.contains(['<', '>', '{', '}', '\\']);
    (plain && line.chars().count() <= 200 && line.chars().any(char::is_alphanumeric)).then_some(line)
}

fn postal_code(text: &str) -> Option<String> {
    let code = tidy(text)?.to_uppercase();
    let signs = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
    ((2..=12).contains(&code.len()) && code.chars().all(signs)).then_some(code)
}

fn city(text: &str) -> Option<String> {
    let city = line(text)?;
    (city.chars().count() <= 100 && city.chars().any(char::is_alphabetic)).then_some(city)
}

/// Where a person lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residence {
    pub line: AddressLine,
    pub postal_code: PostalCode,
    pub city: City,
    pub country: Country,
}

/// How a residence is written before it is sealed.
#[derive(Serialize, Deserialize)]
struct Written {
    line: String,
    postal_code: String,
    city: String,
    country: Country,
}

impl Residence {
    /// One text, to be sealed as one.
    ///
    /// # Errors
    ///
    /// Never, for these types.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Written {
            line: self.line.expose().to_owned(),
            postal_code: self.postal_code.expose().to_owned(),
            city: self.city.expose().to_owned(),
            country: self.country,
        })
    }

    pub fn read(text: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        let restored = |text: String| zeroize::Zeroizing::new(text);
        Some(Self {
            line: AddressLine::restore(restored(written.line))?,
            postal_code: PostalCode::restore(restored(written.postal_code))?,
            city: City::restore(restored(written.city))?,
            country: written.country,
        })
    }
}

/// What a person tells of themselves (clause 1.5); the name is that of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KycDetails {
    pub birth_date: BirthDate,
    pub residence: Residence,
    pub updated_at: Timestamp,
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemStanding {
    pub item: KycItem,
    pub state: KycItemState,
    pub reason: Option<RejectionReason>,
}

/// What is there of what a verification asks for.
#[derive(Clone, Debug)]
pub struct Provided {
    pub has_verified_phone: bool,
    pub has_details: bool,
    /// What the documents stand for.
    pub documents: Vec<KycItem>,
}

impl Provided {
    fn has(&self, item: KycItem) -> bool {
        match item {
            // No account begins without it.
            KycItem::VerifiedEmail => true,
            KycItem::VerifiedPhone => self.has_verified_phone,
            KycItem::PersonalDetails => self.has_details,
            KycItem::FirstIdentityDocument | KycItem::SecondIdentityDocument | KycItem::AddressProof => {
                self.documents.contains(&item)
            }
        }
    }
}

/// An item that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub item: KycItem,
    pub reason: RejectionReason,
    /// Whether something new was handed in since.
    #[serde(default)]
    pub answered: bool,
}

/// A verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KycCase {
    pub account_id: AccountId,
    pub id: KycCaseId,
    pub state: KycState,
    pub ground: KycGround,
    /// Who asked; nobody if a rule did.
    pub requested_by: Option<StaffId>,
    pub requested_at: Timestamp,
    pub due_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub rejections: Vec<Rejection>,
    /// Counts what was done to it; whoever changes it names the last.
    pub revision: i64,
    /// The person's own count of verifications; the key that seals its documents has this version.
    pub number: i64,
    /// Who looks at it.
    pub assigned_to: Option<StaffId>,
    /// How often its person was reminded that it is due.
    pub reminders_sent: i32,
}

impl KycCase {
    /// One that begins now.
    pub fn begin(
        account_id: AccountId,
        id: KycCaseId,
        ground: KycGround,
        requested_by: Option<StaffId>,
        days: u16,
        now: Timestamp,
    ) -> Self {
        Self {
            account_id,
            id,
            state: KycState::Requested,
            ground,
            requested_by,
            requested_at: now,
            due_at: now.plus(TimeDelta::days(i64::from(days))),
            submitted_at: None,
            decided_at: None,
            rejections: Vec::new(),
            revision: 1,
            number: 1,
            assigned_to: None,
            // Whoever has no more than the time of a reminder is told by the request itself.
            reminders_sent: i32::from(days <= LEAST_DAYS),
        }
    }

    /// An act upon it, under the clause that it rests on.
    pub const fn act(&self, act: Act) -> Act {
        Act { clause: self.ground.clause(), ..act }
    }

    /// The version of the key that seals its documents.
    pub fn documents_key(&self) -> u32 {
        u32::try_from(self.number).unwrap_or(u32::MAX)
    }

    /// Whether somebody looks at what was handed in, or is about to.
    pub const fn is_looked_at(&self) -> bool {
        !self.state.is_open() && self.decided_at.is_none()
    }

    /// Whether the person may change what stands for `item`: single items are asked for again alone.
    pub fn takes(&self, item: KycItem) -> bool {
        let is_asked = |rejection: &Rejection| rejection.item == item;
        self.state.is_open() && (self.rejections.is_empty() || self.rejections.iter().any(is_asked))
    }

    /// The case after the person put something in the place of `item`, or took it away.
    #[must_use]
    pub fn after_change_of(&self, item: KycItem, is_there: bool) -> Self {
        let state = if self.state == KycState::Requested { KycState::InProgress } else { self.state };
        let mut rejections = self.rejections.clone();
        for rejection in rejections.iter_mut().filter(|rejection| rejection.item == item) {
            rejection.answered = is_there;
        }
        Self { state, rejections, ..self.clone() }
    }

    /// How every item stands.
    pub fn standings(&self, provided: &Provided) -> Vec<ItemStanding> {
        let standing = |item: &KycItem| {
            let (state, reason) = self.item_state(*item, provided.has(*item));
            ItemStanding { item: *item, state, reason }
        };
        KycItem::ALL.iter().map(standing).collect()
    }

    /// How an item stands that is there, or is not.
    fn item_state(&self, item: KycItem, is_there: bool) -> (KycItemState, Option<RejectionReason>) {
        // Email and phone are verified elsewhere: what is there was verified since.
        let is_verified = is_there && matches!(item, KycItem::VerifiedEmail | KycItem::VerifiedPhone);
        let stands = |rejection: &&Rejection| rejection.item == item && !rejection.answered && !is_verified;
        let rejection = self.rejections.iter().find(stands);
        match (self.state, rejection, is_there) {
            (KycState::Approved, ..) => (KycItemState::Accepted, None),
            (_, Some(rejection), _) => (KycItemState::Rejected, Some(rejection.reason)),
            (_, None, true) => (KycItemState::Provided, None),
            (_, None, false) => (KycItemState::Missing, None),
        }
    }
}

/// Which cases are wanted from the queue.
#[derive(Clone, Debug, Default)]
pub struct QueueFilter {
    /// In one of these states; all of them wait for somebody.
    pub states: Vec<KycState>,
    /// Those of one member, or of nobody.
    pub assigned_to: Option<Option<StaffId>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_birth_has_one_spelling() {
        for text in ["1990-12-10", "2008-02-29", "1890-01-01"] {
            assert!(text.parse::<BirthDate>().is_ok(), "{text}");
        }
        for text in [
            "1990-12-1",
            "1990-02-30",
            "2007-02-29",
            "1889-12-31",
            "10.12.1990",
            "",
            "1990-12-10 ",
            "+1990-12-10",
        ] {
            assert!(text.parse::<BirthDate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_residence_is_read_as_it_was_written() {
        let residence = Residence {
            line: "  12  Queen Street ".parse().unwrap(),
            postal_code: "sw1a 1aa".parse().unwrap(),
            city: "Auckland".parse().unwrap(),
            country: Country::HOME,
        };
        assert_eq!(residence.postal_code.expose(), "SW1A 1AA");
        assert_eq!(Residence::read(&residence.write().unwrap()), Some(residence));
        assert_eq!(Residence::read("{}"), None);
        for line in ["", "---", "<b>1</b>", "12 Queen\nStreet"] {
            assert!(line.parse::<AddressLine>().is_err(), "{line}");
        }
        assert!("1".parse::<PostalCode>().is_err() && "1234".parse::<City>().is_err());
    }
}
