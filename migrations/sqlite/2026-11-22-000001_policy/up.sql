-- Leaves come first: whatever the policy promises to account for refers to one.
CREATE TABLE log_leaves (
    leaf_id BLOB NOT NULL CONSTRAINT log_leaves_pkey PRIMARY KEY,
    bytes BLOB NOT NULL,
    hash BLOB NOT NULL CONSTRAINT log_leaves_hash_length CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE log_entries (
    seq INTEGER NOT NULL CONSTRAINT log_entries_pkey PRIMARY KEY,
    leaf_id BLOB NOT NULL CONSTRAINT log_entries_leaf_id_key UNIQUE
        CONSTRAINT log_entries_leaf_id_fkey REFERENCES log_leaves (leaf_id)
) STRICT;

CREATE TABLE log_details (
    account_id BLOB NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT log_details_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    detail BLOB NOT NULL,
    CONSTRAINT log_details_pkey PRIMARY KEY (account_id, leaf_id)
) STRICT;

CREATE TABLE log_public_details (
    leaf_id BLOB NOT NULL CONSTRAINT log_public_details_pkey PRIMARY KEY
        CONSTRAINT log_public_details_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    detail BLOB NOT NULL
) STRICT;

CREATE TABLE policy_versions (
    version INTEGER NOT NULL CONSTRAINT policy_versions_pkey PRIMARY KEY
        CONSTRAINT policy_versions_version_positive CHECK (version > 0),
    clauses TEXT NOT NULL,
    content_hash BLOB NOT NULL CONSTRAINT policy_versions_content_hash_length CHECK (length(content_hash) = 32),
    published_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT policy_versions_leaf_id_fkey REFERENCES log_leaves (leaf_id)
) STRICT;

-- Written once: neither an update nor a deletion exists for these tables.
CREATE TRIGGER log_leaves_no_update BEFORE UPDATE ON log_leaves
BEGIN SELECT RAISE(ABORT, 'log_leaves is append-only'); END;
CREATE TRIGGER log_leaves_no_delete BEFORE DELETE ON log_leaves
BEGIN SELECT RAISE(ABORT, 'log_leaves is append-only'); END;
CREATE TRIGGER log_entries_no_update BEFORE UPDATE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
CREATE TRIGGER log_entries_no_delete BEFORE DELETE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
CREATE TRIGGER log_public_details_no_update BEFORE UPDATE ON log_public_details
BEGIN SELECT RAISE(ABORT, 'log_public_details is append-only'); END;
CREATE TRIGGER log_public_details_no_delete BEFORE DELETE ON log_public_details
BEGIN SELECT RAISE(ABORT, 'log_public_details is append-only'); END;
CREATE TRIGGER policy_versions_no_update BEFORE UPDATE ON policy_versions
BEGIN SELECT RAISE(ABORT, 'policy_versions is append-only'); END;
CREATE TRIGGER policy_versions_no_delete BEFORE DELETE ON policy_versions
BEGIN SELECT RAISE(ABORT, 'policy_versions is append-only'); END;
