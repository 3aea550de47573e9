//! Bodies of disclosures as staff drafts, reviews and releases them, and as partners fetch them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, RecipientView, Sha256Hex, member};
use crate::{
    domain::{
        consent::ConsentKind,
        disclosure::{
            Disclosure, DisclosureState, MOST_PULLS, Silence,
            classes::{ClassRule, PublicPurpose},
            event::{DisclosureEvent, DisclosureStep},
            refusal::{DenialReason, GateRefusal},
            scope::DisclosureField,
        },
        encoding::hex,
        ids::{AccountId, DisclosureId, InstrumentId, PartnerClientId, RecipientId, StaffId, SubjectRef},
        personal::{Personal, PersonalText},
        purpose::Purpose,
        support::SupportText,
        time::Timestamp,
    },
    problem::{FieldCode, Problem},
    services::disclosures::{
        AuthorityAccess, DisclosurePage, DraftDisclosure as Draft, FeedPage, Fetched, PulledPackage,
        ReviewOutcome, StaffDisclosure, Verdict,
    },
};

/// What a disclosure is for, in words that the legal team reads.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Ground(SupportText);

/// What is to be disclosed, to whom, on which ground.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct WriteDisclosure {
    /// The recipient; its class decides what it may be told.
    pub recipient_id: RecipientId,
    /// What is to be disclosed, each once.
    #[validate(length(min = 1, max = 9))]
    #[schema(min_items = 1, max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// Ask the person, also where accepting the policy would suffice.
    #[serde(default)]
    #[schema(default = false, example = false)]
    pub ask: bool,
    /// The order that compels it; needed for courts and state bodies.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub instrument_id: Option<InstrumentId>,
    /// What it is for; needed where nothing is ordered. The legal team reads it, so it must not tell who the person
    /// is, and it speaks of no special category of data (clause 1.9).
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 4000, example = "Chargebacks of the last quarter.")]
    pub ground: Option<Ground>,
}

impl WriteDisclosure {
    /// # Errors
    ///
    /// A problem if a field stands twice.
    pub fn about(self, account_id: AccountId) -> Result<Draft, Problem> {
        if DisclosureField::sorted(self.fields.clone()).len() != self.fields.len() {
            return Err(Problem::invalid("/fields", FieldCode::DuplicateField));
        }
        Ok(Draft {
            account_id,
            recipient_id: self.recipient_id,
            fields: self.fields,
            ask: self.ask,
            instrument_id: self.instrument_id,
            ground: self.ground.map(|ground| PersonalText::of(&ground.0)),
        })
    }
}

/// What is to be disclosed about whom.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DraftDisclosure {
    /// The person.
    pub account_id: AccountId,
    /// The recipient; its class decides what it may be told.
    pub recipient_id: RecipientId,
    /// What is to be disclosed, each once.
    #[validate(length(min = 1, max = 9))]
    #[schema(min_items = 1, max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// Ask the person, also where accepting the policy would suffice.
    #[serde(default)]
    #[schema(default = false, example = false)]
    pub ask: bool,
    /// The order that compels it; needed for courts and state bodies.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub instrument_id: Option<InstrumentId>,
    /// What it is for; needed where nothing is ordered. The legal team reads it, so it must not tell who the person
    /// is, and it speaks of no special category of data (clause 1.9).
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 4000, example = "Chargebacks of the last quarter.")]
    pub ground: Option<Ground>,
}

impl DraftDisclosure {
    /// # Errors
    ///
    /// A problem if a field stands twice.
    pub fn into_draft(self) -> Result<Draft, Problem> {
        let Self { account_id, recipient_id, fields, ask, instrument_id, ground } = self;
        WriteDisclosure { recipient_id, fields, ask, instrument_id, ground }.about(account_id)
    }
}

