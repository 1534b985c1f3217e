DROP INDEX documents_waiting;
ALTER TABLE documents DROP COLUMN first_cleared_by;
