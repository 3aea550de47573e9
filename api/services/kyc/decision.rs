//! Deciding: every rule is held again in the transaction that decides, one decision stands, and where fraud is
//! suspected two reviewers have to come to the same.

use chrono::TimeDelta;

use super::{
    KycError, KycService, asking::VERIFICATION_FIELDS, evidence::Opened, request::screen, restriction,
    review::insert_note,
};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::StateReason,
        data_dictionary::{Category, KYC_RECORD},
        evidence::Evidence,
        ids::{AccountId, KycCaseId, KycDecisionId, KycFlagId, NoticeId, StaffId},
        kyc::{
            KycItem, KycState, RejectionReason,
            case::{DAYS_TO_ANSWER, KycCase, Rejection},
            decision::{
                self, DecisionFault, DecisionStep, KycDecision, KycOutcome, KycRecord, Override, RECORD_LAW,
                RecordedDocument,
            },
            document::KycDocument,
            flag::{FLAG_RAISED, FlagKind, FlagState, KycFlag},
            rules::Failure,
        },
        message::MessageBody,
        notice::NoticeKind,
        personal::{Personal, PersonalText},
        purpose::{PersonalDataClass, Purpose},
        time::Timestamp,
    },
    repositories::{
        accounts, kyc_cases, kyc_decisions, kyc_documents, kyc_flags, log as leaves, outbox::SealedMessage,
        processing_limit_events, staff_reads,
    },
    services::{
        idempotency::Recording,
        log::LeafDraft,
        mailing, notices,
        obligations::{self, Change},
        vault::{Row, SubjectKeys, VaultError},
    },
};

/// What a reviewer decides.
#[derive(Clone)]
pub struct DecideKyc {
    pub case_id: KycCaseId,
    pub outcome: KycOutcome,
    pub rejections: Vec<(KycItem, RejectionReason)>,
    pub overrides: Vec<Override>,
    /// Why the reviewer found rules kept that the machine did not.
    pub grounds: Option<PersonalText>,
    pub suspects_fraud: bool,
}

/// What is fixed before the transaction that decides.
struct Prepared {
    by: StaffId,
    now: Timestamp,
    id: KycDecisionId,
    draft: LeafDraft,
    notice: NoticeId,
    mail: SealedMessage,
    flag: KycFlagId,
    wanted: DecideKyc,
}

impl KycService {
    /// Decides on a case.
    ///
    /// # Errors
    ///
    /// [`KycError::Decision`] for one that contradicts itself, [`KycError::NotAssigned`],
    /// [`KycError::NotOpened`] to approve what the reviewer has not looked at,
    /// [`KycError::RulesFail`] with every rule that does not hold, [`KycError::SecondPersonRequired`] for
    /// whoever proposed the same before.
    #[tracing::instrument(skip_all)]
    pub async fn decide(
        &self,
        by: StaffId,
        wanted: DecideKyc,
        recording: Recording<KycDecision>,
    ) -> Result<KycDecision, KycError> {
        if let Some(fault) = decision::fault_of(wanted.outcome, &wanted.rejections, &wanted.overrides) {
            return Err(KycError::Decision(fault));
        }
        match &wanted.grounds {
            Some(grounds) => screen(grounds, "/grounds")?,
            None if !wanted.overrides.is_empty() => {
                return Err(KycError::Decision(DecisionFault::OverridesWithoutGrounds));
            }
            None => {}
        }
        let (case, now) = (self.case(wanted.case_id).await?, self.clock.now());
        let owner = case.account_id;
        self.check_reviewer(by, owner).await?;
        self.keys_for(&case).await?;
        let keys = self.vault.keys_with(owner, &[Category::Statutory], now).await?;
        let own = self.vault.keys_of(by.subject()).await?;
        let (_, profile) = self.person(owner).await?;
        let prepared = Prepared {
            by,
            now,
            id: KycDecisionId::generate(now),
            draft: LeafDraft::new(now)?,
            notice: NoticeId::generate(now),
            mail: mailing::mail(&keys, &profile, told(wanted.outcome, now), now)?,
            flag: KycFlagId::generate(now),
            wanted,
        };
        let decided = self
            .db
            .write_for(owner, move |c| {
                recording.refuse_if_done(c)?;
                let decision = decide_in(c, &keys, &prepared)?;
                recording.record(c, &own, &decision)?;
                Ok::<_, KycError>(decision)
            })
            .await?;
        self.outbox.wake();
        Ok(decided)
    }
}

