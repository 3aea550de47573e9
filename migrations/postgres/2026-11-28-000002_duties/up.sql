-- That recipients were looked for since a person's data were corrected, erased or restricted (GDPR art. 19), whether or not
-- there was any to tell: what must not be known leaves no other trace than nothing does.
CREATE TABLE obligation_rounds (
    account_id uuid NOT NULL CONSTRAINT obligation_rounds_account_id_fkey REFERENCES accounts (account_id),
    leaf_id uuid NOT NULL CONSTRAINT obligation_rounds_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    kind text NOT NULL,
    opened_at timestamptz NOT NULL,
    CONSTRAINT obligation_rounds_pkey PRIMARY KEY (account_id, leaf_id)
);
CREATE UNIQUE INDEX idx_obligation_rounds_leaf ON obligation_rounds (leaf_id);
CREATE TRIGGER obligation_rounds_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON obligation_rounds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What each of them has to do.
CREATE TABLE obligations (
    account_id uuid NOT NULL CONSTRAINT obligations_account_id_fkey REFERENCES accounts (account_id),
    obligation_id uuid NOT NULL,
    recipient_id uuid NOT NULL CONSTRAINT obligations_recipient_fkey REFERENCES recipients (recipient_id),
    kind text NOT NULL,
    fields text NOT NULL,
    feed_number bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by_client uuid,
    acknowledged_by_staff uuid,
    acknowledgement_leaf_id uuid
        CONSTRAINT obligations_acknowledgement_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT obligations_pkey PRIMARY KEY (account_id, obligation_id),
    CONSTRAINT obligations_round_fkey FOREIGN KEY (account_id, leaf_id) REFERENCES obligation_rounds (account_id, leaf_id)
);
CREATE UNIQUE INDEX idx_obligations_id ON obligations (obligation_id);
CREATE INDEX idx_obligations_round ON obligations (leaf_id);
CREATE UNIQUE INDEX idx_obligations_feed ON obligations (recipient_id, feed_number);
CREATE INDEX idx_obligations_due ON obligations (due_at, obligation_id) WHERE acknowledged_at IS NULL;

-- What of the person the recipient had fetched when the duty came to be.
CREATE TABLE obligation_disclosures (
    account_id uuid NOT NULL,
    obligation_id uuid NOT NULL,
    disclosure_id uuid NOT NULL,
    CONSTRAINT obligation_disclosures_pkey PRIMARY KEY (account_id, obligation_id, disclosure_id),
    CONSTRAINT obligation_disclosures_obligation_fkey FOREIGN KEY (account_id, obligation_id)
        REFERENCES obligations (account_id, obligation_id),
    CONSTRAINT obligation_disclosures_disclosure_fkey FOREIGN KEY (account_id, disclosure_id)
        REFERENCES disclosures (account_id, disclosure_id)
);

-- Where a client is told that something waits for it; nothing personal is ever told there.
CREATE TABLE webhook_endpoints (
    partner_client_id uuid NOT NULL CONSTRAINT webhook_endpoints_pkey PRIMARY KEY
        CONSTRAINT webhook_endpoints_client_fkey REFERENCES partner_clients (partner_client_id),
    url text NOT NULL,
    state text NOT NULL CONSTRAINT webhook_endpoints_state_known CHECK (state IN ('active', 'disabled')),
    set_at timestamptz NOT NULL
);

-- What messages to a client are signed with, sealed.
CREATE TABLE webhook_secrets (
    partner_client_id uuid NOT NULL
        CONSTRAINT webhook_secrets_client_fkey REFERENCES partner_clients (partner_client_id),
    webhook_secret_id uuid NOT NULL,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT webhook_secrets_pkey PRIMARY KEY (partner_client_id, webhook_secret_id)
);

-- Messages to clients, written with their cause.
CREATE TABLE webhook_messages (
    webhook_message_id uuid NOT NULL CONSTRAINT webhook_messages_pkey PRIMARY KEY,
    partner_client_id uuid NOT NULL
        CONSTRAINT webhook_messages_client_fkey REFERENCES partner_clients (partner_client_id),
    event_type text NOT NULL,
    content text NOT NULL,
    state text NOT NULL
        CONSTRAINT webhook_messages_state_known CHECK (state IN ('queued', 'sending', 'delivered', 'failed')),
    attempts integer NOT NULL,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    last_attempt_at timestamptz,
    last_status integer,
    failure text
);
CREATE INDEX idx_webhook_messages_due ON webhook_messages (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX idx_webhook_messages_client ON webhook_messages (partner_client_id, webhook_message_id);
CREATE INDEX idx_webhook_messages_created ON webhook_messages (created_at);
