-- Who personal data may go to: companies and authorities, not persons.
CREATE TABLE recipients (
    recipient_id BLOB NOT NULL CONSTRAINT recipients_pkey PRIMARY KEY,
    class TEXT NOT NULL,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    country_note TEXT,
    agreement TEXT NOT NULL,
    policy_url TEXT,
    contact TEXT NOT NULL,
    package_key TEXT,
    partner_client_id BLOB CONSTRAINT recipients_client_fkey REFERENCES partner_clients (partner_client_id),
    state TEXT NOT NULL CONSTRAINT recipients_state_known CHECK (state IN ('proposed', 'active', 'inactive')),
    version INTEGER NOT NULL,
    feed INTEGER NOT NULL,
    changed_by BLOB NOT NULL,
    registered_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX idx_recipients_client ON recipients (partner_client_id) WHERE partner_client_id IS NOT NULL;

-- How each of them came to be what it is.
CREATE TABLE recipient_events (
    recipient_id BLOB NOT NULL CONSTRAINT recipient_events_recipient_fkey REFERENCES recipients (recipient_id),
    number INTEGER NOT NULL,
    step TEXT NOT NULL,
    terms TEXT NOT NULL,
    staff_id BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT recipient_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT recipient_events_pkey PRIMARY KEY (recipient_id, number)
) STRICT;
CREATE TRIGGER recipient_events_no_update BEFORE UPDATE ON recipient_events
BEGIN SELECT RAISE(ABORT, 'recipient_events is append-only'); END;
CREATE TRIGGER recipient_events_no_delete BEFORE DELETE ON recipient_events
BEGIN SELECT RAISE(ABORT, 'recipient_events is append-only'); END;

-- What is to leave, or left, about one person to one recipient, as it stands.
CREATE TABLE disclosures (
    account_id BLOB NOT NULL CONSTRAINT disclosures_account_id_fkey REFERENCES accounts (account_id),
    disclosure_id BLOB NOT NULL,
    recipient_id BLOB NOT NULL CONSTRAINT disclosures_recipient_fkey REFERENCES recipients (recipient_id),
    purpose TEXT NOT NULL,
    fields TEXT NOT NULL,
    consent_kind TEXT NOT NULL,
    instrument_id BLOB,
    transfer_id BLOB,
    ground BLOB,
    revision INTEGER NOT NULL,
    scope_hash BLOB NOT NULL,
    state TEXT NOT NULL,
    requested_by BLOB NOT NULL,
    requested_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    released_at INTEGER,
    feed_number INTEGER,
    reviews_needed INTEGER NOT NULL,
    pulls INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    silence TEXT,
    silent_until INTEGER,
    told_at INTEGER,
    CONSTRAINT disclosures_pkey PRIMARY KEY (account_id, disclosure_id)
) STRICT;
CREATE UNIQUE INDEX idx_disclosures_id ON disclosures (disclosure_id);
CREATE UNIQUE INDEX idx_disclosures_feed ON disclosures (recipient_id, feed_number) WHERE feed_number IS NOT NULL;
-- How many persons' data went to a recipient for a purpose of late.
CREATE INDEX idx_disclosures_released ON disclosures (recipient_id, purpose, released_at) WHERE released_at IS NOT NULL;
CREATE INDEX idx_disclosures_queue ON disclosures (state, ends_at, disclosure_id);

-- What was done to it, step by step, each with its leaf. Steps are numbered by the disclosure and not by the
-- person: what a person must not know of yet leaves no gap among the numbers that the person sees.
CREATE TABLE disclosure_events (
    account_id BLOB NOT NULL CONSTRAINT disclosure_events_account_id_fkey REFERENCES accounts (account_id),
    disclosure_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    disclosure_event_id BLOB NOT NULL,
    step TEXT NOT NULL,
    revision INTEGER NOT NULL,
    scope TEXT NOT NULL,
    scope_hash BLOB NOT NULL,
    staff_id BLOB,
    partner_client_id BLOB,
    device_ref BLOB,
    policy_version INTEGER,
    person_sequence INTEGER NOT NULL,
    consent_sequence INTEGER,
    pull_number INTEGER,
    package_hash BLOB,
    reason TEXT,
    silence TEXT,
    silent_until INTEGER,
    occurred_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT disclosure_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT disclosure_events_pkey PRIMARY KEY (account_id, disclosure_id, number)
) STRICT;
CREATE UNIQUE INDEX idx_disclosure_events_disclosure ON disclosure_events (disclosure_id, number);
CREATE TRIGGER disclosure_events_no_update BEFORE UPDATE ON disclosure_events
BEGIN SELECT RAISE(ABORT, 'disclosure_events is append-only'); END;
CREATE TRIGGER disclosure_events_no_delete BEFORE DELETE ON disclosure_events
BEGIN SELECT RAISE(ABORT, 'disclosure_events is append-only'); END;

-- What a person is asked before one disclosure (clause 4.8).
CREATE TABLE consent_requests (
    account_id BLOB NOT NULL,
    consent_request_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    disclosure_id BLOB NOT NULL,
    revision INTEGER NOT NULL,
    state TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    answered_at INTEGER,
    CONSTRAINT consent_requests_pkey PRIMARY KEY (account_id, consent_request_id),
    CONSTRAINT consent_requests_disclosure_fkey FOREIGN KEY (account_id, disclosure_id)
        REFERENCES disclosures (account_id, disclosure_id)
) STRICT;
CREATE UNIQUE INDEX idx_consent_requests_number ON consent_requests (account_id, number);
CREATE UNIQUE INDEX idx_consent_requests_disclosure ON consent_requests (account_id, disclosure_id, revision);

-- Restrictions and objections of a person, as they began and ended; without a purpose or a class they are about all
-- (clause 7.3).
CREATE TABLE processing_limit_events (
    account_id BLOB NOT NULL CONSTRAINT processing_limit_events_account_id_fkey REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL,
    processing_limit_id BLOB NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    purpose TEXT,
    data_class TEXT,
    occurred_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL
        CONSTRAINT processing_limit_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT processing_limit_events_pkey PRIMARY KEY (account_id, sequence)
) STRICT;
CREATE TRIGGER processing_limit_events_no_update BEFORE UPDATE ON processing_limit_events
BEGIN SELECT RAISE(ABORT, 'processing_limit_events is append-only'); END;
CREATE TRIGGER processing_limit_events_no_delete BEFORE DELETE ON processing_limit_events
BEGIN SELECT RAISE(ABORT, 'processing_limit_events is append-only'); END;

-- Orders of courts and state bodies that compel disclosures. What names persons is sealed under a key of the
-- instrument's own.
CREATE TABLE instruments (
    instrument_id BLOB NOT NULL CONSTRAINT instruments_pkey PRIMARY KEY,
    recipient_id BLOB NOT NULL CONSTRAINT instruments_recipient_fkey REFERENCES recipients (recipient_id),
    issuer TEXT NOT NULL,
    reference BLOB,
    issued_on TEXT NOT NULL,
    valid_until INTEGER NOT NULL,
    fields TEXT NOT NULL,
    gag_until INTEGER,
    named BLOB,
    file_name BLOB,
    registered_by BLOB NOT NULL,
    registered_at INTEGER NOT NULL,
    withdrawn_by BLOB,
    withdrawn_at INTEGER,
    leaf_id BLOB NOT NULL CONSTRAINT instruments_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    withdrawal_leaf_id BLOB
        CONSTRAINT instruments_withdrawal_leaf_id_fkey REFERENCES log_leaves (leaf_id)
) STRICT;
