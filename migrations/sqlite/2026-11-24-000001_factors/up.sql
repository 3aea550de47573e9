-- An authenticator app; it counts once it is confirmed. `last_step` is the step of the last code that
-- was taken: none is taken twice.
CREATE TABLE totp_factors (
    account_id BLOB NOT NULL CONSTRAINT totp_factors_pkey PRIMARY KEY
        CONSTRAINT totp_factors_account_id_fkey REFERENCES accounts (account_id),
    secret BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    confirmed_at INTEGER
) STRICT;

CREATE TABLE recovery_codes (
    account_id BLOB NOT NULL
        CONSTRAINT recovery_codes_account_id_fkey REFERENCES accounts (account_id),
    code_mac BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (account_id, code_mac)
) STRICT;

-- A sign-in whose password was right.
CREATE TABLE sign_in_challenges (
    account_id BLOB NOT NULL
        CONSTRAINT sign_in_challenges_account_id_fkey REFERENCES accounts (account_id),
    challenge_id BLOB NOT NULL,
    token_mac BLOB NOT NULL,
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT sign_in_challenges_pkey PRIMARY KEY (account_id, challenge_id)
) STRICT;
CREATE INDEX idx_sign_in_challenges_expires_at ON sign_in_challenges (expires_at);

-- Codes that were mailed or sent; `bound_to` is the challenge, session or change that each is for.
CREATE TABLE one_time_codes (
    account_id BLOB NOT NULL
        CONSTRAINT one_time_codes_account_id_fkey REFERENCES accounts (account_id),
    purpose TEXT NOT NULL,
    bound_to BLOB NOT NULL,
    code_mac BLOB NOT NULL,
    mac_version INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT one_time_codes_pkey PRIMARY KEY (account_id, purpose, bound_to)
) STRICT;
CREATE INDEX idx_one_time_codes_expires_at ON one_time_codes (expires_at);

ALTER TABLE sessions ADD COLUMN stepped_up_at INTEGER;
ALTER TABLE sessions ADD COLUMN place BLOB;
