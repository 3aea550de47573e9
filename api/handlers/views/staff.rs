//! Bodies of staff: members, roles, sessions, narrow reads.

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;
use zeroize::Zeroizing;

use super::{ContestedValueView, Example, Secret, exposed, exposed_option, secret, shown};
use crate::{
    domain::{
        account::{AccountState, ProfileField},
        email::Email,
        ids::{AccountId, FactorResetId, RoleGrantId, StaffId, StaffReadId, StaffSessionId, SupportCaseId},
        personal::PersonalText,
        phone::PhoneNumber,
        real_name::RealName,
        staff::{GrantState, ReadPurpose, RoleGrant, StaffMember, StaffRole, StaffState},
        time::Timestamp,
    },
    problem::{FieldCode, Problem},
    services::staff::{
        ApprovedReset, GrantPage, Lookup, MaskedPerson, MemberPage, OpenedFields, ProposedFactor,
        ReadAllowance, StaffSignedIn, StaffSteppedUp,
    },
};

/// What an invited member chooses.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AcceptStaffInvitation {
    /// The token of the invitation.
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub invitation_token: Secret<71>,
    /// The member's name.
    pub real_name: RealName,
    /// The password.
    #[schema(value_type = String, min_length = 12, max_length = 256, format = Password)]
    pub password: Secret<1024>,
}

/// The first code of the member's authenticator app.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ConfirmStaffInvitation {
    /// The token of the invitation.
    #[schema(value_type = String, min_length = 71, max_length = 71, pattern = "^[A-Za-z0-9_-]+$")]
    pub invitation_token: Secret<71>,
    /// Six digits.
    #[schema(value_type = String, min_length = 6, max_length = 6, pattern = "^[0-9]{6}$")]
    pub code: Secret<6>,
}

/// A member's second factor, not in force before its first code.
#[derive(Serialize, ToSchema)]
#[schema(as = ProposedStaffTotp)]
pub struct ProposedStaffTotpView {
    /// What an app takes up (`otpauth://totp/…`).
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, max_length = 1024)]
    pub otpauth_url: Zeroizing<String>,
    /// The secret in base 32, to be typed.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, max_length = 64)]
    pub secret: Zeroizing<String>,
    /// The address as a QR code: an SVG image as a `data:` URL.
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String, max_length = 65536)]
    pub qr_image: Zeroizing<String>,
}

impl ProposedStaffTotpView {
    pub fn new(proposed: ProposedFactor) -> Self {
        let image = STANDARD.encode(proposed.qr_image.as_bytes());
        Self {
            otpauth_url: proposed.otpauth_url,
            secret: proposed.secret,
            qr_image: Zeroizing::new(format!("data:image/svg+xml;base64,{image}")),
        }
    }
}

/// Who is to become a member.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct InviteStaffMember {
    /// Where the invitation goes.
    pub email: Email,
}

/// A member of staff.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffMember)]
pub struct StaffMemberView {
    /// Identifies the member.
    pub staff_id: StaffId,
    /// Where the member is between invitation and departure.
    pub state: StaffState,
    /// The member's address.
    #[serde(serialize_with = "exposed")]
    pub email: Email,
    /// The member's name; `null` before the invitation was accepted.
    #[serde(serialize_with = "exposed_option")]
    #[schema(required)]
    pub real_name: Option<RealName>,
    /// What the member may do.
    #[schema(max_items = 5)]
    pub roles: Vec<StaffRole>,
    /// When the member was invited.
    pub invited_at: Timestamp,
}

impl From<&StaffMember> for StaffMemberView {
    fn from(member: &StaffMember) -> Self {
        Self {
            staff_id: member.id,
            state: member.state,
            email: member.email.clone(),
            real_name: member.name.clone(),
            roles: member.roles.clone(),
            invited_at: member.created_at,
        }
    }
}

/// A page of members.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffMemberPage)]
pub struct StaffMemberPageView {
    /// The members.
    #[schema(max_items = 100)]
    pub data: Vec<StaffMemberView>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl StaffMemberPageView {
    pub fn new(page: MemberPage) -> Self {
        Self { data: page.members.iter().map(StaffMemberView::from).collect(), next_cursor: page.next_cursor }
    }
}

/// The role that a member is to get.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ProposeRole {
    /// The role.
    pub role: StaffRole,
}

/// What another admin decides.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantDecision {
    Approve,
    Decline,
}

impl GrantDecision {
    pub const fn is_approval(self) -> bool {
        matches!(self, Self::Approve)
    }
}

/// A decision on a role grant.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct DecideRoleGrant {
    /// Whether the role is granted.
    pub decision: GrantDecision,
}

