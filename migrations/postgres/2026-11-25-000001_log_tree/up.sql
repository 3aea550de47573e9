-- A lineage of the tree. A new one begins only by `log reopen`, and says what the one before came to.
CREATE TABLE log_origins (
    number bigint NOT NULL CONSTRAINT log_origins_pkey PRIMARY KEY,
    name text NOT NULL CONSTRAINT log_origins_name_key UNIQUE,
    first_seq bigint NOT NULL,
    opened_at timestamptz NOT NULL,
    previous_checkpoint text
);

-- The proofs are asked for by the hash of a leaf; it stands here, away from the writes of persons.
DROP TABLE log_entries;
CREATE TABLE log_entries (
    seq bigint NOT NULL CONSTRAINT log_entries_pkey PRIMARY KEY,
    leaf_id uuid NOT NULL CONSTRAINT log_entries_leaf_id_key UNIQUE
        CONSTRAINT log_entries_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    hash bytea NOT NULL CONSTRAINT log_entries_hash_key UNIQUE
        CONSTRAINT log_entries_hash_length CHECK (length(hash) = 32)
);

-- The hashes of complete subtrees, numbered as in C2SP tlog-tiles.
CREATE TABLE log_nodes (
    origin bigint NOT NULL CONSTRAINT log_nodes_origin_fkey REFERENCES log_origins (number),
    node bigint NOT NULL,
    hash bytea NOT NULL CONSTRAINT log_nodes_hash_length CHECK (length(hash) = 32),
    CONSTRAINT log_nodes_pkey PRIMARY KEY (origin, node)
);

CREATE TABLE log_checkpoints (
    origin bigint NOT NULL CONSTRAINT log_checkpoints_origin_fkey REFERENCES log_origins (number),
    size bigint NOT NULL,
    note text NOT NULL,
    signed_at timestamptz NOT NULL,
    CONSTRAINT log_checkpoints_pkey PRIMARY KEY (origin, size)
);

-- Leaves that wait for their place in the tree. A trigger fills it, so that no leaf is forgotten.
CREATE TABLE log_pending (
    leaf_id uuid NOT NULL CONSTRAINT log_pending_pkey PRIMARY KEY
);
INSERT INTO log_pending (leaf_id) SELECT leaf_id FROM log_leaves;

-- What opens the commitment of a ledger's row to its leaf, without any key; it goes with its person.
ALTER TABLE log_details ADD COLUMN salt bytea NOT NULL DEFAULT '';

CREATE FUNCTION pend_leaf() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log_pending (leaf_id) VALUES (NEW.leaf_id);
    RETURN NULL;
END;
$$;
CREATE TRIGGER log_leaves_pend AFTER INSERT ON log_leaves FOR EACH ROW EXECUTE FUNCTION pend_leaf();

CREATE TRIGGER log_origins_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_origins
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_nodes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
