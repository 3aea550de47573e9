//! Drafts: what data processors ask for, and change, and give up.

use super::{
    DisclosureError, DisclosureService, DraftFault, StaffDisclosure,
    acting::{Acting, Turn, record},
    contact_data, gate,
    ledger::{self, Actor, Particulars},
};
use crate::{
    db::Conn,
    domain::{
        account::{AccountState, Profile},
        consent::ConsentKind,
        data_dictionary::DISCLOSURE_GROUND,
        disclosure::{
            Disclosure, DisclosureState, Silence, TO_RELEASE,
            classes::ClassRule,
            consent_request::ConsentRequestState,
            event::DisclosureStep,
            instrument::Instrument,
            recipient::{Recipient, RecipientState},
            scope::DisclosureField,
        },
        ids::{AccountId, DisclosureId, InstrumentId, RecipientId, StaffId},
        kyc::special_categories,
        personal::{Personal, PersonalText},
        purpose::Purpose,
        time::Timestamp,
    },
    repositories::{accounts, consent_requests, disclosures, instruments},
    services::{
        idempotency::Recording,
        vault::{Row, SubjectKeys},
    },
    telemetry::metrics,
};

/// What is to be disclosed about whom to whom.
#[derive(Clone)]
pub struct DraftDisclosure {
    pub account_id: AccountId,
    pub recipient_id: RecipientId,
    pub fields: Vec<DisclosureField>,
    /// Ask the person, also where accepting the policy would suffice.
    pub ask: bool,
    pub instrument_id: Option<InstrumentId>,
    /// What it is for; the legal team reads it.
    pub ground: Option<PersonalText>,
}

/// What a draft is held against.
struct Scene {
    recipient: Recipient,
    instrument: Option<Instrument>,
    profile: Profile,
}

