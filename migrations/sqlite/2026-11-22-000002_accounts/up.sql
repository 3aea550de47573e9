CREATE TABLE accounts (
    account_id BLOB NOT NULL CONSTRAINT accounts_pkey PRIMARY KEY,
    state TEXT NOT NULL CONSTRAINT accounts_state_known
        CHECK (state IN ('active', 'restricted', 'closing', 'closed')),
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    accepted_policy_version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- One mailbox, one account; a row per live version of the index key. Keyed by the index so that
-- uniqueness holds when accounts are spread over several databases.
CREATE TABLE account_emails (
    blind_index BLOB NOT NULL CONSTRAINT account_emails_pkey PRIMARY KEY,
    key_version INTEGER NOT NULL,
    account_id BLOB NOT NULL
) STRICT;
CREATE INDEX idx_account_emails_account_id ON account_emails (account_id);

-- A personal column is NULL once its category was erased.
CREATE TABLE profiles (
    account_id BLOB NOT NULL CONSTRAINT profiles_pkey PRIMARY KEY
        CONSTRAINT profiles_account_id_fkey REFERENCES accounts (account_id),
    version INTEGER NOT NULL,
    real_name BLOB,
    display_name BLOB,
    email BLOB,
    phone BLOB,
    language BLOB,
    time_zone BLOB,
    email_verified_at INTEGER NOT NULL,
    phone_verified_at INTEGER,
    confirmed_at INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE credentials (
    account_id BLOB NOT NULL CONSTRAINT credentials_pkey PRIMARY KEY
        CONSTRAINT credentials_account_id_fkey REFERENCES accounts (account_id),
    password BLOB NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account_changes (
    account_id BLOB NOT NULL
        CONSTRAINT account_changes_account_id_fkey REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL,
    field TEXT NOT NULL,
    old_identity BLOB,
    old_contact BLOB,
    changed_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT account_changes_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT account_changes_pkey PRIMARY KEY (account_id, sequence)
) STRICT;

CREATE TABLE data_confirmations (
    account_id BLOB NOT NULL
        CONSTRAINT data_confirmations_account_id_fkey REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL,
    data_confirmation_id BLOB NOT NULL,
    profile_version INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT data_confirmations_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT data_confirmations_pkey PRIMARY KEY (account_id, sequence)
) STRICT;

-- A person on the way to an account. Not unique by email: a stranger must not learn or block.
CREATE TABLE registrations (
    account_id BLOB NOT NULL CONSTRAINT registrations_pkey PRIMARY KEY,
    token_mac BLOB NOT NULL,
    code_mac BLOB NOT NULL,
    mac_version INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    real_name BLOB NOT NULL,
    email BLOB NOT NULL,
    phone BLOB,
    language BLOB NOT NULL,
    consents BLOB NOT NULL,
    password BLOB NOT NULL,
    device_id BLOB NOT NULL,
    policy_version INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_registrations_expires_at ON registrations (expires_at);
