-- Members of staff, from their invitation on. What names them is sealed as persons' data are.
CREATE TABLE staff_members (
    staff_id BLOB NOT NULL CONSTRAINT staff_members_pkey PRIMARY KEY,
    state TEXT NOT NULL CONSTRAINT staff_members_state_known
        CHECK (state IN ('invited', 'enrolling', 'active', 'deactivated')),
    email BLOB NOT NULL,
    name BLOB,
    password BLOB,
    totp_secret BLOB,
    totp_last_step INTEGER NOT NULL,
    token_mac BLOB,
    token_expires_at INTEGER,
    epoch INTEGER NOT NULL,
    invited_by BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_emails (
    blind_index BLOB NOT NULL CONSTRAINT staff_emails_pkey PRIMARY KEY,
    key_version INTEGER NOT NULL,
    staff_id BLOB NOT NULL CONSTRAINT staff_emails_staff_id_fkey REFERENCES staff_members (staff_id)
) STRICT;

CREATE TABLE staff_roles (
    staff_id BLOB NOT NULL CONSTRAINT staff_roles_staff_id_fkey REFERENCES staff_members (staff_id),
    role TEXT NOT NULL CONSTRAINT staff_roles_role_known
        CHECK (role IN ('data_processor', 'legal', 'support', 'auditor', 'admin')),
    granted_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT staff_roles_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT staff_roles_pkey PRIMARY KEY (staff_id, role)
) STRICT;

-- A role that is asked for; the heavy ones take two admins.
CREATE TABLE staff_role_grants (
    role_grant_id BLOB NOT NULL CONSTRAINT staff_role_grants_pkey PRIMARY KEY,
    staff_id BLOB NOT NULL CONSTRAINT staff_role_grants_staff_id_fkey REFERENCES staff_members (staff_id),
    role TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT staff_role_grants_state_known
        CHECK (state IN ('proposed', 'effective', 'declined')),
    proposed_by BLOB NOT NULL,
    proposed_at INTEGER NOT NULL,
    decided_by BLOB,
    decided_at INTEGER
) STRICT;
CREATE UNIQUE INDEX idx_staff_role_grants_open ON staff_role_grants (staff_id, role) WHERE state = 'proposed';

CREATE TABLE staff_sessions (
    staff_id BLOB NOT NULL CONSTRAINT staff_sessions_staff_id_fkey REFERENCES staff_members (staff_id),
    staff_session_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    stepped_up_at INTEGER NOT NULL,
    renewed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    CONSTRAINT staff_sessions_pkey PRIMARY KEY (staff_id, staff_session_id)
) STRICT;
CREATE INDEX idx_staff_sessions_expires_at ON staff_sessions (expires_at);

-- Finds people by their verified number; one number may be several people's.
CREATE TABLE account_phones (
    account_id BLOB NOT NULL CONSTRAINT account_phones_account_id_fkey REFERENCES accounts (account_id),
    key_version INTEGER NOT NULL,
    blind_index BLOB NOT NULL,
    CONSTRAINT account_phones_pkey PRIMARY KEY (account_id, key_version)
) STRICT;
CREATE INDEX idx_account_phones_blind_index ON account_phones (blind_index);

-- What a person writes to the support, and gets back (clause 3.7).
CREATE TABLE support_cases (
    account_id BLOB NOT NULL CONSTRAINT support_cases_account_id_fkey REFERENCES accounts (account_id),
    support_case_id BLOB NOT NULL,
    category TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT support_cases_state_known CHECK (state IN ('open', 'answered', 'closed')),
    opened_by_staff BLOB,
    opened_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    closed_at INTEGER,
    messages INTEGER NOT NULL,
    CONSTRAINT support_cases_pkey PRIMARY KEY (account_id, support_case_id)
) STRICT;
CREATE INDEX idx_support_cases_id ON support_cases (support_case_id);
CREATE INDEX idx_support_cases_due ON support_cases (state, due_at);

CREATE TABLE support_messages (
    account_id BLOB NOT NULL,
    support_case_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    staff_id BLOB,
    body BLOB,
    sent_at INTEGER NOT NULL,
    CONSTRAINT support_messages_pkey PRIMARY KEY (account_id, support_case_id, number),
    CONSTRAINT support_messages_case_fkey FOREIGN KEY (account_id, support_case_id)
        REFERENCES support_cases (account_id, support_case_id)
) STRICT;

-- Which member opened which fields of whom, and what for: shown to the person.
CREATE TABLE staff_reads (
    account_id BLOB NOT NULL CONSTRAINT staff_reads_account_id_fkey REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL,
    staff_read_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    fields TEXT NOT NULL,
    purpose TEXT NOT NULL,
    support_case_id BLOB NOT NULL,
    read_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT staff_reads_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT staff_reads_pkey PRIMARY KEY (account_id, sequence)
) STRICT;

-- Written once: neither an update nor a deletion exists for this table.
CREATE TRIGGER staff_reads_no_update BEFORE UPDATE ON staff_reads
BEGIN SELECT RAISE(ABORT, 'staff_reads is append-only'); END;
CREATE TRIGGER staff_reads_no_delete BEFORE DELETE ON staff_reads
BEGIN SELECT RAISE(ABORT, 'staff_reads is append-only'); END;

-- Two members agree before lost factors go.
ALTER TABLE factor_resets ADD COLUMN first_approver BLOB;
ALTER TABLE factor_resets ADD COLUMN second_approver BLOB;
