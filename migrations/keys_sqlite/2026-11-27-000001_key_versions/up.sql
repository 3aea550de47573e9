-- Versions of a key that were destroyed, where others of its category live on; nothing makes one again.
CREATE TABLE key_version_tombstones (
    account_id BLOB NOT NULL,
    category TEXT NOT NULL,
    version INTEGER NOT NULL,
    erased_at INTEGER NOT NULL,
    CONSTRAINT key_version_tombstones_pkey PRIMARY KEY (account_id, category, version)
) STRICT;
