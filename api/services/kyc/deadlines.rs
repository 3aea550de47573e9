//! Deadlines: reminders before what is asked for is due, a restriction after, and staff who ease either.

use chrono::TimeDelta;

use super::{KycError, KycService, flags::DISMISSED, request::screen, restriction, review};
use crate::{
    db::Conn,
    domain::{
        account::{AccountState, StateReason},
        disclosure::scope::DisclosureField,
        evidence::Act,
        ids::{KycCaseId, NoticeId, StaffId},
        kyc::{
            KycState,
            case::{KYC_WITHDRAWN, KycCase, REMINDERS_BEFORE},
            decision::DecisionStep,
            flag::FlagState,
        },
        message::MessageBody,
        notice::NoticeKind,
        personal::PersonalText,
        time::Timestamp,
    },
    repositories::{
        accounts, kyc_cases, kyc_decisions, kyc_details, kyc_documents, kyc_flags, log as leaves,
    },
    services::{
        batches,
        idempotency::Recording,
        log::LeafDraft,
        mailing, notices,
        obligations::{self, Change},
        vault::SubjectKeys,
    },
};

const OVERDUE: Act = Act { name: "kyc.overdue", object: "kyc_case", clause: "1.3" };
const EXTENDED: Act = Act { name: "kyc.extended", object: "kyc_case", clause: "1.3" };

/// How a member of staff eases what is asked of a person.
#[derive(Clone)]
pub enum Ease {
    /// So many days more.
    Extend { days: u16 },
    /// Nothing is asked any more.
    Withdraw,
}

impl KycService {
    /// Reminds persons of what is due soon; says how many.
    ///
    /// # Errors
    ///
    /// Trouble with one of them, after the others had their turn.
    pub async fn remind(&self, limit: i64) -> Result<usize, KycError> {
        let now = self.clock.now();
        let due = self.db.read_long(move |c| kyc_cases::list_to_remind(c, now, limit)).await?;
        batches::for_each(due, |case| self.remind_one(case, now)).await
    }

    async fn remind_one(&self, case: KycCase, now: Timestamp) -> Result<bool, KycError> {
        let id = case.account_id;
        let (keys, profile) = self.person(id).await?;
        let body = MessageBody::KycReminder { until: case.due_at.for_people() };
        let mail = mailing::mail(&keys, &profile, body, now)?;
        let notice = NoticeId::generate(now);
        let reminded = KycCase { reminders_sent: case.reminders_due(now), ..case.clone() };
        let told = self
            .db
            .write_for(id, move |c| {
                // Whatever changed it meanwhile, the next look tells whether it is still due.
                let is_noted = kyc_cases::update(c, &case, &reminded)?;
                if is_noted {
                    notices::tell(c, id, notice, NoticeKind::KycReminder, Some(&mail), now)?;
                }
                Ok::<_, KycError>(is_noted)
            })
            .await?;
        self.outbox.wake();
        Ok(told)
    }

    /// Restricts the accounts whose persons let the day pass; says how many.
    ///
    /// # Errors
    ///
    /// As [`remind`](Self::remind).
    pub async fn expire(&self, limit: i64) -> Result<usize, KycError> {
        let now = self.clock.now();
        let due = self.db.read_long(move |c| kyc_cases::list_overdue(c, now, limit)).await?;
        batches::for_each(due, |case| self.expire_one(case, now)).await
    }

    async fn expire_one(&self, case: KycCase, now: Timestamp) -> Result<bool, KycError> {
        let id = case.account_id;
        let (keys, profile) = self.person(id).await?;
        let mail = mailing::mail(&keys, &profile, MessageBody::KycOverdue { at: now.for_people() }, now)?;
        let leaf = LeafDraft::new(now)?.of_person(&keys, &case.act(OVERDUE), &facts(&case, None, now))?;
        let notice = NoticeId::generate(now);
        let expired = KycCase { state: KycState::Expired, ..case.clone() };
        let told = self
            .db
            .write_for(id, move |c| {
                // Whoever is about to leave is not pressed; who takes the closure back is.
                let standing = accounts::find_standing(c, id)?.ok_or(KycError::NotFound)?;
                if standing.state == AccountState::Closing || !kyc_cases::update(c, &case, &expired)? {
                    return Ok(false);
                }
                restriction::restrict(c, &keys, StateReason::VerificationOverdue, now)?;
                leaves::append(c, &leaf)?;
                notices::tell(c, id, notice, NoticeKind::KycOverdue, Some(&mail), now)?;
                Ok::<_, KycError>(true)
            })
            .await?;
        self.outbox.wake();
        Ok(told)
    }

