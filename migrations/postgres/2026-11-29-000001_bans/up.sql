-- Who was banned, on which ground and until when; once the person was erased, nothing leads to the account.
CREATE TABLE bans (
    ban_id uuid NOT NULL CONSTRAINT bans_pkey PRIMARY KEY,
    account_id uuid CONSTRAINT bans_account_id_fkey REFERENCES accounts (account_id),
    ground text NOT NULL,
    banned_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
CREATE INDEX idx_bans_account_id ON bans (account_id);
CREATE INDEX idx_bans_ends_at ON bans (ends_at);

-- By what a banned person is recognised: keyed hashes, under a key that serves nothing else.
CREATE TABLE ban_marks (
    ban_id uuid NOT NULL CONSTRAINT ban_marks_ban_id_fkey REFERENCES bans (ban_id),
    mark bytea NOT NULL,
    CONSTRAINT ban_marks_pkey PRIMARY KEY (ban_id, mark)
);
CREATE INDEX idx_ban_marks_mark ON ban_marks (mark);
