//! Consent: decisions about the policy and its purposes, kept in a ledger that only grows.

mod acceptances;
mod decisions;
mod devices;
mod receipts;
mod takeover;

use std::sync::Arc;

pub use acceptances::Decided;
pub use decisions::{Choice, ConsentDecision};
pub use devices::{DeviceChoice, DeviceConsents, DeviceStanding, device_standing};
pub use receipts::{Controller, Receipt};
pub use takeover::Takeover;

use chrono::TimeDelta;

use crate::{
    db::{Conn, Db, StorageError},
    domain::{
        consent::{
            ConsentAction, ConsentEvent, ConsentKind, ConsentMethod, ConsentStanding, InForce, LastEvent,
            PolicyStanding, standing,
        },
        data_dictionary::Category,
        ids::{AccountId, ConsentEventId, DeviceId, DeviceRef, LeafId},
        policy::{PolicyVersion, PublishedPolicy},
        purpose::{PersonalDataClass, Purpose, PurposeDefinition},
        time::Timestamp,
    },
    repositories::{
        accounts, consent_events, devices as device_rows, log as leaves, policy_acceptances, policy_versions,
    },
    services::{
        clock::Clock,
        cursors::{self, InvalidCursor},
        disclosures::DisclosureError,
        idempotency::IdempotencyError,
        log::LeafDraft,
        policies::{PolicyError, PolicyService},
        reports::forget_person,
        vault::{SubjectKeys, Vault, VaultError},
    },
};

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    #[error("no such account or event")]
    NotFound,
    #[error("another version of the policy is in force")]
    PolicySuperseded,
    #[error("the policy in force is not accepted")]
    PolicyNotAccepted,
    #[error("the words of the purpose are others by now")]
    DefinitionSuperseded,
    #[error("the purpose does not rest on an answer of the person")]
    NotByConsent(Purpose),
    #[error("the account's state does not allow it")]
    Restricted,
    #[error("what the service cannot do without is withdrawn")]
    ServiceWithdrawn,
    #[error("the policy that was looked at is no longer the one in force")]
    PolicyMoved,
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error(transparent)]
    Idempotency(#[from] IdempotencyError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

service_error!(ConsentError, storage in Disclosure, Policy, Idempotency, Vault);

/// Where a decision comes from.
#[derive(Clone, Copy, Debug)]
pub struct ConsentOrigin {
    /// The device that showed a cookie of ours.
    pub device: Option<DeviceId>,
    /// Whether the browser asks for Global Privacy Control.
    pub gpc: bool,
}

/// A purpose, and where its consent stands.
#[derive(Clone)]
pub struct PurposeStanding {
    pub definition: PurposeDefinition,
    pub last: Option<ConsentEvent>,
    pub standing: ConsentStanding,
}

/// All purposes that a person answers, under the policy in force.
pub struct ConsentOverview {
    pub policy: PolicyStanding,
    pub purposes: Vec<PurposeStanding>,
}

/// A page of events, newest first.
pub struct ConsentEventPage {
    pub events: Vec<ConsentEvent>,
    pub next_cursor: Option<String>,
}

/// A page of decisions about the policy, newest first.
pub struct PolicyDecisionPage {
    pub decisions: Vec<Decided>,
    pub next_cursor: Option<String>,
}

const EVENTS: &str = "consent_events";
const DECISIONS: &str = "policy_acceptances";

/// Keeps consents.
#[derive(Clone)]
pub struct ConsentService {
    pub db: Db,
    pub vault: Vault,
    pub clock: Clock,
    pub policies: PolicyService,
    pub controller: Controller,
}

/// The words that an event is about.
#[derive(Clone, Copy)]
struct Words {
    purpose: Purpose,
    policy_version: i32,
    definition_hash: [u8; 32],
    consent_days: Option<u32>,
}

impl Words {
    fn of(policy: &PolicyVersion, definition: &PurposeDefinition) -> Self {
        Self {
            purpose: definition.purpose,
            policy_version: policy.version,
            definition_hash: definition.hash(),
            consent_days: definition.consent_days,
        }
    }

    /// Those of an event that is taken back: nobody was shown any others.
    const fn taken_back(event: &ConsentEvent) -> Self {
        Self {
            purpose: event.purpose,
            policy_version: event.policy_version,
            definition_hash: event.definition_hash,
            consent_days: None,
        }
    }
}

/// An event that is about to be written.
struct NewEvent {
    words: Words,
    action: ConsentAction,
    kind: ConsentKind,
    method: ConsentMethod,
    device_ref: Option<DeviceRef>,
    gpc: bool,
}

impl NewEvent {
    fn at(&self, account_id: AccountId, sequence: i64, leaf_id: LeafId, now: Timestamp) -> ConsentEvent {
        ConsentEvent {
            id: ConsentEventId::generate(now),
            account_id,
            sequence,
            purpose: self.words.purpose,
            action: self.action,
            kind: self.kind,
            policy_version: self.words.policy_version,
            definition_hash: self.words.definition_hash,
            method: self.method,
            device_ref: self.device_ref,
            gpc: self.gpc,
            given_at: now,
            recorded_at: now,
            expires_at: expiry(self.action, self.words.consent_days, now),
            leaf_id,
        }
    }

    /// Writes it with its leaf, under the next number of the person.
    fn write(
        &self,
        c: &mut Conn,
        keys: &SubjectKeys,
        draft: &LeafDraft,
        sequence: i64,
        now: Timestamp,
    ) -> Result<ConsentEvent, ConsentError> {
        let event = self.at(keys.account_id(), sequence, draft.id(), now);
        append(c, keys, draft, &event)?;
        Ok(event)
    }
}

fn append(
    c: &mut Conn,
    keys: &SubjectKeys,
    draft: &LeafDraft,
    event: &ConsentEvent,
) -> Result<(), VaultError> {
    leaves::append(c, &draft.of_evidence(keys, event)?)?;
    consent_events::append(c, event)?;
    if event.action != ConsentAction::Granted && event.purpose == Purpose::Advertising {
        forget_person(c, event.account_id)?;
    }
    Ok(())
}

/// When a consent has to be asked anew.
pub fn expiry(action: ConsentAction, days: Option<u32>, given_at: Timestamp) -> Option<Timestamp> {
    days.filter(|_| action == ConsentAction::Granted)
        .map(|days| given_at.plus(TimeDelta::days(i64::from(days))))
}

/// Drafts for up to `count` leaves of one transaction.
fn drafts(count: usize, now: Timestamp) -> Result<Vec<LeafDraft>, ConsentError> {
    Ok((0..count).map(|_| LeafDraft::new(now)).collect::<Result<_, _>>()?)
}

/// What ledgers call the device of a decision.
fn device_ref(c: &mut Conn, device: Option<DeviceId>) -> Result<Option<DeviceRef>, StorageError> {
    let Some(device) = device else { return Ok(None) };
    Ok(device_rows::find(c, device)?.map(|device| device.reference))
}

/// Refuses if another version came into force since `policy` was looked at.
fn hold(c: &mut Conn, policy: &PolicyVersion) -> Result<(), ConsentError> {
    if policy_versions::find_current_number(c)? == policy.version {
        Ok(())
    } else {
        Err(ConsentError::PolicyMoved)
    }
}

impl ConsentService {
    /// Where every purpose that the person answers stands.
    ///
    /// # Errors
    ///
    /// [`ConsentError::NotFound`] after the account has gone.
    pub async fn overview(&self, id: AccountId) -> Result<ConsentOverview, ConsentError> {
        let (now, policy) = (self.clock.now(), self.policies.current().await?);
        let (facts, events) = self
            .db
            .read(move |c| {
                Ok::<_, StorageError>((
                    accounts::find_consent_facts(c, id)?,
                    consent_events::list_last(c, id)?,
                ))
            })
            .await?;
        let facts = facts.ok_or(ConsentError::NotFound)?;
        let accepted = facts.standing(policy.version);
        let last = |purpose| events.iter().find(|event| event.purpose == purpose).cloned();
        let mut purposes: Vec<PurposeStanding> = answerable(&policy)
            .filter_map(|definition| policy.in_force(definition.purpose))
            .map(|words| {
                let last = last(words.definition.purpose);
                purpose_standing(words.definition.clone(), Some(words), last, accepted, now)
            })
            .collect();
        // What was once agreed to can be withdrawn, also when the policy speaks of it no more.
        for event in events.iter().filter(|event| policy.in_force(event.purpose).is_none()) {
            let definition = self.words_of(event).await?;
            purposes.push(purpose_standing(definition, None, Some(event.clone()), accepted, now));
        }
        Ok(ConsentOverview { policy: accepted, purposes })
    }

    /// The definition that an event is about.
    async fn words_of(&self, event: &ConsentEvent) -> Result<PurposeDefinition, ConsentError> {
        let policy = self.policies.find(event.policy_version).await?;
        policy.document.definition(event.purpose).cloned().ok_or(ConsentError::NotFound)
    }

    /// The classes of data that are held of a person.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn held_classes(&self, id: AccountId) -> Result<Vec<PersonalDataClass>, ConsentError> {
        let keys = self.vault.keys_of(id).await?;
        let of_categories = Category::ALL.iter().filter(|category| keys.holds(**category));
        let mut held: Vec<PersonalDataClass> = of_categories.map(|category| class_of(*category)).collect();
        // What the person agreed to stands for as long as the account does, and so do its devices.
        held.extend([PersonalDataClass::Evidence, PersonalDataClass::Device]);
        Ok(held)
    }

    /// The person's events, newest first.
    ///
    /// # Errors
    ///
    /// [`ConsentError::Cursor`] for a cursor of another list or person.
    pub async fn events(
        &self,
        id: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ConsentEventPage, ConsentError> {
        let kms = self.vault.kms();
        let before = cursors::count(kms, EVENTS, id, cursor)?.unwrap_or(i64::MAX);
        let wanted = i64::from(limit) + 1;
        let rows = self.db.read(move |c| consent_events::list_owned(c, id, before, wanted)).await?;
        let (events, next_cursor) =
            cursors::page(kms, EVENTS, id, rows, limit, |event| event.sequence.to_be_bytes().to_vec())?;
        Ok(ConsentEventPage { events, next_cursor })
    }

    /// The person's decisions about versions of the policy, newest first.
    ///
    /// # Errors
    ///
    /// [`ConsentError::Cursor`] for a cursor of another list or person.
    pub async fn decisions(
        &self,
        id: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<PolicyDecisionPage, ConsentError> {
        let kms = self.vault.kms();
        let before = cursors::count(kms, DECISIONS, id, cursor)?.unwrap_or(i64::MAX);
        let wanted = i64::from(limit) + 1;
        let rows = self.db.read(move |c| policy_acceptances::list_owned(c, id, before, wanted)).await?;
        let (decisions, next_cursor) = cursors::page(kms, DECISIONS, id, rows, limit, |decided| {
            decided.sequence.to_be_bytes().to_vec()
        })?;
        Ok(PolicyDecisionPage { decisions, next_cursor })
    }

    /// Tries an act on the policy in force, anew if another comes into force under it.
    async fn under_policy<T, F: Future<Output = Result<T, ConsentError>>>(
        &self,
        act: impl Fn(Arc<PublishedPolicy>) -> F,
    ) -> Result<T, ConsentError> {
        self.policies.while_in_force(|error| matches!(error, ConsentError::PolicyMoved), act).await
    }
}

/// The class of data that a category of keys seals.
const fn class_of(category: Category) -> PersonalDataClass {
    match category {
        Category::Identity => PersonalDataClass::Identity,
        Category::Contact => PersonalDataClass::Contact,
        Category::Address => PersonalDataClass::Address,
        Category::Documents | Category::Proofs => PersonalDataClass::Documents,
        Category::Security => PersonalDataClass::Security,
        Category::Messages => PersonalDataClass::Messages,
        Category::LogDetail | Category::Copies => PersonalDataClass::Evidence,
        Category::Statutory => PersonalDataClass::Statutory,
    }
}

/// The purposes of a version that a person says yes or no to.
fn answerable(policy: &PolicyVersion) -> impl Iterator<Item = &PurposeDefinition> {
    policy.document.purposes.iter().filter(|definition| definition.purpose.is_answerable())
}

/// Where a purpose stands, shown in the words of `definition`; `words` are those in force, if there are any.
fn purpose_standing(
    definition: PurposeDefinition,
    words: Option<InForce<'_>>,
    last: Option<ConsentEvent>,
    policy: PolicyStanding,
    now: Timestamp,
) -> PurposeStanding {
    let standing = standing(last.as_ref().map(LastEvent::from).as_ref(), words, policy, now);
    PurposeStanding { definition, last, standing }
}