/// Whether the person restricted the verification of their identity, or objected to it.
fn is_limited(c: &mut Conn, owner: AccountId) -> Result<bool, StorageError> {
    let limits = processing_limit_events::list_standing(c, owner)?;
    let classes = [PersonalDataClass::Identity, PersonalDataClass::Address, PersonalDataClass::Documents];
    let is_about =
        |class| limits.iter().any(|limit| limit.scope.is_about(Purpose::IdentityVerification, class));
    Ok(classes.into_iter().any(is_about))
}

fn decide_in(c: &mut Conn, keys: &SubjectKeys, prepared: &Prepared) -> Result<KycDecision, KycError> {
    let (wanted, now) = (&prepared.wanted, prepared.now);
    let was = kyc_cases::find(c, wanted.case_id)?.ok_or(KycError::NotFound)?;
    if !was.state.is_decidable() {
        return Err(KycError::NotDecidable);
    }
    if was.assigned_to != Some(prepared.by) {
        return Err(KycError::NotAssigned);
    }
    // Somebody looked before the person restricted it: what was seen is not gone on with.
    if is_limited(c, was.account_id)? {
        return Err(KycError::Limited);
    }
    let opened = Opened::load(c, keys, &was)?;
    if wanted.outcome == KycOutcome::Approved {
        // What is approved is what the reviewer saw: whatever changed since is looked at first.
        let told = opened.details.as_ref().map_or(was.requested_at, |details| details.updated_at);
        let since = was.submitted_at.unwrap_or(was.requested_at).max(opened.profile.updated_at).max(told);
        if !staff_reads::has_opened(c, was.account_id, prepared.by, was.id, since)? {
            return Err(KycError::NotOpened);
        }
        let unkept = opened.failures(now).into_iter().filter(|failure| !is_found_kept(wanted, *failure));
        let unkept: Vec<Failure> = unkept.collect();
        if !unkept.is_empty() {
            return Err(KycError::RulesFail(unkept));
        }
    }
    let owner = was.account_id;
    let step = step(c, keys, prepared)?;
    let rejections = wanted.rejections.iter();
    let rejections =
        rejections.map(|(item, reason)| Rejection { item: *item, reason: *reason, answered: false });
    let decision = KycDecision {
        account_id: owner,
        sequence: accounts::take_sequence(c, owner, 1)?.ok_or(KycError::NotFound)?,
        id: prepared.id,
        case_id: was.id,
        staff_id: prepared.by,
        outcome: wanted.outcome,
        step,
        rejections: rejections.collect(),
        overrides: wanted.overrides.clone(),
        decided_at: now,
        leaf_id: prepared.draft.id(),
    };
    leaves::append(c, &prepared.draft.of_staff_upon(prepared.by, keys, decision.act(), &decision.facts())?)?;
    kyc_decisions::append(c, &decision)?;
    if let Some(grounds) = &wanted.grounds {
        insert_note(c, keys, (was.id, prepared.by), grounds, now)?;
    }
    let case = match step {
        // Back to the queue, for somebody else.
        DecisionStep::Proposed => KycCase { state: KycState::Submitted, assigned_to: None, ..was.clone() },
        DecisionStep::Final => after(&was, &decision),
    };
    if !kyc_cases::update(c, &was, &case)? {
        return Err(KycError::Stale);
    }
    if step == DecisionStep::Final {
        carry_out(c, keys, &opened, &decision, prepared)?;
    }
    Ok(decision)
}

/// Whether the decision stands, or waits for a second reviewer who decides the same.
fn step(c: &mut Conn, keys: &SubjectKeys, prepared: &Prepared) -> Result<DecisionStep, KycError> {
    let (wanted, owner) = (&prepared.wanted, keys.account_id());
    if wanted.suspects_fraud {
        let flag = KycFlag::raise(owner, prepared.flag, FlagKind::SuspectedFraud, prepared.now);
        if kyc_flags::raise(c, &flag)? {
            let draft = LeafDraft::new(prepared.now)?;
            leaves::append(c, &draft.of_staff_upon(prepared.by, keys, &FLAG_RAISED, &flag.facts())?)?;
        }
    }
    let pending = kyc_decisions::list(c, owner, wanted.case_id)?.pop();
    let pending = pending.filter(|last| last.step == DecisionStep::Proposed);
    let is_shared = kyc_documents::is_shared(c, owner, wanted.case_id)?;
    let takes_two = pending.is_some()
        || is_shared
        || kyc_flags::list_open(c, owner)?.iter().any(|flag| flag.kind.takes_two());
    match pending {
        _ if !takes_two => Ok(DecisionStep::Final),
        Some(first) if first.staff_id == prepared.by => Err(KycError::SecondPersonRequired),
        Some(first) if is_same(&first, wanted) => Ok(DecisionStep::Final),
        _ => Ok(DecisionStep::Proposed),
    }
}

