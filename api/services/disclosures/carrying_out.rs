//! The transfer to a buyer of the company, as it reaches persons: each is told, can object, and has a disclosure of
//! their own that passes the gate like any other.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{
    DisclosureError, DisclosureService,
    asking::device_ref,
    drafts::{with_hash, write_over},
    gate::{self, Moment, Shut, Way},
    ledger::{self, Actor, Particulars},
    release,
};
use crate::{
    db::{Conn, StorageError},
    domain::{
        account::AccountState,
        consent::ConsentKind,
        disclosure::{
            Disclosure, DisclosureState,
            event::{DisclosureStep, StepReason},
            recipient::Recipient,
            refusal::GateRefusal,
            transfer::{
                Manifest, TO_CARRY_OUT, TRANSFER_COMPLETED, TRANSFER_GATHERED, Transfer, TransferApproval,
                TransferPart, TransferState,
            },
        },
        evidence::Act,
        ids::{AccountId, DeviceId, DisclosureId, NoticeId, StaffId, TransferId},
        message::MessageBody,
        notice::NoticeKind,
        policy::PublishedPolicy,
        purpose::Purpose,
        time::Timestamp,
    },
    repositories::{accounts, disclosures, log as leaves, recipients, transfers},
    services::{
        batches,
        idempotency::Recording,
        log::LeafDraft,
        mailing, notices,
        vault::{SubjectKeys, VaultError},
    },
};

/// How many disclosures are read at a time where all of a transfer are.
const PAGE: i64 = 1_000;
/// A company is sold now and then: a person sees the last so many transfers.
const MOST_SHOWN: i64 = 100;

/// What a transfer is to a person.
#[derive(Clone)]
pub struct OwnTransfer {
    pub transfer: Transfer,
    pub recipient: Recipient,
    pub part: TransferPart,
}

impl DisclosureService {
    /// Tells some of those whom a transfer is about; says how many accounts it looked at.
    ///
    /// # Errors
    ///
    /// Storage trouble; doing it again goes on, and tells nobody twice.
    pub async fn gather(&self, limit: i64) -> Result<usize, DisclosureError> {
        let found = self.db.read(|c| transfers::list_in_states(c, &[TransferState::Gathering])).await?;
        let Some(transfer) = found.into_iter().next() else { return Ok(0) };
        let after = transfer.gathered_to;
        let ids = self.db.read_long(move |c| accounts::list_ids(c, after, limit)).await?;
        let Some(last) = ids.last().copied() else {
            self.settle(transfer, Manifest::of_cohort(), &TRANSFER_GATHERED).await?;
            return Ok(1);
        };
        let recipient = self.recipient(transfer.recipient_id).await?;
        let count = ids.len();
        for id in ids {
            match self.gather_one(&transfer, &recipient, id).await {
                Ok(()) => {}
                // Whoever cannot be told, since nothing of theirs opens, is not in the cohort: nothing goes.
                Err(DisclosureError::Vault(error @ (VaultError::NoKey(_) | VaultError::Broken { .. }))) => {
                    tracing::warn!(%error, "a person is left out of a transfer");
                }
                Err(error) => return Err(error),
            }
        }
        self.outbox.wake();
        let further = Transfer { gathered_to: Some(last), ..transfer.clone() };
        self.db.write_guarded(move |c| transfers::update(c, &transfer, &further)).await?;
        Ok(count)
    }

