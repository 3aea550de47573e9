-- Members of staff, from their invitation on. What names them is sealed as persons' data are.
CREATE TABLE staff_members (
    staff_id uuid NOT NULL CONSTRAINT staff_members_pkey PRIMARY KEY,
    state text NOT NULL CONSTRAINT staff_members_state_known
        CHECK (state IN ('invited', 'enrolling', 'active', 'deactivated')),
    email bytea NOT NULL,
    name bytea,
    password bytea,
    totp_secret bytea,
    totp_last_step bigint NOT NULL,
    token_mac bytea,
    token_expires_at timestamptz,
    epoch bigint NOT NULL,
    invited_by uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE staff_emails (
    blind_index bytea NOT NULL CONSTRAINT staff_emails_pkey PRIMARY KEY,
    key_version integer NOT NULL,
    staff_id uuid NOT NULL CONSTRAINT staff_emails_staff_id_fkey REFERENCES staff_members (staff_id)
);

CREATE TABLE staff_roles (
    staff_id uuid NOT NULL CONSTRAINT staff_roles_staff_id_fkey REFERENCES staff_members (staff_id),
    role text NOT NULL CONSTRAINT staff_roles_role_known
        CHECK (role IN ('data_processor', 'legal', 'support', 'auditor', 'admin')),
    granted_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT staff_roles_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT staff_roles_pkey PRIMARY KEY (staff_id, role)
);

-- A role that is asked for; the heavy ones take two admins.
CREATE TABLE staff_role_grants (
    role_grant_id uuid NOT NULL CONSTRAINT staff_role_grants_pkey PRIMARY KEY,
    staff_id uuid NOT NULL CONSTRAINT staff_role_grants_staff_id_fkey REFERENCES staff_members (staff_id),
    role text NOT NULL,
    state text NOT NULL CONSTRAINT staff_role_grants_state_known
        CHECK (state IN ('proposed', 'effective', 'declined')),
    proposed_by uuid NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by uuid,
    decided_at timestamptz
);
CREATE UNIQUE INDEX idx_staff_role_grants_open ON staff_role_grants (staff_id, role) WHERE state = 'proposed';

CREATE TABLE staff_sessions (
    staff_id uuid NOT NULL CONSTRAINT staff_sessions_staff_id_fkey REFERENCES staff_members (staff_id),
    staff_session_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    stepped_up_at timestamptz NOT NULL,
    renewed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT staff_sessions_pkey PRIMARY KEY (staff_id, staff_session_id)
);
CREATE INDEX idx_staff_sessions_expires_at ON staff_sessions (expires_at);

-- Finds people by their verified number; one number may be several people's.
CREATE TABLE account_phones (
    account_id uuid NOT NULL CONSTRAINT account_phones_account_id_fkey REFERENCES accounts (account_id),
    key_version integer NOT NULL,
    blind_index bytea NOT NULL,
    CONSTRAINT account_phones_pkey PRIMARY KEY (account_id, key_version)
);
CREATE INDEX idx_account_phones_blind_index ON account_phones (blind_index);

-- What a person writes to the support, and gets back (clause 3.7).
CREATE TABLE support_cases (
    account_id uuid NOT NULL CONSTRAINT support_cases_account_id_fkey REFERENCES accounts (account_id),
    support_case_id uuid NOT NULL,
    category text NOT NULL,
    state text NOT NULL CONSTRAINT support_cases_state_known CHECK (state IN ('open', 'answered', 'closed')),
    opened_by_staff uuid,
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    closed_at timestamptz,
    messages bigint NOT NULL,
    CONSTRAINT support_cases_pkey PRIMARY KEY (account_id, support_case_id)
);
CREATE INDEX idx_support_cases_id ON support_cases (support_case_id);
CREATE INDEX idx_support_cases_due ON support_cases (state, due_at);

CREATE TABLE support_messages (
    account_id uuid NOT NULL,
    support_case_id uuid NOT NULL,
    number bigint NOT NULL,
    staff_id uuid,
    body bytea,
    sent_at timestamptz NOT NULL,
    CONSTRAINT support_messages_pkey PRIMARY KEY (account_id, support_case_id, number),
    CONSTRAINT support_messages_case_fkey FOREIGN KEY (account_id, support_case_id)
        REFERENCES support_cases (account_id, support_case_id)
);

-- Which member opened which fields of whom, and what for: shown to the person.
CREATE TABLE staff_reads (
    account_id uuid NOT NULL CONSTRAINT staff_reads_account_id_fkey REFERENCES accounts (account_id),
    sequence bigint NOT NULL,
    staff_read_id uuid NOT NULL,
    staff_id uuid NOT NULL,
    fields text NOT NULL,
    purpose text NOT NULL,
    support_case_id uuid NOT NULL,
    read_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT staff_reads_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT staff_reads_pkey PRIMARY KEY (account_id, sequence)
);

-- Written once: neither an update nor a deletion exists for this table.
CREATE TRIGGER staff_reads_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_reads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Two members agree before lost factors go.
ALTER TABLE factor_resets ADD COLUMN first_approver uuid;
ALTER TABLE factor_resets ADD COLUMN second_approver uuid;
