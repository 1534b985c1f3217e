-- What each side's calendar answered to the invitation last.
CREATE TABLE introduction_meeting_answers (
    introduction_id BLOB NOT NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    answer TEXT NOT NULL CHECK (answer IN ('accepted', 'tentative', 'declined', 'countered')),
    written_at INTEGER NOT NULL,
    starts_at INTEGER NULL,
    minutes INTEGER NULL CHECK (minutes > 0),
    read_at INTEGER NOT NULL,
    PRIMARY KEY (introduction_id, side)
) STRICT;

-- What comes back can be such an answer.
CREATE TABLE mail_bounces_new (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    fingerprint TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL CHECK (source IN ('mailbox', 'provider', 'session')),
    outcome TEXT NOT NULL CHECK (outcome IN ('suppressed', 'counted', 'noted', 'ignored', 'unknown', 'forged', 'answered')),
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
    FROM mail_bounces;
DROP TABLE mail_bounces;
ALTER TABLE mail_bounces_new RENAME TO mail_bounces;
CREATE INDEX mail_bounces_by_age ON mail_bounces (created_at, id);
CREATE INDEX mail_bounces_by_address ON mail_bounces (email_key, created_at);
CREATE INDEX mail_bounces_by_message ON mail_bounces (message_id);
