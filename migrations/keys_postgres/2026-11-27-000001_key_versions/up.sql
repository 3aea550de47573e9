-- Versions of a key that were destroyed, where others of its category live on; nothing makes one again.
CREATE TABLE key_version_tombstones (
    account_id uuid NOT NULL,
    category text NOT NULL,
    version integer NOT NULL,
    erased_at timestamptz NOT NULL,
    CONSTRAINT key_version_tombstones_pkey PRIMARY KEY (account_id, category, version)
);
