//! The two-key gate: nothing personal goes to a third party without the legal team's review and the person's
//! consent (clause 4.8).
//!
//! It is asked at the release and at every pull, inside the transaction that records them. A [`Permit`] is the only
//! way to a package and to the row that says it went, [`admit`] is the only way to a permit, and a permit holds the
//! transaction's connection: it cannot outlive the transaction in which everything here was found to hold.

use std::collections::HashSet;

use crate::{
    db::{Conn, StorageError},
    domain::{
        account::AccountState,
        consent::{ConsentKind, ConsentStanding, ConsentState, LastEvent, PolicyStanding, standing},
        country::Country,
        disclosure::{
            Disclosure, DisclosureState, MOST_PULLS, MOST_WITH_ONE_REVIEW, REVIEW_WINDOW,
            classes::ClassRule,
            event::{DisclosureEvent, DisclosureStep},
            recipient::{Recipient, RecipientState},
            refusal::GateRefusal,
            scope::Scope,
        },
        ids::StaffId,
        policy::PublishedPolicy,
        purpose::Purpose,
        time::Timestamp,
    },
    repositories::{
        accounts, consent_events, disclosure_events, disclosures, instruments, policy_versions,
        processing_limit_events, profiles, recipients,
    },
};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Release,
    Pull,
}

/// Under which policy, and when.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    pub policy: &'a PublishedPolicy,
    pub now: Timestamp,
}

/// Why there is no permit.
#[derive(Debug)]
pub enum Shut {
    Refused(GateRefusal),
    /// Another version of the policy came into force since it was looked at.
    PolicyMoved,
    Storage(StorageError),
}

impl From<StorageError> for Shut {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<GateRefusal> for Shut {
    fn from(refusal: GateRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// That both keys were there, in this transaction. It is spent by recording what it permits.
pub struct Permit<'c> {
    conn: &'c mut Conn,
    disclosure: Disclosure,
    recipient: Recipient,
    rule: &'static ClassRule,
    scope: Scope,
    reviews_needed: i32,
    consent_sequence: i64,
    policy_version: i32,
    now: Timestamp,
}

impl Permit<'_> {
    pub const fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    pub const fn disclosure(&self) -> &Disclosure {
        &self.disclosure
    }

    pub const fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    pub const fn rule(&self) -> &'static ClassRule {
        self.rule
    }

    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    pub const fn reviews_needed(&self) -> i32 {
        self.reviews_needed
    }

    /// The person's own number of the event in which they agreed.
    pub const fn consent_sequence(&self) -> i64 {
        self.consent_sequence
    }

    pub const fn policy_version(&self) -> i32 {
        self.policy_version
    }

    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

/// Asks the gate. The transaction holds the person's row already, and has read the disclosure since.
///
/// # Errors
///
/// [`Shut::Refused`] with the first thing that does not hold.
pub fn admit<'c>(
    c: &'c mut Conn,
    way: Way,
    disclosure: Disclosure,
    at: &Moment<'_>,
) -> Result<Permit<'c>, Shut> {
    if way == Way::Release {
        // Releases to one recipient are one after the other: each counts the persons before it.
        recipients::hold(c, disclosure.recipient_id)?;
    }
    let Found { recipient, rule, scope, keys } = examine(c, way, &disclosure, at)?;
    let Keys { reviews_needed, consent_sequence } = keys;
    let (policy_version, now) = (at.policy.version, at.now);
    Ok(Permit {
        conn: c,
        disclosure,
        recipient,
        rule,
        scope,
        reviews_needed,
        consent_sequence,
        policy_version,
        now,
    })
}

/// What the gate would say at this moment; it lets nothing out.
///
/// # Errors
///
/// As [`admit`].
pub fn ask(c: &mut Conn, way: Way, disclosure: &Disclosure, at: &Moment<'_>) -> Result<(), Shut> {
    examine(c, way, disclosure, at).map(|_| ())
}

/// Everything that was found to hold.
struct Found {
    recipient: Recipient,
    rule: &'static ClassRule,
    scope: Scope,
    keys: Keys,
}

