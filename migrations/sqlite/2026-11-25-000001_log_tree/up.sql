-- A lineage of the tree. A new one begins only by `log reopen`, and says what the one before came to.
CREATE TABLE log_origins (
    number INTEGER NOT NULL CONSTRAINT log_origins_pkey PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT log_origins_name_key UNIQUE,
    first_seq INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    previous_checkpoint TEXT
) STRICT;

-- The proofs are asked for by the hash of a leaf; it stands here, away from the writes of persons.
DROP TABLE log_entries;
CREATE TABLE log_entries (
    seq INTEGER NOT NULL CONSTRAINT log_entries_pkey PRIMARY KEY,
    leaf_id BLOB NOT NULL CONSTRAINT log_entries_leaf_id_key UNIQUE
        CONSTRAINT log_entries_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    hash BLOB NOT NULL CONSTRAINT log_entries_hash_key UNIQUE
        CONSTRAINT log_entries_hash_length CHECK (length(hash) = 32)
) STRICT;

-- The hashes of complete subtrees, numbered as in C2SP tlog-tiles.
CREATE TABLE log_nodes (
    origin INTEGER NOT NULL CONSTRAINT log_nodes_origin_fkey REFERENCES log_origins (number),
    node INTEGER NOT NULL,
    hash BLOB NOT NULL CONSTRAINT log_nodes_hash_length CHECK (length(hash) = 32),
    CONSTRAINT log_nodes_pkey PRIMARY KEY (origin, node)
) STRICT;

CREATE TABLE log_checkpoints (
    origin INTEGER NOT NULL CONSTRAINT log_checkpoints_origin_fkey REFERENCES log_origins (number),
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    CONSTRAINT log_checkpoints_pkey PRIMARY KEY (origin, size)
) STRICT;

-- Leaves that wait for their place in the tree. A trigger fills it, so that no leaf is forgotten.
CREATE TABLE log_pending (
    leaf_id BLOB NOT NULL CONSTRAINT log_pending_pkey PRIMARY KEY
) STRICT;
INSERT INTO log_pending (leaf_id) SELECT leaf_id FROM log_leaves;

-- What opens the commitment of a ledger's row to its leaf, without any key; it goes with its person.
ALTER TABLE log_details ADD COLUMN salt BLOB NOT NULL DEFAULT x'';

CREATE TRIGGER log_leaves_pend AFTER INSERT ON log_leaves
BEGIN INSERT INTO log_pending (leaf_id) VALUES (NEW.leaf_id); END;

CREATE TRIGGER log_origins_no_update BEFORE UPDATE ON log_origins
BEGIN SELECT RAISE(ABORT, 'log_origins is append-only'); END;
CREATE TRIGGER log_origins_no_delete BEFORE DELETE ON log_origins
BEGIN SELECT RAISE(ABORT, 'log_origins is append-only'); END;
CREATE TRIGGER log_entries_no_update BEFORE UPDATE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
CREATE TRIGGER log_entries_no_delete BEFORE DELETE ON log_entries
BEGIN SELECT RAISE(ABORT, 'log_entries is append-only'); END;
CREATE TRIGGER log_nodes_no_update BEFORE UPDATE ON log_nodes
BEGIN SELECT RAISE(ABORT, 'log_nodes is append-only'); END;
CREATE TRIGGER log_nodes_no_delete BEFORE DELETE ON log_nodes
BEGIN SELECT RAISE(ABORT, 'log_nodes is append-only'); END;
CREATE TRIGGER log_checkpoints_no_update BEFORE UPDATE ON log_checkpoints
BEGIN SELECT RAISE(ABORT, 'log_checkpoints is append-only'); END;
CREATE TRIGGER log_checkpoints_no_delete BEFORE DELETE ON log_checkpoints
BEGIN SELECT RAISE(ABORT, 'log_checkpoints is append-only'); END;
