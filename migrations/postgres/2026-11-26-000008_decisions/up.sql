-- Why compliance let a record through or stopped it, in words; the log holds
-- their hashes only.
CREATE TABLE decisions (
    id UUID NOT NULL PRIMARY KEY,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_by UUID NOT NULL REFERENCES users (id),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX decisions_by_subject ON decisions (subject_kind, subject_id, created_at, id);