/// What an authority of another country took where it is stored, about whom.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RecordAuthorityAccess {
    /// The person.
    pub account_id: AccountId,
    /// The authority: a court, state body or law enforcement of another country, active in the register.
    pub recipient_id: RecipientId,
    /// What it took, each once.
    #[validate(length(min = 1, max = 9))]
    #[schema(min_items = 1, max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// When.
    pub accessed_at: Timestamp,
    /// The order of this authority that forbids to tell the person, as the legal team entered it.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub instrument_id: Option<InstrumentId>,
}

impl RecordAuthorityAccess {
    /// # Errors
    ///
    /// A problem if a field stands twice.
    pub fn into_access(self) -> Result<AuthorityAccess, Problem> {
        if DisclosureField::sorted(self.fields.clone()).len() != self.fields.len() {
            return Err(Problem::invalid("/fields", FieldCode::DuplicateField));
        }
        let Self { account_id, recipient_id, fields, accessed_at, instrument_id } = self;
        Ok(AuthorityAccess { account_id, recipient_id, fields, accessed_at, instrument_id })
    }
}

impl Example for RecordAuthorityAccess {
    fn example() -> Value {
        json!({
            "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "fields": ["real_name", "email"],
            "accessed_at": "2026-03-01T09:12:00.000000Z",
        })
    }
}

/// What a reviewer finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewVerdict {
    Approved,
    Denied,
}

/// A review, of exactly what was shown.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReviewDisclosure {
    /// What the reviewer finds.
    pub verdict: ReviewVerdict,
    /// Why not; needed to deny.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub reason: Option<DenialReason>,
    /// Of the disclosure as the reviewer saw it.
    #[schema(value_type = String, min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$", example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub scope_hash: Sha256Hex,
}

impl ReviewDisclosure {
    /// # Errors
    ///
    /// A problem for a denial that does not say why, and for an approval that does.
    pub fn into_outcome(self) -> Result<ReviewOutcome, Problem> {
        let verdict = match (self.verdict, self.reason) {
            (ReviewVerdict::Approved, None) => Verdict::Approved,
            (ReviewVerdict::Denied, Some(reason)) => Verdict::Denied(reason),
            (ReviewVerdict::Approved, Some(_)) => {
                return Err(Problem::invalid("/reason", FieldCode::InvalidValue));
            }
            (ReviewVerdict::Denied, None) => {
                return Err(Problem::invalid("/reason", FieldCode::MissingField));
            }
        };
        Ok(ReviewOutcome { verdict, scope_hash: self.scope_hash.0 })
    }
}

