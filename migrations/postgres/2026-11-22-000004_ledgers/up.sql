CREATE TABLE policy_acceptances (
    account_id uuid NOT NULL
        CONSTRAINT policy_acceptances_account_id_fkey REFERENCES accounts (account_id),
    sequence bigint NOT NULL,
    policy_version integer NOT NULL
        CONSTRAINT policy_acceptances_policy_version_fkey REFERENCES policy_versions (version),
    content_hash bytea NOT NULL,
    method text NOT NULL,
    given_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT policy_acceptances_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT policy_acceptances_pkey PRIMARY KEY (account_id, sequence)
);

CREATE TABLE consent_events (
    account_id uuid NOT NULL
        CONSTRAINT consent_events_account_id_fkey REFERENCES accounts (account_id),
    sequence bigint NOT NULL,
    consent_event_id uuid NOT NULL,
    purpose text NOT NULL,
    action text NOT NULL,
    kind text NOT NULL,
    policy_version integer NOT NULL
        CONSTRAINT consent_events_policy_version_fkey REFERENCES policy_versions (version),
    definition_hash bytea NOT NULL,
    method text NOT NULL,
    given_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT consent_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT consent_events_pkey PRIMARY KEY (account_id, sequence),
    CONSTRAINT consent_events_id_key UNIQUE (account_id, consent_event_id)
);

-- Written once: neither an update nor a deletion exists for these tables.
CREATE TRIGGER policy_acceptances_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_acceptances
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
