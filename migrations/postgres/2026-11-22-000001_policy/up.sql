-- Leaves come first: whatever the policy promises to account for refers to one.
CREATE TABLE log_leaves (
    leaf_id uuid NOT NULL CONSTRAINT log_leaves_pkey PRIMARY KEY,
    bytes bytea NOT NULL,
    hash bytea NOT NULL CONSTRAINT log_leaves_hash_length CHECK (length(hash) = 32)
);

CREATE TABLE log_entries (
    seq bigint NOT NULL CONSTRAINT log_entries_pkey PRIMARY KEY,
    leaf_id uuid NOT NULL CONSTRAINT log_entries_leaf_id_key UNIQUE
        CONSTRAINT log_entries_leaf_id_fkey REFERENCES log_leaves (leaf_id)
);

CREATE TABLE log_details (
    account_id uuid NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT log_details_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    detail bytea NOT NULL,
    CONSTRAINT log_details_pkey PRIMARY KEY (account_id, leaf_id)
);

CREATE TABLE log_public_details (
    leaf_id uuid NOT NULL CONSTRAINT log_public_details_pkey PRIMARY KEY
        CONSTRAINT log_public_details_leaf_id_fkey REFERENCES log_leaves (leaf_id),
    detail bytea NOT NULL
);

CREATE TABLE policy_versions (
    version integer NOT NULL CONSTRAINT policy_versions_pkey PRIMARY KEY
        CONSTRAINT policy_versions_version_positive CHECK (version > 0),
    clauses jsonb NOT NULL,
    content_hash bytea NOT NULL CONSTRAINT policy_versions_content_hash_length CHECK (length(content_hash) = 32),
    published_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT policy_versions_leaf_id_fkey REFERENCES log_leaves (leaf_id)
);

-- Written once: neither an update nor a deletion exists for these tables.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END;
$$;
CREATE TRIGGER log_leaves_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_public_details_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_public_details
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
