//! Bodies of decisions about the policy and its purposes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, PolicyVersionView, PurposeDefinitionView, Sha256Hex, member, policy_version};
use crate::{
    domain::{
        consent::{
            ConsentAction, ConsentEvent, ConsentKind, ConsentMethod, ConsentState, ConsequenceCode,
            PolicyDecision,
        },
        encoding::hex,
        ids::{ConsentEventId, DeviceRef},
        policy::{PolicyVersion, StoragePlace},
        purpose::Purpose,
        time::Timestamp,
    },
    services::consents::{
        ConsentDecision, ConsentEventPage, ConsentOverview, Decided, PolicyDecisionPage, PurposeStanding,
        Receipt,
    },
};

use super::StoragePlaceView;

/// The version of the policy that a person decides about, as it was shown.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DecideOnPolicy {
    /// Its number.
    #[schema(minimum = 1, maximum = 1_000_000)]
    #[validate(range(min = 1, max = 1_000_000))]
    pub policy_version: i32,
    /// Its `content_hash`, as shown.
    #[schema(value_type = String, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub policy_content_hash: Sha256Hex,
}

/// A decision about a version of the policy.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyDecisionRecord)]
pub struct PolicyDecisionView {
    /// What was decided.
    pub decision: PolicyDecision,
    /// The version.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub policy_version: i32,
    /// The `content_hash` of its words.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub policy_content_hash: String,
    /// When it was decided.
    pub decided_at: Timestamp,
}

impl From<&Decided> for PolicyDecisionView {
    fn from(decided: &Decided) -> Self {
        Self {
            decision: decided.decision,
            policy_version: decided.version,
            policy_content_hash: hex(&decided.content_hash),
            decided_at: decided.given_at,
        }
    }
}

/// A page of decisions, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyDecisionPage)]
pub struct PolicyDecisionPageView {
    /// The decisions.
    #[schema(max_items = 100)]
    pub data: Vec<PolicyDecisionView>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl PolicyDecisionPageView {
    pub fn new(page: &PolicyDecisionPage) -> Self {
        Self {
            data: page.decisions.iter().map(PolicyDecisionView::from).collect(),
            next_cursor: page.next_cursor.clone(),
        }
    }
}

/// Where the consent to a purpose stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentView {
    /// The purpose, in the words in force.
    pub definition: PurposeDefinitionView,
    /// What the person said, and whether it still holds.
    pub state: ConsentState,
    /// Whether it stands for processing that goes on.
    pub stands_for_existing: bool,
    /// Whether it counts for a new release or a new count.
    pub counts_for_new: bool,
    /// The event that decided; `null` if there is none.
    #[schema(required)]
    pub event: Option<ConsentEventView>,
}

impl From<&PurposeStanding> for ConsentView {
    fn from(purpose: &PurposeStanding) -> Self {
        Self {
            definition: PurposeDefinitionView::from(&purpose.definition),
            state: purpose.standing.state,
            stands_for_existing: purpose.standing.for_existing,
            counts_for_new: purpose.standing.for_new,
            event: purpose.last.as_ref().map(ConsentEventView::from),
        }
    }
}

/// Everything that the person says yes or no to.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentOverview)]
pub struct ConsentOverviewView {
    /// The version in force.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub policy_version: i32,
    /// The newest version that the person accepted; 0 after a refusal.
    #[schema(minimum = 0, maximum = 1_000_000, example = 1)]
    pub accepted_policy_version: i32,
    /// The purposes.
    #[schema(max_items = 16)]
    pub consents: Vec<ConsentView>,
}

impl ConsentOverviewView {
    pub fn new(overview: &ConsentOverview) -> Self {
        Self {
            policy_version: overview.policy.in_force,
            accepted_policy_version: overview.policy.accepted,
            consents: overview.purposes.iter().map(ConsentView::from).collect(),
        }
    }
}

/// Yes or no to a purpose.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SetConsent {
    /// Whether the person agrees; `false` declines, or withdraws what was granted.
    pub granted: bool,
    /// The `definition_hash` of the words that were shown; needed to grant.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = String, nullable = false, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub definition_hash: Option<Sha256Hex>,
}

