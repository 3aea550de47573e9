//! What is asked of a person, why, until when, and how each item stands.

use super::{KycError, KycService};
use crate::{
    db::StorageError,
    domain::{
        ids::{AccountId, DocumentId},
        kyc::{
            DocumentKind, KycItem, KycState,
            case::{ItemStanding, KycCase, KycDetails, Provided},
        },
        time::Timestamp,
    },
    repositories::{
        kyc_cases, kyc_details,
        kyc_documents::{self, SealedDocument},
        profiles as profile_rows,
    },
};

/// The verification of a person, as the person sees it.
#[derive(Clone, Debug)]
pub struct KycOverview {
    pub state: KycState,
    /// The newest; none if none was ever asked for.
    pub case: Option<KycCase>,
    pub details: Option<KycDetails>,
    /// None where nothing is asked.
    pub items: Vec<ItemStanding>,
    pub documents: Vec<HandedIn>,
}

/// A document that is there.
#[derive(Clone, Copy, Debug)]
pub struct HandedIn {
    pub id: DocumentId,
    pub item: KycItem,
    pub kind: DocumentKind,
    pub uploaded_at: Timestamp,
}

impl From<&SealedDocument> for HandedIn {
    fn from(document: &SealedDocument) -> Self {
        Self { id: document.id, item: document.item, kind: document.kind, uploaded_at: document.uploaded_at }
    }
}

impl KycService {
    /// What is asked of the person.
    ///
    /// # Errors
    ///
    /// [`KycError::NotFound`] after the account has gone.
    pub async fn overview(&self, id: AccountId) -> Result<KycOverview, KycError> {
        let (profile, case, sealed, documents) = self
            .db
            .read(move |c| {
                let case = kyc_cases::find_current(c, id)?;
                let documents = match &case {
                    Some(case) => kyc_documents::list(c, id, case.id)?,
                    None => Vec::new(),
                };
                let sealed = kyc_details::find(c, id)?;
                Ok::<_, StorageError>((profile_rows::find(c, id)?, case, sealed, documents))
            })
            .await?;
        let profile = profile.ok_or(KycError::NotFound)?;
        let details = self.opened(id, sealed).await?;
        let provided = Provided {
            has_verified_phone: profile.phone_verified_at.is_some(),
            has_details: details.is_some(),
            documents: documents.iter().map(|document| document.item).collect(),
        };
        let case = case.filter(|case| case.state != KycState::NotRequired);
        Ok(KycOverview {
            state: case.as_ref().map_or(KycState::NotRequired, |case| case.state),
            items: case.as_ref().map(|case| case.standings(&provided)).unwrap_or_default(),
            documents: case.iter().flat_map(|_| documents.iter().map(HandedIn::from)).collect(),
            case,
            details,
        })
    }
}
