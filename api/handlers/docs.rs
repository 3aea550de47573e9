//! The contract, from the binary.

use actix_web::{HttpResponse, get, http::header, web};

/// The contract.
#[get("/openapi.yaml")]
pub(super) async fn contract(text: web::Data<ContractText>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/yaml")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(text.0.clone())
}

/// The contract as it is served.
pub struct ContractText(pub web::Bytes);
