-- What the parties of a programme promise, and what shows how far they got.
CREATE TABLE commitments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    goal TEXT NOT NULL,
    title TEXT NOT NULL,
    measure TEXT NOT NULL,
    target TEXT NOT NULL,
    target_number INTEGER NULL,
    target_currency TEXT NULL,
    target_date TEXT NULL,
    target_text TEXT NULL,
    unit TEXT NULL,
    due TEXT NOT NULL,
    owner_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(owner_id) = 16),
    status TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX commitments_by_programme ON commitments (programme_id, created_at, id);
CREATE INDEX commitments_due ON commitments (status, due, id);

CREATE TABLE commitment_evidence (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    commitment_id BLOB NOT NULL REFERENCES commitments (id) CHECK (length(commitment_id) = 16),
    kind TEXT NOT NULL,
    adds TEXT NOT NULL,
    number INTEGER NULL,
    currency TEXT NULL,
    happened_on TEXT NOT NULL,
    note TEXT NOT NULL,
    organization_id BLOB NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    given_by BLOB NOT NULL REFERENCES users (id) CHECK (length(given_by) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX commitment_evidence_by_commitment ON commitment_evidence (commitment_id, created_at, id);
