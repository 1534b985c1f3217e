-- Addresses that get no mail but what their account needs.
CREATE TABLE mail_suppressions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL CHECK (reason IN ('hard_bounce', 'complaint', 'support')),
    note TEXT,
    created_by BLOB REFERENCES users (id) CHECK (length(created_by) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_suppressions_by_age ON mail_suppressions (created_at, id);

-- What the reader of an address, with an account or without, doesn't want to
-- be mailed about.
CREATE TABLE mail_opt_outs (
    email_key TEXT NOT NULL,
    topic TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (email_key, topic)
) STRICT;
