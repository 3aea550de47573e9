//! Bodies of rights requests.

use std::borrow::Cow;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
    },
};
use validator::Validate;

use super::{
    DisclosureProofView, EvidenceFileView, Example, RecipientView, RectificationView, Secret, SetCorrection,
    secret,
};
use crate::{
    domain::{
        data_dictionary::DataClass,
        encoding::hex,
        ids::{RightsRequestId, SubjectRef},
        purpose::{PersonalDataClass, Purpose},
        rights::{
            archive::{Archive, WITHHELD},
            deadline::DeadlineLaw,
            erasure::{ErasureEntry, ErasureFate},
            rectification::{Correction, RectifiedField},
            request::{
                ErasureTime, ExtensionReason, RefusalGround, RightKind, RightsConsequenceCode, RightsEvent,
                RightsScope, RightsState, RightsStep,
            },
        },
        time::Timestamp,
    },
    problem::{FieldCode, Problem},
    services::rights::{
        ErasureCertificate, FiledPreview, FiledRequest, RightsAnswer, RightsPreview, RightsRequestPage,
        RightsResult, ShownRequest, StaffRightsRequest, StaffRightsRequestPage,
    },
};

/// The longest preview, in bytes.
pub(super) const LONGEST_PREVIEW: u64 = 8_192;
/// Whom a person can complain to, and where.
const AUTHORITY: (&str, &str) = ("Office of the Privacy Commissioner", "https://www.privacy.org.nz");

/// What a right is to be used for.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PreviewRightsRequest {
    /// Which right.
    pub kind: RightKind,
    /// The purpose that it is about; all if `null` or left out.
    pub purpose: Option<Purpose>,
    /// The class of data that it is about; all if `null` or left out. An erasure takes `address`, `documents` or `messages`
    /// alone (`not_erasable_alone` for others).
    pub data_class: Option<PersonalDataClass>,
    /// The value that a rectification is about; for no other kind.
    pub field: Option<RectifiedField>,
}

impl PreviewRightsRequest {
    /// # Errors
    ///
    /// A problem for a part that there is no such request of.
    pub fn scope(self) -> Result<RightsScope, Problem> {
        let (purpose, data_class) = (self.purpose, self.data_class);
        known(RightsScope { kind: self.kind, purpose, data_class, field: self.field })
    }
}

pub(super) fn known(scope: RightsScope) -> Result<RightsScope, Problem> {
    if scope.is_known() {
        return Ok(scope);
    }
    match (scope.kind, scope.field) {
        (RightKind::Rectification, None) => return Err(Problem::invalid("/field", FieldCode::MissingField)),
        (RightKind::Rectification, Some(_)) | (_, None) => {}
        (_, Some(_)) => return Err(Problem::invalid("/field", FieldCode::InvalidValue)),
    }
    if scope.purpose.is_some() {
        return Err(Problem::invalid("/purpose", FieldCode::InvalidValue));
    }
    // Archives know no part, and of an erasure some classes go with the account alone.
    let is_erasure = scope.kind == RightKind::Erasure;
    let code = if is_erasure { FieldCode::NotErasableAlone } else { FieldCode::InvalidValue };
    Err(Problem::invalid("/data_class", code))
}

/// A request, with the preview of what it leads to.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FileRightsRequest {
    /// Which right.
    pub kind: RightKind,
    /// The purpose that it is about; all if `null` or left out.
    pub purpose: Option<Purpose>,
    /// The class of data that it is about; all if `null` or left out. An erasure takes `address`, `documents` or `messages`
    /// alone (`not_erasable_alone` for others).
    pub data_class: Option<PersonalDataClass>,
    /// The value that a rectification is about; for no other kind.
    pub field: Option<RectifiedField>,
    /// What that value is; with a rectification, and for no other kind.
    #[validate(nested)]
    pub correction: Option<SetCorrection>,
    /// The `preview` that the person was shown: of this very request, and of the last hour.
    #[validate(length(min = 1, max = LONGEST_PREVIEW))]
    #[schema(
        min_length = 1,
        max_length = 8_192,
        pattern = "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+){2}$",
        example = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
    )]
    pub preview: String,
    /// When an erasure is carried out; `after_grace` if `null` or left out, and only with an erasure.
    pub when: Option<ErasureTime>,
}

