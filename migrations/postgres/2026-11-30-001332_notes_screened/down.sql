DROP INDEX deal_notes_unscreened;
ALTER TABLE deal_notes DROP COLUMN screened;
