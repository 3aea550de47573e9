-- Every row here opens everything that one person has in one category: keep this store apart from
-- the data and its backups, and replicate it continuously.
CREATE TABLE subject_keys (
    account_id uuid NOT NULL,
    category text NOT NULL,
    version integer NOT NULL,
    kek_version integer NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT subject_keys_pkey PRIMARY KEY (account_id, category, version)
);
CREATE INDEX idx_subject_keys_kek_version ON subject_keys (kek_version);

-- What was destroyed; nothing makes such a key again.
CREATE TABLE key_tombstones (
    account_id uuid NOT NULL,
    category text NOT NULL,
    erased_at timestamptz NOT NULL,
    CONSTRAINT key_tombstones_pkey PRIMARY KEY (account_id, category)
);

-- The installation that this store belongs to: data and keys of different ones are never opened together.
CREATE TABLE store_identity (
    singleton smallint NOT NULL CONSTRAINT store_identity_pkey PRIMARY KEY
        CONSTRAINT store_identity_singleton CHECK (singleton = 1),
    installation_id uuid NOT NULL
);
