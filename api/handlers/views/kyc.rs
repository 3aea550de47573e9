//! Bodies of verifications of identity.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use validator::Validate;

use super::Example;
use crate::{
    domain::{
        country::Country,
        ids::{AccountId, KycCaseId},
        kyc::{
            KycItem, KycItemState, KycState, RejectionReason,
            case::{
                AddressLine, BirthDate, City, DAYS_TO_ANSWER, KycCase, KycGround, LEAST_DAYS, MOST_DAYS,
                PostalCode,
            },
        },
        personal::{Personal, PersonalText},
        support::SupportText,
        time::Timestamp,
    },
    services::kyc::{ItemStanding, KycOverview},
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
    /// Until when; `null` if nothing is asked.
    #[schema(required)]
    pub due_at: Option<Timestamp>,
    /// What is asked for, item by item.
    #[schema(max_items = 16)]
    pub requirements: Vec<KycRequirementView>,
    /// What the person told; `null` until then.
    #[schema(required)]
    pub personal_details: Option<KycDetailsView>,
}

impl From<&KycOverview> for KycView {
    fn from(overview: &KycOverview) -> Self {
        let case = overview.case.as_ref();
        let details = overview.details.as_ref().map(|details| KycDetailsView {
            birth_date: details.birth_date.expose().to_owned(),
            residence: ResidenceView {
                line: details.residence.line.expose().to_owned(),
                postal_code: details.residence.postal_code.expose().to_owned(),
                city: details.residence.city.expose().to_owned(),
                country: details.residence.country,
            },
            updated_at: details.updated_at,
        });
        Self {
            state: overview.state,
            kyc_case_id: case.map(|case| case.id),
            ground: case.map(|case| case.ground),
            clause: case.map(|case| case.ground.clause().to_owned()),
            requested_at: case.map(|case| case.requested_at),
            due_at: case.map(|case| case.due_at),
            requirements: overview.items.iter().map(KycRequirementView::from).collect(),
            personal_details: details,
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
    /// Until when.
    pub due_at: Timestamp,
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
        })
    }
}