fn examine(c: &mut Conn, way: Way, disclosure: &Disclosure, at: &Moment<'_>) -> Result<Found, Shut> {
    if policy_versions::find_current_number(c)? != at.policy.version {
        return Err(Shut::PolicyMoved);
    }
    is_due(way, disclosure, at.now)?;
    let recipient = recipients::find(c, disclosure.recipient_id)?.ok_or(GateRefusal::RecipientInactive)?;
    if recipient.state != RecipientState::Active {
        return Err(GateRefusal::RecipientInactive.into());
    }
    let scope = scope_of(disclosure, &recipient);
    let rule = class_allows(disclosure, &recipient, &scope)?;
    instrument_carries(c, rule, disclosure, at.now)?;
    if rule.takes_ground && !disclosure.has_ground {
        return Err(GateRefusal::GroundMissing.into());
    }
    let keys = both_keys(c, way, disclosure, &recipient, at)?;
    let abroad = (scope.country != Country::HOME).then_some(Purpose::CrossBorderTransfer);
    for limit in processing_limit_events::list_standing(c, disclosure.account_id)? {
        for purpose in std::iter::once(disclosure.purpose).chain(abroad) {
            if let Some(refusal) = limit.scope.refuses(purpose, &disclosure.fields) {
                return Err(refusal.into());
            }
        }
    }
    // Part of the person may be erased while the account lives on.
    if profiles::find_unless_erased(c, disclosure.account_id)?.is_none() {
        return Err(GateRefusal::SubjectGone.into());
    }
    Ok(Found { recipient, rule, scope, keys })
}

/// Both keys as they were found.
struct Keys {
    reviews_needed: i32,
    consent_sequence: i64,
}

fn both_keys(
    c: &mut Conn,
    way: Way,
    disclosure: &Disclosure,
    recipient: &Recipient,
    at: &Moment<'_>,
) -> Result<Keys, Shut> {
    let steps = disclosure_events::list(c, disclosure.account_id, disclosure.id)?;
    let reviews_needed = reviews_needed(c, way, disclosure, at.now)?;
    is_reviewed(&steps, disclosure, reviews_needed)?;
    let consent_sequence = is_agreed_to(c, &steps, disclosure, recipient, at)?;
    Ok(Keys { reviews_needed, consent_sequence })
}

/// Whether both keys are there, for a disclosure that comes to that; it lets nothing out.
///
/// # Errors
///
/// As [`admit`].
pub fn find_keys(
    c: &mut Conn,
    disclosure: &Disclosure,
    recipient: &Recipient,
    at: &Moment<'_>,
) -> Result<(), Shut> {
    if policy_versions::find_current_number(c)? != at.policy.version {
        return Err(Shut::PolicyMoved);
    }
    both_keys(c, Way::Release, disclosure, recipient, at).map(|_| ())
}

/// What the disclosure is about, in the words of today.
pub fn scope_of(disclosure: &Disclosure, recipient: &Recipient) -> Scope {
    Scope {
        recipient_id: recipient.id,
        class: recipient.entry.terms.class,
        country: recipient.entry.terms.country,
        purpose: disclosure.purpose,
        fields: disclosure.fields.clone(),
        consent_kind: disclosure.consent_kind,
        instrument_id: disclosure.instrument_id,
    }
}

/// Whether a disclosure is still about what its hash says, with the recipient as it is now.
pub fn is_of_scope(disclosure: &Disclosure, recipient: &Recipient) -> bool {
    let whose = (disclosure.account_id, disclosure.id, disclosure.revision);
    scope_of(disclosure, recipient).hash(whose, &recipient.entry.terms) == disclosure.scope_hash
}

fn is_due(way: Way, disclosure: &Disclosure, now: Timestamp) -> Result<(), GateRefusal> {
    let is_far_enough = match way {
        Way::Release => {
            matches!(disclosure.state, DisclosureState::AwaitingConsent | DisclosureState::Ready)
        }
        Way::Pull => disclosure.state == DisclosureState::Released,
    };
    if !is_far_enough {
        return Err(GateRefusal::NotReady);
    }
    if now >= disclosure.ends_at {
        return Err(GateRefusal::OutOfTime);
    }
    if disclosure.pulls >= MOST_PULLS {
        return Err(GateRefusal::PullsSpent);
    }
    Ok(())
}

