-- Addresses that get no mail but what their account needs.
CREATE TABLE mail_suppressions (
    id uuid NOT NULL PRIMARY KEY,
    email text NOT NULL,
    email_key text NOT NULL UNIQUE,
    reason text NOT NULL CHECK (reason IN ('hard_bounce', 'complaint', 'support')),
    note text,
    created_by uuid REFERENCES users (id),
    created_at timestamptz NOT NULL
);
CREATE INDEX mail_suppressions_by_age ON mail_suppressions (created_at, id);

-- What the reader of an address, with an account or without, doesn't want to
-- be mailed about.
CREATE TABLE mail_opt_outs (
    email_key text NOT NULL,
    topic text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (email_key, topic)
);
