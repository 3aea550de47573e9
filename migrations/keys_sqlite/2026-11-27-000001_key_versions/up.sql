-- A tombstone may cover the versions of a key up to one, and not the category for ever.
ALTER TABLE key_tombstones ADD COLUMN last_version INTEGER;
