-- A version is its clauses, the purposes that they name, and the places where data rest.
ALTER TABLE policy_versions ADD COLUMN purposes jsonb NOT NULL DEFAULT '[]';
ALTER TABLE policy_versions ADD COLUMN storage_places jsonb NOT NULL DEFAULT '[]';
ALTER TABLE policy_versions ADD COLUMN change_kind text NOT NULL DEFAULT 'material';
ALTER TABLE policy_versions ADD COLUMN summary text NOT NULL DEFAULT '';
ALTER TABLE policy_versions ADD COLUMN written_by uuid;
ALTER TABLE policy_versions ADD COLUMN published_by uuid;

-- The number that a draft will bear is its key: two drafts of one number cannot be.
CREATE TABLE policy_drafts (
    version integer NOT NULL CONSTRAINT policy_drafts_pkey PRIMARY KEY,
    document jsonb NOT NULL,
    content_hash bytea NOT NULL,
    change_kind text NOT NULL,
    summary text NOT NULL,
    revision bigint NOT NULL,
    written_by uuid NOT NULL,
    writers jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
