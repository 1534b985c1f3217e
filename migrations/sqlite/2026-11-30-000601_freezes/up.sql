-- A freeze may cover everything, begin later and end by itself. The clock notes
-- when it began and ended, which is how every node hears of it. SQLite changes
-- no CHECK in place.
CREATE TABLE freezes_with_times (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    scope TEXT NOT NULL CHECK (scope IN ('all', 'country', 'tag', 'organization', 'programme')),
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    ordered_by BLOB NOT NULL REFERENCES users (id) CHECK (length(ordered_by) = 16),
    first_lifted_by BLOB REFERENCES users (id) CHECK (length(first_lifted_by) = 16),
    lifted_by BLOB REFERENCES users (id) CHECK (length(lifted_by) = 16),
    lifted_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER NULL,
    began_at INTEGER NULL,
    ended_at INTEGER NULL,
    -- Why each of the two people lifted it; absent of those from before.
    first_lift_reason TEXT NULL,
    lift_reason TEXT NULL
) STRICT;
INSERT INTO freezes_with_times
    SELECT id, scope, value, reason, ordered_by, first_lifted_by, lifted_by, lifted_at, version,
        created_at, updated_at, created_at, NULL, created_at, NULL, NULL, NULL
    FROM freezes;
DROP TABLE freezes;
ALTER TABLE freezes_with_times RENAME TO freezes;
CREATE INDEX freezes_by_age ON freezes (created_at, id);
