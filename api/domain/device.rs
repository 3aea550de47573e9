//! Devices, by the cookie that recognises them, and the register of all cookies (clauses 2.1 and 2.6).

use super::{
    closed_list::closed_list,
    consent::{ConsentAction, ConsentMethod},
    ids::{AccountId, ConsentEventId, DeviceId, DeviceRef, LeafId},
    purpose::Purpose,
    time::Timestamp,
};

/// A device that expressed something, or that an account was used on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    pub id: DeviceId,
    /// What ledgers know it by.
    pub reference: DeviceRef,
    /// The account that last signed in on it.
    pub account_id: Option<AccountId>,
    /// Its own count of events, and how many of them an account has taken over.
    pub sequence: i64,
    pub merged_sequence: i64,
    /// When it was first seen asking for Global Privacy Control.
    pub gpc_seen_at: Option<Timestamp>,
}

/// One row of the ledger of what devices expressed; rows are only ever added.
#[derive(Clone, Debug)]
pub struct DeviceConsentEvent {
    pub id: ConsentEventId,
    pub device_ref: DeviceRef,
    pub sequence: i64,
    pub purpose: Purpose,
    pub action: ConsentAction,
    pub policy_version: i32,
    pub definition_hash: [u8; 32],
    pub method: ConsentMethod,
    pub gpc: bool,
    pub given_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub leaf_id: LeafId,
}

/// What an account said last of a purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountSaid {
    pub action: ConsentAction,
    pub given_at: Timestamp,
}

/// Whether an account takes over what a device expressed that it signs in on: a yes only where the account
/// has said nothing, a no also against an earlier yes. What the device was never asked is no refusal.
///
/// `gpc` is when the device was first seen asking for Global Privacy Control, if the account learns of that
/// only now: what the browser asks for by itself counts once, and what was granted later stands.
pub fn is_taken_over(
    of_device: &DeviceConsentEvent,
    of_account: Option<AccountSaid>,
    gpc: Option<Timestamp>,
) -> bool {
    let Some(of_account) = of_account else { return true };
    let refused_at = match of_device.method {
        ConsentMethod::Gpc if gpc.is_none() => return false,
        _ if of_device.purpose.is_refused_by_gpc() => gpc.max(Some(of_device.given_at)),
        _ => Some(of_device.given_at),
    };
    of_device.action != ConsentAction::Granted
        && of_account.action == ConsentAction::Granted
        && refused_at >= Some(of_account.given_at)
}

closed_list! {
    /// A cookie that this service sets; with https its name begins with `__Host-`.
    CookieName {
        Device = "device",
        Refresh = "refresh",
    }
}

/// What the register says of a cookie.
#[derive(Debug)]
pub struct Cookie {
    pub name: CookieName,
    pub purpose: Purpose,
    pub clause: &'static str,
    pub seconds: i64,
    pub text: &'static str,
}

/// Every cookie. Both are needed to give the service; measuring reads the first only with consent.
pub const COOKIES: &[Cookie] = &[
    Cookie {
        name: CookieName::Device,
        purpose: Purpose::Security,
        clause: "2.1",
        seconds: 365 * 24 * 3_600,
        text: "Recognises the browser, so that a sign-in on a new device is noticed. Measuring uses it only with consent.",
    },
    Cookie {
        name: CookieName::Refresh,
        purpose: Purpose::Service,
        clause: "3.1",
        seconds: 14 * 24 * 3_600,
        text: "Keeps a person signed in, if the frontend asked for it as a cookie.",
    },
];

impl CookieName {
    /// Its name on the wire. With https the prefix makes browsers keep the cookie to this very host
    /// (RFC 6265bis).
    pub const fn on_the_wire(self, https: bool) -> &'static str {
        match (self, https) {
            (Self::Device, true) => "__Host-device",
            (Self::Device, false) => "device",
            (Self::Refresh, true) => "__Host-refresh",
            (Self::Refresh, false) => "refresh",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    /// An event of a device in its tenth second.
    fn of_device(action: ConsentAction, method: ConsentMethod) -> DeviceConsentEvent {
        DeviceConsentEvent {
            id: ConsentEventId::generate(at(10)),
            device_ref: DeviceRef::generate(at(10)),
            sequence: 1,
            purpose: Purpose::Analytics,
            action,
            policy_version: 1,
            definition_hash: [0; 32],
            method,
            gpc: method == ConsentMethod::Gpc,
            given_at: at(10),
            expires_at: None,
            leaf_id: LeafId::generate(at(10)),
        }
    }

    #[test]
    fn unset_is_no_refusal_and_a_later_refusal_narrows() {
        use ConsentAction::{Declined, Granted, Withdrawn};
        for (device, account, taken) in [
            (Granted, None, true),
            (Declined, None, true),
            (Granted, Some((Withdrawn, 5)), false),
            (Granted, Some((Declined, 5)), false),
            (Granted, Some((Granted, 5)), false),
            (Declined, Some((Granted, 5)), true),
            (Withdrawn, Some((Granted, 5)), true),
            (Declined, Some((Granted, 15)), false),
            (Declined, Some((Declined, 5)), false),
        ] {
            let event = of_device(device, ConsentMethod::DeviceSettings);
            let said = account.map(|(action, second)| AccountSaid { action, given_at: at(second) });
            assert_eq!(is_taken_over(&event, said, None), taken, "{device:?} {account:?}");
        }
    }

    #[test]
    fn what_a_browser_asks_for_by_itself_counts_once_and_before_later_grants() {
        let granted = |second| Some(AccountSaid { action: ConsentAction::Granted, given_at: at(second) });
        let by_gpc = of_device(ConsentAction::Declined, ConsentMethod::Gpc);
        assert!(is_taken_over(&by_gpc, None, None));
        assert!(is_taken_over(&by_gpc, granted(5), Some(at(10))));
        assert!(!is_taken_over(&by_gpc, granted(5), None), "the account knew");
        assert!(!is_taken_over(&by_gpc, granted(15), Some(at(10))), "it was granted later");
        let by_hand = of_device(ConsentAction::Declined, ConsentMethod::DeviceSettings);
        assert!(is_taken_over(&by_hand, granted(15), Some(at(20))), "the browser asked later still");
        let yes = of_device(ConsentAction::Granted, ConsentMethod::DeviceSettings);
        assert!(!is_taken_over(&yes, granted(5), Some(at(8))), "granted on the device after that");
    }
}
