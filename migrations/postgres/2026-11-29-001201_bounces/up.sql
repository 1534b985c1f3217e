-- To which addresses a message went: to find whom a bounce is about. Values
-- about persons, so a table of their own.
CREATE TABLE mail_recipients (
    message_id uuid NOT NULL REFERENCES outbox (id),
    email_key text NOT NULL,
    email text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, email_key)
);
CREATE INDEX mail_recipients_by_address ON mail_recipients (email_key, created_at, message_id);

-- Since when a message that was sent is known not to have arrived.
ALTER TABLE outbox ADD COLUMN bounced_at timestamptz NULL;

-- What came back. Each notice is known again by its fingerprint, so that the
-- same one has its effect once.
CREATE TABLE mail_bounces (
    id uuid NOT NULL PRIMARY KEY,
    fingerprint text NOT NULL UNIQUE,
    source text NOT NULL CHECK (source IN ('mailbox', 'provider')),
    outcome text NOT NULL CHECK (outcome IN ('suppressed', 'counted', 'noted', 'ignored', 'unknown', 'forged')),
    message_id uuid NULL REFERENCES outbox (id),
    email text NULL,
    email_key text NULL,
    kind text NULL CHECK (kind IN ('hard', 'soft', 'complaint')),
    status text NULL,
    diagnostic text NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX mail_bounces_by_age ON mail_bounces (created_at, id);
CREATE INDEX mail_bounces_by_address ON mail_bounces (email_key, created_at);
CREATE INDEX mail_bounces_by_message ON mail_bounces (message_id);
