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

/// What an account takes over from a device that it signs in on: a refusal always, a yes only where the
/// account has said nothing. What the device was never asked is no refusal.
pub fn is_taken_over(of_device: ConsentAction, of_account: Option<ConsentAction>) -> bool {
    match (of_device, of_account) {
        (_, None) => true,
        (ConsentAction::Granted, Some(_)) => false,
        (ConsentAction::Declined | ConsentAction::Withdrawn, Some(action)) => {
            action == ConsentAction::Granted
        }
    }
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

    #[test]
    fn unset_is_no_refusal_and_a_refusal_narrows() {
        use ConsentAction::{Declined, Granted, Withdrawn};
        for (device, account, taken) in [
            (Granted, None, true),
            (Declined, None, true),
            (Granted, Some(Withdrawn), false),
            (Granted, Some(Declined), false),
            (Granted, Some(Granted), false),
            (Declined, Some(Granted), true),
            (Withdrawn, Some(Granted), true),
            (Declined, Some(Declined), false),
        ] {
            assert_eq!(is_taken_over(device, account), taken, "{device:?} {account:?}");
        }
    }
}
