-- One firm shows another how something is done: engagements, the sessions that
-- were held, and, apart from them, who was there by name.
CREATE TABLE practices (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    topic TEXT NOT NULL,
    giver_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(giver_id) = 16),
    taker_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(taker_id) = 16),
    aim TEXT NOT NULL,
    status TEXT NOT NULL,
    giver_agreed INTEGER NOT NULL CHECK (giver_agreed IN (0, 1)),
    taker_agreed INTEGER NOT NULL CHECK (taker_agreed IN (0, 1)),
    outcome TEXT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (giver_id <> taker_id)
) STRICT;
CREATE INDEX practices_by_programme ON practices (programme_id, created_at, id);
CREATE INDEX practices_by_giver ON practices (giver_id, created_at, id);
CREATE INDEX practices_by_taker ON practices (taker_id, created_at, id);

CREATE TABLE practice_sessions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    practice_id BLOB NOT NULL REFERENCES practices (id) CHECK (length(practice_id) = 16),
    held_on TEXT NOT NULL,
    minutes INTEGER NOT NULL CHECK (minutes > 0),
    attendees INTEGER NOT NULL CHECK (attendees > 0),
    rating INTEGER NULL,
    feedback TEXT NULL,
    evidence TEXT NULL,
    organization_id BLOB NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    noted_by BLOB NOT NULL REFERENCES users (id) CHECK (length(noted_by) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX practice_sessions_by_practice ON practice_sessions (practice_id, created_at, id);

CREATE TABLE practice_attendees (
    session_id BLOB NOT NULL REFERENCES practice_sessions (id) CHECK (length(session_id) = 16),
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (session_id, place)
) STRICT;
