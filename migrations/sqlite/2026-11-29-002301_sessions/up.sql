-- How often a message may have gone out without the server's word for it, and
-- when it was first tried, which is what it is dated.
ALTER TABLE outbox ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0 CHECK (doubts >= 0);
ALTER TABLE outbox ADD COLUMN first_tried_at INTEGER NULL;
UPDATE outbox SET first_tried_at = created_at WHERE attempts > 0;

-- A server that refuses an address while it is spoken to says the same as a
-- notice that comes back. SQLite changes no CHECK in place.
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
    FROM mail_bounces;
DROP TABLE mail_bounces;
ALTER TABLE mail_bounces_new RENAME TO mail_bounces;
CREATE INDEX mail_bounces_by_age ON mail_bounces (created_at, id);
CREATE INDEX mail_bounces_by_address ON mail_bounces (email_key, created_at);
CREATE INDEX mail_bounces_by_message ON mail_bounces (message_id);

-- Who is asked something, and what is still open.
CREATE INDEX introduction_asks_by_person ON introduction_asks (person_id, introduction_id);
