ALTER TABLE key_tombstones DROP COLUMN last_version;
