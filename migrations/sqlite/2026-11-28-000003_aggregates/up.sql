-- Advertisements whose clicks are counted.
CREATE TABLE advertisements (
    advertisement_id BLOB NOT NULL CONSTRAINT advertisements_pkey PRIMARY KEY,
    recipient_id BLOB NOT NULL CONSTRAINT advertisements_recipient_fkey REFERENCES recipients (recipient_id),
    label TEXT NOT NULL,
    registered_by BLOB NOT NULL,
    registered_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

-- Who clicked what in which hour: one row however often, for days only, and gone with the consent.
CREATE TABLE ad_clicks (
    hour INTEGER NOT NULL,
    advertisement_id BLOB NOT NULL
        CONSTRAINT ad_clicks_advertisement_fkey REFERENCES advertisements (advertisement_id),
    clicker_id BLOB NOT NULL,
    by_device INTEGER NOT NULL,
    CONSTRAINT ad_clicks_pkey PRIMARY KEY (hour, advertisement_id, clicker_id)
) STRICT;
CREATE INDEX idx_ad_clicks_clicker ON ad_clicks (clicker_id);

CREATE INDEX idx_ad_clicks_hour ON ad_clicks (hour, clicker_id, by_device);

-- Which hours are over with, whether anything was published of them or not.
CREATE TABLE ad_hours (
    hour INTEGER NOT NULL CONSTRAINT ad_hours_pkey PRIMARY KEY,
    closed_at INTEGER NOT NULL
) STRICT;

-- What was published of an hour about the advertisements of one advertiser, once.
CREATE TABLE ad_reports (
    number INTEGER NOT NULL CONSTRAINT ad_reports_pkey PRIMARY KEY,
    recipient_id BLOB NOT NULL CONSTRAINT ad_reports_recipient_fkey REFERENCES recipients (recipient_id),
    hour INTEGER NOT NULL,
    minimum INTEGER NOT NULL,
    total INTEGER,
    published_at INTEGER NOT NULL,
    leaf_id BLOB NOT NULL CONSTRAINT ad_reports_leaf_id_fkey REFERENCES log_leaves (leaf_id)
) STRICT;
CREATE UNIQUE INDEX idx_ad_reports_hour ON ad_reports (hour, recipient_id);
CREATE INDEX idx_ad_reports_recipient ON ad_reports (recipient_id, number);
CREATE TRIGGER ad_reports_no_update BEFORE UPDATE ON ad_reports
BEGIN SELECT RAISE(ABORT, 'ad_reports is append-only'); END;
CREATE TRIGGER ad_reports_no_delete BEFORE DELETE ON ad_reports
BEGIN SELECT RAISE(ABORT, 'ad_reports is append-only'); END;

CREATE TABLE ad_report_cells (
    number INTEGER NOT NULL CONSTRAINT ad_report_cells_report_fkey REFERENCES ad_reports (number),
    advertisement_id BLOB NOT NULL
        CONSTRAINT ad_report_cells_advertisement_fkey REFERENCES advertisements (advertisement_id),
    people INTEGER NOT NULL,
    CONSTRAINT ad_report_cells_pkey PRIMARY KEY (number, advertisement_id)
) STRICT;
CREATE TRIGGER ad_report_cells_no_update BEFORE UPDATE ON ad_report_cells
BEGIN SELECT RAISE(ABORT, 'ad_report_cells is append-only'); END;
CREATE TRIGGER ad_report_cells_no_delete BEFORE DELETE ON ad_report_cells
BEGIN SELECT RAISE(ABORT, 'ad_report_cells is append-only'); END;
