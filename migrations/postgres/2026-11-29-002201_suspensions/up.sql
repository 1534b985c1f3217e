-- What was taken from everybody's sight, where it stood before, and who said
-- so; one of a record at a time is not over.
CREATE TABLE suspensions (
    id UUID NOT NULL PRIMARY KEY,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    from_status TEXT NOT NULL,
    ground TEXT NOT NULL,
    reason TEXT NULL,
    suspended_by UUID NULL REFERENCES users (id),
    suspended_at TIMESTAMPTZ NOT NULL,
    first_restored_by UUID NULL REFERENCES users (id),
    first_reason TEXT NULL,
    restored_by UUID NULL REFERENCES users (id),
    restored_reason TEXT NULL,
    restored_at TIMESTAMPTZ NULL
);
CREATE UNIQUE INDEX suspensions_in_force ON suspensions (subject_kind, subject_id) WHERE restored_at IS NULL;

-- What stands at a state since when: for putting away what ended long ago.
CREATE INDEX mandates_by_state ON mandates (status, updated_at, id);
CREATE INDEX investor_profiles_by_state ON investor_profiles (status, updated_at, id);
