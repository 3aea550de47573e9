DROP TABLE ad_report_cells;
DROP TABLE ad_reports;
DROP TABLE ad_hours;
DROP TABLE ad_clicks;
DROP TABLE advertisements;
