-- Reads for verifications stay: nothing deletes a row of this ledger, and the columns do no harm.
DROP INDEX idx_staff_reads_id;
DROP TABLE kyc_signals;
DROP TABLE kyc_records;
DROP TABLE kyc_decisions;
DROP TABLE kyc_notes;
DROP INDEX idx_kyc_cases_queue;
ALTER TABLE kyc_cases DROP COLUMN reminders_sent;
ALTER TABLE kyc_cases DROP COLUMN assigned_to;
