-- What parties and curators put on record of a programme before anybody made a
-- promise of it; a curator gives it to a commitment later.
CREATE TABLE programme_evidence (
    id UUID NOT NULL PRIMARY KEY,
    programme_id UUID NOT NULL REFERENCES programmes (id),
    kind TEXT NOT NULL,
    happened_on DATE NOT NULL,
    note TEXT NOT NULL,
    organization_id UUID NULL REFERENCES organizations (id),
    given_by UUID NOT NULL REFERENCES users (id),
    state TEXT NOT NULL,
    commitment_id UUID NULL REFERENCES commitments (id),
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX programme_evidence_by_programme ON programme_evidence (programme_id, created_at, id);
