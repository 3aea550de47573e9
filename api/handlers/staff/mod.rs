//! Staff: members and roles, sessions, narrow reads, the support's queue.

mod cases;
mod disclosures;
mod flags;
mod instruments;
mod kyc;
mod members;
mod policies;
mod reads;
mod recipients;
mod retention;
mod sessions;

use utoipa_actix_web::service_config::ServiceConfig;

/// The operations of staff.
pub(super) fn operations(routes: &mut ServiceConfig<'_>) {
    routes
        .service(members::accept_staff_invitation)
        .service(members::confirm_staff_invitation)
        .service(sessions::create_staff_session)
        .service(sessions::renew_staff_session)
        .service(sessions::step_up_staff_session)
        .service(sessions::end_staff_session)
        .service(members::get_own_staff_member)
        .service(members::list_staff_members)
        .service(members::invite_staff_member)
        .service(members::deactivate_staff_member)
        .service(members::propose_staff_role)
        .service(members::revoke_staff_role)
        .service(members::list_staff_role_grants)
        .service(members::decide_staff_role_grant)
        .service(reads::allow_staff_reads)
        .service(reads::find_person)
        .service(reads::read_personal_data)
        .service(cases::open_staff_support_case)
        .service(cases::list_staff_support_cases)
        .service(cases::get_staff_support_case)
        .service(cases::answer_support_case)
        .service(cases::close_staff_support_case)
        .service(kyc::request_kyc)
        .service(kyc::list_staff_kyc_cases)
        .service(kyc::get_staff_kyc_case)
        .service(kyc::assign_kyc_case)
        .service(kyc::add_kyc_note)
        .service(kyc::open_kyc_details)
        .service(kyc::open_kyc_image)
        .service(kyc::get_opened_kyc_image)
        .service(kyc::decide_kyc_case)
        .service(flags::extend_kyc_case)
        .service(flags::withdraw_kyc_case)
        .service(flags::list_kyc_flags)
        .service(flags::dismiss_kyc_flag)
        .service(reads::approve_factor_reset)
        .service(policies::draft_policy_version)
        .service(policies::get_policy_draft)
        .service(policies::rewrite_policy_draft)
        .service(policies::discard_policy_draft)
        .service(policies::publish_policy_version)
        .service(policies::list_processing_records)
        .service(retention::get_retention_report)
        .configure(disclosure_operations);
}

fn disclosure_operations(routes: &mut ServiceConfig<'_>) {
    routes
        .service(recipients::register_recipient)
        .service(recipients::list_staff_recipients)
        .service(recipients::get_staff_recipient)
        .service(recipients::change_recipient)
        .service(recipients::activate_recipient)
        .service(recipients::deactivate_recipient)
        .service(recipients::list_recipient_events)
        .service(instruments::register_instrument)
        .service(instruments::list_instruments)
        .service(instruments::get_instrument)
        .service(instruments::read_instrument)
        .service(instruments::get_instrument_file)
        .service(instruments::withdraw_instrument)
        .service(disclosures::draft_disclosure)
        .service(disclosures::record_authority_access)
        .service(disclosures::list_staff_disclosures)
        .service(disclosures::get_staff_disclosure)
        .service(disclosures::change_disclosure)
        .service(disclosures::submit_disclosure)
        .service(disclosures::review_disclosure)
        .service(disclosures::release_disclosure)
        .service(disclosures::silence_disclosure)
        .service(disclosures::end_disclosure_silence)
        .service(disclosures::cancel_disclosure)
        .service(disclosures::hand_over_disclosure);
}
