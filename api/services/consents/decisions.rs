//! Granting and withdrawing: the same single call, which always takes effect.

use std::sync::Arc;

use super::{
    ConsentError, ConsentOrigin, ConsentService, NewEvent, PurposeStanding, Words, device_ref, drafts, hold,
    purpose_standing,
};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::AccountState,
        consent::{ConsentAction, ConsentEvent, ConsentKind, ConsentMethod, ConsequenceCode, PolicyStanding},
        ids::AccountId,
        policy::PublishedPolicy,
        purpose::{LawfulBasis, Purpose, PurposeDefinition},
        time::Timestamp,
    },
    repositories::{accounts, accounts::ConsentFacts, consent_events},
    services::{disclosures::end_resting_on, log::LeafDraft, vault::SubjectKeys},
};

/// What a person decides about a purpose.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    pub purpose: Purpose,
    pub granted: bool,
    /// The words that were shown; needed to grant, ignored to withdraw.
    pub definition_hash: Option<[u8; 32]>,
}

/// What came, or would come, of a decision.
pub struct ConsentDecision {
    pub consent: PurposeStanding,
    /// The event that was written; none if nothing changed, or nothing was to be written.
    pub event: Option<ConsentEvent>,
    pub consequences: &'static [(ConsequenceCode, &'static str)],
    pub dry_run: bool,
}

/// What the transaction looks at.
struct Scene<'a> {
    policy: &'a PublishedPolicy,
    /// In the words in force, or in those that the person knows if the policy has none.
    definition: &'a PurposeDefinition,
    facts: ConsentFacts,
    last: Option<ConsentEvent>,
    now: Timestamp,
}

impl Scene<'_> {
    fn policy_standing(&self) -> PolicyStanding {
        self.facts.standing(self.policy.version)
    }

    fn standing(&self) -> PurposeStanding {
        let (definition, words) = (self.definition.clone(), self.policy.in_force(self.definition.purpose));
        purpose_standing(definition, words, self.last.clone(), self.policy_standing(), self.now)
    }

    /// A withdrawal is about the words that were agreed to; anything else about those in force.
    fn words(&self, action: ConsentAction) -> Words {
        match &self.last {
            Some(last) if action == ConsentAction::Withdrawn => Words::taken_back(last),
            _ => Words::of(self.policy, self.definition),
        }
    }

    /// What the choice does to the consent; nothing if it stands so already.
    fn action(&self, choice: &Choice) -> Result<Option<ConsentAction>, ConsentError> {
        let by_contract = self.definition.lawful_basis == LawfulBasis::Contract;
        let last = self.last.as_ref().map(|event| event.action);
        if !choice.granted {
            return Ok(match last {
                Some(ConsentAction::Granted) => Some(ConsentAction::Withdrawn),
                // What stands by the contract alone is withdrawn; what nobody agreed to is declined.
                None if by_contract => Some(ConsentAction::Withdrawn),
                None => Some(ConsentAction::Declined),
                Some(ConsentAction::Declined | ConsentAction::Withdrawn) => None,
            });
        }
        // Extending needs the policy in force, narrowing never does (clause 0.4).
        if !self.policy_standing().is_accepted() {
            return Err(ConsentError::PolicyNotAccepted);
        }
        if self.facts.state != AccountState::Active {
            return Err(ConsentError::Restricted);
        }
        if self.facts.service_withdrawn_at.is_some() && !choice.purpose.is_required() {
            return Err(ConsentError::ServiceWithdrawn);
        }
        if choice.definition_hash != Some(self.definition.hash()) {
            return Err(ConsentError::DefinitionSuperseded);
        }
        let stands = self.standing().standing.for_new;
        let own_choice = self.last.as_ref().is_some_and(|event| event.kind == ConsentKind::Specific);
        Ok((!(stands && (own_choice || by_contract))).then_some(ConsentAction::Granted))
    }
}

impl ConsentService {
    /// Grants or withdraws a purpose; with `dry_run` only tells what would follow.
    ///
    /// # Errors
    ///
    /// [`ConsentError::NotByConsent`] for a purpose that rests on no answer; for a grant also
    /// [`ConsentError::PolicyNotAccepted`], [`ConsentError::DefinitionSuperseded`],
    /// [`ConsentError::Restricted`] and [`ConsentError::ServiceWithdrawn`]. A withdrawal is never refused, also
    /// not of what the policy speaks of no more.
    #[tracing::instrument(skip_all)]
    pub async fn decide(
        &self,
        id: AccountId,
        choice: Choice,
        origin: ConsentOrigin,
        dry_run: bool,
    ) -> Result<ConsentDecision, ConsentError> {
        let keys = self.vault.keys_of(id).await?;
        self.under_policy(|policy| self.decide_under(policy, Arc::clone(&keys), choice, origin, dry_run))
            .await
    }

