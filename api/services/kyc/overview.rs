//! What is asked of a person, why, until when, and how each item stands.

use super::{KycError, KycService, details};
use crate::{
    db::StorageError,
    domain::{
        data_dictionary::Category,
        ids::AccountId,
        kyc::{
            KycItem, KycItemState, KycState, RejectionReason,
            case::{KycCase, KycDetails},
        },
    },
    repositories::{kyc_cases, kyc_details, profiles as profile_rows},
};

/// How an item stands.
#[derive(Clone, Copy, Debug)]
pub struct ItemStanding {
    pub item: KycItem,
    pub state: KycItemState,
    pub reason: Option<RejectionReason>,
}

/// The verification of a person, as the person sees it.
#[derive(Clone, Debug)]
pub struct KycOverview {
    pub state: KycState,
    /// The newest; none if none was ever asked for.
    pub case: Option<KycCase>,
    pub details: Option<KycDetails>,
    /// None where nothing is asked.
    pub items: Vec<ItemStanding>,
}

impl KycService {
    /// What is asked of the person.
    ///
    /// # Errors
    ///
    /// [`KycError::NotFound`] after the account has gone.
    pub async fn overview(&self, id: AccountId) -> Result<KycOverview, KycError> {
        let (profile, case, sealed) = self
            .db
            .read(move |c| {
                Ok::<_, StorageError>((
                    profile_rows::find(c, id)?,
                    kyc_cases::find_current(c, id)?,
                    kyc_details::find(c, id)?,
                ))
            })
            .await?;
        let profile = profile.ok_or(KycError::NotFound)?;
        let details = match sealed.filter(|sealed| sealed.residence.is_some()) {
            // Another process may have made the key within the last minute.
            Some(sealed) => {
                let keys = self.vault.keys_with(id, &[Category::Address], self.clock.now()).await?;
                details::open(&keys, sealed)?
            }
            None => None,
        };
        let is_there = |item| match item {
            KycItem::VerifiedEmail => true,
            KycItem::VerifiedPhone => profile.phone_verified_at.is_some(),
            KycItem::PersonalDetails => details.is_some(),
            KycItem::FirstIdentityDocument | KycItem::SecondIdentityDocument | KycItem::AddressProof => false,
        };
        let items = case.iter().flat_map(|case| {
            KycItem::ALL.iter().map(move |item| {
                let (state, reason) = case.item_state(*item, is_there(*item));
                ItemStanding { item: *item, state, reason }
            })
        });
        Ok(KycOverview {
            state: case.as_ref().map_or(KycState::NotRequired, |case| case.state),
            items: items.collect(),
            case,
            details,
        })
    }
}
