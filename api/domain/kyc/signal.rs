//! Signals: what an account was seen to do, and when that calls for a closer look (clause 1.8).

use chrono::TimeDelta;

use super::flag::FlagKind;
use crate::domain::{
    closed_list::closed_list,
    ids::{AccountId, KycSignalId},
    time::Timestamp,
};

closed_list! {
    /// What an account was seen to do. The list is closed: nothing is said about a person in free words.
    SignalKind {
        /// A withdrawal far above what the account usually withdraws.
        LargeWithdrawal = "large_withdrawal",
        /// Many withdrawals in a short time.
        RapidWithdrawals = "rapid_withdrawals",
        /// Use from many countries in a short time.
        ManyCountries = "many_countries",
        /// Use with a device or program that hides itself.
        UnusualDevice = "unusual_device",
        /// The address that payments go to was changed.
        PayoutAddressChanged = "payout_address_changed",
        /// A payment was charged back.
        ChargebackReported = "chargeback_reported",
        /// Something that the person told contradicts something else.
        IdentityDoubt = "identity_doubt",
        /// A tie to an account that was closed for fraud.
        LinkedToFraud = "linked_to_fraud",
        /// A name on a list of sanctions.
        SanctionsMatch = "sanctions_match",
        /// A sign-in after many that failed.
        FailedSignIns = "failed_sign_ins",
        /// A sign-in from a country that the account was not used from.
        NewCountry = "new_country",
        /// Many sign-ins within an hour.
        RapidSignIns = "rapid_sign_ins",
    }
}

closed_list! {
    /// What the platform reports; the other kinds are the service's own.
    ReportedSignalKind {
        LargeWithdrawal = "large_withdrawal",
        RapidWithdrawals = "rapid_withdrawals",
        ManyCountries = "many_countries",
        UnusualDevice = "unusual_device",
        PayoutAddressChanged = "payout_address_changed",
        ChargebackReported = "chargeback_reported",
        IdentityDoubt = "identity_doubt",
        LinkedToFraud = "linked_to_fraud",
        SanctionsMatch = "sanctions_match",
    }
}

impl From<ReportedSignalKind> for SignalKind {
    fn from(kind: ReportedSignalKind) -> Self {
        match kind {
            ReportedSignalKind::LargeWithdrawal => Self::LargeWithdrawal,
            ReportedSignalKind::RapidWithdrawals => Self::RapidWithdrawals,
            ReportedSignalKind::ManyCountries => Self::ManyCountries,
            ReportedSignalKind::UnusualDevice => Self::UnusualDevice,
            ReportedSignalKind::PayoutAddressChanged => Self::PayoutAddressChanged,
            ReportedSignalKind::ChargebackReported => Self::ChargebackReported,
            ReportedSignalKind::IdentityDoubt => Self::IdentityDoubt,
            ReportedSignalKind::LinkedToFraud => Self::LinkedToFraud,
            ReportedSignalKind::SanctionsMatch => Self::SanctionsMatch,
        }
    }
}

/// What has this weight within [`WINDOW`] calls for a closer look.
pub const ENOUGH: u32 = 100;
/// Signals count for so long.
pub const WINDOW: TimeDelta = TimeDelta::days(7);
/// How often one kind counts at most: one rule that misfires asks nobody for anything.
const MOST_OF_A_KIND: u32 = 2;
/// So many failed sign-ins before one that succeeds are a signal.
pub const MANY_FAILURES: i64 = 5;
/// So many sign-ins within an hour are a signal.
pub const MANY_SIGN_INS: usize = 10;
/// Signals are forgotten after this.
pub const KEPT: TimeDelta = TimeDelta::days(90);
/// How old, and how far ahead, a reported signal may be.
pub const OLDEST: TimeDelta = WINDOW;
pub const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(5);
/// Whoever was approved within this time is not asked again by a rule; a member of staff looks.
pub const APPROVAL_LASTS: TimeDelta = TimeDelta::days(90);

impl SignalKind {
    const fn weight(self) -> u32 {
        match self {
            Self::UnusualDevice => 20,
            Self::PayoutAddressChanged | Self::FailedSignIns | Self::NewCountry => 30,
            Self::LargeWithdrawal | Self::RapidWithdrawals | Self::RapidSignIns => 40,
            Self::ManyCountries | Self::ChargebackReported | Self::IdentityDoubt => 60,
            Self::LinkedToFraud | Self::SanctionsMatch => ENOUGH,
        }
    }
}

/// Something that an account was seen to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    pub account_id: AccountId,
    pub id: KycSignalId,
    pub kind: SignalKind,
    pub occurred_at: Timestamp,
}

closed_list! {
    /// What became of a report.
    SignalOutcome {
        Recorded = "recorded",
        /// It was reported before.
        Duplicate = "duplicate",
        /// No account of this id is in use here.
        UnknownAccount = "unknown_account",
    }
}

/// The flag that signals raise, if they have weight enough at `now`.
pub fn weigh(signals: &[Signal], now: Timestamp) -> Option<FlagKind> {
    let since = now.minus(WINDOW);
    let counts = |signal: &&Signal| signal.occurred_at > since;
    let weight: u32 = SignalKind::ALL
        .iter()
        .map(|kind| {
            let of_kind = signals.iter().filter(counts).filter(|signal| signal.kind == *kind).count();
            kind.weight() * u32::try_from(of_kind).unwrap_or(MOST_OF_A_KIND).min(MOST_OF_A_KIND)
        })
        .sum();
    let fraud = signals.iter().filter(counts).any(|signal| signal.kind == SignalKind::LinkedToFraud);
    match weight >= ENOUGH {
        true if fraud => Some(FlagKind::SuspectedFraud),
        true => Some(FlagKind::Activity),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: i64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000).unwrap().plus(TimeDelta::days(days))
    }

    fn seen(kinds: &[SignalKind], on: Timestamp) -> Vec<Signal> {
        let account_id = AccountId::generate(on);
        let seen = |kind: &SignalKind| Signal {
            account_id,
            id: KycSignalId::generate(on),
            kind: *kind,
            occurred_at: on,
        };
        kinds.iter().map(seen).collect()
    }

    #[test]
    fn weight_adds_up_within_the_window_and_no_kind_alone_misfires() {
        use SignalKind::*;
        let now = at(0);
        for kinds in [
            &[LargeWithdrawal, ManyCountries][..],
            &[NewCountry, FailedSignIns, LargeWithdrawal],
            &[SanctionsMatch],
        ] {
            assert_eq!(weigh(&seen(kinds, now), now), Some(FlagKind::Activity), "{kinds:?}");
        }
        assert_eq!(weigh(&seen(&[LinkedToFraud], now), now), Some(FlagKind::SuspectedFraud));
        for kinds in [&[LargeWithdrawal; 9][..], &[NewCountry, FailedSignIns], &[UnusualDevice; 50], &[]] {
            assert_eq!(weigh(&seen(kinds, now), now), None, "{kinds:?}");
        }
        let old = seen(&[LargeWithdrawal, ManyCountries], now);
        assert!(weigh(&old, at(7).minus(TimeDelta::microseconds(1))).is_some());
        assert_eq!(weigh(&old, at(7)), None, "after the window");
    }
}
