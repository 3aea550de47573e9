-- A new email or phone that has not answered yet.
CREATE TABLE contact_changes (
    account_id BLOB NOT NULL
        CONSTRAINT contact_changes_account_id_fkey REFERENCES accounts (account_id),
    contact_change_id BLOB NOT NULL,
    field TEXT NOT NULL CONSTRAINT contact_changes_field_known CHECK (field IN ('email', 'phone')),
    new_value BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT contact_changes_pkey PRIMARY KEY (account_id, contact_change_id)
) STRICT;
CREATE INDEX idx_contact_changes_expires_at ON contact_changes (expires_at);

-- A reset asked for by somebody who may be anybody, for an address that may have no account: it is a
-- subject of its own, with keys of its own, so that nothing tells the two cases apart.
CREATE TABLE password_resets (
    account_id BLOB NOT NULL CONSTRAINT password_resets_pkey PRIMARY KEY,
    token_mac BLOB NOT NULL,
    code_mac BLOB NOT NULL,
    mac_version INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    email BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_password_resets_expires_at ON password_resets (expires_at);

-- Lost second factors: asked by the person, approved by two, carried out after a delay, unless cancelled.
CREATE TABLE factor_resets (
    account_id BLOB NOT NULL
        CONSTRAINT factor_resets_account_id_fkey REFERENCES accounts (account_id),
    factor_reset_id BLOB NOT NULL,
    state TEXT NOT NULL CONSTRAINT factor_resets_state_known
        CHECK (state IN ('requested', 'approved', 'cancelled', 'executed')),
    requested_at INTEGER NOT NULL,
    executes_at INTEGER,
    ended_at INTEGER,
    CONSTRAINT factor_resets_pkey PRIMARY KEY (account_id, factor_reset_id)
) STRICT;
CREATE INDEX idx_factor_resets_state_executes_at ON factor_resets (state, executes_at);

ALTER TABLE credentials ADD COLUMN reset_at INTEGER;
-- Rises with every password that the person chooses; a fresh hash of the same one leaves it.
ALTER TABLE credentials ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

ALTER TABLE accounts ADD COLUMN state_reason TEXT NOT NULL DEFAULT 'opened';
ALTER TABLE accounts ADD COLUMN state_since INTEGER;
ALTER TABLE accounts ADD COLUMN closes_at INTEGER;
CREATE INDEX idx_accounts_closes_at ON accounts (closes_at);
UPDATE accounts SET state_since = created_at;

-- When the person is next asked to confirm the data, and which time of the year's three it will be.
ALTER TABLE profiles ADD COLUMN reminder_due_at INTEGER;
ALTER TABLE profiles ADD COLUMN reminders_sent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX idx_profiles_reminder_due_at ON profiles (reminder_due_at);
UPDATE profiles SET reminder_due_at = coalesce(confirmed_at, email_verified_at) + 31536000000000;