/// What follows from a withdrawal.
#[derive(Serialize, ToSchema)]
#[schema(as = Consequence)]
pub struct ConsequenceView {
    /// What happens.
    pub code: ConsequenceCode,
    /// The clause that says so.
    #[schema(max_length = 8, example = "2.5")]
    pub clause: String,
}

/// What came of a decision, or would come of it.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentDecision)]
pub struct ConsentDecisionView {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Where the consent stands with the decision.
    pub consent: ConsentView,
    /// What follows from a withdrawal.
    #[schema(max_items = 8)]
    pub consequences: Vec<ConsequenceView>,
    /// The event that was written; `null` if nothing changed or was to be written.
    #[schema(required)]
    pub consent_event_id: Option<ConsentEventId>,
}

impl ConsentDecisionView {
    pub fn new(decision: &ConsentDecision) -> Self {
        let mut consent = ConsentView::from(&decision.consent);
        if decision.dry_run {
            consent.event = None;
        }
        let view = |(code, clause): &(ConsequenceCode, &str)| ConsequenceView {
            code: *code,
            clause: (*clause).to_owned(),
        };
        Self {
            dry_run: decision.dry_run,
            consent,
            consequences: decision.consequences.iter().map(view).collect(),
            consent_event_id: decision.event.as_ref().map(|event| event.id),
        }
    }
}

/// An event of the person's consent ledger.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentEvent)]
pub struct ConsentEventView {
    /// Identifies the event.
    pub consent_event_id: ConsentEventId,
    /// The person's own count of events; the only order among them.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, example = 2)]
    pub sequence: i64,
    /// The purpose.
    pub purpose: Purpose,
    /// What it did.
    pub action: ConsentAction,
    /// Whether the person chose it, or accepted a policy whose clause contains it.
    pub kind: ConsentKind,
    /// How it was expressed.
    pub method: ConsentMethod,
    /// The policy version under which it was expressed.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub policy_version: i32,
    /// The words that were shown.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub definition_hash: String,
    /// The device that it came from; `null` if that is not known.
    #[schema(required)]
    pub device_ref: Option<DeviceRef>,
    /// Whether the browser asked for Global Privacy Control.
    pub gpc: bool,
    /// When it was expressed.
    pub given_at: Timestamp,
    /// When it took effect.
    pub recorded_at: Timestamp,
    /// When it lapses; `null` if it does not.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
}

impl From<&ConsentEvent> for ConsentEventView {
    fn from(event: &ConsentEvent) -> Self {
        Self {
            consent_event_id: event.id,
            sequence: event.sequence,
            purpose: event.purpose,
            action: event.action,
            kind: event.kind,
            method: event.method,
            policy_version: event.policy_version,
            definition_hash: hex(&event.definition_hash),
            device_ref: event.device_ref,
            gpc: event.gpc,
            given_at: event.given_at,
            recorded_at: event.recorded_at,
            expires_at: event.expires_at,
        }
    }
}

/// A page of events, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentEventPage)]
pub struct ConsentEventPageView {
    /// The events.
    #[schema(max_items = 100)]
    pub data: Vec<ConsentEventView>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl ConsentEventPageView {
    pub fn new(page: &ConsentEventPage) -> Self {
        Self {
            data: page.events.iter().map(ConsentEventView::from).collect(),
            next_cursor: page.next_cursor.clone(),
        }
    }
}

/// A receipt of an event.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentReceipt)]
pub struct ConsentReceiptView {
    /// The event.
    pub consent_event_id: ConsentEventId,
    /// A compact JWS (RFC 7515), signed by a `receipt-…` key of `/.well-known/jwks.json`. Its payload is a
    /// consent receipt of ISO/IEC TS 27560 as JSON-LD, in terms of the Data Privacy Vocabulary.
    #[schema(
        max_length = 16384,
        example = "eyJhbGciOiJFZERTQSIsImtpZCI6InJlY2VpcHQtMSIsInR5cCI6ImNvbnNlbnQtcmVjZWlwdCtqd3MifQ.e30.c2lnbmF0dXJl"
    )]
    pub receipt: String,
}

impl From<Receipt> for ConsentReceiptView {
    fn from(receipt: Receipt) -> Self {
        Self { consent_event_id: receipt.consent_event_id, receipt: receipt.jws }
    }
}

