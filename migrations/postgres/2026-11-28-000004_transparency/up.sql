-- What the log says of disclosures, counted by quarter, class of recipient and step.
CREATE TABLE transparency_counts (
    quarter integer NOT NULL,
    class text NOT NULL,
    step text NOT NULL,
    disclosures bigint NOT NULL,
    CONSTRAINT transparency_counts_pkey PRIMARY KEY (quarter, class, step)
);

-- How far the log has been counted.
CREATE TABLE transparency_progress (
    singleton smallint NOT NULL CONSTRAINT transparency_progress_pkey PRIMARY KEY
        CONSTRAINT transparency_progress_single CHECK (singleton = 1),
    next_seq bigint NOT NULL,
    counted_until timestamptz
);
