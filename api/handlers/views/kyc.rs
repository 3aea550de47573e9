//! Bodies of verifications of identity.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, RefOr, Schema, SchemaFormat,
        schema::{ObjectBuilder, Type},
    },
};
use validator::Validate;
use zeroize::Zeroizing;

use super::Example;
use crate::{
    domain::{
        country::Country,
        ids::{AccountId, DocumentId, KycCaseId, StaffId},
        kyc::{
            DocumentKind, IssuerClass, KycItem, KycItemState, KycState, RejectionReason,
            case::{
                AddressLine, BirthDate, City, DAYS_TO_ANSWER, ItemStanding, KycCase, KycDetails, KycGround,
                LEAST_DAYS, MOST_DAYS, PostalCode, Residence,
            },
            document::{
                DocumentDay, DocumentNumber, DocumentSide, KycDocument, PrintedAddress, PrintedName,
                ToldDocument, ZoneText,
            },
        },
        personal::{Personal, PersonalText},
        support::SupportText,
        time::Timestamp,
    },
    handlers::extract::FilePart,
    services::kyc::{HandedIn, KycOverview, Upload},
};

/// Where the person lives.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SetResidence {
    /// Street and house number.
    pub line: AddressLine,
    /// Postal code.
    pub postal_code: PostalCode,
    /// Town or city.
    pub city: City,
    /// Country.
    pub country: Country,
}

/// What the person tells beside name, email and phone.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SetKycDetails {
    /// Day of birth.
    pub birth_date: BirthDate,
    /// Residential address.
    #[validate(nested)]
    pub residence: SetResidence,
}

/// Where the person lives, as told.
#[derive(Serialize, ToSchema)]
#[schema(as = Residence)]
pub struct ResidenceView {
    /// Street and house number.
    #[schema(max_length = 200, example = "12 Queen Street")]
    pub line: String,
    /// Postal code.
    #[schema(max_length = 12, example = "1010")]
    pub postal_code: String,
    /// Town or city.
    #[schema(max_length = 100, example = "Auckland")]
    pub city: String,
    /// Country.
    pub country: Country,
}

impl From<&Residence> for ResidenceView {
    fn from(residence: &Residence) -> Self {
        Self {
            line: residence.line.expose().to_owned(),
            postal_code: residence.postal_code.expose().to_owned(),
            city: residence.city.expose().to_owned(),
            country: residence.country,
        }
    }
}

/// What the person told.
#[derive(Serialize, ToSchema)]
#[schema(as = KycDetails)]
pub struct KycDetailsView {
    /// Day of birth.
    #[schema(format = Date, min_length = 10, max_length = 10, example = "1990-12-10")]
    pub birth_date: String,
    /// Residential address.
    pub residence: ResidenceView,
    /// When it was told.
    pub updated_at: Timestamp,
}

impl From<&KycDetails> for KycDetailsView {
    fn from(details: &KycDetails) -> Self {
        Self {
            birth_date: details.birth_date.expose().to_owned(),
            residence: ResidenceView::from(&details.residence),
            updated_at: details.updated_at,
        }
    }
}

/// One thing that is asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = KycRequirement)]
pub struct KycRequirementView {
    /// What is asked for.
    pub item: KycItem,
    /// The clause that asks for it.
    #[schema(max_length = 8, example = "1.6")]
    pub clause: String,
    /// How it stands.
    pub state: KycItemState,
    /// Why it was not accepted; `null` unless it was not.
    #[schema(required)]
    pub reason: Option<RejectionReason>,
}

impl From<&ItemStanding> for KycRequirementView {
    fn from(standing: &ItemStanding) -> Self {
        Self {
            item: standing.item,
            clause: standing.item.clause().to_owned(),
            state: standing.state,
            reason: standing.reason,
        }
    }
}

/// The verification of the person's identity.
#[derive(Serialize, ToSchema)]
#[schema(as = Kyc)]
pub struct KycView {
    /// How far it has come.
    pub state: KycState,
    /// Identifies it; `null` if none was ever asked for.
    #[schema(required)]
    pub kyc_case_id: Option<KycCaseId>,
    /// Why it is asked for, as far as everybody may know; `null` if it is not.
    #[schema(required)]
    pub ground: Option<KycGround>,
    /// The clause under which it is asked for; `null` if it is not.
    #[schema(required, max_length = 8, example = "1.3")]
    pub clause: Option<String>,
    /// When it was asked for; `null` if it never was.
    #[schema(required)]
    pub requested_at: Option<Timestamp>,
    /// Until when; `null` while nothing is awaited from the person.
    #[schema(required)]
    pub due_at: Option<Timestamp>,
    /// When it was handed in last; `null` if it never was.
    #[schema(required)]
    pub submitted_at: Option<Timestamp>,
    /// When it was decided; `null` if it is not.
    #[schema(required)]
    pub decided_at: Option<Timestamp>,
    /// What is asked for, item by item.
    #[schema(max_items = 16)]
    pub requirements: Vec<KycRequirementView>,
    /// What the person told; `null` until then.
    #[schema(required)]
    pub personal_details: Option<KycDetailsView>,
    /// The documents that were handed in.
    #[schema(max_items = 3)]
    pub documents: Vec<KycDocumentSummaryView>,
}

