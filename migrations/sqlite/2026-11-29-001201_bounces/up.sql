-- To which addresses a message went: to find whom a bounce is about. Values
-- about persons, so a table of their own.
CREATE TABLE mail_recipients (
    message_id BLOB NOT NULL REFERENCES outbox (id) CHECK (length(message_id) = 16),
    email_key TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (message_id, email_key)
) STRICT;
CREATE INDEX mail_recipients_by_address ON mail_recipients (email_key, created_at, message_id);

-- Since when a message that was sent is known not to have arrived.
ALTER TABLE outbox ADD COLUMN bounced_at INTEGER NULL;

-- What came back. Each notice is known again by its fingerprint, so that the
-- same one has its effect once.
CREATE TABLE mail_bounces (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    fingerprint TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL CHECK (source IN ('mailbox', 'provider')),
    outcome TEXT NOT NULL CHECK (outcome IN ('suppressed', 'counted', 'noted', 'ignored', 'unknown', 'forged')),
    message_id BLOB NULL REFERENCES outbox (id) CHECK (length(message_id) = 16),
    email TEXT NULL,
    email_key TEXT NULL,
    kind TEXT NULL CHECK (kind IN ('hard', 'soft', 'complaint')),
    status TEXT NULL,
    diagnostic TEXT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_bounces_by_age ON mail_bounces (created_at, id);
CREATE INDEX mail_bounces_by_address ON mail_bounces (email_key, created_at);
CREATE INDEX mail_bounces_by_message ON mail_bounces (message_id);
