-- While the law wants something of a firm kept, nothing of it is erased.
CREATE TABLE legal_holds (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    reason TEXT NOT NULL,
    placed_by UUID NOT NULL REFERENCES users (id),
    lifted_by UUID NULL REFERENCES users (id),
    lifted_at TIMESTAMPTZ NULL,
    lift_reason TEXT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX legal_holds_by_firm ON legal_holds (organization_id, created_at, id);
CREATE INDEX legal_holds_by_age ON legal_holds (created_at, id);

-- A mandate may be erased as profiles may.
ALTER TABLE mandates DROP CONSTRAINT mandates_status_check;
ALTER TABLE mandates ADD CONSTRAINT mandates_status_check
    CHECK (status IN ('draft', 'published', 'paused', 'stale', 'suspended', 'withdrawn', 'archived', 'erased'));
