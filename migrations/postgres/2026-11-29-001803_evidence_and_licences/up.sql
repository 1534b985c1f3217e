-- What a check rests on: where it is kept, or the hash of the document.
ALTER TABLE clearances ADD COLUMN evidence TEXT NULL;
ALTER TABLE clearances ADD COLUMN evidence_sha256 BYTEA NULL;

-- Export licences of startups, an input of the gate once they were checked.
CREATE TABLE export_licences (
    id UUID NOT NULL PRIMARY KEY,
    organization_id UUID NOT NULL REFERENCES organizations (id),
    authority TEXT NOT NULL,
    number TEXT NOT NULL,
    countries TEXT NOT NULL,
    tags TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    evidence TEXT NULL,
    evidence_sha256 BYTEA NULL,
    status TEXT NOT NULL,
    recorded_by UUID NOT NULL REFERENCES users (id),
    decided_by UUID NULL REFERENCES users (id),
    reason TEXT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX export_licences_by_organization ON export_licences (organization_id, created_at, id);
CREATE INDEX export_licences_by_status ON export_licences (status, created_at, id);
