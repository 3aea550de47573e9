//! Working days as section 7 of New Zealand's Privacy Act 2020 counts them.
//!
//! Saturdays, Sundays, public holidays with the Mondays that Waitangi Day and Anzac Day move to, and the days from 25
//! December to 15 January are none. The holidays are a table, written by `scripts/holidays` from the `holidays`
//! of `PyPI` and held against it in CI. It ends in 2052, with the schedule of Te Kāhui o Matariki Public Holiday Act 2022;
//! after that no holiday counts out, so a deadline comes early rather than late.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use chrono::{Datelike, NaiveDate, Weekday};

use crate::domain::closed_list::closed_list;

closed_list! {
    /// Whose anniversary day counts out beside the holidays of the whole country. The Act does not name these days, so
    /// none does unless the controller's region is set.
    Region {
        Northland = "ntl",
        Auckland = "auk",
        Taranaki = "tki",
        HawkesBay = "hkb",
        Wellington = "wgn",
        Marlborough = "mbh",
        Nelson = "nsn",
        Canterbury = "can",
        SouthCanterbury = "south_canterbury",
        WestCoast = "wtc",
        Otago = "ota",
        Southland = "stl",
        ChathamIslands = "cit",
    }
}

/// The days off of the whole country, and those of the regions.
struct Table {
    national: HashSet<NaiveDate>,
    regional: HashMap<Region, HashSet<NaiveDate>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { national: HashSet::new(), regional: HashMap::new() };
    for row in include_str!("holidays.csv").lines().skip(1) {
        let mut cells = row.splitn(3, ',');
        let (Some(day), Some(region)) = (cells.next(), cells.next()) else { continue };
        let Ok(day) = day.parse() else { continue };
        match Region::parse(region) {
            Some(region) => table.regional.entry(region).or_default().insert(day),
            None => table.national.insert(day),
        };
    }
    table
});

/// Whether work is done on a day, as far as the Act is concerned.
pub fn is_working_day(day: NaiveDate, region: Option<Region>) -> bool {
    let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let is_summer = matches!((day.month(), day.day()), (12, 25..=31) | (1, 1..=15));
    let is_anniversary =
        region.and_then(|region| TABLE.regional.get(&region)).is_some_and(|days| days.contains(&day));
    !(is_weekend || is_summer || is_anniversary || TABLE.national.contains(&day))
}

/// The day on which so many working days are over, where the first is the one after `day`.
pub fn after_working_days(day: NaiveDate, count: u32, region: Option<Region>) -> NaiveDate {
    let days = day.iter_days().skip(1).filter(|day| is_working_day(*day, region));
    // A calendar ends after 260,000 years.
    days.take(usize::try_from(count).unwrap_or(usize::MAX)).last().unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = include_str!("holidays.csv").lines().count() - 1;
        let regional: usize = TABLE.regional.values().map(HashSet::len).sum();
        // Two holidays of the whole country never fall on one day; their names would stand in one row.
        assert_eq!(TABLE.national.len() + regional, rows);
        assert_eq!(TABLE.regional.len(), Region::ALL.len());
        for year in 2026..=2052 {
            let fridays_of_winter = TABLE.national.iter().filter(|day| {
                day.year() == year && matches!(day.month(), 6 | 7) && day.weekday() == Weekday::Fri
            });
            assert_eq!(fridays_of_winter.count(), 1, "Matariki of {year}");
        }
    }

    #[test]
    fn what_the_act_names_is_no_working_day() {
        for off in [
            "2026-02-06", // Waitangi Day
            "2027-02-08", // Waitangi Day fell on a Saturday
            "2026-04-03", // Good Friday
            "2026-04-06", // Easter Monday
            "2026-04-27", // Anzac Day fell on a Saturday
            "2026-06-01", // the Sovereign's birthday
            "2026-07-10", // Matariki
            "2026-10-26", // Labour Day
            "2026-12-25",
            "2027-01-15",
            "2026-11-28", // a Saturday
        ] {
            assert!(!is_working_day(day(off), None), "{off}");
        }
        for on in ["2026-12-24", "2026-04-02", "2026-04-07", "2027-01-18", "2028-06-30", "2060-06-18"] {
            assert!(is_working_day(day(on), None), "{on}");
        }
        // Auckland's anniversary counts out in Auckland alone.
        assert!(is_working_day(day("2027-02-01"), None));
        assert!(is_working_day(day("2027-02-01"), Some(Region::Wellington)));
        assert!(!is_working_day(day("2027-02-01"), Some(Region::Auckland)));
    }
}
