DROP INDEX import_rows_by_firm;
ALTER TABLE import_rows DROP COLUMN firm_numbers;
ALTER TABLE import_rows DROP COLUMN firm_digest;
ALTER TABLE import_rows DROP COLUMN firm;
