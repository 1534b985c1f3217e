-- Jobs that match everything of a programme again, and how far each has come.
CREATE TABLE rematches (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NOT NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    top INTEGER NOT NULL CHECK (top >= 1),
    min_band TEXT NOT NULL CHECK (min_band IN ('strong', 'good', 'possible', 'weak')),
    rule_set_id BLOB NOT NULL REFERENCES rule_sets (id) CHECK (length(rule_set_id) = 16),
    status TEXT NOT NULL CHECK (status IN ('running', 'done', 'cancelled')),
    startups INTEGER NOT NULL,
    done INTEGER NOT NULL,
    after_id BLOB NULL REFERENCES startup_profiles (id) CHECK (length(after_id) = 16),
    added INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    started_by BLOB NULL REFERENCES users (id) CHECK (length(started_by) = 16),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
-- One runs per programme.
CREATE UNIQUE INDEX rematches_running ON rematches (programme_id) WHERE status = 'running';
CREATE INDEX rematches_by_programme ON rematches (programme_id, created_at, id);
CREATE INDEX rematches_by_status ON rematches (status, created_at);