impl DisclosureService {
    /// Drafts a disclosure.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Draft`] with everything that is wrong with it; [`DisclosureError::ContactData`] and
    /// [`DisclosureError::SpecialCategory`] for a ground that the legal team must not read.
    #[tracing::instrument(skip_all)]
    pub async fn draft(
        &self,
        by: StaffId,
        asked: DraftDisclosure,
        recording: Recording<StaffDisclosure>,
    ) -> Result<StaffDisclosure, DisclosureError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(asked.account_id).await?;
        let scene = self.scene(&keys, &asked).await?;
        let kind = check(&scene, &asked, now)?;
        let draft = Disclosure {
            account_id: asked.account_id,
            id: DisclosureId::generate(now),
            recipient_id: asked.recipient_id,
            purpose: purpose_of(&scene.recipient)?,
            fields: DisclosureField::sorted(asked.fields.clone()),
            consent_kind: kind,
            instrument_id: asked.instrument_id,
            transfer_id: None,
            has_ground: asked.ground.is_some(),
            revision: 1,
            scope_hash: [0; 32],
            state: DisclosureState::Draft,
            requested_by: by,
            requested_at: now,
            changed_at: now,
            ends_at: now.plus(TO_RELEASE),
            released_at: None,
            feed_number: None,
            reviews_needed: 1,
            pulls: 0,
            steps: 0,
            silence: silence_of(scene.instrument.as_ref(), now),
            told_at: None,
        };
        let draft = with_hash(draft, &scene.recipient);
        let ground = seal_ground(&keys, &draft, asked.ground.as_ref())?;
        let subject = self.subject_of(draft.account_id, draft.id)?;
        self.db
            .write_holding(draft.account_id, move |c| {
                is_there(c, draft.account_id)?;
                recording.refuse_if_done(c)?;
                disclosures::insert(c, &draft, ground.clone())?;
                let step = (Actor::Staff(by), DisclosureStep::Requested);
                let scope = gate::scope_of(&draft, &scene.recipient);
                let event = ledger::write(c, &keys, step, (&draft, &scope), Particulars::default(), now)?;
                let drafted = StaffDisclosure {
                    disclosure: Disclosure { steps: 1, ..draft.clone() },
                    subject,
                    recipient: scene.recipient.clone(),
                    ground: asked.ground.clone(),
                    steps: vec![event],
                    standing: None,
                };
                // What it is for is about the person, and goes with the person.
                record(&recording, c, &keys, &drafted)?;
                Ok(drafted)
            })
            .await
    }

    /// Writes a disclosure anew. Whatever was approved or agreed to before was something else.
    ///
    /// # Errors
    ///
    /// As [`draft`](Self::draft); [`DisclosureError::StateConflict`] once it was released or has ended,
    /// [`DisclosureError::Stale`] for another revision.
    #[tracing::instrument(skip_all)]
    pub async fn change(
        &self,
        by: StaffId,
        (id, revision): (DisclosureId, Option<i64>),
        asked: DraftDisclosure,
    ) -> Result<StaffDisclosure, DisclosureError> {
        let now = self.clock.now();
        let (was, _) = self.find(id).await?;
        let keys = self.vault.keys_of(was.account_id).await?;
        let scene = self.scene(&keys, &asked).await?;
        let kind = check(&scene, &asked, now)?;
        let ground = seal_ground(&keys, &was, asked.ground.as_ref())?;
        self.db
            .write_holding(was.account_id, move |c| {
                accounts::hold(c, was.account_id)?;
                let was = disclosures::find(c, id)?.ok_or(DisclosureError::NotFound)?;
                if revision.is_some_and(|revision| revision != i64::from(was.revision)) {
                    return Err(DisclosureError::Stale);
                }
                if !was.state.is_open() || was.transfer_id.is_some() {
                    return Err(DisclosureError::StateConflict);
                }
                let silence = silence_after(&scene, &was, now);
                // Nor does a question that was put come to be about what must not be known.
                let is_known =
                    kind == ConsentKind::Specific || consent_requests::was_asked(c, was.account_id, id)?;
                if silence.is_some() && is_known {
                    return Err(DisclosureError::Draft(vec![DraftFault::SilentQuestion]));
                }
                // From the row as it is now: the next revision is one that nothing was ever said about.
                let changed = Disclosure {
                    recipient_id: asked.recipient_id,
                    purpose: purpose_of(&scene.recipient)?,
                    fields: DisclosureField::sorted(asked.fields.clone()),
                    consent_kind: kind,
                    instrument_id: asked.instrument_id,
                    has_ground: asked.ground.is_some(),
                    revision: was.revision + 1,
                    state: DisclosureState::Draft,
                    changed_at: now,
                    ends_at: now.plus(TO_RELEASE),
                    silence,
                    ..was.clone()
                };
                let changed = with_hash(changed, &scene.recipient);
                write_over(c, &was, &changed)?;
                disclosures::set_ground(c, was.account_id, id, ground.clone())?;
                let standing = [ConsentRequestState::Open, ConsentRequestState::Granted];
                consent_requests::end(c, was.account_id, id, &standing, ConsentRequestState::Cancelled)?;
                let step = (Actor::Staff(by), DisclosureStep::Changed);
                let scope = gate::scope_of(&changed, &scene.recipient);
                ledger::write(c, &keys, step, (&changed, &scope), Particulars::default(), now)?;
                Ok(())
            })
            .await?;
        self.staff_disclosure(id).await
    }

    /// Hands a draft to the legal team.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::StateConflict`] unless it is a draft.
    #[tracing::instrument(skip_all)]
    pub async fn submit(
        &self,
        by: StaffId,
        id: DisclosureId,
        recording: Recording<StaffDisclosure>,
    ) -> Result<StaffDisclosure, DisclosureError> {
        self.act((by, id), Turn::OfPerson, recording, |c, was, recipient, acting| {
            if was.state != DisclosureState::Draft {
                return Err(DisclosureError::StateConflict);
            }
            move_to(c, (&was, recipient), DisclosureState::InReview, DisclosureStep::Submitted, acting)
        })
        .await
    }

    /// Gives a disclosure up before its release.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::StateConflict`] once it was released or has ended.
    #[tracing::instrument(skip_all)]
    pub async fn cancel(
        &self,
        by: StaffId,
        id: DisclosureId,
        recording: Recording<StaffDisclosure>,
    ) -> Result<StaffDisclosure, DisclosureError> {
        self.act((by, id), Turn::OfPerson, recording, |c, was, recipient, acting| {
            if !was.state.is_open() {
                return Err(DisclosureError::StateConflict);
            }
            consent_requests::end_open(c, was.account_id, was.id, ConsentRequestState::Cancelled)?;
            move_to(c, (&was, recipient), DisclosureState::Cancelled, DisclosureStep::Cancelled, acting)
        })
        .await
    }

    async fn scene(&self, keys: &SubjectKeys, asked: &DraftDisclosure) -> Result<Scene, DisclosureError> {
        let (id, recipient_id, instrument_id) = (asked.account_id, asked.recipient_id, asked.instrument_id);
        let recipient = self.recipient(recipient_id).await?;
        let instrument = match instrument_id {
            Some(id) => self.db.read(move |c| instruments::find(c, id)).await?,
            None => None,
        };
        let profile = self.profile_of(id, keys).await?.ok_or(DisclosureError::NotFound)?;
        Ok(Scene { recipient, instrument, profile })
    }
}

fn move_to(
    c: &mut Conn,
    (was, recipient): (&Disclosure, &Recipient),
    state: DisclosureState,
    step: DisclosureStep,
    acting: &Acting<'_>,
) -> Result<(), DisclosureError> {
    let now = acting.at.now;
    let moved = Disclosure { state, changed_at: now, ..was.clone() };
    write_over(c, was, &moved)?;
    let scope = gate::scope_of(&moved, recipient);
    let step = (Actor::Staff(acting.by), step);
    ledger::write(c, acting.keys, step, (&moved, &scope), Particulars::default(), now)?;
    Ok(())
}

/// Writes a disclosure over what it was.
pub(super) fn write_over(c: &mut Conn, was: &Disclosure, now: &Disclosure) -> Result<(), DisclosureError> {
    if disclosures::update(c, was, now)? { Ok(()) } else { Err(DisclosureError::Stale) }
}

