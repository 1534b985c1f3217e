-- Whom a firm can be reached through that has no account yet: the address an
-- import brought, when it was asked to stand behind the firm's records, and
-- whether it said no.

CREATE TABLE contacts (
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    email_key TEXT NOT NULL,
    email TEXT NOT NULL,
    language TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    asked_at INTEGER,
    objected_at INTEGER,
    PRIMARY KEY (organization_id, email_key)
) STRICT;
CREATE INDEX contacts_by_address ON contacts (email_key);