/// A role that was asked for.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleGrant)]
pub struct RoleGrantView {
    /// Identifies the grant.
    pub role_grant_id: RoleGrantId,
    /// Who is to get the role.
    pub staff_id: StaffId,
    /// The role.
    pub role: StaffRole,
    /// What became of it.
    pub state: GrantState,
    /// Who asked for it.
    pub proposed_by: StaffId,
    /// When.
    pub proposed_at: Timestamp,
    /// Who decided.
    #[schema(required)]
    pub decided_by: Option<StaffId>,
    /// When.
    #[schema(required)]
    pub decided_at: Option<Timestamp>,
}

impl From<&RoleGrant> for RoleGrantView {
    fn from(grant: &RoleGrant) -> Self {
        Self {
            role_grant_id: grant.id,
            staff_id: grant.staff_id,
            role: grant.role,
            state: grant.state,
            proposed_by: grant.proposed_by,
            proposed_at: grant.proposed_at,
            decided_by: grant.decided_by,
            decided_at: grant.decided_at,
        }
    }
}

/// A page of role grants.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleGrantPage)]
pub struct RoleGrantPageView {
    /// The grants, newest first.
    #[schema(max_items = 100)]
    pub data: Vec<RoleGrantView>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, max_length = 128)]
    pub next_cursor: Option<String>,
}

impl RoleGrantPageView {
    pub fn new(page: &GrantPage) -> Self {
        Self {
            data: page.grants.iter().map(RoleGrantView::from).collect(),
            next_cursor: page.next_cursor.clone(),
        }
    }
}

/// Email, password and a code of the authenticator app.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct CreateStaffSession {
    /// The member's address.
    pub email: Email,
    /// The password.
    #[schema(value_type = String, min_length = 1, max_length = 256, format = Password)]
    pub password: Secret<1024>,
    /// Six digits.
    #[schema(value_type = String, min_length = 6, max_length = 6, pattern = "^[0-9]{6}$")]
    pub code: Secret<6>,
}

/// A fresh code of the authenticator app.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct StepUpStaffSession {
    /// Six digits.
    #[schema(value_type = String, min_length = 6, max_length = 6, pattern = "^[0-9]{6}$")]
    pub code: Secret<6>,
}

/// What a signed-in member holds.
#[derive(Serialize, ToSchema)]
pub struct StaffSessionTokens {
    /// Identifies the session.
    pub staff_session_id: StaffSessionId,
    /// The member.
    pub staff_id: StaffId,
    /// A JWT, to be sent as `Authorization: Bearer`.
    #[serde(serialize_with = "secret")]
    #[schema(value_type = String, max_length = 2048)]
    pub access_token: SecretString,
    /// When the access token lapses, and with it a session that is not renewed.
    pub access_expires_at: Timestamp,
    /// When the session ends, whatever happens in it.
    pub session_expires_at: Timestamp,
}

impl StaffSessionTokens {
    pub fn new(opened: StaffSignedIn) -> Self {
        Self {
            staff_session_id: opened.session_id,
            staff_id: opened.staff_id,
            access_token: opened.access_token,
            access_expires_at: opened.access_expires_at,
            session_expires_at: opened.session_expires_at,
        }
    }
}

/// The session is stepped up.
#[derive(Serialize, ToSchema)]
#[schema(as = StaffSteppedUp)]
pub struct StaffSteppedUpView {
    /// Until when.
    pub stepped_up_until: Timestamp,
}

impl From<&StaffSteppedUp> for StaffSteppedUpView {
    fn from(stepped_up: &StaffSteppedUp) -> Self {
        Self { stepped_up_until: stepped_up.until }
    }
}

/// The session has ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedStaffSession)]
pub struct EndedStaffSessionView {
    /// When.
    pub ended_at: Timestamp,
}

/// Who is looked for: exactly one of these.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1)]
pub struct FindPerson {
    /// The person's address.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub email: Option<Email>,
    /// The person's verified number.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub phone: Option<PhoneNumber>,
    /// The person's account.
    #[serde(default, deserialize_with = "super::present")]
    #[schema(nullable = false)]
    pub account_id: Option<AccountId>,
}

impl FindPerson {
    /// # Errors
    ///
    /// A problem unless exactly one is named.
    pub fn into_lookup(self) -> Result<Lookup, Problem> {
        match (self.email, self.phone, self.account_id) {
            (Some(email), None, None) => Ok(Lookup::Email(email)),
            (None, Some(phone), None) => Ok(Lookup::Phone(phone)),
            (None, None, Some(id)) => Ok(Lookup::Account(id)),
            (None, None, None) => Err(Problem::invalid("/email", FieldCode::MissingField)),
            _ => Err(Problem::invalid("/email", FieldCode::InvalidValue)),
        }
    }
}

