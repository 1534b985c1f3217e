-- What is asked about an introduction after its mail went out: when the sides
-- were last heard of, and when they are asked next how it goes.
CREATE TABLE introduction_follow_ups (
    introduction_id BLOB NOT NULL PRIMARY KEY REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    sent_at INTEGER NOT NULL,
    heard_at INTEGER NOT NULL,
    closed_at INTEGER,
    rounds INTEGER NOT NULL,
    next_at INTEGER
) STRICT;
CREATE INDEX introduction_follow_ups_due ON introduction_follow_ups (next_at);
CREATE INDEX introduction_follow_ups_silent ON introduction_follow_ups (heard_at) WHERE closed_at IS NULL;
INSERT INTO introduction_follow_ups (introduction_id, sent_at, heard_at, closed_at, rounds, next_at)
    SELECT id, updated_at, updated_at, NULL, 1, updated_at + 2592000000000 FROM introductions
    WHERE status IN ('sent', 'in_conversation', 'met');
INSERT INTO introduction_follow_ups (introduction_id, sent_at, heard_at, closed_at, rounds, next_at)
    SELECT id, updated_at, updated_at, updated_at, 0, updated_at + 15811200000000 FROM introductions
    WHERE status = 'closed';

CREATE TABLE introduction_pulses (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    introduction_id BLOB NOT NULL REFERENCES introductions (id) CHECK (length(introduction_id) = 16),
    side TEXT NOT NULL CHECK (side IN ('startup', 'investor')),
    kind TEXT NOT NULL CHECK (kind IN ('open', 'late')),
    expires_at INTEGER NOT NULL,
    answer TEXT,
    answered_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX introduction_pulses_by_introduction ON introduction_pulses (introduction_id, created_at);
