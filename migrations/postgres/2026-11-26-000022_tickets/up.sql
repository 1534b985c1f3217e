-- Mailed permissions to do one thing once: finish a registration, join a
-- firm, choose a new password, stand behind a record. The link is signed, so
-- nothing secret is kept here but the hash of a password that waits.

CREATE TABLE tickets (
    id uuid NOT NULL PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('registration', 'invitation', 'password_reset', 'claim')),
    email text NOT NULL,
    email_key text NOT NULL,
    organization_id uuid REFERENCES organizations (id),
    role text CHECK (role IN ('owner', 'editor', 'viewer', 'curator', 'compliance', 'admin', 'auditor')),
    language text NOT NULL,
    document text,
    created_by uuid REFERENCES users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    closed_at timestamptz,
    outcome text CHECK (outcome IN ('used', 'refused', 'revoked')),
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX tickets_by_address ON tickets (email_key, kind, created_at);
CREATE INDEX tickets_by_organization ON tickets (organization_id, kind, created_at);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);

-- Agreement of people to what is done with data about them, as they gave it.
CREATE TABLE consent_receipts (
    id uuid NOT NULL PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    purpose text NOT NULL,
    person_name text NOT NULL,
    person_role text,
    law text NOT NULL,
    text text NOT NULL,
    text_hash bytea NOT NULL,
    language text NOT NULL,
    method text NOT NULL,
    given_at timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX consent_receipts_by_organization ON consent_receipts (organization_id, given_at);
