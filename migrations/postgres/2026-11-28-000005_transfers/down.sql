DROP INDEX idx_disclosures_transfer;
DROP TABLE transfer_approvals;
DROP TABLE transfers;
