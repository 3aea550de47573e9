DROP TABLE device_consent_events;
DROP TABLE devices;
