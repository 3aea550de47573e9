ALTER TABLE sessions DROP COLUMN place;
ALTER TABLE sessions DROP COLUMN stepped_up_at;
DROP TABLE one_time_codes;
DROP TABLE sign_in_challenges;
DROP TABLE recovery_codes;
DROP TABLE totp_factors;