/// A document that is there.
#[derive(Serialize, ToSchema)]
#[schema(as = KycDocumentSummary)]
pub struct KycDocumentSummaryView {
    /// Identifies it.
    pub document_id: DocumentId,
    /// What it stands for.
    pub item: KycItem,
    /// What it is.
    pub kind: DocumentKind,
    /// When it was handed in.
    pub uploaded_at: Timestamp,
}

impl From<&HandedIn> for KycDocumentSummaryView {
    fn from(document: &HandedIn) -> Self {
        Self {
            document_id: document.id,
            item: document.item,
            kind: document.kind,
            uploaded_at: document.uploaded_at,
        }
    }
}

/// A document with the files that show it. A field that is left empty counts as not sent.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct UploadKycDocument {
    /// What it is.
    pub kind: DocumentKind,
    /// Who issued it; a state, for anything but a proof of address.
    pub issuer_class: IssuerClass,
    /// The country whose document it is.
    pub country: Country,
    /// The name that it bears.
    pub name: PrintedName,
    /// Its number; not for a proof of address.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub number: Option<DocumentNumber>,
    /// When it was issued, in the years 1900 to 2199; needed for a proof of address, within the last three months.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = String, format = Date, nullable = false, required = false, min_length = 10, max_length = 10, example = "2026-02-10")]
    pub issued_on: Option<DocumentDay>,
    /// The last day on which it is valid, in the years 1900 to 2199; not for a proof of address.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = String, format = Date, nullable = false, required = false, min_length = 10, max_length = 10, example = "2028-12-31")]
    pub expires_on: Option<DocumentDay>,
    /// The address that it bears; needed for a proof of address.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub address: Option<PrintedAddress>,
    /// The lines of its machine-readable zone, if it has one.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub machine_readable_zone: Option<ZoneText>,
    /// A picture of its front, or the proof of address: JPEG or PNG, and PDF for a proof of address; 10 MiB.
    #[schema(value_type = String, format = Binary)]
    pub front: FilePart,
    /// A picture of its back, where it has one.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(value_type = String, format = Binary, nullable = false, required = false)]
    pub back: Option<FilePart>,
}

impl UploadKycDocument {
    pub fn into_upload(self, mut take: impl FnMut(FilePart) -> Zeroizing<Vec<u8>>) -> Upload {
        Upload {
            front: take(self.front),
            back: self.back.map(take),
            told: ToldDocument {
                kind: self.kind,
                issuer: self.issuer_class,
                country: self.country,
                name: self.name,
                number: self.number,
                issued_on: self.issued_on,
                expires_on: self.expires_on,
                address: self.address,
                zone: self.machine_readable_zone,
            },
        }
    }
}

/// The bytes of a picture.
pub struct Picture;

impl PartialSchema for Picture {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a picture."))
            .max_length(Some(67_108_864))
            .into()
    }
}

impl ToSchema for Picture {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Picture")
    }
}

/// A picture of a side.
#[derive(Serialize, ToSchema)]
#[schema(as = KycDocumentImage)]
pub struct KycDocumentImageView {
    /// Which side.
    pub side: DocumentSide,
    /// Pixels across.
    #[schema(minimum = 1, maximum = 4000, example = 1600)]
    pub width: u32,
    /// Pixels down.
    #[schema(minimum = 1, maximum = 32000, example = 1120)]
    pub height: u32,
    /// Bytes.
    #[schema(minimum = 1, maximum = 67_108_864, example = 412_345)]
    pub size: i64,
}

