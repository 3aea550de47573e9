DROP TABLE instruments;
DROP TABLE processing_limit_events;
DROP TABLE consent_requests;
DROP TABLE disclosure_events;
DROP TABLE disclosures;
DROP TABLE recipient_events;
DROP TABLE recipients;
