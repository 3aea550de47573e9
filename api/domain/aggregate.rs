//! Aggregates: how many people clicked an advertisement in an hour (clauses 4.2 and 4.3), so that no figure is about a
//! group that is smaller than the promise says.

use chrono::TimeDelta;

use super::{
    closed_list::closed_list,
    evidence::{Act, Evidence, Facts},
    ids::{AdvertisementId, ClickerId, LeafId, RecipientId, StaffId},
    time::Timestamp,
};

/// The smallest group that anything is ever published of; a setting can only raise it.
pub const SMALLEST_GROUP: u32 = 20;
/// A click that arrives so long after its hour is still counted.
pub const LATEST: TimeDelta = TimeDelta::minutes(5);
/// So long after its end an hour is published: nothing comes to it any more.
pub const PUBLISHED_AFTER: TimeDelta = TimeDelta::minutes(10);
/// How far a client's clock may be ahead.
pub const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(5);
/// How long it is known who clicked.
pub const CLICKS_KEPT: TimeDelta = TimeDelta::days(3);

/// An advertisement whose clicks are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advertisement {
    pub id: AdvertisementId,
    /// Whose it is.
    pub recipient_id: RecipientId,
    /// What staff calls it.
    pub label: String,
    pub registered_by: StaffId,
    pub registered_at: Timestamp,
    /// Since when its clicks are not counted any more.
    pub ended_at: Option<Timestamp>,
}

impl Advertisement {
    /// Whether it ran in any of an hour.
    pub fn ran_in(&self, hour: Timestamp) -> bool {
        self.registered_at < hour.plus(TimeDelta::hours(1)) && self.ended_at.is_none_or(|ended| hour < ended)
    }
}

closed_list! {
    /// What became of a click that was told.
    ClickOutcome {
        /// The person, or device, is counted for that hour; so is whoever is told of twice, once.
        Counted = "counted",
        /// Who clicked does not consent to be counted, or has objected, or is restricted.
        NoConsent = "no_consent",
        /// The hour is closed.
        TooLate = "too_late",
        /// It has not happened yet.
        InTheFuture = "in_the_future",
        /// There is no such advertisement, or it has ended.
        UnknownAdvertisement = "unknown_advertisement",
    }
}

/// Who clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clicker {
    pub id: ClickerId,
    /// Whether it is a device that no account is known of.
    pub by_device: bool,
}

/// How many people clicked, before anything is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub advertisement_id: AdvertisementId,
    pub people: i64,
    /// Those of them who have accounts. Devices can be made up at will, so a group is as large as its accounts.
    pub accounts: i64,
}

/// A figure that is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub advertisement_id: AdvertisementId,
    pub people: i64,
}

/// What is published of one hour about the advertisements of one advertiser: once, and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourReport {
    pub number: i64,
    pub recipient_id: RecipientId,
    pub hour: Timestamp,
    /// The smallest group that it tells of.
    pub minimum: i32,
    pub cells: Vec<Cell>,
    /// The sum of the cells, where none is held back.
    pub total: Option<i64>,
    pub published_at: Timestamp,
    pub leaf_id: LeafId,
}

pub const REPORT_PUBLISHED: Act = Act { name: "report.published", object: "ad_report", clause: "4.3" };

impl Evidence for HourReport {
    fn act(&self) -> &'static Act {
        &REPORT_PUBLISHED
    }

    fn facts(&self) -> Facts {
        let cells: Vec<String> =
            self.cells.iter().map(|cell| format!("{}={}", cell.advertisement_id, cell.people)).collect();
        vec![
            ("number", self.number.to_string()),
            ("recipient", self.recipient_id.to_string()),
            ("hour", self.hour.to_string()),
            ("minimum", self.minimum.to_string()),
            ("cells", cells.join(",")),
            ("total", self.total.map(|total| total.to_string()).unwrap_or_default()),
            ("published_at", self.published_at.to_string()),
        ]
    }
}

/// Holds back what is about too few, and with it whatever would tell of that: the sum of an hour covers its cells, so
/// it is held back as soon as one of them is. `counts` has every advertisement that ran, with nobody or somebody.
///
/// A cell that is held back looks like one that nobody clicked; so whoever reads learns of it that fewer than `minimum`
/// accounts are in it, and nothing else, whatever else they know of the others.
pub fn suppress(counts: &[Count], minimum: i64) -> (Vec<Cell>, Option<i64>) {
    let is_enough = |count: &&Count| count.accounts >= minimum;
    let cells: Vec<Cell> = counts
        .iter()
        .filter(is_enough)
        .map(|count| Cell { advertisement_id: count.advertisement_id, people: count.people })
        .collect();
    let all_told = !cells.is_empty() && cells.len() == counts.len();
    let total = all_told.then(|| cells.iter().map(|cell| cell.people).sum());
    (cells, total)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// What a reader sees: place and people of each cell, and the sum.
    type Seen = (Vec<(usize, i64)>, Option<i64>);

    fn ids(count: usize) -> Vec<AdvertisementId> {
        let now = Timestamp::from_micros(1_700_000_000_000_000).unwrap();
        let mut ids: Vec<_> = (0..count).map(|_| AdvertisementId::generate(now)).collect();
        ids.sort_unstable();
        ids
    }

    /// Every hour that there can be with three advertisements and up to six people each, where three are enough:
    /// whatever is published, each group that is held back can still be of any size below three, also for whoever
    /// knows the others exactly.
    #[test]
    fn what_is_published_leaves_every_small_group_open() {
        const MINIMUM: i64 = 3;
        let ids = ids(3);
        let mut feasible: BTreeMap<(Seen, usize, Vec<i64>), BTreeSet<i64>> = BTreeMap::new();
        let hours = (0..343_i64).map(|n| [n % 7, n / 7 % 7, n / 49]);
        for people in hours.clone() {
            let counts: Vec<Count> = std::iter::zip(&ids, people)
                .map(|(id, people)| Count { advertisement_id: *id, people, accounts: people })
                .collect();
            let (cells, total) = suppress(&counts, MINIMUM);
            let place = |id| ids.iter().position(|known| *known == id).unwrap();
            let seen: Seen =
                (cells.iter().map(|cell| (place(cell.advertisement_id), cell.people)).collect(), total);
            for (n, small) in people.iter().enumerate().filter(|(_, people)| **people < MINIMUM) {
                let mut others = people.to_vec();
                others.remove(n);
                feasible.entry((seen.clone(), n, others)).or_default().insert(*small);
            }
        }
        assert!(feasible.len() > 100);
        for (known, sizes) in feasible {
            assert_eq!(sizes, BTreeSet::from([0, 1, 2]), "{known:?}");
        }
    }

    #[test]
    fn a_sum_is_told_where_every_cell_is() {
        let ids = ids(2);
        let count = |n: usize, people, accounts| Count { advertisement_id: ids[n], people, accounts };
        let (cells, total) = suppress(&[count(0, 25, 20), count(1, 30, 30)], 20);
        assert_eq!((cells.len(), total), (2, Some(55)));
        let (cells, total) = suppress(&[count(0, 25, 19), count(1, 30, 30)], 20);
        assert_eq!((cells.len(), total), (1, None), "devices make no group");
        assert_eq!(suppress(&[count(0, 0, 0), count(1, 30, 30)], 20).1, None, "nobody is too few, too");
        assert_eq!(suppress(&[], 20), (Vec::new(), None));
    }
}