/// What is filed, and the preview of it.
pub enum Filing {
    Rectification(Correction, FiledPreview),
    Other(RightsScope, ErasureTime, FiledPreview),
}

impl FileRightsRequest {
    /// # Errors
    ///
    /// A problem for a part that there is no such request of, a time without an erasure, or a value without a
    /// rectification.
    pub fn parts(self) -> Result<Filing, Problem> {
        let (purpose, data_class) = (self.purpose, self.data_class);
        let scope = known(RightsScope { kind: self.kind, purpose, data_class, field: self.field })?;
        let preview = FiledPreview(self.preview);
        if self.when.is_some() && self.kind != RightKind::Erasure {
            return Err(Problem::invalid("/when", FieldCode::InvalidValue));
        }
        match (scope.field, self.correction) {
            (Some(field), Some(correction)) => Ok(Filing::Rectification(correction.of(field)?, preview)),
            (Some(_), None) => Err(Problem::invalid("/correction", FieldCode::MissingField)),
            (None, Some(_)) => Err(Problem::invalid("/correction", FieldCode::InvalidValue)),
            (None, None) => Ok(Filing::Other(scope, self.when.unwrap_or(ErasureTime::AfterGrace), preview)),
        }
    }
}

/// What opens the result of a request.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReadRightsResult {
    /// The `result_token` that came with the filing.
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub result_token: Secret<71>,
}

/// How long a request takes, and why.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ExtendRightsRequest {
    /// By when it is answered: later than before, and at most three months after the filing.
    pub until: Timestamp,
    /// Why.
    pub reason: ExtensionReason,
}

/// What a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RightsOutcome {
    /// What it asked for holds until the person takes it back.
    Granted,
    /// What it asked for ends seven days after the person was told.
    Refused,
}

/// The answer to a request.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AnswerRightsRequest {
    /// What it is answered.
    pub outcome: RightsOutcome,
    /// On which ground it is refused; only with `refused`.
    pub ground: Option<RefusalGround>,
}

impl AnswerRightsRequest {
    /// # Errors
    ///
    /// A problem for a refusal without a ground, or a ground without a refusal.
    pub fn parts(self) -> Result<RightsAnswer, Problem> {
        match (self.outcome, self.ground) {
            (RightsOutcome::Granted, None) => Ok(RightsAnswer::Granted),
            (RightsOutcome::Refused, Some(ground)) => Ok(RightsAnswer::Refused(ground)),
            (RightsOutcome::Refused, None) => Err(Problem::invalid("/ground", FieldCode::MissingField)),
            (RightsOutcome::Granted, Some(_)) => Err(Problem::invalid("/ground", FieldCode::InvalidValue)),
        }
    }
}

/// Something that a request leads to.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsConsequence)]
pub struct RightsConsequenceView {
    /// What it is.
    pub code: RightsConsequenceCode,
    /// The clause that it is done by otherwise.
    #[schema(max_length = 8, example = "4.8")]
    pub clause: String,
}

/// What a request would lead to.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsRequestPreview)]
pub struct RightsRequestPreviewView {
    /// Which right.
    pub kind: RightKind,
    /// The purpose; all if `null`.
    #[schema(required)]
    pub purpose: Option<Purpose>,
    /// The class of data; all if `null`.
    #[schema(required)]
    pub data_class: Option<PersonalDataClass>,
    /// The value that a rectification is about.
    #[schema(required)]
    pub field: Option<RectifiedField>,
    /// What is done no more while it holds.
    #[schema(max_items = 20)]
    pub consequences: Vec<RightsConsequenceView>,
    /// Who is told, since they fetched what it is about.
    #[schema(max_items = 10_000)]
    pub recipients: Vec<RecipientView>,
    /// What an erasure would erase, and what a law keeps; nothing for other kinds.
    #[schema(max_items = 20)]
    pub entries: Vec<ErasureEntryView>,
    /// What no archive holds, of anybody; nothing for kinds without an archive.
    #[schema(max_items = 20)]
    pub withheld: Vec<WithheldDataView>,
    /// Until when a request can be filed with it.
    pub expires_at: Timestamp,
    /// All of it, signed (a compact JWS, RFC 7515, by a `receipt-…` key): what a request is filed with.
    #[schema(
        max_length = 8_192,
        pattern = "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+){2}$",
        example = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
    )]
    pub preview: String,
}

