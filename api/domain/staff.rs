//! Staff: who may do what, for how long, and who has to agree (clause 5.2).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account::ProfileField,
    closed_list::closed_list,
    email::Email,
    evidence::{Act, Evidence, Facts},
    ids::{
        AccountId, DocumentId, KycCaseId, LeafId, RightsRequestId, RoleGrantId, StaffId, StaffReadId,
        StaffSessionId, SupportCaseId,
    },
    purpose::{PersonalDataClass, Purpose},
    real_name::RealName,
    sealed::Sealed,
    time::Timestamp,
};

/// What a member of staff may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Opens personal data, field by field, for a purpose and a case; the only one that does.
    DataProcessor,
    /// Reviews disclosures without seeing values.
    Legal,
    /// Answers support cases without seeing values.
    Support,
    /// Reads the log and who is who among staff.
    Auditor,
    /// Invites members, and grants roles together with another admin.
    Admin,
}

impl StaffRole {
    pub const ALL: [Self; 5] = [Self::DataProcessor, Self::Legal, Self::Support, Self::Auditor, Self::Admin];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DataProcessor => "data_processor",
            Self::Legal => "legal",
            Self::Support => "support",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether granting it takes two admins, and nobody holds two of its kind.
    pub const fn is_heavy(self) -> bool {
        matches!(self, Self::DataProcessor | Self::Legal | Self::Admin)
    }

    /// Whether a member who holds `held` may hold this one too.
    pub fn goes_with(self, held: &[Self]) -> bool {
        !self.is_heavy() || !held.iter().any(|other| other.is_heavy() && *other != self)
    }
}

impl std::fmt::Display for StaffRole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for StaffRole {
    type Err = super::ids::InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or(super::ids::InvalidId)
    }
}

/// Where a member is between invitation and departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffState {
    /// The invitation waits.
    Invited,
    /// The second factor waits for its first code.
    Enrolling,
    Active,
    Deactivated,
}

impl StaffState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Enrolling => "enrolling",
            Self::Active => "active",
            Self::Deactivated => "deactivated",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Invited, Self::Enrolling, Self::Active, Self::Deactivated]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// Name and address of a member are kept so many years after the member left: what was opened or decided can be
/// contested as long as a claim can be brought (New Zealand, Limitation Act 2010, section 11).
pub const KEPT_YEARS: u16 = 6;
/// An invitation that nobody accepted is forgotten so long after it lapsed.
pub const LAPSED_KEPT: TimeDelta = TimeDelta::days(30);
/// How long an invitation can be accepted.
pub const INVITATION_LASTS: TimeDelta = TimeDelta::hours(72);
/// A session that is not renewed for this long is over; an access token lives as long.
pub const SESSION_IDLE: TimeDelta = TimeDelta::minutes(10);
/// A session ends after this long, whatever happens in it.
pub const SESSION_ABSOLUTE: TimeDelta = TimeDelta::hours(8);
/// There are never fewer admins than it takes to grant a role.
pub const FEWEST_ADMINS: usize = 2;

/// A member of staff, as others see it.
#[derive(Clone, Debug)]
pub struct StaffMember {
    pub id: StaffId,
    pub state: StaffState,
    pub email: Email,
    pub name: Option<RealName>,
    pub roles: Vec<StaffRole>,
    pub created_at: Timestamp,
}

/// A member as it rests.
#[derive(Clone, Debug)]
pub struct SealedMember {
    pub id: StaffId,
    pub state: StaffState,
    pub email: Sealed<Email>,
    pub name: Option<Sealed<RealName>>,
    pub roles: Vec<StaffRole>,
    pub created_at: Timestamp,
}

/// A role that was asked for a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleGrant {
    pub id: RoleGrantId,
    pub staff_id: StaffId,
    pub role: StaffRole,
    pub state: GrantState,
    pub proposed_by: StaffId,
    pub proposed_at: Timestamp,
    pub decided_by: Option<StaffId>,
    pub decided_at: Option<Timestamp>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// It waits for another admin.
    Proposed,
    Effective,
    Declined,
}

impl GrantState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Effective => "effective",
            Self::Declined => "declined",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Proposed, Self::Effective, Self::Declined].into_iter().find(|state| state.as_str() == text)
    }
}

/// A session of a member.
#[derive(Clone, Debug)]
pub struct StaffSession {
    pub staff_id: StaffId,
    pub id: StaffSessionId,
    pub created_at: Timestamp,
    pub stepped_up_at: Timestamp,
    pub renewed_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Why staff opens personal data; persons see it, so it says no more than this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadPurpose {
    /// To answer what the person asked.
    SupportCase,
    /// To verify the identity.
    IdentityVerification,
    /// To carry out a right of the person.
    RightsRequest,
    /// To prevent fraud.
    FraudPrevention,
    /// To keep the data true.
    DataQuality,
}

impl ReadPurpose {
    pub const ALL: [Self; 5] = [
        Self::SupportCase,
        Self::IdentityVerification,
        Self::RightsRequest,
        Self::FraudPrevention,
        Self::DataQuality,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SupportCase => "support_case",
            Self::IdentityVerification => "identity_verification",
            Self::RightsRequest => "rights_request",
            Self::FraudPrevention => "fraud_prevention",
            Self::DataQuality => "data_quality",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }

    /// The purpose that a restriction or an objection keeps it shut by. None does where the opening is for the person's
    /// own request, or protects others from fraud (GDPR art. 18(2); clause 6.2).
    pub const fn limited_as(self) -> Option<Purpose> {
        match self {
            Self::SupportCase => Some(Purpose::Support),
            Self::IdentityVerification => Some(Purpose::IdentityVerification),
            Self::DataQuality => Some(Purpose::Administration),
            Self::RightsRequest | Self::FraudPrevention => None,
        }
    }
}

closed_list! {
    /// What staff opens of a person.
    ReadField {
        RealName = "real_name",
        DisplayName = "display_name",
        Email = "email",
        Phone = "phone",
        Language = "language",
        TimeZone = "time_zone",
        BirthDate = "birth_date",
        Residence = "residence",
        /// What was told of the documents of a verification.
        DocumentDetails = "document_details",
        /// The picture of a document's front.
        DocumentFront = "document_front",
        /// The picture of a document's back.
        DocumentBack = "document_back",
        /// What reviewers wrote about a verification.
        ReviewNotes = "review_notes",
        /// What the person says that a value is, and why.
        Correction = "correction",
        /// A file that shows that a request is right.
        EvidencePicture = "evidence_picture",
    }
}

impl ReadField {
    /// The class that a restriction or an objection names it by.
    pub const fn data_class(self) -> PersonalDataClass {
        match self {
            Self::RealName | Self::DisplayName | Self::BirthDate | Self::Correction => {
                PersonalDataClass::Identity
            }
            Self::Email | Self::Phone | Self::Language | Self::TimeZone => PersonalDataClass::Contact,
            Self::Residence => PersonalDataClass::Address,
            Self::DocumentDetails | Self::DocumentFront | Self::DocumentBack | Self::EvidencePicture => {
                PersonalDataClass::Documents
            }
            Self::ReviewNotes => PersonalDataClass::Security,
        }
    }
}

impl From<ProfileField> for ReadField {
    fn from(field: ProfileField) -> Self {
        match field {
            ProfileField::RealName => Self::RealName,
            ProfileField::DisplayName => Self::DisplayName,
            ProfileField::Email => Self::Email,
            ProfileField::Phone => Self::Phone,
            ProfileField::Language => Self::Language,
            ProfileField::TimeZone => Self::TimeZone,
        }
    }
}

/// The case that an opening was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadCase {
    Support(SupportCaseId),
    /// A verification, and the document of it whose picture was looked at.
    Kyc(KycCaseId, Option<DocumentId>),
    /// A rights request, and the file that was looked at.
    Rights(RightsRequestId, Option<DocumentId>),
}

/// An opening of a person's fields by staff; a row that is only ever added.
#[derive(Clone, Debug)]
pub struct StaffRead {
    pub account_id: AccountId,
    /// The person's own count of events.
    pub sequence: i64,
    pub id: StaffReadId,
    pub staff_id: StaffId,
    pub fields: Vec<ReadField>,
    pub purpose: ReadPurpose,
    pub case: ReadCase,
    pub read_at: Timestamp,
    pub leaf_id: LeafId,
}

impl StaffRead {
    /// The names of the fields, as they rest.
    pub fn field_names(&self) -> String {
        self.fields.iter().map(|field| field.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The fields of [`field_names`](Self::field_names).
    pub fn parse_fields(names: &str) -> Option<Vec<ReadField>> {
        names.split(',').map(ReadField::parse).collect()
    }
}

pub const PERSONAL_DATA_READ: Act =
    Act { name: "staff.personal_data_read", object: "staff_read", clause: "5.2" };

impl Evidence for StaffRead {
    fn act(&self) -> &'static Act {
        &PERSONAL_DATA_READ
    }

    fn facts(&self) -> Facts {
        let mut facts = vec![
            ("staff_read", self.id.to_string()),
            ("account", self.account_id.to_string()),
            ("sequence", self.sequence.to_string()),
            ("staff", self.staff_id.to_string()),
            ("fields", self.field_names()),
            ("purpose", self.purpose.as_str().to_owned()),
        ];
        match self.case {
            ReadCase::Support(case) => facts.push(("support_case", case.to_string())),
            ReadCase::Kyc(case, document) => {
                facts.push(("kyc_case", case.to_string()));
                facts.extend(document.map(|document| ("document", document.to_string())));
            }
            ReadCase::Rights(request, document) => {
                facts.push(("rights_request", request.to_string()));
                facts.extend(document.map(|document| ("document", document.to_string())));
            }
        }
        facts.push(("read_at", self.read_at.to_string()));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_holds_two_heavy_roles() {
        for role in StaffRole::ALL {
            for held in StaffRole::ALL {
                let both_heavy = role.is_heavy() && held.is_heavy() && role != held;
                assert_eq!(role.goes_with(&[StaffRole::Auditor, held]), !both_heavy, "{role:?} {held:?}");
            }
            assert!(role.goes_with(&[]));
            assert_eq!(StaffRole::parse(role.as_str()), Some(role));
        }
    }
}