/// A storage place, and whether data of the person are there.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnStoragePlace)]
pub struct OwnStoragePlaceView {
    /// The place.
    pub place: StoragePlaceView,
    /// Whether it lies beyond the border, so that the purpose `cross_border_transfer` is asked.
    pub abroad: bool,
}

/// Where the person's data rest.
#[derive(Serialize, ToSchema)]
pub struct StoragePlaces {
    /// The version of the policy that registers them.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub policy_version: i32,
    /// The places that hold a class of data of this person.
    #[schema(max_items = 100)]
    pub places: Vec<OwnStoragePlaceView>,
}

impl StoragePlaces {
    pub fn new(policy: &PolicyVersion, own: impl Fn(&StoragePlace) -> bool) -> Self {
        let places = policy.document.storage_places.iter().filter(|place| own(place));
        Self {
            policy_version: policy.version,
            places: places
                .map(|place| OwnStoragePlaceView {
                    place: StoragePlaceView::from(place),
                    abroad: place.country != crate::domain::country::Country::HOME,
                })
                .collect(),
        }
    }
}

impl Example for DecideOnPolicy {
    fn example() -> Value {
        json!({
            "policy_version": 1,
            "policy_content_hash": member(&PolicyVersionView::example(), "content_hash"),
        })
    }
}

impl Example for PolicyDecisionView {
    fn example() -> Value {
        json!({
            "decision": "accepted",
            "policy_version": 1,
            "policy_content_hash": member(&PolicyVersionView::example(), "content_hash"),
            "decided_at": "2026-03-01T09:30:00.000000Z",
        })
    }
}

impl Example for ConsentEventView {
    fn example() -> Value {
        json!({
            "consent_event_id": "cne_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "sequence": 9,
            "purpose": "analytics",
            "action": "granted",
            "kind": "specific",
            "method": "account_settings",
            "policy_version": 1,
            "definition_hash": member(&policy_version::first_definition(Purpose::Analytics), "definition_hash"),
            "device_ref": "dvr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "gpc": false,
            "given_at": "2026-03-01T09:30:00.000000Z",
            "recorded_at": "2026-03-01T09:30:00.000000Z",
            "expires_at": "2028-02-29T09:30:00.000000Z",
        })
    }
}

impl Example for ConsentView {
    fn example() -> Value {
        json!({
            "definition": policy_version::first_definition(Purpose::Analytics),
            "state": "granted",
            "stands_for_existing": true,
            "counts_for_new": true,
            "event": ConsentEventView::example(),
        })
    }
}

impl Example for ConsentOverviewView {
    fn example() -> Value {
        json!({ "policy_version": 1, "accepted_policy_version": 1, "consents": [ConsentView::example()] })
    }
}

impl Example for SetConsent {
    fn example() -> Value {
        let definition = policy_version::first_definition(Purpose::Analytics);
        json!({ "granted": true, "definition_hash": member(&definition, "definition_hash") })
    }
}

impl Example for ConsentDecisionView {
    fn example() -> Value {
        json!({
            "dry_run": false,
            "consent": ConsentView::example(),
            "consequences": [],
            "consent_event_id": "cne_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
        })
    }
}

impl Example for PolicyDecisionPageView {
    fn example() -> Value {
        json!({ "data": [PolicyDecisionView::example()], "next_cursor": null })
    }
}

impl Example for ConsentEventPageView {
    fn example() -> Value {
        json!({ "data": [ConsentEventView::example()], "next_cursor": null })
    }
}

impl Example for ConsentReceiptView {
    fn example() -> Value {
        json!({
            "consent_event_id": "cne_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "receipt": "eyJhbGciOiJFZERTQSIsImtpZCI6InJlY2VpcHQtMSIsInR5cCI6ImNvbnNlbnQtcmVjZWlwdCtqd3MifQ.e30.c2lnbmF0dXJl",
        })
    }
}

impl Example for StoragePlaces {
    fn example() -> Value {
        let version = PolicyVersionView::example();
        let place = version.pointer("/storage_places/0").cloned().unwrap_or_default();
        json!({ "policy_version": 1, "places": [{ "place": place, "abroad": false }] })
    }
}
