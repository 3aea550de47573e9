//! The tables of both databases, by hand; a test reads every one of them on each.

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    log_leaves (leaf_id) {
        leaf_id -> Id,
        bytes -> Binary,
        hash -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    log_entries (seq) {
        seq -> BigInt,
        leaf_id -> Id,
        hash -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    log_origins (number) {
        number -> BigInt,
        name -> Text,
        first_seq -> BigInt,
        opened_at -> Instant,
        previous_checkpoint -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    log_nodes (origin, node) {
        origin -> BigInt,
        node -> BigInt,
        hash -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    log_checkpoints (origin, size) {
        origin -> BigInt,
        size -> BigInt,
        note -> Text,
        signed_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    log_pending (leaf_id) {
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    log_details (account_id, leaf_id) {
        account_id -> Id,
        leaf_id -> Id,
        detail -> Binary,
        salt -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    log_public_details (leaf_id) {
        leaf_id -> Id,
        detail -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    policy_versions (version) {
        version -> Integer,
        clauses -> Json,
        content_hash -> Binary,
        published_at -> Instant,
        leaf_id -> Id,
        purposes -> Json,
        storage_places -> Json,
        change_kind -> Text,
        summary -> Text,
        written_by -> Nullable<Id>,
        published_by -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    accounts (account_id) {
        account_id -> Id,
        state -> Text,
        epoch -> BigInt,
        sequence -> BigInt,
        accepted_policy_version -> Integer,
        created_at -> Instant,
        state_reason -> Text,
        state_since -> Nullable<Instant>,
        closes_at -> Nullable<Instant>,
        service_withdrawn_at -> Nullable<Instant>,
        gpc_seen_at -> Nullable<Instant>,
        policy_refused_sequence -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    account_emails (blind_index) {
        blind_index -> Binary,
        key_version -> Integer,
        account_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    profiles (account_id) {
        account_id -> Id,
        version -> BigInt,
        real_name -> Nullable<Binary>,
        display_name -> Nullable<Binary>,
        email -> Nullable<Binary>,
        phone -> Nullable<Binary>,
        language -> Nullable<Binary>,
        time_zone -> Nullable<Binary>,
        email_verified_at -> Instant,
        phone_verified_at -> Nullable<Instant>,
        confirmed_at -> Nullable<Instant>,
        updated_at -> Instant,
        reminder_due_at -> Nullable<Instant>,
        reminders_sent -> Integer,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    credentials (account_id) {
        account_id -> Id,
        password -> Binary,
        changed_at -> Instant,
        reset_at -> Nullable<Instant>,
        version -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    account_changes (account_id, sequence) {
        account_id -> Id,
        sequence -> BigInt,
        field -> Text,
        old_identity -> Nullable<Binary>,
        old_contact -> Nullable<Binary>,
        changed_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    data_confirmations (account_id, sequence) {
        account_id -> Id,
        sequence -> BigInt,
        data_confirmation_id -> Id,
        profile_version -> BigInt,
        confirmed_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    registrations (account_id) {
        account_id -> Id,
        token_mac -> Binary,
        code_mac -> Binary,
        mac_version -> Integer,
        tries -> Integer,
        real_name -> Binary,
        email -> Binary,
        phone -> Nullable<Binary>,
        language -> Binary,
        consents -> Binary,
        password -> Binary,
        device_id -> Id,
        policy_version -> Integer,
        content_hash -> Binary,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    account_devices (account_id, device_id) {
        account_id -> Id,
        device_id -> Id,
        first_seen_at -> Instant,
        last_seen_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    sessions (account_id, session_id) {
        account_id -> Id,
        session_id -> Id,
        epoch -> BigInt,
        assurance_level -> SmallInt,
        device_id -> Id,
        user_agent -> Nullable<Binary>,
        address -> Nullable<Binary>,
        created_at -> Instant,
        last_used_at -> Instant,
        expires_at -> Instant,
        ended_at -> Nullable<Instant>,
        end_reason -> Nullable<Text>,
        stepped_up_at -> Nullable<Instant>,
        place -> Nullable<Binary>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    refresh_tokens (account_id, token_mac) {
        account_id -> Id,
        token_mac -> Binary,
        session_id -> Id,
        issued_at -> Instant,
        expires_at -> Instant,
        rotated_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    policy_acceptances (account_id, sequence) {
        account_id -> Id,
        sequence -> BigInt,
        policy_version -> Integer,
        content_hash -> Binary,
        method -> Text,
        given_at -> Instant,
        recorded_at -> Instant,
        leaf_id -> Id,
        decision -> Text,
        device_ref -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    consent_events (account_id, sequence) {
        account_id -> Id,
        sequence -> BigInt,
        consent_event_id -> Id,
        purpose -> Text,
        action -> Text,
        kind -> Text,
        policy_version -> Integer,
        definition_hash -> Binary,
        method -> Text,
        given_at -> Instant,
        recorded_at -> Instant,
        leaf_id -> Id,
        device_ref -> Nullable<Id>,
        gpc -> SmallInt,
        expires_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    outbox (account_id, message_id) {
        account_id -> Id,
        message_id -> Id,
        channel -> Text,
        recipient -> Nullable<Binary>,
        content -> Nullable<Binary>,
        state -> Text,
        attempts -> Integer,
        failure -> Nullable<Text>,
        created_at -> Instant,
        next_attempt_at -> Instant,
        settled_at -> Nullable<Instant>,
        bulk -> SmallInt,
        courier -> SmallInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    idempotency_keys (caller_mac, key_mac) {
        caller_mac -> Binary,
        key_mac -> Binary,
        operation -> Text,
        fingerprint -> Binary,
        account_id -> Id,
        status -> SmallInt,
        answer -> Nullable<Binary>,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    key_checks (purpose, version) {
        purpose -> Text,
        version -> Integer,
        check_value -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    leases (name) {
        name -> Text,
        holder -> Id,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    subject_keys (account_id, category, version) {
        account_id -> Id,
        category -> Text,
        version -> Integer,
        kek_version -> Integer,
        wrapped -> Binary,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    key_tombstones (account_id, category) {
        account_id -> Id,
        category -> Text,
        erased_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Integer, Text};
    use super::super::types::{Id, Instant};

    key_version_tombstones (account_id, category, version) {
        account_id -> Id,
        category -> Text,
        version -> Integer,
        erased_at -> Instant,
    }
}

table! {
    use super::super::types::Id;
    use diesel::sql_types::SmallInt;

    store_identity (singleton) {
        singleton -> SmallInt,
        installation_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    totp_factors (account_id) {
        account_id -> Id,
        secret -> Binary,
        last_step -> BigInt,
        created_at -> Instant,
        confirmed_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    recovery_codes (account_id, code_mac) {
        account_id -> Id,
        code_mac -> Binary,
        created_at -> Instant,
        used_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    sign_in_challenges (account_id, challenge_id) {
        account_id -> Id,
        challenge_id -> Id,
        token_mac -> Binary,
        tries -> Integer,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    one_time_codes (account_id, purpose, bound_to) {
        account_id -> Id,
        purpose -> Text,
        bound_to -> Binary,
        code_mac -> Binary,
        mac_version -> Integer,
        tries -> Integer,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    contact_changes (account_id, contact_change_id) {
        account_id -> Id,
        contact_change_id -> Id,
        field -> Text,
        new_value -> Binary,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    password_resets (account_id) {
        account_id -> Id,
        token_mac -> Binary,
        code_mac -> Binary,
        mac_version -> Integer,
        tries -> Integer,
        email -> Binary,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    factor_resets (account_id, factor_reset_id) {
        account_id -> Id,
        factor_reset_id -> Id,
        state -> Text,
        requested_at -> Instant,
        executes_at -> Nullable<Instant>,
        ended_at -> Nullable<Instant>,
        first_approver -> Nullable<Id>,
        second_approver -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    throttles (bucket_mac) {
        bucket_mac -> Binary,
        full_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    bans (ban_id) {
        ban_id -> Id,
        account_id -> Nullable<Id>,
        ground -> Text,
        banned_at -> Instant,
        ends_at -> Instant,
    }
}

table! {
    use diesel::sql_types::Binary;
    use super::super::types::Id;

    ban_marks (ban_id, mark) {
        ban_id -> Id,
        mark -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    blocks (block_id) {
        block_id -> Id,
        target_mac -> Binary,
        target -> Binary,
        reason -> Text,
        created_at -> Instant,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    staff_members (staff_id) {
        staff_id -> Id,
        state -> Text,
        email -> Binary,
        name -> Nullable<Binary>,
        password -> Nullable<Binary>,
        totp_secret -> Nullable<Binary>,
        totp_last_step -> BigInt,
        token_mac -> Nullable<Binary>,
        token_expires_at -> Nullable<Instant>,
        epoch -> BigInt,
        invited_by -> Nullable<Id>,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    staff_emails (blind_index) {
        blind_index -> Binary,
        key_version -> Integer,
        staff_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    staff_roles (staff_id, role) {
        staff_id -> Id,
        role -> Text,
        granted_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    staff_role_grants (role_grant_id) {
        role_grant_id -> Id,
        staff_id -> Id,
        role -> Text,
        state -> Text,
        proposed_by -> Id,
        proposed_at -> Instant,
        decided_by -> Nullable<Id>,
        decided_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    staff_sessions (staff_id, staff_session_id) {
        staff_id -> Id,
        staff_session_id -> Id,
        created_at -> Instant,
        stepped_up_at -> Instant,
        renewed_at -> Instant,
        expires_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    support_cases (account_id, support_case_id) {
        account_id -> Id,
        support_case_id -> Id,
        category -> Text,
        state -> Text,
        opened_by_staff -> Nullable<Id>,
        opened_at -> Instant,
        due_at -> Instant,
        updated_at -> Instant,
        closed_at -> Nullable<Instant>,
        messages -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    support_messages (account_id, support_case_id, number) {
        account_id -> Id,
        support_case_id -> Id,
        number -> BigInt,
        staff_id -> Nullable<Id>,
        body -> Nullable<Binary>,
        sent_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    staff_reads (account_id, sequence) {
        account_id -> Id,
        sequence -> BigInt,
        staff_read_id -> Id,
        staff_id -> Id,
        fields -> Text,
        purpose -> Text,
        support_case_id -> Nullable<Id>,
        read_at -> Instant,
        leaf_id -> Id,
        kyc_case_id -> Nullable<Id>,
        document_id -> Nullable<Id>,
        rights_request_id -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    account_phones (account_id, key_version) {
        account_id -> Id,
        key_version -> Integer,
        blind_index -> Binary,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    partner_clients (partner_client_id) {
        partner_client_id -> Id,
        name -> Text,
        scopes -> Text,
        state -> Text,
        requests_per_minute -> Integer,
        epoch -> BigInt,
        created_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    partner_credentials (partner_client_id, partner_credential_id) {
        partner_client_id -> Id,
        partner_credential_id -> Id,
        secret_mac -> Nullable<Binary>,
        public_key -> Nullable<Binary>,
        created_at -> Instant,
        expires_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    partner_assertions (partner_client_id, assertion_mac) {
        partner_client_id -> Id,
        assertion_mac -> Binary,
        expires_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    policy_drafts (version) {
        version -> Integer,
        document -> Json,
        content_hash -> Binary,
        change_kind -> Text,
        summary -> Text,
        revision -> BigInt,
        written_by -> Id,
        writers -> Json,
        created_at -> Instant,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    devices (device_id) {
        device_id -> Id,
        device_ref -> Id,
        account_id -> Nullable<Id>,
        sequence -> BigInt,
        merged_sequence -> BigInt,
        gpc_seen_at -> Nullable<Instant>,
        last_seen_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    device_consent_events (device_ref, sequence) {
        device_ref -> Id,
        sequence -> BigInt,
        consent_event_id -> Id,
        purpose -> Text,
        action -> Text,
        policy_version -> Integer,
        definition_hash -> Binary,
        method -> Text,
        gpc -> SmallInt,
        given_at -> Instant,
        expires_at -> Nullable<Instant>,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    notices (account_id, number) {
        account_id -> Id,
        number -> BigInt,
        notice_id -> Id,
        kind -> Text,
        policy_version -> Nullable<Integer>,
        created_at -> Instant,
        acknowledged_at -> Nullable<Instant>,
        message_id -> Nullable<Id>,
        mail_state -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant, Json};

    notice_campaigns (policy_version) {
        policy_version -> Integer,
        batch -> BigInt,
        told_until -> Nullable<Id>,
        told -> BigInt,
        started_at -> Instant,
        finished_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
    use super::super::types::{Id, Instant, Json};

    kyc_cases (account_id, kyc_case_id) {
        account_id -> Id,
        kyc_case_id -> Id,
        state -> Text,
        ground -> Text,
        private_reason -> Nullable<Binary>,
        requested_by -> Nullable<Id>,
        requested_at -> Instant,
        due_at -> Instant,
        submitted_at -> Nullable<Instant>,
        decided_at -> Nullable<Instant>,
        rejections -> Json,
        revision -> BigInt,
        number -> BigInt,
        assigned_to -> Nullable<Id>,
        reminders_sent -> Integer,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable};
    use super::super::types::{Id, Instant};

    kyc_notes (account_id, kyc_case_id, number) {
        account_id -> Id,
        kyc_case_id -> Id,
        number -> BigInt,
        staff_id -> Id,
        body -> Nullable<Binary>,
        written_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::types::{Id, Instant, Json};

    kyc_decisions (account_id, sequence) {
        account_id -> Id,
        sequence -> BigInt,
        kyc_decision_id -> Id,
        kyc_case_id -> Id,
        staff_id -> Id,
        outcome -> Text,
        step -> Text,
        rejections -> Json,
        overrides -> Json,
        decided_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{Binary, Nullable};
    use super::super::types::{Id, Instant};

    kyc_records (account_id, kyc_case_id) {
        account_id -> Id,
        kyc_case_id -> Id,
        record -> Nullable<Binary>,
        recorded_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::types::{Id, Instant};

    kyc_signals (account_id, kyc_signal_id) {
        account_id -> Id,
        kyc_signal_id -> Id,
        kind -> Text,
        reference_mac -> Binary,
        occurred_at -> Instant,
        received_at -> Instant,
        weighed_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::types::{Id, Instant};

    kyc_documents (account_id, document_id) {
        account_id -> Id,
        document_id -> Id,
        kyc_case_id -> Id,
        item -> Text,
        kind -> Text,
        told -> Nullable<Binary>,
        uploaded_at -> Instant,
        submitted_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
    use super::super::types::Id;

    kyc_files (account_id, document_id, side) {
        account_id -> Id,
        document_id -> Id,
        side -> Text,
        file_name -> Nullable<Binary>,
        width -> Integer,
        height -> Integer,
        size -> BigInt,
    }
}

table! {
    use diesel::sql_types::{Binary, Integer};
    use super::super::types::Id;

    kyc_document_numbers (account_id, document_id, key_version) {
        account_id -> Id,
        document_id -> Id,
        key_version -> Integer,
        blind_index -> Binary,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::types::{Id, Instant};

    kyc_flags (account_id, kyc_flag_id) {
        account_id -> Id,
        kyc_flag_id -> Id,
        kind -> Text,
        state -> Text,
        raised_at -> Instant,
        settled_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{Binary, Nullable};
    use super::super::types::{Id, Instant};

    kyc_details (account_id) {
        account_id -> Id,
        birth_date -> Nullable<Binary>,
        residence -> Nullable<Binary>,
        updated_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::{Id, Instant};

    recipients (recipient_id) {
        recipient_id -> Id,
        class -> Text,
        name -> Text,
        country -> Text,
        country_note -> Nullable<Text>,
        agreement -> Text,
        policy_url -> Nullable<Text>,
        contact -> Text,
        package_key -> Nullable<Text>,
        partner_client_id -> Nullable<Id>,
        state -> Text,
        version -> BigInt,
        feed -> BigInt,
        changed_by -> Id,
        registered_at -> Instant,
        changed_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::types::{Id, Instant};

    recipient_events (recipient_id, number) {
        recipient_id -> Id,
        number -> BigInt,
        step -> Text,
        terms -> Text,
        staff_id -> Id,
        occurred_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    disclosures (account_id, disclosure_id) {
        account_id -> Id,
        disclosure_id -> Id,
        recipient_id -> Id,
        purpose -> Text,
        fields -> Text,
        consent_kind -> Text,
        instrument_id -> Nullable<Id>,
        transfer_id -> Nullable<Id>,
        ground -> Nullable<Binary>,
        revision -> Integer,
        scope_hash -> Binary,
        state -> Text,
        requested_by -> Id,
        requested_at -> Instant,
        changed_at -> Instant,
        ends_at -> Instant,
        released_at -> Nullable<Instant>,
        feed_number -> Nullable<BigInt>,
        reviews_needed -> Integer,
        pulls -> Integer,
        steps -> Integer,
        silence -> Nullable<Text>,
        silent_until -> Nullable<Instant>,
        told_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    disclosure_events (account_id, disclosure_id, number) {
        account_id -> Id,
        disclosure_id -> Id,
        number -> Integer,
        disclosure_event_id -> Id,
        step -> Text,
        revision -> Integer,
        scope -> Text,
        scope_hash -> Binary,
        staff_id -> Nullable<Id>,
        partner_client_id -> Nullable<Id>,
        device_ref -> Nullable<Id>,
        policy_version -> Nullable<Integer>,
        person_sequence -> BigInt,
        consent_sequence -> Nullable<BigInt>,
        pull_number -> Nullable<Integer>,
        package_hash -> Nullable<Binary>,
        reason -> Nullable<Text>,
        silence -> Nullable<Text>,
        silent_until -> Nullable<Instant>,
        occurred_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    consent_requests (account_id, consent_request_id) {
        account_id -> Id,
        consent_request_id -> Id,
        number -> BigInt,
        disclosure_id -> Id,
        revision -> Integer,
        state -> Text,
        asked_at -> Instant,
        expires_at -> Instant,
        answered_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::{Id, Instant};

    processing_limit_events (account_id, sequence) {
        account_id -> Id,
        sequence -> BigInt,
        processing_limit_id -> Id,
        step -> Text,
        kind -> Text,
        purpose -> Nullable<Text>,
        data_class -> Nullable<Text>,
        occurred_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{Binary, Integer, Nullable, SmallInt, Text};
    use super::super::types::{Id, Instant};

    rights_requests (account_id, rights_request_id) {
        account_id -> Id,
        rights_request_id -> Id,
        kind -> Text,
        purpose -> Nullable<Text>,
        data_class -> Nullable<Text>,
        field -> Nullable<Text>,
        state -> Text,
        filed_at -> Instant,
        due_at -> Instant,
        due_law -> Text,
        extension -> Nullable<Text>,
        answered_at -> Nullable<Instant>,
        refusal -> Nullable<Text>,
        lifts_at -> Nullable<Instant>,
        processing_limit_id -> Nullable<Id>,
        executes_at -> Nullable<Instant>,
        completed_at -> Nullable<Instant>,
        kept_until -> Nullable<Instant>,
        complained_at -> Nullable<Instant>,
        outcome_hash -> Nullable<Binary>,
        outcome -> Nullable<Text>,
        checkpoint -> Nullable<Text>,
        result_mac -> Nullable<Binary>,
        steps -> Integer,
        by_link -> SmallInt,
        escalations -> Integer,
    }
}

table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    rights_request_events (account_id, rights_request_id, number) {
        account_id -> Id,
        rights_request_id -> Id,
        number -> Integer,
        step -> Text,
        kind -> Text,
        purpose -> Nullable<Text>,
        data_class -> Nullable<Text>,
        field -> Nullable<Text>,
        due_at -> Instant,
        extension -> Nullable<Text>,
        refusal -> Nullable<Text>,
        outcome_hash -> Nullable<Binary>,
        staff_id -> Nullable<Id>,
        occurred_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::types::Id;

    rights_corrections (account_id, rights_request_id) {
        account_id -> Id,
        rights_request_id -> Id,
        field -> Text,
        told_identity -> Nullable<Binary>,
        told_address -> Nullable<Binary>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable};
    use super::super::types::{Id, Instant};

    rights_evidence (account_id, rights_request_id, document_id) {
        account_id -> Id,
        rights_request_id -> Id,
        document_id -> Id,
        key_version -> Integer,
        file_name -> Nullable<Binary>,
        width -> Integer,
        height -> Integer,
        size -> BigInt,
        uploaded_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable};
    use super::super::types::{Id, Instant};

    rights_archives (account_id, rights_request_id) {
        account_id -> Id,
        rights_request_id -> Id,
        started_at -> Instant,
        tables_total -> Integer,
        tables_written -> Integer,
        entries_written -> BigInt,
        file_name -> Nullable<Binary>,
        secret -> Nullable<Binary>,
        size -> Nullable<BigInt>,
        content_hash -> Nullable<Binary>,
        ready_at -> Nullable<Instant>,
        expires_at -> Nullable<Instant>,
        downloads -> Integer,
        last_downloaded_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use super::super::types::Instant;

    retention_runs (day, rule) {
        day -> Instant,
        rule -> Text,
        removed -> BigInt,
        last_run_at -> Instant,
    }
}

joinable!(profiles -> accounts (account_id));
joinable!(credentials -> accounts (account_id));
joinable!(account_emails -> accounts (account_id));
joinable!(sessions -> accounts (account_id));
table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use super::super::types::{Id, Instant};

    instruments (instrument_id) {
        instrument_id -> Id,
        recipient_id -> Id,
        issuer -> Text,
        reference -> Nullable<Binary>,
        issued_on -> Text,
        valid_until -> Instant,
        fields -> Text,
        gag_until -> Nullable<Instant>,
        named -> Nullable<Binary>,
        file_name -> Nullable<Binary>,
        registered_by -> Id,
        registered_at -> Instant,
        withdrawn_by -> Nullable<Id>,
        withdrawn_at -> Nullable<Instant>,
        leaf_id -> Id,
        withdrawal_leaf_id -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use super::super::types::{Id, Instant};

    obligations (account_id, obligation_id) {
        account_id -> Id,
        obligation_id -> Id,
        recipient_id -> Id,
        kind -> Text,
        fields -> Text,
        feed_number -> BigInt,
        opened_at -> Instant,
        due_at -> Instant,
        leaf_id -> Id,
        acknowledged_at -> Nullable<Instant>,
        acknowledged_by_client -> Nullable<Id>,
        acknowledged_by_staff -> Nullable<Id>,
        acknowledgement_leaf_id -> Nullable<Id>,
    }
}

table! {
    use diesel::sql_types::Text;
    use super::super::types::{Id, Instant};

    obligation_rounds (account_id, leaf_id) {
        account_id -> Id,
        leaf_id -> Id,
        kind -> Text,
        opened_at -> Instant,
    }
}

table! {
    use super::super::types::Id;

    obligation_disclosures (account_id, obligation_id, disclosure_id) {
        account_id -> Id,
        obligation_id -> Id,
        disclosure_id -> Id,
    }
}

table! {
    use diesel::sql_types::Text;
    use super::super::types::{Id, Instant};

    webhook_endpoints (partner_client_id) {
        partner_client_id -> Id,
        url -> Text,
        state -> Text,
        set_at -> Instant,
    }
}

table! {
    use diesel::sql_types::{Binary, Nullable};
    use super::super::types::{Id, Instant};

    webhook_secrets (partner_client_id, webhook_secret_id) {
        partner_client_id -> Id,
        webhook_secret_id -> Id,
        secret -> Binary,
        created_at -> Instant,
        expires_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    webhook_messages (webhook_message_id) {
        webhook_message_id -> Id,
        partner_client_id -> Id,
        event_type -> Text,
        content -> Text,
        state -> Text,
        attempts -> Integer,
        created_at -> Instant,
        next_attempt_at -> Nullable<Instant>,
        last_attempt_at -> Nullable<Instant>,
        last_status -> Nullable<Integer>,
        failure -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{Nullable, Text};
    use super::super::types::{Id, Instant};

    advertisements (advertisement_id) {
        advertisement_id -> Id,
        recipient_id -> Id,
        label -> Text,
        registered_by -> Id,
        registered_at -> Instant,
        ended_at -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::SmallInt;
    use super::super::types::{Id, Instant};

    ad_clicks (hour, advertisement_id, clicker_id) {
        hour -> Instant,
        advertisement_id -> Id,
        clicker_id -> Id,
        by_device -> SmallInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Nullable};
    use super::super::types::{Id, Instant};

    ad_reports (number) {
        number -> BigInt,
        recipient_id -> Id,
        hour -> Instant,
        minimum -> Integer,
        total -> Nullable<BigInt>,
        published_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use diesel::sql_types::BigInt;
    use super::super::types::Id;

    ad_report_cells (number, advertisement_id) {
        number -> BigInt,
        advertisement_id -> Id,
        people -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Text};

    transparency_counts (quarter, class, step) {
        quarter -> Integer,
        class -> Text,
        step -> Text,
        disclosures -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, SmallInt};
    use super::super::types::Instant;

    transparency_progress (singleton) {
        singleton -> SmallInt,
        next_seq -> BigInt,
        counted_until -> Nullable<Instant>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Integer, Nullable, Text};
    use super::super::types::{Id, Instant};

    transfers (transfer_id) {
        transfer_id -> Id,
        recipient_id -> Id,
        fields -> Text,
        notice_days -> Integer,
        state -> Text,
        drafted_by -> Id,
        drafted_at -> Instant,
        announced_by -> Nullable<Id>,
        announced_at -> Nullable<Instant>,
        window_ends_at -> Nullable<Instant>,
        gathered_to -> Nullable<Id>,
        cohort -> BigInt,
        cohort_hash -> Nullable<Binary>,
        completed_at -> Nullable<Instant>,
        released -> BigInt,
        manifest_hash -> Nullable<Binary>,
    }
}

table! {
    use diesel::sql_types::Binary;
    use super::super::types::{Id, Instant};

    transfer_approvals (transfer_id, staff_id) {
        transfer_id -> Id,
        staff_id -> Id,
        cohort_hash -> Binary,
        approved_at -> Instant,
        leaf_id -> Id,
    }
}

table! {
    use super::super::types::Instant;

    ad_hours (hour) {
        hour -> Instant,
        closed_at -> Instant,
    }
}

joinable!(totp_factors -> accounts (account_id));

allow_tables_to_appear_in_same_query!(bans, ban_marks);
allow_tables_to_appear_in_same_query!(
    accounts,
    account_emails,
    credentials,
    profiles,
    sessions,
    policy_versions,
    totp_factors,
    recovery_codes,
    account_devices
);

allow_tables_to_appear_in_same_query!(
    log_leaves,
    log_entries,
    log_details,
    log_pending,
    policy_acceptances,
    consent_events,
    data_confirmations,
    account_changes
);

allow_tables_to_appear_in_same_query!(kyc_cases, kyc_documents, kyc_document_numbers, accounts);

allow_tables_to_appear_in_same_query!(staff_members, staff_roles, staff_sessions, staff_emails);

allow_tables_to_appear_in_same_query!(partner_clients, partner_credentials);
allow_tables_to_appear_in_same_query!(obligations, obligation_disclosures, disclosures);
allow_tables_to_appear_in_same_query!(accounts, rights_requests);
allow_tables_to_appear_in_same_query!(rights_corrections, rights_evidence, rights_requests);
