//! The second key, where the person is asked: what, to whom, where, why, until when; answered once, and taken back at
//! any time.

use super::{
    DisclosureError, DisclosureService,
    acting::Acting,
    drafts::write_over,
    gate,
    ledger::{self, Actor, Particulars},
};
use crate::{
    db::Conn,
    domain::{
        account::AccountState,
        disclosure::{
            Disclosure, DisclosureState, TO_RELEASE,
            consent_request::{ConsentRequest, ConsentRequestState},
            event::{DisclosureStep, StepReason},
            recipient::Recipient,
            refusal::GateRefusal,
            scope::Scope,
        },
        ids::{AccountId, ConsentRequestId, DeviceId, DeviceRef, NoticeId, RecipientId},
        message::MessageBody,
        notice::NoticeKind,
        time::Timestamp,
        webhook::WebhookEvent,
    },
    repositories::{
        accounts, consent_requests, devices, disclosure_events, disclosures, policy_versions, recipients,
    },
    services::{cursors, idempotency::Recording, mailing, notices, vault::SubjectKeys, webhooks::announce},
};

const REQUESTS: &str = "consent_requests";

/// A question with what it is about.
#[derive(Clone)]
pub struct AskedOf {
    pub request: ConsentRequest,
    /// The disclosure as it is now; it may have become another since.
    pub disclosure: Disclosure,
    /// What was asked for.
    pub scope: Scope,
    /// Whom it was to go to, in the words of that moment.
    pub recipient: Recipient,
}

/// A question that was answered.
pub type AnsweredRequest = AskedOf;

/// A page of questions, newest first.
pub struct ConsentRequestPage {
    pub requests: Vec<AskedOf>,
    pub next_cursor: Option<String>,
}

/// Puts the question to the person, with a notice and a mail.
pub(super) fn ask(
    c: &mut Conn,
    disclosure: &Disclosure,
    recipient: &Recipient,
    acting: &Acting<'_>,
) -> Result<(), DisclosureError> {
    let (now, profile) = (acting.at.now, acting.profile.ok_or(DisclosureError::StateConflict)?);
    let number = consent_requests::last_number(c, disclosure.account_id)? + 1;
    consent_requests::insert(
        c,
        &ConsentRequest {
            account_id: disclosure.account_id,
            id: ConsentRequestId::generate(now),
            number,
            disclosure_id: disclosure.id,
            revision: disclosure.revision,
            state: ConsentRequestState::Open,
            asked_at: now,
            expires_at: disclosure.ends_at,
            answered_at: None,
        },
    )?;
    let scope = gate::scope_of(disclosure, recipient);
    let step = (Actor::Staff(acting.by), DisclosureStep::Asked);
    ledger::write(c, acting.keys, step, (disclosure, &scope), Particulars::default(), now)?;
    let body = MessageBody::ConsentAsked {
        recipient: recipient.entry.terms.name.clone(),
        until: disclosure.ends_at.for_people(),
    };
    let mail = mailing::mail(acting.keys, profile, body, now)?;
    let notice = NoticeId::generate(now);
    notices::tell(c, disclosure.account_id, notice, NoticeKind::ConsentRequested, Some(&mail), now)?;
    Ok(())
}

