-- The pipelines that a programme's deals go through, in versions: one is drafted,
-- published and never changed again. Those of no programme came with the
-- service. A deal keeps the version it was opened under.
CREATE TABLE pipeline_sets (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    programme_id BLOB NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    status TEXT NOT NULL CHECK (status IN ('draft', 'published', 'retired')),
    published_at INTEGER NULL,
    document TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX pipeline_sets_published ON pipeline_sets (programme_id) WHERE status = 'published';
CREATE INDEX pipeline_sets_by_age ON pipeline_sets (created_at, id);
-- None until the service first starts with this version of the store.
ALTER TABLE deals ADD COLUMN pipeline_set_id BLOB NULL REFERENCES pipeline_sets (id) CHECK (length(pipeline_set_id) = 16);
CREATE INDEX deals_by_pipeline_set ON deals (pipeline_set_id);
