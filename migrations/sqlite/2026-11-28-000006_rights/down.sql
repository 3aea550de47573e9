DROP TABLE retention_runs;
DROP TABLE rights_archives;
ALTER TABLE outbox DROP COLUMN courier;
DROP TABLE rights_request_events;
DROP TABLE rights_requests;
