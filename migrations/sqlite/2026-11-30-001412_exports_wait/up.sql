-- Whether a file is made only once compliance has decided about all that it
-- would hold.
ALTER TABLE export_jobs ADD COLUMN waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1));
