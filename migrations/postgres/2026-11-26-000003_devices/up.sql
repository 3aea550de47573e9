-- Devices that expressed something, or that an account was used on. Ledgers know a device by its reference, which names
-- nothing once the row here has gone.
CREATE TABLE devices (
    device_id uuid NOT NULL CONSTRAINT devices_pkey PRIMARY KEY,
    device_ref uuid NOT NULL CONSTRAINT devices_device_ref_key UNIQUE,
    account_id uuid,
    sequence bigint NOT NULL,
    merged_sequence bigint NOT NULL,
    gpc_seen_at timestamptz,
    last_seen_at timestamptz NOT NULL
);
CREATE INDEX idx_devices_last_seen_at ON devices (last_seen_at);
CREATE INDEX idx_devices_account_id ON devices (account_id);

CREATE TABLE device_consent_events (
    device_ref uuid NOT NULL,
    sequence bigint NOT NULL,
    consent_event_id uuid NOT NULL,
    purpose text NOT NULL,
    action text NOT NULL,
    policy_version integer NOT NULL
        CONSTRAINT device_consent_events_policy_version_fkey REFERENCES policy_versions (version),
    definition_hash bytea NOT NULL,
    method text NOT NULL,
    gpc smallint NOT NULL,
    given_at timestamptz NOT NULL,
    expires_at timestamptz,
    leaf_id uuid NOT NULL CONSTRAINT device_consent_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT device_consent_events_pkey PRIMARY KEY (device_ref, sequence)
);
CREATE INDEX idx_device_consent_events_device_ref_purpose_sequence
    ON device_consent_events (device_ref, purpose, sequence);

-- Written once: neither an update nor a deletion exists for this table.
CREATE TRIGGER device_consent_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON device_consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
