//! The person's verification of identity (clauses 1.3 to 1.8).

use actix_web::{
    get, put,
    web::{Data, Json},
};

use super::{
    extract::{By, Person, StrictJson},
    views::{KycView, SetKycDetails},
};
use crate::{domain::kyc::case::Residence, openapi::responses::Conflict, problem::Problem, server::Services};

/// Get the verification of identity
///
/// What is asked of the person, under which clause, until when, and how each item stands.
#[utoipa::path(
    tag = "Verification",
    responses((status = OK, description = "The verification.", body = KycView))
)]
#[get("/v1/kyc")]
pub(super) async fn get_kyc(person: Person, services: Data<Services>) -> Result<Json<KycView>, Problem> {
    Ok(Json(KycView::from(&services.kyc.overview(person.account_id).await?)))
}

/// Set the personal details of the verification
///
/// Day of birth and residence; the name is that of the profile (clause 1.5). They can be set while a verification is
/// open (`kyc_not_open`).
#[utoipa::path(
    tag = "Verification",
    request_body = SetKycDetails,
    responses((status = OK, description = "The verification.", body = KycView), Conflict)
)]
#[put("/v1/kyc/personal-details")]
pub(super) async fn set_kyc_details(
    By(person, body): By<StrictJson<SetKycDetails>>,
    services: Data<Services>,
) -> Result<Json<KycView>, Problem> {
    let told = body.value;
    let residence = Residence {
        line: told.residence.line,
        postal_code: told.residence.postal_code,
        city: told.residence.city,
        country: told.residence.country,
    };
    let overview = services.kyc.set_details(person.account_id, told.birth_date, residence).await?;
    Ok(Json(KycView::from(&overview)))
}
