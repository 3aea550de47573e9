DROP TABLE policy_drafts;
ALTER TABLE policy_versions DROP COLUMN published_by;
ALTER TABLE policy_versions DROP COLUMN written_by;
ALTER TABLE policy_versions DROP COLUMN summary;
ALTER TABLE policy_versions DROP COLUMN change_kind;
ALTER TABLE policy_versions DROP COLUMN storage_places;
ALTER TABLE policy_versions DROP COLUMN purposes;
