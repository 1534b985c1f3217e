-- What parties and curators put on record of a programme before anybody made a
-- promise of it; a curator gives it to a commitment later.
CREATE TABLE programme_evidence (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    kind TEXT NOT NULL,
    happened_on TEXT NOT NULL,
    note TEXT NOT NULL,
    organization_id BLOB NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    given_by BLOB NOT NULL REFERENCES users (id) CHECK (length(given_by) = 16),
    state TEXT NOT NULL,
    commitment_id BLOB NULL REFERENCES commitments (id) CHECK (length(commitment_id) = 16),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX programme_evidence_by_programme ON programme_evidence (programme_id, created_at, id);