    /// Gives a person more time, or asks for nothing any more; a restriction that the verification brought
    /// ends with it.
    ///
    /// # Errors
    ///
    /// [`KycError::NotOpen`] if nothing is awaited from the person; [`KycError::SecondPersonRequired`] to withdraw
    /// what two reviewers are to decide on; [`KycError::SpecialCategory`].
    #[tracing::instrument(skip_all)]
    pub async fn ease(
        &self,
        by: StaffId,
        id: KycCaseId,
        ease: Ease,
        reason: PersonalText,
        recording: Recording<KycCase>,
    ) -> Result<KycCase, KycError> {
        screen(&reason, "/private_reason")?;
        let (now, owner) = (self.clock.now(), self.case(id).await?.account_id);
        self.refuse_own(by, owner).await?;
        let (keys, profile) = self.person(owner).await?;
        let own = self.vault.keys_of(by.subject()).await?;
        let until = match ease {
            Ease::Extend { days } => Some(now.plus(TimeDelta::days(i64::from(days)))),
            Ease::Withdraw => None,
        };
        let body = until.map_or_else(
            || MessageBody::KycWithdrawn { at: now.for_people() },
            |until| MessageBody::KycExtended { until: until.for_people() },
        );
        let mail = mailing::mail(&keys, &profile, body, now)?;
        let (draft, notice) = (LeafDraft::new(now)?, NoticeId::generate(now));
        let eased = self
            .db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                let was = kyc_cases::find(c, id)?.ok_or(KycError::NotFound)?;
                let case = eased(&was, until, now).ok_or(KycError::NotOpen)?;
                if !kyc_cases::update(c, &was, &case)? {
                    return Err(KycError::Stale);
                }
                if until.is_none() {
                    withdraw(c, &keys, &was, by, now)?;
                }
                // A refusal ends by an approval, or by an operator.
                restriction::lift(c, &keys, &[StateReason::VerificationOverdue], now)?;
                review::insert_note(c, &keys, (id, by), &reason, now)?;
                let act = if until.is_some() { &EXTENDED } else { &KYC_WITHDRAWN };
                leaves::append(c, &draft.of_staff_upon(by, &keys, act, &facts(&case, Some(by), now))?)?;
                notices::tell(c, owner, notice, NoticeKind::KycEased, Some(&mail), now)?;
                recording.record(c, &own, &case)?;
                Ok(case)
            })
            .await?;
        self.outbox.wake();
        Ok(eased)
    }
}

/// The case with more time, or with nothing asked; `None` where that makes no sense.
fn eased(was: &KycCase, until: Option<Timestamp>, now: Timestamp) -> Option<KycCase> {
    let case = KycCase { revision: was.revision + 1, ..was.clone() };
    match until {
        Some(until) if was.state.is_open() => {
            let state = match was.state {
                KycState::Expired if was.rejections.is_empty() => KycState::InProgress,
                KycState::Expired => KycState::Resubmission,
                state => state,
            };
            let fresh = KycCase { state, due_at: until, reminders_sent: 0, ..case };
            Some(KycCase { reminders_sent: fresh.reminders_due(now), ..fresh })
        }
        None if was.decided_at.is_none() => Some(KycCase {
            state: KycState::NotRequired,
            decided_at: Some(now),
            assigned_to: None,
            rejections: Vec::new(),
            ..case
        }),
        _ => None,
    }
}

/// What goes with a verification that is asked for no longer.
fn withdraw(
    c: &mut Conn,
    keys: &SubjectKeys,
    was: &KycCase,
    by: StaffId,
    now: Timestamp,
) -> Result<(), KycError> {
    let owner = was.account_id;
    let flags = kyc_flags::list_open(c, owner)?;
    let pending = kyc_decisions::list(c, owner, was.id)?.pop();
    let takes_two = flags.iter().any(|flag| flag.kind.takes_two())
        || pending.is_some_and(|last| last.step == DecisionStep::Proposed)
        || kyc_documents::is_shared(c, owner, was.id)?;
    if takes_two {
        return Err(KycError::SecondPersonRequired);
    }
    kyc_flags::settle_all(c, owner, FlagState::Dismissed, now)?;
    for flag in flags {
        let mut facts = flag.facts();
        facts.push(("staff", by.to_string()));
        leaves::append(c, &LeafDraft::new(now)?.of_staff_upon(by, keys, &DISMISSED, &facts)?)?;
    }
    if !kyc_cases::has_approved(c, owner)? {
        let gone = [DisclosureField::BirthDate, DisclosureField::Residence];
        obligations::open(c, keys, Change::Erased(&gone), now)?;
        kyc_details::delete(c, owner)?;
    }
    Ok(())
}

fn facts(case: &KycCase, by: Option<StaffId>, now: Timestamp) -> crate::domain::evidence::Facts {
    let mut facts = vec![
        ("kyc_case", case.id.to_string()),
        ("account", case.account_id.to_string()),
        ("due_at", case.due_at.to_string()),
        ("at", now.to_string()),
    ];
    facts.extend(by.map(|by| ("staff", by.to_string())));
    facts
}

impl KycCase {
    /// How many reminders are due at `now`: those whose time has come, sent or not.
    pub(super) fn reminders_due(&self, now: Timestamp) -> i32 {
        let due = REMINDERS_BEFORE.iter().filter(|before| self.due_at.minus(**before) <= now).count();
        i32::try_from(due).unwrap_or(i32::MAX)
    }
}
