-- Devices that expressed something, or that an account was used on. Ledgers know a device by its reference, which names
-- nothing once the row here has gone.
CREATE TABLE devices (
    device_id BLOB NOT NULL CONSTRAINT devices_pkey PRIMARY KEY,
    device_ref BLOB NOT NULL CONSTRAINT devices_device_ref_key UNIQUE,
    account_id BLOB,
    sequence INTEGER NOT NULL,
    merged_sequence INTEGER NOT NULL,
    gpc_seen_at INTEGER,
    last_seen_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_devices_last_seen_at ON devices (last_seen_at);
CREATE INDEX idx_devices_account_id ON devices (account_id);

CREATE TABLE device_consent_events (
    device_ref BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    consent_event_id BLOB NOT NULL,
    purpose TEXT NOT NULL,
    action TEXT NOT NULL,
    policy_version INTEGER NOT NULL
        CONSTRAINT device_consent_events_policy_version_fkey REFERENCES policy_versions (version),
    definition_hash BLOB NOT NULL,
    method TEXT NOT NULL,
    gpc INTEGER NOT NULL,
    given_at INTEGER NOT NULL,
    expires_at INTEGER,
    leaf_id BLOB NOT NULL CONSTRAINT device_consent_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT device_consent_events_pkey PRIMARY KEY (device_ref, sequence)
) STRICT;
CREATE INDEX idx_device_consent_events_device_ref_purpose_sequence
    ON device_consent_events (device_ref, purpose, sequence);

-- Written once: neither an update nor a deletion exists for this table.
CREATE TRIGGER device_consent_events_no_update BEFORE UPDATE ON device_consent_events
BEGIN SELECT RAISE(ABORT, 'device_consent_events is append-only'); END;
CREATE TRIGGER device_consent_events_no_delete BEFORE DELETE ON device_consent_events
BEGIN SELECT RAISE(ABORT, 'device_consent_events is append-only'); END;
