CREATE TABLE outbox (
    account_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    channel TEXT NOT NULL CONSTRAINT outbox_channel_known CHECK (channel IN ('mail', 'sms')),
    recipient BLOB,
    content BLOB,
    state TEXT NOT NULL CONSTRAINT outbox_state_known
        CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    attempts INTEGER NOT NULL,
    failure TEXT,
    created_at INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    settled_at INTEGER,
    CONSTRAINT outbox_pkey PRIMARY KEY (account_id, message_id)
) STRICT;
CREATE INDEX idx_outbox_state_next_attempt_at ON outbox (state, next_attempt_at);
