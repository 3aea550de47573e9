-- The person's own count of verifications; the version of the key that seals the documents of each.
ALTER TABLE kyc_cases ADD COLUMN number INTEGER NOT NULL DEFAULT 1;

-- A document that was handed in: what the person told of it, sealed.
CREATE TABLE kyc_documents (
    account_id BLOB NOT NULL,
    document_id BLOB NOT NULL,
    kyc_case_id BLOB NOT NULL,
    item TEXT NOT NULL,
    kind TEXT NOT NULL,
    told BLOB,
    uploaded_at INTEGER NOT NULL,
    submitted_at INTEGER,
    CONSTRAINT kyc_documents_pkey PRIMARY KEY (account_id, document_id),
    CONSTRAINT kyc_documents_case_fkey FOREIGN KEY (account_id, kyc_case_id)
        REFERENCES kyc_cases (account_id, kyc_case_id)
) STRICT;
-- One document for each thing that is asked for, and two identity documents are of two kinds (clause 1.6).
CREATE UNIQUE INDEX idx_kyc_documents_item ON kyc_documents (account_id, kyc_case_id, item);
CREATE UNIQUE INDEX idx_kyc_documents_kind ON kyc_documents (account_id, kyc_case_id, kind);

-- Which file shows which side. The file lies elsewhere, sealed, under this random name.
CREATE TABLE kyc_files (
    account_id BLOB NOT NULL,
    document_id BLOB NOT NULL,
    side TEXT NOT NULL,
    file_name BLOB,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    size INTEGER NOT NULL,
    CONSTRAINT kyc_files_pkey PRIMARY KEY (account_id, document_id, side),
    CONSTRAINT kyc_files_document_fkey FOREIGN KEY (account_id, document_id)
        REFERENCES kyc_documents (account_id, document_id)
) STRICT;
CREATE UNIQUE INDEX idx_kyc_files_name ON kyc_files (file_name);

-- Finds accounts that show the same document.
CREATE TABLE kyc_document_numbers (
    account_id BLOB NOT NULL,
    document_id BLOB NOT NULL,
    key_version INTEGER NOT NULL,
    blind_index BLOB NOT NULL,
    CONSTRAINT kyc_document_numbers_pkey PRIMARY KEY (account_id, document_id, key_version)
) STRICT;
CREATE INDEX idx_kyc_document_numbers_blind_index ON kyc_document_numbers (blind_index);

-- What gave rise to a closer look, each once.
CREATE TABLE kyc_flags (
    account_id BLOB NOT NULL CONSTRAINT kyc_flags_account_id_fkey REFERENCES accounts (account_id),
    kyc_flag_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    settled_at INTEGER,
    CONSTRAINT kyc_flags_pkey PRIMARY KEY (account_id, kyc_flag_id)
) STRICT;
CREATE UNIQUE INDEX idx_kyc_flags_open ON kyc_flags (account_id, kind) WHERE settled_at IS NULL;
