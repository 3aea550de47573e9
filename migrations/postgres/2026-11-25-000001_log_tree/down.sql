DROP TRIGGER log_leaves_pend ON log_leaves;
DROP FUNCTION pend_leaf();
ALTER TABLE log_details DROP COLUMN salt;
DROP TABLE log_pending;
DROP TABLE log_checkpoints;
DROP TABLE log_nodes;
DROP TABLE log_entries;
CREATE TABLE log_entries (
    seq bigint NOT NULL CONSTRAINT log_entries_pkey PRIMARY KEY,
    leaf_id uuid NOT NULL CONSTRAINT log_entries_leaf_id_key UNIQUE
        CONSTRAINT log_entries_leaf_id_fkey REFERENCES log_leaves (leaf_id)
);
CREATE TRIGGER log_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP TABLE log_origins;
