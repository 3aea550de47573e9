//! The transfer to a buyer of the company, as staff brings it on its way: drafted by one, announced by another, approved
//! by two of the legal team.

use super::{DisclosureError, DisclosureService, DraftFault};
use crate::{
    db::Conn,
    domain::{
        disclosure::{
            Disclosure,
            classes::ClassRule,
            recipient::Recipient,
            scope::DisclosureField,
            transfer::{
                APPROVALS, TRANSFER_ANNOUNCED, TRANSFER_CANCELLED, TRANSFER_DRAFTED, Transfer,
                TransferApproval, TransferState,
            },
        },
        evidence::{Act, Evidence},
        ids::{AccountId, DisclosureId, RecipientId, StaffId, SubjectRef, TransferId},
        purpose::RecipientClass,
    },
    repositories::{disclosures, log as leaves, recipients, transfers},
    services::{
        cursors::{self, InvalidCursor},
        idempotency::Recording,
        log::LeafDraft,
        vault::VaultError,
    },
};

const LIST: &str = "transfers";
const ENTRIES: &str = "transfer_entries";

/// A transfer with who approved it.
#[derive(Clone)]
pub struct ShownTransfer {
    pub transfer: Transfer,
    pub approvals: Vec<TransferApproval>,
}

/// A page of transfers.
pub struct TransferPage {
    pub transfers: Vec<ShownTransfer>,
    pub next_cursor: Option<String>,
}

/// A page of what a transfer is about, person by person.
pub struct TransferEntryPage {
    pub entries: Vec<(Disclosure, SubjectRef)>,
    pub next_cursor: Option<String>,
}

