//! The machine-readable zone of a document (ICAO Doc 9303): whether its check digits hold, and whether it
//! says what the person says.

use chrono::{Datelike, NaiveDate};
use mrz::{MrzData, MrzDate};

use super::matching;

/// What is wrong with a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MrzFault {
    /// It has not the lines and signs of any format.
    Unreadable,
    /// A check digit does not agree.
    CheckDigits,
    /// It has another number, day of birth, day of expiry or name.
    SaysOtherwise,
}

/// What the person says that stands in the zone.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub number: &'a str,
    pub name: &'a str,
    pub birth_date: NaiveDate,
    pub expires_on: NaiveDate,
}

/// Holds the lines of a zone against their check digits and against what the person says.
///
/// # Errors
///
/// The first [`MrzFault`].
pub fn check(lines: &[&str], told: Told<'_>) -> Result<(), MrzFault> {
    let zone = match lines {
        [first, second] if first.len() == 44 => mrz::parse_td3(first, second),
        [first, second] => mrz::parse_td2(first, second),
        [first, second, third] => mrz::parse_td1(first, second, third),
        _ => return Err(MrzFault::Unreadable),
    };
    let zone = zone.map_err(|_| MrzFault::Unreadable)?;
    if !zone.checksum_consistent() {
        return Err(MrzFault::CheckDigits);
    }
    if says(&zone, told) { Ok(()) } else { Err(MrzFault::SaysOtherwise) }
}

fn says(zone: &MrzData, told: Told<'_>) -> bool {
    let number = zone.document_number_full.as_ref().unwrap_or(&zone.document_number);
    let printed = format!("{} {}", zone.given_names, zone.surname);
    bare(number) == bare(told.number)
        && is_day(zone.date_of_birth, told.birth_date)
        && is_day(zone.date_of_expiry, told.expires_on)
        && matching::is_same_name(told.name, &printed)
}

/// A number as two people write it alike.
pub fn bare(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The zone has two digits of a year, so the century is the person's.
fn is_day(date: MrzDate, told: NaiveDate) -> bool {
    let Some(date) = date.calendar() else { return false };
    (date.year.rem_euclid(100), date.month, date.day)
        == (told.year().rem_euclid(100), told.month(), told.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSPORT: [&str; 2] =
        ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
    const CARD: [&str; 3] = [
        "I<UTOD231458907<<<<<<<<<<<<<<<",
        "7408122F1204159UTO<<<<<<<<<<<6",
        "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
    ];

    fn told() -> Told<'static> {
        Told {
            number: "L898902C3",
            name: "Anna Eriksson",
            birth_date: "1974-08-12".parse().unwrap(),
            expires_on: "2012-04-15".parse().unwrap(),
        }
    }

    #[test]
    fn the_specimens_of_the_standard_hold() {
        assert_eq!(check(&PASSPORT, told()), Ok(()));
        assert_eq!(check(&CARD, Told { number: "D23145890", ..told() }), Ok(()));
    }

    #[test]
    fn every_changed_digit_of_the_second_line_is_noticed() {
        for at in 0..44 {
            let mut line = PASSPORT[1].as_bytes().to_vec();
            if !line[at].is_ascii_digit() {
                continue;
            }
            line[at] = b'0' + (line[at] - b'0' + 1) % 10;
            let line = String::from_utf8(line).unwrap();
            assert_eq!(check(&[PASSPORT[0], &line], told()), Err(MrzFault::CheckDigits), "changed at {at}");
        }
    }

    #[test]
    fn a_zone_that_says_otherwise_or_is_none_is_refused() {
        let other = |told| check(&PASSPORT, told);
        assert_eq!(other(Told { number: "L898902C4", ..told() }), Err(MrzFault::SaysOtherwise));
        assert_eq!(other(Told { name: "Ada Lovelace", ..told() }), Err(MrzFault::SaysOtherwise));
        let birth_date = "1974-08-13".parse().unwrap();
        assert_eq!(other(Told { birth_date, ..told() }), Err(MrzFault::SaysOtherwise));
        let expires_on = "2012-04-16".parse().unwrap();
        assert_eq!(other(Told { expires_on, ..told() }), Err(MrzFault::SaysOtherwise));
        for lines in [&["P<UTO"][..], &["", ""], &["ä", "ö"], &[PASSPORT[0], ""], &["<"; 5]] {
            assert_eq!(check(lines, told()), Err(MrzFault::Unreadable));
        }
    }
}
