-- Walls: whom a firm is not to be shown to, or shown, named as people know them,
-- whether they are on record or not. What they are recognised by, and the pairs
-- of firms that each keeps apart at present.
CREATE TABLE walls (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    name TEXT NOT NULL,
    website TEXT NULL,
    reach TEXT NOT NULL CHECK (reach IN ('firm', 'portfolio')),
    reason TEXT NOT NULL,
    by_operator INTEGER NOT NULL CHECK (by_operator IN (0, 1)),
    status TEXT NOT NULL CHECK (status IN ('declared', 'in_force', 'refused', 'lifted')),
    declared_by BLOB NOT NULL REFERENCES users (id) CHECK (length(declared_by) = 16),
    decided_by BLOB NULL REFERENCES users (id) CHECK (length(decided_by) = 16),
    note TEXT NULL,
    swept_at INTEGER NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX walls_by_firm ON walls (organization_id, created_at, id);
CREATE INDEX walls_by_status ON walls (status, created_at, id);

CREATE TABLE wall_keys (
    key TEXT NOT NULL,
    wall_id BLOB NOT NULL REFERENCES walls (id) CHECK (length(wall_id) = 16),
    PRIMARY KEY (key, wall_id)
) STRICT;
CREATE INDEX wall_keys_by_wall ON wall_keys (wall_id);

CREATE TABLE wall_pairs (
    wall_id BLOB NOT NULL REFERENCES walls (id) CHECK (length(wall_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    other_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(other_id) = 16),
    PRIMARY KEY (wall_id, other_id)
) STRICT;
CREATE INDEX wall_pairs_by_firm ON wall_pairs (organization_id, other_id);
CREATE INDEX wall_pairs_by_other ON wall_pairs (other_id, organization_id);