    async fn decide_under(
        &self,
        policy: Arc<PublishedPolicy>,
        keys: Arc<SubjectKeys>,
        choice: Choice,
        origin: ConsentOrigin,
        dry_run: bool,
    ) -> Result<ConsentDecision, ConsentError> {
        if !choice.purpose.is_answerable() {
            return Err(ConsentError::NotByConsent(choice.purpose));
        }
        let (now, id) = (self.clock.now(), keys.account_id());
        let definition = self.definition_for(&policy, id, &choice).await?;
        let draft = LeafDraft::new(now)?;
        let decide = move |c: &mut Conn| {
            hold(c, &policy)?;
            let facts = accounts::find_consent_facts(c, id)?.ok_or(ConsentError::NotFound)?;
            let last = consent_events::find_last(c, id, choice.purpose)?;
            let mut scene = Scene { policy: &policy, definition: &definition, facts, last, now };
            let action = scene.action(&choice)?;
            let was_stopped = scene.facts.service_withdrawn_at.is_some();
            let mut written = None;
            if let Some(action) = action {
                let event = NewEvent {
                    words: scene.words(action),
                    action,
                    kind: ConsentKind::Specific,
                    method: ConsentMethod::AccountSettings,
                    device_ref: device_ref(c, origin.device)?,
                    gpc: origin.gpc,
                };
                let event = if dry_run {
                    event.at(id, 0, draft.id(), now)
                } else {
                    let sequence = accounts::take_sequence(c, id, 1)?.ok_or(ConsentError::NotFound)?;
                    let event = event.write(c, &keys, &draft, sequence, now)?;
                    if event.action != ConsentAction::Granted {
                        end_resting_on(c, &keys, Some(choice.purpose), now)?;
                    }
                    if definition.required {
                        settle_service(c, id, &event, was_stopped, now)?;
                    }
                    written = Some(event.clone());
                    event
                };
                scene.last = Some(event);
            }
            let consequences =
                if choice.granted || action.is_none() { &[][..] } else { choice.purpose.consequences() };
            Ok(ConsentDecision { consent: scene.standing(), event: written, consequences, dry_run })
        };
        if dry_run { self.db.read(decide).await } else { self.db.write_for(id, decide).await }
    }
}

impl ConsentService {
    /// The words in which the decision is answered.
    async fn definition_for(
        &self,
        policy: &PublishedPolicy,
        id: AccountId,
        choice: &Choice,
    ) -> Result<PurposeDefinition, ConsentError> {
        let purpose = choice.purpose;
        if let Some(definition) = policy.document.definition(purpose) {
            return Ok(definition.clone());
        }
        let last = self.db.read(move |c| consent_events::find_last(c, id, purpose)).await?;
        match last {
            Some(last) if !choice.granted => self.words_of(&last).await,
            _ => Err(ConsentError::NotFound),
        }
    }
}

/// Stops or resumes the service: it goes on only if nothing that it cannot do without is withdrawn.
fn settle_service(
    c: &mut Conn,
    id: AccountId,
    event: &ConsentEvent,
    was_stopped: bool,
    now: Timestamp,
) -> Result<(), StorageError> {
    let mut stopped = event.action != ConsentAction::Granted;
    for other in Purpose::ALL.iter().filter(|other| other.is_required() && **other != event.purpose) {
        let last = consent_events::find_last(c, id, *other)?;
        stopped |= last.is_some_and(|event| event.action != ConsentAction::Granted);
    }
    if stopped != was_stopped {
        accounts::set_service_withdrawn(c, id, stopped.then_some(now))?;
    }
    Ok(())
}

impl ConsentService {
    /// Honours Global Privacy Control at its first sight for the account: analytics and advertising are
    /// refused once, and what the person grants later stands.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    #[tracing::instrument(skip_all)]
    pub async fn honour_gpc(&self, id: AccountId, origin: ConsentOrigin) -> Result<(), ConsentError> {
        let keys = self.vault.keys_of(id).await?;
        self.under_policy(|policy| self.honour_gpc_under(policy, Arc::clone(&keys), origin)).await
    }

    async fn honour_gpc_under(
        &self,
        policy: Arc<PublishedPolicy>,
        keys: Arc<SubjectKeys>,
        origin: ConsentOrigin,
    ) -> Result<(), ConsentError> {
        let (now, id) = (self.clock.now(), keys.account_id());
        let drafts = drafts(Purpose::ALL.len(), now)?;
        self.db
            .write_for(id, move |c| {
                hold(c, &policy)?;
                if !accounts::note_gpc(c, id, now)? {
                    return Ok(());
                }
                let device_ref = device_ref(c, origin.device)?;
                let refused = policy.document.purposes.iter().filter(|d| d.purpose.is_refused_by_gpc());
                for (definition, draft) in refused.zip(&drafts) {
                    let (action, words) = match consent_events::find_last(c, id, definition.purpose)? {
                        Some(last) if last.action == ConsentAction::Granted => {
                            (ConsentAction::Withdrawn, Words::taken_back(&last))
                        }
                        Some(_) => continue,
                        None => (ConsentAction::Declined, Words::of(&policy, definition)),
                    };
                    let sequence = accounts::take_sequence(c, id, 1)?.ok_or(ConsentError::NotFound)?;
                    let event = NewEvent {
                        words,
                        action,
                        kind: ConsentKind::Specific,
                        method: ConsentMethod::Gpc,
                        device_ref,
                        gpc: true,
                    };
                    event.write(c, &keys, draft, sequence, now)?;
                }
                Ok(())
            })
            .await
    }
}
