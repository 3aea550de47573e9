-- Advertisements whose clicks are counted.
CREATE TABLE advertisements (
    advertisement_id uuid NOT NULL CONSTRAINT advertisements_pkey PRIMARY KEY,
    recipient_id uuid NOT NULL CONSTRAINT advertisements_recipient_fkey REFERENCES recipients (recipient_id),
    label text NOT NULL,
    registered_by uuid NOT NULL,
    registered_at timestamptz NOT NULL,
    ended_at timestamptz
);

-- Who clicked what in which hour: one row however often, for days only, and gone with the consent.
CREATE TABLE ad_clicks (
    hour timestamptz NOT NULL,
    advertisement_id uuid NOT NULL
        CONSTRAINT ad_clicks_advertisement_fkey REFERENCES advertisements (advertisement_id),
    clicker_id uuid NOT NULL,
    by_device smallint NOT NULL,
    CONSTRAINT ad_clicks_pkey PRIMARY KEY (hour, advertisement_id, clicker_id)
);
CREATE INDEX idx_ad_clicks_clicker ON ad_clicks (clicker_id);

CREATE INDEX idx_ad_clicks_hour ON ad_clicks (hour, clicker_id, by_device);

-- Which hours are over with, whether anything was published of them or not.
CREATE TABLE ad_hours (
    hour timestamptz NOT NULL CONSTRAINT ad_hours_pkey PRIMARY KEY,
    closed_at timestamptz NOT NULL
);

-- What was published of an hour about the advertisements of one advertiser, once.
CREATE TABLE ad_reports (
    number bigint NOT NULL CONSTRAINT ad_reports_pkey PRIMARY KEY,
    recipient_id uuid NOT NULL CONSTRAINT ad_reports_recipient_fkey REFERENCES recipients (recipient_id),
    hour timestamptz NOT NULL,
    minimum integer NOT NULL,
    total bigint,
    published_at timestamptz NOT NULL,
    leaf_id uuid NOT NULL CONSTRAINT ad_reports_leaf_id_fkey REFERENCES log_leaves (leaf_id)
);
CREATE UNIQUE INDEX idx_ad_reports_hour ON ad_reports (hour, recipient_id);
CREATE INDEX idx_ad_reports_recipient ON ad_reports (recipient_id, number);
CREATE TRIGGER ad_reports_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ad_reports
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE ad_report_cells (
    number bigint NOT NULL CONSTRAINT ad_report_cells_report_fkey REFERENCES ad_reports (number),
    advertisement_id uuid NOT NULL
        CONSTRAINT ad_report_cells_advertisement_fkey REFERENCES advertisements (advertisement_id),
    people bigint NOT NULL,
    CONSTRAINT ad_report_cells_pkey PRIMARY KEY (number, advertisement_id)
);
CREATE TRIGGER ad_report_cells_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ad_report_cells
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
