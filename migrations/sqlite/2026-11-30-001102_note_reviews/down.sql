DROP INDEX deal_notes_waiting;
ALTER TABLE deal_notes DROP COLUMN first_cleared_by;
ALTER TABLE deal_notes DROP COLUMN state;
