-- The taxonomy as data. One row counts its editions, so that every node knows
-- whether it has the newest; writers change it first of all, one after another.
CREATE TABLE taxonomy_editions (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    base TEXT NOT NULL,
    edition BIGINT NOT NULL
);

CREATE TABLE tags (
    id UUID NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parent TEXT NULL,
    words TEXT NOT NULL,
    sensitivity TEXT NOT NULL,
    valid_from DATE NULL,
    valid_to DATE NULL,
    redirect TEXT NULL,
    merged BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- What people decided about tags, and why; what is not settled waits for a
-- second person.
CREATE TABLE tag_decisions (
    id UUID NOT NULL PRIMARY KEY,
    tag_id UUID NOT NULL REFERENCES tags (id),
    matter TEXT NOT NULL,
    reason TEXT NOT NULL,
    person_id UUID NOT NULL REFERENCES users (id),
    settled BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX tag_decisions_by_tag ON tag_decisions (tag_id, created_at);

-- Jobs that have the holders of one tag hold another.
CREATE TABLE tag_merges (
    id UUID NOT NULL PRIMARY KEY,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    started_by UUID NOT NULL REFERENCES users (id),
    held BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ NULL
);
