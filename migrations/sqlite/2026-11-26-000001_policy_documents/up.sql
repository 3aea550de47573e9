-- A version is its clauses, the purposes that they name, and the places where data rest.
ALTER TABLE policy_versions ADD COLUMN purposes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE policy_versions ADD COLUMN storage_places TEXT NOT NULL DEFAULT '[]';
ALTER TABLE policy_versions ADD COLUMN change_kind TEXT NOT NULL DEFAULT 'material';
ALTER TABLE policy_versions ADD COLUMN summary TEXT NOT NULL DEFAULT '';
ALTER TABLE policy_versions ADD COLUMN written_by BLOB;
ALTER TABLE policy_versions ADD COLUMN published_by BLOB;

-- The number that a draft will bear is its key: two drafts of one number cannot be.
CREATE TABLE policy_drafts (
    version INTEGER NOT NULL CONSTRAINT policy_drafts_pkey PRIMARY KEY,
    document TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    change_kind TEXT NOT NULL,
    summary TEXT NOT NULL,
    revision INTEGER NOT NULL,
    written_by BLOB NOT NULL,
    writers TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
