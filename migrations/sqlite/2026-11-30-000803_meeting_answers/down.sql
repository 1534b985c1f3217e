CREATE TABLE mail_bounces_new (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    fingerprint TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL CHECK (source IN ('mailbox', 'provider', 'session')),
    outcome TEXT NOT NULL CHECK (outcome IN ('suppressed', 'counted', 'noted', 'ignored', 'unknown', 'forged')),
    message_id BLOB NULL REFERENCES outbox (id) CHECK (length(message_id) = 16),
    email TEXT NULL,
    email_key TEXT NULL,
    kind TEXT NULL CHECK (kind IN ('hard', 'soft', 'complaint')),
    status TEXT NULL,
    diagnostic TEXT NULL,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO mail_bounces_new
    SELECT id, fingerprint, source, outcome, message_id, email, email_key, kind, status, diagnostic, created_at
    FROM mail_bounces
    WHERE outcome <> 'answered';
DROP TABLE mail_bounces;
ALTER TABLE mail_bounces_new RENAME TO mail_bounces;
CREATE INDEX mail_bounces_by_age ON mail_bounces (created_at, id);
CREATE INDEX mail_bounces_by_address ON mail_bounces (email_key, created_at);
CREATE INDEX mail_bounces_by_message ON mail_bounces (message_id);
DROP TABLE introduction_meeting_answers;
