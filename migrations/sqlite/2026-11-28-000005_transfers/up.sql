-- Transfers of many persons' data to a buyer of the company (clause 4.4).
CREATE TABLE transfers (
    transfer_id BLOB NOT NULL CONSTRAINT transfers_pkey PRIMARY KEY,
    recipient_id BLOB NOT NULL CONSTRAINT transfers_recipient_fkey REFERENCES recipients (recipient_id),
    fields TEXT NOT NULL,
    notice_days INTEGER NOT NULL,
    state TEXT NOT NULL CONSTRAINT transfers_state_known
        CHECK (state IN ('draft', 'gathering', 'announced', 'approved', 'completed', 'cancelled')),
    drafted_by BLOB NOT NULL,
    drafted_at INTEGER NOT NULL,
    announced_by BLOB,
    announced_at INTEGER,
    window_ends_at INTEGER,
    gathered_to BLOB,
    cohort INTEGER NOT NULL,
    cohort_hash BLOB,
    completed_at INTEGER,
    released INTEGER NOT NULL,
    manifest_hash BLOB
) STRICT;
CREATE INDEX idx_transfers_state ON transfers (state);

-- Who of the legal team approved which cohort.
CREATE TABLE transfer_approvals (
    transfer_id BLOB NOT NULL CONSTRAINT transfer_approvals_transfer_fkey REFERENCES transfers (transfer_id),
    staff_id BLOB NOT NULL,
    cohort_hash BLOB NOT NULL,
    approved_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT transfer_approvals_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT transfer_approvals_pkey PRIMARY KEY (transfer_id, staff_id)
) STRICT;
CREATE TRIGGER transfer_approvals_no_update BEFORE UPDATE ON transfer_approvals
BEGIN SELECT RAISE(ABORT, 'transfer_approvals is append-only'); END;
CREATE TRIGGER transfer_approvals_no_delete BEFORE DELETE ON transfer_approvals
BEGIN SELECT RAISE(ABORT, 'transfer_approvals is append-only'); END;

CREATE UNIQUE INDEX idx_disclosures_transfer ON disclosures (transfer_id, account_id) WHERE transfer_id IS NOT NULL;
