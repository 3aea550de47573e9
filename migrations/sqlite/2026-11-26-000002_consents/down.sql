DROP INDEX idx_consent_events_account_id_purpose_sequence;
ALTER TABLE consent_events DROP COLUMN expires_at;
ALTER TABLE consent_events DROP COLUMN gpc;
ALTER TABLE consent_events DROP COLUMN device_ref;
ALTER TABLE policy_acceptances DROP COLUMN device_ref;
ALTER TABLE policy_acceptances DROP COLUMN decision;
ALTER TABLE accounts DROP COLUMN policy_refused_sequence;
ALTER TABLE accounts DROP COLUMN gpc_seen_at;
ALTER TABLE accounts DROP COLUMN service_withdrawn_at;
