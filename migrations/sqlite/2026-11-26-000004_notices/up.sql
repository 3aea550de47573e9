-- What a person was told, in the order of the person's own count of notices.
CREATE TABLE notices (
    account_id BLOB NOT NULL CONSTRAINT notices_account_id_fkey REFERENCES accounts (account_id),
    number INTEGER NOT NULL,
    notice_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    policy_version INTEGER,
    created_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    message_id BLOB,
    mail_state TEXT,
    CONSTRAINT notices_pkey PRIMARY KEY (account_id, number),
    CONSTRAINT notices_id_key UNIQUE (account_id, notice_id),
    CONSTRAINT notices_kind_policy_version_key UNIQUE (account_id, kind, policy_version)
) STRICT;
CREATE INDEX idx_notices_account_id_message_id ON notices (account_id, message_id);

-- How far telling everybody of a version has come.
CREATE TABLE notice_campaigns (
    policy_version INTEGER NOT NULL CONSTRAINT notice_campaigns_pkey PRIMARY KEY
        CONSTRAINT notice_campaigns_policy_version_fkey REFERENCES policy_versions (version),
    batch INTEGER NOT NULL,
    told_until BLOB,
    told INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

-- What goes to everybody waits for what somebody waits for.
ALTER TABLE outbox ADD COLUMN bulk INTEGER NOT NULL DEFAULT 0;
DROP INDEX idx_outbox_state_next_attempt_at;
CREATE INDEX idx_outbox_state_bulk_next_attempt_at ON outbox (state, bulk, next_attempt_at);