/// A document, as it was told and is kept.
#[derive(Serialize, ToSchema)]
#[schema(as = KycDocument)]
pub struct KycDocumentView {
    /// Identifies it.
    pub document_id: DocumentId,
    /// The verification that it was handed in for.
    pub kyc_case_id: KycCaseId,
    /// What it stands for.
    pub item: KycItem,
    /// What it is.
    pub kind: DocumentKind,
    /// Who issued it.
    pub issuer_class: IssuerClass,
    /// The country whose document it is.
    pub country: Country,
    /// The name that it bears.
    #[schema(max_length = 200, example = "LOVELACE ADA")]
    pub name: String,
    /// Its number; `null` for a proof of address.
    #[schema(required, max_length = 32, example = "LH123456")]
    pub number: Option<String>,
    /// When it was issued; `null` if that was not told.
    #[schema(required, value_type = Option<String>, format = Date, max_length = 10, example = "2019-01-01")]
    pub issued_on: Option<DocumentDay>,
    /// The last day on which it is valid; `null` for a proof of address.
    #[schema(required, value_type = Option<String>, format = Date, max_length = 10, example = "2028-12-31")]
    pub expires_on: Option<DocumentDay>,
    /// The address that it bears; `null` if that was not told.
    #[schema(required, max_length = 300, example = "12 Queen St, Auckland 1010")]
    pub address: Option<String>,
    /// Whether its machine-readable zone was told.
    pub has_machine_readable_zone: bool,
    /// The pictures that are kept: decoded and encoded anew, with nothing but what they show.
    #[schema(max_items = 2)]
    pub images: Vec<KycDocumentImageView>,
    /// When it was handed in.
    pub uploaded_at: Timestamp,
}

impl From<&KycDocument> for KycDocumentView {
    fn from(document: &KycDocument) -> Self {
        let told = &document.told;
        let images = document.files.iter().map(|file| KycDocumentImageView {
            side: file.side,
            width: file.width,
            height: file.height,
            size: file.size,
        });
        Self {
            document_id: document.id,
            kyc_case_id: document.case_id,
            item: document.item,
            kind: told.kind,
            issuer_class: told.issuer,
            country: told.country,
            name: told.name.expose().to_owned(),
            number: told.number.as_ref().map(|number| number.expose().to_owned()),
            issued_on: told.issued_on,
            expires_on: told.expires_on,
            address: told.address.as_ref().map(|address| address.expose().to_owned()),
            has_machine_readable_zone: told.zone.is_some(),
            images: images.collect(),
            uploaded_at: document.uploaded_at,
        }
    }
}

impl From<&KycOverview> for KycView {
    fn from(overview: &KycOverview) -> Self {
        let case = overview.case.as_ref();
        Self {
            state: overview.state,
            kyc_case_id: case.map(|case| case.id),
            ground: case.map(|case| case.ground),
            clause: case.map(|case| case.ground.clause().to_owned()),
            requested_at: case.map(|case| case.requested_at),
            due_at: case.filter(|case| case.state.is_open()).map(|case| case.due_at),
            submitted_at: case.and_then(|case| case.submitted_at),
            decided_at: case.and_then(|case| case.decided_at),
            requirements: overview.items.iter().map(KycRequirementView::from).collect(),
            personal_details: overview.details.as_ref().map(KycDetailsView::from),
            documents: overview.documents.iter().map(KycDocumentSummaryView::from).collect(),
        }
    }
}

/// A verification as it was handed in.
#[derive(Serialize, ToSchema)]
#[schema(as = KycSubmission)]
pub struct KycSubmissionView {
    /// Identifies the verification.
    pub kyc_case_id: KycCaseId,
    /// How far it has come.
    pub state: KycState,
    /// When it was handed in.
    #[schema(required)]
    pub submitted_at: Option<Timestamp>,
    /// By when the company looks at it.
    pub review_due_at: Timestamp,
}

impl From<&KycCase> for KycSubmissionView {
    fn from(case: &KycCase) -> Self {
        Self {
            kyc_case_id: case.id,
            state: case.state,
            submitted_at: case.submitted_at,
            review_due_at: case.due_at,
        }
    }
}

/// How many days a person has.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub struct Days(pub u16);

impl TryFrom<i64> for Days {
    type Error = &'static str;

    fn try_from(days: i64) -> Result<Self, &'static str> {
        let days = u16::try_from(days).map_err(|_| "out_of_range")?;
        if (LEAST_DAYS..=MOST_DAYS).contains(&days) { Ok(Self(days)) } else { Err("out_of_range") }
    }
}

const fn days_to_answer() -> Days {
    Days(DAYS_TO_ANSWER)
}

/// A reason that its person never learns.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct PrivateReason(SupportText);

impl PrivateReason {
    pub fn into_text(self) -> PersonalText {
        PersonalText::of(&self.0)
    }
}

/// What a person is asked for.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RequestKyc {
    /// The person.
    pub account_id: AccountId,
    /// What the person is told of why.
    pub ground: KycGround,
    /// Why, for staff alone; it rests sealed and is in no view of the person.
    #[schema(value_type = String, min_length = 1, max_length = 4000, example = "Withdrawals from three countries within a day.")]
    pub private_reason: PrivateReason,
    /// How many days the person has.
    #[serde(default = "days_to_answer")]
    #[schema(value_type = i32, nullable = false, minimum = 7, maximum = 90, default = 14, example = 14)]
    pub days: Days,
}

