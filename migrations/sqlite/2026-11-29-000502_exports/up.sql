-- Files that are made of records, each for one person and for a time. The
-- file itself lies in the data directory, under the job's id.
CREATE TABLE export_jobs (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    made_by BLOB NOT NULL REFERENCES users (id) CHECK (length(made_by) = 16),
    organization_id BLOB NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    kind TEXT NOT NULL,
    format TEXT NOT NULL,
    filters TEXT NOT NULL,
    state TEXT NOT NULL,
    lines INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    digest BLOB NULL CHECK (length(digest) = 32),
    failure_code TEXT NULL,
    holder BLOB NULL CHECK (length(holder) = 16),
    lease_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX export_jobs_by_person ON export_jobs (made_by, created_at, id);
CREATE INDEX export_jobs_waiting ON export_jobs (state, lease_until);
