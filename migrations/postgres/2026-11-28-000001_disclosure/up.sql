-- Who personal data may go to: companies and authorities, not persons.
CREATE TABLE recipients (
    recipient_id uuid NOT NULL CONSTRAINT recipients_pkey PRIMARY KEY,
    class text NOT NULL,
    name text NOT NULL,
    country text NOT NULL,
    country_note text,
    agreement text NOT NULL,
    policy_url text,
    contact text NOT NULL,
    package_key text,
    partner_client_id uuid CONSTRAINT recipients_client_fkey REFERENCES partner_clients (partner_client_id),
    state text NOT NULL CONSTRAINT recipients_state_known CHECK (state IN ('proposed', 'active', 'inactive')),
    version bigint NOT NULL,
    feed bigint NOT NULL,
    changed_by uuid NOT NULL,
    registered_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX idx_recipients_client ON recipients (partner_client_id) WHERE partner_client_id IS NOT NULL;

-- How each of them came to be what it is.
CREATE TABLE recipient_events (
    recipient_id uuid NOT NULL CONSTRAINT recipient_events_recipient_fkey REFERENCES recipients (recipient_id),
    number bigint NOT NULL,
    step text NOT NULL,
    terms text NOT NULL,
    staff_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT recipient_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT recipient_events_pkey PRIMARY KEY (recipient_id, number)
);
CREATE TRIGGER recipient_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recipient_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What is to leave, or left, about one person to one recipient, as it stands.
CREATE TABLE disclosures (
    account_id uuid NOT NULL CONSTRAINT disclosures_account_id_fkey REFERENCES accounts (account_id),
    disclosure_id uuid NOT NULL,
    recipient_id uuid NOT NULL CONSTRAINT disclosures_recipient_fkey REFERENCES recipients (recipient_id),
    purpose text NOT NULL,
    fields text NOT NULL,
    consent_kind text NOT NULL,
    instrument_id uuid,
    transfer_id uuid,
    ground bytea,
    revision integer NOT NULL,
    scope_hash bytea NOT NULL,
    state text NOT NULL,
    requested_by uuid NOT NULL,
    requested_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    released_at timestamptz,
    feed_number bigint,
    reviews_needed integer NOT NULL,
    pulls integer NOT NULL,
    steps integer NOT NULL,
    silence text,
    silent_until timestamptz,
    told_at timestamptz,
    CONSTRAINT disclosures_pkey PRIMARY KEY (account_id, disclosure_id)
);
CREATE UNIQUE INDEX idx_disclosures_id ON disclosures (disclosure_id);
CREATE UNIQUE INDEX idx_disclosures_feed ON disclosures (recipient_id, feed_number) WHERE feed_number IS NOT NULL;
-- How many persons' data went to a recipient for a purpose of late.
CREATE INDEX idx_disclosures_released ON disclosures (recipient_id, purpose, released_at) WHERE released_at IS NOT NULL;
CREATE INDEX idx_disclosures_queue ON disclosures (state, ends_at, disclosure_id);

-- What was done to it, step by step, each with its leaf. Steps are numbered by the disclosure and not by the
-- person: what a person must not know of yet leaves no gap among the numbers that the person sees.
CREATE TABLE disclosure_events (
    account_id uuid NOT NULL CONSTRAINT disclosure_events_account_id_fkey REFERENCES accounts (account_id),
    disclosure_id uuid NOT NULL,
    number integer NOT NULL,
    disclosure_event_id uuid NOT NULL,
    step text NOT NULL,
    revision integer NOT NULL,
    scope text NOT NULL,
    scope_hash bytea NOT NULL,
    staff_id uuid,
    partner_client_id uuid,
    device_ref uuid,
    policy_version integer,
    person_sequence bigint NOT NULL,
    consent_sequence bigint,
    pull_number integer,
    package_hash bytea,
    reason text,
    silence text,
    silent_until timestamptz,
    occurred_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT disclosure_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT disclosure_events_pkey PRIMARY KEY (account_id, disclosure_id, number)
);
CREATE UNIQUE INDEX idx_disclosure_events_disclosure ON disclosure_events (disclosure_id, number);
CREATE TRIGGER disclosure_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON disclosure_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a person is asked before one disclosure (clause 4.8).
CREATE TABLE consent_requests (
    account_id uuid NOT NULL,
    consent_request_id uuid NOT NULL,
    number bigint NOT NULL,
    disclosure_id uuid NOT NULL,
    revision integer NOT NULL,
    state text NOT NULL,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    answered_at timestamptz,
    CONSTRAINT consent_requests_pkey PRIMARY KEY (account_id, consent_request_id),
    CONSTRAINT consent_requests_disclosure_fkey FOREIGN KEY (account_id, disclosure_id)
        REFERENCES disclosures (account_id, disclosure_id)
);
CREATE UNIQUE INDEX idx_consent_requests_number ON consent_requests (account_id, number);
CREATE UNIQUE INDEX idx_consent_requests_disclosure ON consent_requests (account_id, disclosure_id, revision);

-- Restrictions and objections of a person, as they began and ended; without a purpose or a class they are about all
-- (clause 7.3).
CREATE TABLE processing_limit_events (
    account_id uuid NOT NULL CONSTRAINT processing_limit_events_account_id_fkey REFERENCES accounts (account_id),
    sequence bigint NOT NULL,
    processing_limit_id uuid NOT NULL,
    step text NOT NULL,
    kind text NOT NULL,
    purpose text,
    data_class text,
    occurred_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL
        CONSTRAINT processing_limit_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT processing_limit_events_pkey PRIMARY KEY (account_id, sequence)
);
CREATE TRIGGER processing_limit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON processing_limit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Orders of courts and state bodies that compel disclosures. What names persons is sealed under a key of the
-- instrument's own.
CREATE TABLE instruments (
    instrument_id uuid NOT NULL CONSTRAINT instruments_pkey PRIMARY KEY,
    recipient_id uuid NOT NULL CONSTRAINT instruments_recipient_fkey REFERENCES recipients (recipient_id),
    issuer text NOT NULL,
    reference bytea,
    issued_on text NOT NULL,
    valid_until timestamptz NOT NULL,
    fields text NOT NULL,
    gag_until timestamptz,
    named bytea,
    file_name bytea,
    registered_by uuid NOT NULL,
    registered_at timestamptz NOT NULL,
    withdrawn_by uuid,
    withdrawn_at timestamptz,
    leaf_id uuid NOT NULL CONSTRAINT instruments_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    withdrawal_leaf_id uuid
        CONSTRAINT instruments_withdrawal_leaf_id_fkey REFERENCES log_leaves (leaf_id)
);
