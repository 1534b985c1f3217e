-- When the person asked is reminded next, and how often they were. What was
-- asked before is not reminded.
ALTER TABLE introduction_asks ADD COLUMN remind_at INTEGER NULL;
ALTER TABLE introduction_asks ADD COLUMN reminders INTEGER NOT NULL DEFAULT 0;
CREATE INDEX introduction_asks_to_remind ON introduction_asks (state, remind_at);

-- Whom a question was passed on to outside the firm's accounts. Values about
-- persons stand here alone, so that erasing one touches nothing else.
CREATE TABLE ask_delegates (
    ask_id BLOB NOT NULL PRIMARY KEY REFERENCES introduction_asks (id) CHECK (length(ask_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    name TEXT,
    language TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX ask_delegates_by_organization ON ask_delegates (organization_id, created_at);
CREATE INDEX ask_delegates_by_address ON ask_delegates (email_key);
