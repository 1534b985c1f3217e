ALTER TABLE consents_before DROP COLUMN told;
