//! Transparency: how many disclosures were asked for and came to what, by quarter and class of recipient, as the log has
//! it; nothing tells of a small group.

use chrono::{Datelike, NaiveDate, TimeDelta};

use super::{
    closed_list::closed_list, disclosure::event::DisclosureStep, purpose::RecipientClass, time::Timestamp,
};

/// A quarter of a year, in UTC; counted from the year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarter(pub i32);

/// So long after its end a quarter is told: everything of it is in the log by then.
const TOLD_AFTER: TimeDelta = TimeDelta::days(1);

impl Quarter {
    /// The quarter of an instant.
    pub fn of(at: Timestamp) -> Self {
        let day = at.day_in(chrono_tz::UTC);
        Self(day.year() * 4 + i32::try_from(day.month0() / 3).unwrap_or(0))
    }

    /// As people write it.
    pub fn write(self) -> String {
        format!("{:04}-Q{}", self.0.div_euclid(4), self.0.rem_euclid(4) + 1)
    }

    /// Its first day.
    pub fn begins(self) -> Option<NaiveDate> {
        let month = u32::try_from(self.0.rem_euclid(4)).ok()? * 3 + 1;
        NaiveDate::from_ymd_opt(self.0.div_euclid(4), month, 1)
    }

    /// The last that is over, where everything until an instant is counted.
    pub fn last_told(counted_until: Timestamp) -> Self {
        Self(Self::of(counted_until.minus(TOLD_AFTER)).0 - 1)
    }
}

closed_list! {
    /// What a disclosure came to.
    DisclosureOutcome {
        /// Both keys were there.
        Released = "released",
        /// The legal team refused it.
        Denied = "denied",
        /// The person did not agree.
        Declined = "declined",
        /// It was given up.
        Cancelled = "cancelled",
        /// Its time passed.
        Expired = "expired",
    }
}

impl DisclosureOutcome {
    const fn step(self) -> DisclosureStep {
        match self {
            Self::Released => DisclosureStep::Released,
            Self::Denied => DisclosureStep::Denied,
            Self::Declined => DisclosureStep::Declined,
            Self::Cancelled => DisclosureStep::Cancelled,
            Self::Expired => DisclosureStep::Expired,
        }
    }
}

/// How often a step was taken in a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepCount {
    pub quarter: Quarter,
    pub class: RecipientClass,
    pub step: DisclosureStep,
    pub disclosures: i64,
}

/// What is told of one class in one quarter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCounts {
    pub class: RecipientClass,
    pub requested: Option<i64>,
    pub outcomes: Vec<(DisclosureOutcome, Option<i64>)>,
    /// How often an authority took what it found in a place of storage.
    pub accessed: Option<i64>,
}

/// What is told: nothing below `minimum`, nor what would give that away. What is asked for covers what it comes to, so
/// it is told where that is all of it, or where enough of it is in none of what is told.
pub fn tell(class: RecipientClass, counts: &[StepCount], minimum: i64) -> ClassCounts {
    let of = |step| {
        let own = counts.iter().filter(|count| count.class == class && count.step == step);
        own.map(|count| count.disclosures).sum::<i64>()
    };
    let told = |count: i64| (count >= minimum).then_some(count);
    let outcomes: Vec<(DisclosureOutcome, Option<i64>)> =
        DisclosureOutcome::ALL.iter().map(|outcome| (*outcome, told(of(outcome.step())))).collect();
    let shown: i64 = outcomes.iter().filter_map(|(_, count)| *count).sum();
    let all_told = outcomes.iter().all(|(_, count)| count.is_some());
    let requested = told(of(DisclosureStep::Requested))
        .filter(|asked| (all_told && *asked == shown) || asked - shown >= minimum);
    ClassCounts { class, requested, outcomes, accessed: told(of(DisclosureStep::Accessed)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        serde_json::from_str(&format!("\"{text}\"")).unwrap()
    }

    #[test]
    fn a_quarter_is_told_a_day_after_its_end() {
        let quarter = Quarter::of(at("2026-03-31T23:59:59.999999Z"));
        assert_eq!(quarter.write(), "2026-Q1");
        assert_eq!(quarter.begins(), NaiveDate::from_ymd_opt(2026, 1, 1));
        assert_eq!(Quarter::of(at("2026-04-01T00:00:00Z")).write(), "2026-Q2");
        assert_eq!(Quarter::of(at("2025-12-31T23:00:00Z")).write(), "2025-Q4");
        assert_eq!(Quarter::last_told(at("2026-04-01T23:59:59.999999Z")).write(), "2025-Q4");
        assert_eq!(Quarter::last_told(at("2026-04-02T00:00:00Z")), quarter);
    }

    fn counts(of: &[(DisclosureStep, i64)]) -> ClassCounts {
        let class = RecipientClass::Court;
        let count = |(step, disclosures): &(DisclosureStep, i64)| StepCount {
            quarter: Quarter(8_104),
            class,
            step: *step,
            disclosures: *disclosures,
        };
        tell(class, &of.iter().map(count).collect::<Vec<_>>(), 20)
    }

    #[test]
    fn what_is_asked_for_does_not_give_away_what_few_came_to() {
        use DisclosureStep::{Cancelled, Declined, Denied, Expired, Released, Requested};
        let told = counts(&[(Requested, 50), (Released, 45), (Denied, 5)]);
        assert_eq!(told.outcomes[0], (DisclosureOutcome::Released, Some(45)));
        assert_eq!(told.outcomes[1], (DisclosureOutcome::Denied, None));
        assert_eq!(told.requested, None, "5 would follow from it");
        assert_eq!(counts(&[(Requested, 70), (Released, 45), (Denied, 5)]).requested, Some(70));
        let all =
            [(Requested, 100), (Released, 20), (Denied, 20), (Declined, 20), (Cancelled, 20), (Expired, 20)];
        assert_eq!(counts(&all).requested, Some(100), "nothing is held back");
        let more =
            [(Requested, 103), (Released, 20), (Denied, 20), (Declined, 20), (Cancelled, 20), (Expired, 20)];
        assert_eq!(counts(&more).requested, None, "three that wait would follow from it");
        assert_eq!(counts(&[(Requested, 19)]).requested, None);
    }
}