/// A person, masked.
#[derive(Serialize, ToSchema)]
#[schema(as = MaskedPerson)]
pub struct MaskedPersonView {
    /// Identifies the account.
    pub account_id: AccountId,
    /// What the account may do.
    pub state: AccountState,
    /// Initials.
    #[schema(max_length = 512, example = "A*** L***")]
    pub real_name: String,
    /// First letter and top-level domain.
    #[schema(max_length = 256, example = "a***@***.org")]
    pub email: String,
    /// The last two digits.
    #[schema(required, max_length = 16, example = "***67")]
    pub phone: Option<String>,
}

impl From<&MaskedPerson> for MaskedPersonView {
    fn from(person: &MaskedPerson) -> Self {
        Self {
            account_id: person.account_id,
            state: person.state,
            real_name: person.real_name.clone(),
            email: person.email.clone(),
            phone: person.phone.clone(),
        }
    }
}

/// Which fields of whom are to be opened, and what for.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct ReadPersonalData {
    /// The person.
    pub account_id: AccountId,
    /// The fields, each once.
    #[schema(min_items = 1, max_items = 6)]
    #[validate(length(min = 1, max = 6))]
    pub fields: Vec<ProfileField>,
    /// What for; the person sees it.
    pub purpose: ReadPurpose,
    /// An open case of this person.
    pub support_case_id: SupportCaseId,
}

impl ReadPersonalData {
    /// # Errors
    ///
    /// A problem if a field stands twice.
    pub fn unique_fields(&self) -> Result<Vec<ProfileField>, Problem> {
        let twice = self
            .fields
            .iter()
            .enumerate()
            .any(|(n, field)| self.fields.iter().skip(n + 1).any(|other| other == field));
        if twice {
            Err(Problem::invalid("/fields", FieldCode::DuplicateField))
        } else {
            Ok(self.fields.clone())
        }
    }
}

/// An opened field.
#[derive(Serialize, ToSchema)]
pub struct OpenedFieldView {
    /// Which.
    pub field: ProfileField,
    /// What it says; `null` if the person has not given it.
    #[serde(serialize_with = "exposed_option")]
    #[schema(value_type = Option<String>, required, max_length = 512, example = "Ada Lovelace")]
    pub value: Option<PersonalText>,
}

/// The opened fields of a person.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedFields)]
pub struct OpenedFieldsView {
    /// Identifies the opening; the person sees it under this id.
    pub staff_read_id: StaffReadId,
    /// The person.
    pub account_id: AccountId,
    /// The asked fields, and no other.
    #[schema(max_items = 6)]
    pub fields: Vec<OpenedFieldView>,
    /// Which of them the person says are wrong (clause 3.8).
    #[schema(max_items = 6)]
    pub contested: Vec<ContestedValueView>,
    /// When they were opened.
    pub read_at: Timestamp,
}

impl From<&OpenedFields> for OpenedFieldsView {
    fn from(opened: &OpenedFields) -> Self {
        let fields = opened.values.iter();
        Self {
            staff_read_id: opened.read.id,
            account_id: opened.read.account_id,
            fields: fields
                .map(|value| OpenedFieldView { field: value.field, value: value.value.clone() })
                .collect(),
            contested: opened.contested.iter().map(ContestedValueView::from).collect(),
            read_at: opened.read.read_at,
        }
    }
}

/// How much more a reader may open within the hour.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct AllowReads {
    /// How many fields.
    #[schema(minimum = 1, maximum = 100, example = 20)]
    pub reads: i32,
}

impl AllowReads {
    /// # Errors
    ///
    /// A problem for fewer than 1 or more than 100.
    pub fn reads(&self) -> Result<u32, Problem> {
        let allowed = (1..=100).contains(&self.reads).then(|| u32::try_from(self.reads).ok()).flatten();
        allowed.ok_or_else(|| Problem::invalid("/reads", FieldCode::OutOfRange))
    }
}

/// A reader may open more.
#[derive(Serialize, ToSchema)]
#[schema(as = ReadAllowance)]
pub struct ReadAllowanceView {
    /// The reader.
    pub staff_id: StaffId,
    /// How many fields were given back.
    #[schema(minimum = 1, maximum = 100, example = 20)]
    pub reads: u32,
    /// When.
    pub allowed_at: Timestamp,
}

impl From<&ReadAllowance> for ReadAllowanceView {
    fn from(allowance: &ReadAllowance) -> Self {
        Self { staff_id: allowance.staff_id, reads: allowance.reads, allowed_at: allowance.allowed_at }
    }
}

