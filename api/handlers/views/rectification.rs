//! Bodies of rectifications.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{Example, ResidenceView, SetResidence};
use crate::{
    domain::{
        display_name::DisplayName,
        ids::{DocumentId, StaffReadId},
        kyc::case::{BirthDate, Residence},
        personal::Personal,
        real_name::RealName,
        rights::rectification::{Correction, EvidenceFile, RectifiedField, StatementOfCorrection, Told},
        time::Timestamp,
    },
    handlers::extract::FilePart,
    problem::{FieldCode, Problem},
    services::{
        contests::Contest,
        rights::{OpenedCorrection, OpenedEvidence, OpenedRequester},
    },
};

/// What a value is said to be: exactly one, that of `field`.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct SetCorrection {
    /// The real name.
    pub real_name: Option<RealName>,
    /// The name that is shown.
    pub display_name: Option<DisplayName>,
    /// The day of birth.
    pub birth_date: Option<BirthDate>,
    /// The residential address.
    #[validate(nested)]
    pub residence: Option<SetResidence>,
}

impl SetCorrection {
    /// # Errors
    ///
    /// A problem unless it is the value of `field` alone.
    pub fn of(self, field: RectifiedField) -> Result<Correction, Problem> {
        let residence = self.residence.map(|told| Residence {
            line: told.line,
            postal_code: told.postal_code,
            city: told.city,
            country: told.country,
        });
        let mut values = [
            self.real_name.map(Correction::RealName),
            self.display_name.map(Correction::DisplayName),
            self.birth_date.map(Correction::BirthDate),
            residence.map(Correction::Residence),
        ]
        .into_iter()
        .flatten();
        match (values.next(), values.next()) {
            (Some(correction), None) if correction.field() == field => Ok(correction),
            _ => Err(Problem::invalid("/correction", FieldCode::CorrectionMismatch)),
        }
    }
}

/// A value, with what is not it `null`.
#[derive(Serialize, ToSchema)]
#[schema(as = CorrectedValue)]
pub struct CorrectedValueView {
    /// The real name.
    #[schema(required, max_length = 100, example = json!(null))]
    pub real_name: Option<String>,
    /// The name that is shown.
    #[schema(required, max_length = 100, example = json!(null))]
    pub display_name: Option<String>,
    /// The day of birth.
    #[schema(required, format = Date, min_length = 10, max_length = 10, example = "1990-12-10")]
    pub birth_date: Option<String>,
    /// The residential address.
    #[schema(required)]
    pub residence: Option<ResidenceView>,
}

impl From<&Correction> for CorrectedValueView {
    fn from(correction: &Correction) -> Self {
        let mut view = Self { real_name: None, display_name: None, birth_date: None, residence: None };
        match correction {
            Correction::RealName(name) => view.real_name = Some(name.expose().to_owned()),
            Correction::DisplayName(name) => view.display_name = Some(name.expose().to_owned()),
            Correction::BirthDate(day) => view.birth_date = Some(day.expose().to_owned()),
            Correction::Residence(residence) => view.residence = Some(ResidenceView::from(residence)),
        }
        view
    }
}

/// What a person said in a rectification.
#[derive(Serialize, ToSchema)]
#[schema(as = Rectification)]
pub struct RectificationView {
    /// What the value is said to be.
    pub correction: CorrectedValueView,
    /// What is read beside the value that was not changed.
    #[schema(required, max_length = 1_000, example = json!(null))]
    pub statement: Option<String>,
    /// When that was attached.
    #[schema(required)]
    pub stated_at: Option<Timestamp>,
}

impl From<&Told> for RectificationView {
    fn from(told: &Told) -> Self {
        let statement = told.statement.as_ref();
        Self {
            correction: CorrectedValueView::from(&told.correction),
            statement: statement.map(|(words, _)| words.expose().to_owned()),
            stated_at: statement.map(|(_, at)| *at),
        }
    }
}

/// A file that shows that a request is right.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsEvidence)]
pub struct EvidenceFileView {
    /// Identifies it.
    pub document_id: DocumentId,
    /// Pixels across.
    #[schema(minimum = 1, maximum = 4000, example = 1600)]
    pub width: u32,
    /// Pixels down.
    #[schema(minimum = 1, maximum = 32000, example = 1120)]
    pub height: u32,
    /// Bytes.
    #[schema(minimum = 1, maximum = 67_108_864, example = 412_345)]
    pub size: i64,
    /// When it was handed in.
    pub uploaded_at: Timestamp,
}

impl From<&EvidenceFile> for EvidenceFileView {
    fn from(file: &EvidenceFile) -> Self {
        Self {
            document_id: file.document_id,
            width: file.width,
            height: file.height,
            size: file.size,
            uploaded_at: file.uploaded_at,
        }
    }
}

/// A file that shows that a request is right.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct UploadRightsEvidence {
    /// A picture or a document: JPEG, PNG or PDF; 10 MiB.
    #[schema(value_type = String, format = Binary)]
    pub file: FilePart,
}

/// What is to be read beside a value that was not changed.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AttachStatement {
    /// The statement; it goes wherever the value is disclosed.
    pub statement: StatementOfCorrection,
}

