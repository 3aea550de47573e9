DROP TABLE consent_events;
DROP TABLE policy_acceptances;
