DROP TABLE registrations;
DROP TABLE data_confirmations;
DROP TABLE account_changes;
DROP TABLE credentials;
DROP TABLE profiles;
DROP TABLE account_emails;
DROP TABLE accounts;
