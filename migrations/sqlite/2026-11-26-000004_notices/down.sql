DROP INDEX idx_outbox_state_bulk_next_attempt_at;
CREATE INDEX idx_outbox_state_next_attempt_at ON outbox (state, next_attempt_at);
ALTER TABLE outbox DROP COLUMN bulk;
DROP TABLE notice_campaigns;
DROP TABLE notices;
