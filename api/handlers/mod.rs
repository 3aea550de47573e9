//! HTTP: each handler takes what extractors made of the request, asks one service, presents.

mod account;
mod accounts;
pub mod archive;
mod consents;
mod contacts;
mod devices;
mod disclosures;
mod docs;
mod edge;
mod extract;
mod guides;
mod health;
mod kyc;
mod links;
mod log;
mod notices;
mod oauth;
mod obligations;
mod partners;
mod passwords;
mod policy_page;
mod policy_versions;
mod reports;
mod rights_links;
mod rights_requests;
mod security;
mod sessions;
mod sign_in_challenges;
mod signals;
mod signing_keys;
mod staff;
mod support;
mod transfers;
mod transparency;
pub mod views;
mod webhooks;

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

pub use docs::ContractText;
pub use edge::{Edge, guard};
pub use guides::Reference;

/// Every operation of the contract. A route without its description does not compile.
pub fn operations(routes: &mut ServiceConfig<'_>) {
    routes
        .configure(policy_operations)
        .service(accounts::register_account)
        .service(accounts::verify_account)
        .service(account::get_account)
        .service(account::update_account)
        .service(account::list_account_changes)
        .service(account::confirm_account_data)
        .service(security::get_account_security)
        .service(passwords::change_password)
        .service(contacts::request_email_change)
        .service(contacts::confirm_email_change)
        .service(contacts::request_phone_change)
        .service(contacts::confirm_phone_change)
        .service(contacts::remove_phone)
        .service(security::enrol_totp)
        .service(security::confirm_totp)
        .service(security::remove_totp)
        .service(security::create_recovery_codes)
        .service(security::close_account)
        .service(security::reopen_account)
        .service(passwords::request_password_reset)
        .service(passwords::confirm_password_reset)
        .service(sessions::create_session)
        .service(sign_in_challenges::send_sign_in_code)
        .service(sign_in_challenges::answer_sign_in_challenge)
        .service(sign_in_challenges::request_factor_reset)
        .service(sign_in_challenges::cancel_factor_reset)
        .service(sessions::refresh_session)
        .service(sessions::list_sessions)
        .service(sessions::send_step_up_code)
        .service(sessions::step_up_session)
        .service(sessions::end_other_sessions)
        // Before the one with a parameter, which would take `current` for an id.
        .service(sessions::end_current_session)
        .service(sessions::end_session)
        .service(sessions::revoke_session_by_link)
        .configure(consent_operations)
        .configure(kyc_operations)
        .configure(disclosure_operations)
        .service(support::list_access_log)
        .service(support::open_support_case)
        .service(support::list_support_cases)
        .service(support::get_support_case)
        .service(support::send_support_message)
        .service(support::close_support_case)
        .configure(staff::operations)
        .configure(partner_operations)
        .service(transparency::get_transparency)
        .service(log::get_log_checkpoint)
        .service(log::get_log_inclusion_proof)
        .service(log::get_log_consistency_proof)
        .service(signing_keys::list_signing_keys);
}

fn partner_operations(routes: &mut ServiceConfig<'_>) {
    routes
        .service(partners::create_partner_client)
        .service(partners::list_partner_clients)
        .service(partners::deactivate_partner_client)
        .service(partners::add_partner_credential)
        .service(partners::retire_partner_credential)
        .service(partners::get_own_partner_client)
        .service(disclosures::list_partner_disclosures)
        .service(disclosures::get_partner_disclosure)
        .service(disclosures::pull_disclosure)
        .service(disclosures::acknowledge_disclosure)
        .service(obligations::list_partner_obligations)
        .service(obligations::get_partner_obligation)
        .service(obligations::acknowledge_obligation)
        .service(reports::register_advertisement)
        .service(reports::list_advertisements)
        .service(reports::end_advertisement)
        .service(reports::list_ad_click_reports)
        .service(webhooks::create_webhook_secret)
        .service(webhooks::set_webhook_endpoint)
        .service(webhooks::get_webhook_endpoint)
        .service(webhooks::remove_webhook_endpoint)
        .service(webhooks::send_test_webhook)
        .service(webhooks::list_webhook_deliveries)
        .service(webhooks::replay_webhook)
        .service(signals::report_signals)
        .service(oauth::create_access_token);
}

