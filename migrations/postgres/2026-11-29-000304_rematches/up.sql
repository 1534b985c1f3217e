-- Jobs that match everything of a programme again, and how far each has come.
CREATE TABLE rematches (
    id uuid NOT NULL PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES programmes (id),
    top bigint NOT NULL CHECK (top >= 1),
    min_band text NOT NULL CHECK (min_band IN ('strong', 'good', 'possible', 'weak')),
    rule_set_id uuid NOT NULL REFERENCES rule_sets (id),
    status text NOT NULL CHECK (status IN ('running', 'done', 'cancelled')),
    startups bigint NOT NULL,
    done bigint NOT NULL,
    after_id uuid NULL REFERENCES startup_profiles (id),
    added bigint NOT NULL,
    replaced bigint NOT NULL,
    ended bigint NOT NULL,
    unchanged bigint NOT NULL,
    started_by uuid NULL REFERENCES users (id),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- One runs per programme.
CREATE UNIQUE INDEX rematches_running ON rematches (programme_id) WHERE status = 'running';
CREATE INDEX rematches_by_programme ON rematches (programme_id, created_at, id);
CREATE INDEX rematches_by_status ON rematches (status, created_at);
