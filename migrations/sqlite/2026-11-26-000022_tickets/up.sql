-- Mailed permissions to do one thing once: finish a registration, join a
-- firm, choose a new password, stand behind a record. The link is signed, so
-- nothing secret is kept here but the hash of a password that waits.

CREATE TABLE tickets (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('registration', 'invitation', 'password_reset', 'claim')),
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    organization_id BLOB REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    role TEXT CHECK (role IN ('owner', 'editor', 'viewer', 'curator', 'compliance', 'admin', 'auditor')),
    language TEXT NOT NULL,
    document TEXT,
    created_by BLOB REFERENCES users (id) CHECK (length(created_by) = 16),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    closed_at INTEGER,
    outcome TEXT CHECK (outcome IN ('used', 'refused', 'revoked')),
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
) STRICT;
CREATE INDEX tickets_by_address ON tickets (email_key, kind, created_at);
CREATE INDEX tickets_by_organization ON tickets (organization_id, kind, created_at);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- Agreement of people to what is done with data about them, as they gave it.
CREATE TABLE consent_receipts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id) CHECK (length(user_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    purpose TEXT NOT NULL,
    person_name TEXT NOT NULL,
    person_role TEXT,
    law TEXT NOT NULL,
    text TEXT NOT NULL,
    text_hash BLOB NOT NULL,
    language TEXT NOT NULL,
    method TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX consent_receipts_by_organization ON consent_receipts (organization_id, given_at);
