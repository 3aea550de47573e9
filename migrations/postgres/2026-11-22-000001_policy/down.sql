DROP TABLE policy_versions;
DROP TABLE log_public_details;
DROP TABLE log_details;
DROP TABLE log_entries;
DROP TABLE log_leaves;
DROP FUNCTION refuse_change();
