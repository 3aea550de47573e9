CREATE TABLE policy_acceptances (
    account_id BLOB NOT NULL
        CONSTRAINT policy_acceptances_account_id_fkey REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL,
    policy_version INTEGER NOT NULL
        CONSTRAINT policy_acceptances_policy_version_fkey REFERENCES policy_versions (version),
    content_hash BLOB NOT NULL,
    method TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT policy_acceptances_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT policy_acceptances_pkey PRIMARY KEY (account_id, sequence)
) STRICT;

CREATE TABLE consent_events (
    account_id BLOB NOT NULL
        CONSTRAINT consent_events_account_id_fkey REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL,
    consent_event_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    policy_version INTEGER NOT NULL
        CONSTRAINT consent_events_policy_version_fkey REFERENCES policy_versions (version),
    definition_hash BLOB NOT NULL,
    method TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT consent_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT consent_events_pkey PRIMARY KEY (account_id, sequence),
    CONSTRAINT consent_events_id_key UNIQUE (account_id, consent_event_id)
) STRICT;

-- Written once: neither an update nor a deletion exists for these tables.
CREATE TRIGGER policy_acceptances_no_update BEFORE UPDATE ON policy_acceptances
BEGIN SELECT RAISE(ABORT, 'policy_acceptances is append-only'); END;
CREATE TRIGGER policy_acceptances_no_delete BEFORE DELETE ON policy_acceptances
BEGIN SELECT RAISE(ABORT, 'policy_acceptances is append-only'); END;
CREATE TRIGGER consent_events_no_update BEFORE UPDATE ON consent_events
BEGIN SELECT RAISE(ABORT, 'consent_events is append-only'); END;
CREATE TRIGGER consent_events_no_delete BEFORE DELETE ON consent_events
BEGIN SELECT RAISE(ABORT, 'consent_events is append-only'); END;
