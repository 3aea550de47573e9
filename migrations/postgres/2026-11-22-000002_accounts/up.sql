CREATE TABLE accounts (
    account_id uuid NOT NULL CONSTRAINT accounts_pkey PRIMARY KEY,
    state text NOT NULL CONSTRAINT accounts_state_known
        CHECK (state IN ('active', 'restricted', 'closing', 'closed')),
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    accepted_policy_version integer NOT NULL,
    created_at timestamptz NOT NULL
);

-- One mailbox, one account; a row per live version of the index key. Keyed by the index so that
-- uniqueness holds when accounts are spread over several databases.
CREATE TABLE account_emails (
    blind_index bytea NOT NULL CONSTRAINT account_emails_pkey PRIMARY KEY,
    key_version integer NOT NULL,
    account_id uuid NOT NULL
);
CREATE INDEX idx_account_emails_account_id ON account_emails (account_id);

-- A personal column is NULL once its category was erased.
CREATE TABLE profiles (
    account_id uuid NOT NULL CONSTRAINT profiles_pkey PRIMARY KEY
        CONSTRAINT profiles_account_id_fkey REFERENCES accounts (account_id),
    version bigint NOT NULL,
    real_name bytea,
    display_name bytea,
    email bytea,
    phone bytea,
    language bytea,
    time_zone bytea,
    email_verified_at timestamptz NOT NULL,
    phone_verified_at timestamptz,
    confirmed_at timestamptz,
    updated_at timestamptz NOT NULL
);

CREATE TABLE credentials (
    account_id uuid NOT NULL CONSTRAINT credentials_pkey PRIMARY KEY
        CONSTRAINT credentials_account_id_fkey REFERENCES accounts (account_id),
    password bytea NOT NULL,
    changed_at timestamptz NOT NULL
);

CREATE TABLE account_changes (
    account_id uuid NOT NULL
        CONSTRAINT account_changes_account_id_fkey REFERENCES accounts (account_id),
    sequence bigint NOT NULL,
    field text NOT NULL,
    old_identity bytea,
    old_contact bytea,
    changed_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT account_changes_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT account_changes_pkey PRIMARY KEY (account_id, sequence)
);

CREATE TABLE data_confirmations (
    account_id uuid NOT NULL
        CONSTRAINT data_confirmations_account_id_fkey REFERENCES accounts (account_id),
    sequence bigint NOT NULL,
    data_confirmation_id uuid NOT NULL,
    profile_version bigint NOT NULL,
    confirmed_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT data_confirmations_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT data_confirmations_pkey PRIMARY KEY (account_id, sequence)
);

-- A person on the way to an account. Not unique by email: a stranger must not learn or block.
CREATE TABLE registrations (
    account_id uuid NOT NULL CONSTRAINT registrations_pkey PRIMARY KEY,
    token_mac bytea NOT NULL,
    code_mac bytea NOT NULL,
    mac_version integer NOT NULL,
    tries integer NOT NULL,
    real_name bytea NOT NULL,
    email bytea NOT NULL,
    phone bytea,
    language bytea NOT NULL,
    consents bytea NOT NULL,
    password bytea NOT NULL,
    device_id uuid NOT NULL,
    policy_version integer NOT NULL,
    content_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX idx_registrations_expires_at ON registrations (expires_at);
