ALTER TABLE disclosures DROP COLUMN by_link;