fn policy_operations(routes: &mut ServiceConfig<'_>) {
    routes
        .service(policy_versions::get_current_policy_version)
        .service(policy_versions::list_policy_versions)
        .service(policy_versions::get_policy_version)
        .service(policy_versions::list_policy_clauses)
        .service(policy_versions::get_policy_changes)
        .service(policy_versions::list_purposes)
        .service(devices::list_cookies)
        .service(devices::get_device_consents)
        .service(devices::set_device_consents)
        .service(reports::report_ad_events)
        .service(devices::get_gpc_support);
}

fn kyc_operations(routes: &mut ServiceConfig<'_>) {
    routes
        .service(kyc::get_kyc)
        .service(kyc::set_kyc_details)
        .service(kyc::upload_kyc_document)
        .service(kyc::get_kyc_document)
        .service(kyc::delete_kyc_document)
        .service(kyc::get_kyc_document_image)
        .service(kyc::submit_kyc);
}

fn disclosure_operations(routes: &mut ServiceConfig<'_>) {
    routes
        .service(disclosures::list_recipients)
        .service(disclosures::list_disclosures)
        .service(disclosures::get_disclosure)
        .service(disclosures::get_disclosure_proof)
        .service(disclosures::list_consent_requests)
        .service(disclosures::get_consent_request)
        .service(disclosures::answer_consent_request)
        .service(disclosures::withdraw_consent_answer)
        .service(rights_requests::preview_rights_request)
        .service(rights_requests::file_rights_request)
        .service(rights_requests::read_rights_request_result)
        .service(rights_requests::list_rights_requests)
        .service(rights_requests::get_rights_request)
        .service(rights_requests::get_rights_request_result)
        .service(rights_requests::complain_about_rights_request)
        .service(rights_requests::withdraw_rights_request)
        .service(rights_requests::list_staff_rights_requests)
        .service(rights_requests::get_staff_rights_request)
        .service(rights_requests::extend_rights_request)
        .service(rights_requests::answer_rights_request)
        .service(rights_links::request_rights_link)
        .service(rights_links::preview_rights_request_by_link)
        .service(rights_links::file_rights_request_by_link)
        .service(rights_links::upload_rights_evidence_by_token)
        .service(rights_links::withdraw_rights_request_by_token)
        .service(rights_links::download_rights_archive_by_token)
        .service(rights_requests::upload_rights_evidence)
        .service(rights_requests::attach_statement_of_correction)
        .service(rights_requests::ask_for_proof)
        .service(rights_requests::open_correction)
        .service(rights_requests::open_rights_evidence)
        .service(rights_requests::get_opened_rights_evidence)
        .service(rights_requests::decide_correction)
        .service(rights_requests::open_requester)
        .service(rights_requests::decide_identity)
        .service(transfers::list_transfers)
        .service(transfers::object_to_transfer)
        .service(transfers::draft_transfer)
        .service(transfers::list_staff_transfers)
        .service(transfers::get_transfer)
        .service(transfers::list_transfer_entries)
        .service(transfers::announce_transfer)
        .service(transfers::approve_transfer)
        .service(transfers::cancel_transfer)
        .service(obligations::list_obligations)
        .service(obligations::list_staff_obligations)
        .service(obligations::record_obligation_acknowledgement);
}

fn consent_operations(routes: &mut ServiceConfig<'_>) {
    routes
        .service(consents::accept_policy)
        .service(consents::list_policy_acceptances)
        .service(consents::refuse_policy)
        .service(consents::list_consents)
        .service(consents::set_consent)
        .service(consents::list_consent_events)
        .service(consents::get_consent_receipt)
        .service(consents::list_storage_places)
        .service(notices::list_notices)
        .service(notices::acknowledge_notice);
}

/// What stands beside the contract: health, the contract itself, its reference page.
pub fn surroundings(routes: &mut web::ServiceConfig) {
    routes
        .service(health::live)
        .service(health::ready)
        .service(guides::landing)
        .service(guides::guide)
        .service(guides::reference_page)
        .service(guides::style)
        .service(policy_page::policy)
        .service(policy_page::style)
        .service(links::page)
        .service(links::script)
        .service(docs::contract)
        .default_service(web::to(edge::nowhere));
}

/// The operator's own listener.
pub fn operator(routes: &mut web::ServiceConfig) {
    routes.service(health::live).service(health::ready).service(health::metrics);
}
