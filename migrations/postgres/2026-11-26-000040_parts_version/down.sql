ALTER TABLE users DROP COLUMN parts_version;