impl From<RightsPreview> for RightsRequestPreviewView {
    fn from(preview: RightsPreview) -> Self {
        let consequence = |(code, clause): &(RightsConsequenceCode, &str)| RightsConsequenceView {
            code: *code,
            clause: (*clause).to_owned(),
        };
        Self {
            kind: preview.scope.kind,
            purpose: preview.scope.purpose,
            data_class: preview.scope.data_class,
            field: preview.scope.field,
            consequences: preview.consequences.iter().map(consequence).collect(),
            recipients: preview.recipients.iter().map(RecipientView::from).collect(),
            entries: preview.entries.iter().map(ErasureEntryView::from).collect(),
            withheld: WITHHELD
                .iter()
                .filter(|_| preview.scope.kind.hands_over())
                .map(WithheldDataView::from)
                .collect(),
            expires_at: preview.expires_at,
            preview: preview.jws,
        }
    }
}

/// What an archive does not hold, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = WithheldData)]
pub struct WithheldDataView {
    /// What it is.
    #[schema(
        max_length = 200,
        example = "Notes of those who examine a verification, and signals against fraud."
    )]
    pub what: String,
    /// The law that allows to withhold it.
    #[schema(max_length = 200, example = "Privacy Act 2020, section 53")]
    pub law: String,
}

impl From<&(&str, &str)> for WithheldDataView {
    fn from((what, law): &(&str, &str)) -> Self {
        Self { what: (*what).to_owned(), law: (*law).to_owned() }
    }
}

/// An archive of everything that is held about the person.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsArchive)]
pub struct RightsArchiveView {
    /// When it was begun.
    pub started_at: Timestamp,
    /// How many tables it will hold.
    #[schema(minimum = 0, maximum = 1_000, example = 21)]
    pub tables_total: i32,
    /// How many of them are written.
    #[schema(minimum = 0, maximum = 1_000, example = 21)]
    pub tables_written: i32,
    /// How many entries are written.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 214)]
    pub entries_written: i64,
    /// How large it is, in bytes; `null` before it is ready.
    #[schema(required, minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 24_114)]
    pub size: Option<i64>,
    /// SHA-256 of its bytes, which the log attests.
    #[schema(
        required,
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )]
    pub sha256: Option<String>,
    /// Since when it can be downloaded.
    #[schema(required)]
    pub ready_at: Option<Timestamp>,
    /// Until when.
    #[schema(required)]
    pub expires_at: Option<Timestamp>,
    /// How often it was downloaded.
    #[schema(minimum = 0, maximum = 2_147_483_647, example = 0)]
    pub downloads: i32,
    /// When it was downloaded last.
    #[schema(required)]
    pub last_downloaded_at: Option<Timestamp>,
}

impl From<&Archive> for RightsArchiveView {
    fn from(archive: &Archive) -> Self {
        let ready = archive.ready;
        Self {
            started_at: archive.started_at,
            tables_total: archive.tables_total,
            tables_written: archive.progress.tables_written,
            entries_written: archive.progress.entries_written,
            size: ready.map(|ready| ready.size),
            sha256: ready.map(|ready| hex(&ready.content_hash)),
            ready_at: ready.map(|ready| ready.ready_at),
            expires_at: ready.map(|ready| ready.expires_at),
            downloads: archive.downloads,
            last_downloaded_at: archive.last_downloaded_at,
        }
    }
}

/// The bytes of a ZIP file.
pub struct ZipFile;

impl PartialSchema for ZipFile {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("The bytes of a ZIP file."))
            .max_length(Some(1_099_511_627_776))
            .into()
    }
}

impl ToSchema for ZipFile {
    fn name() -> Cow<'static, str> {
        "ZipFile".into()
    }
}

