//! Accepting and refusing the policy in force (clauses 0.4, 4.1 and 9.3).

use super::{ConsentError, ConsentOrigin, ConsentService, NewEvent, Words, device_ref, drafts, hold};
use crate::{
    db::Conn,
    domain::{
        consent::{
            ConsentAction, ConsentKind, ConsentMethod, LastEvent, PolicyAcceptance, PolicyDecision,
            is_expressed_by_acceptance, standing,
        },
        ids::{AccountId, DeviceRef},
        policy::PublishedPolicy,
        purpose::Purpose,
        session::SessionEnd,
        time::Timestamp,
    },
    repositories::{
        accounts, consent_events, log as leaves, policy_acceptances, sessions, sign_in_challenges,
    },
    services::{
        disclosures::end_resting_on, idempotency::Recording, log::LeafDraft, reports::forget_person,
        vault::SubjectKeys,
    },
};

/// A decision about the policy, as it stands in the ledger.
pub type Decided = PolicyAcceptance;

impl ConsentService {
    /// Accepts the version in force, in the words that were shown. The purposes that its clauses contain
    /// are expressed with it; what the person withdrew is not revived.
    ///
    /// # Errors
    ///
    /// [`ConsentError::PolicySuperseded`] for any other version or words.
    #[tracing::instrument(skip_all)]
    pub async fn accept(
        &self,
        id: AccountId,
        shown: (i32, [u8; 32]),
        origin: ConsentOrigin,
        recording: Recording<Decided>,
    ) -> Result<Decided, ConsentError> {
        self.record_decision(id, PolicyDecision::Accepted, shown, origin, recording).await
    }

    /// Refuses the version in force: nothing that rested on the policy stands any more, and every session
    /// ends. Signing in again reaches what reads own data, narrows processing or secures the account.
    ///
    /// # Errors
    ///
    /// As [`accept`](Self::accept).
    #[tracing::instrument(skip_all)]
    pub async fn refuse(
        &self,
        id: AccountId,
        shown: (i32, [u8; 32]),
        origin: ConsentOrigin,
        recording: Recording<Decided>,
    ) -> Result<Decided, ConsentError> {
        self.record_decision(id, PolicyDecision::Refused, shown, origin, recording).await
    }

    async fn record_decision(
        &self,
        id: AccountId,
        decision: PolicyDecision,
        shown: (i32, [u8; 32]),
        origin: ConsentOrigin,
        recording: Recording<Decided>,
    ) -> Result<Decided, ConsentError> {
        let policy = self.policies.current().await?;
        if (policy.version, policy.content_hash) != shown {
            return Err(ConsentError::PolicySuperseded);
        }
        let (now, keys) = (self.clock.now(), self.vault.keys_of(id).await?);
        let drafts = drafts(1 + Purpose::expressed_by_policy().count(), now)?;
        let written = self
            .db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                hold(c, &policy)?;
                let act = Act { policy: &policy, keys: &keys, drafts: &drafts, origin, now };
                let decided = act.write(c, id, decision)?;
                recording.record(c, &keys, &decided)?;
                Ok(decided)
            })
            .await;
        match written {
            // Published in this very moment.
            Err(ConsentError::PolicyMoved) => Err(ConsentError::PolicySuperseded),
            written => written,
        }
    }
}

/// A decision that is being written.
struct Act<'a> {
    policy: &'a PublishedPolicy,
    keys: &'a SubjectKeys,
    drafts: &'a [LeafDraft],
    origin: ConsentOrigin,
    now: Timestamp,
}

impl Act<'_> {
    fn write(&self, c: &mut Conn, id: AccountId, decision: PolicyDecision) -> Result<Decided, ConsentError> {
        let facts = accounts::find_consent_facts(c, id)?.ok_or(ConsentError::NotFound)?;
        let refuses = decision == PolicyDecision::Refused;
        let standing = policy_acceptances::find_last(c, id)?
            .filter(|last| last.version == self.policy.version && last.decision == decision)
            .filter(|_| refuses == (facts.accepted_policy_version == 0));
        let decided = match standing {
            // Decided so before: the ledger says it once.
            Some(standing) => standing,
            None => self.decide(c, id, decision)?,
        };
        if refuses {
            sessions::end_others(c, id, None, SessionEnd::PolicyRefused, self.now)?;
            sign_in_challenges::delete_all(c, id)?;
        }
        Ok(decided)
    }

    fn decide(&self, c: &mut Conn, id: AccountId, decision: PolicyDecision) -> Result<Decided, ConsentError> {
        let device_ref = device_ref(c, self.origin.device)?;
        let (first, others) = self.drafts.split_first().ok_or(ConsentError::NotFound)?;
        let accepts = decision == PolicyDecision::Accepted;
        let decided = PolicyAcceptance {
            account_id: id,
            sequence: accounts::take_sequence(c, id, 1)?.ok_or(ConsentError::NotFound)?,
            version: self.policy.version,
            content_hash: self.policy.content_hash,
            decision,
            method: if accepts { ConsentMethod::PolicyAcceptance } else { ConsentMethod::PolicyRefusal },
            device_ref,
            given_at: self.now,
            recorded_at: self.now,
            leaf_id: first.id(),
        };
        leaves::append(c, &first.of_evidence(self.keys, &decided)?)?;
        policy_acceptances::append(c, &decided)?;
        if accepts {
            accounts::set_accepted_policy(c, id, self.policy.version)?;
            self.express(c, id, others, device_ref)?;
        } else {
            accounts::set_policy_refused(c, id, decided.sequence)?;
            end_resting_on(c, self.keys, None, self.now)?;
            forget_person(c, id)?;
        }
        Ok(decided)
    }

    /// The purposes that the accepted clauses contain.
    fn express(
        &self,
        c: &mut Conn,
        id: AccountId,
        drafts: &[LeafDraft],
        device_ref: Option<DeviceRef>,
    ) -> Result<(), ConsentError> {
        let last = consent_events::list_last(c, id)?;
        let facts = accounts::find_consent_facts(c, id)?.ok_or(ConsentError::NotFound)?;
        let policy = facts.standing(self.policy.version);
        let definitions = self.policy.document.purposes.iter().filter(|d| d.purpose.is_by_policy());
        for (definition, draft) in definitions.zip(drafts) {
            let last = last.iter().find(|event| event.purpose == definition.purpose);
            let words = self.policy.in_force(definition.purpose);
            let standing = standing(last.map(LastEvent::from).as_ref(), words, policy, self.now);
            if !is_expressed_by_acceptance(last.map(|event| event.kind), standing.state) {
                continue;
            }
            let event = NewEvent {
                words: Words::of(self.policy, definition),
                action: ConsentAction::Granted,
                kind: ConsentKind::PolicyClause,
                method: ConsentMethod::PolicyAcceptance,
                device_ref,
                gpc: self.origin.gpc,
            };
            let sequence = accounts::take_sequence(c, id, 1)?.ok_or(ConsentError::NotFound)?;
            event.write(c, self.keys, draft, sequence, self.now)?;
        }
        Ok(())
    }
}
