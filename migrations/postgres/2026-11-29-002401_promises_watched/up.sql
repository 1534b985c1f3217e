-- How each promise did when it was last looked at, once a day.
CREATE TABLE commitment_watch (
    commitment_id UUID NOT NULL PRIMARY KEY REFERENCES commitments (id),
    health TEXT NOT NULL,
    share BIGINT NOT NULL,
    since TIMESTAMPTZ NOT NULL
);
CREATE INDEX commitment_watch_by_health ON commitment_watch (health, commitment_id);

-- What is told of a programme asks for all that it brought about.
CREATE INDEX introductions_by_programme ON introductions (programme_id, created_at, id);
CREATE INDEX deals_by_programme ON deals (programme_id, created_at, id);
