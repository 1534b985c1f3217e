-- Firms that people stand behind become one where an owner of each says so. The
-- other one may be any id: nobody learns by it who is here.
CREATE TABLE merge_agreements (
    organization_id UUID NOT NULL REFERENCES organizations (id),
    other_id UUID NOT NULL,
    agreed_by UUID NOT NULL REFERENCES users (id),
    agreed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (organization_id, other_id)
);
