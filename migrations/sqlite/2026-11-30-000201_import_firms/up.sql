-- Which firm a row speaks of, a hash of what it says of the firm itself, and
-- the numbers that it states: several rows may be of one, and must say the same.
ALTER TABLE import_rows ADD COLUMN firm TEXT NULL;
ALTER TABLE import_rows ADD COLUMN firm_digest BLOB NULL;
ALTER TABLE import_rows ADD COLUMN firm_numbers TEXT NULL;
CREATE INDEX import_rows_by_firm ON import_rows (job_id, firm, line);
