//! What waits for reviewers, by the day on which it is due, and one of it with everything but values.

use super::{HandedIn, KycError, KycService, evidence::Opened};
use crate::{
    domain::{
        ids::{KycCaseId, StaffId},
        kyc::{
            case::{ItemStanding, KycCase, Provided, QueueFilter},
            decision::{DecisionStep, KycDecision},
            document::DocumentSide,
            flag::KycFlag,
            rules::Failure,
        },
    },
    repositories::{kyc_cases, kyc_decisions, kyc_documents, kyc_flags},
    services::cursors,
};

const QUEUE: &str = "kyc_queue";

/// A page of cases.
pub struct KycCasePage {
    pub cases: Vec<KycCase>,
    pub next_cursor: Option<String>,
}

/// A case as reviewers see it before they open anything.
pub struct StaffKycCase {
    pub case: KycCase,
    pub items: Vec<ItemStanding>,
    pub documents: Vec<(HandedIn, Vec<DocumentSide>)>,
    /// The rules that do not hold today.
    pub failures: Vec<Failure>,
    pub flags: Vec<KycFlag>,
    pub decisions: Vec<KycDecision>,
    pub takes_two: bool,
}

impl KycService {
    /// Cases in the order in which they are due.
    ///
    /// # Errors
    ///
    /// [`KycError::Cursor`] for a cursor of another list or caller.
    pub async fn queue(
        &self,
        by: StaffId,
        filter: QueueFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<KycCasePage, KycError> {
        let kms = self.vault.kms();
        let after = cursors::instant_and_id(kms, QUEUE, by.subject(), cursor, KycCaseId::from_uuid)?;
        let rows =
            self.db.read(move |c| kyc_cases::list_queue(c, &filter, after, i64::from(limit) + 1)).await?;
        let (cases, next_cursor) = cursors::page(kms, QUEUE, by.subject(), rows, limit, |case| {
            cursors::at_instant(case.due_at, case.id.as_bytes())
        })?;
        Ok(KycCasePage { cases, next_cursor })
    }

    /// The case of this id.
    pub(super) async fn case(&self, id: KycCaseId) -> Result<KycCase, KycError> {
        self.db.read(move |c| kyc_cases::find(c, id)).await?.ok_or(KycError::NotFound)
    }

    /// A case, with the machine's finding about every rule and nothing of what was told.
    ///
    /// # Errors
    ///
    /// [`KycError::NotFound`], [`KycError::OwnCase`].
    pub async fn staff_case(&self, by: StaffId, id: KycCaseId) -> Result<StaffKycCase, KycError> {
        let case = self.case(id).await?;
        self.refuse_own(by, case.account_id).await?;
        let (keys, now) = (self.keys_for(&case).await?, self.clock.now());
        let (opened, flags, decisions, is_shared) = self
            .db
            .read({
                let (case, owner) = (case.clone(), case.account_id);
                move |c| {
                    let opened = Opened::load(c, &keys, &case)?;
                    let decisions = kyc_decisions::list(c, owner, case.id)?;
                    let is_shared = kyc_documents::is_shared(c, owner, case.id)?;
                    Ok::<_, KycError>((opened, kyc_flags::list_open(c, owner)?, decisions, is_shared))
                }
            })
            .await?;
        let is_proposed = decisions.last().is_some_and(|last| last.step == DecisionStep::Proposed);
        let provided = Provided {
            has_verified_phone: opened.profile.phone_verified_at.is_some(),
            has_details: opened.details.is_some(),
            documents: opened.documents.iter().map(|document| document.item).collect(),
        };
        let documents = opened.documents.iter().map(|document| {
            let handed_in = HandedIn {
                id: document.id,
                item: document.item,
                kind: document.told.kind,
                uploaded_at: document.uploaded_at,
            };
            (handed_in, document.files.iter().map(|file| file.side).collect())
        });
        Ok(StaffKycCase {
            items: case.standings(&provided),
            documents: documents.collect(),
            failures: if case.state.is_decidable() { opened.failures(now) } else { Vec::new() },
            takes_two: is_shared || is_proposed || flags.iter().any(|flag| flag.kind.takes_two()),
            flags,
            decisions,
            case,
        })
    }
}
