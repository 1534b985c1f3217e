-- Why a message waits though it is due: the gate is closed, or its reader has
-- the evening or the day off.
ALTER TABLE outbox ADD COLUMN hold TEXT NULL CHECK (hold IN ('gate', 'quiet'));
-- What the mail server said when it took it.
ALTER TABLE outbox ADD COLUMN last_answer TEXT NULL;

-- What a mail said, its links left out; kept for a month.
CREATE TABLE mail_copies (
    message_id BLOB NOT NULL PRIMARY KEY REFERENCES outbox (id) CHECK (length(message_id) = 16),
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_copies_by_age ON mail_copies (created_at);
CREATE INDEX mail_recipients_by_age ON mail_recipients (created_at);
