//! Everything that a verification has, opened for the rules.

use std::{collections::HashMap, sync::Arc};

use super::{KycError, KycService, details, details::keys_to_read, documents};
use crate::{
    db::Conn,
    domain::{
        account::Profile,
        data_dictionary::Category,
        ids::DocumentId,
        kyc::{
            case::{KycCase, KycDetails},
            days::LocalDay,
            document::{DocumentFile, KycDocument},
            rules::{self, Details, Evidence, Failure, Residence},
        },
        personal::Personal,
        time::Timestamp,
    },
    repositories::{kyc_details, kyc_documents, profiles as profile_rows},
    services::{
        profiles,
        vault::{SubjectKeys, VaultError},
    },
};

/// A verification with everything that stands for it.
pub(super) struct Opened {
    pub(super) profile: Profile,
    pub(super) details: Option<KycDetails>,
    pub(super) documents: Vec<KycDocument>,
}

impl KycService {
    /// The keys of everything that stands for a verification. Another process may have made some of them
    /// within the last minute.
    pub(super) async fn keys_for(&self, case: &KycCase) -> Result<Arc<SubjectKeys>, VaultError> {
        let keys = keys_to_read(&self.db, &self.vault, case.account_id).await?;
        let is_whole =
            keys.holds(Category::Address) && keys.holds_version(Category::Documents, case.documents_key());
        // What was erased is missing for good, and its rows with it.
        if is_whole { Ok(keys) } else { self.vault.fresh_keys_of(case.account_id).await }
    }
}

impl Opened {
    pub(super) fn load(c: &mut Conn, keys: &SubjectKeys, case: &KycCase) -> Result<Self, KycError> {
        let id = case.account_id;
        let profile = profile_rows::find(c, id)?.ok_or(KycError::NotFound)?;
        let details = match kyc_details::find(c, id)? {
            Some(sealed) => details::open(keys, sealed)?,
            None => None,
        };
        let rows = kyc_documents::list(c, id, case.id)?;
        let ids: Vec<DocumentId> = rows.iter().map(|row| row.id).collect();
        let mut files: HashMap<DocumentId, Vec<DocumentFile>> = HashMap::new();
        for (document, file) in kyc_documents::list_files(c, id, &ids)? {
            files.entry(document).or_default().push(file.facts);
        }
        let mut documents = Vec::new();
        for row in rows {
            let shown = files.remove(&row.id).unwrap_or_default();
            documents.extend(documents::open(keys, row, shown)?);
        }
        Ok(Self { profile: profiles::open(keys, &profile)?, details, documents })
    }

    /// The rules that do not hold on the day that it is at `now` where the person lives.
    pub(super) fn failures(&self, now: Timestamp) -> Vec<Failure> {
        let zone = documents::zone_of(&self.profile);
        let details = self.details.as_ref().and_then(|details| {
            let residence = &details.residence;
            Some(Details {
                name: self.profile.real_name.expose(),
                birth_date: details.birth_date.day()?,
                residence: Residence {
                    line: residence.line.expose(),
                    postal_code: residence.postal_code.expose(),
                    city: residence.city.expose(),
                },
            })
        });
        rules::failures(&Evidence {
            // No account begins without it.
            email_verified: true,
            phone_verified: self.profile.phone_verified_at.is_some(),
            details,
            documents: self.documents.iter().map(|document| document.as_evidence(now, zone)).collect(),
            today: LocalDay::at(now, zone),
        })
    }
}
