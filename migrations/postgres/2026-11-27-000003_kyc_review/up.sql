-- Who looks at a verification, and how often its person was reminded.
ALTER TABLE kyc_cases ADD COLUMN assigned_to uuid;
ALTER TABLE kyc_cases ADD COLUMN reminders_sent integer NOT NULL DEFAULT 0;
CREATE INDEX idx_kyc_cases_queue ON kyc_cases (state, due_at, kyc_case_id);

-- What reviewers write to each other, sealed; their person sees it with everything else that is held.
CREATE TABLE kyc_notes (
    account_id uuid NOT NULL,
    kyc_case_id uuid NOT NULL,
    number bigint NOT NULL,
    staff_id uuid NOT NULL,
    body bytea,
    written_at timestamptz NOT NULL,
    CONSTRAINT kyc_notes_pkey PRIMARY KEY (account_id, kyc_case_id, number),
    CONSTRAINT kyc_notes_case_fkey FOREIGN KEY (account_id, kyc_case_id)
        REFERENCES kyc_cases (account_id, kyc_case_id)
);

-- What was decided, by whom, on which grounds.
CREATE TABLE kyc_decisions (
    account_id uuid NOT NULL CONSTRAINT kyc_decisions_account_id_fkey REFERENCES accounts (account_id),
    sequence bigint NOT NULL,
    kyc_decision_id uuid NOT NULL,
    kyc_case_id uuid NOT NULL,
    staff_id uuid NOT NULL,
    outcome text NOT NULL,
    step text NOT NULL,
    rejections jsonb NOT NULL,
    overrides jsonb NOT NULL,
    decided_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT kyc_decisions_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT kyc_decisions_pkey PRIMARY KEY (account_id, sequence)
);

-- Written once: neither an update nor a deletion exists for this table.
CREATE TRIGGER kyc_decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kyc_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What the law wants kept of a verification that was approved, sealed under a key of its own (clause 6.1).
CREATE TABLE kyc_records (
    account_id uuid NOT NULL,
    kyc_case_id uuid NOT NULL,
    record bytea,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT kyc_records_pkey PRIMARY KEY (account_id, kyc_case_id),
    CONSTRAINT kyc_records_case_fkey FOREIGN KEY (account_id, kyc_case_id)
        REFERENCES kyc_cases (account_id, kyc_case_id)
);

-- What the platform, or a rule of the service, saw an account do.
CREATE TABLE kyc_signals (
    account_id uuid NOT NULL CONSTRAINT kyc_signals_account_id_fkey REFERENCES accounts (account_id),
    kyc_signal_id uuid NOT NULL,
    kind text NOT NULL,
    reference_mac bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    weighed_at timestamptz,
    CONSTRAINT kyc_signals_pkey PRIMARY KEY (account_id, kyc_signal_id)
);
CREATE UNIQUE INDEX idx_kyc_signals_reference ON kyc_signals (account_id, reference_mac);
CREATE INDEX idx_kyc_signals_received_at ON kyc_signals (received_at);
-- What waits to be weighed.
CREATE INDEX idx_kyc_signals_waiting ON kyc_signals (account_id) WHERE weighed_at IS NULL;

-- A read for a verification names that, and the document that was looked at.
ALTER TABLE staff_reads ALTER COLUMN support_case_id DROP NOT NULL;
ALTER TABLE staff_reads ADD COLUMN kyc_case_id uuid;
ALTER TABLE staff_reads ADD COLUMN document_id uuid;
CREATE INDEX idx_staff_reads_id ON staff_reads (staff_read_id);
