DROP TABLE kyc_flags;
DROP TABLE kyc_document_numbers;
DROP TABLE kyc_files;
DROP TABLE kyc_documents;
ALTER TABLE kyc_cases DROP COLUMN number;
