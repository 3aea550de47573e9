-- The person's own count of verifications; the version of the key that seals the documents of each.
ALTER TABLE kyc_cases ADD COLUMN number bigint NOT NULL DEFAULT 1;

-- A document that was handed in: what the person told of it, sealed.
CREATE TABLE kyc_documents (
    account_id uuid NOT NULL,
    document_id uuid NOT NULL,
    kyc_case_id uuid NOT NULL,
    item text NOT NULL,
    kind text NOT NULL,
    told bytea,
    uploaded_at timestamptz NOT NULL,
    submitted_at timestamptz,
    CONSTRAINT kyc_documents_pkey PRIMARY KEY (account_id, document_id),
    CONSTRAINT kyc_documents_case_fkey FOREIGN KEY (account_id, kyc_case_id)
        REFERENCES kyc_cases (account_id, kyc_case_id)
);
-- One document for each thing that is asked for, and two identity documents are of two kinds (clause 1.6).
CREATE UNIQUE INDEX idx_kyc_documents_item ON kyc_documents (account_id, kyc_case_id, item);
CREATE UNIQUE INDEX idx_kyc_documents_kind ON kyc_documents (account_id, kyc_case_id, kind);

-- Which file shows which side. The file lies elsewhere, sealed, under this random name.
CREATE TABLE kyc_files (
    account_id uuid NOT NULL,
    document_id uuid NOT NULL,
    side text NOT NULL,
    file_name bytea,
    width integer NOT NULL,
    height integer NOT NULL,
    size bigint NOT NULL,
    CONSTRAINT kyc_files_pkey PRIMARY KEY (account_id, document_id, side),
    CONSTRAINT kyc_files_document_fkey FOREIGN KEY (account_id, document_id)
        REFERENCES kyc_documents (account_id, document_id)
);
CREATE UNIQUE INDEX idx_kyc_files_name ON kyc_files (file_name);

-- Finds accounts that show the same document.
CREATE TABLE kyc_document_numbers (
    account_id uuid NOT NULL,
    document_id uuid NOT NULL,
    key_version integer NOT NULL,
    blind_index bytea NOT NULL,
    CONSTRAINT kyc_document_numbers_pkey PRIMARY KEY (account_id, document_id, key_version)
);
CREATE INDEX idx_kyc_document_numbers_blind_index ON kyc_document_numbers (blind_index);

-- What gave rise to a closer look, each once.
CREATE TABLE kyc_flags (
    account_id uuid NOT NULL CONSTRAINT kyc_flags_account_id_fkey REFERENCES accounts (account_id),
    kyc_flag_id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    raised_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT kyc_flags_pkey PRIMARY KEY (account_id, kyc_flag_id)
);
CREATE UNIQUE INDEX idx_kyc_flags_open ON kyc_flags (account_id, kind) WHERE settled_at IS NULL;
