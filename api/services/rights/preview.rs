//! What using a right leads to, said and signed before it is used (clause 7.6).

use serde::{Deserialize, Serialize};

use super::{PreviewFault, RightsError, RightsService};
use crate::{
    db::StorageError,
    domain::{
        disclosure::{obligation::fields_of_part, recipient::Recipient},
        ids::AccountId,
        purpose::{PersonalDataClass, Purpose},
        rights::{
            erasure::{self, ErasureEntry, ErasureFate},
            rectification::RectifiedField,
            request::{PREVIEW_LIVES, RightKind, RightsConsequenceCode, RightsScope},
        },
        time::Timestamp,
    },
    repositories::{bans, kyc_decisions},
    services::{
        obligations::{self, Change},
        tokens::jws,
        vault::{VaultError, kms::KeyPurpose},
    },
};

const TYPE: &str = "rights-request-preview+jws";

/// What follows from a request.
#[derive(Clone)]
pub struct RightsPreview {
    pub scope: RightsScope,
    pub consequences: Vec<(RightsConsequenceCode, &'static str)>,
    /// Who is told, since they fetched what it is about.
    pub recipients: Vec<Recipient>,
    /// What an erasure would erase and keep.
    pub entries: Vec<ErasureEntry>,
    pub expires_at: Timestamp,
    /// All of it, signed; a request is filed with it.
    pub jws: String,
}

/// What the signature is over.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    sub: AccountId,
    kind: RightKind,
    purpose: Option<Purpose>,
    data_class: Option<PersonalDataClass>,
    field: Option<RectifiedField>,
    consequences: Vec<RightsConsequenceCode>,
    /// How many are told: a list of them could be too long to be sent along.
    recipients: usize,
    /// What would be kept, and until when.
    kept: Vec<(String, Option<Timestamp>)>,
    iat: i64,
    exp: i64,
}

/// Who is shown a preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    Person,
    /// Whoever reads the person's mailbox: nothing is told of what is held, or who has it.
    Link,
}

/// The text of a preview, as it was sent along.
pub struct FiledPreview(pub String);

impl RightsService {
    /// What a request would lead to now.
    ///
    /// # Errors
    ///
    /// Storage and signing trouble only.
    pub async fn preview(&self, owner: AccountId, scope: RightsScope) -> Result<RightsPreview, RightsError> {
        self.preview_for(owner, scope, Viewer::Person).await
    }

    pub(super) async fn preview_for(
        &self,
        owner: AccountId,
        scope: RightsScope,
        viewer: Viewer,
    ) -> Result<RightsPreview, RightsError> {
        let now = self.clock.now();
        let (recipients, has_record, ban) = self
            .db
            .read(move |c| {
                if viewer == Viewer::Link {
                    return Ok((Vec::new(), true, None));
                }
                let mut concerned = Vec::new();
                if let Some(limit) = scope.limit() {
                    concerned.extend(obligations::list_concerned(c, owner, Change::Limited(limit), now)?);
                }
                // A day of birth goes with an address, and whoever has that is told, too.
                let told = match (scope.part(), scope.field.map(RectifiedField::disclosed_as)) {
                    (Some(part), _) => fields_of_part(part).to_vec(),
                    (None, Some(field)) => vec![field],
                    (None, None) => Vec::new(),
                };
                for other in obligations::list_concerned(c, owner, Change::Corrected(&told), now)? {
                    if !concerned.iter().any(|known: &Recipient| known.id == other.id) {
                        concerned.push(other);
                    }
                }
                let record = kyc_decisions::find_last_record(c, owner)?;
                Ok::<_, StorageError>((concerned, record.is_some(), bans::find_of(c, owner)?))
            })
            .await?;
        let entries = match scope.kind {
            RightKind::Erasure => match scope.part() {
                Some(part) => erasure::entries_of_part(part, has_record),
                None => erasure::entries(has_record, ban.as_ref(), now),
            },
            RightKind::Restriction
            | RightKind::Objection
            | RightKind::Access
            | RightKind::Portability
            | RightKind::Rectification => Vec::new(),
        };
        let kept = entries.iter().filter(|entry| entry.fate == ErasureFate::Kept);
        let expires_at = now.plus(PREVIEW_LIVES);
        let consequences = scope.consequences();
        let claims = Claims {
            sub: owner,
            kind: scope.kind,
            purpose: scope.purpose,
            data_class: scope.data_class,
            field: scope.field,
            consequences: consequences.iter().map(|(code, _)| *code).collect(),
            recipients: recipients.len(),
            kept: kept.map(|entry| (entry.category.to_owned(), entry.until)).collect(),
            iat: now.as_seconds(),
            exp: expires_at.as_seconds(),
        };
        let jws =
            jws::sign(self.vault.kms(), KeyPurpose::Receipt, TYPE, &claims).map_err(VaultError::from)?;
        Ok(RightsPreview { scope, consequences, recipients, entries, expires_at, jws })
    }

    /// Whether a preview is one that we made, for this person and request, of late.
    pub(super) fn check(
        &self,
        preview: &FiledPreview,
        (owner, scope): (AccountId, RightsScope),
        now: Timestamp,
    ) -> Result<(), RightsError> {
        let claims: Option<Claims> = jws::verify(self.vault.kms(), KeyPurpose::Receipt, TYPE, &preview.0);
        let claims = claims.filter(|claims| {
            let of = RightsScope {
                kind: claims.kind,
                purpose: claims.purpose,
                data_class: claims.data_class,
                field: claims.field,
            };
            claims.sub == owner && of == scope
        });
        match claims {
            None => Err(RightsError::Preview(PreviewFault::Invalid)),
            Some(claims) if now.as_seconds() >= claims.exp => {
                Err(RightsError::Preview(PreviewFault::Expired))
            }
            Some(_) => Ok(()),
        }
    }
}
