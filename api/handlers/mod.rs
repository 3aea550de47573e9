//! HTTP: each handler takes what extractors made of the request, asks one service, presents.

mod account;
mod accounts;
mod docs;
mod edge;
mod extract;
mod health;
mod policy_versions;
mod sessions;
mod signing_keys;
pub mod views;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

pub use docs::ContractText;
pub use edge::{Edge, guard};

/// Every operation of the contract. A route without its description does not compile.
pub fn operations(routes: &mut ServiceConfig<'_>) {
    routes
        .service(policy_versions::get_current_policy_version)
        .service(policy_versions::get_policy_version)
        .service(accounts::register_account)
        .service(accounts::verify_account)
        .service(account::get_account)
        .service(account::update_account)
        .service(account::list_account_changes)
        .service(account::confirm_account_data)
        .service(sessions::create_session)
        .service(sessions::refresh_session)
        .service(sessions::list_sessions)
        // Before the one with a parameter, which would take `current` for an id.
        .service(sessions::end_current_session)
        .service(sessions::end_session)
        .service(signing_keys::list_signing_keys);
}

/// What stands beside the contract: health, the contract itself, its reference page.
pub fn surroundings(routes: &mut web::ServiceConfig) {
    routes
        .service(health::live)
        .service(health::ready)
        .service(docs::landing)
        .service(docs::contract)
        .service(docs::reference())
        .default_service(web::to(edge::nowhere));
}

/// The operator's own listener.
pub fn operator(routes: &mut web::ServiceConfig) {
    routes.service(health::live).service(health::ready).service(health::metrics);
}