/// The class may be told these fields, and the recipient is what it was when the disclosure was drafted.
fn class_allows(
    disclosure: &Disclosure,
    recipient: &Recipient,
    scope: &Scope,
) -> Result<&'static ClassRule, GateRefusal> {
    if !is_of_scope(disclosure, recipient) {
        return Err(GateRefusal::ScopeChanged);
    }
    let rule = ClassRule::of(scope.class).filter(|rule| rule.purpose == disclosure.purpose);
    rule.filter(|rule| rule.allows(&disclosure.fields, disclosure.consent_kind))
        .ok_or(GateRefusal::FieldNotAllowed)
}

/// What is compelled is compelled by an order of this very authority, in force, that names every field.
fn instrument_carries(
    c: &mut Conn,
    rule: &ClassRule,
    disclosure: &Disclosure,
    now: Timestamp,
) -> Result<(), Shut> {
    if !rule.takes_instrument {
        return Ok(());
    }
    let id = disclosure.instrument_id.ok_or(GateRefusal::InstrumentMissing)?;
    let instrument = instruments::find(c, id)?.ok_or(GateRefusal::InstrumentMissing)?;
    if instrument.recipient_id != disclosure.recipient_id || !instrument.is_in_force(now) {
        return Err(GateRefusal::InstrumentLapsed.into());
    }
    if disclosure.fields.iter().any(|field| !instrument.fields.contains(field)) {
        return Err(GateRefusal::OutsideInstrument.into());
    }
    Ok(())
}

/// Two where data of many persons go the same way, however many requests they are split into.
fn reviews_needed(
    c: &mut Conn,
    way: Way,
    disclosure: &Disclosure,
    now: Timestamp,
) -> Result<i32, StorageError> {
    if way == Way::Pull {
        return Ok(disclosure.reviews_needed);
    }
    let route = (disclosure.recipient_id, disclosure.purpose);
    let others = disclosures::count_subjects(c, route, now.minus(REVIEW_WINDOW), disclosure.account_id)?;
    Ok(if others >= MOST_WITH_ONE_REVIEW { 2 } else { 1 })
}

/// The legal team approved exactly this: members who neither asked for it nor changed it.
fn is_reviewed(steps: &[DisclosureEvent], disclosure: &Disclosure, needed: i32) -> Result<(), GateRefusal> {
    let by = |wanted: &[DisclosureStep]| -> HashSet<StaffId> {
        let steps = steps.iter().filter(|event| wanted.contains(&event.step));
        steps.filter_map(|event| event.staff_id).collect()
    };
    let asked = by(&[DisclosureStep::Requested, DisclosureStep::Changed]);
    let approved: HashSet<StaffId> = steps
        .iter()
        .filter(|event| event.step == DisclosureStep::Approved && event.scope_hash == disclosure.scope_hash)
        .filter_map(|event| event.staff_id)
        .filter(|reviewer| !asked.contains(reviewer))
        .collect();
    match (i32::try_from(approved.len()).unwrap_or(i32::MAX), needed) {
        (0, _) => Err(GateRefusal::ReviewMissing),
        (there, needed) if there < needed => Err(GateRefusal::SecondReviewMissing),
        _ => Ok(()),
    }
}

/// The person agreed, and the agreement stands and covers exactly this; gives the number of its event.
fn is_agreed_to(
    c: &mut Conn,
    steps: &[DisclosureEvent],
    disclosure: &Disclosure,
    recipient: &Recipient,
    at: &Moment<'_>,
) -> Result<i64, Shut> {
    let owner = disclosure.account_id;
    let facts = accounts::find_consent_facts(c, owner)?.ok_or(GateRefusal::SubjectGone)?;
    match facts.state {
        AccountState::Active | AccountState::Restricted => {}
        AccountState::Closing => return Err(GateRefusal::SubjectLeaving.into()),
        AccountState::Closed => return Err(GateRefusal::SubjectGone.into()),
    }
    let policy = facts.standing(at.policy.version);
    let consent_sequence = match disclosure.consent_kind {
        ConsentKind::PolicyClause => {
            let sequence = purpose_stands(c, disclosure, policy, at)?;
            if !is_covered(disclosure, recipient, at.policy) {
                return Err(GateRefusal::ConsentMissing.into());
            }
            sequence
        }
        ConsentKind::Specific => answer_stands(c, steps, disclosure, policy)?,
    };
    if recipient.entry.terms.country != Country::HOME {
        let (_, abroad) = standing_of(c, disclosure, Purpose::CrossBorderTransfer, policy, at)?;
        if !abroad.for_new {
            return Err(GateRefusal::CrossBorderRefused.into());
        }
    }
    if has_been_taken_back(c, steps, (disclosure, recipient), policy.refused_at)? {
        return Err(GateRefusal::ConsentWithdrawn.into());
    }
    Ok(consent_sequence)
}

