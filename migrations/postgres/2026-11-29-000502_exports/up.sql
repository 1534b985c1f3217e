-- Files that are made of records, each for one person and for a time. The
-- file itself lies in the data directory, under the job's id.
CREATE TABLE export_jobs (
    id uuid NOT NULL PRIMARY KEY,
    made_by uuid NOT NULL REFERENCES users (id),
    organization_id uuid NULL REFERENCES organizations (id),
    kind text NOT NULL,
    format text NOT NULL,
    filters text NOT NULL,
    state text NOT NULL,
    lines bigint NOT NULL,
    bytes bigint NOT NULL,
    digest bytea NULL CHECK (length(digest) = 32),
    failure_code text NULL,
    holder uuid NULL,
    lease_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX export_jobs_by_person ON export_jobs (made_by, created_at, id);
CREATE INDEX export_jobs_waiting ON export_jobs (state, lease_until);
