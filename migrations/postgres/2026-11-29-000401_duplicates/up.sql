-- Numbers under which registers know firms, as each firm states them. Two may
-- state the same one; who holds it for certain stands in
-- organization_identifiers.
CREATE TABLE stated_identifiers (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    scheme text NOT NULL CHECK (scheme IN ('il_company', 'az_voen', 'lei')),
    value text NOT NULL,
    PRIMARY KEY (organization_id, scheme, value)
);

-- What firms are recognised by: keys of their names, hosts, numbers. Firms
-- that were there before are added when the service starts.
CREATE TABLE organization_traces (
    trace text NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (trace, organization_id)
);
CREATE TABLE organization_faces (
    organization_id uuid NOT NULL PRIMARY KEY REFERENCES organizations (id),
    folding integer NOT NULL
);
CREATE INDEX organization_traces_by_organization ON organization_traces (organization_id);

-- Two records that may be of one firm, and what came of it.
CREATE TABLE duplicates (
    id uuid NOT NULL PRIMARY KEY,
    lower_organization_id uuid NOT NULL REFERENCES organizations (id),
    upper_organization_id uuid NOT NULL REFERENCES organizations (id),
    kind text NOT NULL CHECK (kind IN ('startup', 'investor')),
    score bigint NOT NULL CHECK (score >= 0 AND score <= 10000),
    reasons text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'dismissed', 'merged')),
    note text NULL,
    judged_by uuid NULL REFERENCES users (id),
    kept_id uuid NULL REFERENCES organizations (id),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((state = 'merged') = (kept_id IS NOT NULL))
);
CREATE UNIQUE INDEX duplicates_by_pair ON duplicates (lower_organization_id, upper_organization_id);
CREATE INDEX duplicates_by_upper ON duplicates (upper_organization_id);
CREATE INDEX duplicates_by_age ON duplicates (created_at, id);
CREATE INDEX duplicates_by_state ON duplicates (state, created_at, id);

-- What was made of two firms. The one that went keeps its row, and leads to
-- the other one until the merge is undone.
CREATE TABLE organization_merges (
    id uuid NOT NULL PRIMARY KEY,
    duplicate_id uuid NOT NULL REFERENCES duplicates (id),
    kept_id uuid NOT NULL REFERENCES organizations (id),
    gone_id uuid NOT NULL REFERENCES organizations (id),
    created_at timestamptz NOT NULL,
    undone_at timestamptz NULL
);
CREATE UNIQUE INDEX organization_merges_live ON organization_merges (gone_id) WHERE undone_at IS NULL;
CREATE INDEX organization_merges_by_kept ON organization_merges (kept_id);
CREATE INDEX organization_merges_by_duplicate ON organization_merges (duplicate_id);

-- What a merge moved, so that it can be undone: the record's version after it,
-- and what stood there before.
CREATE TABLE merge_moves (
    merge_id uuid NOT NULL REFERENCES organization_merges (id),
    kind text NOT NULL,
    record text NOT NULL,
    version bigint NULL,
    before text NULL,
    PRIMARY KEY (merge_id, kind, record)
);
