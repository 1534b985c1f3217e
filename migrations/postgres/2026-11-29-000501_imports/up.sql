-- Files of firms that are checked and then put on record, in batches: each
-- batch is one transaction with the place that it came to. The file itself
-- lies in the data directory, under the job's id.
CREATE TABLE import_jobs (
    id uuid NOT NULL PRIMARY KEY,
    partner_id uuid NULL REFERENCES organizations (id),
    made_by uuid NULL REFERENCES users (id),
    programme_id uuid NULL REFERENCES programmes (id),
    format text NOT NULL,
    dry_run boolean NOT NULL,
    keep_good boolean NOT NULL,
    ask_contacts boolean NOT NULL,
    bytes bigint NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    state text NOT NULL,
    place bigint NOT NULL,
    line bigint NOT NULL,
    rows_read bigint NOT NULL,
    rows_bad bigint NOT NULL,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    unchanged bigint NOT NULL,
    kept bigint NOT NULL,
    refused bigint NOT NULL,
    failure_code text NULL,
    failure_detail text NULL,
    holder uuid NULL,
    lease_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX import_jobs_by_partner ON import_jobs (partner_id, created_at, id);
CREATE INDEX import_jobs_by_age ON import_jobs (created_at, id);
CREATE INDEX import_jobs_waiting ON import_jobs (state, lease_until);

-- What became of each row of a file.
CREATE TABLE import_rows (
    job_id uuid NOT NULL REFERENCES import_jobs (id),
    line bigint NOT NULL,
    external_id text NULL,
    outcome text NOT NULL,
    record_id uuid NULL,
    faults text NULL,
    PRIMARY KEY (job_id, line)
);
CREATE INDEX import_rows_by_external_id ON import_rows (job_id, external_id);
CREATE INDEX import_rows_by_outcome ON import_rows (job_id, outcome, line);