    async fn gather_one(
        &self,
        transfer: &Transfer,
        recipient: &Recipient,
        owner: AccountId,
    ) -> Result<(), DisclosureError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(owner).await?;
        let Some(profile) = self.profile_of(owner, &keys).await? else { return Ok(()) };
        let Some((announced_by, until)) = announced(transfer) else { return Ok(()) };
        let own = own_disclosure(transfer, recipient, owner, until, now);
        let body = MessageBody::TransferAnnounced {
            recipient: recipient.entry.terms.name.clone(),
            until: until.for_people(),
        };
        let mail = mailing::mail(&keys, &profile, body, now)?;
        let (transfer, recipient) = (transfer.clone(), recipient.clone());
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let state = accounts::find_standing(c, owner)?.map(|standing| standing.state);
                let is_there = matches!(state, Some(AccountState::Active | AccountState::Restricted));
                if !is_there || disclosures::find_of_transfer(c, owner, transfer.id)?.is_some() {
                    return Ok(());
                }
                if state_of(c, transfer.id)? != TransferState::Gathering {
                    return Ok(());
                }
                disclosures::insert(c, &own, None)?;
                let scope = gate::scope_of(&own, &recipient);
                let step = (Actor::Staff(transfer.drafted_by), DisclosureStep::Requested);
                ledger::write(c, &keys, step, (&own, &scope), Particulars::default(), now)?;
                let submitted = Disclosure { state: DisclosureState::InReview, ..own.clone() };
                write_over(c, &own, &submitted)?;
                let step = (Actor::Staff(announced_by), DisclosureStep::Submitted);
                ledger::write(c, &keys, step, (&submitted, &scope), Particulars::default(), now)?;
                let (notice, kind) = (NoticeId::generate(now), NoticeKind::TransferAnnounced);
                notices::tell(c, owner, notice, kind, Some(&mail), now)?;
                Ok::<_, DisclosureError>(())
            })
            .await
    }

    /// Carries transfers out that were approved and whose window has ended, some persons at a time, and keeps those out
    /// who wait for one that was given up; says how many.
    ///
    /// # Errors
    ///
    /// The first failure, after the others had their turn.
    pub async fn carry_out(&self, limit: i64) -> Result<usize, DisclosureError> {
        let now = self.clock.now();
        let states = [TransferState::Approved, TransferState::Cancelled];
        let found = self.db.read(move |c| transfers::list_in_states(c, &states)).await?;
        for transfer in found {
            let is_given_up = transfer.state == TransferState::Cancelled;
            if !is_given_up && transfer.window_ends_at.is_none_or(|ends| now < ends) {
                continue;
            }
            let id = transfer.id;
            let (waiting, approvals) = self
                .db
                .read_long(move |c| {
                    let waiting = disclosures::list_waiting_for_transfer(c, id, limit)?;
                    Ok::<_, StorageError>((waiting, transfers::list_approvals(c, id)?))
                })
                .await?;
            if !waiting.is_empty() {
                let approvals = Arc::new(approvals);
                let carried =
                    batches::for_each(waiting, |was| self.carry_out_one(was, Arc::clone(&approvals))).await;
                self.outbox.wake();
                return carried;
            }
            if !is_given_up {
                self.settle(transfer, Manifest::of_outcome(), &TRANSFER_COMPLETED).await?;
                return Ok(1);
            }
        }
        Ok(0)
    }

    async fn carry_out_one(
        &self,
        was: Disclosure,
        approvals: Arc<Vec<TransferApproval>>,
    ) -> Result<bool, DisclosureError> {
        let (now, owner, id) = (self.clock.now(), was.account_id, was.id);
        let keys = self.vault.keys_of(owner).await?;
        let (profile, opens) = match self.profile_of(owner, &keys).await {
            Ok(profile) => (profile, true),
            // Nothing could be packed for the buyer either: they are kept out, and hold nobody up.
            Err(DisclosureError::Vault(error @ (VaultError::NoKey(_) | VaultError::Broken { .. }))) => {
                tracing::warn!(%error, "a person is left out of a transfer");
                (None, false)
            }
            Err(error) => return Err(error),
        };
        let profile = Arc::new(profile);
        self.under_policy(|policy: Arc<PublishedPolicy>| {
            let (keys, profile, approvals) =
                (Arc::clone(&keys), Arc::clone(&profile), Arc::clone(&approvals));
            self.db.write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                let found = disclosures::find(c, id)?;
                let Some(was) = found.filter(|was| was.state == DisclosureState::InReview) else {
                    return Ok(false);
                };
                let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
                let id = was.transfer_id.ok_or(DisclosureError::NotFound)?;
                if !opens || state_of(c, id)? != TransferState::Approved {
                    withhold(c, &keys, (&was, &recipient), None, now)?;
                    return Ok(true);
                }
                // Whoever approved the whole approved exactly this: its scope is in the hash of the cohort.
                let scope = gate::scope_of(&was, &recipient);
                for approval in approvals.iter() {
                    let step = (Actor::Staff(approval.staff_id), DisclosureStep::Approved);
                    ledger::write(c, &keys, step, (&was, &scope), Particulars::default(), now)?;
                }
                let ready = Disclosure { state: DisclosureState::Ready, changed_at: now, ..was.clone() };
                write_over(c, &was, &ready)?;
                match gate::admit(c, Way::Release, ready.clone(), &Moment { policy: &policy, now }) {
                    Ok(permit) => {
                        release::record(permit, Actor::Service, (&keys, profile.as_ref().as_ref()))?;
                    }
                    Err(Shut::Refused(refusal)) => {
                        withhold(c, &keys, (&ready, &recipient), Some(refusal), now)?;
                    }
                    Err(shut) => return Err(shut.into()),
                }
                Ok::<_, DisclosureError>(true)
            })
        })
        .await
    }

    /// Writes the hash over a whole transfer, and moves it on.
    async fn settle(
        &self,
        was: Transfer,
        manifest: Manifest,
        act: &'static Act,
    ) -> Result<(), DisclosureError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let (mut manifest, mut after, mut cohort, mut released) = (manifest, None, 0, 0);
        loop {
            let (id, from) = (was.id, after);
            let page = self.db.read_long(move |c| disclosures::list_of_transfer(c, id, from, PAGE)).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.account_id);
            for disclosure in &page {
                manifest = manifest.with(disclosure);
                cohort += 1;
                released += i64::from(disclosure.released_at.is_some());
            }
        }
        let settled = if act == &TRANSFER_GATHERED {
            let cohort_hash = Some(manifest.hash());
            // Whoever was told last has as long as the others.
            let window_ends_at =
                Some(now.plus(TimeDelta::days(was.notice_days.into()))).max(was.window_ends_at);
            Transfer { state: TransferState::Announced, cohort, cohort_hash, window_ends_at, ..was.clone() }
        } else {
            let manifest_hash = Some(manifest.hash());
            let state = TransferState::Completed;
            Transfer { state, released, manifest_hash, completed_at: Some(now), ..was.clone() }
        };
        self.db
            .write_guarded(move |c| {
                if transfers::update(c, &was, &settled)? {
                    leaves::append(c, &draft.of_service(act, &settled.facts()))?;
                }
                Ok::<_, DisclosureError>(())
            })
            .await
    }

    /// The transfers that are about the person, newest first.
    ///
    /// # Errors
    ///
    /// Storage trouble only.
    pub async fn own_transfers(&self, owner: AccountId) -> Result<Vec<OwnTransfer>, DisclosureError> {
        self.db
            .read(move |c| {
                let own = disclosures::list_owned_transfers(c, owner, MOST_SHOWN)?;
                own.into_iter().map(|disclosure| shown(c, &disclosure)).collect()
            })
            .await
    }

    /// Objects to a transfer: nothing about the person goes to the buyer.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`] if it is not about the person, [`DisclosureError::StateConflict`] once it was
    /// carried out, given up or objected to.
    #[tracing::instrument(skip_all)]
    pub async fn object_to_transfer(
        &self,
        owner: AccountId,
        id: TransferId,
        device: Option<DeviceId>,
        recording: Recording<OwnTransfer>,
    ) -> Result<OwnTransfer, DisclosureError> {
        let (now, keys) = (self.clock.now(), self.vault.keys_of(owner).await?);
        self.db
            .write_holding(owner, move |c| {
                accounts::hold(c, owner)?;
                recording.refuse_if_done(c)?;
                let was = disclosures::find_of_transfer(c, owner, id)?.ok_or(DisclosureError::NotFound)?;
                if !was.state.is_open() {
                    return Err(DisclosureError::StateConflict);
                }
                let declined =
                    Disclosure { state: DisclosureState::Declined, changed_at: now, ..was.clone() };
                write_over(c, &was, &declined)?;
                let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
                let scope = gate::scope_of(&declined, &recipient);
                let step = (Actor::Person(device_ref(c, device)?), DisclosureStep::Declined);
                ledger::write(c, &keys, step, (&declined, &scope), Particulars::default(), now)?;
                let shown = shown(c, &declined)?;
                recording.record(c, &keys, &shown)?;
                Ok(shown)
            })
            .await
    }
}

