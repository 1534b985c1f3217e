ALTER TABLE clearances DROP COLUMN source_of_funds;
