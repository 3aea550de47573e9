-- That recipients were looked for since a person's data were corrected, erased or restricted (GDPR art. 19), whether or not
-- there was any to tell: what must not be known leaves no other trace than nothing does.
CREATE TABLE obligation_rounds (
    account_id BLOB NOT NULL CONSTRAINT obligation_rounds_account_id_fkey REFERENCES accounts (account_id),
    leaf_id BLOB NOT NULL CONSTRAINT obligation_rounds_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    kind TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    CONSTRAINT obligation_rounds_pkey PRIMARY KEY (account_id, leaf_id)
) STRICT;
CREATE UNIQUE INDEX idx_obligation_rounds_leaf ON obligation_rounds (leaf_id);
CREATE TRIGGER obligation_rounds_no_update BEFORE UPDATE ON obligation_rounds
BEGIN SELECT RAISE(ABORT, 'obligation_rounds is append-only'); END;
CREATE TRIGGER obligation_rounds_no_delete BEFORE DELETE ON obligation_rounds
BEGIN SELECT RAISE(ABORT, 'obligation_rounds is append-only'); END;

-- What each of them has to do.
CREATE TABLE obligations (
    account_id BLOB NOT NULL CONSTRAINT obligations_account_id_fkey REFERENCES accounts (account_id),
    obligation_id BLOB NOT NULL,
    recipient_id BLOB NOT NULL CONSTRAINT obligations_recipient_fkey REFERENCES recipients (recipient_id),
    kind TEXT NOT NULL,
    fields TEXT NOT NULL,
    feed_number INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by_client BLOB,
    acknowledged_by_staff BLOB,
    acknowledgement_leaf_id BLOB
        CONSTRAINT obligations_acknowledgement_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT obligations_pkey PRIMARY KEY (account_id, obligation_id),
    CONSTRAINT obligations_round_fkey FOREIGN KEY (account_id, leaf_id) REFERENCES obligation_rounds (account_id, leaf_id)
) STRICT;
CREATE UNIQUE INDEX idx_obligations_id ON obligations (obligation_id);
CREATE INDEX idx_obligations_round ON obligations (leaf_id);
CREATE UNIQUE INDEX idx_obligations_feed ON obligations (recipient_id, feed_number);
CREATE INDEX idx_obligations_due ON obligations (due_at, obligation_id) WHERE acknowledged_at IS NULL;

-- What of the person the recipient had fetched when the duty came to be.
CREATE TABLE obligation_disclosures (
    account_id BLOB NOT NULL,
    obligation_id BLOB NOT NULL,
    disclosure_id BLOB NOT NULL,
    CONSTRAINT obligation_disclosures_pkey PRIMARY KEY (account_id, obligation_id, disclosure_id),
    CONSTRAINT obligation_disclosures_obligation_fkey FOREIGN KEY (account_id, obligation_id)
        REFERENCES obligations (account_id, obligation_id),
    CONSTRAINT obligation_disclosures_disclosure_fkey FOREIGN KEY (account_id, disclosure_id)
        REFERENCES disclosures (account_id, disclosure_id)
) STRICT;

-- Where a client is told that something waits for it; nothing personal is ever told there.
CREATE TABLE webhook_endpoints (
    partner_client_id BLOB NOT NULL CONSTRAINT webhook_endpoints_pkey PRIMARY KEY
        CONSTRAINT webhook_endpoints_client_fkey REFERENCES partner_clients (partner_client_id),
    url TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT webhook_endpoints_state_known CHECK (state IN ('active', 'disabled')),
    set_at INTEGER NOT NULL
) STRICT;

-- What messages to a client are signed with, sealed.
CREATE TABLE webhook_secrets (
    partner_client_id BLOB NOT NULL
        CONSTRAINT webhook_secrets_client_fkey REFERENCES partner_clients (partner_client_id),
    webhook_secret_id BLOB NOT NULL,
    secret BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    CONSTRAINT webhook_secrets_pkey PRIMARY KEY (partner_client_id, webhook_secret_id)
) STRICT;

-- Messages to clients, written with their cause.
CREATE TABLE webhook_messages (
    webhook_message_id BLOB NOT NULL CONSTRAINT webhook_messages_pkey PRIMARY KEY,
    partner_client_id BLOB NOT NULL
        CONSTRAINT webhook_messages_client_fkey REFERENCES partner_clients (partner_client_id),
    event_type TEXT NOT NULL,
    content TEXT NOT NULL,
    state TEXT NOT NULL
        CONSTRAINT webhook_messages_state_known CHECK (state IN ('queued', 'sending', 'delivered', 'failed')),
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    next_attempt_at INTEGER,
    last_attempt_at INTEGER,
    last_status INTEGER,
    failure TEXT
) STRICT;
CREATE INDEX idx_webhook_messages_due ON webhook_messages (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX idx_webhook_messages_client ON webhook_messages (partner_client_id, webhook_message_id);
CREATE INDEX idx_webhook_messages_created ON webhook_messages (created_at);