/// A verification, as staff sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffKycCase)]
pub struct StaffKycCaseView {
    /// Identifies it.
    pub kyc_case_id: KycCaseId,
    /// The person.
    pub account_id: AccountId,
    /// How far it has come.
    pub state: KycState,
    /// What the person is told of why.
    pub ground: KycGround,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Until when: the person, while something is awaited from them, or the company.
    pub due_at: Timestamp,
    /// When it was handed in last; `null` if it never was.
    #[schema(required)]
    pub submitted_at: Option<Timestamp>,
    /// When it was decided; `null` if it is not.
    #[schema(required)]
    pub decided_at: Option<Timestamp>,
    /// Who looks at it; `null` if nobody does.
    #[schema(required)]
    pub assigned_to: Option<StaffId>,
}

impl From<&KycCase> for StaffKycCaseView {
    fn from(case: &KycCase) -> Self {
        Self {
            kyc_case_id: case.id,
            account_id: case.account_id,
            state: case.state,
            ground: case.ground,
            requested_at: case.requested_at,
            due_at: case.due_at,
            submitted_at: case.submitted_at,
            decided_at: case.decided_at,
            assigned_to: case.assigned_to,
        }
    }
}

impl Example for SetKycDetails {
    fn example() -> Value {
        json!({
            "birth_date": "1990-12-10",
            "residence": { "line": "12 Queen Street", "postal_code": "1010", "city": "Auckland", "country": "NZ" },
        })
    }
}

impl Example for KycView {
    fn example() -> Value {
        let requirement = |item: &str, clause: &str, state: &str| json!({ "item": item, "clause": clause, "state": state, "reason": null });
        json!({
            "state": "in_progress",
            "kyc_case_id": "kyc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "ground": "full_verification",
            "clause": "1.3",
            "requested_at": "2026-03-01T09:30:00.000000Z",
            "due_at": "2026-03-15T09:30:00.000000Z",
            "submitted_at": null,
            "decided_at": null,
            "requirements": [
                requirement("verified_email", "1.5", "provided"),
                requirement("verified_phone", "1.5", "missing"),
                requirement("personal_details", "1.5", "provided"),
            ],
            "personal_details": {
                "birth_date": "1990-12-10",
                "residence": { "line": "12 Queen Street", "postal_code": "1010", "city": "Auckland", "country": "NZ" },
                "updated_at": "2026-03-02T10:00:00.000000Z",
            },
            "documents": [{
                "document_id": "doc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
                "item": "first_identity_document",
                "kind": "passport",
                "uploaded_at": "2026-03-02T10:05:00.000000Z",
            }],
        })
    }
}

impl Example for Picture {
    fn example() -> Value {
        json!("(the bytes of a JPEG)")
    }
}

impl Example for UploadKycDocument {
    fn example() -> Value {
        json!({
            "kind": "passport",
            "issuer_class": "state",
            "country": "NZ",
            "name": "LOVELACE ADA",
            "number": "LH123456",
            "expires_on": "2028-12-31",
            "front": "(the bytes of a picture)",
        })
    }
}

impl Example for KycDocumentView {
    fn example() -> Value {
        json!({
            "document_id": "doc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "kyc_case_id": "kyc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "item": "first_identity_document",
            "kind": "passport",
            "issuer_class": "state",
            "country": "NZ",
            "name": "LOVELACE ADA",
            "number": "LH123456",
            "issued_on": null,
            "expires_on": "2028-12-31",
            "address": null,
            "has_machine_readable_zone": false,
            "images": [{ "side": "front", "width": 1600, "height": 1120, "size": 412_345 }],
            "uploaded_at": "2026-03-02T10:05:00.000000Z",
        })
    }
}

impl Example for KycSubmissionView {
    fn example() -> Value {
        json!({
            "kyc_case_id": "kyc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "state": "submitted",
            "submitted_at": "2026-03-03T08:00:00.000000Z",
            "review_due_at": "2026-03-10T08:00:00.000000Z",
        })
    }
}

impl Example for RequestKyc {
    fn example() -> Value {
        json!({
            "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "ground": "activity",
            "private_reason": "Withdrawals from three countries within a day.",
            "days": 14,
        })
    }
}

impl Example for StaffKycCaseView {
    fn example() -> Value {
        json!({
            "kyc_case_id": "kyc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "account_id": "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "state": "requested",
            "ground": "activity",
            "requested_at": "2026-03-01T09:30:00.000000Z",
            "due_at": "2026-03-15T09:30:00.000000Z",
            "submitted_at": null,
            "decided_at": null,
            "assigned_to": null,
        })
    }
}
