-- Files of firms that are checked and then put on record, in batches: each
-- batch is one transaction with the place that it came to. The file itself
-- lies in the data directory, under the job's id.
CREATE TABLE import_jobs (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    partner_id BLOB NULL REFERENCES organizations (id) CHECK (length(partner_id) = 16),
    made_by BLOB NULL REFERENCES users (id) CHECK (length(made_by) = 16),
    programme_id BLOB NULL REFERENCES programmes (id) CHECK (length(programme_id) = 16),
    format TEXT NOT NULL,
    dry_run INTEGER NOT NULL CHECK (dry_run IN (0, 1)),
    keep_good INTEGER NOT NULL CHECK (keep_good IN (0, 1)),
    ask_contacts INTEGER NOT NULL CHECK (ask_contacts IN (0, 1)),
    bytes INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    state TEXT NOT NULL,
    place INTEGER NOT NULL,
    line INTEGER NOT NULL,
    rows_read INTEGER NOT NULL,
    rows_bad INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    failure_code TEXT NULL,
    failure_detail TEXT NULL,
    holder BLOB NULL CHECK (length(holder) = 16),
    lease_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX import_jobs_by_partner ON import_jobs (partner_id, created_at, id);
CREATE INDEX import_jobs_by_age ON import_jobs (created_at, id);
CREATE INDEX import_jobs_waiting ON import_jobs (state, lease_until);

-- What became of each row of a file.
CREATE TABLE import_rows (
    job_id BLOB NOT NULL REFERENCES import_jobs (id) CHECK (length(job_id) = 16),
    line INTEGER NOT NULL,
    external_id TEXT NULL,
    outcome TEXT NOT NULL,
    record_id BLOB NULL CHECK (length(record_id) = 16),
    faults TEXT NULL,
    PRIMARY KEY (job_id, line)
) STRICT;
CREATE INDEX import_rows_by_external_id ON import_rows (job_id, external_id);
CREATE INDEX import_rows_by_outcome ON import_rows (job_id, outcome, line);