/// Whether somebody came to the same before: the same outcome, for the same reasons.
fn is_same(first: &KycDecision, wanted: &DecideKyc) -> bool {
    let mut before: Vec<_> = first.rejections.iter().map(|told| (told.item, told.reason)).collect();
    let mut now = wanted.rejections.clone();
    before.sort_unstable();
    now.sort_unstable();
    first.outcome == wanted.outcome && before == now
}

fn is_found_kept(wanted: &DecideKyc, failure: Failure) -> bool {
    wanted.overrides.iter().any(|kept| kept.rule == failure.rule && kept.item == failure.item)
}

/// The case after a decision that stands.
fn after(was: &KycCase, decision: &KycDecision) -> KycCase {
    let now = decision.decided_at;
    let case = KycCase { rejections: decision.rejections.clone(), assigned_to: None, ..was.clone() };
    match decision.outcome {
        KycOutcome::Approved => KycCase { state: KycState::Approved, decided_at: Some(now), ..case },
        KycOutcome::Rejected => KycCase { state: KycState::Rejected, decided_at: Some(now), ..case },
        KycOutcome::Resubmission => KycCase {
            state: KycState::Resubmission,
            due_at: now.plus(TimeDelta::days(i64::from(DAYS_TO_ANSWER))),
            reminders_sent: 0,
            ..case
        },
    }
}

/// What a decision that stands does, beside standing.
fn carry_out(
    c: &mut Conn,
    keys: &SubjectKeys,
    opened: &Opened,
    decision: &KycDecision,
    prepared: &Prepared,
) -> Result<(), KycError> {
    let (owner, now) = (decision.account_id, decision.decided_at);
    let kind = match decision.outcome {
        KycOutcome::Approved => {
            let record = PersonalText::new(write_record(opened, decision)?);
            let sealed = keys.seal(&KYC_RECORD, Row(decision.case_id.as_bytes()), &record)?;
            kyc_decisions::insert_record(c, owner, decision.case_id, sealed.envelope(), now)?;
            let reasons = [StateReason::VerificationOverdue, StateReason::VerificationRejected];
            restriction::lift(c, keys, &reasons, now)?;
            obligations::open(c, keys, Change::Corrected(VERIFICATION_FIELDS), now)?;
            NoticeKind::KycApproved
        }
        KycOutcome::Rejected => {
            // It is no ground to let the account go on as if nobody had asked.
            restriction::restrict(c, keys, StateReason::VerificationRejected, now)?;
            NoticeKind::KycRejected
        }
        KycOutcome::Resubmission => NoticeKind::KycResubmission,
    };
    if decision.outcome != KycOutcome::Resubmission {
        kyc_flags::settle_all(c, owner, FlagState::Decided, now)?;
    }
    notices::tell(c, owner, prepared.notice, kind, Some(&prepared.mail), now)?;
    Ok(())
}

fn told(outcome: KycOutcome, now: Timestamp) -> MessageBody {
    match outcome {
        KycOutcome::Approved => MessageBody::KycApproved { at: now.for_people() },
        KycOutcome::Rejected => MessageBody::KycRejected { at: now.for_people() },
        KycOutcome::Resubmission => MessageBody::KycResubmission {
            until: now.plus(TimeDelta::days(i64::from(DAYS_TO_ANSWER))).for_people(),
        },
    }
}

fn write_record(opened: &Opened, decision: &KycDecision) -> Result<String, KycError> {
    let unwritable = || VaultError::Broken { table: "kyc_records", column: "record", why: "does not write" };
    // An approval without them did not pass the rules.
    let details = opened.details.as_ref().ok_or_else(unwritable)?;
    let document = |document: &KycDocument| RecordedDocument {
        kind: document.told.kind.as_str().to_owned(),
        issuer_class: document.told.issuer.as_str().to_owned(),
        country: document.told.country.to_string(),
        number: document.told.number.as_ref().map(|number| number.expose().to_owned()),
        issued_on: document.told.issued_on.map(String::from),
        expires_on: document.told.expires_on.map(String::from),
    };
    let record = KycRecord {
        name: opened.profile.real_name.expose().to_owned(),
        birth_date: details.birth_date.expose().to_owned(),
        residence: details.residence.write().map_err(|_| unwritable())?,
        documents: opened.documents.iter().map(document).collect(),
        decision_id: decision.id,
        decided_at: decision.decided_at.to_string(),
        law: RECORD_LAW.to_owned(),
    };
    Ok(serde_json::to_string(&record).map_err(|_| unwritable())?)
}
