ALTER TABLE staff_reads DROP COLUMN rights_request_id;
DROP TABLE rights_evidence;
DROP TABLE rights_corrections;
DROP TABLE retention_runs;
DROP TABLE rights_archives;
ALTER TABLE outbox DROP COLUMN courier;
DROP TABLE rights_request_events;
DROP TABLE rights_requests;
