-- One firm shows another how something is done: engagements, the sessions that
-- were held, and, apart from them, who was there by name.
CREATE TABLE practices (
    id UUID NOT NULL PRIMARY KEY,
    programme_id UUID NOT NULL REFERENCES programmes (id),
    topic TEXT NOT NULL,
    giver_id UUID NOT NULL REFERENCES organizations (id),
    taker_id UUID NOT NULL REFERENCES organizations (id),
    aim TEXT NOT NULL,
    status TEXT NOT NULL,
    giver_agreed BOOLEAN NOT NULL,
    taker_agreed BOOLEAN NOT NULL,
    outcome TEXT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CHECK (giver_id <> taker_id)
);
CREATE INDEX practices_by_programme ON practices (programme_id, created_at, id);
CREATE INDEX practices_by_giver ON practices (giver_id, created_at, id);
CREATE INDEX practices_by_taker ON practices (taker_id, created_at, id);

CREATE TABLE practice_sessions (
    id UUID NOT NULL PRIMARY KEY,
    practice_id UUID NOT NULL REFERENCES practices (id),
    held_on DATE NOT NULL,
    minutes BIGINT NOT NULL CHECK (minutes > 0),
    attendees BIGINT NOT NULL CHECK (attendees > 0),
    rating BIGINT NULL,
    feedback TEXT NULL,
    evidence TEXT NULL,
    organization_id UUID NULL REFERENCES organizations (id),
    noted_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX practice_sessions_by_practice ON practice_sessions (practice_id, created_at, id);

CREATE TABLE practice_attendees (
    session_id UUID NOT NULL REFERENCES practice_sessions (id),
    place BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (session_id, place)
);
