//! By when a request is answered: two laws run beside each other, and the nearer day is the promise.

use chrono::{Days, Months, NaiveDate};
use chrono_tz::{Pacific::Auckland, Tz};

use super::calendar::{Region, after_working_days};
use crate::domain::{closed_list::closed_list, time::Timestamp};

/// Where the controller's days begin and end.
const ZONE: Tz = Auckland;
/// Working days to answer in (Privacy Act 2020, sections 44 and 63).
const WORKING_DAYS: u32 = 20;
/// A month to answer in (GDPR art. 12(3)).
const MONTH: Months = Months::new(1);
/// With the two further months that a reason can take (GDPR art. 12(3)).
const LONGEST: Months = Months::new(3);

closed_list! {
    /// Which law a deadline comes from.
    DeadlineLaw {
        PrivacyAct2020 = "privacy_act2020",
        Gdpr = "gdpr",
    }
}

/// Until when, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The end of the last day: it is kept by whatever comes before.
    pub due_at: Timestamp,
    pub law: DeadlineLaw,
}

/// The nearer deadline of a request that was received then.
pub fn of_request(received: Timestamp, region: Option<Region>) -> Deadline {
    let day = received.day_in(ZONE);
    let worked = end_of(after_working_days(day, WORKING_DAYS, region), received);
    let month = end_of(after_months(day, MONTH), received);
    if worked <= month {
        Deadline { due_at: worked, law: DeadlineLaw::PrivacyAct2020 }
    } else {
        Deadline { due_at: month, law: DeadlineLaw::Gdpr }
    }
}

/// How far a request that was received then can be extended, once and for a reason.
pub fn longest_extension(received: Timestamp) -> Timestamp {
    end_of(after_months(received.day_in(ZONE), LONGEST), received)
}

/// The day of the same number, or the last of a month that has none.
fn after_months(day: NaiveDate, months: Months) -> NaiveDate {
    day.checked_add_months(months).unwrap_or(day)
}

/// The instant at which a day is over.
fn end_of(day: NaiveDate, otherwise: Timestamp) -> Timestamp {
    let next = day.checked_add_days(Days::new(1)).and_then(|next| next.and_hms_opt(0, 0, 0));
    // Clocks are changed in the small hours, so every day has a midnight.
    let midnight = next.and_then(|next| next.and_local_timezone(ZONE).earliest());
    midnight.map_or(otherwise, |midnight| Timestamp::new(midnight.to_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Timestamp {
        serde_json::from_value(text.into()).unwrap()
    }

    /// Computed by hand with a printed calendar.
    #[test]
    fn deadlines_are_what_a_hand_computes() {
        use DeadlineLaw::{Gdpr, PrivacyAct2020};
        for (received, last_day, law) in [
            // Wednesday: twenty days without a holiday are four weeks.
            ("2026-08-05T00:00:00Z", "2026-09-02", PrivacyAct2020),
            // 1 March 22:00 UTC is Monday the 2nd in Auckland.
            ("2026-03-01T22:00:00Z", "2026-03-30", PrivacyAct2020),
            // Across Easter and Anzac Day moved to Monday: 20 March to 21 April are 20 days; the month is nearer.
            ("2026-03-20T00:00:00Z", "2026-04-20", Gdpr),
            // Across Matariki: 22 June, 20 working days with 10 July off.
            ("2026-06-22T00:00:00Z", "2026-07-21", PrivacyAct2020),
            // Across Christmas: 15 working days until 15 January would be in February; the month is nearer.
            ("2026-12-03T00:00:00Z", "2027-01-03", Gdpr),
            // Before Christmas all the same: the 20th working day after 26 November is 24 December.
            ("2026-11-26T00:00:00Z", "2026-12-24", PrivacyAct2020),
            // A month from 31 January ends with February; twenty days from it, over Waitangi Day, in March.
            ("2026-01-31T00:00:00Z", "2026-02-28", Gdpr),
            // Sunday the 30th: four weeks, with Waitangi Day on a Sunday that moves to Monday, are before the month ends.
            ("2028-01-30T00:00:00Z", "2028-02-28", PrivacyAct2020),
            ("2024-12-31T00:00:00Z", "2025-01-31", Gdpr),
            // Over the Sovereign's birthday, the first Monday of June.
            ("2026-05-08T00:00:00Z", "2026-06-08", PrivacyAct2020),
            // Over Labour Day.
            ("2026-10-07T00:00:00Z", "2026-11-05", PrivacyAct2020),
        ] {
            let deadline = of_request(instant(received), None);
            let end = end_of(last_day.parse().unwrap(), instant(received));
            assert_eq!((deadline.due_at.to_string(), deadline.law), (end.to_string(), law), "{received}");
        }
    }

    #[test]
    fn a_day_ends_at_midnight_in_auckland() {
        let summer = end_of("2026-12-24".parse().unwrap(), instant("2026-12-01T00:00:00Z"));
        assert_eq!(summer.to_string(), "2026-12-24T11:00:00.000000Z");
        let winter = end_of("2026-07-21".parse().unwrap(), instant("2026-06-22T00:00:00Z"));
        assert_eq!(winter.to_string(), "2026-07-21T12:00:00.000000Z");
    }

    #[test]
    fn a_regions_anniversary_counts_out_where_it_is_set() {
        // Over Waitangi Day, and in Auckland over 26 January, too.
        let received = instant("2026-01-19T00:00:00Z");
        assert_eq!(of_request(received, None).due_at.day_in(ZONE).to_string(), "2026-02-18");
        let auckland = of_request(received, Some(Region::Auckland));
        assert_eq!(auckland.due_at.day_in(ZONE).to_string(), "2026-02-19");
    }

    #[test]
    fn an_extension_ends_three_months_after_the_request() {
        let end = longest_extension(instant("2026-11-30T00:00:00Z"));
        assert_eq!(end.to_string(), "2027-02-28T11:00:00.000000Z");
    }
}
