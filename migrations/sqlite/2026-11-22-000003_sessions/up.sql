CREATE TABLE account_devices (
    account_id BLOB NOT NULL
        CONSTRAINT account_devices_account_id_fkey REFERENCES accounts (account_id),
    device_id BLOB NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    CONSTRAINT account_devices_pkey PRIMARY KEY (account_id, device_id)
) STRICT;

CREATE TABLE sessions (
    account_id BLOB NOT NULL CONSTRAINT sessions_account_id_fkey REFERENCES accounts (account_id),
    session_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    assurance_level INTEGER NOT NULL,
    device_id BLOB NOT NULL,
    user_agent BLOB,
    address BLOB,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    CONSTRAINT sessions_pkey PRIMARY KEY (account_id, session_id)
) STRICT;
CREATE INDEX idx_sessions_expires_at ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    account_id BLOB NOT NULL,
    token_mac BLOB NOT NULL,
    session_id BLOB NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    rotated_at INTEGER,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (account_id, token_mac),
    CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (account_id, session_id)
        REFERENCES sessions (account_id, session_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX idx_refresh_tokens_account_id_session_id ON refresh_tokens (account_id, session_id);
