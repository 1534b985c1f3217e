-- What the parties of a programme promise, and what shows how far they got.
CREATE TABLE commitments (
    id UUID NOT NULL PRIMARY KEY,
    programme_id UUID NOT NULL REFERENCES programmes (id),
    goal TEXT NOT NULL,
    title TEXT NOT NULL,
    measure TEXT NOT NULL,
    target TEXT NOT NULL,
    target_number BIGINT NULL,
    target_currency TEXT NULL,
    target_date DATE NULL,
    target_text TEXT NULL,
    unit TEXT NULL,
    due DATE NOT NULL,
    owner_id UUID NOT NULL REFERENCES organizations (id),
    status TEXT NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX commitments_by_programme ON commitments (programme_id, created_at, id);
CREATE INDEX commitments_due ON commitments (status, due, id);

CREATE TABLE commitment_evidence (
    id UUID NOT NULL PRIMARY KEY,
    commitment_id UUID NOT NULL REFERENCES commitments (id),
    kind TEXT NOT NULL,
    adds TEXT NOT NULL,
    number BIGINT NULL,
    currency TEXT NULL,
    happened_on DATE NOT NULL,
    note TEXT NOT NULL,
    organization_id UUID NULL REFERENCES organizations (id),
    given_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX commitment_evidence_by_commitment ON commitment_evidence (commitment_id, created_at, id);
