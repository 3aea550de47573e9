//! Bodies of what a person is asked and told of disclosures.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, LogCheckpointView, RecipientView, log::TreeHash, member};
use crate::{
    domain::{
        consent::ConsentKind,
        disclosure::{
            DisclosureState,
            classes::{ClassRule, PublicPurpose, told_as},
            consent_request::ConsentRequestState,
            event::{DisclosureEvent, DisclosureStep},
            scope::DisclosureField,
        },
        ids::{ConsentRequestId, DisclosureId},
        time::Timestamp,
    },
    services::{
        disclosures::{AskedOf, ConsentRequestPage, OwnDisclosure, OwnDisclosurePage},
        log::proof_file::{Entry, Fact, ProofFile},
    },
};

/// What the person says.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AnswerConsentRequest {
    /// Whether the person agrees.
    #[schema(example = true)]
    pub granted: bool,
}

/// What a person is asked before one disclosure.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentRequest)]
pub struct ConsentRequestView {
    /// Identifies it.
    pub consent_request_id: ConsentRequestId,
    /// What became of it.
    pub state: ConsentRequestState,
    /// Who would get it.
    pub recipient: RecipientView,
    /// What would be disclosed.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// Why.
    pub purpose: PublicPurpose,
    /// Under which clause.
    #[schema(max_length = 8, example = "4.1")]
    pub clause: String,
    /// What the recipient would be bound to.
    #[schema(max_length = 1000, example = "Use it for the services of the group that the person uses.")]
    pub conditions_of_use: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Until when it can be answered; without an answer nothing is disclosed.
    pub expires_at: Timestamp,
    /// When it was answered, or the answer was taken back.
    #[schema(required)]
    pub answered_at: Option<Timestamp>,
}

impl From<&AskedOf> for ConsentRequestView {
    fn from(asked: &AskedOf) -> Self {
        let rule = ClassRule::of(asked.recipient.entry.terms.class);
        Self {
            consent_request_id: asked.request.id,
            state: asked.request.state,
            recipient: RecipientView::from(&asked.recipient),
            fields: asked.scope.fields.clone(),
            purpose: rule.map_or(PublicPurpose::GroupSharing, |rule| rule.public_purpose),
            clause: rule.map(|rule| rule.clause).unwrap_or_default().to_owned(),
            conditions_of_use: rule.map(|rule| rule.conditions).unwrap_or_default().to_owned(),
            asked_at: asked.request.asked_at,
            expires_at: asked.request.expires_at,
            answered_at: asked.request.answered_at,
        }
    }
}

/// A page of what a person is asked.
#[derive(Serialize, ToSchema)]
#[schema(as = ConsentRequestPage)]
pub struct ConsentRequestPageView {
    /// Newest first.
    #[schema(max_items = 100)]
    pub data: Vec<ConsentRequestView>,
    /// Leads to the next page; `null` at the end.
    #[schema(required, max_length = 128, example = json!(null))]
    pub next_cursor: Option<String>,
}