impl DisclosureService {
    /// The person's questions, newest first.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Cursor`] for a cursor of another list or person.
    pub async fn consent_requests(
        &self,
        owner: AccountId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<ConsentRequestPage, DisclosureError> {
        let kms = self.vault.kms();
        let before = cursors::count(kms, REQUESTS, owner, cursor)?.unwrap_or(i64::MAX);
        let wanted = i64::from(limit) + 1;
        let rows = self
            .db
            .read(move |c| {
                let rows = consent_requests::list_owned(c, owner, before, wanted)?;
                rows.into_iter().map(|request| with_subject(c, request)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let (requests, next_cursor) = cursors::page(kms, REQUESTS, owner, rows, limit, |asked| {
            asked.request.number.to_be_bytes().to_vec()
        })?;
        Ok(ConsentRequestPage { requests, next_cursor })
    }

    /// One of the person's questions.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`] also for another person's.
    pub async fn consent_request(
        &self,
        owner: AccountId,
        id: ConsentRequestId,
    ) -> Result<AskedOf, DisclosureError> {
        self.db
            .read(move |c| {
                let request = consent_requests::find_owned(c, owner, id)?;
                with_subject(c, request.ok_or(DisclosureError::NotFound)?)
            })
            .await
    }

    /// Answers a question, once.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotOpen`] if it was answered, changed or given up before, or too late;
    /// [`DisclosureError::Restricted`] to agree while the account is restricted or on its way out.
    #[tracing::instrument(skip_all)]
    pub async fn answer(
        &self,
        owner: AccountId,
        id: ConsentRequestId,
        granted: bool,
        device: Option<DeviceId>,
        recording: Recording<AnsweredRequest>,
    ) -> Result<AnsweredRequest, DisclosureError> {
        let (now, keys) = (self.clock.now(), self.vault.keys_of(owner).await?);
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let request = consent_requests::find_owned(c, owner, id)?;
                let asked = with_subject(c, request.ok_or(DisclosureError::NotFound)?)?;
                let is_open = asked.request.state == ConsentRequestState::Open
                    && now < asked.request.expires_at
                    && asked.disclosure.state == DisclosureState::AwaitingConsent
                    && asked.disclosure.revision == asked.request.revision;
                if !is_open {
                    return Err(DisclosureError::NotOpen);
                }
                let facts = accounts::find_consent_facts(c, owner)?.ok_or(DisclosureError::NotFound)?;
                let in_force = policy_versions::find_current_number(c)?;
                if granted && !facts.standing(in_force).is_accepted() {
                    return Err(DisclosureError::PolicyNotAccepted);
                }
                if granted && facts.state != AccountState::Active {
                    return Err(DisclosureError::Restricted);
                }
                // The recipient may have other terms by now than those that were shown.
                let recipient = recipients::find(c, asked.disclosure.recipient_id)?;
                let is_same = recipient.is_some_and(|now| gate::is_of_scope(&asked.disclosure, &now));
                if granted && !is_same {
                    return Err(DisclosureError::NotOpen);
                }
                let said = if granted {
                    (ConsentRequestState::Granted, DisclosureStep::Granted, DisclosureState::Ready)
                } else {
                    (ConsentRequestState::Declined, DisclosureStep::Declined, DisclosureState::Declined)
                };
                // Whoever agrees has until the end of the whole; the time to answer was only for the answer.
                let ends_at = if granted { now.plus(TO_RELEASE) } else { asked.disclosure.ends_at };
                let particulars = Particulars { policy_version: Some(in_force), ..Particulars::default() };
                let actor = Actor::Person(device_ref(c, device)?);
                let answered = say(c, &keys, asked, (actor, said), particulars, ends_at, now)?;
                recording.record(c, &keys, &answered)?;
                Ok(answered)
            })
            .await
    }

    /// Takes back what was agreed to, before the release or after it: nothing is given out any more.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotOpen`] unless it was agreed to and stands.
    #[tracing::instrument(skip_all)]
    pub async fn withdraw_answer(
        &self,
        owner: AccountId,
        id: ConsentRequestId,
        device: Option<DeviceId>,
        recording: Recording<AnsweredRequest>,
    ) -> Result<AnsweredRequest, DisclosureError> {
        let (now, keys) = (self.clock.now(), self.vault.keys_of(owner).await?);
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let request = consent_requests::find_owned(c, owner, id)?;
                let asked = with_subject(c, request.ok_or(DisclosureError::NotFound)?)?;
                if asked.request.state != ConsentRequestState::Granted {
                    return Err(DisclosureError::NotOpen);
                }
                let state = asked.disclosure.state;
                let is_live = state.is_live() && asked.disclosure.revision == asked.request.revision;
                let said = (
                    ConsentRequestState::Withdrawn,
                    DisclosureStep::Withdrawn,
                    if is_live { DisclosureState::Revoked } else { state },
                );
                let particulars = Particulars {
                    policy_version: Some(policy_versions::find_current_number(c)?),
                    ..Particulars::default()
                };
                let actor = Actor::Person(device_ref(c, device)?);
                let ends_at = asked.disclosure.ends_at;
                let withdrawn = say(c, &keys, asked, (actor, said), particulars, ends_at, now)?;
                if is_live {
                    let because = StepReason::Gate(GateRefusal::ConsentWithdrawn);
                    let step = (Actor::Service, DisclosureStep::Revoked);
                    let about = (&withdrawn.disclosure, &withdrawn.scope);
                    ledger::write(c, &keys, step, about, Particulars::because(because), now)?;
                    if state == DisclosureState::Released {
                        let recipient = recipients::find(c, withdrawn.disclosure.recipient_id)?;
                        let client = recipient.and_then(|to| to.entry.partner_client_id);
                        let event = WebhookEvent::DisclosureRevoked(withdrawn.disclosure.id);
                        announce(c, client, event, now)?;
                    }
                }
                recording.record(c, &keys, &withdrawn)?;
                Ok(withdrawn)
            })
            .await
    }
}

