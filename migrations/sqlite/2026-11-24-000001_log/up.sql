-- The event log. `seq` is the order of insertion, `position` the order in
-- which the sealer found the rows committed; readers follow `position` only.
CREATE TABLE events (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    position INTEGER NULL UNIQUE CHECK (position > 0),
    hash BLOB NULL CHECK (length(hash) = 32),
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL CHECK (length(subject_id) = 16),
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('user', 'link', 'system')),
    actor_id BLOB NULL CHECK (length(actor_id) = 16),
    payload TEXT NOT NULL,
    CHECK ((position IS NULL) = (hash IS NULL)),
    CHECK ((actor_kind = 'system') = (actor_id IS NULL))
) STRICT;
CREATE INDEX events_unsealed ON events (seq) WHERE position IS NULL;
CREATE INDEX events_timeline ON events (subject_kind, subject_id, position);

-- The end of the chain; locked by whoever seals.
CREATE TABLE log_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL CHECK (position >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO log_head (id, position, hash) VALUES (1, 0, zeroblob(32));

CREATE TABLE consumers (
    name TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0)
) STRICT;

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder BLOB NOT NULL CHECK (length(holder) = 16),
    until INTEGER NOT NULL
) STRICT;