const fn announced(transfer: &Transfer) -> Option<(StaffId, Timestamp)> {
    match (transfer.announced, transfer.window_ends_at) {
        (Some((by, _)), Some(until)) => Some((by, until)),
        _ => None,
    }
}

fn own_disclosure(
    transfer: &Transfer,
    recipient: &Recipient,
    owner: AccountId,
    until: Timestamp,
    now: Timestamp,
) -> Disclosure {
    let unhashed = Disclosure {
        account_id: owner,
        id: DisclosureId::generate(now),
        recipient_id: recipient.id,
        purpose: Purpose::BusinessTransfer,
        fields: transfer.fields.clone(),
        consent_kind: ConsentKind::PolicyClause,
        instrument_id: None,
        transfer_id: Some(transfer.id),
        has_ground: false,
        revision: 1,
        scope_hash: [0; 32],
        state: DisclosureState::Draft,
        requested_by: transfer.drafted_by,
        requested_at: now,
        changed_at: now,
        ends_at: until.plus(TO_CARRY_OUT),
        released_at: None,
        feed_number: None,
        reviews_needed: 2,
        pulls: 0,
        steps: 0,
        silence: None,
        told_at: None,
    };
    with_hash(unhashed, recipient)
}

/// Keeps a person out: nothing goes, and the ledger says why.
fn withhold(
    c: &mut Conn,
    keys: &SubjectKeys,
    (was, recipient): (&Disclosure, &Recipient),
    refusal: Option<GateRefusal>,
    now: Timestamp,
) -> Result<(), DisclosureError> {
    let withheld = Disclosure { state: DisclosureState::Cancelled, changed_at: now, ..was.clone() };
    write_over(c, was, &withheld)?;
    let scope = gate::scope_of(&withheld, recipient);
    let why =
        refusal.map_or_else(Particulars::default, |refusal| Particulars::because(StepReason::Gate(refusal)));
    let step = (Actor::Service, DisclosureStep::Cancelled);
    ledger::write(c, keys, step, (&withheld, &scope), why, now)?;
    Ok(())
}

/// The state of a transfer, held until the transaction ends.
fn state_of(c: &mut Conn, id: TransferId) -> Result<TransferState, DisclosureError> {
    transfers::hold(c, id)?;
    Ok(transfers::find(c, id)?.ok_or(DisclosureError::NotFound)?.state)
}

fn shown(c: &mut Conn, disclosure: &Disclosure) -> Result<OwnTransfer, DisclosureError> {
    let id = disclosure.transfer_id.ok_or(DisclosureError::NotFound)?;
    let transfer = transfers::find(c, id)?.ok_or(DisclosureError::NotFound)?;
    let recipient = recipients::find(c, disclosure.recipient_id)?.ok_or(DisclosureError::NotFound)?;
    let part = match disclosure.state {
        state if state.is_open() => TransferPart::Open,
        DisclosureState::Declined => TransferPart::Objected,
        _ if disclosure.released_at.is_some() => TransferPart::Transferred,
        _ => TransferPart::Withheld,
    };
    Ok(OwnTransfer { transfer, recipient, part })
}
