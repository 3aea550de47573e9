-- When the person withdrew what the service cannot do without, when Global Privacy Control was first seen, and the
-- person's own number of the last refusal of the policy.
ALTER TABLE accounts ADD COLUMN service_withdrawn_at timestamptz;
ALTER TABLE accounts ADD COLUMN gpc_seen_at timestamptz;
ALTER TABLE accounts ADD COLUMN policy_refused_sequence bigint NOT NULL DEFAULT 0;

ALTER TABLE policy_acceptances ADD COLUMN decision text NOT NULL DEFAULT 'accepted';
ALTER TABLE policy_acceptances ADD COLUMN device_ref uuid;

ALTER TABLE consent_events ADD COLUMN device_ref uuid;
ALTER TABLE consent_events ADD COLUMN gpc smallint NOT NULL DEFAULT 0;
ALTER TABLE consent_events ADD COLUMN expires_at timestamptz;
CREATE INDEX idx_consent_events_account_id_purpose_sequence ON consent_events (account_id, purpose, sequence);
