-- What the parties of a programme agree on: texts, signatures, notice, and
-- which programme goes on from which.
CREATE TABLE programme_agreements (
    programme_id BLOB NOT NULL PRIMARY KEY REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    notice_days INTEGER NOT NULL CHECK (notice_days >= 0),
    controlling TEXT NULL,
    agreed_digest BLOB NULL CHECK (length(agreed_digest) = 32),
    predecessor_id BLOB NULL UNIQUE REFERENCES programmes (id) CHECK (length(predecessor_id) = 16)
) STRICT;

CREATE TABLE programme_texts (
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (programme_id, language)
) STRICT;

CREATE TABLE programme_signatures (
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    place INTEGER NOT NULL CHECK (place >= 0),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    name TEXT NOT NULL,
    title TEXT NULL,
    state TEXT NOT NULL,
    level TEXT NULL,
    signed_on TEXT NULL,
    evidence TEXT NULL,
    digest BLOB NULL CHECK (length(digest) = 32),
    reason TEXT NULL,
    recorded_by BLOB NULL REFERENCES users (id) CHECK (length(recorded_by) = 16),
    recorded_at INTEGER NULL,
    PRIMARY KEY (programme_id, place)
) STRICT;

CREATE TABLE programme_comments (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    organization_id BLOB NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    author_id BLOB NOT NULL REFERENCES users (id) CHECK (length(author_id) = 16),
    comment TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX programme_comments_by_programme ON programme_comments (programme_id, created_at, id);
CREATE INDEX programmes_by_end ON programmes (status, ends_on, id);
