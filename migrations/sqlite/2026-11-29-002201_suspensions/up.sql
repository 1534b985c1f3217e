-- What was taken from everybody's sight, where it stood before, and who said
-- so; one of a record at a time is not over.
CREATE TABLE suspensions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL CHECK (length(subject_id) = 16),
    from_status TEXT NOT NULL,
    ground TEXT NOT NULL,
    reason TEXT NULL,
    suspended_by BLOB NULL REFERENCES users (id) CHECK (length(suspended_by) = 16),
    suspended_at INTEGER NOT NULL,
    first_restored_by BLOB NULL REFERENCES users (id) CHECK (length(first_restored_by) = 16),
    first_reason TEXT NULL,
    restored_by BLOB NULL REFERENCES users (id) CHECK (length(restored_by) = 16),
    restored_reason TEXT NULL,
    restored_at INTEGER NULL
) STRICT;
CREATE UNIQUE INDEX suspensions_in_force ON suspensions (subject_kind, subject_id) WHERE restored_at IS NULL;

-- What stands at a state since when: for putting away what ended long ago.
CREATE INDEX mandates_by_state ON mandates (status, updated_at, id);
CREATE INDEX investor_profiles_by_state ON investor_profiles (status, updated_at, id);
