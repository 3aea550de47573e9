//! Bodies of rights that are used without signing in.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    Example, Secret,
    rights_request::{LONGEST_PREVIEW, known},
};
use crate::{
    domain::{
        email::Email,
        language::LanguageTag,
        purpose::{PersonalDataClass, Purpose},
        rights::request::{RightKind, RightsScope},
        time::Timestamp,
    },
    handlers::extract::FilePart,
    problem::{FieldCode, Problem},
    services::rights::FiledPreview,
};

/// Where a link is mailed to.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct RequestRightsLink {
    /// The address of the account.
    pub email: Email,
    /// The language of the mail; `Accept-Language` decides if it is absent.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub language: Option<LanguageTag>,
}

/// A link is on its way.
#[derive(Serialize, ToSchema)]
#[schema(as = RightsLink)]
pub struct RightsLinkView {
    /// Until when the link can be used.
    pub expires_at: Timestamp,
}

/// What a right is to be used for.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct PreviewRightsRequestByLink {
    /// The token of the link.
    #[schema(value_type = String, min_length = 92, max_length = 92, pattern = "^[A-Za-z0-9_-]+$")]
    pub token: Secret<92>,
    /// Which right; a rectification is filed signed in.
    pub kind: RightKind,
    /// The purpose that it is about; all if `null` or left out.
    pub purpose: Option<Purpose>,
    /// The class of data that it is about; all if `null` or left out.
    pub data_class: Option<PersonalDataClass>,
}

impl PreviewRightsRequestByLink {
    /// # Errors
    ///
    /// A problem for what there is no such request of.
    pub fn scope(&self) -> Result<RightsScope, Problem> {
        scope(self.kind, self.purpose, self.data_class)
    }
}

fn scope(
    kind: RightKind,
    purpose: Option<Purpose>,
    data_class: Option<PersonalDataClass>,
) -> Result<RightsScope, Problem> {
    if kind == RightKind::Rectification {
        return Err(Problem::invalid("/kind", FieldCode::InvalidValue));
    }
    known(RightsScope { kind, purpose, data_class, field: None })
}

/// A request, with the preview of what it leads to.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct FileRightsRequestByLink {
    /// The token of the link.
    #[schema(value_type = String, min_length = 92, max_length = 92, pattern = "^[A-Za-z0-9_-]+$")]
    pub token: Secret<92>,
    /// Which right; a rectification is filed signed in.
    pub kind: RightKind,
    /// The purpose that it is about; all if `null` or left out.
    pub purpose: Option<Purpose>,
    /// The class of data that it is about; all if `null` or left out.
    pub data_class: Option<PersonalDataClass>,
    /// The `preview` that the person was shown: of this very request, and of the last hour.
    #[validate(length(min = 1, max = LONGEST_PREVIEW))]
    #[schema(
        min_length = 1,
        max_length = 8_192,
        pattern = "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+){2}$",
        example = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"
    )]
    pub preview: String,
}

impl FileRightsRequestByLink {
    /// # Errors
    ///
    /// A problem for what there is no such request of.
    pub fn parts(self) -> Result<(Secret<92>, RightsScope, FiledPreview), Problem> {
        let scope = scope(self.kind, self.purpose, self.data_class)?;
        Ok((self.token, scope, FiledPreview(self.preview)))
    }
}

/// A file that shows who asks, or that a request is right.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct UploadRightsEvidenceByToken {
    /// The `result_token` that came with the filing.
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub result_token: Secret<71>,
    /// A picture or a document: JPEG, PNG or PDF; 10 MiB.
    #[schema(value_type = String, format = Binary)]
    pub file: FilePart,
}

const TOKEN: &str =
    "CgAAAAEBmMjysdB8P54hpLfG1eTzAAYx_5c4QAADnQPvJUu4WpmRTZ0o2cWl1kQm8r7XyH3bN5sVaFtGzEoKdLcPqYuIj";
const RESULT: &str = "CQAAAAEBmMjysdB8P54hpLfG1eTzK1V3nQ0x8s2lq3v7yT6uWb4rZ9dEoGhJkMnPaQcR5tY";

impl Example for RequestRightsLink {
    fn example() -> Value {
        json!({ "email": "ada@example.org" })
    }
}

impl Example for RightsLinkView {
    fn example() -> Value {
        json!({ "expires_at": "2026-03-02T09:30:00.000000Z" })
    }
}

impl Example for PreviewRightsRequestByLink {
    fn example() -> Value {
        json!({ "token": &TOKEN[..92], "kind": "access" })
    }
}

impl Example for FileRightsRequestByLink {
    fn example() -> Value {
        json!({ "token": &TOKEN[..92], "kind": "access", "preview": "eyJhbGciOiJFZERTQSJ9.e30.c2ln" })
    }
}

impl Example for UploadRightsEvidenceByToken {
    fn example() -> Value {
        json!({ "result_token": RESULT, "file": "(the bytes of a picture)" })
    }
}
