-- Transfers of many persons' data to a buyer of the company (clause 4.4).
CREATE TABLE transfers (
    transfer_id uuid NOT NULL CONSTRAINT transfers_pkey PRIMARY KEY,
    recipient_id uuid NOT NULL CONSTRAINT transfers_recipient_fkey REFERENCES recipients (recipient_id),
    fields text NOT NULL,
    notice_days integer NOT NULL,
    state text NOT NULL CONSTRAINT transfers_state_known
        CHECK (state IN ('draft', 'gathering', 'announced', 'approved', 'completed', 'cancelled')),
    drafted_by uuid NOT NULL,
    drafted_at timestamptz NOT NULL,
    announced_by uuid,
    announced_at timestamptz,
    window_ends_at timestamptz,
    gathered_to uuid,
    cohort bigint NOT NULL,
    cohort_hash bytea,
    completed_at timestamptz,
    released bigint NOT NULL,
    manifest_hash bytea
);
CREATE INDEX idx_transfers_state ON transfers (state);

-- Who of the legal team approved which cohort.
CREATE TABLE transfer_approvals (
    transfer_id uuid NOT NULL CONSTRAINT transfer_approvals_transfer_fkey REFERENCES transfers (transfer_id),
    staff_id uuid NOT NULL,
    cohort_hash bytea NOT NULL,
    approved_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT transfer_approvals_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT transfer_approvals_pkey PRIMARY KEY (transfer_id, staff_id)
);
CREATE TRIGGER transfer_approvals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer_approvals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE UNIQUE INDEX idx_disclosures_transfer ON disclosures (transfer_id, account_id) WHERE transfer_id IS NOT NULL;
