CREATE TABLE idempotency_keys (
    caller_mac bytea NOT NULL,
    key_mac bytea NOT NULL,
    operation text NOT NULL,
    fingerprint bytea NOT NULL,
    account_id uuid NOT NULL,
    status smallint NOT NULL,
    answer bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller_mac, key_mac)
);
CREATE INDEX idx_idempotency_keys_account_id ON idempotency_keys (account_id);
CREATE INDEX idx_idempotency_keys_expires_at ON idempotency_keys (expires_at);

-- Tells a wrong key file at start, before anything is sealed under it.
CREATE TABLE key_checks (
    purpose text NOT NULL,
    version integer NOT NULL,
    check_value bytea NOT NULL,
    CONSTRAINT key_checks_pkey PRIMARY KEY (purpose, version)
);

CREATE TABLE leases (
    name text NOT NULL CONSTRAINT leases_pkey PRIMARY KEY,
    holder uuid NOT NULL,
    expires_at timestamptz NOT NULL
);

-- The installation that this store belongs to: data and keys of different ones are never opened together.
CREATE TABLE store_identity (
    singleton smallint NOT NULL CONSTRAINT store_identity_pkey PRIMARY KEY
        CONSTRAINT store_identity_singleton CHECK (singleton = 1),
    installation_id uuid NOT NULL
);
