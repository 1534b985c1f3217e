-- Numbers under which registers know firms, as each firm states them. Two may
-- state the same one; who holds it for certain stands in
-- organization_identifiers.
CREATE TABLE stated_identifiers (
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    scheme TEXT NOT NULL CHECK (scheme IN ('il_company', 'az_voen', 'lei')),
    value TEXT NOT NULL,
    PRIMARY KEY (organization_id, scheme, value)
) STRICT;

-- What firms are recognised by: keys of their names, hosts, numbers. Firms
-- that were there before are added when the service starts.
CREATE TABLE organization_traces (
    trace TEXT NOT NULL,
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    PRIMARY KEY (trace, organization_id)
) STRICT;
CREATE TABLE organization_faces (
    organization_id BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    folding INTEGER NOT NULL
) STRICT;
CREATE INDEX organization_traces_by_organization ON organization_traces (organization_id);

-- Two records that may be of one firm, and what came of it.
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

-- What was made of two firms. The one that went keeps its row, and leads to
-- the other one until the merge is undone.
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

-- What a merge moved, so that it can be undone: the record's version after it,
-- and what stood there before.
CREATE TABLE merge_moves (
    merge_id BLOB NOT NULL REFERENCES organization_merges (id) CHECK (length(merge_id) = 16),
    kind TEXT NOT NULL,
    record TEXT NOT NULL,
    version INTEGER NULL,
    before TEXT NULL,
    PRIMARY KEY (merge_id, kind, record)
) STRICT;
