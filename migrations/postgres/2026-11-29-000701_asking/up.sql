-- When the person asked is reminded next, and how often they were. What was
-- asked before is not reminded.
ALTER TABLE introduction_asks ADD COLUMN remind_at timestamptz NULL;
ALTER TABLE introduction_asks ADD COLUMN reminders integer NOT NULL DEFAULT 0;
CREATE INDEX introduction_asks_to_remind ON introduction_asks (state, remind_at);

-- Whom a question was passed on to outside the firm's accounts. Values about
-- persons stand here alone, so that erasing one touches nothing else.
CREATE TABLE ask_delegates (
    ask_id uuid NOT NULL PRIMARY KEY REFERENCES introduction_asks (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    email text NOT NULL,
    email_key text NOT NULL,
    name text,
    language text NOT NULL,
    zone text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX ask_delegates_by_organization ON ask_delegates (organization_id, created_at);
CREATE INDEX ask_delegates_by_address ON ask_delegates (email_key);