/// What comes of the data under one key in an erasure.
#[derive(Serialize, ToSchema)]
#[schema(as = ErasureEntry)]
pub struct ErasureEntryView {
    /// The category of the data.
    #[schema(max_length = 32, example = "contact")]
    pub category: String,
    /// What kinds of facts these are.
    #[schema(max_items = 20)]
    pub data_classes: Vec<DataClass>,
    /// Whether it is erased or kept.
    pub fate: ErasureFate,
    /// Which law keeps it.
    #[schema(required, max_length = 200, example = json!(null))]
    pub law: Option<String>,
    /// Until when; it is destroyed on that day. `null` while the account goes on that it counts from.
    #[schema(required)]
    pub until: Option<Timestamp>,
}

impl From<&ErasureEntry> for ErasureEntryView {
    fn from(entry: &ErasureEntry) -> Self {
        Self {
            category: entry.category.to_owned(),
            data_classes: entry.data_classes.clone(),
            fate: entry.fate,
            law: entry.law.map(str::to_owned),
            until: entry.until,
        }
    }
}

/// A step of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsRequestStep)]
pub struct RightsRequestStepView {
    /// What was done.
    pub step: RightsStep,
    /// When.
    pub at: Timestamp,
}

impl From<&RightsEvent> for RightsRequestStepView {
    fn from(event: &RightsEvent) -> Self {
        Self { step: event.step, at: event.at }
    }
}

/// Why a request was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsRefusal)]
pub struct RightsRefusalView {
    /// On which ground.
    pub ground: RefusalGround,
    /// Under which clause of the policy.
    #[schema(max_length = 8, example = "4.6")]
    pub clause: String,
    /// Under which law.
    #[schema(max_length = 100, example = "GDPR art. 18(2), 21(1)")]
    pub law: String,
}

impl From<RefusalGround> for RightsRefusalView {
    fn from(ground: RefusalGround) -> Self {
        let (clause, law) = ground.rests_on();
        Self { ground, clause: clause.to_owned(), law: law.to_owned() }
    }
}

/// Whom a person can complain to.
#[derive(Serialize, ToSchema)]
#[schema(as = SupervisoryAuthority)]
pub struct SupervisoryAuthorityView {
    /// Its name.
    #[schema(max_length = 100, example = "Office of the Privacy Commissioner")]
    pub name: String,
    /// Where it is reached.
    #[schema(max_length = 200, format = "uri", example = "https://www.privacy.org.nz")]
    pub url: String,
}

/// A rights request, as its person sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsRequest)]
pub struct RightsRequestView {
    /// Identifies it.
    pub rights_request_id: RightsRequestId,
    /// Which right.
    pub kind: RightKind,
    /// The purpose that it is about; all if `null`.
    #[schema(required)]
    pub purpose: Option<Purpose>,
    /// The class of data that it is about; all if `null`.
    #[schema(required)]
    pub data_class: Option<PersonalDataClass>,
    /// The value that a rectification is about.
    #[schema(required)]
    pub field: Option<RectifiedField>,
    /// How far it has come.
    pub state: RightsState,
    /// The clause of the right.
    #[schema(max_length = 8, example = "7.3")]
    pub clause: String,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// By when it is answered.
    pub due_at: Timestamp,
    /// The law whose deadline is the nearer one.
    pub due_law: DeadlineLaw,
    /// Why its answer takes longer than it did.
    #[schema(required)]
    pub extension: Option<ExtensionReason>,
    /// When it was answered.
    #[schema(required)]
    pub answered_at: Option<Timestamp>,
    /// Why it was refused.
    #[schema(required)]
    pub refusal: Option<RightsRefusalView>,
    /// When what it asks for ends against the person's will.
    #[schema(required)]
    pub ends_at: Option<Timestamp>,
    /// When an erasure is carried out; until then it can be taken back.
    #[schema(required)]
    pub executes_at: Option<Timestamp>,
    /// When it was carried out.
    #[schema(required)]
    pub completed_at: Option<Timestamp>,
    /// Until when a law keeps something.
    #[schema(required)]
    pub kept_until: Option<Timestamp>,
    /// The archive of a request for access or portability; `null` before it is begun, and for other kinds.
    #[schema(required)]
    pub archive: Option<RightsArchiveView>,
    /// What a rectification says; `null` once the value was corrected, for whoever reads by a token, and for other kinds.
    #[schema(required)]
    pub rectification: Option<RectificationView>,
    /// What was handed in to show that it is right.
    #[schema(max_items = 5)]
    pub evidence: Vec<EvidenceFileView>,
    /// When its person complained about how it is dealt with.
    #[schema(required)]
    pub complained_at: Option<Timestamp>,
    /// What was done, oldest first.
    #[schema(max_items = 100)]
    pub steps: Vec<RightsRequestStepView>,
    /// Whom the person can complain to.
    pub authority: SupervisoryAuthorityView,
}

