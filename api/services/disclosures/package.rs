//! Packages: what a permit lets out, opened field by field, signed, and sealed to its recipient. Nothing of it is
//! kept.

use std::io::Write as _;

use age::{Encryptor, x25519};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{DisclosureError, DisclosureService, gate::Permit};
use crate::{
    domain::{
        data_dictionary::KYC_RECORD,
        disclosure::{refusal::GateRefusal, scope::DisclosureField},
        kyc::{KycState, decision::KycRecord},
        personal::{Personal, PersonalText},
        purpose::PersonalDataClass,
        time::Timestamp,
    },
    repositories::{
        accounts, kyc_cases, kyc_decisions, kyc_details, profiles as profile_rows, rights_requests,
    },
    services::{
        contests,
        kyc::open_details,
        profiles,
        tokens::{access::PublicKey, jws},
        vault::{
            Row, SubjectKeys, VaultError,
            kms::{KeyPurpose, Kms, KmsError},
        },
    },
};

/// How long what is in a package is vouched for; then it is fetched anew.
pub const VOUCHED_FOR: TimeDelta = TimeDelta::days(7);

/// What the inner signature calls itself (RFC 7515, section 4.1.9).
const TYPE: &str = "disclosure-package+jwt";

/// What goes out, sealed: an age file around a compact JWS.
#[derive(Clone)]
pub struct Package {
    sealed: Vec<u8>,
}

impl Package {
    /// Opens what the permit names, says under which conditions it goes, signs that, and seals it.
    pub(super) fn build(
        permit: &mut Permit<'_>,
        keys: &SubjectKeys,
        kms: &Kms,
        controller: &str,
        number: i32,
    ) -> Result<Self, DisclosureError> {
        let key = permit.recipient().entry.package_key.clone();
        let key: x25519::Recipient =
            key.and_then(|key| key.parse().ok()).ok_or(DisclosureError::NoPackageKey)?;
        let fields = open_fields(permit, keys)?;
        let contested = list_contested(permit, keys)?;
        let (disclosure, now) = (permit.disclosure(), permit.now());
        let claims = json!({
            "iss": controller,
            "aud": permit.recipient().id.to_string(),
            "iat": now.as_seconds(),
            "exp": now.plus(VOUCHED_FOR).as_seconds(),
            "disclosure_id": disclosure.id.to_string(),
            "pull_number": number,
            "purpose": permit.rule().public_purpose.as_str(),
            "clause": permit.rule().clause,
            "released_at": disclosure.released_at.map(|at| at.to_string()),
            "conditions_of_use": permit.rule().conditions,
            "fields": Value::Object(fields),
            "contested": Value::Object(contested),
        });
        let signed = Zeroizing::new(jws::sign(kms, KeyPurpose::Package, TYPE, &claims)?);
        Ok(Self { sealed: seal(&key, signed.as_bytes())? })
    }

    /// The age file.
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// Identifies the age file; of what is in it, it tells nothing.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.sealed).into()
    }
}

impl DisclosureService {
    /// The public keys that verify packages, newest first.
    ///
    /// # Errors
    ///
    /// Only if a signing key is gone.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>, KmsError> {
        jws::public_keys(self.vault.kms(), KeyPurpose::Package)
    }
}

/// Whether a text is a key that packages can be sealed to.
pub fn is_package_key(text: &str) -> bool {
    text.parse::<x25519::Recipient>().is_ok()
}

fn seal(key: &x25519::Recipient, text: &[u8]) -> Result<Vec<u8>, DisclosureError> {
    let unsealed = |_| DisclosureError::Unsealable;
    let key: &dyn age::Recipient = key;
    let encryptor =
        Encryptor::with_recipients(std::iter::once(key)).map_err(|_| DisclosureError::Unsealable)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(unsealed)?;
    writer.write_all(text).map_err(unsealed)?;
    writer.finish().map_err(unsealed)?;
    Ok(sealed)
}

