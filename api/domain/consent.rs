//! Consent: what a person agreed to, in which words, when and how, and whether it stands.

use super::{
    closed_list::closed_list,
    ids::{AccountId, ConsentEventId, DeviceRef, LeafId},
    purpose::{LawfulBasis, Purpose, PurposeDefinition},
    time::Timestamp,
};

/// A purpose's definition in the policy in force, and since which version without a break it has had it.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    pub definition: &'a PurposeDefinition,
    pub since: i32,
}

closed_list! {
    /// What an event did to the consent.
    ConsentAction {
        /// The person agreed.
        Granted = "granted",
        /// The person was asked, and did not agree.
        Declined = "declined",
        /// The person took an agreement back.
        Withdrawn = "withdrawn",
    }
}

closed_list! {
    /// Whether the person chose this purpose, or accepted a policy whose clause contains it.
    ConsentKind {
        Specific = "specific",
        PolicyClause = "policy_clause",
    }
}

closed_list! {
    /// How the person expressed it.
    ConsentMethod {
        /// In the registration form, effective when the email was verified.
        Registration = "registration",
        /// By accepting a version of the policy.
        PolicyAcceptance = "policy_acceptance",
        /// By refusing a version of the policy.
        PolicyRefusal = "policy_refusal",
        /// In the settings of the account.
        AccountSettings = "account_settings",
        /// On a device, before or without signing in.
        DeviceSettings = "device_settings",
        /// On a device, taken over by the account that signed in there.
        DeviceMerge = "device_merge",
        /// By the browser's Global Privacy Control.
        Gpc = "gpc",
    }
}

closed_list! {
    /// Where the consent to a purpose stands.
    ConsentState {
        /// Nobody was asked yet: neither a yes nor a refusal.
        Unset = "unset",
        Granted = "granted",
        Declined = "declined",
        Withdrawn = "withdrawn",
        /// It was granted, and has lapsed.
        Expired = "expired",
        /// It was granted in other words than those in force, or the policy in force has none for it.
        AskedAnew = "asked_anew",
        /// It was granted, and the policy was refused since.
        PolicyRefused = "policy_refused",
    }
}

closed_list! {
    /// What a person decided about a version of the policy.
    PolicyDecision {
        Accepted = "accepted",
        Refused = "refused",
    }
}

closed_list! {
    /// What follows from a withdrawal.
    ConsequenceCode {
        /// The account is restricted until the purpose is granted again.
        ServiceRestricted = "service_restricted",
        /// Nothing is measured any more on the person's devices.
        MeasuringStops = "measuring_stops",
        /// The person is no longer counted for advertisements.
        CountingStops = "counting_stops",
        /// News stop; what the service must tell goes on.
        NewsStop = "news_stop",
        /// Disclosures that rest on it are refused from now on.
        DisclosuresRefused = "disclosures_refused",
        /// Data are no longer passed to other countries.
        TransfersRefused = "transfers_refused",
    }
}

impl Purpose {
    /// What withdrawing it leads to, with the clause that says so.
    pub const fn consequences(self) -> &'static [(ConsequenceCode, &'static str)] {
        match self {
            Self::Service | Self::Notices => &[(ConsequenceCode::ServiceRestricted, "2.5")],
            Self::Analytics | Self::Troubleshooting => &[(ConsequenceCode::MeasuringStops, "2.2")],
            Self::Advertising => &[(ConsequenceCode::CountingStops, "4.3")],
            Self::Innovations => &[(ConsequenceCode::NewsStop, "3.3")],
            Self::GroupSharing
            | Self::BusinessTransfer
            | Self::CompelledDisclosure
            | Self::RightsProtection => &[(ConsequenceCode::DisclosuresRefused, "4.8")],
            Self::CrossBorderTransfer => &[(ConsequenceCode::TransfersRefused, "5.6")],
            Self::IdentityVerification
            | Self::Content
            | Self::Administration
            | Self::Security
            | Self::Support => &[],
        }
    }
}

/// One row of the consent ledger; rows are only ever added.
#[derive(Clone, Debug)]
pub struct ConsentEvent {
    pub id: ConsentEventId,
    pub account_id: AccountId,
    /// The person's own count of events; the only order among them.
    pub sequence: i64,
    pub purpose: Purpose,
    pub action: ConsentAction,
    pub kind: ConsentKind,
    pub policy_version: i32,
    pub definition_hash: [u8; 32],
    pub method: ConsentMethod,
    /// The device that it came from, by the name that ledgers know it under.
    pub device_ref: Option<DeviceRef>,
    /// Whether the browser asked for Global Privacy Control when this was expressed.
    pub gpc: bool,
    pub given_at: Timestamp,
    pub recorded_at: Timestamp,
    /// When it has to be asked anew.
    pub expires_at: Option<Timestamp>,
    pub leaf_id: LeafId,
}

/// One row of the ledger of decisions about the policy.
#[derive(Clone, Debug)]
pub struct PolicyAcceptance {
    pub account_id: AccountId,
    pub sequence: i64,
    pub version: i32,
    pub content_hash: [u8; 32],
    pub decision: PolicyDecision,
    pub method: ConsentMethod,
    pub device_ref: Option<DeviceRef>,
    pub given_at: Timestamp,
    pub recorded_at: Timestamp,
    pub leaf_id: LeafId,
}

/// What the policy is to a person at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyStanding {
    /// The newest version that the person accepted; 0 if the last decision was a refusal.
    pub accepted: i32,
    pub in_force: i32,
    /// The person's own number of the last refusal; 0 if there was none.
    pub refused_at: i64,
}

impl PolicyStanding {
    pub const fn is_accepted(self) -> bool {
        self.accepted >= self.in_force
    }
}

