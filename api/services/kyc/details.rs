//! What the person tells: day of birth and residence (clauses 1.4 and 1.5).

use std::sync::Arc;

use super::{KycError, KycOverview, KycService};
use crate::{
    db::Db,
    domain::{
        data_dictionary::{Category, KYC_BIRTH_DATE, KYC_RESIDENCE},
        disclosure::scope::DisclosureField,
        ids::AccountId,
        kyc::{
            KycItem,
            case::{BirthDate, KycDetails, Residence},
            days::LocalDay,
        },
        personal::{Personal, PersonalText},
        sealed::Sealed,
    },
    repositories::{
        kyc_cases,
        kyc_details::{self, SealedKycDetails},
        rights_requests,
    },
    services::{
        contests,
        obligations::{self, Change},
        vault::{Row, SubjectKeys, Vault, VaultError},
    },
};

impl KycService {
    /// Keeps what the person tells, while a verification is open.
    ///
    /// # Errors
    ///
    /// [`KycError::NotOpen`] if nothing is asked for, [`KycError::BornInTheFuture`], and [`KycError::Stale`] if
    /// the verification changed meanwhile.
    #[tracing::instrument(skip_all)]
    pub async fn set_details(
        &self,
        id: AccountId,
        birth_date: BirthDate,
        residence: Residence,
    ) -> Result<KycOverview, KycError> {
        let now = self.clock.now();
        let born = birth_date.day().ok_or(KycError::BornInTheFuture)?;
        if LocalDay::at(now, None).latest < born {
            return Err(KycError::BornInTheFuture);
        }
        // What was told before is opened with what is sealed now.
        keys_to_read(&self.db, &self.vault, id).await?;
        let keys = self.vault.keys_with(id, &[Category::Identity, Category::Address], now).await?;
        let told = KycDetails { birth_date, residence, updated_at: now };
        let sealed = seal(&keys, &told)?;
        self.db
            .write_for(id, move |c| {
                let item = KycItem::PersonalDetails;
                let was = kyc_cases::find_current(c, id)?.filter(|case| case.takes(item));
                let was = was.ok_or(KycError::NotOpen)?;
                if rights_requests::erases_verification(c, id)? {
                    return Err(KycError::BeingErased);
                }
                let before =
                    kyc_details::find(c, id)?.map(|sealed| open(&keys, sealed)).transpose()?.flatten();
                let corrected = corrected(before.as_ref(), &told);
                obligations::open(c, &keys, Change::Corrected(&corrected), now)?;
                contests::end(c, id, &corrected)?;
                kyc_details::put(c, id, &sealed)?;
                if kyc_cases::update(c, &was, &was.after_change_of(item, true))? {
                    Ok(())
                } else {
                    Err(KycError::Stale)
                }
            })
            .await?;
        self.overview(id).await
    }
}

impl KycService {
    /// What the person told, unless nothing was, or any of it was erased.
    pub(super) async fn opened(
        &self,
        id: AccountId,
        sealed: Option<SealedKycDetails>,
    ) -> Result<Option<KycDetails>, KycError> {
        let Some(sealed) = sealed.filter(|sealed| sealed.residence.is_some()) else { return Ok(None) };
        let keys = keys_to_read(&self.db, &self.vault, id).await?;
        Ok(open(&keys, sealed)?)
    }
}

/// What is told otherwise than before.
fn corrected(before: Option<&KycDetails>, told: &KycDetails) -> Vec<DisclosureField> {
    // Where nothing was, what was fetched said so, and is completed.
    let is_other_birth_date = before.is_none_or(|before| before.birth_date != told.birth_date);
    let is_other_residence = before.is_none_or(|before| before.residence != told.residence);
    let birth_date = is_other_birth_date.then_some(DisclosureField::BirthDate);
    let residence = is_other_residence.then_some(DisclosureField::Residence);
    birth_date.into_iter().chain(residence).collect()
}

/// The keys of a person that open what was told: another process may have made the newest within the last minute.
///
/// # Errors
///
/// Storage trouble, and keys that do not unwrap.
pub async fn keys_to_read(db: &Db, vault: &Vault, id: AccountId) -> Result<Arc<SubjectKeys>, VaultError> {
    let sealed = db.read(move |c| kyc_details::find(c, id)).await?;
    match sealed.and_then(|sealed| sealed.residence) {
        Some(residence) => vault.keys_to_open(id, &KYC_RESIDENCE, &residence).await,
        None => vault.keys_of(id).await,
    }
}

fn unwritable() -> VaultError {
    VaultError::Broken { table: "kyc_details", column: "residence", why: "does not write" }
}

pub fn seal(keys: &SubjectKeys, details: &KycDetails) -> Result<SealedKycDetails, VaultError> {
    let account = keys.account_id();
    let row = Row(account.as_bytes());
    let residence = PersonalText::new(details.residence.write().map_err(|_| unwritable())?);
    Ok(SealedKycDetails {
        birth_date: Some(keys.seal(&KYC_BIRTH_DATE, row, &details.birth_date)?.into_envelope()),
        residence: Some(keys.seal(&KYC_RESIDENCE, row, &residence)?.into_envelope()),
        updated_at: details.updated_at,
    })
}

/// What was told, unless any of it was erased.
pub fn open(keys: &SubjectKeys, sealed: SealedKycDetails) -> Result<Option<KycDetails>, VaultError> {
    let account = keys.account_id();
    let row = Row(account.as_bytes());
    let Some((birth_date, residence)) = sealed.birth_date.zip(sealed.residence) else { return Ok(None) };
    let residence: PersonalText = keys.open(&KYC_RESIDENCE, row, &Sealed::from_envelope(residence))?;
    let unreadable = VaultError::Broken { table: "kyc_details", column: "residence", why: "does not read" };
    Ok(Some(KycDetails {
        birth_date: keys.open(&KYC_BIRTH_DATE, row, &Sealed::from_envelope(birth_date))?,
        residence: Residence::read(residence.expose()).ok_or(unreadable)?,
        updated_at: sealed.updated_at,
    }))
}
