//! Throttles: how many attempts a subject has, and how they come back with time.
//!
//! Each bucket is one number, the instant at which it will be full again (the generic cell rate
//! algorithm): an attempt moves it on by one interval, and beyond the burst there is none.

use chrono::TimeDelta;

use super::time::Timestamp;

/// How many attempts may come at once, and how long one takes to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Tells the buckets of one rule from those of another.
    pub name: &'static str,
    pub burst: u32,
    pub interval: TimeDelta,
}

/// The bucket is empty; an attempt comes back after this many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted {
    pub retry_after: u64,
}

impl Rule {
    pub const fn new(name: &'static str, burst: u32, interval: TimeDelta) -> Self {
        Self { name, burst, interval }
    }

    /// So many an hour, all of which may come at once.
    pub fn per_hour(name: &'static str, count: u32) -> Self {
        let count = count.max(1);
        Self::new(name, count, TimeDelta::microseconds(3_600_000_000 / i64::from(count)))
    }

    /// One interval, in microseconds.
    pub fn cost(&self) -> i64 {
        self.interval.num_microseconds().unwrap_or(i64::MAX)
    }

    /// When the bucket will be full again after one more attempt, given when it was to be full.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] if no attempt is left.
    pub fn take(&self, full_at: Option<i64>, now: Timestamp) -> Result<i64, Exhausted> {
        let now = now.as_micros();
        let next = full_at.unwrap_or(now).max(now).saturating_add(self.cost());
        let latest = now.saturating_add(self.cost().saturating_mul(i64::from(self.burst)));
        if next <= latest {
            return Ok(next);
        }
        let wait = u64::try_from(next - latest).unwrap_or(0).div_ceil(1_000_000);
        Err(Exhausted { retry_after: wait.max(1) })
    }
}

/// Wrong passwords for one name from devices that its account was never used on.
pub const STRANGERS: Rule = Rule::new("strangers", 10, TimeDelta::minutes(12));
/// Wrong passwords for one name from one device that its account was used on.
pub const OWN_DEVICE: Rule = Rule::new("own_device", 10, TimeDelta::minutes(6));
/// Wrong passwords from one browser, whatever the name.
pub const BROWSER: Rule = Rule::new("browser", 20, TimeDelta::minutes(3));
/// Wrong second factors of one account from devices that it was never used on.
pub const FACTOR_STRANGERS: Rule = Rule::new("factor_strangers", 10, TimeDelta::minutes(12));
/// Wrong second factors of one account from one of its own devices.
pub const FACTOR_OWN_DEVICE: Rule = Rule::new("factor_own_device", 10, TimeDelta::minutes(6));
/// Wrong sign-ins as one member of staff from one network: strangers elsewhere lock nobody out.
pub const STAFF: Rule = Rule::new("staff", 10, TimeDelta::minutes(6));
/// Wrong codes of one member of staff, by whoever has the password.
pub const STAFF_FACTOR: Rule = Rule::new("staff_factor", 10, TimeDelta::minutes(6));
/// Mails with a code to one mailbox that strangers ask for.
pub const MAILBOX: Rule = Rule::new("mailbox", 10, TimeDelta::minutes(6));
/// Mails with a code to one mailbox that its owner's device asks for.
pub const MAILBOX_OWN_DEVICE: Rule = Rule::new("mailbox_own_device", 10, TimeDelta::minutes(6));
/// SMS of one account.
pub const SMS_ACCOUNT: Rule = Rule::new("sms_account", 5, TimeDelta::minutes(12));
/// SMS to the verified number of one account, which no other account can use up.
pub const SMS_VERIFIED: Rule = Rule::new("sms_verified", 5, TimeDelta::minutes(12));
/// SMS to one number that is to be verified, whichever account asks.
pub const SMS_NUMBER: Rule = Rule::new("sms_number", 5, TimeDelta::minutes(12));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_taken_at_once_and_then_one_an_interval() {
        let rule = Rule::new("test", 3, TimeDelta::seconds(10));
        let start = Timestamp::from_micros(1_000_000_000).unwrap();
        let mut full_at = None;
        for _ in 0..3 {
            full_at = Some(rule.take(full_at, start).unwrap());
        }
        assert_eq!(rule.take(full_at, start), Err(Exhausted { retry_after: 10 }));
        let almost = start.plus(TimeDelta::microseconds(9_999_999));
        assert_eq!(rule.take(full_at, almost), Err(Exhausted { retry_after: 1 }));
        let then = start.plus(TimeDelta::seconds(10));
        full_at = Some(rule.take(full_at, then).unwrap());
        assert!(rule.take(full_at, then).is_err());
        // A long rest fills the bucket and no more.
        let later = start.plus(TimeDelta::days(1));
        for _ in 0..3 {
            full_at = Some(rule.take(full_at, later).unwrap());
        }
        assert!(rule.take(full_at, later).is_err());
    }
}
