//! The contract and its reference page, from the binary.

use actix_web::{HttpResponse, get, http::header, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::{Problem, ProblemCode};

/// The reference page needs its own scripts and styles, from this origin alone.
const PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                           frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

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

/// The reference page, vendored inside the binary.
pub(super) fn reference() -> impl actix_web::dev::HttpServiceFactory {
    let page = SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.yaml").validator_url("none"));
    web::scope("")
        .guard(actix_web::guard::fn_guard(|context| context.head().uri.path().starts_with("/docs")))
        .wrap(
            actix_web::middleware::DefaultHeaders::new().add((header::CONTENT_SECURITY_POLICY, PAGE_POLICY)),
        )
        .service(page)
        .default_service(web::to(not_a_page))
}

async fn not_a_page() -> Result<HttpResponse, Problem> {
    Err(Problem::new(ProblemCode::NotFound))
}
