-- Whether a file is made only once compliance has decided about all that it
-- would hold.
ALTER TABLE export_jobs ADD COLUMN waits BOOLEAN NOT NULL DEFAULT FALSE;