fn is_there(c: &mut Conn, id: AccountId) -> Result<(), DisclosureError> {
    accounts::hold(c, id)?;
    match accounts::find_standing(c, id)?.map(|standing| standing.state) {
        Some(AccountState::Active | AccountState::Restricted) => Ok(()),
        Some(AccountState::Closing | AccountState::Closed) => Err(DisclosureError::StateConflict),
        None => Err(DisclosureError::NotFound),
    }
}

fn purpose_of(recipient: &Recipient) -> Result<Purpose, DisclosureError> {
    let rule = ClassRule::of(recipient.entry.terms.class);
    rule.map(|rule| rule.purpose).ok_or_else(|| DisclosureError::Draft(vec![DraftFault::Recipient]))
}

pub(super) fn with_hash(disclosure: Disclosure, recipient: &Recipient) -> Disclosure {
    let whose = (disclosure.account_id, disclosure.id, disclosure.revision);
    let scope_hash = gate::scope_of(&disclosure, recipient).hash(whose, &recipient.entry.terms);
    Disclosure { scope_hash, ..disclosure }
}

/// The order that forbids to tell does so from the first word on.
pub(super) fn silence_of(instrument: Option<&Instrument>, now: Timestamp) -> Option<(Silence, Timestamp)> {
    let until = instrument.and_then(|instrument| instrument.gag_until).filter(|until| now < *until);
    until.map(|until| (Silence::Gag, until))
}

/// After a change: what the order forbids, and what was set before where the class still allows it; whichever lasts
/// longer.
fn silence_after(scene: &Scene, was: &Disclosure, now: Timestamp) -> Option<(Silence, Timestamp)> {
    let may_be_silent =
        ClassRule::of(scene.recipient.entry.terms.class).is_some_and(|rule| rule.may_be_silent);
    let before = was.silence.filter(|(_, until)| may_be_silent && now < *until);
    [silence_of(scene.instrument.as_ref(), now), before].into_iter().flatten().max_by_key(|(_, until)| *until)
}

fn seal_ground(
    keys: &SubjectKeys,
    disclosure: &Disclosure,
    ground: Option<&PersonalText>,
) -> Result<Option<Vec<u8>>, DisclosureError> {
    let Some(ground) = ground else { return Ok(None) };
    let row = Row(disclosure.id.as_bytes());
    Ok(Some(keys.seal(&DISCLOSURE_GROUND, row, ground)?.into_envelope()))
}

/// Holds a draft against the table of classes and the order, and its ground against what the legal team may read;
/// gives the consent that it takes.
fn check(scene: &Scene, asked: &DraftDisclosure, now: Timestamp) -> Result<ConsentKind, DisclosureError> {
    let rule = ClassRule::of(scene.recipient.entry.terms.class)
        .filter(|_| scene.recipient.state == RecipientState::Active);
    let Some(rule) = rule else { return Err(DisclosureError::Draft(vec![DraftFault::Recipient])) };
    let mut faults = Vec::new();
    if asked.ask && rule.takes_instrument {
        faults.push(DraftFault::CompelledQuestion);
    }
    for (n, field) in asked.fields.iter().enumerate() {
        if rule.consent_for(&[*field]).is_none() {
            faults.push(DraftFault::Field(n));
        }
    }
    faults.extend(faults_of_instrument(rule, scene, asked, now));
    if rule.takes_ground && asked.ground.is_none() {
        faults.push(DraftFault::GroundMissing);
    }
    let least = rule.consent_for(&asked.fields);
    let kind = if asked.ask { Some(ConsentKind::Specific) } else { least };
    if kind == Some(ConsentKind::Specific) && silence_of(scene.instrument.as_ref(), now).is_some() {
        faults.push(DraftFault::SilentQuestion);
    }
    if let Some(ground) = &asked.ground {
        if let Some(category) = special_categories::found_in(ground.expose()) {
            metrics().special_categories.with_label_values(&[category.as_str()]).inc();
            return Err(DisclosureError::SpecialCategory(category));
        }
        if contact_data::tells(ground.expose(), &scene.profile) {
            return Err(DisclosureError::ContactData);
        }
    }
    match kind {
        Some(kind) if faults.is_empty() => Ok(kind),
        _ => Err(DisclosureError::Draft(faults)),
    }
}

fn faults_of_instrument(
    rule: &ClassRule,
    scene: &Scene,
    asked: &DraftDisclosure,
    now: Timestamp,
) -> Vec<DraftFault> {
    if !rule.takes_instrument {
        return asked.instrument_id.map(|_| DraftFault::InstrumentNotTaken).into_iter().collect();
    }
    let in_force = scene
        .instrument
        .as_ref()
        .filter(|instrument| instrument.recipient_id == scene.recipient.id && instrument.is_in_force(now));
    let Some(instrument) = in_force else { return vec![DraftFault::InstrumentMissing] };
    let outside = asked.fields.iter().enumerate().filter(|(_, field)| !instrument.fields.contains(field));
    outside.map(|(n, _)| DraftFault::OutsideInstrument(n)).collect()
}