impl From<ConsentRequestPage> for ConsentRequestPageView {
    fn from(page: ConsentRequestPage) -> Self {
        Self {
            data: page.requests.iter().map(ConsentRequestView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// Something that happened to a disclosure from its release on.
#[derive(Serialize, ToSchema)]
#[schema(as = DisclosureLogStep)]
pub struct DisclosureLogStepView {
    /// What happened: `released`, `pulled`, `acknowledged`, `withdrawn`, `revoked`, or `told`.
    pub step: DisclosureStep,
    /// When.
    pub at: Timestamp,
}

impl From<&DisclosureEvent> for DisclosureLogStepView {
    fn from(event: &DisclosureEvent) -> Self {
        Self { step: event.step, at: event.at }
    }
}

/// An entry of the person's disclosure log.
#[derive(Serialize, ToSchema)]
#[schema(as = DisclosureLogEntry)]
pub struct DisclosureLogEntryView {
    /// Identifies it.
    pub disclosure_id: DisclosureId,
    /// Who got it, and where that is.
    pub recipient: RecipientView,
    /// What was disclosed.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// Why.
    pub purpose: PublicPurpose,
    /// Under which clause.
    #[schema(max_length = 8, example = "4.1")]
    pub clause: String,
    /// Whether it rested on accepting the policy, or on an answer of the person's.
    pub consent_kind: ConsentKind,
    /// `released` while the recipient can fetch it, `revoked` once nothing of it is given out any more, `recorded`
    /// where an authority took it where it is stored.
    pub state: DisclosureState,
    /// When it was released.
    pub released_at: Timestamp,
    /// Until when the recipient could fetch it, at most.
    pub expires_at: Timestamp,
    /// How often it was fetched.
    #[schema(minimum = 0, maximum = 1_000_000, example = 1)]
    pub pulls: i32,
    /// What happened since, oldest first.
    #[schema(max_items = 1000)]
    pub steps: Vec<DisclosureLogStepView>,
}

impl From<&OwnDisclosure> for DisclosureLogEntryView {
    fn from(own: &OwnDisclosure) -> Self {
        let disclosure = &own.disclosure;
        let (purpose, clause) = told_as(disclosure.state, own.recipient.entry.terms.class);
        Self {
            disclosure_id: disclosure.id,
            recipient: RecipientView::from(&own.recipient),
            fields: disclosure.fields.clone(),
            purpose,
            clause: clause.to_owned(),
            consent_kind: disclosure.consent_kind,
            state: disclosure.state,
            released_at: disclosure.released_at.unwrap_or(disclosure.changed_at),
            expires_at: disclosure.ends_at,
            pulls: disclosure.pulls,
            steps: own.steps.iter().map(DisclosureLogStepView::from).collect(),
        }
    }
}

/// A page of the person's disclosure log.
#[derive(Serialize, ToSchema)]
#[schema(as = DisclosureLogPage)]
pub struct DisclosureLogPageView {
    /// Newest first.
    #[schema(max_items = 100)]
    pub data: Vec<DisclosureLogEntryView>,
    /// Leads to the next page; `null` at the end.
    #[schema(required, max_length = 128, example = json!(null))]
    pub next_cursor: Option<String>,
}

impl From<OwnDisclosurePage> for DisclosureLogPageView {
    fn from(page: OwnDisclosurePage) -> Self {
        Self {
            data: page.disclosures.iter().map(DisclosureLogEntryView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// What a leaf says, by name.
#[derive(Serialize, ToSchema)]
#[schema(as = ProofFact)]
pub struct ProofFactView {
    /// What it is called.
    #[schema(max_length = 64, example = "step")]
    pub name: String,
    /// What it is.
    #[schema(max_length = 4000, example = "released")]
    pub value: String,
}

/// One entry of a proof file.
#[derive(Serialize, ToSchema)]
#[schema(as = ProofEntry)]
pub struct ProofEntryView {
    /// The leaf as the tree holds it, in base64.
    #[schema(max_length = 4096, content_encoding = "base64", example = "AAAABWxlYWYx")]
    pub leaf: String,
    /// What opens its commitment: SHA-256 over `c1`, this, and the facts, each after its length in four bytes.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
    )]
    pub salt: String,
    /// What it commits to, in this order.
    #[schema(max_items = 64)]
    pub facts: Vec<ProofFactView>,
    /// Its place in the tree, from 0.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 17)]
    pub leaf_index: u64,
    /// The hashes from the leaf up to the root, in hexadecimal digits (RFC 9162, section 2.1.3).
    #[schema(max_items = 64)]
    pub audit_path: Vec<TreeHash>,
}

/// A proof that anybody verifies offline.
#[derive(Serialize, ToSchema)]
#[schema(as = DisclosureProof)]
pub struct DisclosureProofView {
    /// The form of the file.
    #[schema(max_length = 64, example = "smart-mining-proof-1")]
    pub format: String,
    /// The signed checkpoint that the paths lead up to (C2SP tlog-checkpoint).
    #[schema(max_length = 4096)]
    pub checkpoint: String,
    /// One for each thing that happened.
    #[schema(max_items = 1000)]
    pub entries: Vec<ProofEntryView>,
}

impl From<ProofFile> for DisclosureProofView {
    fn from(file: ProofFile) -> Self {
        let fact = |fact: Fact| ProofFactView { name: fact.name, value: fact.value };
        let entry = |entry: Entry| ProofEntryView {
            leaf: entry.leaf,
            salt: entry.salt,
            facts: entry.facts.into_iter().map(fact).collect(),
            leaf_index: entry.leaf_index,
            audit_path: entry.audit_path.into_iter().map(TreeHash::of).collect(),
        };
        Self {
            format: file.format,
            checkpoint: file.checkpoint,
            entries: file.entries.into_iter().map(entry).collect(),
        }
    }
}

impl Example for DisclosureProofView {
    fn example() -> Value {
        json!({
            "format": "smart-mining-proof-1",
            "checkpoint": member(&LogCheckpointView::example(), "note"),
            "entries": [{
                "leaf": "AAAABWxlYWYx",
                "salt": "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "facts": [{ "name": "step", "value": "released" }],
                "leaf_index": 17,
                "audit_path": ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"],
            }],
        })
    }
}

impl Example for AnswerConsentRequest {
    fn example() -> Value {
        json!({ "granted": true })
    }
}

impl Example for ConsentRequestView {
    fn example() -> Value {
        json!({
            "consent_request_id": "crq_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "state": "open",
            "recipient": RecipientView::example(),
            "fields": ["birth_date", "residence"],
            "purpose": "group_sharing",
            "clause": "4.1",
            "conditions_of_use": "Use it for the services of the group that the person uses.",
            "asked_at": "2026-03-01T09:12:00.000000Z",
            "expires_at": "2026-03-31T09:12:00.000000Z",
            "answered_at": null,
        })
    }
}

impl Example for ConsentRequestPageView {
    fn example() -> Value {
        json!({ "data": [ConsentRequestView::example()], "next_cursor": null })
    }
}

impl Example for DisclosureLogEntryView {
    fn example() -> Value {
        json!({
            "disclosure_id": "dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient": RecipientView::example(),
            "fields": ["real_name", "email"],
            "purpose": "group_sharing",
            "clause": "4.1",
            "consent_kind": "policy_clause",
            "state": "released",
            "released_at": "2026-03-02T09:12:00.000000Z",
            "expires_at": "2026-04-01T09:12:00.000000Z",
            "pulls": 1,
            "steps": [
                { "step": "released", "at": "2026-03-02T09:12:00.000000Z" },
                { "step": "pulled", "at": "2026-03-02T10:00:00.000000Z" },
            ],
        })
    }
}

impl Example for DisclosureLogPageView {
    fn example() -> Value {
        json!({ "data": [DisclosureLogEntryView::example()], "next_cursor": null })
    }
}