impl From<&ShownRequest> for RightsRequestView {
    fn from(shown: &ShownRequest) -> Self {
        let request = &shown.request;
        Self {
            rights_request_id: request.id,
            kind: request.scope.kind,
            purpose: request.scope.purpose,
            data_class: request.scope.data_class,
            field: request.scope.field,
            state: request.state,
            clause: request.scope.kind.clause().to_owned(),
            filed_at: request.filed_at,
            due_at: request.deadline.due_at,
            due_law: request.deadline.law,
            extension: request.extension,
            answered_at: request.answered_at,
            refusal: request.refusal.map(RightsRefusalView::from),
            ends_at: request.lifts_at,
            executes_at: request.executes_at,
            completed_at: request.completed_at,
            kept_until: request.kept_until,
            archive: shown.archive.as_ref().map(RightsArchiveView::from),
            rectification: shown.told.as_ref().map(RectificationView::from),
            evidence: shown.evidence.iter().map(EvidenceFileView::from).collect(),
            complained_at: request.complained_at,
            steps: shown.steps.iter().map(RightsRequestStepView::from).collect(),
            authority: SupervisoryAuthorityView { name: AUTHORITY.0.to_owned(), url: AUTHORITY.1.to_owned() },
        }
    }
}

/// A request that was filed.
#[derive(Serialize, ToSchema)]
#[schema(as = FiledRightsRequest)]
pub struct FiledRightsRequestView {
    /// The request.
    pub request: RightsRequestView,
    /// Opens the result, also when nobody can sign in to the account any more. It is shown this once.
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$", example = "CQAAAAEBmMjysdB8P54hpLfG1eTzK1V3nQ0x8s2lq3v7yT6uWb4rZ9dEoGhJkMnPaQcR5tY")]
    #[serde(serialize_with = "secret")]
    pub result_token: SecretString,
}

impl FiledRightsRequestView {
    pub fn new(filed: FiledRequest) -> Self {
        Self { request: RightsRequestView::from(&filed.shown), result_token: filed.result_token }
    }
}

/// What was erased and what was kept, signed, and that the log attests it.
#[derive(Serialize, ToSchema)]
#[schema(as = ErasureCertificate)]
pub struct ErasureCertificateView {
    /// A compact JWS (RFC 7515) by a `receipt-…` key: each category with its fate, law and day and the name of its key; by
    /// when no backup opens it; the checkpoints of the log before and after; `outcome_hash`, which the proof commits to.
    #[schema(max_length = 65_536, example = "eyJhbGciOiJFZERTQSJ9.e30.c2ln")]
    pub certificate: String,
    /// That the log attests the completion, to verify offline with `log verify-proof`.
    pub proof: DisclosureProofView,
}

impl From<ErasureCertificate> for ErasureCertificateView {
    fn from(certificate: ErasureCertificate) -> Self {
        Self { certificate: certificate.jws, proof: DisclosureProofView::from(certificate.proof) }
    }
}

/// A request as whoever holds the token of its result sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsRequestResult)]
pub struct RightsRequestResultView {
    /// The request.
    pub request: RightsRequestView,
    /// The certificate of an erasure, some seconds after it was completed.
    #[schema(required)]
    pub certificate: Option<ErasureCertificateView>,
}

impl RightsRequestResultView {
    pub fn new(result: &RightsResult, certificate: Option<ErasureCertificate>) -> Self {
        Self {
            request: RightsRequestView::from(&result.shown),
            certificate: certificate.map(ErasureCertificateView::from),
        }
    }
}

