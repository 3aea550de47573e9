-- What the log says of disclosures, counted by quarter, class of recipient and step.
CREATE TABLE transparency_counts (
    quarter INTEGER NOT NULL,
    class TEXT NOT NULL,
    step TEXT NOT NULL,
    disclosures INTEGER NOT NULL,
    CONSTRAINT transparency_counts_pkey PRIMARY KEY (quarter, class, step)
) STRICT;

-- How far the log has been counted.
CREATE TABLE transparency_progress (
    singleton INTEGER NOT NULL CONSTRAINT transparency_progress_pkey PRIMARY KEY
        CONSTRAINT transparency_progress_single CHECK (singleton = 1),
    next_seq INTEGER NOT NULL,
    counted_until INTEGER
) STRICT;
