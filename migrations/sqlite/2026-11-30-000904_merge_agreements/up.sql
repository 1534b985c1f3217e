-- Firms that people stand behind become one where an owner of each says so. The
-- other one may be any id: nobody learns by it who is here.
CREATE TABLE merge_agreements (
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    other_id BLOB NOT NULL CHECK (length(other_id) = 16),
    agreed_by BLOB NOT NULL REFERENCES users (id) CHECK (length(agreed_by) = 16),
    agreed_at INTEGER NOT NULL,
    PRIMARY KEY (organization_id, other_id)
) STRICT;
