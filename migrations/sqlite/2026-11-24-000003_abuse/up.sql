-- A bucket is one number: the microsecond at which it will be full again, and its row superfluous.
CREATE TABLE throttles (
    bucket_mac BLOB NOT NULL CONSTRAINT throttles_pkey PRIMARY KEY,
    full_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_throttles_full_at ON throttles (full_at);

CREATE TABLE blocks (
    block_id BLOB NOT NULL CONSTRAINT blocks_pkey PRIMARY KEY,
    target_mac BLOB NOT NULL CONSTRAINT blocks_target_mac_key UNIQUE,
    target BLOB NOT NULL,
    reason TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