/// Writes what the person said, and where it leaves the disclosure.
fn say(
    c: &mut Conn,
    keys: &SubjectKeys,
    asked: AskedOf,
    (actor, (to, step, state)): (Actor, (ConsentRequestState, DisclosureStep, DisclosureState)),
    particulars: Particulars,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<AnsweredRequest, DisclosureError> {
    if !consent_requests::change_state(c, &asked.request, to, now)? {
        return Err(DisclosureError::NotOpen);
    }
    let disclosure = Disclosure { state, ends_at, changed_at: now, ..asked.disclosure.clone() };
    if state != asked.disclosure.state {
        write_over(c, &asked.disclosure, &disclosure)?;
    }
    ledger::write(c, keys, (actor, step), (&disclosure, &asked.scope), particulars, now)?;
    let request = ConsentRequest { state: to, answered_at: Some(now), ..asked.request };
    Ok(AskedOf { request, disclosure, ..asked })
}

/// A question with what it was about: the disclosure may be about something else by now.
fn with_subject(c: &mut Conn, request: ConsentRequest) -> Result<AskedOf, DisclosureError> {
    let disclosure = disclosures::find_owned(c, request.account_id, request.disclosure_id)?;
    let disclosure = disclosure.ok_or(DisclosureError::NotFound)?;
    let asked = disclosure_events::list(c, request.account_id, request.disclosure_id)?;
    let asked = asked
        .into_iter()
        .rfind(|event| event.step == DisclosureStep::Asked && event.revision == request.revision);
    let asked = asked.ok_or(DisclosureError::NotFound)?;
    let recipient = as_it_was(c, asked.scope.recipient_id, asked.at)?;
    Ok(AskedOf { request, disclosure, scope: asked.scope, recipient })
}

/// A recipient in the words of an instant.
pub(super) fn as_it_was(c: &mut Conn, id: RecipientId, at: Timestamp) -> Result<Recipient, DisclosureError> {
    let recipient = recipients::find(c, id)?.ok_or(DisclosureError::NotFound)?;
    let entry = recipients::find_entry_at(c, id, at)?;
    Ok(Recipient { entry: entry.unwrap_or_else(|| recipient.entry.clone()), ..recipient })
}

pub(super) fn device_ref(
    c: &mut Conn,
    device: Option<DeviceId>,
) -> Result<Option<DeviceRef>, DisclosureError> {
    let Some(device) = device else { return Ok(None) };
    Ok(devices::find(c, device)?.map(|device| device.reference))
}
