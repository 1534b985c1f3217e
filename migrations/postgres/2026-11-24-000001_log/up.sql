-- The event log. `seq` is the order of insertion, `position` the order in
-- which the sealer found the rows committed; readers follow `position` only.
CREATE TABLE events (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position BIGINT NULL UNIQUE CHECK (position > 0),
    hash BYTEA NULL CHECK (length(hash) = 32),
    id UUID NOT NULL UNIQUE,
    at TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('user', 'link', 'system')),
    actor_id UUID NULL,
    payload TEXT NOT NULL,
    CHECK ((position IS NULL) = (hash IS NULL)),
    CHECK ((actor_kind = 'system') = (actor_id IS NULL))
);
CREATE INDEX events_unsealed ON events (seq) WHERE position IS NULL;
CREATE INDEX events_timeline ON events (subject_kind, subject_id, position);

-- The end of the chain; locked by whoever seals.
CREATE TABLE log_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position BIGINT NOT NULL CHECK (position >= 0),
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
);
INSERT INTO log_head (id, position, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE consumers (
    name TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL CHECK (position >= 0)
);

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder UUID NOT NULL,
    until TIMESTAMPTZ NOT NULL
);
