-- What the parties of a programme agree on: texts, signatures, notice, and
-- which programme goes on from which.
CREATE TABLE programme_agreements (
    programme_id UUID NOT NULL PRIMARY KEY REFERENCES programmes (id),
    notice_days BIGINT NOT NULL CHECK (notice_days >= 0),
    controlling TEXT NULL,
    agreed_digest BYTEA NULL CHECK (length(agreed_digest) = 32),
    predecessor_id UUID NULL UNIQUE REFERENCES programmes (id)
);

CREATE TABLE programme_texts (
    programme_id UUID NOT NULL REFERENCES programmes (id),
    language TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (programme_id, language)
);

CREATE TABLE programme_signatures (
    programme_id UUID NOT NULL REFERENCES programmes (id),
    place BIGINT NOT NULL CHECK (place >= 0),
    organization_id UUID NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    title TEXT NULL,
    state TEXT NOT NULL,
    level TEXT NULL,
    signed_on DATE NULL,
    evidence TEXT NULL,
    digest BYTEA NULL CHECK (length(digest) = 32),
    reason TEXT NULL,
    recorded_by UUID NULL REFERENCES users (id),
    recorded_at TIMESTAMPTZ NULL,
    PRIMARY KEY (programme_id, place)
);

CREATE TABLE programme_comments (
    id UUID NOT NULL PRIMARY KEY,
    programme_id UUID NOT NULL REFERENCES programmes (id),
    organization_id UUID NULL REFERENCES organizations (id),
    author_id UUID NOT NULL REFERENCES users (id),
    comment TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX programme_comments_by_programme ON programme_comments (programme_id, created_at, id);
CREATE INDEX programmes_by_end ON programmes (status, ends_on, id);
