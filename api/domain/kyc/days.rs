//! Days: when somebody is of age, how old a proof may be, which day it is where a person lives.

use chrono::{Datelike, Months, NaiveDate};

use crate::domain::time::Timestamp;

/// So old one must be (clause 1.4).
const OF_AGE: u32 = 18;
/// So old a proof of address may be when it is handed in (clause 1.7).
const PROOF_MONTHS: u32 = 3;

/// Whether somebody born on `birth` is of age on `day`: from the start of the eighteenth birthday. Who was
/// born on 29 February has it on 1 March in a common year.
pub fn is_of_age(birth: NaiveDate, day: NaiveDate) -> bool {
    eighteenth_birthday(birth).is_some_and(|birthday| birthday <= day)
}

fn eighteenth_birthday(birth: NaiveDate) -> Option<NaiveDate> {
    let year = birth.year().checked_add(i32::try_from(OF_AGE).ok()?)?;
    birth.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
}

/// Whether a proof of `issued` may be handed in on `day`: not in the future, and not before the day three
/// calendar months earlier, which is the last of its month where that month is shorter.
pub fn is_recent(issued: NaiveDate, day: LocalDay) -> bool {
    let oldest = day.earliest.checked_sub_months(Months::new(PROOF_MONTHS));
    issued <= day.latest && oldest.is_some_and(|oldest| oldest <= issued)
}

/// Whether a document is valid on `day`; it is on the day that is printed as its last.
pub fn is_unexpired(expires_on: NaiveDate, day: NaiveDate) -> bool {
    day <= expires_on
}

/// The day that it is where a person lives: one, or, of a person who told no time zone, what it may be anywhere
/// on earth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDay {
    /// Where the day begins last, twelve hours behind UTC.
    pub earliest: NaiveDate,
    /// Where it begins first, fourteen hours ahead.
    pub latest: NaiveDate,
}

impl LocalDay {
    pub const fn exactly(day: NaiveDate) -> Self {
        Self { earliest: day, latest: day }
    }

    pub fn at(now: Timestamp, time_zone: Option<chrono_tz::Tz>) -> Self {
        Self {
            earliest: now.day_in(time_zone.unwrap_or(chrono_tz::Etc::GMTPlus12)),
            latest: now.day_in(time_zone.unwrap_or(chrono_tz::Etc::GMTMinus14)),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn one_is_of_age_from_the_eighteenth_birthday_on() {
        for (birth, last_minor, first_of_age) in [
            ("2008-11-27", "2026-11-26", "2026-11-27"),
            ("2008-01-01", "2025-12-31", "2026-01-01"),
            ("2007-12-31", "2025-12-30", "2025-12-31"),
            // Born on a leap day: 2026 has none.
            ("2008-02-29", "2026-02-28", "2026-03-01"),
            ("2008-02-28", "2026-02-27", "2026-02-28"),
            ("2008-03-01", "2026-02-28", "2026-03-01"),
            // The century year 2100 is a common one.
            ("2082-02-28", "2100-02-27", "2100-02-28"),
        ] {
            assert!(!is_of_age(day(birth), day(last_minor)), "{birth} on {last_minor}");
            assert!(is_of_age(day(birth), day(first_of_age)), "{birth} on {first_of_age}");
        }
    }

    #[test]
    fn nobody_becomes_younger_and_everybody_is_of_age_within_a_day_of_eighteen_years() {
        let mut birth = day("1999-12-25");
        while birth < day("2009-01-05") {
            let first = (0..10)
                .map(|n| birth + TimeDelta::days(6_570 + n))
                .find(|day| is_of_age(birth, *day))
                .unwrap();
            let age = (first - birth).num_days();
            assert!((6_574..=6_575).contains(&age), "{birth} {first}");
            assert!(is_of_age(birth, first + TimeDelta::days(1)));
            let same = (first.month(), first.day()) == (birth.month(), birth.day());
            assert!(same || (birth.month(), birth.day()) == (2, 29), "{birth} {first}");
            birth += TimeDelta::days(1);
        }
    }

    #[test]
    fn a_proof_is_at_most_three_calendar_months_old() {
        for (handed_in, earliest) in [
            ("2026-05-31", "2026-02-28"),
            ("2028-05-31", "2028-02-29"),
            ("2026-05-30", "2026-02-28"),
            ("2028-05-29", "2028-02-29"),
            ("2026-05-28", "2026-02-28"),
            ("2026-05-27", "2026-02-27"),
            ("2026-07-31", "2026-04-30"),
            ("2026-03-31", "2025-12-31"),
            ("2026-02-28", "2025-11-28"),
            ("2026-11-27", "2026-08-27"),
        ] {
            let (handed_in, earliest) = (day(handed_in), day(earliest));
            let on = LocalDay::exactly(handed_in);
            assert!(is_recent(earliest, on), "{earliest} on {handed_in}");
            assert!(!is_recent(earliest - TimeDelta::days(1), on), "{earliest} on {handed_in}");
            assert!(is_recent(handed_in, on));
            assert!(!is_recent(handed_in + TimeDelta::days(1), on), "from the future");
        }
    }

    #[test]
    fn a_document_is_valid_on_its_last_day() {
        assert!(is_unexpired(day("2026-11-27"), day("2026-11-27")));
        assert!(!is_unexpired(day("2026-11-26"), day("2026-11-27")));
    }

    #[test]
    fn the_day_is_the_persons_own() {
        // 27 November, 11:30 in UTC.
        let now = Timestamp::new("2026-11-27T11:30:00Z".parse().unwrap());
        let zone = |name: &str| Some(name.parse::<chrono_tz::Tz>().unwrap());
        for (name, own) in [
            ("Pacific/Auckland", "2026-11-28"),
            ("Europe/Berlin", "2026-11-27"),
            ("Pacific/Pago_Pago", "2026-11-27"),
        ] {
            assert_eq!(LocalDay::at(now, zone(name)), LocalDay::exactly(day(own)), "{name}");
        }
        // Who told no zone may be in any: a bill of the 28th is no bill from the future.
        let anywhere = LocalDay::at(now, None);
        assert_eq!(anywhere, LocalDay { earliest: day("2026-11-26"), latest: day("2026-11-28") });
        assert!(is_recent(day("2026-11-28"), anywhere) && !is_recent(day("2026-11-29"), anywhere));
    }
}
