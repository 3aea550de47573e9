-- What persons asked about their own data, as it stands; without a purpose or a class it is about all (clause 7.3).
CREATE TABLE rights_requests (
    account_id BLOB NOT NULL CONSTRAINT rights_requests_account_id_fkey REFERENCES accounts (account_id),
    rights_request_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    purpose TEXT,
    data_class TEXT,
    field TEXT,
    state TEXT NOT NULL,
    filed_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    due_law TEXT NOT NULL,
    extension TEXT,
    answered_at INTEGER,
    refusal TEXT,
    lifts_at INTEGER,
    processing_limit_id BLOB,
    executes_at INTEGER,
    completed_at INTEGER,
    kept_until INTEGER,
    -- When its person complained about how it is dealt with.
    complained_at INTEGER,
    outcome_hash BLOB,
    -- What was erased and kept, category by category, as JSON; nothing of it is about the person.
    outcome TEXT,
    -- The checkpoint of the log before an erasure began.
    checkpoint TEXT,
    -- What opens the result once nobody can sign in any more.
    result_mac BLOB,
    steps INTEGER NOT NULL,
    -- Whether it was filed by a link in a mail, so that who asks has to be shown.
    by_link INTEGER NOT NULL DEFAULT 0,
    -- How often whoever answers was told that its day comes, or has passed.
    escalations INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT rights_requests_pkey PRIMARY KEY (account_id, rights_request_id)
) STRICT;
CREATE UNIQUE INDEX idx_rights_requests_id ON rights_requests (rights_request_id);
CREATE UNIQUE INDEX idx_rights_requests_result ON rights_requests (result_mac) WHERE result_mac IS NOT NULL;
-- One of a kind about the same at a time.
CREATE UNIQUE INDEX idx_rights_requests_standing
    ON rights_requests (account_id, kind, coalesce(purpose, ''), coalesce(data_class, ''), coalesce(field, ''))
    WHERE state IN ('in_review', 'granted', 'lifting', 'scheduled', 'executing');
CREATE INDEX idx_rights_requests_queue ON rights_requests (state, due_at, rights_request_id);

-- How each of them came to stand as it does.
CREATE TABLE rights_request_events (
    account_id BLOB NOT NULL,
    rights_request_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    purpose TEXT,
    data_class TEXT,
    field TEXT,
    due_at INTEGER NOT NULL,
    extension TEXT,
    refusal TEXT,
    outcome_hash BLOB,
    staff_id BLOB,
    occurred_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT rights_request_events_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    CONSTRAINT rights_request_events_pkey PRIMARY KEY (account_id, rights_request_id, number),
    CONSTRAINT rights_request_events_request_fkey FOREIGN KEY (account_id, rights_request_id)
        REFERENCES rights_requests (account_id, rights_request_id)
) STRICT;
CREATE UNIQUE INDEX idx_rights_request_events_request ON rights_request_events (rights_request_id, number);
CREATE TRIGGER rights_request_events_no_update BEFORE UPDATE ON rights_request_events
BEGIN SELECT RAISE(ABORT, 'rights_request_events is append-only'); END;
CREATE TRIGGER rights_request_events_no_delete BEFORE DELETE ON rights_request_events
BEGIN SELECT RAISE(ABORT, 'rights_request_events is append-only'); END;

-- Whether a message is sealed under a key of its own, which dies with its delivery: the last that somebody is told.
ALTER TABLE outbox ADD COLUMN courier INTEGER NOT NULL DEFAULT 0;

-- What a person who asked for all data is handed over: a file that is sealed under a secret of its own, which rests
-- sealed under the person's key, so that both end with it.
CREATE TABLE rights_archives (
    account_id BLOB NOT NULL,
    rights_request_id BLOB NOT NULL,
    started_at INTEGER NOT NULL,
    tables_total INTEGER NOT NULL,
    tables_written INTEGER NOT NULL,
    entries_written INTEGER NOT NULL,
    file_name BLOB,
    secret BLOB,
    size INTEGER,
    content_hash BLOB,
    ready_at INTEGER,
    expires_at INTEGER,
    downloads INTEGER NOT NULL,
    last_downloaded_at INTEGER,
    CONSTRAINT rights_archives_pkey PRIMARY KEY (account_id, rights_request_id),
    CONSTRAINT rights_archives_request_fkey FOREIGN KEY (account_id, rights_request_id)
        REFERENCES rights_requests (account_id, rights_request_id)
) STRICT;
CREATE UNIQUE INDEX idx_rights_archives_file ON rights_archives (file_name) WHERE file_name IS NOT NULL;
CREATE INDEX idx_rights_archives_expiry ON rights_archives (expires_at) WHERE file_name IS NOT NULL;

-- What each rule of retention took away, day by day.
CREATE TABLE retention_runs (
    day INTEGER NOT NULL,
    rule TEXT NOT NULL,
    removed INTEGER NOT NULL,
    last_run_at INTEGER NOT NULL,
    CONSTRAINT retention_runs_pkey PRIMARY KEY (day, rule)
) STRICT;

-- What a person says that a value is, and the statement beside one that was not changed; sealed under the key of the value.
CREATE TABLE rights_corrections (
    account_id BLOB NOT NULL,
    rights_request_id BLOB NOT NULL,
    field TEXT NOT NULL,
    told_identity BLOB,
    told_address BLOB,
    CONSTRAINT rights_corrections_pkey PRIMARY KEY (account_id, rights_request_id),
    CONSTRAINT rights_corrections_request_fkey FOREIGN KEY (account_id, rights_request_id)
        REFERENCES rights_requests (account_id, rights_request_id)
) STRICT;

-- Files that show that a request is right.
CREATE TABLE rights_evidence (
    account_id BLOB NOT NULL,
    rights_request_id BLOB NOT NULL,
    document_id BLOB NOT NULL,
    key_version INTEGER NOT NULL,
    file_name BLOB,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    CONSTRAINT rights_evidence_pkey PRIMARY KEY (account_id, rights_request_id, document_id),
    CONSTRAINT rights_evidence_request_fkey FOREIGN KEY (account_id, rights_request_id)
        REFERENCES rights_requests (account_id, rights_request_id)
) STRICT;
CREATE UNIQUE INDEX idx_rights_evidence_file ON rights_evidence (file_name) WHERE file_name IS NOT NULL;

-- An opening can be for a rights request, too.
ALTER TABLE staff_reads ADD COLUMN rights_request_id BLOB;
