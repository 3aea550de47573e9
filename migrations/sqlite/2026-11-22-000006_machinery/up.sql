CREATE TABLE idempotency_keys (
    caller_mac BLOB NOT NULL,
    key_mac BLOB NOT NULL,
    operation TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    account_id BLOB NOT NULL,
    status INTEGER NOT NULL,
    answer BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller_mac, key_mac)
) STRICT;
CREATE INDEX idx_idempotency_keys_account_id ON idempotency_keys (account_id);
CREATE INDEX idx_idempotency_keys_expires_at ON idempotency_keys (expires_at);

-- Tells a wrong key file at start, before anything is sealed under it.
CREATE TABLE key_checks (
    purpose TEXT NOT NULL,
    version INTEGER NOT NULL,
    check_value BLOB NOT NULL,
    CONSTRAINT key_checks_pkey PRIMARY KEY (purpose, version)
) STRICT;

CREATE TABLE leases (
    name TEXT NOT NULL CONSTRAINT leases_pkey PRIMARY KEY,
    holder BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- The installation that this store belongs to: data and keys of different ones are never opened together.
CREATE TABLE store_identity (
    singleton INTEGER NOT NULL CONSTRAINT store_identity_pkey PRIMARY KEY
        CONSTRAINT store_identity_singleton CHECK (singleton = 1),
    installation_id BLOB NOT NULL
) STRICT;
