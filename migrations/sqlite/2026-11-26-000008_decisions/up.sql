-- Why compliance let a record through or stopped it, in words; the log holds
-- their hashes only.
CREATE TABLE decisions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL CHECK (length(subject_id) = 16),
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_by BLOB NOT NULL REFERENCES users (id) CHECK (length(decided_by) = 16),
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX decisions_by_subject ON decisions (subject_kind, subject_id, created_at, id);
