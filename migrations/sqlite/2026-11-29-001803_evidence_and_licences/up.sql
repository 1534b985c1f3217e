-- What a check rests on: where it is kept, or the hash of the document.
ALTER TABLE clearances ADD COLUMN evidence TEXT NULL;
ALTER TABLE clearances ADD COLUMN evidence_sha256 BLOB NULL;

-- Export licences of startups, an input of the gate once they were checked.
CREATE TABLE export_licences (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    authority TEXT NOT NULL,
    number TEXT NOT NULL,
    countries TEXT NOT NULL,
    tags TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT NOT NULL,
    evidence TEXT NULL,
    evidence_sha256 BLOB NULL,
    status TEXT NOT NULL,
    recorded_by BLOB NOT NULL REFERENCES users (id) CHECK (length(recorded_by) = 16),
    decided_by BLOB NULL REFERENCES users (id) CHECK (length(decided_by) = 16),
    reason TEXT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX export_licences_by_organization ON export_licences (organization_id, created_at, id);
CREATE INDEX export_licences_by_status ON export_licences (status, created_at, id);
