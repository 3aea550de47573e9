-- Who looks at a verification, and how often its person was reminded.
ALTER TABLE kyc_cases ADD COLUMN assigned_to BLOB;
ALTER TABLE kyc_cases ADD COLUMN reminders_sent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX idx_kyc_cases_queue ON kyc_cases (state, due_at, kyc_case_id);

-- What reviewers write to each other, sealed; their person sees it with everything else that is held.
CREATE TABLE kyc_notes (
    account_id BLOB NOT NULL,
    kyc_case_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    staff_id BLOB NOT NULL,
    body BLOB,
    written_at INTEGER NOT NULL,
    CONSTRAINT kyc_notes_pkey PRIMARY KEY (account_id, kyc_case_id, number),
    CONSTRAINT kyc_notes_case_fkey FOREIGN KEY (account_id, kyc_case_id)
        REFERENCES kyc_cases (account_id, kyc_case_id)
) STRICT;

-- What was decided, by whom, on which grounds.
CREATE TABLE kyc_decisions (
    account_id BLOB NOT NULL CONSTRAINT kyc_decisions_account_id_fkey REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL,
    kyc_decision_id BLOB NOT NULL,
    kyc_case_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    outcome TEXT NOT NULL,
    step TEXT NOT NULL,
    rejections TEXT NOT NULL,
    overrides TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT kyc_decisions_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT kyc_decisions_pkey PRIMARY KEY (account_id, sequence)
) STRICT;

-- Written once: neither an update nor a deletion exists for this table.
CREATE TRIGGER kyc_decisions_no_update BEFORE UPDATE ON kyc_decisions
BEGIN SELECT RAISE(ABORT, 'kyc_decisions is append-only'); END;
CREATE TRIGGER kyc_decisions_no_delete BEFORE DELETE ON kyc_decisions
BEGIN SELECT RAISE(ABORT, 'kyc_decisions is append-only'); END;

-- What the law wants kept of a verification that was approved, sealed under a key of its own (clause 6.1).
CREATE TABLE kyc_records (
    account_id BLOB NOT NULL,
    kyc_case_id BLOB NOT NULL,
    record BLOB,
    recorded_at INTEGER NOT NULL,
    CONSTRAINT kyc_records_pkey PRIMARY KEY (account_id, kyc_case_id),
    CONSTRAINT kyc_records_case_fkey FOREIGN KEY (account_id, kyc_case_id)
        REFERENCES kyc_cases (account_id, kyc_case_id)
) STRICT;

-- What the platform, or a rule of the service, saw an account do.
CREATE TABLE kyc_signals (
    account_id BLOB NOT NULL CONSTRAINT kyc_signals_account_id_fkey REFERENCES accounts (account_id),
    kyc_signal_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    reference_mac BLOB NOT NULL,
    occurred_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    weighed_at INTEGER,
    CONSTRAINT kyc_signals_pkey PRIMARY KEY (account_id, kyc_signal_id)
) STRICT;
CREATE UNIQUE INDEX idx_kyc_signals_reference ON kyc_signals (account_id, reference_mac);
CREATE INDEX idx_kyc_signals_received_at ON kyc_signals (received_at);
-- What waits to be weighed.
CREATE INDEX idx_kyc_signals_waiting ON kyc_signals (account_id) WHERE weighed_at IS NULL;

-- A read for a verification names that, and the document that was looked at.
DROP TRIGGER staff_reads_no_update;
DROP TRIGGER staff_reads_no_delete;
ALTER TABLE staff_reads RENAME TO staff_reads_before;
CREATE TABLE staff_reads (
    account_id BLOB NOT NULL CONSTRAINT staff_reads_account_id_fkey REFERENCES accounts (account_id),
    sequence INTEGER NOT NULL,
    staff_read_id BLOB NOT NULL,
    staff_id BLOB NOT NULL,
    fields TEXT NOT NULL,
    purpose TEXT NOT NULL,
    support_case_id BLOB,
    read_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT staff_reads_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    kyc_case_id BLOB,
    document_id BLOB,
    CONSTRAINT staff_reads_pkey PRIMARY KEY (account_id, sequence)
) STRICT;
INSERT INTO staff_reads
SELECT account_id, sequence, staff_read_id, staff_id, fields, purpose, support_case_id, read_at, leaf_id, NULL, NULL
FROM staff_reads_before;
DROP TABLE staff_reads_before;
CREATE INDEX idx_staff_reads_id ON staff_reads (staff_read_id);
CREATE TRIGGER staff_reads_no_update BEFORE UPDATE ON staff_reads
BEGIN SELECT RAISE(ABORT, 'staff_reads is append-only'); END;
CREATE TRIGGER staff_reads_no_delete BEFORE DELETE ON staff_reads
BEGIN SELECT RAISE(ABORT, 'staff_reads is append-only'); END;