/// What a person wants corrected, as it was opened.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedCorrection)]
pub struct OpenedCorrectionView {
    /// Identifies the opening, which the person sees.
    pub staff_read_id: StaffReadId,
    /// Which value.
    pub field: RectifiedField,
    /// What it is said to be.
    pub correction: CorrectedValueView,
    /// What stands; `null` where nothing does.
    #[schema(required)]
    pub standing: Option<CorrectedValueView>,
    /// What was handed in.
    #[schema(max_items = 5)]
    pub evidence: Vec<EvidenceFileView>,
}

impl From<&OpenedCorrection> for OpenedCorrectionView {
    fn from(opened: &OpenedCorrection) -> Self {
        Self {
            staff_read_id: opened.read.id,
            field: opened.correction.field(),
            correction: CorrectedValueView::from(&opened.correction),
            standing: opened.standing.as_ref().map(CorrectedValueView::from),
            evidence: opened.evidence.iter().map(EvidenceFileView::from).collect(),
        }
    }
}

/// Who a person is, as it was opened.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedRequester)]
pub struct OpenedRequesterView {
    /// Identifies the opening, which the person sees.
    pub staff_read_id: StaffReadId,
    /// The real name.
    #[schema(max_length = 512, example = "Ada Lovelace")]
    pub real_name: String,
    /// The address of the account.
    #[schema(max_length = 254, example = "ada@example.org")]
    pub email: String,
    /// The number, if there is one.
    #[schema(required, max_length = 16, example = "+64211234567")]
    pub phone: Option<String>,
    /// The day of birth, if it was told.
    #[schema(required, format = Date, min_length = 10, max_length = 10, example = "1990-12-10")]
    pub birth_date: Option<String>,
}

impl From<&OpenedRequester> for OpenedRequesterView {
    fn from(opened: &OpenedRequester) -> Self {
        Self {
            staff_read_id: opened.read.id,
            real_name: opened.profile.real_name.expose().to_owned(),
            email: opened.profile.email.expose().to_owned(),
            phone: opened.profile.phone.as_ref().map(|phone| phone.expose().to_owned()),
            birth_date: opened.birth_date.as_ref().map(|day| day.expose().to_owned()),
        }
    }
}

/// Which file is to be opened.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct OpenRightsEvidence {
    /// The file.
    pub document_id: DocumentId,
}

/// A file that can be fetched now.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedRightsEvidence)]
pub struct OpenedEvidenceView {
    /// Identifies the opening; the picture is fetched under it, and the person sees it.
    pub staff_read_id: StaffReadId,
    /// Until when the picture can be fetched, by whoever opened it.
    pub expires_at: Timestamp,
}

impl From<&OpenedEvidence> for OpenedEvidenceView {
    fn from(opened: &OpenedEvidence) -> Self {
        Self { staff_read_id: opened.read.id, expires_at: opened.expires_at }
    }
}

/// A value that its person says is wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = ContestedValue)]
pub struct ContestedValueView {
    /// Which.
    pub field: RectifiedField,
    /// Since when.
    pub since: Timestamp,
    /// What the person wants to be read beside it; `null` while a correction waits for an answer.
    #[schema(
        required,
        max_length = 1_000,
        example = "I was born in December; the register was corrected in 2019."
    )]
    pub statement: Option<String>,
}

impl From<&Contest> for ContestedValueView {
    fn from(contest: &Contest) -> Self {
        Self {
            field: contest.field,
            since: contest.since,
            statement: contest.statement.as_ref().map(|words| words.expose().to_owned()),
        }
    }
}

const DOCUMENT: &str = "doc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
const READ: &str = "srd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";

impl Example for EvidenceFileView {
    fn example() -> Value {
        json!({
            "document_id": DOCUMENT, "width": 1600, "height": 1120, "size": 412_345,
            "uploaded_at": "2026-03-02T10:05:00.000000Z",
        })
    }
}

impl Example for UploadRightsEvidence {
    fn example() -> Value {
        json!({ "file": "(the bytes of a picture)" })
    }
}

impl Example for AttachStatement {
    fn example() -> Value {
        json!({ "statement": "I was born on 10 December 1990; the register of births was corrected in 2019." })
    }
}

impl Example for CorrectedValueView {
    fn example() -> Value {
        json!({ "real_name": null, "display_name": null, "birth_date": "1990-12-10", "residence": null })
    }
}

impl Example for OpenedCorrectionView {
    fn example() -> Value {
        let standing =
            json!({ "real_name": null, "display_name": null, "birth_date": "1990-10-12", "residence": null });
        json!({
            "staff_read_id": READ,
            "field": "birth_date",
            "correction": CorrectedValueView::example(),
            "standing": standing,
            "evidence": [EvidenceFileView::example()],
        })
    }
}

impl Example for OpenedRequesterView {
    fn example() -> Value {
        json!({
            "staff_read_id": READ, "real_name": "Ada Lovelace", "email": "ada@example.org",
            "phone": "+64211234567", "birth_date": null,
        })
    }
}

impl Example for OpenRightsEvidence {
    fn example() -> Value {
        json!({ "document_id": DOCUMENT })
    }
}

impl Example for OpenedEvidenceView {
    fn example() -> Value {
        json!({ "staff_read_id": READ, "expires_at": "2026-03-04T11:05:00.000000Z" })
    }
}