/// How far the approval of a factor reset has come.
#[derive(Serialize, ToSchema)]
#[schema(as = ApprovedFactorReset)]
pub struct ApprovedFactorResetView {
    /// Identifies the reset.
    pub factor_reset_id: FactorResetId,
    /// How many members have approved it.
    #[schema(minimum = 1, maximum = 2, example = 1)]
    pub approvals: i32,
    /// When it is carried out; `null` before the second approval.
    #[schema(required)]
    pub executes_at: Option<Timestamp>,
}

impl From<&ApprovedReset> for ApprovedFactorResetView {
    fn from(approved: &ApprovedReset) -> Self {
        Self {
            factor_reset_id: approved.id,
            approvals: approved.approvals,
            executes_at: approved.executes_at,
        }
    }
}

const STAFF: &str = "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
const ACCOUNT: &str = "acc_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
const CASE: &str = "cas_0198c8f2b1d07c3f9e21a4b7c6d5e4f3";
const INSTANT: &str = "2026-03-01T09:31:12.000000Z";
const TOKEN: &str = "BwAAAAEBmMjysdB8P54hpLfG1eTzAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

macro_rules! examples {
    ($( $body:ident = $example:expr; )*) => { $(
        impl Example for $body {
            fn example() -> Value {
                $example
            }
        }
    )* };
}

examples! {
    AcceptStaffInvitation = json!({ "invitation_token": TOKEN, "real_name": "Grace Hopper", "password": "seven violins at dawn" });
    ConfirmStaffInvitation = json!({ "invitation_token": TOKEN, "code": "287082" });
    ProposedStaffTotpView = json!({
        "otpauth_url": "otpauth://totp/Smart-mining:grace%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Smart-mining",
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "qr_image": "data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=",
    });
    InviteStaffMember = json!({ "email": "grace@example.org" });
    StaffMemberView = json!({
        "staff_id": STAFF,
        "state": "active",
        "email": "grace@example.org",
        "real_name": "Grace Hopper",
        "roles": ["support"],
        "invited_at": INSTANT,
    });
    StaffMemberPageView = json!({ "data": [StaffMemberView::example()], "next_cursor": null });
    ProposeRole = json!({ "role": "support" });
    DecideRoleGrant = json!({ "decision": "approve" });
    RoleGrantView = json!({
        "role_grant_id": "rgr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
        "staff_id": STAFF,
        "role": "legal",
        "state": "proposed",
        "proposed_by": "stf_0198c8f2b1d07c3f9e21a4b7c6d5e4f4",
        "proposed_at": INSTANT,
        "decided_by": null,
        "decided_at": null,
    });
    RoleGrantPageView = json!({ "data": [RoleGrantView::example()], "next_cursor": null });
    CreateStaffSession = json!({ "email": "grace@example.org", "password": "seven violins at dawn", "code": "287082" });
    StepUpStaffSession = json!({ "code": "287082" });
    StaffSessionTokens = json!({
        "staff_session_id": "sts_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
        "staff_id": STAFF,
        "access_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dDtzdGFmZiIsImtpZCI6InN0YWZmLTEifQ.e30.c2ln",
        "access_expires_at": "2026-03-01T09:41:12.000000Z",
        "session_expires_at": "2026-03-01T17:31:12.000000Z",
    });
    StaffSteppedUpView = json!({ "stepped_up_until": "2026-03-01T09:41:12.000000Z" });
    EndedStaffSessionView = json!({ "ended_at": INSTANT });
    FindPerson = json!({ "email": "ada@example.org" });
    MaskedPersonView = json!({
        "account_id": ACCOUNT,
        "state": "active",
        "real_name": "A*** L***",
        "email": "a***@***.org",
        "phone": "***67",
    });
    ReadPersonalData = json!({
        "account_id": ACCOUNT,
        "fields": ["real_name"],
        "purpose": "support_case",
        "support_case_id": CASE,
    });
    OpenedFieldsView = json!({
        "staff_read_id": "srd_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
        "account_id": ACCOUNT,
        "fields": [{ "field": "real_name", "value": "Ada Lovelace" }],
        "contested": [{ "field": "real_name", "since": "2026-03-01T09:30:00.000000Z", "statement": null }],
        "read_at": INSTANT,
    });
    AllowReads = json!({ "reads": 20 });
    ReadAllowanceView = json!({ "staff_id": STAFF, "reads": 20, "allowed_at": INSTANT });
    ApprovedFactorResetView = json!({
        "factor_reset_id": "fcr_0198c8f2b1d07c3f9e21a4b7c6d5e4f3",
        "approvals": 1,
        "executes_at": null,
    });
}