/// A step of a disclosure, as staff sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffDisclosureStep)]
pub struct StaffDisclosureStepView {
    /// Counts the steps.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub number: i32,
    /// What was done.
    pub step: DisclosureStep,
    /// The revision that it was done to.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub revision: i32,
    /// The member of staff who did it.
    #[schema(required)]
    pub staff_id: Option<StaffId>,
    /// The client that did it.
    #[schema(required)]
    pub partner_client_id: Option<PartnerClientId>,
    /// Why, from a list that grows: a reason of the legal team, or of the gate.
    #[schema(required, max_length = 64, example = json!(null))]
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl From<&DisclosureEvent> for StaffDisclosureStepView {
    fn from(event: &DisclosureEvent) -> Self {
        Self {
            number: event.number,
            step: event.step,
            revision: event.revision,
            staff_id: event.staff_id,
            partner_client_id: event.partner_client_id,
            reason: event.reason.map(|reason| reason.as_str().to_owned()),
            at: event.at,
        }
    }
}

/// A disclosure in a list of staff: names of fields, no values, and a person under a name that leads nowhere.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffDisclosure)]
pub struct StaffDisclosureView {
    /// Identifies it.
    pub disclosure_id: DisclosureId,
    /// Stands for the person.
    pub subject_ref: SubjectRef,
    /// The recipient.
    pub recipient_id: RecipientId,
    /// The purpose whose consent has to stand.
    pub purpose: Purpose,
    /// What is to be disclosed.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// Whether accepting the policy suffices, or the person is asked.
    pub consent_kind: ConsentKind,
    /// The order that compels it.
    #[schema(required)]
    pub instrument_id: Option<InstrumentId>,
    /// Counts the changes; `If-Match` names it.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub revision: i32,
    /// What both keys are about; a review names it.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub scope_hash: String,
    /// How far it has come.
    pub state: DisclosureState,
    /// Who asked for it.
    pub requested_by: StaffId,
    /// When.
    pub requested_at: Timestamp,
    /// Until when it can be released, or fetched once it was.
    pub ends_at: Timestamp,
    /// When it was released.
    #[schema(required)]
    pub released_at: Option<Timestamp>,
    /// How often it was fetched.
    #[schema(minimum = 0, maximum = 1_000_000, example = 0)]
    pub pulls: i32,
    /// Why the person is not told for now.
    #[schema(required)]
    pub silence: Option<Silence>,
    /// Until when.
    #[schema(required)]
    pub silent_until: Option<Timestamp>,
}

impl StaffDisclosureView {
    pub fn new(disclosure: &Disclosure, subject_ref: SubjectRef) -> Self {
        Self {
            disclosure_id: disclosure.id,
            subject_ref,
            recipient_id: disclosure.recipient_id,
            purpose: disclosure.purpose,
            fields: disclosure.fields.clone(),
            consent_kind: disclosure.consent_kind,
            instrument_id: disclosure.instrument_id,
            revision: disclosure.revision,
            scope_hash: hex(&disclosure.scope_hash),
            state: disclosure.state,
            requested_by: disclosure.requested_by,
            requested_at: disclosure.requested_at,
            ends_at: disclosure.ends_at,
            released_at: disclosure.released_at,
            pulls: disclosure.pulls,
            silence: disclosure.silence.map(|(kind, _)| kind),
            silent_until: disclosure.silence.map(|(_, until)| until),
        }
    }
}

/// A page of disclosures.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffDisclosurePage)]
pub struct StaffDisclosurePageView {
    /// Those that end first before the others.
    #[schema(max_items = 100)]
    pub data: Vec<StaffDisclosureView>,
    /// Leads to the next page; `null` at the end.
    #[schema(required, max_length = 128, example = json!(null))]
    pub next_cursor: Option<String>,
}

impl From<DisclosurePage> for StaffDisclosurePageView {
    fn from(page: DisclosurePage) -> Self {
        let view =
            |(disclosure, subject): &(Disclosure, SubjectRef)| StaffDisclosureView::new(disclosure, *subject);
        Self { data: page.disclosures.iter().map(view).collect(), next_cursor: page.next_cursor }
    }
}

/// What the gate says of a disclosure at this moment.
#[derive(Serialize, ToSchema)]
#[schema(as = GateStanding)]
pub struct GateStandingView {
    /// Whether it would open.
    pub open: bool,
    /// The first thing that does not hold.
    #[schema(required)]
    pub refusal: Option<GateRefusal>,
    /// The clause that keeps it shut.
    #[schema(required, max_length = 8, example = json!(null))]
    pub clause: Option<String>,
}

/// A disclosure with its steps.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffDisclosureDetail)]
pub struct StaffDisclosureDetailView {
    /// The disclosure.
    pub disclosure: StaffDisclosureView,
    /// Its recipient, as it stands now.
    pub recipient: RecipientView,
    /// What it is for.
    #[schema(required, max_length = 4000, example = json!(null))]
    pub ground: Option<String>,
    /// What was done to it, oldest first.
    #[schema(max_items = 1000)]
    pub steps: Vec<StaffDisclosureStepView>,
    /// What the gate would say now; `null` where it is not asked next.
    #[schema(required)]
    pub gate: Option<GateStandingView>,
}

impl From<&StaffDisclosure> for StaffDisclosureDetailView {
    fn from(shown: &StaffDisclosure) -> Self {
        let standing = |standing: Result<(), GateRefusal>| GateStandingView {
            open: standing.is_ok(),
            refusal: standing.err(),
            clause: standing.err().map(|refusal| refusal.clause().to_owned()),
        };
        Self {
            disclosure: StaffDisclosureView::new(&shown.disclosure, shown.subject),
            recipient: RecipientView::from(&shown.recipient),
            ground: shown.ground.as_ref().map(|ground| ground.expose().to_owned()),
            steps: shown.steps.iter().map(StaffDisclosureStepView::from).collect(),
            gate: shown.standing.map(standing),
        }
    }
}

/// What was released to a partner.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerDisclosure)]
pub struct PartnerDisclosureView {
    /// Identifies it.
    pub disclosure_id: DisclosureId,
    /// Its place among what was released to the partner; it never changes.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 1)]
    pub feed_number: i64,
    /// `released` while it can be fetched, `revoked` once what it rested on has ended.
    pub state: DisclosureState,
    /// Why it goes to the partner.
    pub purpose: PublicPurpose,
    /// Under which clause.
    #[schema(max_length = 8, example = "4.1")]
    pub clause: String,
    /// What a package holds.
    #[schema(max_items = 9)]
    pub fields: Vec<DisclosureField>,
    /// What the partner is bound to.
    #[schema(max_length = 1000, example = "Use it for the services of the group that the person uses.")]
    pub conditions_of_use: String,
    /// When it was released.
    pub released_at: Timestamp,
    /// Until when it can be fetched.
    pub expires_at: Timestamp,
    /// How often it was fetched.
    #[schema(minimum = 0, maximum = 1_000_000, example = 0)]
    pub pulls: i32,
    /// How often it can be fetched in all.
    #[schema(minimum = 1, maximum = 1_000_000, example = 5)]
    pub most_pulls: i32,
}

impl From<&Fetched> for PartnerDisclosureView {
    fn from((disclosure, recipient): &Fetched) -> Self {
        let rule = ClassRule::of(recipient.entry.terms.class);
        Self {
            disclosure_id: disclosure.id,
            feed_number: disclosure.feed_number.unwrap_or_default(),
            state: disclosure.state,
            purpose: rule.map_or(PublicPurpose::GroupSharing, |rule| rule.public_purpose),
            clause: rule.map(|rule| rule.clause).unwrap_or_default().to_owned(),
            fields: disclosure.fields.clone(),
            conditions_of_use: rule.map(|rule| rule.conditions).unwrap_or_default().to_owned(),
            released_at: disclosure.released_at.unwrap_or(disclosure.changed_at),
            expires_at: disclosure.ends_at,
            pulls: disclosure.pulls,
            most_pulls: MOST_PULLS,
        }
    }
}

/// A page of what was released to a partner.
#[derive(Serialize, ToSchema)]
#[schema(as = PartnerDisclosurePage)]
pub struct PartnerDisclosurePageView {
    /// In the order in which it was released.
    #[schema(max_items = 100)]
    pub data: Vec<PartnerDisclosureView>,
    /// Leads on: the list is polled, so there is always one, also after the last page.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<FeedPage> for PartnerDisclosurePageView {
    fn from(page: FeedPage) -> Self {
        Self {
            data: page.disclosures.iter().map(PartnerDisclosureView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// How a package is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageFormat {
    /// An age file (age-encryption.org/v1) around a compact JWS (RFC 7515).
    AgeJws,
}

/// A package, built at this very pull and kept by nobody here.
#[derive(Serialize, ToSchema)]
#[schema(as = DisclosurePackage)]
pub struct DisclosurePackageView {
    /// The disclosure.
    pub disclosure_id: DisclosureId,
    /// Which pull it is.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub pull_number: i32,
    /// How it is made.
    pub format: PackageFormat,
    /// The age file, in base64 (RFC 4648, section 4). In it is a JWS, whose key stands in
    /// `/.well-known/jwks.json`, and in that the `fields`, the `conditions_of_use` and `exp`.
    #[schema(
        max_length = 65_536,
        content_encoding = "base64",
        example = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOQ=="
    )]
    pub package: String,
    /// SHA-256 of the age file; the log attests it.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub package_hash: String,
    /// When it was built.
    pub pulled_at: Timestamp,
    /// Until when what is in it is vouched for; then fetch anew.
    pub vouched_until: Timestamp,
}

impl From<&PulledPackage> for DisclosurePackageView {
    fn from(pulled: &PulledPackage) -> Self {
        Self {
            disclosure_id: pulled.disclosure_id,
            pull_number: pulled.pull_number,
            format: PackageFormat::AgeJws,
            package: STANDARD.encode(pulled.package.sealed()),
            package_hash: hex(&pulled.package.hash()),
            pulled_at: pulled.pulled_at,
            vouched_until: pulled.vouched_until,
        }
    }
}

impl Example for DraftDisclosure {
    fn example() -> Value {
        json!({
            "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "fields": ["real_name", "email"],
        })
    }
}

impl Example for WriteDisclosure {
    fn example() -> Value {
        json!({ "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3", "fields": ["real_name"] })
    }
}

impl Example for ReviewDisclosure {
    fn example() -> Value {
        json!({
            "verdict": "approved",
            "scope_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        })
    }
}

impl Example for StaffDisclosureView {
    fn example() -> Value {
        json!({
            "disclosure_id": "dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "subject_ref": "sbj_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "recipient_id": "rcp_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "purpose": "group_sharing",
            "fields": ["real_name", "email"],
            "consent_kind": "policy_clause",
            "instrument_id": null,
            "revision": 1,
            "scope_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "state": "ready",
            "requested_by": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "requested_at": "2026-03-01T09:12:00.000000Z",
            "ends_at": "2026-04-30T09:12:00.000000Z",
            "released_at": null,
            "pulls": 0,
            "silence": null,
            "silent_until": null,
        })
    }
}

impl Example for StaffDisclosurePageView {
    fn example() -> Value {
        json!({ "data": [StaffDisclosureView::example()], "next_cursor": null })
    }
}

impl Example for StaffDisclosureDetailView {
    fn example() -> Value {
        json!({
            "disclosure": StaffDisclosureView::example(),
            "recipient": RecipientView::example(),
            "ground": null,
            "steps": [{
                "number": 1,
                "step": "requested",
                "revision": 1,
                "staff_id": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "partner_client_id": null,
                "reason": null,
                "at": "2026-03-01T09:12:00.000000Z",
            }],
            "gate": { "open": true, "refusal": null, "clause": null },
        })
    }
}

impl Example for PartnerDisclosureView {
    fn example() -> Value {
        json!({
            "disclosure_id": "dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "feed_number": 1,
            "state": "released",
            "purpose": "group_sharing",
            "clause": "4.1",
            "fields": member(&StaffDisclosureView::example(), "fields"),
            "conditions_of_use": "Use it for the services of the group that the person uses.",
            "released_at": "2026-03-02T09:12:00.000000Z",
            "expires_at": "2026-04-01T09:12:00.000000Z",
            "pulls": 0,
            "most_pulls": 5,
        })
    }
}

impl Example for PartnerDisclosurePageView {
    fn example() -> Value {
        json!({ "data": [PartnerDisclosureView::example()], "next_cursor": "AAAAAZ0xkQ" })
    }
}

impl Example for DisclosurePackageView {
    fn example() -> Value {
        json!({
            "disclosure_id": "dsc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "pull_number": 1,
            "format": "age_jws",
            "package": "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOQ==",
            "package_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "pulled_at": "2026-03-02T10:00:00.000000Z",
            "vouched_until": "2026-03-09T10:00:00.000000Z",
        })
    }
}
