//! Receipts: a signed copy of a consent record for its person, in the fields of ISO/IEC TS 27560 and the
//! terms of the Data Privacy Vocabulary, verifiable with the published key alone.

use serde_json::{Value, json};

use super::{ConsentError, ConsentService};
use crate::{
    domain::{
        consent::{ConsentAction, ConsentEvent, ConsentMethod},
        encoding::hex,
        ids::{AccountId, ConsentEventId},
        policy::PolicyVersion,
        purpose::{LawfulBasis, PersonalDataClass, PurposeDefinition, RecipientClass},
    },
    repositories::consent_events,
    services::{
        tokens::{access::PublicKey, jws},
        vault::kms::{KeyPurpose, KmsError},
    },
};

/// Who answers for the processing (GDPR art. 4(7)).
#[derive(Clone, Debug)]
pub struct Controller {
    pub name: String,
    /// Where people write to.
    pub contact: String,
    /// Where the service is reached.
    pub url: String,
}

/// A receipt of an event.
pub struct Receipt {
    pub consent_event_id: ConsentEventId,
    /// A compact JWS (RFC 7515) whose payload is the receipt as JSON-LD.
    pub jws: String,
}

const TYPE: &str = "consent-receipt+jws";

impl ConsentService {
    /// The receipt of an event, in the words that the person saw.
    ///
    /// # Errors
    ///
    /// [`ConsentError::NotFound`] also for another person's event.
    pub async fn receipt(&self, owner: AccountId, id: ConsentEventId) -> Result<Receipt, ConsentError> {
        let event = self.db.read(move |c| consent_events::find_owned(c, owner, id)).await?;
        let event = event.ok_or(ConsentError::NotFound)?;
        let policy = self.policies.find(event.policy_version).await?;
        let definition = policy.document.definition(event.purpose).ok_or(ConsentError::NotFound)?;
        let receipt = document(&self.controller, &event, &policy, definition);
        let jws = jws::sign(self.vault.kms(), KeyPurpose::Receipt, TYPE, &receipt)?;
        Ok(Receipt { consent_event_id: id, jws })
    }

    /// The public keys that verify receipts, newest first.
    ///
    /// # Errors
    ///
    /// Only if a signing key is gone.
    pub fn public_keys(&self) -> Result<Vec<PublicKey>, KmsError> {
        jws::public_keys(self.vault.kms(), KeyPurpose::Receipt)
    }
}

/// The receipt as JSON-LD. It is made from what never changes, so it is the same at every call.
fn document(
    controller: &Controller,
    event: &ConsentEvent,
    policy: &PolicyVersion,
    definition: &PurposeDefinition,
) -> Value {
    let at = |path: &str| format!("{}{path}", controller.url);
    json!({
        "@context": {
            "dct": "http://purl.org/dc/terms/",
            "dpv": "https://w3id.org/dpv#",
            "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
            "loc": "https://w3id.org/dpv/loc#",
            "schema": "https://schema.org/",
        },
        "@id": at(&format!("/v1/consent-events/{}/receipt", event.id)),
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": event.id.to_string(),
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt-record",
        "dct:publisher": controller.name,
        "dct:issued": event.recorded_at.to_string(),
        "schema:recipient": "dpv:DataSubject",
        "dpv:hasRecordOfActivity": record(controller, event, policy, definition, at),
    })
}

fn record(
    controller: &Controller,
    event: &ConsentEvent,
    policy: &PolicyVersion,
    definition: &PurposeDefinition,
    at: impl Fn(&str) -> String,
) -> Value {
    json!({
        "@type": "dpv:ConsentRecord",
        "dct:identifier": event.id.to_string(),
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
        "dpv:hasDataSubject": { "@id": event.account_id.to_string(), "@type": "dpv:DataSubject" },
        "dpv:hasDataController": {
            "@type": "dpv:DataController",
            "schema:name": controller.name,
            "dpv:hasContact": controller.contact,
            "schema:url": controller.url,
        },
        "dpv:hasJurisdiction": ["loc:NZ", "loc:EU"],
        "dpv:hasApplicableLaw": ["Privacy Act 2020 (NZ)", "eu-gdpr:GDPR"],
        "dpv:hasNotice": {
            "@type": "dpv:PrivacyNotice",
            "@id": at(&format!("/v1/policy-versions/{}", policy.version)),
            "schema:version": policy.version,
            "dct:language": "en",
            "dct:date": policy.published_at.to_string(),
            "schema:sha256": hex(&policy.content_hash),
        },
        "dpv:hasProcess": process(definition, event, policy),
        "dpv:hasRight": rights(&at),
        "dpv:hasConsentStatus": [status(event)],
    })
}