/// Whether a consent that a release rested on was taken back after it: one that is given later does not bring back
/// what was released before.
///
/// # Errors
///
/// Storage trouble only.
pub fn has_been_taken_back(
    c: &mut Conn,
    steps: &[DisclosureEvent],
    (disclosure, recipient): (&Disclosure, &Recipient),
    refused_at: i64,
) -> Result<bool, StorageError> {
    let released = steps.iter().rfind(|event| event.step == DisclosureStep::Released);
    let Some(after) = released.map(|event| event.person_sequence) else { return Ok(false) };
    let abroad = (recipient.entry.terms.country != Country::HOME).then_some(Purpose::CrossBorderTransfer);
    let purposes: Vec<Purpose> = std::iter::once(disclosure.purpose).chain(abroad).collect();
    Ok(refused_at > after || consent_events::was_taken_back(c, disclosure.account_id, &purposes, after)?)
}

/// Where a purpose of the person stands, with the number of its last event.
fn standing_of(
    c: &mut Conn,
    disclosure: &Disclosure,
    purpose: Purpose,
    policy: PolicyStanding,
    at: &Moment<'_>,
) -> Result<(i64, ConsentStanding), StorageError> {
    let last = consent_events::find_last(c, disclosure.account_id, purpose)?;
    let sequence = last.as_ref().map_or(0, |event| event.sequence);
    let last = last.as_ref().map(LastEvent::from);
    Ok((sequence, standing(last.as_ref(), at.policy.in_force(purpose), policy, at.now)))
}

fn purpose_stands(
    c: &mut Conn,
    disclosure: &Disclosure,
    policy: PolicyStanding,
    at: &Moment<'_>,
) -> Result<i64, Shut> {
    let (sequence, stands) = standing_of(c, disclosure, disclosure.purpose, policy, at)?;
    match stands.state {
        ConsentState::Granted if stands.for_new => Ok(sequence),
        ConsentState::Granted => Err(GateRefusal::PolicyNotAccepted.into()),
        ConsentState::Unset | ConsentState::AskedAnew => Err(GateRefusal::ConsentMissing.into()),
        ConsentState::Expired => Err(GateRefusal::ConsentExpired.into()),
        ConsentState::Declined | ConsentState::Withdrawn | ConsentState::PolicyRefused => {
            Err(GateRefusal::ConsentWithdrawn.into())
        }
    }
}

/// Whether the words that the person agreed to speak of such recipients and such data.
fn is_covered(disclosure: &Disclosure, recipient: &Recipient, policy: &PublishedPolicy) -> bool {
    policy.document.definition(disclosure.purpose).is_some_and(|words| {
        words.recipients.contains(&recipient.entry.terms.class)
            && disclosure.fields.iter().all(|field| words.data_classes.contains(&field.data_class()))
    })
}

/// The person was asked for exactly this and said yes, and has neither taken that back nor withdrawn the whole
/// purpose since.
fn answer_stands(
    c: &mut Conn,
    steps: &[DisclosureEvent],
    disclosure: &Disclosure,
    policy: PolicyStanding,
) -> Result<i64, Shut> {
    let answers = [DisclosureStep::Granted, DisclosureStep::Declined, DisclosureStep::Withdrawn];
    let answer = steps
        .iter()
        .rfind(|event| answers.contains(&event.step) && event.scope_hash == disclosure.scope_hash)
        .ok_or(GateRefusal::ConsentMissing)?;
    let answered_after = answer.person_sequence;
    if answer.step != DisclosureStep::Granted || answered_after < policy.refused_at {
        return Err(GateRefusal::ConsentWithdrawn.into());
    }
    // Agreeing to the purpose again does not bring an answer back that was given before.
    if consent_events::was_taken_back(c, disclosure.account_id, &[disclosure.purpose], answered_after)? {
        return Err(GateRefusal::ConsentWithdrawn.into());
    }
    if !policy.is_accepted() {
        return Err(GateRefusal::PolicyNotAccepted.into());
    }
    Ok(answered_after)
}
