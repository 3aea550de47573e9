CREATE TABLE outbox (
    account_id uuid NOT NULL,
    message_id uuid NOT NULL,
    channel text NOT NULL CONSTRAINT outbox_channel_known CHECK (channel IN ('mail', 'sms')),
    recipient bytea,
    content bytea,
    state text NOT NULL CONSTRAINT outbox_state_known
        CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    attempts integer NOT NULL,
    failure text,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT outbox_pkey PRIMARY KEY (account_id, message_id)
);
CREATE INDEX idx_outbox_state_next_attempt_at ON outbox (state, next_attempt_at);
