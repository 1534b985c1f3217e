ALTER TABLE export_jobs DROP COLUMN waits;
