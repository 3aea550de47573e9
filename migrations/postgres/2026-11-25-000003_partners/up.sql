-- Clients of partners, and what they prove themselves by. Both name companies, not persons.
CREATE TABLE partner_clients (
    partner_client_id uuid NOT NULL CONSTRAINT partner_clients_pkey PRIMARY KEY,
    name text NOT NULL,
    scopes text NOT NULL,
    state text NOT NULL CONSTRAINT partner_clients_state_known CHECK (state IN ('active', 'deactivated')),
    requests_per_minute integer NOT NULL,
    epoch bigint NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE partner_credentials (
    partner_client_id uuid NOT NULL
        CONSTRAINT partner_credentials_client_fkey REFERENCES partner_clients (partner_client_id),
    partner_credential_id uuid NOT NULL,
    secret_mac bytea,
    public_key bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT partner_credentials_pkey PRIMARY KEY (partner_client_id, partner_credential_id),
    CONSTRAINT partner_credentials_one_proof CHECK ((secret_mac IS NULL) <> (public_key IS NULL))
);

-- Signed assertions that were used: each works once.
CREATE TABLE partner_assertions (
    partner_client_id uuid NOT NULL,
    assertion_mac bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT partner_assertions_pkey PRIMARY KEY (partner_client_id, assertion_mac)
);
CREATE INDEX idx_partner_assertions_expires_at ON partner_assertions (expires_at);
