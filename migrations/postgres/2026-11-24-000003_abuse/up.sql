-- A bucket is one number: the microsecond at which it will be full again, and its row superfluous.
CREATE TABLE throttles (
    bucket_mac bytea NOT NULL CONSTRAINT throttles_pkey PRIMARY KEY,
    full_at bigint NOT NULL
);
CREATE INDEX idx_throttles_full_at ON throttles (full_at);

CREATE TABLE blocks (
    block_id uuid NOT NULL CONSTRAINT blocks_pkey PRIMARY KEY,
    target_mac bytea NOT NULL CONSTRAINT blocks_target_mac_key UNIQUE,
    target bytea NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