/// Whether a consent stands, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsentStanding {
    pub state: ConsentState,
    /// For processing that goes on.
    pub for_existing: bool,
    /// For a new release or a new count.
    pub for_new: bool,
}

/// What the last event of a purpose says, as far as it matters for its standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastEvent {
    pub action: ConsentAction,
    pub sequence: i64,
    pub policy_version: i32,
    pub definition_hash: [u8; 32],
    pub expires_at: Option<Timestamp>,
}

impl From<&ConsentEvent> for LastEvent {
    fn from(event: &ConsentEvent) -> Self {
        Self {
            action: event.action,
            sequence: event.sequence,
            policy_version: event.policy_version,
            definition_hash: event.definition_hash,
            expires_at: event.expires_at,
        }
    }
}

impl LastEvent {
    /// Whether it was expressed in the very words in force: words that changed, and changed back, are asked
    /// anew like any other.
    fn is_of(&self, words: InForce<'_>) -> bool {
        self.policy_version >= words.since && self.definition_hash == words.definition.hash()
    }
}

/// Whether the consent to a purpose stands: the table of the contract, in code. `words` are those of the
/// policy in force, if it has the purpose at all.
pub fn standing(
    last: Option<&LastEvent>,
    words: Option<InForce<'_>>,
    policy: PolicyStanding,
    now: Timestamp,
) -> ConsentStanding {
    let state = state(last, words, policy, now);
    // What the service cannot do without stands by the contract, unless it was withdrawn (clause 2.5).
    let by_contract = words.is_some_and(|words| words.definition.lawful_basis == LawfulBasis::Contract)
        && !matches!(state, ConsentState::Declined | ConsentState::Withdrawn);
    let stands = by_contract || state == ConsentState::Granted;
    ConsentStanding { state, for_existing: stands, for_new: stands && policy.is_accepted() }
}

fn state(
    last: Option<&LastEvent>,
    words: Option<InForce<'_>>,
    policy: PolicyStanding,
    now: Timestamp,
) -> ConsentState {
    let Some(last) = last else { return ConsentState::Unset };
    match last.action {
        ConsentAction::Declined => ConsentState::Declined,
        ConsentAction::Withdrawn => ConsentState::Withdrawn,
        ConsentAction::Granted if policy.accepted == 0 || last.sequence < policy.refused_at => {
            ConsentState::PolicyRefused
        }
        ConsentAction::Granted if last.expires_at.is_some_and(|at| at <= now) => ConsentState::Expired,
        ConsentAction::Granted if !words.is_some_and(|words| last.is_of(words)) => ConsentState::AskedAnew,
        ConsentAction::Granted => ConsentState::Granted,
    }
}

/// Whether accepting a version expresses a purpose that its clauses contain: a withdrawal is not revived,
/// a choice of the person's own that stands is left alone. `state` is what it is under that version.
pub fn is_expressed_by_acceptance(last: Option<ConsentKind>, state: ConsentState) -> bool {
    match state {
        ConsentState::Declined | ConsentState::Withdrawn => false,
        ConsentState::Granted => last == Some(ConsentKind::PolicyClause),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::first_version;

    const NOW: i64 = 1_800_000_000_000_000;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    const ACCEPTED: PolicyStanding = PolicyStanding { accepted: 3, in_force: 3, refused_at: 0 };

    fn granted(definition: &PurposeDefinition) -> LastEvent {
        LastEvent {
            action: ConsentAction::Granted,
            sequence: 5,
            policy_version: 1,
            definition_hash: definition.hash(),
            expires_at: None,
        }
    }

    #[test]
    fn a_consent_lapses_at_its_very_instant() {
        let definition = first_version().unwrap().definition(Purpose::Analytics).unwrap().clone();
        let words = InForce { definition: &definition, since: 1 };
        let state = |expires| {
            let last = LastEvent { expires_at: Some(at(expires)), ..granted(&definition) };
            standing(Some(&last), Some(words), ACCEPTED, at(NOW)).state
        };
        assert_eq!(state(NOW + 1), ConsentState::Granted);
        assert_eq!(state(NOW), ConsentState::Expired);
    }

    #[test]
    fn words_that_changed_and_changed_back_are_asked_anew() {
        let definition = first_version().unwrap().definition(Purpose::Analytics).unwrap().clone();
        let state = |since| {
            let words = InForce { definition: &definition, since };
            standing(Some(&granted(&definition)), Some(words), ACCEPTED, at(NOW)).state
        };
        assert_eq!(state(1), ConsentState::Granted);
        assert_eq!(state(2), ConsentState::AskedAnew);
    }

    #[test]
    fn what_was_granted_before_a_refusal_has_ended() {
        let definition = first_version().unwrap().definition(Purpose::Analytics).unwrap().clone();
        let words = InForce { definition: &definition, since: 1 };
        let state = |refused_at| {
            let policy = PolicyStanding { refused_at, ..ACCEPTED };
            standing(Some(&granted(&definition)), Some(words), policy, at(NOW)).state
        };
        assert_eq!(state(4), ConsentState::Granted);
        assert_eq!(state(6), ConsentState::PolicyRefused);
    }

    #[test]
    fn an_acceptance_revives_no_withdrawal_and_keeps_own_choices() {
        use ConsentState::*;
        let own = |state| is_expressed_by_acceptance(Some(ConsentKind::Specific), state);
        assert!(is_expressed_by_acceptance(None, Unset));
        assert!(is_expressed_by_acceptance(Some(ConsentKind::PolicyClause), Granted));
        assert_eq!((own(Granted), own(AskedAnew), own(PolicyRefused)), (false, true, true));
        assert!(!own(Withdrawn) && !own(Declined));
    }
}