fn process(definition: &PurposeDefinition, event: &ConsentEvent, policy: &PolicyVersion) -> Value {
    let places = policy
        .document
        .storage_places
        .iter()
        .filter(|place| place.data_classes.iter().any(|class| definition.data_classes.contains(class)));
    json!({
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "@id": definition.purpose.as_str(),
            "dct:description": definition.text,
            "schema:sha256": hex(&event.definition_hash),
            "schema:isBasedOn": format!("clause {}", definition.clause),
        },
        "dpv:hasLegalBasis": match definition.lawful_basis {
            LawfulBasis::Consent => "eu-gdpr:A6-1-a",
            LawfulBasis::Contract => "eu-gdpr:A6-1-b",
            LawfulBasis::LegalObligation => "eu-gdpr:A6-1-c",
            LawfulBasis::LegitimateInterests => "eu-gdpr:A6-1-f",
        },
        "dpv:hasPersonalData": definition.data_classes.iter().map(|class| data_of(*class)).collect::<Vec<_>>(),
        "dpv:hasRecipient": definition.recipients.iter().map(|class| recipient_of(*class)).collect::<Vec<_>>(),
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageDuration",
            "dpv:hasDuration": definition.retention,
            "dpv:hasLocation": places.map(|place| format!("loc:{}", place.country)).collect::<Vec<_>>(),
        },
        "dpv:hasThirdCountry": definition.countries.iter().map(|country| format!("loc:{country}")).collect::<Vec<_>>(),
        "dpv:isImplementedUsingMechanism": "automated, with review by people before any disclosure",
    })
}

fn data_of(class: PersonalDataClass) -> Value {
    json!({ "@type": "dpv:PersonalData", "@id": class.as_str() })
}

fn recipient_of(class: RecipientClass) -> Value {
    json!({ "@type": "dpv:Recipient", "@id": class.as_str() })
}

fn status(event: &ConsentEvent) -> Value {
    json!({
        "@type": match event.action {
            ConsentAction::Granted => "dpv:ConsentGiven",
            ConsentAction::Declined => "dpv:ConsentRefused",
            ConsentAction::Withdrawn => "dpv:ConsentWithdrawn",
        },
        "dct:date": event.given_at.to_string(),
        "dct:dateAccepted": event.recorded_at.to_string(),
        "dpv:isIndicatedBy": "dpv:DataSubject",
        "dpv:hasIndicationMethod": indication(event.method),
        "dpv:hasExpiry": event.expires_at.map(|at| at.to_string()),
        "schema:position": event.sequence,
        "schema:additionalType": event.kind.as_str(),
        "schema:instrument": event.device_ref.map(|device| device.to_string()),
        "schema:isGlobalPrivacyControl": event.gpc,
    })
}

const fn indication(method: ConsentMethod) -> &'static str {
    match method {
        ConsentMethod::Registration => "registration form, confirmed by a code to the email address",
        ConsentMethod::PolicyAcceptance => "acceptance of the privacy policy",
        ConsentMethod::PolicyRefusal => "refusal of the privacy policy",
        ConsentMethod::AccountSettings => "settings of the account, signed in",
        ConsentMethod::DeviceSettings => "cookie settings of the device",
        ConsentMethod::DeviceMerge => "cookie settings of the device, taken over at sign-in",
        ConsentMethod::Gpc => "Global Privacy Control signal of the browser",
    }
}

/// Where the person withdraws, and uses the other rights.
fn rights(at: impl Fn(&str) -> String) -> Value {
    let right = |article: &str, path: &str| json!({ "@type": "dpv:ActiveRight", "@id": article, "dpv:isExercisedAt": at(path) });
    json!([
        right("eu-gdpr:A7-3", "/v1/consents"),
        right("eu-gdpr:A15", "/v1/account"),
        right("eu-gdpr:A16", "/v1/account"),
        right("eu-gdpr:A17", "/v1/account/closure"),
        right("eu-gdpr:A77", "/policy"),
    ])
}