/// The values of the permitted fields, and of no other; `null` for what is not there.
fn open_fields(permit: &mut Permit<'_>, keys: &SubjectKeys) -> Result<Map<String, Value>, DisclosureError> {
    let (owner, wanted) = (permit.disclosure().account_id, permit.disclosure().fields.clone());
    let is_compelled = permit.rule().takes_instrument;
    let c = permit.conn();
    // Part of the person may be erased while the account lives on.
    let profile = profile_rows::find_unless_erased(c, owner)?;
    let profile = profile.ok_or(DisclosureError::Shut(GateRefusal::SubjectGone))?;
    let profile = profiles::open(keys, &profile)?;
    let details = match kyc_details::find(c, owner)? {
        Some(sealed) => open_details(keys, sealed)?,
        None => None,
    };
    // A verification that was asked for anew vouches for nothing until it is approved.
    let verified = kyc_cases::find_current(c, owner)?.filter(|case| case.state == KycState::Approved);
    let record = kyc_decisions::find_last_record(c, owner)?.filter(|_| verified.is_some());
    // What a law keeps of documents that their person had erased goes out only where a law compels.
    let erased_at = rights_requests::find_part_erased_at(c, owner, PersonalDataClass::Documents)?;
    let has_documents = |at: &Timestamp| is_compelled || erased_at.is_none_or(|erased_at| erased_at < *at);
    let registered_at = accounts::find_created_at(c, owner)?.ok_or(DisclosureError::NotFound)?;
    let mut fields = Map::new();
    for field in wanted {
        let value = match field {
            DisclosureField::RealName => json!(profile.real_name.expose()),
            DisclosureField::DisplayName => json!(profile.display_name.as_ref().map(Personal::expose)),
            DisclosureField::Email => json!(profile.email.expose()),
            DisclosureField::Phone => json!(profile.phone.as_ref().map(Personal::expose)),
            DisclosureField::BirthDate => {
                json!(details.as_ref().map(|details| details.birth_date.expose()))
            }
            DisclosureField::Residence => json!(details.as_ref().map(|details| json!({
                "line": details.residence.line.expose(),
                "postal_code": details.residence.postal_code.expose(),
                "city": details.residence.city.expose(),
                "country": details.residence.country,
            }))),
            DisclosureField::IdentityDocuments => match &record {
                Some((case, sealed, at)) if has_documents(at) => documents_of(keys, case.as_bytes(), sealed)?,
                _ => Value::Null,
            },
            DisclosureField::VerificationStatus => json!({
                "verified": record.is_some(),
                "since": record.as_ref().map(|(_, _, at)| at.to_string()),
            }),
            DisclosureField::RegisteredAt => json!(registered_at.to_string()),
        };
        fields.insert(field.as_str().to_owned(), value);
    }
    Ok(fields)
}

/// Which of the permitted fields their person says are wrong, since when, and what is to be read beside them (clause 7.2).
fn list_contested(
    permit: &mut Permit<'_>,
    keys: &SubjectKeys,
) -> Result<Map<String, Value>, DisclosureError> {
    let wanted = permit.disclosure().fields.clone();
    let mut contested = Map::new();
    for contest in contests::list(permit.conn(), keys)? {
        let field = contest.field.disclosed_as();
        if wanted.contains(&field) {
            let statement = contest.statement.as_ref().map(Personal::expose);
            let about = json!({ "since": contest.since.to_string(), "statement": statement });
            contested.insert(field.as_str().to_owned(), about);
        }
    }
    Ok(contested)
}

/// The documents of an approved verification, from what the law keeps of it.
fn documents_of(keys: &SubjectKeys, row: &[u8; 16], sealed: &[u8]) -> Result<Value, DisclosureError> {
    let unreadable = VaultError::Broken { table: "kyc_records", column: "record", why: "does not read" };
    let sealed = crate::domain::sealed::Sealed::<PersonalText>::from_envelope(sealed.to_vec());
    let record = keys.open(&KYC_RECORD, Row(row), &sealed)?;
    let record: KycRecord = serde_json::from_str(record.expose()).map_err(|_| unreadable)?;
    Ok(json!(record.documents))
}