/// A page of a person's requests.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsRequestPage)]
pub struct RightsRequestPageView {
    /// Newest first.
    #[schema(max_items = 100)]
    pub data: Vec<RightsRequestView>,
    /// Leads to the next page; `null` on the last.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<RightsRequestPage> for RightsRequestPageView {
    fn from(page: RightsRequestPage) -> Self {
        Self {
            data: page.requests.iter().map(RightsRequestView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

/// A rights request, as staff sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffRightsRequest)]
pub struct StaffRightsRequestView {
    /// Identifies it.
    pub rights_request_id: RightsRequestId,
    /// The person, under a name that leads nowhere.
    pub subject_ref: SubjectRef,
    /// Which right.
    pub kind: RightKind,
    /// The purpose that it is about; all if `null`.
    #[schema(required)]
    pub purpose: Option<Purpose>,
    /// The class of data that it is about; all if `null`.
    #[schema(required)]
    pub data_class: Option<PersonalDataClass>,
    /// The value that a rectification is about.
    #[schema(required)]
    pub field: Option<RectifiedField>,
    /// Whether it was filed by a link in a mail: who asks is to be shown before it is granted.
    #[schema(example = false)]
    pub by_link: bool,
    /// How far it has come.
    pub state: RightsState,
    /// When it was filed.
    pub filed_at: Timestamp,
    /// By when it is answered.
    pub due_at: Timestamp,
    /// The law whose deadline is the nearer one.
    pub due_law: DeadlineLaw,
    /// Whether its day has passed without an answer.
    #[schema(example = false)]
    pub overdue: bool,
    /// Why its answer takes longer than it did.
    #[schema(required)]
    pub extension: Option<ExtensionReason>,
    /// When it was answered.
    #[schema(required)]
    pub answered_at: Option<Timestamp>,
    /// Why it was refused.
    #[schema(required)]
    pub refusal: Option<RightsRefusalView>,
    /// When what it asks for ends against the person's will.
    #[schema(required)]
    pub ends_at: Option<Timestamp>,
    /// What was handed in to show that it is right.
    #[schema(max_items = 5)]
    pub evidence: Vec<EvidenceFileView>,
    /// When its person complained about how it is dealt with.
    #[schema(required)]
    pub complained_at: Option<Timestamp>,
    /// What was done, oldest first.
    #[schema(max_items = 100)]
    pub steps: Vec<RightsRequestStepView>,
}

impl From<&StaffRightsRequest> for StaffRightsRequestView {
    fn from(seen: &StaffRightsRequest) -> Self {
        let request = &seen.shown.request;
        Self {
            rights_request_id: request.id,
            subject_ref: seen.subject,
            kind: request.scope.kind,
            purpose: request.scope.purpose,
            data_class: request.scope.data_class,
            field: request.scope.field,
            by_link: request.by_link,
            state: request.state,
            filed_at: request.filed_at,
            due_at: request.deadline.due_at,
            due_law: request.deadline.law,
            overdue: request.is_overdue(seen.at),
            extension: request.extension,
            answered_at: request.answered_at,
            refusal: request.refusal.map(RightsRefusalView::from),
            ends_at: request.lifts_at,
            evidence: seen.shown.evidence.iter().map(EvidenceFileView::from).collect(),
            complained_at: seen.shown.request.complained_at,
            steps: seen.shown.steps.iter().map(RightsRequestStepView::from).collect(),
        }
    }
}

/// A page of the queue.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffRightsRequestPage)]
pub struct StaffRightsRequestPageView {
    /// What is due first before the others.
    #[schema(max_items = 100)]
    pub data: Vec<StaffRightsRequestView>,
    /// Leads to the next page; `null` on the last.
    #[schema(required, max_length = 128, example = "AAAAAZ0xkQ")]
    pub next_cursor: Option<String>,
}

impl From<StaffRightsRequestPage> for StaffRightsRequestPageView {
    fn from(page: StaffRightsRequestPage) -> Self {
        Self {
            data: page.requests.iter().map(StaffRightsRequestView::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

const JWS: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6InJlY2VpcHQtMSJ9.e30.c2ln";

impl Example for PreviewRightsRequest {
    fn example() -> Value {
        json!({ "kind": "restriction", "purpose": "group_sharing", "data_class": null })
    }
}

impl Example for FileRightsRequest {
    fn example() -> Value {
        json!({ "kind": "erasure", "purpose": null, "data_class": null, "preview": JWS, "when": "after_grace" })
    }
}

const TOKEN: &str = "CQAAAAEBmMjysdB8P54hpLfG1eTzK1V3nQ0x8s2lq3v7yT6uWb4rZ9dEoGhJkMnPaQcR5tY";

impl Example for ReadRightsResult {
    fn example() -> Value {
        json!({ "result_token": TOKEN })
    }
}

impl Example for FiledRightsRequestView {
    fn example() -> Value {
        json!({ "request": RightsRequestView::example(), "result_token": TOKEN })
    }
}

impl Example for ZipFile {
    fn example() -> Value {
        json!("(the bytes of a ZIP file)")
    }
}

impl Example for RightsRequestResultView {
    fn example() -> Value {
        let certificate = json!({ "certificate": JWS, "proof": DisclosureProofView::example() });
        json!({ "request": RightsRequestView::example(), "certificate": certificate })
    }
}

impl Example for ExtendRightsRequest {
    fn example() -> Value {
        json!({ "until": "2026-05-04T12:00:00.000000Z", "reason": "complexity" })
    }
}

impl Example for AnswerRightsRequest {
    fn example() -> Value {
        json!({ "outcome": "refused", "ground": "legal_claims" })
    }
}

impl Example for RightsRequestPreviewView {
    fn example() -> Value {
        json!({
            "kind": "restriction",
            "purpose": "group_sharing",
            "data_class": null,
            "field": null,
            "consequences": [{ "code": "disclosures_refused", "clause": "4.8" }],
            "recipients": [RecipientView::example()],
            "entries": [],
            "withheld": [],
            "expires_at": "2026-03-01T10:30:00.000000Z",
            "preview": JWS,
        })
    }
}

impl Example for RightsRequestView {
    fn example() -> Value {
        json!({
            "rights_request_id": "rrq_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
            "kind": "restriction",
            "purpose": "group_sharing",
            "data_class": null,
            "field": null,
            "state": "lifting",
            "clause": "7.3",
            "filed_at": "2026-03-01T09:30:00.000000Z",
            "due_at": "2026-03-27T11:00:00.000000Z",
            "due_law": "privacy_act2020",
            "extension": null,
            "answered_at": "2026-03-03T09:30:00.000000Z",
            "refusal": { "ground": "legal_claims", "clause": "4.6", "law": "GDPR art. 18(2), 21(1)" },
            "ends_at": "2026-03-10T09:30:00.000000Z",
            "executes_at": null,
            "completed_at": null,
            "kept_until": null,
            "archive": null,
            "rectification": null,
            "evidence": [],
            "complained_at": null,
            "steps": [
                { "step": "filed", "at": "2026-03-01T09:30:00.000000Z" },
                { "step": "refused", "at": "2026-03-03T09:30:00.000000Z" },
            ],
            "authority": { "name": AUTHORITY.0, "url": AUTHORITY.1 },
        })
    }
}

impl Example for RightsRequestPageView {
    fn example() -> Value {
        json!({ "data": [RightsRequestView::example()], "next_cursor": null })
    }
}

impl Example for StaffRightsRequestView {
    fn example() -> Value {
        let mut example = RightsRequestView::example();
        if let Some(fields) = example.as_object_mut() {
            fields.remove("clause");
            fields.remove("authority");
            fields.remove("executes_at");
            fields.remove("completed_at");
            fields.remove("kept_until");
            fields.remove("archive");
            fields.remove("rectification");
            fields.insert("subject_ref".to_owned(), json!("sbj_0198c8f2b1d07c3f9e21a4b7c6d5e4f3"));
            fields.insert("overdue".to_owned(), json!(false));
            fields.insert("by_link".to_owned(), json!(false));
        }
        example
    }
}

impl Example for StaffRightsRequestPageView {
    fn example() -> Value {
        json!({ "data": [StaffRightsRequestView::example()], "next_cursor": null })
    }
}
