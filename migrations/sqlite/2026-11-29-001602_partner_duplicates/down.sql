-- What was made of partners is forgotten; they stay as they are.
CREATE TABLE kept_merge_moves AS SELECT * FROM merge_moves WHERE merge_id IN (SELECT m.id FROM organization_merges AS m JOIN duplicates AS d ON d.id = m.duplicate_id WHERE d.kind <> 'partner');
CREATE TABLE kept_organization_merges AS SELECT * FROM organization_merges WHERE duplicate_id IN (SELECT id FROM duplicates WHERE kind <> 'partner');
CREATE TABLE kept_duplicates AS SELECT * FROM duplicates WHERE kind <> 'partner';
DROP TABLE merge_moves;
DROP TABLE organization_merges;
DROP TABLE duplicates;

CREATE TABLE duplicates (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    lower_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(lower_organization_id) = 16),
    upper_organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(upper_organization_id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('startup', 'investor')),
    score INTEGER NOT NULL CHECK (score >= 0 AND score <= 10000),
    reasons TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'dismissed', 'merged')),
    note TEXT NULL,
    judged_by BLOB NULL REFERENCES users (id) CHECK (length(judged_by) = 16),
    kept_id BLOB NULL REFERENCES organizations (id) CHECK (length(kept_id) = 16),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((state = 'merged') = (kept_id IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX duplicates_by_pair ON duplicates (lower_organization_id, upper_organization_id);
CREATE INDEX duplicates_by_upper ON duplicates (upper_organization_id);
CREATE INDEX duplicates_by_age ON duplicates (created_at, id);
CREATE INDEX duplicates_by_state ON duplicates (state, created_at, id);
INSERT INTO duplicates SELECT * FROM kept_duplicates;
DROP TABLE kept_duplicates;

CREATE TABLE organization_merges (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    duplicate_id BLOB NOT NULL REFERENCES duplicates (id) CHECK (length(duplicate_id) = 16),
    kept_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(kept_id) = 16),
    gone_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(gone_id) = 16),
    created_at INTEGER NOT NULL,
    undone_at INTEGER NULL
) STRICT;
CREATE UNIQUE INDEX organization_merges_live ON organization_merges (gone_id) WHERE undone_at IS NULL;
CREATE INDEX organization_merges_by_kept ON organization_merges (kept_id);
CREATE INDEX organization_merges_by_duplicate ON organization_merges (duplicate_id);
INSERT INTO organization_merges SELECT * FROM kept_organization_merges;
DROP TABLE kept_organization_merges;

CREATE TABLE merge_moves (
    merge_id BLOB NOT NULL REFERENCES organization_merges (id) CHECK (length(merge_id) = 16),
    kind TEXT NOT NULL,
    record TEXT NOT NULL,
    version INTEGER NULL,
    before TEXT NULL,
    PRIMARY KEY (merge_id, kind, record)
) STRICT;
INSERT INTO merge_moves SELECT * FROM kept_merge_moves;
DROP TABLE kept_merge_moves;
