-- An authenticator app; it counts once it is confirmed. `last_step` is the step of the last code that
-- was taken: none is taken twice.
CREATE TABLE totp_factors (
    account_id uuid NOT NULL CONSTRAINT totp_factors_pkey PRIMARY KEY
        CONSTRAINT totp_factors_account_id_fkey REFERENCES accounts (account_id),
    secret bytea NOT NULL,
    last_step bigint NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz
);

CREATE TABLE recovery_codes (
    account_id uuid NOT NULL
        CONSTRAINT recovery_codes_account_id_fkey REFERENCES accounts (account_id),
    code_mac bytea NOT NULL,
    created_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (account_id, code_mac)
);

-- A sign-in whose password was right.
CREATE TABLE sign_in_challenges (
    account_id uuid NOT NULL
        CONSTRAINT sign_in_challenges_account_id_fkey REFERENCES accounts (account_id),
    challenge_id uuid NOT NULL,
    token_mac bytea NOT NULL,
    tries integer NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT sign_in_challenges_pkey PRIMARY KEY (account_id, challenge_id)
);
CREATE INDEX idx_sign_in_challenges_expires_at ON sign_in_challenges (expires_at);

-- Codes that were mailed or sent; `bound_to` is the challenge, session or change that each is for.
CREATE TABLE one_time_codes (
    account_id uuid NOT NULL
        CONSTRAINT one_time_codes_account_id_fkey REFERENCES accounts (account_id),
    purpose text NOT NULL,
    bound_to bytea NOT NULL,
    code_mac bytea NOT NULL,
    mac_version integer NOT NULL,
    tries integer NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT one_time_codes_pkey PRIMARY KEY (account_id, purpose, bound_to)
);
CREATE INDEX idx_one_time_codes_expires_at ON one_time_codes (expires_at);

ALTER TABLE sessions ADD COLUMN stepped_up_at timestamptz;
ALTER TABLE sessions ADD COLUMN place bytea;
