//! The person says that everything is there.

use chrono::TimeDelta;

use super::{KycError, KycService};
use crate::{
    domain::{
        ids::AccountId,
        kyc::{
            KycItem, KycItemState, KycState,
            case::{ItemStanding, KYC_SUBMITTED, KycCase, Provided, REVIEWED_WITHIN_DAYS},
        },
    },
    repositories::{
        kyc_cases, kyc_details, kyc_documents, log as leaves, profiles as profile_rows, rights_requests,
    },
    services::{idempotency::Recording, log::LeafDraft},
};

/// A verification as it was handed in.
pub type KycSubmitted = KycCase;

impl KycService {
    /// Hands the verification in for review.
    ///
    /// # Errors
    ///
    /// [`KycError::NotOpen`], [`KycError::Incomplete`] while an item is missing or was not accepted.
    #[tracing::instrument(skip_all)]
    pub async fn submit(
        &self,
        id: AccountId,
        recording: Recording<KycSubmitted>,
    ) -> Result<KycSubmitted, KycError> {
        let now = self.clock.now();
        let keys = self.vault.keys_of(id).await?;
        let draft = LeafDraft::new(now)?;
        let review_by = now.plus(TimeDelta::days(REVIEWED_WITHIN_DAYS));
        self.db
            .write_for(id, move |c| {
                recording.refuse_if_done(c)?;
                let was = kyc_cases::find_current(c, id)?.filter(|case| case.state.is_open());
                let was = was.ok_or(KycError::NotOpen)?;
                if rights_requests::erases_verification(c, id)? {
                    return Err(KycError::BeingErased);
                }
                let profile = profile_rows::find(c, id)?.ok_or(KycError::NotFound)?;
                let documents = kyc_documents::list(c, id, was.id)?;
                let details = kyc_details::find(c, id)?;
                let provided = Provided {
                    has_verified_phone: profile.phone_verified_at.is_some(),
                    has_details: details
                        .is_some_and(|told| told.birth_date.is_some() && told.residence.is_some()),
                    documents: documents.iter().map(|document| document.item).collect(),
                };
                let waits = |standing: &ItemStanding| standing.state != KycItemState::Provided;
                let missing: Vec<KycItem> = was
                    .standings(&provided)
                    .into_iter()
                    .filter(waits)
                    .map(|standing| standing.item)
                    .collect();
                if !missing.is_empty() {
                    return Err(KycError::Incomplete(missing));
                }
                let case = KycCase {
                    state: KycState::Submitted,
                    submitted_at: Some(now),
                    due_at: review_by,
                    rejections: Vec::new(),
                    assigned_to: None,
                    ..was.clone()
                };
                if !kyc_cases::update(c, &was, &case)? {
                    return Err(KycError::Stale);
                }
                kyc_documents::note_submitted(c, id, case.id, now)?;
                let facts = vec![
                    ("kyc_case", case.id.to_string()),
                    ("account", id.to_string()),
                    ("submitted_at", now.to_string()),
                ];
                leaves::append(c, &draft.of_person(&keys, &KYC_SUBMITTED, &facts)?)?;
                recording.record(c, &keys, &case)?;
                Ok(case)
            })
            .await
    }
}
