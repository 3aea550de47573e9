//! Documents die on schedule: so long after a decision as the law wants them kept, sooner where the person gave up,
//! and at once where nothing is asked any more.

use super::{KycError, KycService};
use crate::{
    domain::{
        kyc::case::{ABANDONED_AFTER, KycCase},
        time::Timestamp,
    },
    repositories::kyc_cases,
    services::{batches, erasure::ErasureService},
};

impl KycService {
    /// Erases the documents of verifications that were decided before an instant, given up on, or withdrawn; says
    /// of how many.
    ///
    /// # Errors
    ///
    /// Trouble with one of them, after the others had their turn.
    pub async fn erase_past(
        &self,
        erasure: &ErasureService,
        decided_before: Timestamp,
        limit: i64,
    ) -> Result<usize, KycError> {
        let due_before = self.clock.now().minus(ABANDONED_AFTER);
        let before = (decided_before, due_before);
        let past = self.db.read_long(move |c| kyc_cases::list_with_documents(c, before, limit)).await?;
        batches::for_each(past, |case: KycCase| async move {
            erasure.erase_documents(case.account_id, case.id, case.documents_key()).await?;
            Ok(true)
        })
        .await
    }
}
