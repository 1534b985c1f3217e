-- Walls: whom a firm is not to be shown to, or shown, named as people know them,
-- whether they are on record or not. What they are recognised by, and the pairs
-- of firms that each keeps apart at present.
CREATE TABLE walls (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    website text NULL,
    reach text NOT NULL CHECK (reach IN ('firm', 'portfolio')),
    reason text NOT NULL,
    by_operator boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('declared', 'in_force', 'refused', 'lifted')),
    declared_by uuid NOT NULL REFERENCES users (id),
    decided_by uuid NULL REFERENCES users (id),
    note text NULL,
    swept_at timestamptz NULL,
    version bigint NOT NULL CHECK (version > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX walls_by_firm ON walls (organization_id, created_at, id);
CREATE INDEX walls_by_status ON walls (status, created_at, id);

CREATE TABLE wall_keys (
    key text NOT NULL,
    wall_id uuid NOT NULL REFERENCES walls (id),
    PRIMARY KEY (key, wall_id)
);
CREATE INDEX wall_keys_by_wall ON wall_keys (wall_id);

CREATE TABLE wall_pairs (
    wall_id uuid NOT NULL REFERENCES walls (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    other_id uuid NOT NULL REFERENCES organizations (id),
    PRIMARY KEY (wall_id, other_id)
);
CREATE INDEX wall_pairs_by_firm ON wall_pairs (organization_id, other_id);
CREATE INDEX wall_pairs_by_other ON wall_pairs (other_id, organization_id);
