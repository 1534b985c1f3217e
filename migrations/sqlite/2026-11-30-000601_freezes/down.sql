-- What covers everything, or is not in force, has no place in the older form.
CREATE TABLE freezes_without_times (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    scope TEXT NOT NULL CHECK (scope IN ('country', 'tag', 'organization', 'programme')),
    value TEXT NOT NULL,
    reason TEXT NOT NULL,
    ordered_by BLOB NOT NULL REFERENCES users (id) CHECK (length(ordered_by) = 16),
    first_lifted_by BLOB REFERENCES users (id) CHECK (length(first_lifted_by) = 16),
    lifted_by BLOB REFERENCES users (id) CHECK (length(lifted_by) = 16),
    lifted_at INTEGER,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO freezes_without_times
    SELECT id, scope, value, reason, ordered_by, first_lifted_by, lifted_by, lifted_at, version,
        created_at, updated_at
    FROM freezes
    WHERE scope <> 'all'
        AND (lifted_at IS NOT NULL OR (began_at IS NOT NULL AND ended_at IS NULL));
DROP TABLE freezes;
ALTER TABLE freezes_without_times RENAME TO freezes;
CREATE INDEX freezes_by_age ON freezes (created_at, id);