impl DisclosureService {
    /// Drafts a transfer.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Draft`] unless the recipient is an active buyer that may be told these fields.
    #[tracing::instrument(skip_all)]
    pub async fn draft_transfer(
        &self,
        by: StaffId,
        (recipient_id, fields, notice_days): (RecipientId, Vec<DisclosureField>, i32),
        recording: Recording<ShownTransfer>,
    ) -> Result<ShownTransfer, DisclosureError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        check(&self.recipient(recipient_id).await?, &fields)?;
        let own = self.vault.keys_of(by.subject()).await?;
        let transfer = Transfer {
            id: TransferId::generate(now),
            recipient_id,
            fields: DisclosureField::sorted(fields),
            notice_days,
            state: TransferState::Draft,
            drafted_by: by,
            drafted_at: now,
            announced: None,
            window_ends_at: None,
            gathered_to: None,
            cohort: 0,
            cohort_hash: None,
            completed_at: None,
            released: 0,
            manifest_hash: None,
        };
        self.db
            .write(move |c| {
                recording.refuse_if_done(c)?;
                attest(c, &transfer, (by, &TRANSFER_DRAFTED), &draft)?;
                transfers::insert(c, &transfer)?;
                let shown = ShownTransfer { transfer: transfer.clone(), approvals: Vec::new() };
                recording.record(c, &own, &shown)?;
                Ok(shown)
            })
            .await
    }

    /// Announces a transfer: everybody whom it is about is told, and can object until its window ends.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::SecondPersonRequired`] for whoever drafted it, [`DisclosureError::StateConflict`] unless it
    /// is a draft.
    #[tracing::instrument(skip_all)]
    pub async fn announce_transfer(
        &self,
        by: StaffId,
        id: TransferId,
        recording: Recording<ShownTransfer>,
    ) -> Result<ShownTransfer, DisclosureError> {
        let now = self.clock.now();
        self.step(by, id, &TRANSFER_ANNOUNCED, recording, move |c, was| {
            let recipient = recipients::find(c, was.recipient_id)?.ok_or(DisclosureError::NotFound)?;
            check(&recipient, &was.fields)?;
            if was.state != TransferState::Draft {
                return Err(DisclosureError::StateConflict);
            }
            if was.drafted_by == by {
                return Err(DisclosureError::SecondPersonRequired);
            }
            let window = chrono::TimeDelta::days(was.notice_days.into());
            Ok(Transfer {
                state: TransferState::Gathering,
                announced: Some((by, now)),
                window_ends_at: Some(now.plus(window)),
                ..was
            })
        })
        .await
    }

    /// Gives a transfer up before it is completed; whoever waits for it is kept out.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::StateConflict`] once it is completed or cancelled.
    #[tracing::instrument(skip_all)]
    pub async fn cancel_transfer(
        &self,
        by: StaffId,
        id: TransferId,
        recording: Recording<ShownTransfer>,
    ) -> Result<ShownTransfer, DisclosureError> {
        self.step(by, id, &TRANSFER_CANCELLED, recording, |_, was| {
            if matches!(was.state, TransferState::Completed | TransferState::Cancelled) {
                return Err(DisclosureError::StateConflict);
            }
            Ok(Transfer { state: TransferState::Cancelled, ..was })
        })
        .await
    }

    /// Approves the cohort of a transfer; with the second approval it is carried out once its window has ended.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Stale`] for another cohort, [`DisclosureError::SecondPersonRequired`] for whoever had a part
    /// in it, [`DisclosureError::StateConflict`] unless it was announced to everybody.
    #[tracing::instrument(skip_all)]
    pub async fn approve_transfer(
        &self,
        by: StaffId,
        (id, cohort_hash): (TransferId, [u8; 32]),
        recording: Recording<ShownTransfer>,
    ) -> Result<ShownTransfer, DisclosureError> {
        let (now, draft) = (self.clock.now(), LeafDraft::new(self.clock.now())?);
        let own = self.vault.keys_of(by.subject()).await?;
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let was = transfers::find(c, id)?.ok_or(DisclosureError::NotFound)?;
                if was.state != TransferState::Announced {
                    return Err(DisclosureError::StateConflict);
                }
                if was.cohort_hash != Some(cohort_hash) {
                    return Err(DisclosureError::Stale);
                }
                let has_part = was.drafted_by == by || was.announced.is_some_and(|(other, _)| other == by);
                let leaf_id = draft.id();
                let approval = TransferApproval {
                    transfer_id: id,
                    staff_id: by,
                    cohort_hash,
                    approved_at: now,
                    leaf_id,
                };
                leaves::append(c, &draft.of_staff(by, approval.act(), &approval.facts()))?;
                if has_part || !transfers::approve(c, &approval)? {
                    return Err(DisclosureError::SecondPersonRequired);
                }
                let approvals = transfers::list_approvals(c, id)?;
                let approved = if approvals.len() >= APPROVALS {
                    let approved = Transfer { state: TransferState::Approved, ..was.clone() };
                    if !transfers::update(c, &was, &approved)? {
                        return Err(DisclosureError::Stale);
                    }
                    approved
                } else {
                    was
                };
                let shown = ShownTransfer { transfer: approved, approvals };
                recording.record(c, &own, &shown)?;
                Ok(shown)
            })
            .await
    }

    async fn step(
        &self,
        by: StaffId,
        id: TransferId,
        act: &'static Act,
        recording: Recording<ShownTransfer>,
        to: impl Fn(&mut Conn, Transfer) -> Result<Transfer, DisclosureError> + Send + Sync + 'static,
    ) -> Result<ShownTransfer, DisclosureError> {
        let draft = LeafDraft::new(self.clock.now())?;
        let own = self.vault.keys_of(by.subject()).await?;
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let was = transfers::find(c, id)?.ok_or(DisclosureError::NotFound)?;
                let next = to(c, was.clone())?;
                attest(c, &next, (by, act), &draft)?;
                if !transfers::update(c, &was, &next)? {
                    return Err(DisclosureError::Stale);
                }
                let shown = ShownTransfer { transfer: next, approvals: transfers::list_approvals(c, id)? };
                recording.record(c, &own, &shown)?;
                Ok(shown)
            })
            .await
    }

    /// A transfer.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`].
    pub async fn transfer(&self, id: TransferId) -> Result<ShownTransfer, DisclosureError> {
        self.db
            .read(move |c| {
                let transfer = transfers::find(c, id)?.ok_or(DisclosureError::NotFound)?;
                Ok(ShownTransfer { transfer, approvals: transfers::list_approvals(c, id)? })
            })
            .await
    }

    /// The transfers, page by page.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::Cursor`].
    pub async fn transfers(
        &self,
        reader: StaffId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<TransferPage, DisclosureError> {
        let (kms, owner) = (self.vault.kms(), reader.subject());
        let after = cursors::id(kms, LIST, owner, cursor, TransferId::from_uuid)?;
        let rows = self
            .db
            .read(move |c| {
                let rows = transfers::list(c, after, i64::from(limit) + 1)?;
                let with_approvals = |transfer: Transfer| {
                    let approvals = transfers::list_approvals(c, transfer.id)?;
                    Ok::<_, DisclosureError>(ShownTransfer { transfer, approvals })
                };
                rows.into_iter().map(with_approvals).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let (transfers, next_cursor) =
            cursors::page(kms, LIST, owner, rows, limit, |row| row.transfer.id.as_bytes().to_vec())?;
        Ok(TransferPage { transfers, next_cursor })
    }

    /// What a transfer is about, person by person, under names that lead nowhere: its manifest.
    ///
    /// # Errors
    ///
    /// [`DisclosureError::NotFound`], [`DisclosureError::Cursor`].
    pub async fn transfer_entries(
        &self,
        reader: StaffId,
        id: TransferId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<TransferEntryPage, DisclosureError> {
        let (kms, owner) = (self.vault.kms(), reader.subject());
        // The place in the list is a person: the cursor holds the disclosure instead, which leads back to it.
        let place = cursor
            .map(|cursor| {
                let position = cursors::unwrap(kms, ENTRIES, owner, cursor)?;
                uuid::Uuid::from_slice(&position).map_err(|_| InvalidCursor)
            })
            .transpose()?;
        let rows = self
            .db
            .read(move |c| {
                transfers::find(c, id)?.ok_or(DisclosureError::NotFound)?;
                let after = match place {
                    None => None,
                    Some(place) => {
                        let last = disclosures::find(c, DisclosureId::from_uuid(place))?;
                        Some(last.map_or(AccountId::from_uuid(uuid::Uuid::max()), |last| last.account_id))
                    }
                };
                Ok::<_, DisclosureError>(disclosures::list_of_transfer(c, id, after, i64::from(limit) + 1)?)
            })
            .await?;
        let (rows, next_cursor) =
            cursors::page(kms, ENTRIES, owner, rows, limit, |row| row.id.as_bytes().to_vec())?;
        let named = |row: Disclosure| {
            let subject = self.subject_of(row.account_id, row.id)?;
            Ok((row, subject))
        };
        let entries = rows.into_iter().map(named).collect::<Result<_, VaultError>>()?;
        Ok(TransferEntryPage { entries, next_cursor })
    }
}

fn check(recipient: &Recipient, fields: &[DisclosureField]) -> Result<(), DisclosureError> {
    let rule = ClassRule::of(recipient.entry.terms.class)
        .filter(|rule| rule.class == RecipientClass::Acquirer && recipient.is_active());
    let Some(rule) = rule else { return Err(DisclosureError::Draft(vec![DraftFault::Recipient])) };
    let unknown = |(n, field): (usize, &DisclosureField)| {
        rule.consent_for(&[*field]).is_none().then_some(DraftFault::Field(n))
    };
    let faults: Vec<DraftFault> = fields.iter().enumerate().filter_map(unknown).collect();
    if faults.is_empty() { Ok(()) } else { Err(DisclosureError::Draft(faults)) }
}

fn attest(
    c: &mut Conn,
    transfer: &Transfer,
    (by, act): (StaffId, &Act),
    draft: &LeafDraft,
) -> Result<(), DisclosureError> {
    leaves::append(c, &draft.of_staff(by, act, &transfer.facts()))?;
    Ok(())
}
