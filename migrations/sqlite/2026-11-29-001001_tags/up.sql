-- The taxonomy as data. One row counts its editions, so that every node knows
-- whether it has the newest; writers change it first of all, one after another.
CREATE TABLE taxonomy_editions (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    base TEXT NOT NULL,
    edition INTEGER NOT NULL
) STRICT;

CREATE TABLE tags (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parent TEXT NULL,
    words TEXT NOT NULL,
    sensitivity TEXT NOT NULL,
    valid_from TEXT NULL,
    valid_to TEXT NULL,
    redirect TEXT NULL,
    merged INTEGER NOT NULL CHECK (merged IN (0, 1)),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- What people decided about tags, and why; what is not settled waits for a
-- second person.
CREATE TABLE tag_decisions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    tag_id BLOB NOT NULL REFERENCES tags (id) CHECK (length(tag_id) = 16),
    matter TEXT NOT NULL,
    reason TEXT NOT NULL,
    person_id BLOB NOT NULL REFERENCES users (id) CHECK (length(person_id) = 16),
    settled INTEGER NOT NULL CHECK (settled IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tag_decisions_by_tag ON tag_decisions (tag_id, created_at);

-- Jobs that have the holders of one tag hold another.
CREATE TABLE tag_merges (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    started_by BLOB NOT NULL REFERENCES users (id) CHECK (length(started_by) = 16),
    held INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER NULL
) STRICT;
