-- Clients of partners, and what they prove themselves by. Both name companies, not persons.
CREATE TABLE partner_clients (
    partner_client_id BLOB NOT NULL CONSTRAINT partner_clients_pkey PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT partner_clients_state_known CHECK (state IN ('active', 'deactivated')),
    requests_per_minute INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE partner_credentials (
    partner_client_id BLOB NOT NULL
        CONSTRAINT partner_credentials_client_fkey REFERENCES partner_clients (partner_client_id),
    partner_credential_id BLOB NOT NULL,
    secret_mac BLOB,
    public_key BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    CONSTRAINT partner_credentials_pkey PRIMARY KEY (partner_client_id, partner_credential_id),
    CONSTRAINT partner_credentials_one_proof CHECK ((secret_mac IS NULL) <> (public_key IS NULL))
) STRICT;

-- Signed assertions that were used: each works once.
CREATE TABLE partner_assertions (
    partner_client_id BLOB NOT NULL,
    assertion_mac BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT partner_assertions_pkey PRIMARY KEY (partner_client_id, assertion_mac)
) STRICT;
CREATE INDEX idx_partner_assertions_expires_at ON partner_assertions (expires_at);
