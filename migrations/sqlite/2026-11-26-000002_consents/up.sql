-- When the person withdrew what the service cannot do without, when Global Privacy Control was first seen, and the
-- person's own number of the last refusal of the policy.
ALTER TABLE accounts ADD COLUMN service_withdrawn_at INTEGER;
ALTER TABLE accounts ADD COLUMN gpc_seen_at INTEGER;
ALTER TABLE accounts ADD COLUMN policy_refused_sequence INTEGER NOT NULL DEFAULT 0;

ALTER TABLE policy_acceptances ADD COLUMN decision TEXT NOT NULL DEFAULT 'accepted';
ALTER TABLE policy_acceptances ADD COLUMN device_ref BLOB;

ALTER TABLE consent_events ADD COLUMN device_ref BLOB;
ALTER TABLE consent_events ADD COLUMN gpc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE consent_events ADD COLUMN expires_at INTEGER;
CREATE INDEX idx_consent_events_account_id_purpose_sequence ON consent_events (account_id, purpose, sequence);
