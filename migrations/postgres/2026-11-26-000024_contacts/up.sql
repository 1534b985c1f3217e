-- Whom a firm can be reached through that has no account yet: the address an
-- import brought, when it was asked to stand behind the firm's records, and
-- whether it said no.

CREATE TABLE contacts (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    email_key text NOT NULL,
    email text NOT NULL,
    language text NOT NULL,
    created_at timestamptz NOT NULL,
    asked_at timestamptz,
    objected_at timestamptz,
    PRIMARY KEY (organization_id, email_key)
);
CREATE INDEX contacts_by_address ON contacts (email_key);
