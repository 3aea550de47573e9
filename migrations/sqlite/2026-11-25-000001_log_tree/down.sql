DROP TRIGGER log_leaves_pend;
ALTER TABLE log_details DROP COLUMN salt;
DROP TABLE log_pending;
DROP TABLE log_checkpoints;
DROP TABLE log_nodes;
DROP TABLE log_entries;
CREATE TABLE log_entries (
    seq INTEGER NOT NULL CONSTRAINT log_entries_pkey PRIMARY KEY,
    leaf_id BLOB NOT NULL CONSTRAINT log_entries_leaf_id_key UNIQUE
        CONSTRAINT log_entries_leaf_id_fkey REFERENCES log_leaves (leaf_id)
) STRICT;
CREATE TRIGGER log_entries_no_update BEFORE UPDATE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
CREATE TRIGGER log_entries_no_delete BEFORE DELETE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
DROP TABLE log_origins;
