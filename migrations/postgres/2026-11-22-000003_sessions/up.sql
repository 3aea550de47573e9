CREATE TABLE account_devices (
    account_id uuid NOT NULL
        CONSTRAINT account_devices_account_id_fkey REFERENCES accounts (account_id),
    device_id uuid NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT account_devices_pkey PRIMARY KEY (account_id, device_id)
);

CREATE TABLE sessions (
    account_id uuid NOT NULL CONSTRAINT sessions_account_id_fkey REFERENCES accounts (account_id),
    session_id uuid NOT NULL,
    epoch bigint NOT NULL,
    assurance_level smallint NOT NULL,
    device_id uuid NOT NULL,
    user_agent bytea,
    address bytea,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    CONSTRAINT sessions_pkey PRIMARY KEY (account_id, session_id)
);
CREATE INDEX idx_sessions_expires_at ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    account_id uuid NOT NULL,
    token_mac bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (account_id, token_mac),
    CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (account_id, session_id)
        REFERENCES sessions (account_id, session_id) ON DELETE CASCADE
);
CREATE INDEX idx_refresh_tokens_account_id_session_id ON refresh_tokens (account_id, session_id);
